import HealKit
import HealModel

/// What the work ledger says of a dataset.
public struct LedgerEntry: Sendable, Hashable {
    public var generation: Generation
    /// The generations of its parents when it was last made as a whole.
    public var parents: [String: Generation]
    /// Milliseconds since 1970.
    public var populatedAt: Int64?
    public var done: Int
    public var failed: Int
    public var rowsWritten: Int
    public var quarantined: Int
    public var unitMicroseconds: Int64
    public var unitCount: Int64

    public init(
        generation: Generation = Generation(), parents: [String: Generation] = [:], populatedAt: Int64? = nil,
        done: Int = 0,
        failed: Int = 0, rowsWritten: Int = 0, quarantined: Int = 0, unitMicroseconds: Int64 = 0, unitCount: Int64 = 0
    ) {
        self.generation = generation
        self.parents = parents
        self.populatedAt = populatedAt
        self.done = done
        self.failed = failed
        self.rowsWritten = rowsWritten
        self.quarantined = quarantined
        self.unitMicroseconds = unitMicroseconds
        self.unitCount = unitCount
    }

    /// How many units are not pending: what is set aside is among those that are done.
    var settled: Int { done + failed }

    /// How long a unit took, as a mean; `nil` at first.
    public var unitTime: Duration? {
        unitCount > 0 ? .microseconds(unitMicroseconds / unitCount) : nil
    }

    /// All entries of a database, by dataset. The table must be there.
    static func all(_ connection: any SQLConnection) throws(MachineError) -> [String: LedgerEntry] {
        var entries: [String: LedgerEntry] = [:]
        // Ledgers of earlier versions are read as they are.
        let isCurrent = try connection.rows(LedgerTables.query).first?.last?.integer == 1
        let rows = try connection.rows(
            """
            SELECT dataset, generation, populated_at, done, failed, rows_written, quarantined, unit_microseconds, unit_count,
              \(isCurrent ? "incarnation" : "NULL")
            FROM main.\(LedgerTables.datasets)
            """)
        for row in rows {
            guard let name = row[0].text else { continue }
            let number = { (index: Int) in row[index].integer ?? 0 }
            entries[name] = LedgerEntry(
                generation: Generation(number(1), of: row[9].text), populatedAt: row[2].integer, done: Int(number(3)),
                failed: Int(number(4)), rowsWritten: Int(number(5)), quarantined: Int(number(6)),
                unitMicroseconds: number(7), unitCount: number(8))
        }
        // No dataset's name has anything in it that a path of JSON would read.
        let incarnation =
            isCurrent
            ? "CASE WHEN json_valid(parent_incarnations) THEN json_extract(parent_incarnations, '$.\"' || made.key || '\"') END"
            : "NULL"
        let parents = try connection.rows(
            """
            SELECT dataset, made.key, made.value, \(incarnation) FROM main.\(LedgerTables.datasets),
              json_each(CASE WHEN json_valid(parents) THEN parents ELSE '{}' END) AS made
            """)
        for row in parents {
            guard let name = row[0].text, let parent = row[1].text, let generation = row[2].integer else { continue }
            entries[name]?.parents[parent] = Generation(generation, of: row[3].text)
        }
        return entries
    }
}
