import CSelfHeal
import HealKit
import HealModel

/// Copies what a damaged database still gives into a new one: tables with their rows first, then what is made from them.
struct DatabaseSalvage {
    /// One row of `sqlite_schema`.
    struct Object {
        var kind: String
        var name: String
        var sql: String
        var isVirtual: Bool { kind == "table" && sql.prefix(15).lowercased().hasPrefix("create virtual") }
        var words: String { "\(kind) \(name)" }
    }

    let source: Connection
    let target: Connection
    private(set) var tables: [SalvagedTable] = []
    /// What else was not taken over, in words.
    private(set) var lost: [String] = []

    init(source: Connection, target: Connection) {
        self.source = source
        self.target = target
    }

    // MARK: The schema

    /// What the schema names, as far as it can be read.
    mutating func objects() throws(MachineError) -> [Object] {
        // The first statement finds that the schema is damaged, and fails; from then on what could be read counts.
        do throws(MachineError) {
            _ = try source.rows("SELECT 1 FROM main.sqlite_schema LIMIT 1")
        } catch {
            guard error.isUnreadable else { throw error }
        }
        var objects: [Object] = []
        let reading = try RangeSalvage(
            "sqlite_schema", rowid: "rowid", columns: ["type", "name", "sql"], in: source
        ) { statement throws(MachineError) in
            let row = statement.row()
            // Indexes without a text belong to constraints.
            guard let kind = row[1].text, let name = row[2].text, let sql = row[3].text else { return }
            objects.append(Object(kind: kind, name: name, sql: sql))
        }
        if try !reading.run().isEmpty {
            lost.append("part of the schema could not be read, and with it the tables that stood there")
        }
        return objects
    }

    /// The properties of the file that cannot change later.
    func prepareTarget() throws(MachineError) {
        for name in ["page_size", "auto_vacuum"] {
            guard let value = try source.rows("PRAGMA \(name)").first?.first?.integer else { continue }
            try target.perform("PRAGMA \(name)=\(value)")
        }
        if let encoding = try source.rows("PRAGMA encoding").first?.first?.text {
            try target.perform("PRAGMA encoding='\(encoding.filter { $0.isLetter || $0.isNumber || $0 == "-" })'")
        }
    }

    // MARK: The contents

    mutating func copy(_ objects: [Object]) throws(MachineError) {
        for name in ["user_version", "application_id"] {
            guard let value = try source.rows("PRAGMA \(name)").first?.first?.integer else { continue }
            try target.execute("PRAGMA \(name)=\(value)")
        }
        let named = objects.filter { !$0.name.lowercased().hasPrefix("sqlite_") }
        for object in named where object.kind == "table" && !object.isVirtual {
            guard try make(object) else { continue }
            try copyRows(of: object.name)
        }
        if objects.contains(where: { $0.name == "sqlite_sequence" }) { try copySequence() }
        for object in named where object.isVirtual { try makeVirtual(object) }
        // Triggers last: nothing that is copied fires one.
        for kind in ["index", "view", "trigger"] {
            for object in named where object.kind == kind { _ = try make(object) }
        }
    }

    private mutating func make(_ object: Object) throws(MachineError) -> Bool {
        do throws(MachineError) {
            let statement = try target.statement(object.sql)
            defer { statement.reset() }
            _ = try statement.step(on: target)
            return true
        } catch .database(_, .sql(let code, let message, _)) {
            let isDuplicate = code & 0xFF == SQLITE_CONSTRAINT
            lost.append(
                isDuplicate ? "\(object.words): rows that must differ are equal" : "\(object.words): \(message)")
            return false
        }
    }

    /// Its contents are in ordinary tables; only the entry in the schema is to be made, which needs no module.
    private func makeVirtual(_ object: Object) throws(MachineError) {
        selfheal_sqlite_tolerate(target.db, 1)
        defer { selfheal_sqlite_tolerate(target.db, 0) }
        _ = try target.rows(
            "INSERT INTO main.sqlite_schema (type, name, tbl_name, rootpage, sql) VALUES ('table', ?1, ?1, 0, ?2)",
            [.text(object.name), .text(object.sql)])
    }

    private func copySequence() throws(MachineError) {
        guard try target.rows("SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_sequence'").first != nil else {
            return
        }
        try target.execute("DELETE FROM main.sqlite_sequence")
        var table = SalvagedTable("sqlite_sequence")
        try copyRows(of: &table)
    }

    private mutating func copyRows(of name: String) throws(MachineError) {
        var table = SalvagedTable(name)
        do throws(MachineError) {
            try copyRows(of: &table)
        } catch .database(_, .sql(_, let message, _)) {
            // The schema in SQLite's memory ends where it could not be read.
            lost.append("table \(name): \(message)")
            return
        }
        tables.append(table)
    }

