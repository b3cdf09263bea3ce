import Datasets
import HealKit
import HealModel

/// What a run is to do, and how.
public struct PopulationOptions: Sendable, Hashable {
    /// Batches at once, of all datasets together.
    public var jobs: Int
    /// Datasets made as a whole that are made again whatever is there: too old, or a check does not hold.
    public var forced: Set<String>
    /// Whether units that failed in an earlier run wait until it is their time: for runs that nobody asked for.
    public var waitsForNextAttempt: Bool
    /// Whether parents that are not among those asked for are populated first, where they have too few rows.
    public var takesParentsAlong: Bool

    /// Whether a source that failed again and again is waited for and tried again; else nothing more is asked of it in the run.
    public var waitsForSources: Bool
    /// How long a check of new rows may take, while nobody else can write.
    public var checkTimeLimit: Duration

    public init(
        jobs: Int = 4, forced: Set<String> = [], waitsForNextAttempt: Bool = false, takesParentsAlong: Bool = true,
        waitsForSources: Bool = true, checkTimeLimit: Duration = StatusOptions().timeLimit
    ) {
        self.checkTimeLimit = checkTimeLimit
        self.takesParentsAlong = takesParentsAlong
        self.waitsForSources = waitsForSources
        self.jobs = jobs
        self.forced = forced
        self.waitsForNextAttempt = waitsForNextAttempt
    }
}

/// Populates datasets, parents before children.
public struct PopulationRun: Sendable {
    private let graph: DatasetGraph
    private var tools: PopulationTools
    private var options: PopulationOptions
    private let limits: SharedLimits
    private let circuits: Circuits

    public init(_ graph: DatasetGraph, _ tools: PopulationTools, _ options: PopulationOptions = PopulationOptions()) {
        self.graph = graph
        self.tools = tools
        self.options = options
        var pools: [String: Int] = [:]
        for dataset in graph.order {
            guard let concurrency = dataset.populate?.concurrency, let pool = concurrency.pool else { continue }
            pools[pool] = min(pools[pool] ?? .max, concurrency.limit)
        }
        circuits = Circuits(tools.clock, probes: options.waitsForSources ? Circuits.probes : 0)
        limits = SharedLimits(jobs: options.jobs, server: tools.jobServer, pools: pools)
    }

    /// One that does other work, and knows the same of sources that fail. How much happens at once stays as it was.
    public func with(_ options: PopulationOptions, _ tools: PopulationTools) -> PopulationRun {
        var run = self
        run.options = options
        run.tools = tools
        return run
    }

    /// Does all the work that is pending on these datasets. Each decides when its turn comes, so that what parents did in this
    /// run counts. Parents that are not among them are populated first, where they have too few rows.
    /// - Returns: what became of each, in the order of the graph.
    public func perform(_ names: Set<String>) async -> [DatasetOutcome] {
        var outcomes: [String: DatasetOutcome] = [:]
        let wanted = names.union(await emptyAncestors(of: names))
        for name in wanted.subtracting(names).sorted() {
            let child = names.filter { graph.ancestors(of: $0).contains(name) }.min() ?? name
            tools.observe(.needs(dataset: child, parent: name))
        }
        var steps = Steps(graph.order.filter { wanted.contains($0.name) }) { dataset in
            SQLSeries.canHold(dataset, parents: dataset.parents.compactMap { graph[$0] })
        }
        await withTaskGroup(of: End.self) { group in
            var running = 0
            while true {
                if tools.isStopped() {
                    for dataset in steps.takeAll() { outcomes[dataset.name] = notStarted(dataset, .stopped) }
                }
                for step in steps.next() {
                    running += 1
                    switch step {
                    case .single(let dataset):
                        let before = outcomes.filter { dataset.parents.contains($0.key) }
                        group.addTask { .single(await perform(dataset, after: before)) }
                    case .series(let database, let members):
                        let series = series(of: members, in: database)
                        group.addTask { .series(database, members, await series.perform()) }
                    }
                }
                guard running > 0, let end = await group.next() else { break }
                running -= 1
                for outcome in end.outcomes {
                    outcomes[outcome.dataset] = outcome
                    tools.observe(.ends(outcome))
                }
                switch end {
                case .single(let outcome): steps.end(outcome.dataset)
                case .series(let database, let members, let result):
                    steps.end(seriesOf: database, members, result)
                }
            }
        }
        return graph.order.compactMap { outcomes[$0.name] }
    }

