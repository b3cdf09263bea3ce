import Datasets
import HealKit
import HealModel

/// The work on one dataset, from a look at what is pending to the last batch.
struct DatasetWork: Sendable {
    let dataset: Dataset
    let population: Population
    let parents: [Dataset]
    let tools: PopulationTools
    let limits: SharedLimits
    let circuits: Circuits
    let options: PopulationOptions
    let place: WorkPlace
    let tally: Tally
    let started: Duration

    init(
        _ dataset: Dataset, _ population: Population, parents: [Dataset], _ tools: PopulationTools,
        _ limits: SharedLimits, _ circuits: Circuits, _ options: PopulationOptions, place: WorkPlace? = nil,
        tally: Tally = Tally()
    ) {
        self.tally = tally
        self.place = place ?? WorkPlace(dataset)
        self.dataset = dataset
        self.population = population
        self.parents = parents
        self.tools = tools
        self.limits = limits
        self.circuits = circuits
        self.options = options
        started = tools.clock.now
    }

    var writer: BatchWriter {
        BatchWriter(
            dataset: dataset, population: population, machine: tools.machine, redact: tools.redact,
            hide: tools.hide, place: place)
    }

    /// Looks at databases and changes of them, which wait for whoever else has them locked.
    var insistence: Insistence {
        Insistence(dataset: dataset.name, policy: population.retry, tools: tools, tally: tally)
    }

    /// Never throws: what went wrong is in the outcome.
    func perform() async -> DatasetOutcome {
        do throws(SourceFailure) {
            let source: (any RowSource)?
            if case .sql = population.source {
                source = nil
            } else {
                source = try tools.makeSource(dataset, population.source)
            }
            if let unit = population.unit {
                try await performUnits(unit, source)
            } else {
                try await performWhole(source)
            }
        } catch {
            tally.fail(tools.redacted(error), isFatal: true)
        }
        return await outcome()
    }

    /// What the tally says, before anybody counts rows.
    var told: DatasetOutcome {
        let progress = tally.progress
        var outcome = DatasetOutcome(dataset.name, .done, progress: progress, tried: tally.tried)
        if tools.isStopped() || tally.failure == .stopped {
            outcome.result = .interrupted
            return outcome
        }
        outcome.failure = tally.failure
        let isDone = progress.finished > progress.failedUnits
        if tally.isFatal || progress.failedUnits > 0 || tally.failure != nil {
            outcome.result = isDone ? .incomplete : .failed
        } else if !isDone {
            outcome.result = .unneeded
        }
        return outcome
    }

    private func outcome() async -> DatasetOutcome {
        var outcome = told
        let progress = outcome.progress
        // Where so many were added just now, they are there.
        let isKnown = population.write != .merge && progress.rows >= dataset.volume.minimumRows
        if outcome.isGood, !place.isNew, !isKnown,
            let rows = try? await insistence.perform({ () async throws(SourceFailure) in
                try await Population.countRows(of: dataset, on: tools.machine)
            }),
            rows < dataset.volume.minimumRows
        {
            outcome.result = progress.finished > progress.failedUnits ? .incomplete : .failed
            let has = "it has \(rows) of the \(dataset.volume.minimumRows) rows that it must have"
            if case .sql = population.source, progress.rows == 0, progress.quarantinedRows == 0 {
                // What it reads from has none for it, and only others can change that.
                outcome.failure = SourceFailure(.dependency, "its SQL gave no rows, and \(has)")
            } else {
                let why = tally.reasons.main.map { "; rows did not fit: \($0)" } ?? ""
                outcome.failure = SourceFailure(.constraint, "all of its work is done, and \(has)\(why)")
            }
        }
        return outcome
    }

    // MARK: Units

