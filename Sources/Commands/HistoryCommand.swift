import ArgumentParser
import HealKit
import HealModel
import Journal
import LiveMachine
import Rendering

/// `selfheal history`
struct HistoryCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Shows the runs that changed something, or what one of them did.")

    @Argument(help: "A run's number. None: the last runs.")
    var run: Int64?

    @OptionGroup var location: RootOption

    @Option(help: "How many runs are shown, the newest first.")
    var limit: Int = 20

    @Option(help: "How it is written.")
    var format: ListFormat = .text

    func validate() throws {
        guard (1...1000).contains(limit) else { throw ValidationError("--limit takes a whole number from 1 to 1000") }
    }

    func run() async throws {
        let console = Console(format: format.output)
        let entries: [HistoryEntry]
        do {
            let place = try location.place()
            let machine = try LiveMachine(root: place.root, mayChange: false)
            let journal = Journal(machine: machine, root: machine.rootPath)
            let runs = try run.map { try journal.run($0).map { [$0] } ?? [] } ?? journal.runs(limit: limit)
            let undone = UndoSession.undone(try journal.runs(limit: 1000))
            entries = runs.map { HistoryEntry($0, undoneBy: undone[$0.id]) }
        } catch let error as UsageFailure {
            throw ExitCode(console.refuse(.usage, [error.message]).rawValue)
        } catch let error as MachineError {
            throw ExitCode(console.refuse(.critical, [error.explanation]).rawValue)
        } catch let error as JournalError {
            throw ExitCode(console.refuse(.critical, [error.explanation]).rawValue)
        }
        if let run, entries.isEmpty {
            throw ExitCode(console.refuse(.usage, ["the journal holds no run \(run)"]).rawValue)
        }
        let renderer = HistoryRenderer(style: console.style)
        switch format {
        case .json: console.emit(renderer.json(entries))
        case .text: console.emit(run == nil ? renderer.text(entries) : entries.map(renderer.text(run:)).joined())
        }
    }
}

extension HistoryEntry {
    init(_ run: JournalRun, undoneBy: Int64?) {
        let ending: Ending =
            switch run.state {
            case .begun: .running
            case .interrupted: .interrupted
            case .finished: .finished(exitStatus: run.exitStatus ?? ExitStatus.critical.rawValue)
            }
        let records = run.repairs.map { repair in
            // Without an outcome, it was at work when the run ended, or its turn had not come.
            RepairRecord(
                finding: repair.finding, also: repair.also, repair: repair.repair,
                outcome: repair.outcome ?? (run.state == .finished ? .notStarted : .failed),
                reason: repair.outcome == nil && run.state != .finished
                    ? "the run did not come to its end" : repair.reason,
                before: repair.before, after: repair.after, durationMicroseconds: repair.durationMicroseconds,
                proofs: repair.proofs)
        }
        self.init(
            run: run.id, tool: run.header.tool, startedAt: run.header.startedAt, ending: ending,
            changes: records.filter { $0.outcome == .applied }.count,
            failures: records.filter { ![.applied, .unneeded, .notStarted].contains($0.outcome) }.count, note: run.note,
            repairs: records, databases: run.changes, undoes: run.header.undoes, undoneBy: undoneBy)
    }
}