    /// What came of a step.
    private enum End: Sendable {
        case single(DatasetOutcome)
        case series(ResourcePath, [Dataset], SQLSeries.Result)

        var outcomes: [DatasetOutcome] {
            switch self {
            case .single(let outcome): [outcome]
            case .series(_, _, let result): result.outcomes
            }
        }
    }

    private func series(of members: [Dataset], in database: ResourcePath) -> SQLSeries {
        let works = members.compactMap { dataset in
            dataset.populate.map { population in
                let parents = dataset.parents.compactMap { graph[$0] }
                return DatasetWork(dataset, population, parents: parents, tools, limits, circuits, options)
            }
        }
        return SQLSeries(database: database, works: works, tools: tools, limits: limits, forced: options.forced)
    }

    private func notStarted(_ dataset: Dataset, _ failure: SourceFailure) -> DatasetOutcome {
        let outcome = DatasetOutcome(dataset.name, .notStarted, failure: failure)
        tools.observe(.ends(outcome))
        return outcome
    }

    /// What they depend on and what has too few rows. What cannot be looked at is not healed here: it shows when its child's turn
    /// comes.
    private func emptyAncestors(of names: Set<String>) async -> Set<String> {
        guard options.takesParentsAlong else { return [] }
        var above: Set<String> = []
        for dataset in graph.order.reversed() where names.contains(dataset.name) || above.contains(dataset.name) {
            above.formUnion(dataset.parents)
        }
        var asked: [ResourcePath: [Dataset]] = [:]
        for dataset in graph.order
        where dataset.populate != nil && above.contains(dataset.name) && !names.contains(dataset.name) {
            asked[dataset.relation.database, default: []].append(dataset)
        }
        var found: Set<String> = []
        for (database, datasets) in asked {
            do throws(SourceFailure) {
                let look = insistence(for: datasets[0])
                found.formUnion(
                    try await look.perform { () async throws(SourceFailure) in
                        try await empty(datasets, in: database)
                    })
            } catch  where error.kind == .dependency {
                found.formUnion(datasets.map(\.name))
            } catch {
                // It cannot be looked at.
            }
        }
        return found
    }

    /// In one look.
    private func empty(
        _ datasets: [Dataset], in database: ResourcePath
    ) async throws(SourceFailure) -> Set<String> {
        try await tools.machine.reading(database) { connection throws(MachineError) in
            var found: Set<String> = []
            for dataset in datasets {
                do throws(MachineError) {
                    let rows = try Population.countRows(of: dataset, connection)
                    if rows < dataset.volume.minimumRows { found.insert(dataset.name) }
                } catch .database(_, .sql) {
                    // Others can be.
                }
            }
            return found
        }
    }

    private func isEmpty(_ dataset: Dataset) async -> Bool {
        let look = insistence(for: dataset)
        let rows = try? await look.perform { () async throws(SourceFailure) in
            try await Population.countRows(of: dataset, on: tools.machine)
        }
        return rows.map { $0 < dataset.volume.minimumRows } ?? false
    }

    /// For looks before the work on a dataset.
    private func insistence(for dataset: Dataset, _ tally: Tally = Tally()) -> Insistence {
        Insistence(
            dataset: dataset.name, policy: dataset.populate?.retry ?? RetryPolicy(), tools: tools, tally: tally)
    }

    /// Populates datasets anew, whatever is there, one after the other: each into a new table that takes the place of the old one when it
    /// is complete and holds what it must. Until then, and when anything fails, the old rows stay.
    public func replace(_ names: Set<String>) async -> [DatasetOutcome] {
        var outcomes: [String: DatasetOutcome] = [:]
        for dataset in graph.order where names.contains(dataset.name) {
            let outcome = tools.isStopped() ? notStarted(dataset, .stopped) : await replace(dataset, outcomes)
            outcomes[dataset.name] = outcome
            if outcome.result != .notStarted { tools.observe(.ends(outcome)) }
        }
        return graph.order.compactMap { outcomes[$0.name] }
    }