    private func performUnits(_ unit: WorkUnit, _ source: (any RowSource)?) async throws(SourceFailure) {
        guard let parent = parents.first(where: { $0.name == unit.parent }) else {
            throw SourceFailure(.configuration, "there is no dataset '\(unit.parent)' to take units from")
        }
        let finder = UnitFinder(
            dataset: dataset, place: place, unit: unit, parent: parent.relation, machine: tools.machine,
            waitsForNextAttempt: options.waitsForNextAttempt)
        let began = tools.machine.now
        let layout = try await insistence.perform { () async throws(SourceFailure) in try await finder.layout() }
        let counts = try await insistence.perform { () async throws(SourceFailure) in try await finder.count(layout) }
        let fault = counts.faults.words(layout.key, of: unit.parent).map { SourceFailure(.constraint, $0) }
        // Which of several rows is meant nobody knows, and what is not complete does not take the place of what is there.
        if let fault, counts.faults.repeated > 0 || place.isNew { throw fault }
        let prepared = try await reconcile()
        if prepared.forgotten > 0 { tally.note("found the rows of \(CountWords.units(prepared.forgotten)) lost") }
        if let fault { tally.fail(fault) }
        // Without a column that says so, rows are of the one unit that was given.
        let size = source != nil && prepared.unitColumn == nil ? 1 : population.batch
        let concurrency = population.concurrency.limit
        let slots = Slots(concurrency)
        let pending = try await insistence.perform { () async throws(SourceFailure) in
            try await PendingUnits(finder, layout)
        }
        tally.begin(afterFailureAt: pending.lastFailure)
        var position = PendingUnits.Position.start
        var hasBegun = false
        while !tools.isStopped(), !tally.isFatal {
            let after = position
            let (units, end) = try await insistence.perform { () async throws(SourceFailure) in
                try await pending.page(after: after, limit: max(1000, size * concurrency))
            }
            guard !units.isEmpty else { break }
            position = end
            if !hasBegun {
                hasBegun = true
                let total = max(units.count, counts.units - prepared.finished)
                tally.begin(total: total)
                tools.observe(.begins(dataset: dataset.name, total: total))
            }
            try await perform(units, in: size, finder, layout, source, slots, prepared.unitColumn)
        }
        tally.end()
        if hasBegun { await release() }
        if options.waitsForNextAttempt, !tools.isStopped() { try await noteWaiting(since: began) }
    }

    /// Units that are left alone until their time has come are as little done as those that fail.
    private func noteWaiting(since began: Int64) async throws(SourceFailure) {
        let name = place.ledger
        let waiting = try await tools.machine.reading(dataset.relation.database) { connection throws(MachineError) in
            try WorkLedger(name, reading: connection).waiting(since: began)
        }
        guard let waiting else { return }
        let (verb, what) = waiting.count == 1 ? ("waits", "it") : ("wait", "them")
        let words =
            "\(CountWords.units(waiting.count)) that failed before \(verb) until "
            + "\(Timestamp.readable(milliseconds: waiting.until)) UTC; 'selfheal data heal \(dataset.name)' tries \(what) at once"
        // What failed just now says more.
        if tally.failure == nil { tally.fail(SourceFailure(waiting.kind, words)) } else { tally.note(words) }
    }

    private func perform(
        _ found: [UnitFinder.Found], in size: Int, _ finder: UnitFinder, _ layout: UnitFinder.Layout,
        _ source: (any RowSource)?, _ slots: Slots, _ unitColumn: String?
    ) async throws(SourceFailure) {
        // Whoever looks sees what is being worked on. SQL is done with in one transaction.
        if source != nil { try await claim(found) }
        var failure: SourceFailure?
        await withTaskGroup(of: Void.self) { group in
            var running = 0
            for start in stride(from: 0, to: found.count, by: size) {
                if tools.isStopped() || tally.isFatal { break }
                if running >= population.concurrency.limit {
                    await group.next()
                    running -= 1
                }
                let units: [Unit]
                do throws(SourceFailure) {
                    let next = Array(found[start..<min(start + size, found.count)])
                    units = try await insistence.perform(units: next.count) { () async throws(SourceFailure) in
                        try await finder.units(next, layout)
                    }
                } catch {
                    failure = error
                    break
                }
                if units.isEmpty { continue }
                let batch = UnitBatch(units: units, unitColumn: unitColumn)
                running += 1
                group.addTask { await BatchWork(self, source, slots).perform(batch) }
            }
        }
        if let failure { throw failure }
    }

