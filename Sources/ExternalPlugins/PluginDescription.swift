import HealKit
import HealModel
import ManifestShape

/// What a plugin says of itself in `plugin.yaml`.
public struct PluginDescription: Sendable, Hashable {
    /// How its executable is spoken to.
    public enum Kind: String, Sendable, CaseIterable {
        /// JSON on standard input and output; see docs/plugins.md.
        case selfheal
        /// Arguments in, a line and an exit code out: the Monitoring Plugins Development Guidelines.
        case nagios
    }

    public enum Capability: String, Sendable, CaseIterable {
        case check, heal, populate
    }

    /// What its answer depends on, besides its settings: as long as none of it changes, the answer holds.
    public struct Inputs: Sendable, Hashable {
        /// Paths below the root, or absolute ones. `{name}` stands for the setting of that name.
        public var files: [String] = []
        /// Names of environment variables.
        public var environment: [String] = []
        public init() {}
    }

    /// One kind of finding, by the word that follows the plugin's name in its identifier.
    public struct Kinds: Sendable, Hashable {
        var severity = Severity.critical
        var risk: Risk?
        var meaning = ""
        var healing = ""
        var blocks = false
    }

    public var name = ""
    public var version = ""
    public var protocols: [Int] = []
    public var capabilities: [Capability] = [.check]
    public var kind = Kind.selfheal
    /// Below the plugin's folder; for `nagios` also an absolute path.
    public var executable: String?
    /// For `nagios`. `{name}` stands for the setting of that name.
    public var arguments: [String] = []
    /// Seconds for a check.
    public var timeout = 10
    /// Seconds for a heal.
    public var healTimeout = 300
    public var title: String?
    public var summary = ""
    public var domain = Domain.other
    public var settings = SettingsSchema.anything
    /// `nil`: its answer is asked for each time.
    public var reads: Inputs?
    /// Names of environment variables that it is given.
    public var environment: [String] = []
    /// Absolute paths of folders in which its check may write.
    public var writes: [String] = []
    /// Whether its check is kept from writing elsewhere.
    public var isConfined = true
    /// The sections of the manifest, or plugins, whose checks come before its own.
    public var after: [String] = []
    public var findings: [Keyed<Kinds>] = []

    public init() {}

    /// The version of the protocol that this program speaks.
    public static let protocolVersion = 1

    /// What `plugin.yaml` may say.
    public static let shape = Shape<PluginDescription>.object(
        "A plugin's description of itself.", PluginDescription(),
        [
            Field("name", { $0.name = $1 }, name, required: true, "Its name, which is that of its folder."),
            Field("version", { $0.version = $1 }, .scalarText, required: true, "Its own version."),
            Field(
                "protocols", { $0.protocols = $1 }, .list(of: .integer(1...1000)), required: true,
                "The versions of the protocol that it speaks: [1]."),
            Field("capabilities", { $0.capabilities = $1 }, .list(of: .choice), "check, heal (with check), populate."),
            Field("kind", { $0.kind = $1 }, .choice, "How it is spoken to; selfheal unless said otherwise."),
            Field(
                "executable", { $0.executable = $1 }, Shape<String>.name.optional,
                "What is run, below its folder; bin/<name> unless said otherwise."),
            Field("arguments", { $0.arguments = $1 }, .list(of: .scalarText), "A Nagios plugin's arguments."),
            Field("timeout", { $0.timeout = $1 }, .integer(1...3600), "Seconds for a check; 10 unless said otherwise."),
            Field(
                "heal_timeout", { $0.healTimeout = $1 }, .integer(1...86_400),
                "Seconds for a heal; 300 unless said otherwise."),
            Field("title", { $0.title = $1 }, Shape<String>.name.optional, "The heading for people: disk space."),
            Field("description", { $0.summary = $1 }, .text, "What it looks at, in a sentence."),
            Field("domain", { $0.domain = $1 }, .choice, "What it is about, for --fs-only and --db-only."),
            Field("settings", { $0.settings = $1 }, SettingsSchema.shape, "The JSON Schema of its settings."),
            Field(
                "reads", { $0.reads = $1 }, inputs.optional,
                "What its answer depends on besides its settings; with it, a good answer is kept until one changes."),
            Field("environment", { $0.environment = $1 }, .list(of: .name), "Environment variables that it is given."),
            Field("writes", { $0.writes = $1 }, .list(of: absolute), "Folders in which its check may write."),
            Field(
                "confined", { $0.isConfined = $1 }, .boolean,
                "false: its check may write anywhere, and look into other processes."),
            Field("after", { $0.after = $1 }, .list(of: .name), "What is checked before it: directories."),
            Field("findings", { $0.findings = $1 }, .dictionary(of: kinds, keyFault: codeFault), "What it can find."),
        ]
    )