    /// Takes away what killed runs have left of new tables that were to take the place of these datasets' own.
    /// - Returns: the datasets of which something was taken away.
    public func discardHalfMade(_ names: Set<String>) async -> [String] {
        var discarded: [String] = []
        for dataset in graph.order where names.contains(dataset.name) {
            let place = WorkPlace(newFor: dataset)
            do throws(MachineError) {
                let isThere = try await tools.machine.changeDatabase(dataset.relation.database) {
                    connection throws(MachineError) in
                    guard try WorkLedger(place.ledger, reading: connection).isKnown() else { return false }
                    try place.discard(connection)
                    return true
                }
                if isThere { discarded.append(dataset.name) }
            } catch {
                // The next run does it.
            }
        }
        return discarded
    }

    private func replace(_ dataset: Dataset, _ outcomes: [String: DatasetOutcome]) async -> DatasetOutcome {
        guard let population = dataset.populate else {
            let failure = SourceFailure(.configuration, "nothing populates it")
            return DatasetOutcome(dataset.name, .failed, failure: failure)
        }
        let tally = Tally()
        switch await readyParents(of: dataset, outcomes, tally) {
        case .failure(let failure): return notStarted(dataset, failure)
        case .success(let parents):
            let work = DatasetWork(
                dataset, population, parents: parents, tools, limits, circuits, options,
                place: WorkPlace(newFor: dataset), tally: tally)
            return await Replacing(work: work).perform()
        }
    }

    private func perform(_ dataset: Dataset, after outcomes: [String: DatasetOutcome]) async -> DatasetOutcome {
        var outcome = await attempt(dataset, after: outcomes)
        guard outcome.failure?.kind == .dependency, outcome.result != .notStarted, options.takesParentsAlong,
            !tools.isStopped()
        else {
            return outcome
        }
        // A parent lost its rows meanwhile, or had none that anybody knew of.
        var healed: [String] = []
        for name in dataset.parents {
            guard let parent = graph[name], parent.populate != nil, await isEmpty(parent) else { continue }
            tools.observe(.needs(dataset: dataset.name, parent: name))
            if await attempt(parent, after: outcomes).isGood { healed.append(name) }
        }
        guard !healed.isEmpty else { return outcome }
        let before = outcome.tried
        outcome = await attempt(dataset, after: outcomes)
        outcome.tried = before + healed.map { "populated '\($0)' first" } + outcome.tried
        return outcome
    }

    private func attempt(_ dataset: Dataset, after outcomes: [String: DatasetOutcome]) async -> DatasetOutcome {
        let parents: [Dataset]
        let tally = Tally()
        switch await readyParents(of: dataset, outcomes, tally) {
        case .failure(let failure):
            return DatasetOutcome(dataset.name, .notStarted, failure: failure, tried: tally.tried)
        case .success(let found): parents = found
        }
        guard let population = dataset.populate else {
            if await isEmpty(dataset) {
                return DatasetOutcome(
                    dataset.name, .failed,
                    failure: SourceFailure(.configuration, "it has too few rows, and nothing populates it"))
            }
            return DatasetOutcome(dataset.name, .unneeded)
        }
        // Two children may want the same parent populated first: the second one finds nothing left to do.
        let turn = await limits.turn(of: dataset.name)
        await turn.take()
        let outcome = await DatasetWork(
            dataset, population, parents: parents, tools, limits, circuits, options, tally: tally
        ).perform()
        await turn.give()
        return outcome
    }

    /// What it depends on, if all of that has enough rows.
    private func readyParents(
        of dataset: Dataset, _ outcomes: [String: DatasetOutcome], _ tally: Tally
    ) async -> Result<[Dataset], SourceFailure> {
        let look = insistence(for: dataset, tally)
        var parents: [Dataset] = []
        for parent in dataset.parents.compactMap({ graph[$0] }) {
            do throws(SourceFailure) {
                let rows = try await look.perform { () async throws(SourceFailure) in
                    try await Population.countRows(of: parent, on: tools.machine)
                }
                guard rows < parent.volume.minimumRows else {
                    parents.append(parent)
                    continue
                }
                let why = outcomes[parent.name]?.failure.map { " (\($0.message))" } ?? ""
                let how = parent.populate == nil ? ", and nothing populates it" : why
                return .failure(
                    SourceFailure(
                        .dependency,
                        "'\(parent.name)' has \(rows) of the \(parent.volume.minimumRows) rows that it must have\(how)")
                )
            } catch {
                return .failure(tools.redacted(error))
            }
        }
        return .success(parents)
    }
}
