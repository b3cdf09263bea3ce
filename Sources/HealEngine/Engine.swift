import HealKit
import HealModel

/// What a run may do.
public struct RunOptions: Sendable {
    public var mode: RunMode
    public var maxRisk: Risk
    /// Whether repairs may bring software from elsewhere.
    public var installs: Bool
    public var selection: Selection
    /// How many checks look at once.
    public var jobs: Int
    /// How many backups of a database are kept, at least one; `nil`: all.
    public var backupsKept: Int?
    /// Findings that others may bring about: what `RunResult.prospect` goes by.
    public var awaitedKinds: Set<FindingID>

    public init(
        mode: RunMode, maxRisk: Risk = .low, installs: Bool = false, selection: Selection = Selection(), jobs: Int = 4,
        backupsKept: Int? = nil, awaitedKinds: Set<FindingID> = []
    ) {
        self.mode = mode
        self.maxRisk = maxRisk
        self.installs = installs
        self.selection = selection
        self.jobs = max(1, jobs)
        self.backupsKept = backupsKept
        self.awaitedKinds = awaitedKinds
    }
}

/// What came of a run: the part of a report that the engine knows.
public struct RunResult: Sendable {
    public var checks: [CheckResult] = []
    public var plan: Plan?
    public var repairs: [RepairRecord] = []
    /// What was changed in databases that existed.
    public var databases: [DatabaseChange] = []
    public var notes: [String] = []
    public var faults: [String] = []
    public var run: Int64?
    /// What is wrong and may come by itself.
    var awaited: [Awaited] = []
    /// Whether something critical stays, however long one waits.
    var isHopeless = false
}

/// The loop that everything is made of: look, plan, record the intent, change, look again, record the outcome.
///
/// The caller holds the run lock for as long as the run lasts.
public struct Engine: Sendable {
    let machine: any ChangingMachine
    private let recorder: any RunRecorder
    let observer: any RunObserver

    public init(machine: any ChangingMachine, recorder: any RunRecorder, observer: any RunObserver = SilentObserver()) {
        self.machine = machine
        self.recorder = recorder
        self.observer = observer
    }

    /// Runs the checks. Never throws: what goes wrong is part of the result.
    public func run(_ checks: [any Check], _ options: RunOptions) async -> RunResult {
        let graph = CheckGraph(checks.filter { options.selection.takes($0.descriptor) })
        // Also those of checks that do not take part.
        let modes = Dictionary(checks.flatMap(\.statedModes), uniquingKeysWith: { first, _ in first })
        var result = RunResult()
        await tidyUp(graph, options, &result)

        let summary = Summary(graph: graph, selection: options.selection)
        let isFleet = graph.checks.count { $0 is any DatabaseCheck } >= Workers.fleet
        let workers = Workers(jobs: options.jobs, pool: isFleet ? WorkerPool(threads: options.jobs) : nil)
        defer { workers.pool?.close() }
        let first = await Survey.take(
            graph, on: machine, selection: options.selection, workers: workers, observer: observer)
        var last = first
        if options.mode != .check {
            let planner = Planner(
                graph: graph, selection: options.selection, maxRisk: options.maxRisk, installs: options.installs,
                workers: workers, modes: modes)
            var planned: [RepairTask] = []
            for _ in 0..<Self.rounds {
                // What had to wait may have its time now.
                let known = Set(planned.filter { $0.planned.withheld == nil }.flatMap(\.keys))
                let tasks = await planner.tasks(for: last, on: machine).filter { !known.contains($0.finding.key) }
                if tasks.isEmpty { break }
                let again = Set(tasks.flatMap(\.keys))
                planned.removeAll { $0.planned.withheld != nil && !again.isDisjoint(with: $0.keys) }
                planned += tasks
                result.plan = Plan(planned)
                let plan = Plan(tasks)
                if options.mode == .dryRun { result.notes += await rehearse(tasks, graph) }
                guard options.mode == .heal, !plan.performed.isEmpty, result.faults.isEmpty else { break }
                do throws(RecorderFailure) {
                    let run = try await recorder.begin(plan)
                    result.run = run
                    let (records, changes) = await perform(tasks, graph, options, workers, run)
                    result.repairs += records
                    result.databases += changes
                    prune(changes, options, &result)
                    let failed = records.filter { $0.outcome == .failed || $0.outcome == .refused }
                    result.notes += Leftovers(machine: machine).remove(after: failed.flatMap(\.repair.steps)).troubles
                    last = await Survey.take(
                        graph, on: machine, selection: options.selection, workers: workers, observer: observer)
                    let checks = summary.results(first: first, last: last, repairs: result.repairs)
                    let status = ExitStatus.verdict(checks: checks, faults: result.faults).rawValue
                    do throws(RecorderFailure) {
                        try await recorder.finish(run, records: records, changes: changes, exitStatus: status)
                    } catch {
                        result.faults.append("the outcome could not be written to the journal: \(error.message)")
                    }
                } catch {
                    result.faults.append("nothing was changed, because the journal cannot be written: \(error.message)")
                }
            }
        }
        result.checks = summary.results(first: first, last: last, repairs: result.repairs)
        (result.awaited, result.isHopeless) = summary.awaited(last, kinds: options.awaitedKinds)
        if options.mode == .dryRun, let plan = result.plan {
            // What would be healed need not come.
            let planned = Set(plan.performed.flatMap(\.findings))
            result.awaited.removeAll { planned.contains($0.finding) }
        }
        return result
    }

