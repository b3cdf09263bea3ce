import Datasets
import HealKit
import HealModel

/// One batch, from the source to the database, and what is done when that fails.
struct BatchWork: Sendable {
    private let work: DatasetWork
    private let source: (any RowSource)?
    private let slots: Slots
    private let parents: [String: Generation]
    private let replacesAll: Bool

    init(
        _ work: DatasetWork, _ source: (any RowSource)?, _ slots: Slots, parents: [String: Generation] = [:],
        replacesAll: Bool = false
    ) {
        self.work = work
        self.source = source
        self.slots = slots
        self.parents = parents
        self.replacesAll = replacesAll
    }

    private var tools: PopulationTools { work.tools }
    private var tally: Tally { work.tally }
    private var policy: RetryPolicy { work.population.retry }
    private var name: String { work.dataset.name }

    func perform(_ batch: UnitBatch) async {
        // Halves wait here; a batch that is halved has at most as many as it has units.
        var rest = [batch]
        while let next = rest.popLast() {
            if let halves = await performOne(next) { rest += halves.reversed() }
        }
    }

    /// - Returns: its halves, if those are to be tried.
    private func performOne(_ batch: UnitBatch) async -> [UnitBatch]? {
        var attempt = 1
        while true {
            guard !tools.isStopped(), !tally.isFatal else { return nil }
            let pass = await pass()
            if case .refused(let refusal) = pass {
                tally.fail(refusal)
                tally.noteUntried(max(1, batch.units.count))
                return nil
            }
            // That may have taken long.
            guard !tools.isStopped(), !tally.isFatal else {
                if pass == .probe { await abandonProbe() }
                return nil
            }
            if pass == .probe { tally.noteProbe() }
            let failure: SourceFailure
            do throws(SourceFailure) {
                let result = try await attemptOnce(batch, attempt)
                await noteAnswer()
                await finish(batch, result, attempt)
                return nil
            } catch {
                if error == .stopped {
                    if pass == .probe { await abandonProbe() }
                    tally.fail(.stopped)
                    return nil
                }
                failure = tools.redacted(error)
            }
            let response = response(to: failure, batch, attempt)
            await noteFailure(failure, response, isProbe: pass == .probe)
            switch response {
            case .stop:
                await fail(batch, failure, attempt, isFatal: true)
                return nil
            case .halve:
                tally.noteHalving()
                tools.observe(.halves(dataset: name, units: batch.units.count, failure))
                await slow(failure)
                return halves(of: batch)
            case .giveUp:
                await fail(batch, failure, attempt, isFatal: false)
                return nil
            case .retry(let delay):
                if let origin = source?.origin, failure.retryAfter != nil {
                    await work.circuits.rest(origin, until: tools.clock.now + delay)
                }
                await slow(failure)
                tally.noteRetry(failure.kind)
                tools.observe(
                    .retries(
                        dataset: name, attempt: attempt + 1, of: policy.maxAttempts, units: max(1, batch.units.count),
                        failure, after: delay))
                await tools.clock.sleep(for: delay, unless: tools.isStopped)
                attempt += 1
            }
        }
    }

    // MARK: Trying

    private func attemptOnce(_ batch: UnitBatch, _ attempt: Int) async throws(SourceFailure) -> BatchResult {
        if let origin = source?.origin {
            let rest = await work.circuits.rest(origin) - tools.clock.now
            if rest > .zero { await tools.clock.sleep(for: rest, unless: tools.isStopped) }
        }
        // Always in this order, so that nobody waits in a circle.
        let pool = await work.limits.pool(work.population.concurrency.pool)
        await slots.take()
        await pool?.take()
        let ticket = await work.limits.jobs.take()
        let result = await captured { () throws(SourceFailure) in try await make(batch, attempt) }
        await work.limits.jobs.give(ticket)
        await pool?.give()
        await slots.give()
        return try result.get()
    }

