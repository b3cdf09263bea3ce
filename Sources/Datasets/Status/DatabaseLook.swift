import HealKit
import HealModel

/// What was seen of the datasets of one database, in one read transaction.
struct DatabaseFacts: Sendable {
    /// Why it could not be looked at; nothing else is known then.
    var failure: MachineError?
    var tables: [String: TableFacts] = [:]
    var ledger: [String: LedgerEntry] = [:]
}

/// What was seen of the table of one dataset.
struct TableFacts: Sendable {
    var exists = false
    /// The names of its columns in small letters, where populating needs to know them.
    var columns: Set<String>?
    var rows: Result<RowCount, MachineError>?
    /// So many rows were counted: what is guessed beyond is not among them.
    var counted = 0
    /// Milliseconds since 1970; `nil` when the rows do not say it.
    var loadedAt: Result<Int64?, MachineError>?
    var checks: [CheckOutcome] = []
    /// How many of its units are set aside, when they were not all looked at.
    var quarantinedUnits = 0
    /// Of each unit, when they were all looked at.
    var units: Result<UnitProgress, MachineError>?
    /// Of the columns that name units of others.
    var keys: [String: KeyFacts] = [:]
    /// Of the parent that its units are taken from.
    var parentUnits: UnitCount?
}

/// What was seen of a column that names units of others, without counting them.
struct KeyFacts: Sendable {
    var stated: UnitKeyLook.Stated
    /// Of the first rows, unless each unit was looked at.
    var faults = KeyFaults()

    /// Whether each row is a unit: the schema sees to it.
    var isSure: Bool { stated.isUnique && stated.isFilled }
}

/// How many units a parent has, counted no further than tells whether there is one more than are done.
struct UnitCount: Sendable {
    var units: Int
    /// What its other rows are, when all units are done.
    var faults = KeyFaults()
}

/// Looks at the datasets of one database through one connection.
struct DatabaseLook {
    let connection: any SQLConnection
    let options: StatusOptions
    /// The tables and views, by their names in lower case, which is how SQLite compares them.
    let types: [String: String]
    let ledger: [String: LedgerEntry]

    init(_ connection: any SQLConnection, _ options: StatusOptions) throws(MachineError) {
        self.connection = connection
        self.options = options
        var types: [String: String] = [:]
        for row in try connection.rows("SELECT name, type FROM main.sqlite_schema WHERE type IN ('table', 'view')") {
            if let name = row[0].text, let type = row[1].text { types[name.asciiLowercased] = type }
        }
        self.types = types
        ledger = types[LedgerTables.datasets] == nil ? [:] : try LedgerEntry.all(connection)
    }

    /// - Parameters:
    ///   - settledUnits: how many of its rows, as units of its children, are not pending; so many and one are counted.
    ///   - hasUnits: whether its rows are units of others.
    func facts(_ dataset: Dataset, settledUnits: Int, hasUnits: Bool) throws(MachineError) -> TableFacts {
        var facts = TableFacts()
        guard let type = types[dataset.relation.table.asciiLowercased] else { return facts }
        facts.exists = true
        if hasUnits || dataset.populate.map({ $0.unit != nil || !$0.mergeKey.isEmpty }) ?? false {
            let columns = try attempt { () throws(MachineError) in try self.columns(of: dataset.relation.table) }
            if case .success(let names) = columns { facts.columns = names }
        }
        let table = dataset.relation.table.quotedSQLName
        let count = try attempt { () throws(MachineError) in
            try self.count(dataset, table, isView: type == "view", settledUnits)
        }
        facts.rows = count.map(\.rows)
        // Nothing that could be seen of no rows is worth the time.
        guard case .success(let found) = count, found.rows.atLeast > 0 else { return facts }
        facts.counted = found.counted
        if let freshness = dataset.freshness {
            facts.loadedAt = try attempt { () throws(MachineError) in try self.loadedAt(freshness, table) }
        }
        for check in dataset.checks {
            let outcome = try attempt { () throws(MachineError) in try self.holds(check, table) }
            switch outcome {
            case .success(let holds): facts.checks.append(CheckOutcome(check: check, holds: holds))
            case .failure(let error):
                facts.checks.append(CheckOutcome(check: check, holds: false, reason: options.reason(error)))
            }
        }
        return facts
    }

