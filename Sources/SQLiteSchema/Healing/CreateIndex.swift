import HealKit
import HealModel

extension ChangePlanner {
    /// How many rowids a message names.
    private static let shownGroups = 3

    mutating func indexRemedy(_ index: IndexDefinition) throws(MachineError) -> PlannedChange.Remedy {
        guard let table = table(index.table) else { return .obstacles([.waits(for: "the table \(index.table)")]) }
        let missing = (unavailable[index.table] ?? []).sorted()
        if let wanted = index.mentions(of: missing).first {
            return .obstacles([.waits(for: "the column \(wanted)")])
        }
        if index.isUnique, let duplicates = try duplicates(index, in: table) { return .obstacles([duplicates]) }
        return .statements([index.sql], risk: .low)
    }

    /// Rows in the way of a unique index; counted before the first change, and their values are not shown.
    private func duplicates(_ index: IndexDefinition, in table: TableDefinition) throws(MachineError) -> Obstacle? {
        let columns = added[index.table] ?? []
        // Collations are those of the table that is there.
        var names = table
        names.columns += columns.map(\.column)
        guard let index = IndexDefinition.parse(index.sql, on: names) else { return nil }
        let terms = index.terms.map { term in
            "(\(term.expression.source))" + (term.collation.map { " COLLATE \(SQLName($0).alwaysQuoted)" } ?? "")
        }
        // Rows with NULL never collide.
        var conditions = index.terms.map { "(\($0.expression.source)) IS NOT NULL" }
        if let predicate = index.predicate { conditions.append("(\(predicate.source))") }
        let groups =
            "FROM \(source(index.table, adding: columns)) WHERE \(conditions.joined(separator: " AND "))"
            + " GROUP BY \(terms.joined(separator: ", ")) HAVING count(*) > 1"
        guard let number = try count("SELECT count(*) FROM (SELECT 1 \(groups))"), number > 0 else { return nil }
        var rowids: [Int64] = []
        if let rowid = table.rowidName, columns.isEmpty {
            let rows = try connection.rows("SELECT min(\(rowid)), max(\(rowid)) \(groups) LIMIT \(Self.shownGroups)")
            rowids = rows.flatMap { $0.compactMap(\.integer) }
        }
        return .duplicates(groups: number, rowids: rowids)
    }
}
