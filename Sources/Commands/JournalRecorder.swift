import Glibc
import HealEngine
import HealModel
import Journal
import LiveMachine

/// The engine's recorder over the journal below the application's root.
struct JournalRecorder: RunRecorder {
    private let journal: Journal
    private let header: RunHeader
    private let started = ContinuousClock.now

    /// - Parameter undoes: the run that is taken back.
    init(machine: LiveMachine, tool: String, app: String?, manifest: String, startedAt: Int64, undoes: Int64? = nil) {
        journal = Journal(machine: machine, root: machine.rootPath)
        header = RunHeader(
            tool: tool, toolVersion: Program.version, app: app, manifest: manifest, planHash: "",
            startedAt: startedAt, pid: getpid(), undoes: undoes)
    }

    func interrupted() async throws(RecorderFailure) -> [InterruptedRun] {
        try recording { () throws(JournalError) in
            try journal.unfinished().map { run in
                InterruptedRun(
                    run: run.id, tool: run.header.tool, startedAt: run.header.startedAt,
                    intents: run.repairs.map(\.planned))
            }
        }
    }

    func close(_ interrupted: InterruptedRun, note: String) async throws(RecorderFailure) {
        try recording { () throws(JournalError) in try journal.markInterrupted(interrupted.run, note: note) }
    }

    func begin(_ plan: Plan) async throws(RecorderFailure) -> Int64 {
        var header = header
        header.planHash = plan.hash
        return try recording { () throws(JournalError) in try journal.begin(header, intents: plan.performed) }
    }

    func finish(
        _ run: Int64, records: [RepairRecord], changes: [DatabaseChange], exitStatus: Int32
    ) async throws(RecorderFailure) {
        try recording { () throws(JournalError) in
            try journal.finish(
                run, records: records, changes: changes, exitStatus: exitStatus,
                durationMicroseconds: started.microsecondsUntilNow)
        }
    }

    private func recording<Value>(_ body: () throws(JournalError) -> Value) throws(RecorderFailure) -> Value {
        do throws(JournalError) {
            return try body()
        } catch {
            throw RecorderFailure(error.explanation)
        }
    }
}
