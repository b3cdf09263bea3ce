import HealModel
import ManifestShape

/// What a manifest says that belongs to no plugin.
public struct ManifestCore: Sendable, Hashable {
    public var version = 1
    /// The application's name.
    public var app: String?
    public var policy = Policy()
    /// Settings of external plugins by name, as they were written.
    public var plugins: [Keyed<ManifestNode>] = []

    public init() {}
}

/// What the owner of the application allows and how much each fault matters to them.
public struct Policy: Sendable, Hashable {
    /// Repairs above it are not made; `nil` when the manifest says nothing.
    public var maxRisk: Risk?
    /// Severities by a finding's identifier or its beginning.
    public var severities: [Keyed<Severity>] = []
    /// How many backups of a database are kept; `nil` when the manifest says nothing.
    public var backupsKept: Int?

    public init() {}
}

extension ManifestCore {
    static let includeShape = Shape<[Located<String>]>.list(of: Shape<String>.name.located)

    static let fields: [Field<ManifestCore>] = [
        Field(
            "version", { $0.version = $1 }, .integer(1...1), required: true,
            "The version of the manifest's form. This tool reads version 1."),
        Field("app", { $0.app = $1 }, Shape<String>.name.optional, "The application's name, as shown in reports."),
        // Followed before the files are joined, so that nothing of it is left here.
        Field(
            "include", { _, _ in }, includeShape,
            "Further files, joined with this one: paths or patterns with *, ? and […], relative to this file's folder."),
        Field(
            "plugins", { $0.plugins = $1 }, .dictionary(of: Shape<ManifestNode>.node),
            "Settings of external plugins, by the plugin's name."),
        Field("policy", { $0.policy = $1 }, Policy.shape, "What may be repaired, and how much each fault matters."),
    ]

    /// The keys that are not a plugin's.
    public static let keys: [String] = fields.map(\.name)

    static let shape = Shape<ManifestCore>.object("", ManifestCore(), fields)
}

extension Policy {
    private struct Backups: Sendable {
        var keep: Int?
    }

    /// The risks that a manifest may allow: a critical repair is never made by itself.
    private enum AllowedRisk: String, Sendable, CaseIterable {
        case low, medium, high

        var risk: Risk {
            switch self {
            case .low: .low
            case .medium: .medium
            case .high: .high
            }
        }
    }

    static let shape = Shape<Policy>.object(
        "", Policy(),
        [
            Field(
                "max_risk", { $0.maxRisk = $1 }, Shape<AllowedRisk>.choice.map { $0.risk }.optional,
                "The riskiest repair made: low creates what is missing, medium rewrites keeping all data, high may discard."
            ),
            Field(
                "severity", { $0.severities = $1 }, .dictionary(of: Shape<Severity>.choice, keyFault: identifierFault),
                "How much a finding matters, by its identifier (sqlite.index.missing) or the beginning of it (sqlite)."
            ),
            Field(
                "backups", { $0.backupsKept = $1 },
                Shape<Backups>.object(
                    "", Backups(),
                    [
                        Field(
                            "keep", { $0.keep = $1 }, Shape<Int>.integer(0...1000).optional,
                            "How many backups of each database are kept.")
                    ]
                ).map { $0.keep },
                "Backups that are made before a database is rewritten."),
        ])

    /// Identifiers are words with points between them; whether a finding of that name exists is for the engine to say.
    private static func identifierFault(_ key: String) -> String? {
        let words = key.split(separator: ".", omittingEmptySubsequences: false)
        let good = words.allSatisfy { word in
            !word.isEmpty
                && word.utf8.allSatisfy {
                    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains($0)
                        || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0)
                        || $0 == UInt8(ascii: "_") || $0 == UInt8(ascii: "-")
                }
        }
        return good ? nil : "'\(key.shown)' is not the identifier of a finding, such as sqlite.index.missing"
    }
}
