import HealKit
import HealModel

/// A command must be on PATH, and its version in the stated range.
struct RequiredCommand: Check {
    static let descriptor = CheckDescriptor(
        id: "dependency", title: "dependencies", domain: .dependencies,
        kinds: [
            FindingKind(
                "dependency.missing", .critical, risk: nil,
                meaning: "A command the application needs is not on PATH.",
                healing: "Install it, or correct PATH."),
            FindingKind(
                "dependency.version", .critical, risk: nil,
                meaning: "The command that is found first on PATH has a version the application cannot use.",
                healing: "Install a version in the stated range, or put the right one first on PATH."),
            FindingKind(
                "dependency.version-unreadable", .warning, risk: nil,
                meaning: "The command did not tell its version in a form that can be read.",
                healing: "State in 'arguments' how it is asked for its version."),
        ])

    var name: String
    var settings: DependenciesPlugin.Command
    var source: SourceLocation

    var subject: String { name }
    var declaredAt: SourceLocation? { source }

    private var severity: Severity { settings.severity == .critical ? .critical : .warning }

    /// Programs that do not know `--version`, and what they know instead.
    private static let otherArguments: [String: [String]] = [
        "go": ["version"], "openssl": ["version"], "java": ["-version"], "javac": ["-version"], "ffmpeg": ["-version"],
        "ffprobe": ["-version"], "lua": ["-v"], "ssh": ["-V"], "tmux": ["-V"], "nginx": ["-v"], "unzip": ["-v"],
        "kubectl": ["version", "--client"], "helm": ["version", "--short"], "terraform": ["version"],
    ]

    /// What a program may need to know of our environment to answer: never the application's secrets.
    private static let passedOn = ["PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "VIRTUAL_ENV"]
    fileprivate static let versionManagers = ["PYENV_", "ASDF_", "NODENV_", "RBENV_", "GOENV_", "JENV_", "MISE_"]

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        guard let found = try machine.executable(named: name) else {
            return Observation(findings: [
                Finding(
                    "dependency.missing", subject: name, severity: severity, message: "Command \(name) is not on PATH",
                    hint: settings.hint ?? "install it, or correct PATH", source: source)
            ])
        }
        guard let range = settings.version else {
            return Observation(confirmations: ["Command \(name) found: \(found.path)"])
        }
        let arguments = settings.arguments ?? Self.otherArguments[name] ?? ["--version"]
        let key = cacheKey(found.path, found.status, arguments, on: machine)
        let answer: String
        if let known = machine.remembered(key) {
            answer = known
        } else {
            answer = try await ask(found.path, arguments, on: machine)
            machine.remember(key, answer)
        }
        guard let version = VersionNumber(answer) else {
            return Observation(findings: [
                Finding(
                    "dependency.version-unreadable", subject: name, severity: .warning,
                    message: "Command \(name) (\(found.path)) did not tell its version",
                    hint: "state in 'arguments' how it is asked for its version", source: source)
            ])
        }
        guard range.contains(version) else {
            return Observation(findings: [
                Finding(
                    "dependency.version", subject: name, severity: severity,
                    message: "Command \(name) has version \(version), expected \(range)",
                    evidence: [
                        Evidence("expected", "\(range)"), Evidence("found", "\(version)"), Evidence("path", found.path),
                    ], hint: settings.hint, source: source)
            ])
        }
        return Observation(confirmations: ["Command \(name) \(version) satisfies \(range)"])
    }

    /// The version as text; empty when the answer holds none.
    private func ask(_ path: String, _ arguments: [String], on machine: any Machine) async throws(MachineError)
        -> String
    {
        let environment = machine.environment.filter { name, _ in
            Self.passedOn.contains(name) || Self.versionManagers.contains { name.hasPrefix($0) }
        }
        let answer = try await machine.run(
            CommandRequest(executable: path, arguments: arguments, environment: environment))
        // Some (java, old Pythons) answer on standard error.
        for output in [answer.standardOutput, answer.standardError] {
            if let version = VersionNumber(inAnswer: String(decoding: output, as: UTF8.self)) {
                return version.description
            }
        }
        return ""
    }

    /// An answer is good for this executable: its path, size and time of change. A version manager's shim stays the same while
    /// what it runs changes, so the files that choose the version count too.
    private func cacheKey(
        _ path: String, _ status: FileStatus, _ arguments: [String], on machine: any Machine
    ) -> String {
        var key = ["version", path, "\(status.size)", "\(status.modified)"] + arguments
        if let shims = path.range(of: "/shims/") {
            let chooser = VersionManagerInputs(manager: String(path[..<shims.lowerBound]))
            key += chooser.fingerprint(on: machine)
        }
        return key.joined(separator: "\u{1F}")
    }
}

/// What makes the shims of pyenv, rbenv, nodenv, asdf and mise choose a version.
struct VersionManagerInputs: Sendable {
    /// The manager's folder, such as `/root/.pyenv`.
    var manager: String

    private static let names = [
        ".python-version", ".node-version", ".nvmrc", ".ruby-version", ".go-version", ".tool-versions", "mise.toml",
    ]

    func fingerprint(on machine: any Machine) -> [String] {
        var paths = [manager + "/version", manager + "/shims"]
        if let home = machine.environment["HOME"] { paths.append(home + "/.tool-versions") }
        paths += Self.names
        let files = paths.map { text in
            // A path that cannot be looked at counts like one that is not there: the answer is then only asked for again.
            guard let path = try? ResourcePath(text, outsideRoot: true), let status = try? machine.target(of: path)
            else {
                return "-"
            }
            return "\(status.size).\(status.modified)"
        }
        let variables = machine.environment.filter { name, _ in
            name.hasSuffix("_VERSION") && RequiredCommand.versionManagers.contains { name.hasPrefix($0) }
        }.sorted { $0.key < $1.key }
        return files + variables.map { "\($0.key)=\($0.value)" }
    }
}

extension String {
    /// Where `needle` stands for the first time.
    fileprivate func range(of needle: String) -> Range<Index>? {
        var start = startIndex
        while start < endIndex {
            if self[start...].hasPrefix(needle) { return start..<index(start, offsetBy: needle.count) }
            start = index(after: start)
        }
        return nil
    }
}