    private func make(_ batch: UnitBatch, _ attempt: Int) async throws(SourceFailure) -> BatchResult {
        if tools.isStopped() { throw .stopped }
        let began = tools.clock.now
        var task = BatchWriter.Work(batch: batch, attempts: attempt, parents: parents, replacesAll: replacesAll)
        guard let source else {
            guard case .sql(let sql) = work.population.source else { return BatchResult() }
            return try await writing(batch) { () async throws(SourceFailure) in
                try await work.writer.perform(sql, task)
            }
        }
        let spool = RowSpool(machine: tools.machine)
        let context = SourceContext(
            dataset: name, machine: tools.machine, timeout: work.population.timeout, attempt: attempt,
            redact: tools.redact)
        try await source.rows(for: batch, to: spool, in: context)
        task.took = tools.clock.now - began
        let made = task
        return try await writing(batch) { () async throws(SourceFailure) in try await work.writer.write(spool, made) }
    }

    /// What the database cannot do just now is tried again with the rows that there are.
    private func writing(
        _ batch: UnitBatch, _ body: () async throws(SourceFailure) -> BatchResult
    ) async throws(SourceFailure) -> BatchResult {
        let queue = await work.limits.queue(work.dataset.relation.database.text)
        do throws(SourceFailure) {
            // Fewer rows at once may fit.
            return try await work.insistence.perform(
                after: batch.units.count > 1 ? [.lock] : [.lock, .resource], units: max(1, batch.units.count)
            ) { () async throws(SourceFailure) in
                await queue.take()
                let result = await captured { () throws(SourceFailure) in try await body() }
                await queue.give()
                return try result.get()
            }
        } catch {
            var failure = error
            failure.isOfWriting = error != .stopped
            throw failure
        }
    }

    // MARK: What failures mean

    private enum Response: Equatable {
        /// Nothing more of this dataset.
        case stop
        case halve
        case retry(after: Duration)
        case giveUp
    }

    private func response(to failure: SourceFailure, _ batch: UnitBatch, _ attempt: Int) -> Response {
        if failure.kind.isNeverRetried || failure.kind == .dependency { return .stop }
        if failure.isOfWriting {
            // It was tried again with the same rows; with those of other units it would be no better.
            if failure.kind == .lock || (failure.kind == .resource && batch.units.count <= 1) { return .stop }
        }
        // One unit may be to blame, or there are too many at once: whoever is alone shows it.
        switch failure.kind {
        case .parse, .timeout, .resource, .constraint, .unknown:
            if batch.units.count > 1 { return .halve }
        default: break
        }
        guard policy.classes.contains(failure.kind), attempt < policy.maxAttempts else { return .giveUp }
        var delay = policy.delay(after: attempt, random: tools.random())
        if let wanted = failure.retryAfter {
            // Whoever wants to be left alone for longer than this run may wait is asked by a later one.
            guard wanted <= max(policy.maxDelay, work.population.timeout) else { return .giveUp }
            delay += wanted
        }
        return .retry(after: delay)
    }

    private func halves(of batch: UnitBatch) -> [UnitBatch] {
        let middle = batch.units.count / 2
        return [batch.units[..<middle], batch.units[middle...]].map {
            UnitBatch(units: Array($0), unitColumn: batch.unitColumn)
        }
    }

    /// Where there is too much at once, there is less from now on.
    private func slow(_ failure: SourceFailure) async {
        guard failure.kind == .rateLimit || failure.kind == .resource, !failure.isOfWriting,
            let left = await slots.halve()
        else { return }
        tally.noteSlower(left)
        tools.observe(.slows(dataset: name, concurrency: left, failure))
    }

    // MARK: The source's circuit

    /// Waits where the source is left alone.
    private func pass() async -> Circuits.Pass {
        guard let origin = source?.origin else { return .free }
        return await work.circuits.pass(origin, unless: tools.isStopped)
    }

    private func abandonProbe() async {
        if let origin = source?.origin { await work.circuits.abandon(origin) }
    }

    private func noteAnswer() async {
        guard let origin = source?.origin, await work.circuits.succeeded(origin) else { return }
        tools.observe(.closes(dataset: name, origin: origin))
    }

