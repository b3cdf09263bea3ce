import HealModel
import ManifestShape

/// A table that the application needs filled, and how it gets its rows.
public struct Dataset: Sendable, Hashable {
    /// As other datasets, selectors and reports name it.
    public var name: String
    public var relation: Relation
    /// The names of the datasets that must be ready before this one is, in the order written.
    public var dependsOn: [Located<String>]
    /// Whether the application cannot do without it: only required ones count for the readiness.
    public var isRequired: Bool
    /// How much it counts, beside others, for the readiness.
    public var weight: Double
    public var volume: VolumeExpectation
    public var freshness: FreshnessExpectation?
    public var checks: [DatasetCheck]
    /// `nil` when nothing here can fill it.
    public var populate: Population?
    public var tags: [String]
    /// Where the manifest states it.
    public var location: SourceLocation

    public init(
        name: String, relation: Relation, dependsOn: [Located<String>] = [], isRequired: Bool = true,
        weight: Double = 1, volume: VolumeExpectation = VolumeExpectation(), freshness: FreshnessExpectation? = nil,
        checks: [DatasetCheck] = [], populate: Population? = nil, tags: [String] = [], location: SourceLocation
    ) {
        self.name = name
        self.relation = relation
        self.dependsOn = dependsOn
        self.isRequired = isRequired
        self.weight = weight
        self.volume = volume
        self.freshness = freshness
        self.checks = checks
        self.populate = populate
        self.tags = tags
        self.location = location
    }

    /// The names of its parents, each once.
    public var parents: [String] {
        var names: [String] = []
        names.reserveCapacity(dependsOn.count)
        // Nearly always a few, which are compared sooner than hashed.
        guard dependsOn.count > 16 else {
            for parent in dependsOn where !names.contains(parent.value) { names.append(parent.value) }
            return names
        }
        var seen: Set<String> = []
        for parent in dependsOn where seen.insert(parent.value).inserted { names.append(parent.value) }
        return names
    }
}

/// A table or view in a database.
public struct Relation: Sendable, Hashable, CustomStringConvertible {
    public var database: ResourcePath
    public var table: String

    public init(database: ResourcePath, table: String) {
        self.database = database
        self.table = table
    }

    public var description: String { "\(database).\(table)" }

    /// The same for all ways to write its name: SQLite compares names without regard to the case of ASCII's letters, and of no others.
    var folded: Relation { Relation(database: database, table: table.asciiLowercased) }
}

/// How many rows there must be, and how that is found out.
public struct VolumeExpectation: Sendable, Hashable {
    public enum Mode: String, Sendable, Hashable, CaseIterable {
        /// Counts only until there are enough.
        case bounded
        /// Counts all rows.
        case exact
        /// Takes what SQLite's statistics say, or the highest rowid where there are none; never reads the table.
        case estimate
    }

    /// Fewer rows than this are not enough. At least 1.
    public var minimumRows: Int
    /// How many it has when it is complete: what a volume of 1 in the health score is.
    public var expectedRows: Int?
    public var mode: Mode

    public init(minimumRows: Int = 1, expectedRows: Int? = nil, mode: Mode = .bounded) {
        self.minimumRows = minimumRows
        self.expectedRows = expectedRows
        self.mode = mode
    }
}

/// How old the newest row may be.
public struct FreshnessExpectation: Sendable, Hashable {
    /// What tells when rows came.
    public enum Source: Sendable, Hashable {
        /// A column of the table: SQLite's date texts in UTC, or seconds or milliseconds since 1970.
        case field(String)
        /// A query with one row of one such value.
        case query(String)
    }

    public var source: Source
    /// Older is a warning, and counts as stale for nothing else.
    public var warnAfter: Duration?
    /// Older is stale: the dataset is not ready.
    public var errorAfter: Duration?

    public init(source: Source, warnAfter: Duration? = nil, errorAfter: Duration? = nil) {
        self.source = source
        self.warnAfter = warnAfter
        self.errorAfter = errorAfter
    }
}

/// Something that must hold of the rows.
public struct DatasetCheck: Sendable, Hashable {
    public enum Rule: Sendable, Hashable {
        /// A query whose first value must be true: neither 0, nor NULL, nor nothing.
        case sql(String)
        /// No two rows have the same values in these columns. Rows with a NULL in one of them do not count.
        case unique([String])
        /// None of these columns is NULL anywhere.
        case notNull([String])
    }

    /// As reports name it; made from the rule when the manifest gives none.
    public var name: String
    public var rule: Rule
    /// `critical` checks must hold for the dataset to be ready; `warning` ones are only reported.
    public var severity: Severity
    public var location: SourceLocation

    public init(name: String, rule: Rule, severity: Severity = .critical, location: SourceLocation) {
        self.name = name
        self.rule = rule
        self.severity = severity
        self.location = location
    }
}
