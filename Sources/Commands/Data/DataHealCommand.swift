import ArgumentParser
import Datasets
import Glibc
import HealKit
import HealModel
import LiveMachine
import Populating
import Rendering

/// `selfheal data heal`
struct DataHealCommand: AsyncParsableCommand {
    static let tool = "selfheal data heal"

    static let configuration = CommandConfiguration(
        commandName: "heal",
        abstract: "Fills the tables that are missing rows, what they depend on first.",
        discussion: """
            Only what is missing, new or changed is done. A dataset is named by its name; '+name' takes along what it depends \
            on, 'name+' what depends on it; 'tag:x' and 'status:empty' choose by tag and status. What a killed run has done \
            stays done.

            Exit status: 0 all datasets are ready; 1 a required one is not, or the run was stopped; 2 only others are not; \
            64 the command line is wrong; 78 the manifest is wrong.
            """)

    @Argument(help: ArgumentHelp("Datasets. None: all of them.", valueName: "selector"))
    var selectors: [String] = []

    @OptionGroup var options: DataOptions

    @Flag(help: "Print what would be done, and change nothing.")
    var dryRun = false

    @Flag(help: "Fill new tables, whatever is there, and put them in the place of the old ones when they are complete.")
    var force = false

    @Flag(help: "Do not ask before --force.")
    var yes = false

    @Option(help: ArgumentHelp("How many batches are made at once (1 to 256).", valueName: "n"))
    var jobs: Int = 4

    @Option(help: "How it is written; json: what happens, as it happens, a line each.")
    var format: ListFormat = .text

    @Flag(help: "When another run works on the data, say so and end, instead of waiting for it.")
    var noWait = false

    func validate() throws {
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs takes a whole number from 1 to 256") }
        if yes && !force { throw ValidationError("--yes is the answer to --force") }
    }

    func run() async throws {
        let console = Console(format: format.output, color: options.color, tool: Self.tool)
        throw await console.answering { () async throws(DataRefusal) in try await perform(console) }
    }

    private func perform(_ console: Console) async throws(DataRefusal) -> ExitStatus {
        let session = try await DataSession(options, mayChange: !dryRun)
        let selection: DatasetSelection
        do throws(DatasetSelection.Problem) {
            selection = try DatasetSelection(selectors, in: session.graph)
        } catch {
            throw DataRefusal(.usage, error.message)
        }
        if dryRun {
            let report = try await look(session)
            let plan = plan(session, selection, report)
            console.emit(format == .json ? DataHealText.json(plan) : DataHealText.text(plan))
            return DataHealText.status(report)
        }
        try confirm(session, selection)
        let end = try await populate(session, selection, console)
        // Without the lock: others need not wait for whoever is told.
        await DataAlerts(session: session, console: console).send(end)
        return end.status
    }

    private func populate(
        _ session: DataSession, _ selection: DatasetSelection, _ console: Console
    ) async throws(DataRefusal) -> DataEnd {
        let lock = try await session.lock(tool: Self.tool, wait: noWait ? .zero : nil) { owner in
            console.inform("waiting: \(DataSession.words(owner))")
        }
        // Only now: what another run has done meanwhile is not to be done again.
        let before = try await look(session)
        let plan = plan(session, selection, before)
        let recorder = DataRecorder(session, tool: Self.tool)
        if !plan.isEmpty { try recorder.begin(plan) }
        let writer = DataEventWriter(console: console, isJSON: format == .json)
        let run = PopulationRun(
            session.graph,
            session.tools { event in
                recorder.note(event)
                writer.write(event)
            }, PopulationOptions(jobs: jobs, forced: Set(plan.datasets.filter(\.isRemade).map(\.name))))
        let names = Set(plan.datasets.map(\.name))
        let outcomes = force ? await run.replace(names) : await run.perform(names)
        let isStopped = Program.interruption.isRaised
        let after = isStopped ? nil : try await look(session)
        let status: ExitStatus =
            isStopped || outcomes.contains { !$0.isGood && session.graph[$0.dataset]?.isRequired == true }
            ? .critical : after.map(DataHealText.status) ?? .critical
        if let trouble = recorder.finish(status) { console.remark(trouble) }
        writer.end(plan, outcomes, after, isStopped: isStopped, status: status)
        withExtendedLifetime(lock) {}
        return DataEnd(
            status: status, report: after, outcomes: outcomes, blocked: plan.blocked.map(\.name), run: recorder.run)
    }

    private func look(_ session: DataSession) async throws(DataRefusal) -> ReadinessReport {
        do throws(MachineError) {
            return try await StatusReader(session.graph, on: session.machine, StatusOptions(looksAtUnits: true)).read()
        } catch {
            throw DataRefusal(.critical, error.explanation)
        }
    }

    private func plan(
        _ session: DataSession, _ selection: DatasetSelection, _ report: ReadinessReport
    ) -> PopulationPlan {
        let chosen = selection.isEverything ? nil : selection.names(in: session.graph, report)
        return PlanMaker(session.graph, report).plan(for: chosen, isForced: force)
    }

    /// Old rows are thrown away when the new ones are there: that is asked for twice.
    private func confirm(_ session: DataSession, _ selection: DatasetSelection) throws(DataRefusal) {
        guard force, !yes else { return }
        guard isatty(STDIN_FILENO) == 1 else {
            throw DataRefusal(
                .usage, "--force replaces all rows of what is chosen: it needs --yes where nobody can be asked")
        }
        let what = selectors.isEmpty ? "all \(session.graph.order.count) datasets" : selectors.joined(separator: " ")
        print("Fill \(what) anew, and throw away the rows that are there? [y/N] ", terminator: "")
        fflush(nil)
        guard let answer = readLine(), ["y", "yes"].contains(answer.lowercased()) else {
            throw DataRefusal(.usage, "nothing was done")
        }
    }
}

extension PlannedDataset {
    /// Made again as a whole although its rows are there: too old, or a check does not hold.
    fileprivate var isRemade: Bool {
        switch reason {
        case .state(let state): state == .stale || state == .invalid
        case .parent, .force: true
        case .newUnits: false
        }
    }
}
