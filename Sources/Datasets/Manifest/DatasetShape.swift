import HealModel
import ManifestShape

/// A dataset as the manifest writes it.
struct DatasetEntry: Sendable {
    var relation: Relation?
    var dependsOn: [Located<String>] = []
    var isRequired = true
    var weight = 1.0
    var volume = VolumeExpectation()
    var freshness: FreshnessExpectation?
    var checks: [DatasetCheck] = []
    var populate: Located<PopulateEntry>?
    var unit: Located<WorkUnit>?
    var batch: Int?
    var write: WriteMode?
    var mergeKey: [String] = []
    var retry: RetryPolicy?
    var timeout: Duration?
    var onBadRow: BadRowPolicy?
    var concurrency: Concurrency?
    var tags: [String] = []
}

extension DatasetEntry {
    /// What is said of how rows come, where nothing says that they do.
    fileprivate var keysOfPopulation: String? {
        let given = [
            ("write", write != nil), ("retry", retry != nil), ("batch", batch != nil), ("timeout", timeout != nil),
            ("on_bad_row", onBadRow != nil), ("concurrency", concurrency != nil),
        ].filter(\.1).map { "'\($0.0)'" }
        guard let last = given.last else { return nil }
        return given.count == 1
            ? "\(last) needs 'populate'"
            : "\(given.dropLast().joined(separator: ", ")) and \(last) need 'populate'"
    }
}

struct RelationEntry: Sendable {
    var database = ""
    var table = ""
    var outsideRoot = false
}

extension Dataset {
    /// What stands under `datasets:` in the manifest: datasets by name. The graph that they make is checked by `DatasetGraph`.
    public static let shape: Shape<[Dataset]> = Shape.dictionary(of: entry.located, keyFault: nameFault)
        .described("Tables that the application needs filled, and how they get their rows.")
        .checked { entries, problems in
            let all = entries.map { dataset($0.key, $0.location, $0.value, &problems) }
            let good = all.compactMap { $0 }
            return good.count == all.count ? good : nil
        }

