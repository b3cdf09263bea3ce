import Datasets
import HealKit
import HealModel

/// Writes what came of one batch: rows, ledger and counters in one transaction.
struct BatchWriter: Sendable {
    let dataset: Dataset
    let population: Population
    let machine: any ChangingMachine
    let redact: @Sendable (String) -> String
    /// Another table than the dataset's, while a new one is filled beside it.
    var target: String?

    /// What is written, and how it came about.
    struct Work: Sendable {
        var batch: UnitBatch
        var attempts = 1
        /// How long the source took.
        var took: Duration = .zero
        /// The generations of the parents that a dataset is made from as a whole.
        var parents: [String: Int64] = [:]
        /// Whether a dataset that is made as a whole loses its rows first.
        var replacesAll = false
    }

    /// Rows that a source has made.
    func write(_ spool: RowSpool, _ work: Work) async throws(SourceFailure) -> BatchResult {
        try await transaction(work) { session throws(PopulationError) in
            try session.write(spool)
        }
    }

    /// What SQL makes inside the database.
    func perform(_ sql: String, _ work: Work) async throws(SourceFailure) -> BatchResult {
        try await transaction(work) { session throws(PopulationError) in
            try session.perform(sql)
        }
    }

    private func transaction(
        _ work: Work, _ body: @escaping @Sendable (borrowing WriteSession) throws(PopulationError) -> BatchResult
    ) async throws(SourceFailure) -> BatchResult {
        let result: Result<BatchResult, SourceFailure>
        do throws(MachineError) {
            result = try await machine.changeDatabase(dataset.relation.database, timeLimit: population.timeout) {
                connection throws(MachineError) in
                try connection.execute("SAVEPOINT selfheal_batch")
                do throws(PopulationError) {
                    let session = try WriteSession(self, work, connection)
                    let result = try body(session)
                    try session.record(result)
                    return .success(result)
                } catch {
                    switch error {
                    case .machine(let error): throw error
                    case .failure(let failure):
                        try connection.execute("ROLLBACK TO selfheal_batch; RELEASE selfheal_batch")
                        return .failure(failure)
                    }
                }
            }
        } catch .cancelled {
            throw .stopped
        } catch {
            throw SourceFailure(error)
        }
        return try result.get()
    }
}

/// Why writing ended: the machine says so, or we do.
enum PopulationError: Error {
    case machine(MachineError)
    case failure(SourceFailure)
}

/// One transaction of a batch.
struct WriteSession {
    let writer: BatchWriter
    let work: BatchWriter.Work
    let connection: any ChangingConnection
    let ledger: WorkLedger
    let rows: RowWriter
    /// The dataset's column that says which unit a row is of.
    let unitColumn: String?

    init(
        _ writer: BatchWriter, _ work: BatchWriter.Work, _ connection: any ChangingConnection
    ) throws(PopulationError) {
        self.writer = writer
        self.work = work
        self.connection = connection
        let form = try machine { () throws(MachineError) in
            try TableForm(writer.dataset.relation.table, on: connection)
        }
        guard let form else {
            throw .failure(
                SourceFailure(
                    .dependency, "the table '\(writer.dataset.relation.table)' does not exist; auto-heal makes it"))
        }
        ledger = try machine { () throws(MachineError) in
            try WorkLedger(writer.dataset.name, writing: connection)
        }
        do throws(SourceFailure) {
            rows = try RowWriter(form, writer.population, target: writer.target, on: connection)
            unitColumn = try writer.population.unit.map { unit throws(SourceFailure) in
                try RowWriter.unitColumn(unit, in: form)
            } ?? nil
            if writer.population.write == .replace, writer.population.unit != nil, unitColumn == nil {
                throw SourceFailure(
                    .configuration,
                    "'write: replace' needs a column of '\(form.name)' that says which unit a row is of")
            }
        } catch {
            throw .failure(error)
        }
    }

    // MARK: Rows that a source has made

    func write(_ spool: RowSpool) throws(PopulationError) -> BatchResult {
        // A unit of which a row does not fit may have to be left out as a whole, which shows only on the way.
        var excluded: [SQLValue: SourceFailure] = [:]
        while true {
            try run { () throws(MachineError) in try connection.execute("SAVEPOINT selfheal_rows") }
            let before = excluded.count
            let result = try write(spool, leavingOut: &excluded)
            guard excluded.count > before else {
                try run { () throws(MachineError) in try connection.execute("RELEASE selfheal_rows") }
                return result
            }
            if work.batch.isWhole, let failure = excluded[WorkLedger.whole] { throw .failure(failure) }
            try run { () throws(MachineError) in
                try connection.execute("ROLLBACK TO selfheal_rows; RELEASE selfheal_rows")
            }
        }
    }