    /// What a program says of one unit, and what the database does not take, says nothing against the source: it has answered. Nor do
    /// the failures of a batch that is halved, unless it was to show whether the source is well again; and a server that wants to be
    /// asked less is there, as long as it is asked again.
    private func noteFailure(_ failure: SourceFailure, _ response: Response, isProbe: Bool) async {
        guard let origin = source?.origin else { return }
        guard failure.isOfSource else {
            guard isProbe else { return }
            let isUnasked = failure.kind == .dependency || failure.kind == .configuration
            return isUnasked && !failure.isOfWriting ? await abandonProbe() : await noteAnswer()
        }
        let counts = failure.kind == .rateLimit ? response == .giveUp : response != .halve
        guard counts || isProbe else { return }
        guard let opened = await work.circuits.failed(origin, failure, isProbe: isProbe, policy) else { return }
        tools.observe(.opens(dataset: name, origin: origin, failures: opened.failures, failure, after: opened.pause))
    }

    // MARK: Notes

    private func finish(_ batch: UnitBatch, _ result: BatchResult, _ attempt: Int) async {
        if !result.failedUnits.isEmpty { await note(result.failedUnits, attempt) }
        advance(result)
    }

    private func fail(_ batch: UnitBatch, _ failure: SourceFailure, _ attempt: Int, isFatal: Bool) async {
        // What stops the whole dataset is no unit's fault: they stay pending.
        if isFatal { return tally.fail(failure, isFatal: true) }
        var result = BatchResult()
        let units = batch.isWhole ? [Unit(key: WorkLedger.whole)] : batch.units
        result.failedUnits = units.map { .init(unit: $0, failure: failure) }
        await note(result.failedUnits, attempt)
        advance(result)
    }

    private func advance(_ result: BatchResult) {
        let progress = tally.add(result, elapsed: tools.clock.now - work.started)
        // Whether a source may be asked at all, its circuit knows; statements are done with at once.
        var units = result
        units.failedUnits.removeAll { $0.failure.isOfSource }
        if source != nil, work.population.unit != nil { tally.giveUp(after: units) }
        tools.observe(.advances(dataset: name, progress))
    }

    /// Into the ledger. A unit whose own content cannot be understood is set aside: it would fail for ever.
    private func note(_ failed: [BatchResult.FailedUnit], _ attempts: Int) async {
        let setsAside = work.population.onBadRow == .quarantine && work.population.unit != nil
        let policy = policy
        let hide = tools.hide
        let tally = tally
        do throws(SourceFailure) {
            try await work.changing { ledger, now throws(MachineError) in
                for one in failed {
                    let isPoison = setsAside && (one.failure.kind == .parse || one.failure.kind == .constraint)
                    var entry = try ledger.entry(one.unit.key) ?? WorkLedger.Entry(state: .failed)
                    entry.state = isPoison ? .quarantined : .failed
                    entry.attempts += attempts
                    entry.failure = one.failure.kind
                    entry.message = one.failure.message
                    entry.version = one.unit.version ?? .null
                    let now = tally.time(now)
                    entry.nextAttempt = isPoison ? nil : now + policy.wait(after: entry.attempts, one.failure)
                    try ledger.set(one.unit.key, entry, at: now)
                    if isPoison {
                        try ledger.clearQuarantine(of: one.unit.key)
                        try ledger.quarantine(
                            one.unit.key, one.failure.kind, one.failure.message,
                            content: QuarantinedContent.redacted(one.unit.jsonLine, hide), at: now)
                    }
                }
            }
        } catch {
            // The failure itself is told all the same; without a note the units are pending.
        }
    }
}

extension SourceFailure {
    /// Whether it says that the source is not to be had, and not something of one unit.
    fileprivate var isOfSource: Bool {
        guard !isOfWriting else { return false }
        return switch kind {
        case .connection, .rateLimit, .timeout, .authentication: true
        default: false
        }
    }
}

/// What was thrown or returned, for what has to be done after either.
private func captured<Value>(
    _ body: () async throws(SourceFailure) -> Value
) async -> Result<Value, SourceFailure> {
    do throws(SourceFailure) {
        return .success(try await body())
    } catch {
        return .failure(error)
    }
}
