import ArgumentParser
import HealEngine
import HealKit
import HealModel
import Journal
import LiveMachine
import Rendering
import Undoing

/// What `undo` and `restore` take from their command lines.
struct UndoOptions: ParsableArguments, Sendable {
    @OptionGroup var location: RootOption

    @Flag(help: "Print what would be done, and change nothing.")
    var dryRun = false

    @OptionGroup var outputs: OutputOptions

    @Flag(name: .shortAndLong, help: "Print evidence, identifiers and durations too.")
    var verbose = false

    @Option(help: "When to colour.")
    var color: ColorChoice = .auto

    @Option(
        help: ArgumentHelp("How long to wait for a busy database or another run, in seconds.", valueName: "seconds"))
    var timeout: Double = 30

    func validate() throws {
        // What watches a service must not change it.
        for format in [outputs.format] + outputs.output.map(\.format) where format == .nagios || format == .prometheus {
            throw ValidationError("--format \(format?.rawValue ?? "") is for looking: undo and restore do not take it")
        }
        try Seconds.require(timeout, of: "--timeout")
    }

    var session: UndoSession { UndoSession(self) }
}

/// `selfheal undo`
struct UndoCommand: AsyncParsableCommand {
    static let tool = "selfheal undo"

    static let configuration = CommandConfiguration(
        commandName: "undo",
        abstract: "Takes back what a run changed, or refuses where that would lose something.",
        discussion: """
            A database that holds exactly what the run left is brought back from its backup. Otherwise what the run changed \
            is taken back step by step, and every row that was written since stays. All of a database's changes are taken \
            back, or none.

            Exit status: 0 all was taken back; 1 something was refused or failed; 64 there is no such run.
            """)

    @Argument(help: "A run's number. None: the last run that changed something and was not taken back yet.")
    var run: Int64?

    @OptionGroup var options: UndoOptions

    func run() async throws {
        let session = options.session
        throw ExitCode(
            await session.perform(tool: Self.tool) { machine, journal in
                let chosen = try UndoSession.choose(run, in: journal)
                let populated = chosen.populated
                let rows =
                    populated.isEmpty
                    ? [] : ["Rows are not taken back: those that it populated \(populated) with stay"]
                return .checks(
                    Undoing.checks(for: UndoneRun(chosen)), maxRisk: .medium, undoes: chosen.id,
                    notes: [
                        "Taking back run \(chosen.id) of \(chosen.header.tool), "
                            + "\(Timestamp.readable(milliseconds: chosen.header.startedAt)) UTC"
                    ] + rows)
            }.rawValue)
    }
}

extension UndoneRun {
    init(_ run: JournalRun) {
        self.init(
            run: run.id, steps: run.repairs.filter { $0.outcome == .applied }.flatMap(\.repair.steps),
            changes: run.changes)
    }
}

extension JournalRun {
    /// The datasets that it has written rows of, or may have: `chunks, articles`; empty when there is none.
    var populated: String {
        let steps = repairs.filter { $0.outcome == .applied || $0.outcome == .failed }.flatMap(\.repair.steps)
        let names = steps.compactMap { if case .populate(let name) = $0 { name } else { String?.none } }
        return names.joined(separator: ", ")
    }
}

extension UndoSession {
    /// The runs that were taken back, all of what they did, with the run that did so.
    static func undone(_ runs: [JournalRun]) -> [Int64: Int64] {
        Dictionary(
            runs.compactMap { run in
                run.state == .finished && run.exitStatus == 0 ? run.header.undoes.map { ($0, run.id) } : nil
            }, uniquingKeysWith: { first, _ in first })
    }

    /// The run that is to be taken back.
    static func choose(_ number: Int64?, in journal: Journal) throws -> JournalRun {
        let runs = try journal.runs(limit: 1000)
        let undone = undone(runs)
        guard let number else {
            let last = runs.first { run in
                run.state == .finished && run.header.undoes == nil && run.header.tool != RestoreCommand.tool
                    && undone[run.id] == nil && Undoing.isPossible(for: UndoneRun(run))
            }
            guard let last else {
                throw UsageFailure(message: "the journal holds no run that could be taken back ('selfheal history')")
            }
            return last
        }
        guard let run = runs.first(where: { $0.id == number }) else {
            throw UsageFailure(message: "the journal holds no run \(number)")
        }
        if let other = run.header.undoes {
            throw UsageFailure(
                message:
                    "run \(number) took run \(other) back, and an undo is not undone: heal again, or restore one of "
                    + "its backups ('selfheal history \(number)')")
        }
        if run.header.tool == RestoreCommand.tool {
            throw UsageFailure(
                message: "run \(number) restored a backup: restore the one that it made ('selfheal history \(number)')")
        }
        if let other = undone[number] { throw UsageFailure(message: "run \(number) was taken back by run \(other)") }
        guard run.state == .finished else {
            throw UsageFailure(
                message:
                    "run \(number) did not come to its end, so nobody knows what it did; a backup that it made can be "
                    + "restored ('selfheal restore')")
        }
        guard Undoing.isPossible(for: UndoneRun(run)) else {
            let populated = run.populated
            if !populated.isEmpty {
                throw UsageFailure(
                    message:
                        "run \(number) populated \(populated), and rows are not taken back: delete them, or have them made "
                        + "anew ('selfheal data heal --force')")
            }
            throw UsageFailure(message: "run \(number) changed nothing that could be taken back")
        }
        return run
    }
}
