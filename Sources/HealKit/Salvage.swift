import HealModel

/// What was put in the place of a damaged database.
public struct ReplacedDatabase: Sendable, Hashable {
    /// Where the damaged one was put.
    public var kept: ResourcePath
    /// What was read of each table; empty when a backup was restored.
    public var tables: [SalvagedTable]
    /// What else could not be taken over, in words: indexes, views, triggers, tables whose definition is lost.
    public var lost: [String]

    public init(kept: ResourcePath, tables: [SalvagedTable] = [], lost: [String] = []) {
        self.kept = kept
        self.tables = tables
        self.lost = lost
    }

    /// For people: the numbers of rows, what was lost, and where the damaged database is. Holds no values of rows.
    public var explanation: String {
        (tables.map(\.explanation) + lost + ["the damaged database is kept as \(kept)"]).joined(separator: "; ")
    }
}

/// What was read of one table of a damaged database.
public struct SalvagedTable: Sendable, Hashable {
    public var name: String
    /// How many rows were copied.
    public var rows: Int64 = 0
    /// How many rows could be read and not be kept: the table's own constraints refuse them.
    public var refused: Int64 = 0
    /// Between which rowids nothing could be read; bounds that are not known are `Int64.min` and `Int64.max`.
    public var lost: [ClosedRange<Int64>] = []
    /// A table without rowids, or with other obstacles, was read from both ends, and not in between.
    public var hasGap = false

    public init(_ name: String) { self.name = name }

    public var isComplete: Bool { lost.isEmpty && !hasGap && refused == 0 }

    /// `orders: 120 rows, nothing could be read of the rowids 41 to 60`.
    public var explanation: String {
        var parts = ["\(name): \(rows) \(rows == 1 ? "row" : "rows")"]
        if !lost.isEmpty {
            let shown = lost.prefix(5).map(Self.words).joined(separator: ", ")
            let more = lost.count > 5 ? " and \(lost.count - 5) more ranges" : ""
            parts.append("nothing could be read of the rowids \(shown)\(more)")
        }
        if hasGap { parts.append("rows in the middle could not be read") }
        if refused > 0 { parts.append("\(refused) could be read but break the table's constraints") }
        return parts.joined(separator: ", ")
    }

    private static func words(_ range: ClosedRange<Int64>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): "from the first to the last"
        case (.min, let upper): "up to \(upper)"
        case (let lower, .max): "from \(lower) on"
        case (let lower, let upper): lower == upper ? "\(lower)" : "\(lower) to \(upper)"
        }
    }
}
