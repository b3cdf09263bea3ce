import HealKit
import HealModel

/// What units of other datasets are there, and what has become of them.
extension DatabaseLook {
    /// In time that grows with what is in quarantine, not with the units.
    func quarantinedUnits(_ dataset: Dataset) throws(MachineError) -> Int {
        guard let entry = ledger[dataset.name], entry.quarantined > 0, types[LedgerTables.quarantine] != nil,
            types[LedgerTables.units] != nil
        else { return 0 }
        let count = try number(
            """
            SELECT count(*) FROM (SELECT DISTINCT unit FROM main.\(LedgerTables.quarantine) WHERE dataset = ?1) AS set_aside
            JOIN main.\(LedgerTables.units) AS work ON work.dataset = ?1 AND work.unit = set_aside.unit
            WHERE work.state = 'quarantined'
            """, [.text(dataset.name)])
        return Int(count ?? 0)
    }

    /// Looks at every row of the parent.
    /// - Parameter columns: the dataset's own, in small letters.
    func units(
        _ dataset: Dataset, _ unit: WorkUnit, of parent: Dataset, columns: Set<String>?
    ) throws(MachineError) -> UnitProgress {
        let table = parent.relation.table.quotedSQLName
        let key = "parent.\(unit.key.quotedSQLName)"
        // As the bytes are, whatever collation and affinity the parent's column has: the ledger's has neither.
        let exact = "+\(key) COLLATE BINARY"
        guard types[LedgerTables.units] != nil else {
            let all = try connection.rows("SELECT count(\(key)) FROM main.\(table) AS parent")
            return UnitProgress(done: 0, failed: 0, pending: Int(all[0][0].integer ?? 0), isCounted: true)
        }
        let changed = unit.version.map { "OR work.version IS NOT +parent.\($0.quotedSQLName) COLLATE BINARY" } ?? ""
        let lost = try lostUnits(dataset, unit, columns).map { "OR \($0)" } ?? ""
        let rows = try connection.rows(
            """
            SELECT CASE WHEN work.unit IS NULL OR work.state IN ('pending', 'running') \(changed) \(lost) THEN 'pending'
              ELSE work.state END AS now, count(*)
            FROM main.\(table) AS parent
            LEFT JOIN main.\(LedgerTables.units) AS work ON work.dataset = ? AND work.unit = \(exact)
            WHERE \(key) IS NOT NULL GROUP BY now
            """, [.text(dataset.name)])
        var progress = UnitProgress(done: 0, failed: 0, pending: 0, isCounted: true)
        for row in rows {
            let count = Int(row[1].integer ?? 0)
            switch row[0].text {
            case "done": progress.done = count
            case "failed": progress.failed = count
            case "quarantined": progress.quarantined = count
            default: progress.pending += count
            }
        }
        return progress
    }

    /// A condition: none of the rows that a unit gave is there.
    /// - Returns: `nil` when there are as many rows as were written, which is all that is asked then, or nobody can tell whose they are.
    private func lostUnits(
        _ dataset: Dataset, _ unit: WorkUnit, _ columns: Set<String>?
    ) throws(MachineError) -> String? {
        let column = unit.column ?? unit.key
        guard let population = dataset.populate, let written = ledger[dataset.name]?.rowsWritten, written > 0,
            columns?.contains(column.asciiLowercased) == true
        else { return nil }
        let key = try connection.rows(
            "SELECT name FROM pragma_table_info(?, 'main') WHERE pk > 0", [.text(dataset.relation.table)])
        guard population.keepsUnits(by: column, primaryKey: key.compactMap { $0[0].text }) else { return nil }
        let table = "main.\(dataset.relation.table.quotedSQLName) AS own"
        let count = try attempt { () throws(MachineError) in try number("SELECT count(*) FROM \(table)") }
        guard case .success(let rows?) = count, rows < written else { return nil }
        let name = "own.\(column.quotedSQLName)"
        // The plus brings the key to what the column makes of it.
        return "work.state = 'done' AND work.row_count > 0 AND +work.unit NOT IN "
            + "(SELECT \(name) FROM \(table) WHERE \(name) IS NOT NULL)"
    }

    /// A column that names units of others. Where the schema does not see to it, so many rows are looked at as cost nothing.
    func key(_ column: String, of parent: Dataset) throws(MachineError) -> KeyFacts? {
        let look = UnitKeyLook(column, of: parent.relation.table, on: connection, within: options.timeLimit)
        let found: Result<KeyFacts?, MachineError> = try attempt { () throws(MachineError) -> KeyFacts? in
            guard let stated = try look.stated() else { return nil }
            var facts = KeyFacts(stated: stated)
            if !stated.isUnique { facts.faults.repeated = try look.repeated(among: StatusOptions.countedRows) }
            if options.looksAtUnits, !stated.isFilled { facts.faults.keyless = try look.keyless() }
            return facts
        }
        guard case .success(var facts?) = found else { return nil }
        // How many there are is told where some are known, or asked for.
        if !facts.stated.isUnique, facts.faults.repeated > 0 || options.looksAtUnits {
            let all = try attempt { () throws(MachineError) in try look.repeated() }
            if case .success(let count) = all { facts.faults.repeated = count }
        }
        return facts
    }

    /// The units of a parent, where its rows alone do not tell how many there are.
    /// - Parameter settled: how many are not pending.
    func units(of parent: Dataset, _ key: String, _ facts: KeyFacts, settled: Int) throws(MachineError) -> UnitCount {
        let look = UnitKeyLook(key, of: parent.relation.table, on: connection, within: options.timeLimit)
        var count = UnitCount(units: try look.keys(upTo: settled + 1, facts.stated))
        guard count.units <= settled else { return count }
        if !facts.stated.isFilled { count.faults.keyless = try look.keyless() }
        if !facts.stated.isUnique { count.faults.repeated = try look.repeated() }
        return count
    }
}
