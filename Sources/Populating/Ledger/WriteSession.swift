import Datasets
import HealKit
import HealModel

/// Why writing ended: the machine says so, or we do.
enum PopulationError: Error {
    case machine(MachineError)
    case failure(SourceFailure)
    /// A statement has ended the transaction, and with it all that was done in it.
    case ended(MachineError)
}

/// One transaction of a batch.
struct WriteSession {
    let writer: BatchWriter
    let work: BatchWriter.Work
    let connection: any ChangingConnection
    let ledger: WorkLedger
    let rows: RowWriter
    /// Milliseconds since 1970.
    private let began: Int64
    /// The dataset's column that says which unit a row is of.
    let unitColumn: String?
    /// The same, where a trigger may change what it says.
    private let watchedColumn: KeyColumn?
    /// Whether all rows will be ours, of a dataset that is appended to as a whole.
    private let isAlone: Bool
    /// What refers to rows that are replaced.
    private let references: ReferenceWatch?

    /// - Parameter hasLedger: whether the ledger's tables are known to be there.
    init(
        _ writer: BatchWriter, _ work: BatchWriter.Work, _ connection: any ChangingConnection, hasLedger: Bool = false
    ) throws(PopulationError) {
        self.writer = writer
        self.work = work
        self.connection = connection
        began = writer.machine.now
        let form = try machine { () throws(MachineError) in
            try TableForm(writer.dataset.relation.table, on: connection)
        }
        guard let form else {
            throw .failure(
                SourceFailure(
                    .dependency, "the table '\(writer.dataset.relation.table)' does not exist; auto-heal makes it"))
        }
        if form.isView {
            throw .failure(SourceFailure(.configuration, "'\(form.name)' is a view: nothing can be written to it"))
        }
        ledger = try machine { () throws(MachineError) in
            try WorkLedger(writer.place.ledger, writing: connection, isThere: hasLedger)
        }
        do throws(SourceFailure) {
            rows = try RowWriter(form, writer.population, target: writer.place.table, on: connection)
            unitColumn =
                try writer.population.unit.map { unit throws(SourceFailure) in
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
        if let unitColumn, rows.target == form.name, !work.batch.isWhole,
            writer.population.keepsUnits(by: unitColumn, primaryKey: form.primaryKey)
        {
            let column = KeyColumn(unitColumn, of: form, on: connection)
            watchedColumn = try machine { () throws(MachineError) in try column.hasTriggers() } ? column : nil
        } else {
            watchedColumn = nil
        }
        let target = rows.target.quotedName
        let replaced = work.replacesAll ? rows.target : nil
        references = try machine { () throws(MachineError) in
            guard let replaced,
                try connection.rows("SELECT EXISTS (SELECT 1 FROM main.\(target))").first?.first?.integer == 1
            else { return nil }
            return try ReferenceWatch(replaced, on: connection)
        }
        isAlone =
            if !work.batch.isWhole || writer.place.isNew || writer.population.write != .append {
                false
            } else if work.replacesAll {
                true
            } else {
                try machine { () throws(MachineError) in
                    try connection.rows("SELECT EXISTS (SELECT 1 FROM main.\(target))").first?.first?.integer == 0
                }
            }
    }

    // MARK: Rows that a source has made

    func write(_ spool: RowSpool) throws(PopulationError) -> BatchResult {
        // A unit of which a row does not fit may have to be left out as a whole, which shows only on the way.
        var excluded: [SQLValue: SourceFailure] = [:]
        var references = OwnReferences(rows)
        while true {
            try run { () throws(MachineError) in try connection.execute("SAVEPOINT selfheal_rows") }
            let before = excluded.count
            let result = try write(spool, leavingOut: &excluded, &references)
            let isSettled = excluded.count == before ? try settle(&references, spool) : false
            guard !isSettled else {
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
        _ spool: RowSpool, leavingOut excluded: inout [SQLValue: SourceFailure], _ references: inout OwnReferences
    ) throws(PopulationError) -> BatchResult {
        var result = BatchResult()
        references.begin()
        var counts = try begin(leavingOut: excluded)
        let keys = UnitKeys(work.batch)
        var reader = spool.reader()
        var number = 0
        while let row = try run({ () throws(MachineError) in try reader.next() }) {
            number += 1
            let unit: SQLValue
            var isForeign = false
            var bad: RowWriter.BadRow?
            var cells = row.cells
            switch keys.unit(of: row, unitColumn) {
            case .known(let key):
                unit = key
                if let unitColumn { cells.set(unitColumn, key) }
            case .foreign(let key):
                unit = key
                isForeign = true
                bad = RowWriter.BadRow(kind: .parse, message: "it names a unit that was not asked for")
            case .none:
                let column = unitColumn.map { " ('\($0)')" } ?? ""
                throw .failure(SourceFailure(.parse, "a row does not say which unit it is of\(column)"))
            }
            if excluded[unit] != nil { continue }
            if bad == nil { bad = try run { () throws(MachineError) in try references.refusal(number, cells) } }
            if bad == nil {
                switch try write(cells, EndingRows.Place(unit: unit, number: Int64(number), cells: cells)) {
                case .written:
                    try run { () throws(MachineError) in try references.note(number, cells) }
                    counts[unit, default: 0] += 1
                    result.rows += 1
                case .leftOut: break
                case .bad(let reason): bad = reason
                }
            }
            guard let bad else { continue }
            let message = writer.redact(bad.message)
            if writer.population.onBadRow != .fail { result.reasons.add(message) }
            switch writer.population.onBadRow {
            case .skip: result.skippedRows += 1
            case .quarantine:
                let content = QuarantinedContent.redacted(KeptRow.text(row.cells), writer.hide)
                // A unit that is done again loses what was set aside of it; of others, it may have been set aside before.
                let isKnown = try run { () throws(MachineError) in
                    isForeign ? try ledger.isAside(unit, content) : false
                }
                if isKnown { continue }
                result.quarantinedRows += 1
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

    /// Writes a row, unless that has ended the transaction before.
    func write(
        _ cells: [Cell], _ place: @autoclosure () -> EndingRows.Place
    ) throws(PopulationError) -> RowWriter.Outcome {
        if let reason = work.ending.reason(place()) { return .bad(reason) }
        do throws(MachineError) {
            return try rows.write(cells)
        } catch  where error.isAboutRow {
            work.ending.note(place(), RowWriter.BadRow(kind: .constraint, message: error.rowMessage))
            throw .ended(error)
        } catch {
            throw .machine(error)
        }
    }

    /// Whether the rows refer to something, now that all of them are written.
    private func settle(
        _ references: inout OwnReferences, _ spool: RowSpool
    ) throws(PopulationError) -> Bool {
        guard !references.isSettled else { return true }
        let keys = UnitKeys(work.batch)
        var reader = spool.reader()
        var position = 0
        return try references.settle { number throws(PopulationError) in
            while let row = try run({ () throws(MachineError) in try reader.next() }) {
                position += 1
                guard position == number else { continue }
                var cells = row.cells
                if case .known(let key) = keys.unit(of: row, unitColumn), let unitColumn { cells.set(unitColumn, key) }
                return cells
            }
            return nil
        }
    }

    /// Takes away what units that are done again had.
    /// - Returns: the units that take part, with no rows each.
    private func begin(
        leavingOut excluded: [SQLValue: SourceFailure]
    ) throws(PopulationError) -> [SQLValue: Int] {
        var counts: [SQLValue: Int] = [:]
        if work.batch.isWhole {
            counts[WorkLedger.whole] = 0
            try beginWhole()
            try run { () throws(MachineError) in try ledger.clearQuarantine(of: WorkLedger.whole) }
        }
        for unit in work.batch.units where excluded[unit.key] == nil {
            counts[unit.key] = 0
            try run { () throws(MachineError) in try clear(unit.key) }
        }
        return counts
    }

    /// Takes away what a dataset that is made again as a whole had; with `append` nothing that was not written here.
    func beginWhole() throws(PopulationError) {
        guard work.replacesAll else { return }
        if writer.population.write == .append {
            let failure = try run { () throws(MachineError) in
                try WholeNeed.foreignRows(of: writer.dataset, connection, hasLedger: true)
            }
            if let failure { throw .failure(failure) }
        }
        try run { () throws(MachineError) in try rows.delete() }
    }

    /// Rows that a unit had, so that none is there twice.
    func clear(_ unit: SQLValue) throws(MachineError) {
        try ledger.clearQuarantine(of: unit)
        guard let unitColumn, writer.population.write != .merge else { return }
        if writer.population.write == .replace { return try rows.delete(unitColumn, unit) }
        if let entry = try ledger.entry(unit), entry.rowCount > 0 { try rows.delete(unitColumn, unit) }
    }

    private func finish(
        _ result: inout BatchResult, _ counts: [SQLValue: Int], _ excluded: [SQLValue: SourceFailure]
    ) throws(PopulationError) {
        if work.batch.isWhole {
            try requireVolume(result.rows, result.reasons)
            try done(Unit(key: WorkLedger.whole), rows: counts[WorkLedger.whole] ?? 0)
            result.doneUnits = 1
            return
        }
        for unit in work.batch.units {
            if let failure = excluded[unit.key] {
                result.failedUnits.append(.init(unit: unit, failure: failure))
            } else {
                try requireKept(unit, rows: counts[unit.key] ?? 0)
                try done(unit, rows: counts[unit.key] ?? 0)
                result.doneUnits += 1
            }
        }
    }

    /// What takes the place of everything must be enough: an empty answer is no reason to lose all rows.
    /// - Parameter isSQL: it is asked again only when what it reads from has changed, which nobody waits for.
    func requireVolume(_ rows: Int, _ reasons: RowReasons, isSQL: Bool = false) throws(PopulationError) {
        let least = writer.dataset.volume.minimumRows
        guard work.replacesAll, rows < least else { return }
        let gave = rows == 0 ? "no rows" : CountWords.rows(rows)
        let why = reasons.main.map { "; rows did not fit: \($0)" } ?? ""
        throw .failure(
            SourceFailure(
                isSQL ? .dependency : .parse,
                "\(isSQL ? "its SQL" : "it") gave \(gave) that fit, fewer than the \(least) that there must be; what was "
                    + "there stays\(why)"))
    }

    /// Rows that cannot be found by their unit's key would be there twice when it is done again.
    func requireKept(_ unit: Unit, rows count: Int) throws(PopulationError) {
        guard let watchedColumn, count > 0 else { return }
        if try run({ () throws(MachineError) in try !watchedColumn.hasRows(of: unit.key) }) {
            throw .failure(watchedColumn.unkept)
        }
    }

    func done(_ unit: Unit, rows: Int) throws(PopulationError) {
        try run { () throws(MachineError) in
            try ledger.set(
                unit.key,
                WorkLedger.Entry(
                    state: .done, rowCount: rows, attempts: work.attempts, version: unit.version ?? .null),
                at: writer.machine.now)
        }
    }

    // MARK: The dataset

    /// Rows that others refer to may be gone only when nobody misses them.
    func requireReferences() throws(PopulationError) {
        guard let references else { return }
        if let failure = try run({ () throws(MachineError) in try references.failure() }) { throw .failure(failure) }
    }

    /// Notes the batch in the dataset's counters.
    func record(_ result: BatchResult) throws(PopulationError) {
        try run { () throws(MachineError) in
            if result.rows > 0 || work.replacesAll { try ledger.raiseGeneration() }
            if result.doneUnits > 0 {
                try ledger.notePopulated(
                    at: writer.machine.now, units: result.doneUnits,
                    took: work.took + .milliseconds(max(0, writer.machine.now - began)))
            }
            if work.batch.isWhole {
                let proof = isAlone && result.rows > 0 ? try TableProof(of: rows.form, on: connection) : nil
                try ledger.remember(.init(parents: work.parents, proof: proof))
            }
        }
    }

    func run<Value>(_ body: () throws(MachineError) -> Value) throws(PopulationError) -> Value {
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