    /// A name stands in selectors, in Make targets and in file names.
    static func nameFault(_ name: String) -> String? {
        var isGood = name.utf8.first.map(isLetter) ?? false
        for byte in name.utf8 where !isLetter(byte) {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "-"), UInt8(ascii: "."):
                continue
            default: isGood = false
            }
        }
        return isGood && name.utf8.count <= 100
            ? nil : "a dataset's name begins with a letter and has only letters, digits, '_', '-' and '.', at most 100"
    }

    /// Of ASCII.
    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    static let entry: Shape<DatasetEntry> = Shape.object(
        "A table that the application needs filled.", DatasetEntry(),
        [
            Field("relation", { $0.relation = $1 }, relation.optional, required: true, "Its database and table."),
            Field(
                "depends_on", { $0.dependsOn = $1 }, .list(of: Shape<String>.name.located),
                "Datasets that must be ready before this one."),
            Field(
                "required", { $0.isRequired = $1 }, .boolean,
                "Whether the application cannot do without it; true unless said otherwise."),
            Field("weight", { $0.weight = $1 }, .number(0...1_000_000), "How much it counts in the readiness; 1."),
            Field("volume", { $0.volume = $1 }, volume, "How many rows it must have; one unless said otherwise."),
            Field("freshness", { $0.freshness = $1 }, freshness.optional, "How old its newest row may be."),
            Field("checks", { $0.checks = $1 }, .list(of: check), "What must hold of its rows."),
            Field("populate", { $0.populate = $1 }, PopulateEntry.shape.located.optional, "Where its rows come from."),
            Field(
                "unit", { $0.unit = $1 }, WorkUnit.shape.located.optional,
                "The rows of another dataset, each of which is one piece of work."),
            Field(
                "batch", { $0.batch = $1 }, Shape.integer(1...100_000).optional,
                "How many units the source is given at once; 100, and 1 for http and llm."),
            Field(
                "write", { $0.write = $1 }, Shape<WriteMode>.choice.optional,
                "How rows meet those that are there; append."),
            Field(
                "merge_key", { $0.mergeKey = $1 }, .list(of: .name),
                "The columns that tell rows apart for 'write: merge'; the primary key unless said otherwise."),
            Field("retry", { $0.retry = $1 }, RetryPolicy.shape.optional, "How often failed work is tried again."),
            Field(
                "timeout", { $0.timeout = $1 }, Shape.duration.optional,
                "How long the source may take for one batch; 10m."),
            Field(
                "on_bad_row", { $0.onBadRow = $1 }, Shape<BadRowPolicy>.choice.optional,
                "What becomes of a row that does not fit; quarantine."),
            Field(
                "concurrency", { $0.concurrency = $1 }, Concurrency.shape.optional,
                "How many batches are made at once; 1."),
            Field("tags", { $0.tags = $1 }, .list(of: .name), "Words by which it can be chosen: tag:…"),
        ])

    private static let relation: Shape<Relation> = Shape.object(
        "A table or view in a database.", RelationEntry(),
        [
            Field("database", { $0.database = $1 }, .name, required: true, "The database's file, below the root."),
            Field("table", { $0.table = $1 }, .name, required: true, "The table's name."),
            Field("outside_root", { $0.outsideRoot = $1 }, .boolean, "The database may lie outside the root."),
        ]
    ).map { (entry: RelationEntry) throws(ShapeFailure) -> Relation in
        let table = entry.table.lowercased()
        if table.hasPrefix(LedgerTables.prefix) { throw ShapeFailure("'\(entry.table)' is a table of these tools") }
        if table.hasPrefix("sqlite_") { throw ShapeFailure("'\(entry.table)' is a table of SQLite itself") }
        do throws(PathProblem) {
            let database = try ResourcePath(entry.database, outsideRoot: entry.outsideRoot)
            return Relation(database: database, table: entry.table)
        } catch {
            throw ShapeFailure(error.explanation)
        }
    }

    private static let volume: Shape<VolumeExpectation> = Shape.object(
        "How many rows it must have.", VolumeExpectation(),
        [
            Field("min_rows", { $0.minimumRows = $1 }, .integer(1...Int.max), "Fewer are not enough; 1."),
            Field(
                "expected_rows", { $0.expectedRows = $1 }, Shape.integer(1...Int.max).optional,
                "How many it has when it is complete."),
            Field(
                "mode", { $0.mode = $1 }, .choice,
                "bounded (counts until there are enough), exact (counts all) or estimate (never reads the table)."),
        ]
    ).map { (volume: VolumeExpectation) throws(ShapeFailure) -> VolumeExpectation in
        if let expected = volume.expectedRows, expected < volume.minimumRows {
            throw ShapeFailure("'expected_rows' is less than 'min_rows'")
        }
        return volume
    }

    private struct FreshnessEntry: Sendable {
        var field: String?
        var query: String?
        var warnAfter: Duration?
        var errorAfter: Duration?
    }

    private static let freshness: Shape<FreshnessExpectation> = Shape.object(
        "How old its newest row may be.", FreshnessEntry(),
        [
            Field(
                "loaded_at_field", { $0.field = $1 }, Shape<String>.name.optional,
                "The column that says when a row came."),
            Field(
                "loaded_at_query", { $0.query = $1 }, Shape<String>.name.optional,
                "A query for the moment when the newest came."),
            Field("warn_after", { $0.warnAfter = $1 }, Shape.duration.optional, "Older than this is a warning."),
            Field("error_after", { $0.errorAfter = $1 }, Shape.duration.optional, "Older than this is not ready."),
        ]
    ).map { (entry: FreshnessEntry) throws(ShapeFailure) -> FreshnessExpectation in
        let source: FreshnessExpectation.Source
        switch (entry.field, entry.query) {
        case (let field?, nil): source = .field(field)
        case (nil, let query?): source = .query(query)
        default: throw ShapeFailure("give either 'loaded_at_field' or 'loaded_at_query'")
        }
        if entry.warnAfter == nil && entry.errorAfter == nil {
            throw ShapeFailure("give 'warn_after' or 'error_after', or both")
        }
        if let warn = entry.warnAfter, let error = entry.errorAfter, warn > error {
            throw ShapeFailure("'warn_after' is longer than 'error_after'")
        }
        return FreshnessExpectation(source: source, warnAfter: entry.warnAfter, errorAfter: entry.errorAfter)
    }

    private enum CheckSeverity: String, Sendable, CaseIterable { case critical, warning }

    private struct CheckEntry: Sendable {
        var name: String?
        var sql: String?
        var unique: [String]?
        var notNull: [String]?
        var severity = CheckSeverity.critical
    }

    private static let check: Shape<DatasetCheck> = Shape.object(
        "Something that must hold of its rows.", CheckEntry(),
        [
            Field("name", { $0.name = $1 }, Shape<String>.name.optional, "As reports name it."),
            Field("sql", { $0.sql = $1 }, Shape<String>.name.optional, "A query whose first value must be true."),
            Field(
                "unique", { $0.unique = $1 }, Shape.list(of: Shape<String>.name).optional,
                "Columns in which no two rows have the same values."),
            Field(
                "not_null", { $0.notNull = $1 }, Shape.list(of: Shape<String>.name).optional,
                "Columns that are never NULL."),
            Field(
                "severity", { $0.severity = $1 }, .choice,
                "critical: it must hold for the dataset to be ready; warning: it is only reported."),
        ]
    ).located.map { (entry: Located<CheckEntry>) throws(ShapeFailure) -> DatasetCheck in
        let value = entry.value
        let rules: [(DatasetCheck.Rule, String)] =
            [value.sql.map { (.sql($0), "sql") }].compactMap { $0 }
            + [value.unique.map { (.unique($0), "unique \($0.joined(separator: ", "))") }].compactMap { $0 }
            + [value.notNull.map { (.notNull($0), "not null \($0.joined(separator: ", "))") }].compactMap { $0 }
        guard rules.count == 1, let (rule, name) = rules.first else {
            throw ShapeFailure("give one of 'sql', 'unique' and 'not_null'")
        }
        if value.unique?.isEmpty == true || value.notNull?.isEmpty == true { throw ShapeFailure("no column is named") }
        return DatasetCheck(
            name: value.name ?? name, rule: rule, severity: value.severity == .critical ? .critical : .warning,
            location: entry.location)
    }

    /// What only shows when the parts are put together.
    private static func dataset(
        _ name: String, _ location: SourceLocation, _ entry: Located<DatasetEntry>, _ problems: inout ManifestProblems
    ) -> Dataset? {
        let value = entry.value
        guard let relation = value.relation else { return nil }
        var good = true
        func refuse(_ place: SourceLocation, _ message: String) {
            problems.add(place, message)
            good = false
        }
        if let unit = value.unit {
            if value.populate == nil { refuse(unit.location, "'unit' needs 'populate'") }
            if unit.value.parent == name {
                refuse(unit.location, "'\(name)' cannot be made from its own rows")
            } else if !value.dependsOn.contains(where: { $0.value == unit.value.parent }) {
                refuse(unit.location, "the unit's parent '\(unit.value.parent)' must be among 'depends_on'")
            }
        }
        if !value.mergeKey.isEmpty && value.write != .merge {
            refuse(location, "'merge_key' needs 'write: merge'")
        }
        if value.populate == nil, let needing = value.keysOfPopulation {
            refuse(location, needing)
        }
        var population: Population?
        if let populate = value.populate {
            var isSlow = false
            switch populate.value.source {
            case .llm where value.unit == nil:
                refuse(populate.location, "'llm' needs 'unit': a text comes from another dataset's row")
            case .llm, .http: isSlow = true
            case .sql, .command, .plugin: break
            }
            population = Population(
                source: populate.value.source, unit: value.unit?.value, batch: value.batch ?? (isSlow ? 1 : 100),
                write: value.write ?? .append, mergeKey: value.mergeKey, retry: value.retry ?? RetryPolicy(),
                timeout: value.timeout ?? .seconds(600), onBadRow: value.onBadRow ?? .quarantine,
                concurrency: value.concurrency ?? Concurrency(), isAtStart: populate.value.isAtStart ?? !isSlow,
                location: populate.location)
        }
        guard good else { return nil }
        return Dataset(
            name: name, relation: relation, dependsOn: value.dependsOn,
            isRequired: value.isRequired, weight: value.weight, volume: value.volume, freshness: value.freshness,
            checks: value.checks, populate: population, tags: value.tags, location: location)
    }
}