    /// Failures of one statement are this dataset's; that the run is to stop, or that the file is damaged, is everybody's.
    func attempt<Value>(
        _ body: () throws(MachineError) -> Value
    ) throws(MachineError) -> Result<Value, MachineError> {
        do throws(MachineError) {
            return .success(try body())
        } catch {
            switch error {
            case .cancelled: throw error
            default: return .failure(error)
            }
        }
    }

    private func columns(of table: String) throws(MachineError) -> Set<String> {
        let rows = try connection.rows("SELECT name FROM pragma_table_xinfo(?, 'main')", [.text(table)])
        return Set(rows.compactMap { $0[0].text?.asciiLowercased })
    }

    func number(_ sql: String, _ arguments: [SQLValue] = []) throws(MachineError) -> Int64? {
        try connection.firstRow(sql, arguments, within: options.timeLimit)?.first?.integer
    }

    // MARK: Rows

    private func count(
        _ dataset: Dataset, _ table: String, isView: Bool, _ settledUnits: Int
    ) throws(MachineError) -> (rows: RowCount, counted: Int) {
        let volume = dataset.volume
        if volume.mode == .exact {
            let rows = Int(try number("SELECT count(*) FROM main.\(table)") ?? 0)
            return (.exactly(rows), rows)
        }
        var limit = volume.minimumRows
        if volume.mode == .estimate {
            if let rows = try estimate(dataset.relation.table, table, isView: isView) {
                // Whether units are pending is no matter for guesses.
                let isMore = try mayHaveMoreRows(than: settledUnits, table, isView: isView)
                return (rows, isMore ? try boundedCount(table, settledUnits + 1).atLeast : 0)
            }
        } else {
            limit = max(limit, min(volume.expectedRows ?? 1, StatusOptions.countedRows))
        }
        if try mayHaveMoreRows(than: settledUnits, table, isView: isView) { limit = max(limit, settledUnits + 1) }
        let rows = try boundedCount(table, limit)
        // Far more are not worth the counting, where they can be guessed.
        if case .moreThan(let counted) = rows, let expected = volume.expectedRows, expected > counted,
            case .about(let guess) = try estimate(dataset.relation.table, table, isView: isView)
        {
            return (.about(max(guess, counted)), counted)
        }
        return (rows, rows.atLeast)
    }

    /// Few are simply counted; of many only when the highest rowid does not rule it out.
    private func mayHaveMoreRows(than count: Int, _ table: String, isView: Bool) throws(MachineError) -> Bool {
        guard count > 0 else { return false }
        guard count > StatusOptions.countedUnits, !isView, let highest = try highestRowid(table) else { return true }
        return highest > count
    }

    /// `nil` in tables without rowids.
    private func highestRowid(_ table: String) throws(MachineError) -> Int64? {
        do throws(MachineError) {
            return try number("SELECT max(_rowid_) FROM main.\(table)")
        } catch .database(_, .sql) {
            return nil
        }
    }

    func boundedCount(_ table: String, _ limit: Int) throws(MachineError) -> RowCount {
        if limit == 1 {
            // The same, in half of the time that it takes to prepare: most datasets need only not be empty.
            return try number("SELECT 1 FROM main.\(table) LIMIT 1") == nil ? .exactly(0) : .moreThan(1)
        }
        let sql = "SELECT count(*) FROM (SELECT 1 FROM main.\(table) LIMIT ?)"
        let rows = Int(try number(sql, [.integer(Int64(limit))]) ?? 0)
        return rows < limit ? .exactly(rows) : .moreThan(rows)
    }

