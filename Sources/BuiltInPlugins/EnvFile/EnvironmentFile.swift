import DotEnv
import HealKit
import HealModel
import ManifestShape

/// The environment file must exist, be readable as the application reads it, and hold the variables the application needs.
/// Values are looked at and never shown.
struct EnvironmentFile: Check {
    static let descriptor = CheckDescriptor(
        id: "env", title: "environment file", domain: .filesystem,
        kinds: [
            FindingKind(
                "env.file.missing", .critical, risk: .low,
                meaning: "The file from which the application reads its settings does not exist.",
                healing:
                    "It is copied from its template, with mode 0600. Without a template, only a person can make it.",
                blocks: true),
            FindingKind(
                "env.file.kind", .critical, risk: nil,
                meaning: "Something that is not an ordinary file stands in place of the environment file.",
                healing: "Nothing is removed. Move what is there out of the way and run again.", blocks: true),
            FindingKind(
                "env.file.link", .warning, risk: nil,
                meaning: "The environment file is a symbolic link: it is read, but nothing is ever written through it.",
                healing: "Put the file itself in place, or say 'outside_root: true' if the link is meant."),
            FindingKind(
                "env.file.invalid", .critical, risk: nil,
                meaning: "The application's way of reading the file refuses a line of it.",
                healing: "Correct the line that is named; its text is not shown because it may hold a secret."),
            FindingKind(
                "env.file.line", .warning, risk: nil,
                meaning: "The application's way of reading the file skips a line, or takes it otherwise than it looks.",
                healing: "Correct the line that is named; its text is not shown because it may hold a secret."),
            FindingKind(
                "env.file.portability", .warning, risk: nil,
                meaning: "Those who read the file (Node, Python, Compose, a shell) do not all read a line alike.",
                healing:
                    "Write the value so that all read it alike: bare when it is made of letters, digits and _./:@%+=,- only, "
                    + "else in single quotes. Or set the finding's severity to information."),
            FindingKind(
                "env.variable.missing", .warning, risk: .medium,
                meaning: "A variable that the application reads is not set, or empty. Critical when the manifest says "
                    + "'required: true'.",
                healing:
                    "With a default in the manifest, it is added at the end of the file, in a form that all readers of such "
                    + "files read alike. Otherwise set it in the file. Secrets are never made up."),
            FindingKind(
                "env.variable.type", .warning, risk: nil,
                meaning: "A variable's value is not of the stated type. Critical when the variable is required.",
                healing: "Correct the value."),
            FindingKind(
                "env.variable.pattern", .warning, risk: nil,
                meaning:
                    "A variable's value does not match the stated pattern. Critical when the variable is required.",
                healing: "Correct the value."),
            FindingKind(
                "env.variable.placeholder", .warning, risk: nil,
                meaning: "A secret still has the value that stands in the template.",
                healing: "Set the real secret."),
        ])

    /// The largest environment file that is read, in bytes.
    static let sizeLimit = 1 << 20

    var path: ResourcePath
    var template: ResourcePath?
    var dialect: EnvDialect
    var variables: [Keyed<EnvFilePlugin.Variable>]
    var source: SourceLocation

