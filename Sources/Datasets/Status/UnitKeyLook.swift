import HealKit
import HealModel

/// Looks at the column of a parent whose values name units: each once, and no row without one.
package struct UnitKeyLook {
    /// What the schema sees to by itself.
    package struct Stated: Sendable, Hashable {
        /// No value is there twice.
        package var isUnique: Bool
        /// Each row has one.
        package var isFilled: Bool
    }

    private let connection: any SQLConnection
    private let table: String
    private let column: String
    private let timeLimit: Duration?

    package init(
        _ column: String, of table: String, on connection: any SQLConnection, within timeLimit: Duration? = nil
    ) {
        self.connection = connection
        self.table = table
        self.column = column
        self.timeLimit = timeLimit
    }

    /// - Returns: `nil` when there is no such column.
    package func stated() throws(MachineError) -> Stated? {
        let columns = try connection.rows(
            "SELECT lower(name), type, \"notnull\", pk FROM pragma_table_xinfo(?, 'main')", [.text(table)])
        guard let own = columns.first(where: { $0[0].text == column.asciiLowercased }) else { return nil }
        let isAlone = columns.count { ($0[3].integer ?? 0) > 0 } == 1
        let isRowid = isAlone && own[3].integer == 1 && own[1].text?.uppercased() == "INTEGER"
        let isUnique = try connection.isUnique([column], in: table)
        return Stated(isUnique: isRowid || isUnique, isFilled: isRowid || own[2].integer == 1)
    }

    /// How many rows have no key.
    package func keyless() throws(MachineError) -> Int {
        try number("SELECT count(*) - count(\(key)) FROM main.\(table.quotedSQLName) AS parent")
    }

    /// How many values are there more than once.
    /// - Parameter limit: among so many rows; `nil`: among all.
    package func repeated(among limit: Int? = nil) throws(MachineError) -> Int {
        let rows =
            "SELECT \(key) AS unit FROM main.\(table.quotedSQLName) AS parent WHERE \(key) IS NOT NULL"
            + (limit.map { " LIMIT \($0)" } ?? "")
        return try number(
            "SELECT count(*) FROM (SELECT 1 FROM (\(rows)) GROUP BY unit COLLATE BINARY HAVING count(*) > 1)")
    }

    /// How many different keys there are, counted no further than to a limit.
    package func keys(upTo limit: Int, _ stated: Stated) throws(MachineError) -> Int {
        let what = stated.isUnique ? "1" : "DISTINCT \(key) COLLATE BINARY"
        return try number(
            """
            SELECT count(*) FROM (SELECT \(what) FROM main.\(table.quotedSQLName) AS parent WHERE \(key) IS NOT NULL
            LIMIT \(limit))
            """)
    }

    // Qualified: what is not a column would otherwise be taken for a text.
    private var key: String { "parent.\(column.quotedSQLName)" }

    private func number(_ sql: String) throws(MachineError) -> Int {
        guard let timeLimit else { return Int(try connection.rows(sql).first?.first?.integer ?? 0) }
        return Int(try connection.firstRow(sql, [], within: timeLimit)?.first?.integer ?? 0)
    }
}

/// Rows of a parent that are no units of their own.
public struct KeyFaults: Sendable, Hashable {
    /// Rows without a key.
    public var keyless: Int
    /// Keys that several rows have.
    public var repeated: Int

    public init(keyless: Int = 0, repeated: Int = 0) {
        self.keyless = keyless
        self.repeated = repeated
    }

    public var isEmpty: Bool { keyless == 0 && repeated == 0 }

    /// What is wrong, in words without a full stop; `nil` when nothing is.
    /// - Parameters:
    ///   - key: the column.
    ///   - parent: the dataset.
    public func words(_ key: String, of parent: String) -> String? {
        if repeated > 0 {
            let are =
                repeated == 1
                ? "1 value of '\(key)' in '\(parent)' is" : "\(repeated) values of '\(key)' in '\(parent)' are"
            return "\(are) there more than once: units cannot be told apart, and nothing is made"
        }
        guard keyless > 0 else { return nil }
        return keyless == 1
            ? "1 row of '\(parent)' has no '\(key)', so nothing can be made of it"
            : "\(keyless) rows of '\(parent)' have no '\(key)', so nothing can be made of them"
    }

    /// What helps.
    public func hint(_ key: String, of parent: String) -> String? {
        if repeated > 0 {
            return "name a column as 'key' that each row of '\(parent)' has another value in, or mend the rows"
        }
        guard keyless > 0 else { return nil }
        return "give each row of '\(parent)' a '\(key)', or take units from a view of those that have one"
    }
}

extension SQLConnection {
    /// Whether an index or a primary key sees to it that columns are unique, so that no row has to be read.
    func isUnique(_ columns: [String], in table: String) throws(MachineError) -> Bool {
        let wanted = Set(columns.map(\.asciiLowercased))
        let name = SQLValue.text(table)
        let keys = try rows("SELECT lower(name), pk, type FROM pragma_table_info(?, 'main') WHERE pk > 0", [name])
        // The columns themselves must be there: a check that names others is a mistake.
        let all = try rows("SELECT lower(name) FROM pragma_table_xinfo(?, 'main')", [name])
        guard wanted.isSubset(of: all.compactMap { $0[0].text }) else { return false }
        if keys.count == 1, let key = keys[0][0].text, wanted.contains(key), keys[0][2].text?.uppercased() == "INTEGER"
        {
            return true
        }
        let indexed = try rows(
            """
            SELECT list.name, lower(info.name) FROM pragma_index_list(?, 'main') AS list, \
            pragma_index_info(list.name, 'main') AS info WHERE list."unique" AND NOT list.partial
            """, [name])
        var indexes: [String: [String?]] = [:]
        for row in indexed { indexes[row[0].text ?? "", default: []].append(row[1].text) }
        return indexes.values.contains { $0.allSatisfy { $0.map(wanted.contains) ?? false } }
    }
}
