import Datasets
import HealKit
import HealModel

/// References to a table's rows, and from them: where its rows are replaced, no more of them may lead nowhere than before. Foreign keys
/// are off while rows are written, so that SQLite itself says nothing.
struct ReferenceWatch {
    private let table: String
    private let connection: any SQLConnection
    /// How many led nowhere in each table that has any to this one, and in itself; those that SQLite cannot check are not here.
    private let before: [(table: String, count: Int64)]

    /// Counts them as they are now.
    /// - Parameter looksAlone: whether its own references count although no table refers to it.
    /// - Returns: `nil` where nothing has to be watched.
    init?(_ table: String, on connection: any SQLConnection, looksAlone: Bool = false) throws(MachineError) {
        self.table = table
        self.connection = connection
        // Most tables have none, which their text shows sooner: a name stands in it as it is, unless it has quotes.
        let children = try connection.rows(
            """
            SELECT name FROM main.sqlite_schema AS child
            WHERE type = 'table' AND rootpage > 0 AND sql LIKE '%references%' AND substr(name, 1, ?2) <> ?3
              AND (sql LIKE '%' || ?1 || '%' OR ?1 GLOB '*["''`]*')
              AND EXISTS (
                SELECT 1 FROM pragma_foreign_key_list(child.name, 'main') WHERE "table" = ?1 COLLATE NOCASE)
            ORDER BY name
            """, [.text(table), .integer(Int64(LedgerTables.prefix.utf8.count)), .text(LedgerTables.prefix)]
        ).compactMap { $0.first?.text }
        guard looksAlone || !children.isEmpty else { return nil }
        let own = children.contains { $0.asciiLowercased == table.asciiLowercased } ? [] : [table]
        var before: [(String, Int64)] = []
        for child in children + own {
            if let count = try Self.count(child, to: table, connection) { before.append((child, count)) }
        }
        self.before = before
    }

    /// - Returns: `nil` when SQLite cannot say: a key in it leads to columns that are no key.
    private static func count(
        _ child: String, to table: String, _ connection: any SQLConnection
    ) throws(MachineError) -> Int64? {
        do throws(MachineError) {
            return try connection.rows(
                """
                SELECT count(*) FROM pragma_foreign_key_check(?1, 'main')
                WHERE parent = ?2 COLLATE NOCASE OR ?1 = ?2 COLLATE NOCASE
                """, [.text(child), .text(table)]
            ).first?.first?.integer ?? 0
        } catch .database(_, .sql) {
            return nil
        }
    }

    /// What is wrong with the rows that there are now.
    func failure() throws(MachineError) -> SourceFailure? {
        var more: [String] = []
        for (child, count) in before {
            guard let now = try Self.count(child, to: table, connection), now > count else { continue }
            more.append("\(CountWords.rows(Int(now - count))) of '\(child)'")
        }
        guard !more.isEmpty else { return nil }
        return SourceFailure(
            .constraint, "\(more.joined(separator: " and ")) would refer to rows that are not there")
    }
}