    /// How often a run plans anew when mending one thing brings another to light, as the rollback of a killed writer's journal
    /// does. What was tried once in a run is not tried again.
    private static let rounds = 4

    /// Finds what a killed run left behind, names it, and removes its temporary files. What it had begun is either complete or
    /// not there, because every step is atomic; whatever is missing is found by this run's own checks.
    private func tidyUp(_ graph: CheckGraph, _ options: RunOptions, _ result: inout RunResult) async {
        do throws(RecorderFailure) {
            for killed in try await recorder.interrupted() {
                guard options.mode == .heal else {
                    result.notes.append(
                        "run \(killed.run) of \(killed.tool) was interrupted; the next heal tidies up after it")
                    continue
                }
                let (removed, troubles) = Leftovers(machine: machine).remove(after: killed)
                result.notes += troubles
                let nothing = troubles.isEmpty ? "nothing was left behind" : "nothing could be removed"
                let what = removed.isEmpty ? nothing : "removed \(removed.joined(separator: ", "))"
                let note = "run \(killed.run) of \(killed.tool) had been interrupted; \(what)"
                result.notes.append(note)
                try await recorder.close(killed, note: note)
            }
        } catch {
            // A look needs no journal; only a change does.
            if options.mode == .heal { result.faults.append("the journal cannot be used: \(error.message)") }
        }
    }

    /// Databases that do not depend on each other are healed at the same time, everything else one after the other.
    private func perform(
        _ tasks: [RepairTask], _ graph: CheckGraph, _ options: RunOptions, _ workers: Workers, _ run: Int64
    ) async -> ([RepairRecord], [DatabaseChange]) {
        var records: [RepairRecord] = []
        var changes: [DatabaseChange] = []
        let schemas = SchemaPool()
        let backups = NewBackups(run: run, now: machine.now)
        var stopped = false
        for batch in RepairBatch.all(of: tasks.filter({ $0.planned.withheld == nil }), in: graph) {
            if stopped {
                records += batch.groups.flatMap(\.tasks).map { $0.record(.failed, MachineError.cancelled.explanation) }
                continue
            }
            if let healer = batch.healer {
                let done = await perform(batch.groups, by: healer, graph, options)
                records += done
                stopped = stopped || done.contains { $0.reason == MachineError.cancelled.explanation }
                continue
            }
            let isMany = batch.groups.count > 1
            if isMany { observer.begins(RunStage(.healing, batch.groups.count, areDatabases: true)) }
            let results = await workers.map(batch.groups) { group in
                var result = await perform(group.tasks, graph.checks[group.check], options, backups)
                result.change = schemas.sharing(result.change)
                if isMany { observer.advances() }
                return result
            }
            if isMany { observer.endsStage() }
            for result in results {
                records += result.records
                if let change = result.change { changes.append(change) }
                stopped = stopped || result.records.contains { $0.reason == MachineError.cancelled.explanation }
            }
        }
        return (records, changes)
    }

