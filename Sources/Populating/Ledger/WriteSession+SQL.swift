import Datasets
import HealKit
import HealModel

extension WriteSession {
    /// A SELECT's rows are written as those of other sources are; other statements do the writing themselves.
    func perform(_ sql: String) throws(PopulationError) -> BatchResult {
        let isQuery = try run { () throws(MachineError) in try connection.queryColumns(sql) } != nil
        var result = BatchResult()
        let units = work.batch.isWhole ? [Unit(key: WorkLedger.whole)] : work.batch.units
        for unit in units {
            try run { () throws(MachineError) in try connection.execute("SAVEPOINT selfheal_unit") }
            var attempt = result
            var failure: SourceFailure?
            do throws(PopulationError) {
                let count =
                    try isQuery ? query(sql, unit, &attempt) : statements(sql, unit)
                attempt.rows += count
                if work.batch.isWhole { try requireVolume(count, isSQL: true) }
                try done(unit, rows: count)
                attempt.doneUnits += 1
            } catch {
                switch error {
                case .machine(let error) where error.isAboutRow:
                    failure = SourceFailure(.constraint, error.explanation)
                case .failure(let reason) where reason.kind == .constraint: failure = reason
                default: throw error
                }
            }
            if let failure {
                if work.batch.isWhole { throw .failure(failure) }
                try run { () throws(MachineError) in try connection.execute("ROLLBACK TO selfheal_unit") }
                result.failedUnits.append(.init(unit: unit, failure: failure))
            } else {
                result = attempt
            }
            try run { () throws(MachineError) in try connection.execute("RELEASE selfheal_unit") }
        }
        return result
    }

    private func parameters(_ unit: Unit) -> [String: SQLValue] {
        guard !work.batch.isWhole else { return [:] }
        var values: [String: SQLValue] = [:]
        for cell in unit.row { values[cell.column] = cell.value }
        values["key"] = unit.key
        return values
    }

    private func statements(_ sql: String, _ unit: Unit) throws(PopulationError) -> Int {
        try run { () throws(MachineError) in
            if work.batch.isWhole {
                if work.replacesAll { try rows.delete() }
            } else {
                try clear(unit.key)
            }
            let before = try connection.rows("SELECT total_changes()").first?.first?.integer ?? 0
            try connection.execute(sql, named: parameters(unit))
            let after = try connection.rows("SELECT total_changes()").first?.first?.integer ?? 0
            return Int(after - before)
        }
    }

    /// Its rows are put aside first: it may read the very table that they are written to.
    private func query(_ sql: String, _ unit: Unit, _ result: inout BatchResult) throws(PopulationError) -> Int {
        if let count = try straight(sql) { return count }
        let made = "_selfheal_made"
        let columns = try run { () throws(MachineError) in
            try connection.execute("DROP TABLE IF EXISTS temp.\(made)")
            try connection.execute("CREATE TEMP TABLE \(made) AS \(sql)", named: parameters(unit))
            if work.batch.isWhole {
                if work.replacesAll { try rows.delete() }
                try ledger.clearQuarantine(of: WorkLedger.whole)
            } else {
                try clear(unit.key)
            }
            return try connection.rows("SELECT name FROM pragma_table_info('\(made)', 'temp') ORDER BY cid")
                .compactMap { $0.first?.text }
        }
        let count: Int
        if let all = try allAtOnce(made, columns) {
            count = all
        } else {
            count = try oneByOne(made, columns, unit, &result)
        }
        try run { () throws(MachineError) in try connection.execute("DROP TABLE temp.\(made)") }
        return count
    }

    private func oneByOne(
        _ made: String, _ columns: [String], _ unit: Unit, _ result: inout BatchResult
    ) throws(PopulationError) -> Int {
        var references = OwnReferences(rows)
        while true {
            try run { () throws(MachineError) in try connection.execute("SAVEPOINT selfheal_rows") }
            var attempt = result
            let count = try oneByOne(made, columns, unit, &attempt, &references)
            let isSettled = try references.settle { number throws(PopulationError) in
                try page(made, columns, after: Int64(number) - 1, limit: 1).first.map { cells($0, columns, unit) }
            }
            guard !isSettled else {
                try run { () throws(MachineError) in try connection.execute("RELEASE selfheal_rows") }
                result = attempt
                return count
            }
            try run { () throws(MachineError) in
                try connection.execute("ROLLBACK TO selfheal_rows; RELEASE selfheal_rows")
            }
        }
    }