    private func write(
        _ spool: RowSpool, leavingOut excluded: inout [SQLValue: SourceFailure]
    ) throws(PopulationError) -> BatchResult {
        var result = BatchResult()
        var counts = try begin(leavingOut: excluded)
        let keys = UnitKeys(work.batch)
        var reader = spool.reader()
        while let row = try run({ () throws(MachineError) in try reader.next() }) {
            let unit: SQLValue
            var bad: RowWriter.BadRow?
            var cells = row.cells
            switch keys.unit(of: row, unitColumn) {
            case .known(let key):
                unit = key
                if let unitColumn { cells.set(unitColumn, key) }
            case .foreign(let key):
                unit = key
                bad = RowWriter.BadRow(kind: .parse, message: "it names a unit that was not asked for")
            case .none:
                let column = unitColumn.map { " ('\($0)')" } ?? ""
                throw .failure(SourceFailure(.parse, "a row does not say which unit it is of\(column)"))
            }
            if excluded[unit] != nil { continue }
            if bad == nil { bad = try run { () throws(MachineError) in try rows.write(cells) } }
            guard let bad else {
                counts[unit, default: 0] += 1
                result.rows += 1
                continue
            }
            let message = writer.redact(bad.message)
            switch writer.population.onBadRow {
            case .skip: result.skippedRows += 1
            case .quarantine:
                result.quarantinedRows += 1
                let content = JSONContent.object(row.cells.map { .init($0.column, JSONContent($0.value)) }).text
                try run { () throws(MachineError) in
                    try ledger.quarantine(unit, bad.kind, message, content: content, at: writer.machine.now)
                }
            case .fail:
                guard counts[unit] != nil else { throw .failure(SourceFailure(bad.kind, message)) }
                excluded[unit] = SourceFailure(bad.kind, message)
            }
        }
        try finish(&result, counts, excluded)
        return result
    }

    /// Takes away what units that are done again had.
    /// - Returns: the units that take part, with no rows each.
    private func begin(
        leavingOut excluded: [SQLValue: SourceFailure]
    ) throws(PopulationError) -> [SQLValue: Int] {
        var counts: [SQLValue: Int] = [:]
        if work.batch.isWhole {
            counts[WorkLedger.whole] = 0
            try run { () throws(MachineError) in
                if work.replacesAll { try rows.delete() }
                try ledger.clearQuarantine(of: WorkLedger.whole)
            }
        }
        for unit in work.batch.units where excluded[unit.key] == nil {
            counts[unit.key] = 0
            try run { () throws(MachineError) in try clear(unit.key) }
        }
        return counts
    }

    /// Rows that a unit had, so that none is there twice.
    private func clear(_ unit: SQLValue) throws(MachineError) {
        try ledger.clearQuarantine(of: unit)
        guard let unitColumn, writer.population.write != .merge else { return }
        if writer.population.write == .replace { return try rows.delete(unitColumn, unit) }
        if let entry = try ledger.entry(unit), entry.rowCount > 0 { try rows.delete(unitColumn, unit) }
    }

    private func finish(
        _ result: inout BatchResult, _ counts: [SQLValue: Int], _ excluded: [SQLValue: SourceFailure]
    ) throws(PopulationError) {
        if work.batch.isWhole {
            try requireVolume(result.rows)
            try done(Unit(key: WorkLedger.whole), rows: counts[WorkLedger.whole] ?? 0)
            result.doneUnits = 1
            return
        }
        for unit in work.batch.units {
            if let failure = excluded[unit.key] {
                result.failedUnits.append(.init(unit: unit, failure: failure))
            } else {
                try done(unit, rows: counts[unit.key] ?? 0)
                result.doneUnits += 1
            }
        }
    }

    /// What takes the place of everything must be enough: an empty answer is no reason to lose all rows.
    private func requireVolume(_ rows: Int) throws(PopulationError) {
        let least = writer.dataset.volume.minimumRows
        guard work.replacesAll, rows < least else { return }
        throw .failure(
            SourceFailure(
                .parse, "it gave \(rows) rows that fit, fewer than the \(least) that there must be; what was there stays"))
    }

    private func done(_ unit: Unit, rows: Int) throws(PopulationError) {
        try run { () throws(MachineError) in
            try ledger.set(
                unit.key,
                WorkLedger.Entry(
                    state: .done, rowCount: rows, attempts: work.attempts, version: unit.version ?? .null),
                at: writer.machine.now)
        }
    }