    private func copyRows(of table: inout SalvagedTable) throws(MachineError) {
        let quoted = "\"" + table.name.replacing("\"", with: "\"\"") + "\""
        let columns = try target.rows("SELECT name, hidden FROM pragma_table_xinfo(?1, 'main')", [.text(table.name)])
        let names = columns.compactMap { $0[0].text }
        // Generated columns are not stored, or are computed anew.
        let stored = columns.filter { $0[1].integer == 0 }.compactMap { $0[0].text }
            .map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }
        let hasRowid =
            try target.rows(
                "SELECT 1 FROM pragma_table_list WHERE schema = 'main' AND name = ?1 AND wr = 0", [.text(table.name)]
            ).first != nil
        let rowid = ["rowid", "_rowid_", "oid"].first { name in
            !names.contains { $0.lowercased() == name }
        }
        var counts = RowCopy.Counts()
        if hasRowid, let rowid {
            let copy = try RowCopy(into: quoted, columns: [rowid] + stored, isRepeated: false, target)
            let reading = try RangeSalvage(quoted, rowid: rowid, columns: stored, in: source) {
                row throws(MachineError) in
                try copy.take(row, &counts)
            }
            table.lost = try reading.run()
        } else {
            table.hasGap = try !copyFromEnds(quoted, stored, hasRowid: hasRowid, &counts)
        }
        table.rows = counts.copied
        table.refused = counts.refused
    }

    /// For tables in which there is no number to begin at: from the first row on, and from the last one back.
    /// - Returns: whether everything was read.
    private func copyFromEnds(
        _ table: String, _ columns: [String], hasRowid: Bool, _ counts: inout RowCopy.Counts
    ) throws(MachineError) -> Bool {
        let select = "SELECT \(columns.joined(separator: ", ")) FROM main.\(table) NOT INDEXED"
        let copy = try RowCopy(into: table, columns: columns, isRepeated: false, target)
        if try scan(select, copy, &counts) { return true }
        guard !hasRowid else { return false }
        let key = try target.rows(
            "SELECT x.name, x.desc, x.coll FROM pragma_index_list(?1, 'main') AS i, pragma_index_xinfo(i.name, 'main') AS x "
                + "WHERE i.origin = 'pk' AND x.key = 1 ORDER BY x.seqno",
            [.text(String(table.dropFirst().dropLast()).replacing("\"\"", with: "\""))])
        let order = key.compactMap { part -> String? in
            guard let name = part[0].text, let collation = part[2].text else { return nil }
            let quoted = "\"" + name.replacing("\"", with: "\"\"") + "\""
            return "\(quoted) COLLATE \"\(collation)\" \(part[1].integer == 0 ? "DESC" : "ASC")"
        }
        let backwards = "\(select) ORDER BY \(order.joined(separator: ", "))"
        guard !order.isEmpty, try !source.rows("EXPLAIN QUERY PLAN \(backwards)").contains(where: Self.sorts) else {
            return false
        }
        // What was met on the way from the front is met again where the damage is not seen from behind.
        let again = try RowCopy(into: table, columns: columns, isRepeated: true, target)
        _ = try scan(backwards, again, &counts)
        return false
    }

    /// Sorting reads everything before it gives anything.
    private static func sorts(_ row: [SQLValue]) -> Bool { row.last?.text?.contains("TEMP B-TREE") ?? false }

    private func scan(
        _ sql: String, _ copy: RowCopy, _ counts: inout RowCopy.Counts
    ) throws(MachineError) -> Bool {
        let statement = try source.statement(sql)
        defer { statement.reset() }
        while true {
            do throws(MachineError) {
                guard try statement.step(on: source) else { return true }
            } catch {
                guard error.isUnreadable else { throw error }
                return false
            }
            try copy.take(statement, &counts)
        }
    }
}

/// Puts rows of one connection into a table of another, value by value and bit by bit: a text that is no UTF-8 stays as it
/// is.
struct RowCopy {
    struct Counts {
        var copied: Int64 = 0
        /// Read, and refused by the table's own constraints.
        var refused: Int64 = 0
    }

    private let insert: Statement
    private let target: Connection
    private let width: Int32

    /// - Parameter isRepeated: rows that are there already come again, and do not count.
    init(into table: String, columns: [String], isRepeated: Bool, _ target: Connection) throws(MachineError) {
        let places = columns.indices.map { "?\($0 + 1)" }.joined(separator: ", ")
        insert = try target.statement(
            "INSERT \(isRepeated ? "OR IGNORE " : "")INTO main.\(table) (\(columns.joined(separator: ", "))) VALUES (\(places))"
        )
        self.target = target
        width = Int32(clamping: columns.count)
    }

    func take(_ row: Statement, _ counts: inout Counts) throws(MachineError) {
        for column in 0..<width {
            let code = sqlite3_bind_value(insert.pointer, column + 1, sqlite3_column_value(row.pointer, column))
            guard code == SQLITE_OK else { throw target.failure(code) }
        }
        defer { insert.reset() }
        do throws(MachineError) {
            _ = try insert.step(on: target)
        } catch .database(_, .sql(let code, _, _)) where code & 0xFF == SQLITE_CONSTRAINT {
            counts.refused += 1
            return
        }
        counts.copied += Int64(sqlite3_changes(target.db))
    }
}
