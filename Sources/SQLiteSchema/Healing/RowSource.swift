import HealKit
import HealModel

/// Rows of a table as they will be, as something that a query can stand on.
struct RowSource {
    /// What stands behind FROM.
    var sql: String
    /// Gives the rowid; `nil` where a table has none.
    var rowid: String?
}

extension ChangePlanner {
    /// How many rowids a message names.
    private static let shownRows = 3

    /// The table as a source of rows, with the names that its columns will have, and with the columns that the plan adds.
    mutating func source(_ table: SQLName, adding columns: [MissingColumn]) -> RowSource {
        let name = table.alwaysQuoted
        var source = RowSource(sql: "main.\(name) AS \(name)", rowid: self.table(table)?.rowidName)
        let renamed = (formerNames[table] ?? [:]).sorted { $0.key < $1.key }
        var layers =
            renamed.isEmpty ? [] : [renamed.map { "\($1.alwaysQuoted) AS \($0.alwaysQuoted)" }.joined(separator: ", ")]
        let alias = desired.table(table)?.rowidAlias
        let first = layers.count
        layers += columns.enumerated().map { index, missing in
            // It takes over the rowid.
            let isRowid = missing.column.name == alias && missing.backfill == nil
            let rowid = first + index == 0 ? source.rowid : source.rowid.map { _ in "selfheal_rowid" }
            return "\((isRowid ? rowid : nil) ?? missing.value) AS \(missing.column.name.alwaysQuoted)"
        }
        for (index, layer) in layers.enumerated() {
            let rowid = index == 0 ? source.rowid.map { "\($0) AS selfheal_rowid, " } ?? "" : ""
            source.sql = "(SELECT \(rowid)*, \(layer) FROM \(source.sql)) AS \(name)"
            if source.rowid != nil { source.rowid = "selfheal_rowid" }
        }
        return source
    }

    /// The rows for which a condition holds: how many, and the rowids of a few. `nil` when there are none, or when SQLite
    /// cannot tell before it is done.
    func rows(
        of source: RowSource, where condition: String
    ) throws(MachineError) -> (count: Int64, rowids: [Int64])? {
        guard let number = try count("SELECT count(*) FROM \(source.sql) WHERE \(condition)"), number > 0 else {
            return nil
        }
        guard let rowid = source.rowid else { return (number, []) }
        let rows = try connection.rows("SELECT \(rowid) FROM \(source.sql) WHERE \(condition) LIMIT \(Self.shownRows)")
        return (number, rows.compactMap { $0.first?.integer })
    }

    /// Rows that share what must be unique, in groups. Rows with NULL never collide.
    func duplicates(
        of terms: [(expression: String, collation: String?)], in source: RowSource, where predicate: String? = nil
    ) throws(MachineError) -> Obstacle? {
        let collated = terms.map { term in
            "(\(term.expression))" + (term.collation.map { " COLLATE \(SQLName($0).alwaysQuoted)" } ?? "")
        }
        let conditions =
            terms.map { "(\($0.expression)) IS NOT NULL" } + [predicate].compactMap { $0.map { "(\($0))" } }
        let groups =
            "FROM \(source.sql) WHERE \(conditions.joined(separator: " AND "))"
            + " GROUP BY \(collated.joined(separator: ", ")) HAVING count(*) > 1"
        guard let number = try count("SELECT count(*) FROM (SELECT 1 \(groups))"), number > 0 else { return nil }
        var rowids: [Int64] = []
        if let rowid = source.rowid {
            let rows = try connection.rows("SELECT min(\(rowid)), max(\(rowid)) \(groups) LIMIT \(Self.shownRows)")
            rowids = rows.flatMap { $0.compactMap(\.integer) }
        }
        return .duplicates(groups: number, rowids: rowids)
    }
}
