import ArgumentParser
import Datasets
import Glibc
import HealKit
import HealModel
import LiveMachine
import ManifestShape
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

            Exit status: 0 all datasets are ready, or the target is reached; 1 a required one is not, or the run was stopped; 2 only others are not; \
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

    @Option(
        help: ArgumentHelp(
            "Do only the cheapest part that reaches this readiness, from 0 to 1.", valueName: "readiness"))
    var target: Double?

    @Flag(help: "Reach 0.3, 0.5, 0.7, 0.9 and 1 of the readiness one after the other, and say so each time.")
    var progressive = false

    @Option(
        help: ArgumentHelp(
            "How many batches are made at once (1 to 256).", discussion: "Default: as many as make -j says, else 4.",
            valueName: "n"))
    var jobs: Int?

    @Option(
        help: ArgumentHelp(
            "Fill this dataset and take what it depends on as it is: for targets of Make.", valueName: "dataset"))
    var onlyThis: String?

    @Option(
        help: ArgumentHelp(
            "Write this file when the rows of --only-this are others than those it speaks of.", valueName: "file"),
        completion: .file())
    var stamp: String?

    @Option(help: "How it is written; json: what happens, as it happens, a line each.")
    var format: ListFormat = .text

    @Flag(help: "When another run works on the data, say so and end, instead of waiting for it.")
    var noWait = false

    func validate() throws {
        if let jobs, !(1...256).contains(jobs) { throw ValidationError("--jobs takes a whole number from 1 to 256") }
        if let target, !(0...1).contains(target) { throw ValidationError("--target takes a number from 0 to 1") }
        if [target != nil, progressive, force].count(where: { $0 }) > 1 {
            throw ValidationError("--target, --progressive and --force exclude each other")
        }
        if onlyThis != nil && (!selectors.isEmpty || target != nil || progressive) {
            throw ValidationError("--only-this names the one dataset, and goes with no selector and no target")
        }
        if stamp != nil && onlyThis == nil { throw ValidationError("--stamp needs --only-this") }
        if yes && !force { throw ValidationError("--yes is the answer to --force") }
    }

    func run() async throws {
        let console = Console(format: format.output, color: options.color, tool: Self.tool)
        throw await console.answering { () async throws(DataRefusal) in try await perform(console) }
    }

    private func perform(_ console: Console) async throws(DataRefusal) -> ExitStatus {
        let session = try await DataSession(options, mayChange: !dryRun, runsPrograms: !dryRun)
        let selection = try selection(in: session)
        if dryRun {
            let report = try await look(session)
            let plan = plan(session, selection, report, target)
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
        let work = Work(session: session, selection: selection)
        var end = try await perform(work, progressive ? Self.steps.first : target, console)
        for target in progressive ? Self.steps.dropFirst() : [] where !Program.interruption.isRaised {
            end = try await perform(work, target, console)
        }
        withExtendedLifetime(lock) {}
        return end
    }

    private func selection(in session: DataSession) throws(DataRefusal) -> DatasetSelection {
        if let onlyThis, session.graph[onlyThis] == nil {
            let near = NearestName.suggestion(for: onlyThis, among: session.graph.names)
            throw DataRefusal(
                .usage, "there is no dataset '\(onlyThis)'" + (near.map { "; did you mean '\($0)'?" } ?? ""))
        }
        if let stamp, !dryRun, let fault = stampFault(stamp, session) {
            throw DataRefusal(.usage, "--stamp \(stamp): \(fault)")
        }
        do throws(DatasetSelection.Problem) {
            return try DatasetSelection(onlyThis.map { [$0] } ?? selectors, in: session.graph)
        } catch {
            throw DataRefusal(.usage, error.message)
        }
    }

    private static let steps = [0.3, 0.5, 0.7, 0.9, 1]

    private struct Work {
        var session: DataSession
        var selection: DatasetSelection
    }

    /// One run, to a target or to the end.
    private func perform(_ work: Work, _ target: Double?, _ console: Console) async throws(DataRefusal) -> DataEnd {
        let session = work.session
        // Only now, with the lock: what another run has done meanwhile is not to be done again.
        let before = try await look(session)
        let plan = plan(session, work.selection, before, target)
        let recorder = DataRecorder(session, tool: Self.tool)
        if !plan.isEmpty { try recorder.begin(plan) }
        let writer = DataEventWriter(console: console, isJSON: format == .json)
        var tools = session.tools { event in
            recorder.note(event)
            writer.write(event)
        }
        let flags = MakeJobServer.Description(flags: session.machine.environment["MAKEFLAGS"] ?? "")
        tools.jobServer = MakeJobServer(flags)
        // What make says counts only where it has given us its job server.
        let most = jobs ?? (tools.jobServer == nil ? nil : flags.jobs.map { min($0, 256) }) ?? 4
        let run = PopulationRun(
            session.graph, tools,
            PopulationOptions(jobs: most, forced: Set(plan.datasets.filter(\.isRemade).map(\.name))))
        let names = Set(plan.datasets.map(\.name))
        // Only the same work can be gone on with.
        for name in await run.discardHalfMade(Set(before.halfMade).subtracting(force ? names : [])) {
            console.inform("took away the half of a new table for '\(name)' that a killed run had left")
        }
        let outcomes = names.isEmpty ? [] : force ? await run.replace(names) : await run.perform(names)
        let isStopped = Program.interruption.isRaised
        // Where nothing was done, all is as it was: nobody else could work on it.
        let after = isStopped ? nil : names.isEmpty ? before : try await look(session)
        var status = isStopped ? .critical : status(outcomes, after, target, work, before)
        if let stamp, let onlyThis, status != .critical, let dataset = after?[onlyThis],
            let trouble = StampFile(path: stamp).write(dataset)
        {
            console.remark("\(stamp): \(trouble)")
            status = .critical
        }
        if let trouble = recorder.finish(status) { console.remark(trouble) }
        writer.end(plan, outcomes, after, target: target, isStopped: isStopped, status: status)
        return DataEnd(
            status: status, report: after, outcomes: outcomes, blocked: plan.blocked.map(\.name), run: recorder.run)
    }

    /// With a target it is reached or not; else everything that was chosen is to be ready.
    private func status(
        _ outcomes: [DatasetOutcome], _ report: ReadinessReport?, _ target: Double?, _ work: Work,
        _ before: ReadinessReport
    ) -> ExitStatus {
        guard let report else { return .critical }
        if let target { return (report.readiness ?? 1) >= target ? .ok : .critical }
        let hasFailed = outcomes.contains { !$0.isGood && work.session.graph[$0.dataset]?.isRequired == true }
        let chosen = work.selection.isEverything ? nil : work.selection.names(in: work.session.graph, before)
        if hasFailed { return .critical }
        let status = DataHealText.status(report, of: chosen)
        // The old rows may be all that is needed; that they are still there is not what was asked for.
        return force && status == .ok && outcomes.contains { !$0.isGood } ? .warnings : status
    }

    private func look(_ session: DataSession) async throws(DataRefusal) -> ReadinessReport {
        do throws(MachineError) {
            return try await StatusReader(session.graph, on: session.machine, StatusOptions(looksAtUnits: true)).read()
        } catch {
            throw DataRefusal(.critical, error.explanation)
        }
    }

    private func plan(
        _ session: DataSession, _ selection: DatasetSelection, _ report: ReadinessReport, _ target: Double?
    ) -> PopulationPlan {
        let chosen = selection.isEverything ? nil : selection.names(in: session.graph, report)
        let maker = PlanMaker(session.graph, report)
        if let target { return maker.plan(reaching: target, for: chosen).plan }
        return maker.plan(for: chosen, isForced: force)
    }

    /// The stamp has a folder of its own, and must not take the place of anything that the manifest names.
    private func stampFault(_ path: String, _ session: DataSession) -> String? {
        if path.isEmpty || path.utf8.contains(0) { return "that is no name of a file" }
        if let trouble = StampFile(path: path).makeFolders() { return trouble }
        return session.place.fault(ofStamp: path, session.manifest.checks)
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
        case .newRows: false
        }
    }
}
