import HealModel

extension SQLConnection {
    /// The rows of `sqlite_schema` that have a text, in the order in which they were made, without SQLite's table of counters:
    /// it comes with the first AUTOINCREMENT and never goes.
    public func schemaRows() throws(MachineError) -> [SchemaRow] {
        try rows(
            "SELECT type, name, tbl_name, sql FROM main.sqlite_schema WHERE sql IS NOT NULL "
                + "AND name <> 'sqlite_sequence' ORDER BY rowid"
        )
        .compactMap { row in
            guard row.count == 4, let type = row[0].text, let name = row[1].text, let table = row[2].text,
                let sql = row[3].text
            else { return nil }
            return SchemaRow(type: type, name: name, table: table, sql: sql)
        }
    }

    /// `user_version` and `application_id`.
    public func schemaNumbers() throws(MachineError) -> [Int64] {
        var numbers: [Int64] = []
        for pragma in ["user_version", "application_id"] {
            numbers.append(try rows("PRAGMA main.\(pragma)").first?.first?.integer ?? 0)
        }
        return numbers
    }

    /// What every table holds, by its name: a digest of all its rows with their rowids, which also says how many they are.
    ///
    /// Two states of a database with the same contents, schema and numbers are the same state. Virtual tables are left out,
    /// because what they hold is in ordinary tables, and so are SQLite's own statistics and its table of counters while there is none.
    /// - Parameter known: digests that were made since the last change, by their query.
    public func contents(_ known: [String: String] = [:]) throws(MachineError) -> [String: String] {
        var contents: [String: String] = [:]
        let tables = try rows(
            "SELECT name, wr FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'shadow') "
                + "AND name NOT IN ('sqlite_schema', 'sqlite_master') AND name NOT LIKE 'sqlite\\_stat_' ESCAPE '\\'")
        for table in tables {
            guard table.count == 2, let name = table[0].text else { continue }
            let digest = try digest(of: name, hasRowid: table[1].integer == 0, known)
            if name != "sqlite_sequence" || digest != "rows 0" { contents[name] = digest }
        }
        return contents
    }

    private func digest(
        of table: String, hasRowid: Bool, _ known: [String: String]
    ) throws(MachineError) -> String {
        // Generated columns are computed from the others.
        let columns = try rows("SELECT name, pk FROM pragma_table_xinfo(?, 'main') WHERE hidden = 0", [.text(table)])
        let names = columns.compactMap { $0.first?.text }
        var key = columns.filter { ($0.last?.integer ?? 0) > 0 }.compactMap { $0.first?.text?.quotedName }
        if hasRowid {
            // A column may be called rowid itself.
            let free = ["rowid", "_rowid_", "oid"].first { word in !names.contains { $0.lowercased() == word } }
            key = [free].compactMap { $0 }
        }
        // A function of SQLite takes at most 127 arguments; with the key in every part, rows cannot be mixed up.
        var digests: [String] = []
        var rest = names.map(\.quotedName)[...]
        repeat {
            let part = key.prefix(26) + rest.prefix(100)
            rest = rest.dropFirst(100)
            let query = "SELECT selfheal_digest(\(part.joined(separator: ", "))) FROM main.\(table.quotedName)"
            if let digest = known[query] {
                digests.append(digest)
            } else {
                digests.append(try rows(query).first?.first?.text ?? "")
            }
        } while !rest.isEmpty
        return digests.joined(separator: "; ")
    }
}

extension String {
    /// As a name in SQL.
    fileprivate var quotedName: String { "\"" + replacing("\"", with: "\"\"") + "\"" }
}
