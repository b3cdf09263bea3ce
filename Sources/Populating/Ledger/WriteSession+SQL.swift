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
            try run { () throws(MachineError) in try connection.begin(Self.unit) }
            var attempt = result
            var failure: SourceFailure?
            do throws(PopulationError) {
                let count = try isQuery ? query(sql, unit, &attempt) : statements(sql, unit)
                attempt.rows += count
                if work.batch.isWhole { try requireVolume(count, attempt.reasons, isSQL: true) }
                if isQuery { try requireKept(unit, rows: count) }
                try done(unit, rows: count)
                attempt.doneUnits += 1
                try run { () throws(MachineError) in try connection.keep(Self.unit) }
            } catch {
                failure = try reason(error, unit)
            }
            if let failure {
                if work.batch.isWhole { throw .failure(failure) }
                result.failedUnits.append(.init(unit: unit, failure: failure))
            } else {
                result = attempt
            }
        }
        return result
    }

    /// Why a unit failed, when others can be done; nothing of it is left.
    private func reason(_ error: PopulationError, _ unit: Unit) throws(PopulationError) -> SourceFailure {
        let failure: SourceFailure
        let cause: MachineError
        switch error {
        case .machine(let error) where error.isAboutRow:
            failure = SourceFailure(.constraint, writer.redact(error.explanation))
            cause = error
        case .failure(let reason) where reason.kind == .constraint:
            failure = reason
            cause = .malfunction(subject: writer.place.table, reason: reason.message)
        default: throw error
        }
        guard try run({ () throws(MachineError) in try connection.undo(Self.unit) }) else {
            work.ending.note(
                EndingRows.Place(unit: unit.key), RowWriter.BadRow(kind: failure.kind, message: failure.message))
            throw .ended(cause)
        }
        return failure
    }

    private static let unit = "selfheal_unit"
    private static let all = "selfheal_all"

    private func parameters(_ unit: Unit) -> [String: SQLValue] {
        guard !work.batch.isWhole else { return [:] }
        var values: [String: SQLValue] = [:]
        for cell in unit.row { values[cell.column] = cell.value }
        values["key"] = unit.key
        return values
    }

    private func statements(_ sql: String, _ unit: Unit) throws(PopulationError) -> Int {
        if let reason = work.ending.reason(EndingRows.Place(unit: unit.key)) {
            throw .failure(SourceFailure(reason.kind, reason.message))
        }
        if work.batch.isWhole { try beginWhole() }
        return try run { () throws(MachineError) in
            if !work.batch.isWhole { try clear(unit.key) }
            return try connection.execute(sql, named: parameters(unit))
        }
    }

    /// Its rows are put aside first: it may read the very table that they are written to.
    private func query(_ sql: String, _ unit: Unit, _ result: inout BatchResult) throws(PopulationError) -> Int {
        if let count = try straight(sql) { return count }
        let made = "_selfheal_made"
        try run { () throws(MachineError) in
            try connection.execute("DROP TABLE IF EXISTS temp.\(made)")
            try connection.execute("CREATE TEMP TABLE \(made) AS \(sql)", named: parameters(unit))
        }
        if work.batch.isWhole { try beginWhole() }
        let columns = try run { () throws(MachineError) in
            if work.batch.isWhole {
                try ledger.clearQuarantine(of: WorkLedger.whole)
            } else {
                try clear(unit.key)
            }
            return try connection.rows("SELECT name FROM pragma_table_info('\(made)', 'temp') ORDER BY cid")
                .compactMap { $0.first?.text }
        }
        let count: Int
        if let all = try allAtOnce(made, columns, unit) {
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
                if let bad = try run({ () throws(MachineError) in try references.refusal(number, written) }) {
                    try refuse(bad, written, of: unit, &result)
                    continue
                }
                let place = EndingRows.Place(unit: unit.key, number: Int64(number), cells: written)
                switch try write(written, place) {
                case .written:
                    try run { () throws(MachineError) in try references.note(number, written) }
                    count += 1
                case .leftOut: break
                case .bad(let bad): try refuse(bad, written, of: unit, &result)
                }
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
        return try together { () throws(MachineError) -> Int? in
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
        }
    }

    /// Writes several rows at once.
    /// - Returns: `nil` where that cannot be, or one does not fit: nothing is written then.
    private func together(_ body: () throws(MachineError) -> Int?) throws(PopulationError) -> Int? {
        guard !work.ending.isOneByOne else { return nil }
        try run { () throws(MachineError) in try connection.begin(Self.all) }
        do throws(MachineError) {
            let count = try body()
            try connection.keep(Self.all)
            return count
        } catch  where error.isAboutRow {
            guard try run({ () throws(MachineError) in try connection.undo(Self.all) }) else {
                work.ending.noteSome()
                throw .ended(error)
            }
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
    private func allAtOnce(_ made: String, _ columns: [String], _ unit: Unit) throws(PopulationError) -> Int? {
        guard !rows.form.hasReferences, let own = ownNames(columns) else { return nil }
        if let unitColumn, !work.batch.isWhole {
            // Whatever it says: the rows are this unit's.
            guard let name = columns.first(where: { $0.asciiLowercased == unitColumn.asciiLowercased }) else {
                return nil
            }
            let others = try run { () throws(MachineError) in
                try connection.rows(
                    "SELECT 1 FROM temp.\(made) WHERE +\(name.quotedName) COLLATE BINARY IS NOT ? LIMIT 1", [unit.key])
            }
            guard others.isEmpty else { return nil }
        }
        // One without its key is refused by itself.
        for key in rows.neededKey {
            guard let index = own.firstIndex(of: key) else { return nil }
            let keyless = try run { () throws(MachineError) in
                try connection.rows("SELECT 1 FROM temp.\(made) WHERE \(columns[index].quotedName) IS NULL LIMIT 1")
            }
            guard keyless.isEmpty else { return nil }
        }
        return try together { () throws(MachineError) -> Int? in
            let from = columns.map(\.quotedName).joined(separator: ", ")
            let into = own.map(\.quotedName).joined(separator: ", ")
            try connection.execute(
                """
                INSERT OR ABORT INTO main.\(rows.target.quotedName) (\(into)) SELECT \(from) FROM temp.\(made) \
                WHERE true\(rows.conflict(own))
                """)
            return Int(try connection.rows("SELECT changes()").first?.first?.integer ?? 0)
        }
    }

    private func refuse(
        _ bad: RowWriter.BadRow, _ cells: [Cell], of unit: Unit, _ result: inout BatchResult
    ) throws(PopulationError) {
        let message = writer.redact(bad.message)
        result.reasons.add(message)
        switch writer.population.onBadRow {
        case .skip: result.skippedRows += 1
        case .fail: throw .failure(SourceFailure(.constraint, message))
        case .quarantine:
            result.quarantinedRows += 1
            let content = KeptRow.text(cells)
            try run { () throws(MachineError) in
                try ledger.quarantine(
                    unit.key, bad.kind, message, content: QuarantinedContent.redacted(content, writer.hide),
                    at: writer.machine.now)
            }
        }
    }
}