    // MARK: What SQL makes

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
                if work.batch.isWhole { try requireVolume(count) }
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
        var count = 0
        if let all = try allAtOnce(made, columns) {
            count = all
        } else {
            let names = columns.map(\.quotedName).joined(separator: ", ")
            var last: Int64 = 0
            while true {
                let page = try run { () throws(MachineError) in
                    try connection.rows(
                        "SELECT rowid, \(names) FROM temp.\(made) WHERE rowid > ? ORDER BY rowid LIMIT 500",
                        [.integer(last)])
                }
                guard let end = page.last?.first?.integer else { break }
                last = end
                for row in page {
                    var cells = zip(columns, row.dropFirst()).map { Cell($0, $1) }
                    if let unitColumn, !work.batch.isWhole { cells.set(unitColumn, unit.key) }
                    let written = cells
                    guard let bad = try run({ () throws(MachineError) in try rows.write(written) }) else {
                        count += 1
                        continue
                    }
                    try refuse(bad, written, of: unit, &result)
                }
            }
        }
        try run { () throws(MachineError) in try connection.execute("DROP TABLE temp.\(made)") }
        return count
    }

    /// One statement for all rows, where none needs a look of its own.
    /// - Returns: `nil` where one does, or one does not fit: nothing is written then.
    private func allAtOnce(_ made: String, _ columns: [String]) throws(PopulationError) -> Int? {
        guard work.batch.isWhole || unitColumn.map({ name in
            columns.contains { $0.lowercased() == name.lowercased() }
        }) ?? true, rows.form.foreignKeys.isEmpty else { return nil }
        let own = columns.compactMap(rows.form.column)
        guard own.count == columns.count, Set(own).count == own.count else { return nil }
        do throws(MachineError) {
            let from = columns.map(\.quotedName).joined(separator: ", ")
            let into = own.map(\.quotedName).joined(separator: ", ")
            try connection.execute(
                """
                INSERT OR ABORT INTO main.\(rows.target.quotedName) (\(into)) SELECT \(from) FROM temp.\(made) \
                WHERE true\(rows.conflict(own))
                """)
            return Int(try connection.rows("SELECT changes()").first?.first?.integer ?? 0)
        } catch where error.isAboutRow {
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

    // MARK: The dataset

    /// Notes the batch in the dataset's counters.
    func record(_ result: BatchResult) throws(PopulationError) {
        try run { () throws(MachineError) in
            if result.rows > 0 || work.replacesAll { try ledger.raiseGeneration() }
            if result.doneUnits > 0 {
                try ledger.notePopulated(at: writer.machine.now, units: result.doneUnits, took: work.took)
            }
            if work.batch.isWhole { try ledger.remember(parents: work.parents) }
        }
    }

    private func run<Value>(_ body: () throws(MachineError) -> Value) throws(PopulationError) -> Value {
        try machine(body)
    }
}

private func machine<Value>(_ body: () throws(MachineError) -> Value) throws(PopulationError) -> Value {
    do throws(MachineError) {
        return try body()
    } catch {
        throw .machine(error)
    }
}

/// The keys of a batch, as rows name them.
private struct UnitKeys {
    enum Match {
        case known(SQLValue)
        case foreign(SQLValue)
        case none
    }

    private let keys: Set<SQLValue>
    /// Programs make texts out of numbers, and we made texts out of blobs.
    private let written: [String: SQLValue]
    private let only: SQLValue?

    init(_ batch: UnitBatch) {
        keys = Set(batch.isWhole ? [WorkLedger.whole] : batch.units.map(\.key))
        written = Dictionary(keys.map { (Self.text($0), $0) }, uniquingKeysWith: { first, _ in first })
        only = keys.count == 1 ? keys.first : nil
    }

    func unit(of row: SourceRow, _ column: String?) -> Match {
        if only == WorkLedger.whole { return .known(WorkLedger.whole) }
        let name = column?.lowercased()
        let named = row.unit ?? row.cells.first { $0.column.lowercased() == name }?.value
        guard let named, !named.isNull else { return only.map { .known($0) } ?? .none }
        if keys.contains(named) { return .known(named) }
        if let key = written[Self.text(named)] { return .known(key) }
        return .foreign(named)
    }

    private static func text(_ value: SQLValue) -> String {
        switch value {
        case .text(let text): text
        case .blob: JSONContent(value).text.trimming("\"")
        default: JSONContent(value).text
        }
    }
}

extension String {
    fileprivate func trimming(_ character: Character) -> String {
        String(drop { $0 == character }.reversed().drop { $0 == character }.reversed())
    }
}

extension [Cell] {
    /// Gives a column its value, whatever it had.
    fileprivate mutating func set(_ column: String, _ value: SQLValue) {
        let name = column.lowercased()
        if let index = firstIndex(where: { $0.column.lowercased() == name }) {
            self[index].value = value
        } else {
            append(Cell(column, value))
        }
    }
}
