import Datasets
import ExternalPlugins
import Glibc
import HealKit
import HealModel
import LiveMachine
import Populating

/// A dataset that a run populates when it is not ready and may be populated at start.
struct PopulatedDataset: JointCheck {
    static let descriptor = RequiredDataset.descriptor

    let check: RequiredDataset
    let population: StartPopulation

    var healer: any JointHealer { population }
    var subject: String { check.subject }
    var declaredAt: SourceLocation? { check.declaredAt }
    var requires: [ResourcePath] { check.requires }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        try await check.look(on: machine, healing: population.healing)
    }

    /// The plan says it all.
    func rehearse(_ findings: [Finding.Key], on machine: any Machine) async throws(MachineError) -> String? { nil }
}

/// Populates datasets in a run that heals: all that are to be healed in one run, parents before children and others at the same time.
actor StartPopulation: JointHealer {
    private static let tool = "auto-heal"

    private let graph: DatasetGraph
    private let checks: [String: RequiredDataset]
    private let statedTables: Set<Relation>
    private let plugins: [ExternalPlugin]
    private let redactor: @Sendable (any Machine) -> Redactor
    private let root: String
    /// How long another run that works on the data is waited for.
    private let waitLimit: Duration
    private var givenUp: Set<String> = []
    /// What all of them know of sources that fail.
    private var run: PopulationRun?

    /// - Parameter statedTables: those that the manifest has made when they are missing.
    init(
        _ graph: DatasetGraph, _ checks: [RequiredDataset], statedTables: Set<Relation>, plugins: [ExternalPlugin],
        root: String,
        waitLimit: Duration, redactor: @escaping @Sendable (any Machine) -> Redactor
    ) {
        self.graph = graph
        self.checks = Dictionary(checks.map { ($0.subject, $0) }, uniquingKeysWith: { first, _ in first })
        self.statedTables = statedTables
        self.plugins = plugins
        self.root = root
        self.waitLimit = waitLimit
        self.redactor = redactor
    }

    var healing: DatasetHealing { DatasetHealing(statedTables: statedTables, givenUp: givenUp) }

    func heal(
        _ names: [String], on machine: any ChangingMachine, note: @escaping @Sendable (String) -> Void
    ) async -> [String: JointOutcome] {
        let lock: DataLock
        do throws(DataLock.Failure) {
            lock = try await DataLock.acquire(
                root, owner: DataLock.Owner(tool: Self.tool, pid: getpid(), since: machine.now), wait: waitLimit,
                interruption: Program.interruption)
        } catch {
            return Dictionary(names.map { ($0, Self.outcome(of: $0, error)) }, uniquingKeysWith: { first, _ in first })
        }
        defer { withExtendedLifetime(lock) {} }
        // Only now, with the lock: what another run has done meanwhile is not to be done again.
        var (work, outcomes) = await work(on: names, machine)
        let tools = PopulationTools(machine: machine, plugins: plugins, redactor: redactor(machine)) { event in
            if case .ends(let outcome) = event { note(outcome.dataset) }
        }
        let run = run?.with(work.options, tools) ?? PopulationRun(graph, tools, work.options)
        self.run = run
        for outcome in await run.perform(work.names) {
            outcomes[outcome.dataset] = JointOutcome(told(of: outcome), took: outcome.progress.elapsed)
        }
        for name in work.left { outcomes[name] = await outcome(ofLeft: name, machine) }
        return outcomes
    }

    private struct Work {
        var names: Set<String> = []
        /// Those that people populate; they may be well as soon as others are.
        var left: Set<String> = []
        // Whoever starts the application waits for this: not for a source, too.
        var options = PopulationOptions(
            waitsForNextAttempt: true, takesParentsAlong: false, waitsForSources: false)
    }

    private func work(
        on names: [String], _ machine: any ChangingMachine
    ) async -> (Work, [String: JointOutcome]) {
        var work = Work()
        var outcomes: [String: JointOutcome] = [:]
        for name in names {
            do throws(MachineError) {
                guard let check = checks[name] else { continue }
                let status = try await check.status(on: machine)
                if status.isReady {
                    outcomes[name] = JointOutcome(.success(Self.nothing))
                } else if check.dataset.populate?.isAtStart != true {
                    work.left.insert(name)
                } else {
                    work.names.insert(name)
                    if status.isToBeRemade { work.options.forced.insert(name) }
                }
            } catch {
                outcomes[name] = JointOutcome(.failure(error))
            }
        }
        return (work, outcomes)
    }

    private static let nothing = "nothing was left to do"

    private func told(of outcome: DatasetOutcome) -> Result<String?, MachineError> {
        let words = outcome.tried.joined(separator: "; ")
        if outcome.isGood {
            let done = outcome.result == .done ? Self.done(outcome.progress) : Self.nothing
            return .success(words.isEmpty ? done : "\(done); \(words)")
        }
        if outcome.result == .interrupted || Program.interruption.isRaised { return .failure(.cancelled) }
        givenUp.insert(outcome.dataset)
        let failed = outcome.progress.failedUnits
        let parts = [
            failed > 0 ? "\(Self.done(outcome.progress)), \(failed) failed" : nil, outcome.failure?.message,
            words.isEmpty ? nil : words,
        ]
        return .failure(
            .malfunction(subject: outcome.dataset, reason: parts.compactMap { $0 }.joined(separator: "; ")))
    }

    private func outcome(ofLeft name: String, _ machine: any ChangingMachine) async -> JointOutcome {
        do throws(MachineError) {
            if try await checks[name]?.status(on: machine).isReady == true {
                return JointOutcome(.success(Self.nothing))
            }
        } catch {
            return JointOutcome(.failure(error))
        }
        givenUp.insert(name)
        return JointOutcome(
            .failure(.malfunction(subject: name, reason: "it is left to people: selfheal data heal +\(name)")))
    }

    private static func done(_ progress: Progress) -> String {
        let units = progress.finished - progress.failedUnits
        let rows = "\(progress.rows) \(progress.rows == 1 ? "row" : "rows")"
        return progress.total == nil || progress.total == 1 && units == 1 ? rows : "\(rows) of \(units) units"
    }

    private static func outcome(of name: String, _ failure: DataLock.Failure) -> JointOutcome {
        switch failure {
        case .held(let owner):
            JointOutcome(.failure(.malfunction(subject: name, reason: DataSession.words(owner))))
        case .machine(let error): JointOutcome(.failure(error))
        }
    }
}

extension StartPopulation {
    /// The checks of a manifest, with those of datasets in a form that can populate.
    static func checks(
        _ checks: [any Check], graph: DatasetGraph, statedTables: [ResourcePath: [String]], plugins: [ExternalPlugin],
        root: String, waitLimit: Duration
    ) -> [any Check] {
        let relations = statedTables.flatMap { database, tables in
            tables.map { Relation(database: database, table: $0) }
        }
        let population = StartPopulation(
            graph, checks.compactMap { $0 as? RequiredDataset }, statedTables: Set(relations), plugins: plugins,
            root: root, waitLimit: waitLimit,
            redactor: { Redactor(populating: graph, checks: checks, on: $0) })
        return checks.map { check in
            (check as? RequiredDataset).map { PopulatedDataset(check: $0, population: population) } ?? check
        }
    }
}
