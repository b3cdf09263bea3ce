import Datasets
import Glibc
import HealModel
import Journal
import LiveMachine
import Populating
import Synchronization

/// A run that populates, in the journal: what is planned before it begins, and what became of each dataset as soon as that is known.
/// Also that it was never begun, and why.
final class DataRecorder: Sendable {
    private struct State {
        var run: Int64?
        var trouble: String?
        /// Not in the journal yet.
        var waiting: [RepairRecord] = []
        var written = ContinuousClock.now
    }

    /// A thousand small datasets need not wait for the disk a thousand times for this.
    private static let pause = Duration.milliseconds(250)

    private let journal: Journal
    private let header: RunHeader
    private let started = ContinuousClock.now
    private let state = Mutex(State())

    init(_ session: DataSession, tool: String) {
        journal = Journal(machine: session.machine, root: session.machine.rootPath)
        header = RunHeader(
            tool: tool, toolVersion: Program.version, app: session.manifest.app, manifest: session.place.manifest,
            planHash: "", startedAt: session.machine.now, pid: getpid())
    }

    /// The run's number in the journal; `nil` when it has none.
    var run: Int64? { state.withLock { $0.run } }

    func begin(_ plan: PopulationPlan) throws(DataRefusal) {
        do throws(JournalError) {
            let intents = plan.datasets.map { planned in
                PlannedRepair(finding: Self.key(planned.name), repair: Self.repair(planned.name))
            }
            let run = try journal.beginBeside(header, intents: intents)
            state.withLock { $0.run = run }
        } catch {
            throw DataRefusal(.critical, error.explanation)
        }
    }

    func note(_ event: PopulationEvent) {
        // Whatever happens next has what is waiting written, too.
        if case .ends(let outcome) = event { keep(outcome) }
        state.withLock { if .now - $0.written >= Self.pause { write(&$0) } }
    }

    private func write(_ state: inout State) {
        guard let run = state.run, !state.waiting.isEmpty else { return }
        do throws(JournalError) {
            try journal.update(state.waiting, of: run)
        } catch {
            state.trouble = error.explanation
        }
        state.waiting = []
        state.written = .now
    }

    private func keep(_ outcome: DatasetOutcome) {
        let progress = outcome.progress
        let reason = ([outcome.failure?.message].compactMap { $0 } + outcome.tried).joined(separator: "; ")
        let kind: Outcome =
            switch outcome.result {
            case .done: .applied
            case .unneeded: .unneeded
            case .incomplete, .failed, .interrupted: .failed
            case .notStarted: .notStarted
            }
        let elapsed = progress.elapsed
        let record = RepairRecord(
            finding: Self.key(outcome.dataset), repair: Self.repair(outcome.dataset), outcome: kind,
            reason: kind == .applied ? nil : reason.isEmpty ? outcome.result.rawValue : reason,
            after: kind == .notStarted
                ? "" : "\(CountWords.rows(progress.rows)) of \(CountWords.units(progress.finished))",
            durationMicroseconds: elapsed.components.seconds * 1_000_000
                + elapsed.components.attoseconds / 1_000_000_000_000)
        state.withLock { $0.waiting.append(record) }
    }

    /// - Returns: why the record is not complete.
    func finish(_ status: ExitStatus) -> String? {
        let (run, trouble) = state.withLock { state in
            write(&state)
            return (state.run, state.trouble)
        }
        guard let run else { return nil }
        do throws(JournalError) {
            try journal.finish(
                run, records: [], exitStatus: status.rawValue, durationMicroseconds: started.microsecondsUntilNow)
            return trouble
        } catch {
            return error.explanation
        }
    }

    private static func key(_ dataset: String) -> Finding.Key {
        Finding.Key(id: "dataset.populate", subject: dataset)
    }

    private static func repair(_ dataset: String) -> Repair {
        Repair(
            "Populating \(dataset)", done: "\(dataset) populated", detail: "", risk: .low,
            steps: [.populate(dataset: dataset)])
    }
}