    private static let name = Shape<String>.text.map { (text: String) throws(ShapeFailure) -> String in
        guard isName(text) else {
            throw ShapeFailure("a plugin's name holds small letters, digits and -, and does not begin with -")
        }
        return text
    }

    private static let absolute = Shape<String>.text.map { (text: String) throws(ShapeFailure) -> String in
        guard text.hasPrefix("/"), (try? ResourcePath(text, outsideRoot: true)) != nil else {
            throw ShapeFailure("expected an absolute path")
        }
        return text
    }

    private static let inputs = Shape<Inputs>.object(
        "", Inputs(),
        [
            Field("files", { $0.files = $1 }, .list(of: .name), "Files and folders; {name} stands for a setting."),
            Field("environment", { $0.environment = $1 }, .list(of: .name), "Environment variables."),
        ])

    private static let kinds = Shape<Kinds>.object(
        "", Kinds(),
        [
            Field("severity", { $0.severity = $1 }, .choice, "How much it matters; critical unless said otherwise."),
            Field("risk", { $0.risk = $1 }, Shape<Risk>.choice.optional, "The risk of its heal."),
            Field("meaning", { $0.meaning = $1 }, .text, "What it means for the application."),
            Field("healing", { $0.healing = $1 }, .text, "How it is healed, or what a person has to do."),
            Field("blocks", { $0.blocks = $1 }, .boolean, "Whether checks that come after it wait until it is mended."),
        ])

    /// Whether a text can be the name of a plugin: `[a-z0-9][a-z0-9-]*`.
    public static func isName(_ text: String) -> Bool {
        let isWord = { (byte: UInt8) in (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) }
        guard let first = text.utf8.first, isWord(first), text.utf8.count <= 100 else { return false }
        return text.utf8.allSatisfy { isWord($0) || $0 == UInt8(ascii: "-") }
    }

    /// Whether a text can follow the plugin's name in a finding's identifier: words with points between them.
    static func isCode(_ text: String) -> Bool {
        let isWord = { (byte: UInt8) in
            (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || byte == 0x2D || byte == 0x5F
        }
        let words = text.split(separator: ".", omittingEmptySubsequences: false)
        return text.utf8.count <= 200 && words.allSatisfy { !$0.isEmpty && $0.utf8.allSatisfy(isWord) }
    }

    private static func codeFault(_ text: String) -> String? {
        isCode(text) ? nil : "a finding's name holds small letters, digits, - and _, with points between words"
    }

    /// How its checks are described.
    public var descriptor: CheckDescriptor {
        var kinds = findings.map { entry in
            FindingKind(
                FindingID(rawValue: "\(name).\(entry.key)"), entry.value.severity, risk: entry.value.risk,
                meaning: entry.value.meaning, healing: entry.value.healing, blocks: entry.value.blocks)
        }
        if kind == .nagios, kinds.isEmpty { kinds = Self.nagiosKinds(name) }
        return CheckDescriptor(id: name, title: title ?? name, domain: domain, kinds: kinds)
    }

    static func nagiosKinds(_ name: String) -> [FindingKind] {
        [
            FindingKind(
                FindingID(rawValue: "\(name).critical"), .critical, risk: nil,
                meaning: "The monitoring plugin ended with exit code 2.", healing: "Do what its message asks for."),
            FindingKind(
                FindingID(rawValue: "\(name).warning"), .warning, risk: nil,
                meaning: "The monitoring plugin ended with exit code 1.", healing: "Do what its message asks for."),
        ]
    }
}