    /// `nil` when there is nothing to tell it from.
    private func estimate(_ name: String, _ table: String, isView: Bool) throws(MachineError) -> RowCount? {
        if try number("SELECT 1 FROM main.\(table) LIMIT 1") == nil { return .exactly(0) }
        if isView { return nil }
        if types["sqlite_stat1"] != nil {
            let row = try connection.firstRow(
                "SELECT stat FROM main.sqlite_stat1 WHERE tbl = ? COLLATE NOCASE AND stat IS NOT NULL", [.text(name)],
                within: options.timeLimit)
            if let rows = row?.first?.text?.split(separator: " ").first.flatMap({ Int($0) }), rows > 0 {
                return .about(rows)
            }
        }
        guard let highest = try highestRowid(table), highest > 0 else { return nil }
        return .about(Int(highest))
    }

    // MARK: Freshness

    private func loadedAt(_ freshness: FreshnessExpectation, _ table: String) throws(MachineError) -> Int64? {
        let sql =
            switch freshness.source {
            // Qualified: what is not a column would otherwise be taken for a text.
            case .field(let column): "SELECT max(here.\(column.quotedSQLName)) FROM main.\(table) AS here"
            case .query(let query): query
            }
        guard let value = try connection.firstRow(sql, [], within: options.timeLimit)?.first else { return nil }
        return try milliseconds(value)
    }

    /// SQLite's date texts in UTC, or seconds or milliseconds since 1970.
    private func milliseconds(_ value: SQLValue) throws(MachineError) -> Int64? {
        switch value {
        case .null, .blob: return nil
        case .integer(let number): return Self.milliseconds(Double(number))
        case .real(let number): return Self.milliseconds(number)
        case .text(let text):
            if let number = Double(text) { return Self.milliseconds(number) }
            return try number(
                "SELECT CAST(round((julianday(?) - 2440587.5) * 86400000) AS INTEGER)", [.text(text)])
        }
    }

    /// What would be later than the year 5000 in seconds is in milliseconds.
    private static func milliseconds(_ number: Double) -> Int64? {
        let milliseconds = abs(number) < 1e11 ? number * 1000 : number
        return milliseconds.isFinite && abs(milliseconds) < 1e17 ? Int64(milliseconds) : nil
    }

    // MARK: Checks

    private func holds(_ check: DatasetCheck, _ table: String) throws(MachineError) -> Bool {
        switch check.rule {
        case .sql(let query):
            return try connection.firstRow(query, [], within: options.timeLimit)?.first?.isTrue ?? false
        case .unique(let columns):
            if try connection.isUnique(columns, in: table.unquotedSQLName) { return true }
            let names = columns.map { "here.\($0.quotedSQLName)" }
            let rows = names.map { "\($0) IS NOT NULL" }.joined(separator: " AND ")
            let sql =
                "SELECT 1 FROM main.\(table) AS here WHERE \(rows) GROUP BY \(names.joined(separator: ", ")) "
                + "HAVING count(*) > 1 LIMIT 1"
            return try connection.firstRow(sql, [], within: options.timeLimit) == nil
        case .notNull(let columns):
            let any = columns.map { "here.\($0.quotedSQLName) IS NULL" }.joined(separator: " OR ")
            let sql = "SELECT 1 FROM main.\(table) AS here WHERE \(any) LIMIT 1"
            return try connection.firstRow(sql, [], within: options.timeLimit) == nil
        }
    }
}

extension SQLValue {
    /// As SQLite takes it in a WHERE.
    fileprivate var isTrue: Bool {
        switch self {
        case .null, .blob: false
        case .integer(let number): number != 0
        case .real(let number): number != 0
        case .text(let text): (Double(text) ?? 0) != 0
        }
    }
}

extension String {
    /// As a name in SQL.
    package var quotedSQLName: String {
        // The search for what is to be replaced takes longer than all the rest.
        utf8.contains(UInt8(ascii: "\"")) ? "\"" + replacing("\"", with: "\"\"") + "\"" : "\"" + self + "\""
    }

    fileprivate var unquotedSQLName: String { String(dropFirst().dropLast()).replacing("\"\"", with: "\"") }

    /// As SQLite folds names: it takes "Ä" and "ä" for two.
    package var asciiLowercased: String {
        utf8.contains { (0x41...0x5A).contains($0) }
            ? String(decoding: utf8.map { (0x41...0x5A).contains($0) ? $0 | 0x20 : $0 }, as: UTF8.self) : self
    }
}
