import ArgumentParser
import HealEngine
import HealKit
import HealModel
import Journal
import LiveMachine
import Rendering

/// One run of `undo` or `restore`: an engine's run whose checks find what is to be changed back.
struct UndoSession: Sendable {
    let options: UndoOptions
    let console: Console

    init(_ options: UndoOptions) {
        self.options = options
        console = Console(
            format: options.outputs.format, color: options.color, verbosity: options.verbose ? .verbose : .normal,
            outputs: options.outputs.output)
    }

    /// What is to be done.
    struct Task: Sendable {
        var checks: [any Check]
        var maxRisk: Risk
        /// The run that is taken back.
        var undoes: Int64?
        var notes: [String]

        static func checks(_ checks: [any Check], maxRisk: Risk, undoes: Int64?, notes: [String]) -> Task {
            Task(checks: checks, maxRisk: maxRisk, undoes: undoes, notes: notes)
        }
    }

    /// - Parameter choose: says what is to be done, once nobody else changes anything here.
    func perform(
        tool: String, _ choose: @Sendable (LiveMachine, Journal) async throws -> Task
    ) async -> ExitCode {
        let mode: RunMode = options.dryRun ? .dryRun : .heal
        let wait = Duration.milliseconds(Int64(options.timeout * 1000))
        let started = ContinuousClock.now
        do {
            let place = try options.location.place()
            let machine = try LiveMachine(
                root: place.root, waitLimit: wait, mayChange: mode == .heal, interruption: Program.interruption)
            let startedAt = machine.now
            let lock = try await RunLock.acquire(
                place.root, exclusive: mode == .heal, wait: wait, interruption: Program.interruption,
                onWait: {
                    console.progress("waiting for another run (\($0?.description ?? "unknown")) to finish")
                })
            let task = try await choose(machine, Journal(machine: machine, root: machine.rootPath))
            if let fault = place.fault(of: console.outputs, task.checks) { throw UsageFailure(message: fault) }
            let progress = TerminalProgress(console)
            let engine = Engine(
                machine: machine,
                recorder: JournalRecorder(
                    machine: machine, tool: tool, app: nil, manifest: "", startedAt: startedAt, undoes: task.undoes),
                observer: progress)
            let result = await engine.run(task.checks, RunOptions(mode: mode, maxRisk: task.maxRisk))
            // The lock is held until the outcome is recorded.
            withExtendedLifetime(lock) {}
            progress.end()
            // What is still there after a restore was written since, unless the restore itself failed.
            let failures = result.repairs.filter { record in
                task.undoes == nil && record.outcome != .applied && record.outcome != .unneeded
            }.map { "\($0.finding.subject): \($0.reason ?? $0.outcome.rawValue)" }
            var report = Report(
                tool: tool, toolVersion: Program.version, app: nil, root: place.root, manifest: "", mode: mode,
                startedAt: startedAt, durationMicroseconds: started.microsecondsUntilNow, checks: result.checks,
                plan: result.plan, repairs: result.repairs, databases: result.databases,
                notes: task.notes + result.notes, faults: result.faults + failures, run: result.run)
            if mode == .dryRun, report.faults.isEmpty {
                // Whether all of it could be done.
                let isPossible = report.checks.allSatisfy { check in
                    check.status != .unknown
                        && check.findings.allSatisfy { $0.severity != .critical || $0.repair != nil }
                }
                report.exitStatus = (isPossible ? ExitStatus.ok : .critical).rawValue
            }
            return console.write(report, explanations: [])
        } catch {
            return refuse(error)
        }
    }

    func refuse(_ error: any Error) -> ExitCode {
        switch error {
        case let error as UsageFailure: console.refuse(.usage, [error.message])
        case let error as MachineError: console.refuse(.critical, [error.explanation])
        case let error as JournalError: console.refuse(.critical, [error.explanation])
        case let error as RunLock.Failure: console.refuse(.critical, [error.explanation])
        default: console.refuse(.critical, ["\(type(of: error))"])
        }
    }
}