    private func reconcile() async throws(SourceFailure) -> Reconciliation.Prepared {
        try await insistence.perform { () async throws(SourceFailure) in
            try await Reconciliation(dataset: dataset, population: population, place: place, machine: tools.machine)
                .perform()
        }
    }

    private func claim(_ found: [UnitFinder.Found]) async throws(SourceFailure) {
        let units = found.map { Unit(key: $0.key, version: $0.version) }
        try await changing { ledger, now throws(MachineError) in try ledger.claim(units, at: now) }
    }

    /// What was claimed and not done is pending again.
    private func release() async {
        do throws(SourceFailure) {
            try await changing(isPatient: false) { ledger, now throws(MachineError) in try ledger.release(at: now) }
        } catch {
            // The next run does it.
        }
    }

    /// - Parameter isPatient: whether a lock is waited for more than once.
    func changing(
        isPatient: Bool = true, _ body: @escaping @Sendable (WorkLedger, Int64) throws(MachineError) -> Void
    ) async throws(SourceFailure) {
        let queue = await limits.queue(dataset.relation.database.text)
        let name = place.ledger
        let machine = tools.machine
        try await insistence.perform(after: isPatient ? [.lock] : []) { () async throws(SourceFailure) in
            await queue.take()
            do throws(MachineError) {
                try await machine.changeDatabase(dataset.relation.database) { connection throws(MachineError) in
                    try body(try WorkLedger(name, writing: connection), machine.now)
                }
                await queue.give()
            } catch {
                await queue.give()
                throw error == .cancelled ? .stopped : SourceFailure(error)
            }
        }
    }

    // MARK: As a whole

    private func performWhole(_ source: (any RowSource)?) async throws(SourceFailure) {
        let whole = WholeNeed(dataset: dataset, parents: parents, machine: tools.machine)
        let need = try await insistence.perform { () async throws(SourceFailure) in
            try await whole.look(
                isForced: options.forced.contains(dataset.name), write: population.write, isSQL: source == nil)
        }
        guard need.isNeeded || place.isNew else { return }
        // What SQL does is looked at in the transaction that it runs in.
        if source != nil {
            _ = try await reconcile()
            if need.replacesAll, population.write == .append, !place.isNew { try await whole.requireOwnRows() }
        }
        tally.begin(total: 1)
        tools.observe(.begins(dataset: dataset.name, total: 1))
        await BatchWork(self, source, Slots(1), parents: need.parents, replacesAll: need.replacesAll && !place.isNew)
            .perform(UnitBatch())
    }
}

extension Population {
    /// How many rows a dataset has, counted only until there are enough; 0 when its table or database is missing.
    static func countRows(of dataset: Dataset, on machine: any ChangingMachine) async throws(SourceFailure) -> Int {
        do throws(SourceFailure) {
            return try await machine.reading(dataset.relation.database) { connection throws(MachineError) in
                try countRows(of: dataset, connection)
            }
        } catch  where error.kind == .dependency {
            return 0
        }
    }

    /// The same through a connection.
    static func countRows(of dataset: Dataset, _ connection: any SQLConnection) throws(MachineError) -> Int {
        guard let form = try TableForm(dataset.relation.table, on: connection) else { return 0 }
        let limit = dataset.volume.minimumRows
        let rows = try connection.rows(
            "SELECT count(*) FROM (SELECT 1 FROM main.\(form.name.quotedName) LIMIT \(limit))")
        return Int(rows.first?.first?.integer ?? 0)
    }
}
