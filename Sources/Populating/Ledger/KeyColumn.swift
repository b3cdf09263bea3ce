import Datasets
import HealKit
import HealModel

/// The dataset's column that says which unit a row is of, with keys as it stores them: `1` is `'1'` in a TEXT column.
struct KeyColumn {
    let name: String
    let form: TableForm
    private let connection: any SQLConnection

    init(_ name: String, of form: TableForm, on connection: any SQLConnection) {
        self.name = name
        self.form = form
        self.connection = connection
    }

    /// What a column that changes keys is said to do.
    var unkept: SourceFailure {
        SourceFailure(
            .configuration,
            "the column '\(name)' of '\(form.name)' does not keep the unit's key as it was written (a trigger changes it)"
        )
    }

    /// Whether something may change what is written.
    func hasTriggers() throws(MachineError) -> Bool {
        let found = try connection.rows(
            "SELECT 1 FROM main.sqlite_schema WHERE type = 'trigger' AND tbl_name = ? COLLATE NOCASE LIMIT 1",
            [.text(form.name)])
        return !found.isEmpty
    }

    /// Whether a unit that rows were just written of has some.
    func hasRows(of unit: SQLValue) throws(MachineError) -> Bool {
        // The newest are at the end.
        let order = form.rowid.map { " ORDER BY \($0) DESC" } ?? ""
        let found = try connection.rows(
            "SELECT 1 FROM \(table) WHERE \(name.quotedName.isStored(as: "?1"))\(order) LIMIT 1", [unit])
        return !found.isEmpty
    }

    /// What the ledger says was written and cannot be found.
    struct Losses {
        /// Units none of whose rows are there.
        var units = 0
        /// Rows that the ledger does not account for: they may be these units'.
        var strangers = 0
        /// Units whose keys are stored as other units' are.
        var mixed = 0
    }

    /// - Parameter dataset: as the ledger names it.
    func losses(of dataset: String) throws(MachineError) -> Losses {
        var losses = Losses()
        losses.units = try number(
            "SELECT count(*) FROM _selfheal_units WHERE dataset = ? AND row_count > 0 AND \(isNowhere)", dataset)
        let affinity = try affinity()
        let mayMix = try mayMixKeys(affinity, of: dataset)
        guard losses.units > 0 || mayMix else { return losses }
        let column = name.quotedName
        // The plus takes the ledger's (no) affinity away, so that keys are brought to the column's, as they were when they were stored;
        // a comparison leaves whole numbers as they are.
        let stored =
            affinity == .real
            ? "CASE typeof(work.unit) WHEN 'integer' THEN CAST(work.unit AS REAL) ELSE work.unit END" : "+work.unit"
        let found = try connection.rows(
            """
            SELECT coalesce(sum(count), 0), coalesce(sum(max(0, count - written)), 0),
              coalesce(sum(CASE WHEN units > 1 THEN units END), 0)
            FROM (SELECT there.count AS count, sum(work.row_count) AS written, sum(work.row_count > 0) AS units
              FROM _selfheal_units AS work
              CROSS JOIN (SELECT \(column) COLLATE BINARY AS key, count(*) AS count FROM \(table) GROUP BY 1) AS there
                ON there.key = \(stored)
              WHERE work.dataset = ? GROUP BY there.key)
            """, [.text(dataset)])
        guard let row = found.first, let known = row[0].integer, let more = row[1].integer else { return losses }
        let all = try connection.rows("SELECT count(*) FROM \(table)").first?.first?.integer ?? 0
        losses.strangers = Int(all - known + more)
        losses.mixed = Int(row[2].integer ?? 0)
        return losses
    }

    /// Forgets the units that are done and have no rows left.
    /// - Returns: how many they are.
    func forgetLost(of dataset: String) throws(MachineError) -> Int {
        try connection.rows(
            """
            DELETE FROM _selfheal_units WHERE dataset = ? AND state = 'done' AND row_count > 0 AND \(isNowhere)
            RETURNING 1
            """, [.text(dataset)]
        ).count
    }

    private var table: String { "main.\(form.name.quotedName)" }

    /// A condition on the ledger's units.
    private var isNowhere: String {
        "+unit NOT IN (SELECT \(name.quotedName) FROM \(table) WHERE \(name.quotedName) IS NOT NULL)"
    }

    /// What the column makes of what is stored in it, as far as two keys may become one.
    private enum Affinity { case text, real, number, none }

    /// By SQLite's rules: https://sqlite.org/datatype3.html#determination_of_column_affinity
    private func affinity() throws(MachineError) -> Affinity {
        let declared = try connection.rows(
            "SELECT type FROM pragma_table_xinfo(?, 'main') WHERE name = ?", [.text(form.name), .text(name)]
        ).first?.first?.text?.uppercased()
        guard let declared, !declared.isEmpty else { return .none }
        func says(_ words: String...) -> Bool { words.contains { declared.contains($0) } }
        if says("INT") { return .number }
        if says("CHAR", "CLOB", "TEXT") { return .text }
        if says("BLOB") { return .none }
        return says("REAL", "FLOA", "DOUB") ? .real : .number
    }

    /// Whether there are keys that the column may store as it does others: most need no look.
    private func mayMixKeys(_ affinity: Affinity, of dataset: String) throws(MachineError) -> Bool {
        func has(_ condition: String) throws(MachineError) -> Bool {
            try number(
                "SELECT EXISTS (SELECT 1 FROM _selfheal_units WHERE dataset = ? AND row_count > 0 AND \(condition))",
                dataset) == 1
        }
        switch affinity {
        case .none: return false
        case .number: return try has("typeof(unit) = 'text'")
        case .text:
            if try has("typeof(unit) = 'real'") { return true }
            guard try has("typeof(unit) = 'text'") else { return false }
            return try has("typeof(unit) = 'integer'")
        case .real:
            return try has(
                """
                (typeof(unit) = 'text'
                  OR typeof(unit) = 'integer' AND unit NOT BETWEEN -9007199254740992 AND 9007199254740992)
                """)
        }
    }

    private func number(_ sql: String, _ dataset: String) throws(MachineError) -> Int {
        Int(try connection.rows(sql, [.text(dataset)]).first?.first?.integer ?? 0)
    }
}

extension String {
    /// A condition, with this as a column's quoted name: it is this parameter as the column stores it, byte by byte. A comparison by `=`
    /// would not bring a whole number to what a REAL column makes of it.
    func isStored(as parameter: String) -> String {
        "\(self) IN (SELECT \(parameter)) AND \(self) COLLATE BINARY IN (SELECT \(parameter))"
    }
}