    var subject: String { path.text }
    var declaredAt: SourceLocation? { source }
    var provides: [ResourcePath] { [path] }
    var requires: [ResourcePath] { [path.parent, template].compactMap { $0 } }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        guard let own = try machine.status(of: path) else {
            return Observation(findings: [try missing(on: machine)])
        }
        var findings: [Finding] = []
        if own.kind == .symbolicLink {
            guard try machine.target(of: path)?.kind == .regular else {
                return Observation(findings: [wrongKind("a symbolic link that does not lead to an ordinary file")])
            }
            if !path.outsideRoot {
                findings.append(
                    Finding(
                        "env.file.link", subject: subject, severity: .warning,
                        message: "\(path) is a symbolic link; it is read, but never written through",
                        hint: "put the file itself in place, or say 'outside_root: true'", source: source))
            }
        } else if own.kind != .regular {
            return Observation(findings: [wrongKind("a \(own.kind.rawValue)")])
        }
        let reading = try read(path, on: machine, &findings)
        let values = reading.values
        findings += portabilityFindings(reading.bytes, on: machine)
        let addition = EnvironmentAddition(variables.filter { values[$0.key] == nil }, to: reading.bytes, of: self)
        findings += try variableFindings(values, unread: reading.unread, addition, own.kind, on: machine)
        guard reading.unread.isEmpty else { return Observation(findings: findings) }
        let confirmation = "\(path) file is present with \(values.count) variable\(values.count == 1 ? "" : "s")"
        return Observation(findings: findings, confirmations: [confirmation])
    }

    private func missing(on machine: any Machine) throws(MachineError) -> Finding {
        let origin = try TemplateOrigin(template, on: machine)
        return Finding(
            "env.file.missing", subject: subject, severity: .critical, message: "Environment file \(path) is missing",
            hint: origin.hint(for: path), source: source, repair: origin.copy(to: path, mode: .privateFile))
    }

    private func wrongKind(_ what: String) -> Finding {
        Finding(
            "env.file.kind", subject: subject, severity: .critical, message: "\(path) is \(what), not an ordinary file",
            hint: "move it out of the way; it is never removed by itself", source: source)
    }

    /// What the application's dialect reads.
    private struct Reading {
        var values: [String: String] = [:]
        /// The file, but for lines that are refused.
        var bytes: [UInt8] = []
        /// What seems to be set on lines that the dialect refuses. One empty name stands for lines that set nothing.
        var unread: Set<String> = []
    }

    /// How many refused lines are named.
    private static let refusalLimit = 20

    /// Reads the file. A line that is refused is named, and the rest is read without it: a person wants to see everything that
    /// is wrong at once.
    private func read(
        _ path: ResourcePath, on machine: any Machine, _ findings: inout [Finding]
    ) throws(MachineError) -> Reading {
        var bytes = try machine.contents(of: path, limit: Self.sizeLimit)
        var reading = Reading()
        for _ in 0..<Self.refusalLimit {
            do throws(DotEnvRefusal) {
                let file = try DotEnvFile.parse(bytes, dialect: dialect, environment: machine.environment)
                findings += file.problems.map { lineFinding($0, "env.file.line", .warning) }
                reading.values = file.effective.mapValues { $0.value ?? "" }
                reading.bytes = bytes
                return reading
            } catch {
                findings.append(lineFinding(error.problem, "env.file.invalid", .critical))
                reading.unread.insert(bytes.blankLine(error.problem.line))
            }
        }
        // Nothing is known of the variables: none is called missing.
        reading.unread.formUnion(variables.map(\.key))
        return reading
    }

    private func lineFinding(_ problem: DotEnvProblem, _ id: FindingID, _ severity: Severity) -> Finding {
        Finding(
            id, subject: "\(path):\(problem.line)", severity: severity, message: "\(path) \(problem)",
            hint: "the file is read as \(dialect.rawValue) does; 'dialect' in the manifest says so", source: source)
    }

    /// What others than the application's own reader make of the file. Its own has been heard already.
    private func portabilityFindings(_ bytes: [UInt8], on machine: any Machine) -> [Finding] {
        if DotEnvFile.isPlainlyPortable(bytes) { return [] }
        return DotEnvFile.portability(of: bytes, environment: machine.environment).prefix(Self.refusalLimit).map {
            note in
            Finding(
                "env.file.portability", subject: "\(path):\(note.line)", severity: .warning,
                message: "\(path) \(note)", hint: "write it so that all read it alike: in single quotes", source: source
            )
        }
    }

    private func variableFindings(
        _ values: [String: String], unread: Set<String>, _ addition: EnvironmentAddition, _ kind: FileStatus.Kind,
        on machine: any Machine
    ) throws(MachineError) -> [Finding] {
        var findings: [Finding] = []
        var placeholders: [String: String]?
        for variable in variables where !unread.contains(variable.key) {
            let name = variable.key
            guard let value = values[name], !value.isEmpty else {
                var finding = missing(variable)
                if values[name] == nil, kind == .regular { addition.offer(to: &finding, name) }
                findings.append(finding)
                continue
            }
            if !variable.value.type.accepts(value, choices: variable.value.values) {
                let wanted =
                    variable.value.type == .oneOf && !variable.isConfidential
                    ? "one of \(variable.value.values.joined(separator: ", "))" : variable.value.type.expectation
                findings.append(wrong(variable, "env.variable.type", "\(name) in \(path) is not \(wanted)"))
            }
            if let pattern = variable.value.pattern, !pattern.matches(value) {
                // What a secret looks like is half of it.
                let wanted = variable.isConfidential ? "its pattern" : "the pattern \(pattern.text)"
                findings.append(
                    wrong(variable, "env.variable.pattern", "\(name) in \(path) does not match \(wanted)"))
            }
            if variable.value.secret, let template {
                if placeholders == nil { placeholders = try templateValues(template, on: machine) }
                if placeholders?[name] == value {
                    findings.append(
                        Finding(
                            "env.variable.placeholder", subject: name, severity: .warning,
                            message: "\(name) in \(path) still has the template's value", hint: variable.value.hint,
                            source: variable.location))
                }
            }
        }
        return findings
    }

    private func templateValues(_ template: ResourcePath, on machine: any Machine) throws(MachineError) -> [String:
        String]
    {
        guard try machine.target(of: template)?.kind == .regular else { return [:] }
        var ignored: [Finding] = []
        return try read(template, on: machine, &ignored).values
    }

    private func missing(_ variable: Keyed<EnvFilePlugin.Variable>) -> Finding {
        let fact = "\(variable.key) is not set in \(path)"
        var finding = wrong(variable, "env.variable.missing", fact)
        if let hint = variable.value.hint {
            finding.message = "\(hint) (\(fact))"
            finding.hint = nil
        } else if let value = variable.value.defaultValue, !variable.isConfidential {
            finding.hint = "the manifest's default is \(value)"
        }
        return finding
    }

    private func wrong(_ variable: Keyed<EnvFilePlugin.Variable>, _ id: FindingID, _ message: String) -> Finding {
        Finding(
            id, subject: variable.key, severity: variable.value.required ? .critical : .warning, message: message,
            hint: variable.value.hint, source: variable.location)
    }
}

extension Keyed<EnvFilePlugin.Variable> {
    /// Whether nothing of what the manifest says of its values may be shown.
    var isConfidential: Bool {
        let stated = [value.defaultValue, value.pattern?.text].compactMap { $0 } + value.values
        return value.secret || (stated.isEmpty ? [""] : stated).contains { Credential.isLikely(name: key, value: $0) }
    }
}

extension [UInt8] {
    /// Takes everything from a line. - Returns: what it seems to set: the name before its `=`, without `export`.
    fileprivate mutating func blankLine(_ number: Int) -> String {
        var start = startIndex
        for _ in 1..<Swift.max(1, number) {
            guard let end = self[start...].firstIndex(of: UInt8(ascii: "\n")) else { return "" }
            start = end + 1
        }
        let end = self[start...].firstIndex(of: UInt8(ascii: "\n")) ?? endIndex
        let line = String(decoding: self[start..<end], as: UTF8.self)
        removeSubrange(start..<end)
        guard let equals = line.firstIndex(of: "=") else { return "" }
        return line[..<equals].split(whereSeparator: \.isWhitespace).last.map(String.init) ?? ""
    }
}
