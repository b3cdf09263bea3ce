import BuiltInPlugins
import DotEnv
import HealKit
import HealManifest
import HealModel

/// What a manifest can say of an application's environment file. Values are looked at and, unless they stand in the template
/// and are plainly no secrets, written nowhere.
struct EnvironmentDraft {
    /// The lines of the section.
    private(set) var lines: [String] = []
    private(set) var leftOut: [String] = []
    private(set) var variables = 0
    /// Secrets that still have the template's value.
    private(set) var placeholders: [String] = []

    private static let templates = [".env.example", ".env.template", ".env.sample", ".env.dist", "env.example"]
    private static let sizeLimit = 1 << 20

    /// - Returns: `nil` when there is neither an environment file nor a template for one.
    init?(_ machine: any Machine) {
        let template = Self.templates.compactMap { try? ResourcePath($0) }.first { path in
            (try? machine.target(of: path))??.kind == .regular
        }
        guard let file = try? ResourcePath(".env") else { return nil }
        let own = (try? machine.status(of: file)) ?? nil
        let target = (try? machine.target(of: file)) ?? nil
        guard own != nil || template != nil else { return nil }
        guard target?.kind == .regular else {
            guard let template, own == nil else {
                leftOut.append(".env: no ordinary file below the root")
                return
            }
            leaveToTemplate(template)
            return
        }
        let bytes: [UInt8]
        do throws(MachineError) {
            bytes = try machine.contents(of: file, limit: Self.sizeLimit)
        } catch {
            leftOut.append(error.explanation)
            return
        }
        let readings = [EnvDialect.compose, .node, .python, .shell].map { dialect in
            (dialect, Self.read(bytes, dialect, machine))
        }
        guard let (dialect, found) = readings.first(where: { $0.1?.problems.isEmpty == true }), let found else {
            leftOut.append(".env: it has lines that no reader takes as they stand ('validate-startup' names them)")
            return
        }
        let example = template.flatMap { path in
            (try? machine.contents(of: path, limit: Self.sizeLimit)).flatMap { Self.read($0, dialect, machine) }
        }
        lines = ["env:"]
        if own?.kind == .symbolicLink { lines.append("  outside_root: true  # .env is a symbolic link") }
        if let template { lines.append("  template: \(ManifestText.value(template.text))") }
        lines.append("  dialect: \(dialect.rawValue)")
        state(found, example, template)
    }

    private static func read(_ bytes: [UInt8], _ dialect: EnvDialect, _ machine: any Machine) -> DotEnvFile? {
        try? DotEnvFile.parse(bytes, dialect: dialect, environment: machine.environment)
    }

    /// Only a template: the file is to be made, which a look must not call a fault before anybody said so.
    private mutating func leaveToTemplate(_ template: ResourcePath) {
        lines = [
            ManifestText.comment("There is no .env yet. Without the marks, auto-heal makes it from \(template)."),
            "# env:", ManifestText.comment("  template: \(ManifestText.value(template.text))"),
        ]
        leftOut.append(".env: it does not exist yet; the section for it is commented out")
    }

    private mutating func state(_ found: DotEnvFile, _ example: DotEnvFile?, _ template: ResourcePath?) {
        var names: [String] = []
        for name in (found.assignments + (example?.assignments ?? [])).map(\.name) where !names.contains(name) {
            names.append(name)
        }
        let values = found.effective.mapValues { $0.value ?? "" }
        let samples = example?.effective.mapValues { $0.value ?? "" } ?? [:]
        var stated: [String] = []
        for name in names {
            guard Self.isName(name) else {
                leftOut.append("a variable whose name is not made of letters, digits and _")
                continue
            }
            let value = values[name] ?? ""
            let guess = VariableGuess(name: name, values: [value, samples[name] ?? ""].filter { !$0.isEmpty })
            if value.isEmpty {
                let why = values[name] == nil ? "only in \(template?.text ?? "the template")" : "empty"
                stated.append("    # \(name): \(guess.text)  # \(why)")
                continue
            }
            if guess.isSecret, samples[name] == value { placeholders.append(name) }
            let sample = guess.isPlain ? samples[name].flatMap { $0.isEmpty ? nil : $0 } : nil
            let note = sample.flatMap { sample in template.map { "  # \(sample) in \($0)" } } ?? ""
            stated.append("    \(name): \(guess.text)\(note)")
            variables += 1
        }
        guard !stated.isEmpty else { return }
        lines.append(variables == 0 ? "  # variables:" : "  variables:")
        lines += stated
    }

    private static func isName(_ name: String) -> Bool {
        guard let first = name.utf8.first, !(0x30...0x39).contains(first) else { return false }
        return name.utf8.allSatisfy { (0x61...0x7A).contains($0 | 0x20) || $0 == 0x5F || (0x30...0x39).contains($0) }
    }
}

/// What a variable's name and values say of it, where they leave no doubt.
struct VariableGuess: Hashable {
    private(set) var isSecret = false
    private(set) var type: VariableType?

    /// Words for what is secret beside those that every check knows.
    private static let secretWords: Set<Substring> = [
        "PASS", "PIN", "SALT", "COOKIE", "SESSION", "WEBHOOK", "CERT", "CERTIFICATE", "SIGNATURE", "SIGNING", "HASH",
        "SEED",
        "LICENSE", "LICENCE", "CODE", "ENCRYPTION", "JWT", "OTP", "CONNECTION",
    ]
    private static let countingWords: Set<Substring> = [
        "TIMEOUT", "SECONDS", "MINUTES", "HOURS", "DAYS", "COUNT", "MAX", "MIN", "SIZE", "LIMIT", "WORKERS", "THREADS",
        "RETRIES", "INTERVAL", "TTL", "POOL",
    ]

    /// - Parameter values: those it has, none of them empty.
    init(name: String, values: [String]) {
        let words = name.uppercased().split(separator: "_")
        isSecret =
            words.contains(where: Self.secretWords.contains)
            || (values + [""]).contains { Credential.isLikely(name: name, value: $0) }
        guard !isSecret, !values.isEmpty else { return }
        let all = { (type: VariableType) in values.allSatisfy { type.accepts($0, choices: []) } }
        if values.allSatisfy({ ["true", "false"].contains($0.lowercased()) }) {
            type = .bool
        } else if words.contains("PORT"), all(.port) {
            type = .port
        } else if words.contains(where: Self.countingWords.contains), all(.int) {
            type = .int
        } else if values.allSatisfy({ $0.contains("://") }), all(.url) {
            type = .url
        } else if words.contains("EMAIL"), all(.email) {
            type = .email
        }
    }

    /// Its values are numbers and truths, which no secret is.
    var isPlain: Bool { !isSecret && [.bool, .port, .int].contains(type) }

    var text: String {
        if isSecret { return "{secret: true}" }
        return type.map { "{type: \($0.rawValue)}" } ?? "{}"
    }
}