    /// What those who would heal say that they would do, where it is not in the plan.
    private func rehearse(_ tasks: [RepairTask], _ graph: CheckGraph) async -> [String] {
        var notes: [String] = []
        for task in tasks where task.planned.withheld == nil && task.planned.repair.isDelegated {
            guard let check = graph.checks[task.check] as? any DelegatingCheck else { continue }
            do throws(MachineError) {
                guard let told = try await check.rehearse(task.keys, on: machine) else { continue }
                notes.append("\(check.subject) would do: \(told)")
            } catch {
                notes.append("\(check.subject) could not say what it would do: \(error.explanation)")
            }
        }
        return notes
    }

    /// The repairs that one check asked for.
    private func perform(
        _ group: [RepairTask], _ check: any Check, _ options: RunOptions, _ backups: NewBackups
    ) async -> DatabaseTransaction.Result {
        var result = DatabaseTransaction.Result(records: [])
        for task in group where task.isRewind {
            let rewind = await DatabaseRewind(machine: machine, observer: observer, backups: backups).perform(task)
            result.records += rewind.records
            result.change = rewind.change ?? result.change
        }
        let rest = group.filter { !$0.isRewind }
        guard let database = check as? any DatabaseCheck else {
            result.records += await performSteps(rest, check, options, backups)
            return result
        }
        result.records += await performSteps(rest.filter { !$0.isSQLOnly }, check, options, backups)
        let statements = rest.filter(\.isSQLOnly)
        guard !statements.isEmpty else { return result }
        let transaction = DatabaseTransaction(
            machine: machine, check: database, maxRisk: options.maxRisk, observer: observer, backups: backups)
        let changed = await transaction.perform(statements)
        result.records += changed.records
        result.change = changed.change ?? result.change
        return result
    }

    /// Removes the oldest backups of databases that got a new one.
    private func prune(_ changes: [DatabaseChange], _ options: RunOptions, _ result: inout RunResult) {
        guard let kept = options.backupsKept else { return }
        for change in changes where change.backup != nil {
            do throws(MachineError) {
                try NewBackups.prune(change.database, keeping: kept, on: machine)
            } catch {
                result.notes.append("an old backup of \(change.database) could not be removed: \(error.explanation)")
            }
        }
    }

    /// Repairs that are not one database's SQL: step by step, then the check again, and back again if it still finds the fault.
    private func performSteps(
        _ tasks: [RepairTask], _ check: any Check, _ options: RunOptions, _ backups: NewBackups
    ) async -> [RepairRecord] {
        guard !tasks.isEmpty else { return [] }
        let performer = StepPerformer(machine: machine, backups: backups)
        var records: [RepairRecord] = []
        var inverses: [Finding.Key: [Inverse]] = [:]
        for task in tasks {
            let start = ContinuousClock.now
            observer.begins(task.planned.repair)
            var record: RepairRecord
            do throws(MachineError) {
                let performed = try await performer.perform(task.planned, check: check)
                inverses[task.finding.key] = performed.inverses
                record = task.record(.applied, nil)
                if let told = performed.told { record.repair.detail = told }
            } catch {
                let refused = if case .refused = error { true } else { false }
                record = task.record(refused ? .refused : .failed, error.explanation)
            }
            record.durationMicroseconds = start.microsecondsSince
            observer.ends(task.planned.repair, outcome: record.outcome)
            records.append(record)
        }
        await verify(&records, check, options) { key in await performer.takeBack(inverses[key] ?? []) }
        return records
    }
}

extension RepairTask {
    var isSQLOnly: Bool {
        planned.repair.steps.allSatisfy { step in
            switch step {
            case .executeSQL, .rewriteDatabase: true
            default: false
            }
        }
    }

    func record(_ outcome: Outcome, _ reason: String?) -> RepairRecord {
        RepairRecord(
            finding: finding.key, also: planned.also, repair: planned.repair, outcome: outcome, reason: reason,
            before: finding.message, after: outcome == .applied ? planned.repair.done : "")
    }
}