    private func oneByOne(
        _ made: String, _ columns: [String], _ unit: Unit, _ result: inout BatchResult,
        _ references: inout OwnReferences
    ) throws(PopulationError) -> Int {
        references.begin()
        var count = 0
        var last: Int64 = 0
        while true {
            let page = try page(made, columns, after: last, limit: 500)
            guard let end = page.last?.first?.integer else { return count }
            last = end
            for row in page {
                let number = Int(row.first?.integer ?? 0)
                let written = cells(row, columns, unit)
                let bad = try run { () throws(MachineError) -> RowWriter.BadRow? in
                    if let known = try references.refusal(number, written) { return known }
                    return try rows.write(written)
                }
                guard let bad else {
                    try run { () throws(MachineError) in try references.note(number, written) }
                    count += 1
                    continue
                }
                try refuse(bad, written, of: unit, &result)
            }
        }
    }

    /// Rows that were put aside, each after its number.
    private func page(
        _ made: String, _ columns: [String], after last: Int64, limit: Int
    ) throws(PopulationError) -> [[SQLValue]] {
        let names = columns.map(\.quotedName).joined(separator: ", ")
        return try run { () throws(MachineError) in
            try connection.rows(
                "SELECT rowid, \(names) FROM temp.\(made) WHERE rowid > ? ORDER BY rowid LIMIT \(limit)",
                [.integer(last)])
        }
    }

    private func cells(_ row: [SQLValue], _ columns: [String], _ unit: Unit) -> [Cell] {
        var cells = zip(columns, row.dropFirst()).map { Cell($0, $1) }
        if let unitColumn, !work.batch.isWhole { cells.set(unitColumn, unit.key) }
        return cells
    }

    /// Rows that take nobody's place need not be put aside: SQLite itself sees to a SELECT that reads what it is written to.
    /// - Returns: `nil` where that is not so, or one does not fit: nothing is written then.
    private func straight(_ sql: String) throws(PopulationError) -> Int? {
        guard work.batch.isWhole, writer.population.write != .merge, !rows.form.hasReferences else { return nil }
        do throws(MachineError) {
            guard let columns = try connection.queryColumns(sql), let own = ownNames(columns) else { return nil }
            if work.replacesAll {
                let there = try connection.rows("SELECT EXISTS (SELECT 1 FROM main.\(rows.target.quotedName))")
                guard there.first?.first?.integer == 0 else { return nil }
            }
            let into = own.map(\.quotedName).joined(separator: ", ")
            try connection.execute(
                "INSERT OR ABORT INTO main.\(rows.target.quotedName) (\(into)) \(sql)",
                named: parameters(Unit(key: .null)))
            let count = try connection.rows("SELECT changes()").first?.first?.integer ?? 0
            try ledger.clearQuarantine(of: WorkLedger.whole)
            return Int(count)
        } catch  where error.isAboutRow {
            return nil
        } catch {
            throw .machine(error)
        }
    }

    /// The table's names of a SELECT's columns; `nil` when one is not there, or is there twice.
    private func ownNames(_ columns: [String]) -> [String]? {
        let own = columns.compactMap(rows.form.column)
        return own.count == columns.count && Set(own).count == own.count ? own : nil
    }

    /// One statement for all rows, where none needs a look of its own.
    /// - Returns: `nil` where one does, or one does not fit: nothing is written then.
    private func allAtOnce(_ made: String, _ columns: [String]) throws(PopulationError) -> Int? {
        guard
            work.batch.isWhole
                || unitColumn.map({ name in
                    columns.contains { $0.asciiLowercased == name.asciiLowercased }
                }) ?? true, !rows.form.hasReferences
        else { return nil }
        guard let own = ownNames(columns) else { return nil }
        do throws(MachineError) {
            let from = columns.map(\.quotedName).joined(separator: ", ")
            let into = own.map(\.quotedName).joined(separator: ", ")
            try connection.execute(
                """
                INSERT OR ABORT INTO main.\(rows.target.quotedName) (\(into)) SELECT \(from) FROM temp.\(made) \
                WHERE true\(rows.conflict(own))
                """)
            return Int(try connection.rows("SELECT changes()").first?.first?.integer ?? 0)
        } catch  where error.isAboutRow {
            return nil
        } catch {
            throw .machine(error)
        }
    }

    private func refuse(
        _ bad: RowWriter.BadRow, _ cells: [Cell], of unit: Unit, _ result: inout BatchResult
    ) throws(PopulationError) {
        let message = writer.redact(bad.message)
        switch writer.population.onBadRow {
        case .skip: result.skippedRows += 1
        case .fail: throw .failure(SourceFailure(.constraint, message))
        case .quarantine:
            result.quarantinedRows += 1
            let content = JSONContent.object(cells.map { .init($0.column, JSONContent($0.value)) }).text
            try run { () throws(MachineError) in
                try ledger.quarantine(unit.key, bad.kind, message, content: content, at: writer.machine.now)
            }
        }
    }
}
