import Datasets
import ExternalPlugins
import Glibc
import HealKit
import HealModel
import LiveMachine
import Populating

/// A dataset that a run populates when it is not ready and may be populated at start.
struct PopulatedDataset: DelegatingCheck {
    static let descriptor = RequiredDataset.descriptor

    let check: RequiredDataset
    let population: StartPopulation

    var subject: String { check.subject }
    var declaredAt: SourceLocation? { check.declaredAt }
    var requires: [ResourcePath] { check.requires }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        try await check.look(on: machine, healing: population.healing)
    }

    func heal(_ findings: [Finding.Key], on machine: any ChangingMachine) async throws(MachineError) -> String? {
        try await population.heal(check, on: machine)
    }

    /// The plan says it all.
    func rehearse(_ findings: [Finding.Key], on machine: any Machine) async throws(MachineError) -> String? { nil }
}

/// Populates datasets in a run that heals, one after the other.
actor StartPopulation {
    private static let tool = "auto-heal"

    private let graph: DatasetGraph
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
        _ graph: DatasetGraph, statedTables: Set<Relation>, plugins: [ExternalPlugin], root: String,
        waitLimit: Duration, redactor: @escaping @Sendable (any Machine) -> Redactor
    ) {
        self.graph = graph
        self.statedTables = statedTables
        self.plugins = plugins
        self.root = root
        self.waitLimit = waitLimit
        self.redactor = redactor
    }

    var healing: DatasetHealing { DatasetHealing(statedTables: statedTables, givenUp: givenUp) }

    func heal(_ check: RequiredDataset, on machine: any ChangingMachine) async throws(MachineError) -> String? {
        let name = check.subject
        let lock = try await lock(for: name, machine)
        defer { withExtendedLifetime(lock) {} }
        // Only now, with the lock: what another run has done meanwhile is not to be done again.
        let status = try await check.status(on: machine)
        guard !status.isReady else { return "nothing was left to do" }
        let options = PopulationOptions(
            forced: status.isToBeRemade ? [name] : [], waitsForNextAttempt: true, takesParentsAlong: false)
        let run = run?.with(options) ?? PopulationRun(graph, tools(machine), options)
        self.run = run
        guard let outcome = await run.perform([name]).first(where: { $0.dataset == name }) else {
            throw .malfunction(subject: name, reason: "there is no such dataset")
        }
        if outcome.result == .interrupted || Program.interruption.isRaised { throw .cancelled }
        let words = outcome.tried.joined(separator: "; ")
        if outcome.isGood {
            let done = outcome.result == .done ? Self.done(outcome.progress) : "nothing was left to do"
            return words.isEmpty ? done : "\(done); \(words)"
        }
        givenUp.insert(name)
        let failed = outcome.progress.failedUnits
        let parts = [
            failed > 0 ? "\(Self.done(outcome.progress)), \(failed) failed" : nil, outcome.failure?.message,
            words.isEmpty ? nil : words,
        ]
        throw .malfunction(subject: name, reason: parts.compactMap { $0 }.joined(separator: "; "))
    }

    private static func done(_ progress: Progress) -> String {
        let units = progress.finished - progress.failedUnits
        let rows = "\(progress.rows) \(progress.rows == 1 ? "row" : "rows")"
        return progress.total == nil || progress.total == 1 && units == 1 ? rows : "\(rows) of \(units) units"
    }

    private func tools(_ machine: any ChangingMachine) -> PopulationTools {
        PopulationTools(machine: machine, plugins: plugins, redactor: redactor(machine))
    }

    private func lock(for name: String, _ machine: any ChangingMachine) async throws(MachineError) -> DataLock {
        do throws(DataLock.Failure) {
            return try await DataLock.acquire(
                root, owner: DataLock.Owner(tool: Self.tool, pid: getpid(), since: machine.now), wait: waitLimit,
                interruption: Program.interruption)
        } catch {
            switch error {
            case .held(let owner): throw .malfunction(subject: name, reason: DataSession.words(owner))
            case .machine(let error): throw error
            }
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
            graph, statedTables: Set(relations), plugins: plugins, root: root, waitLimit: waitLimit,
            redactor: { Redactor(populating: graph, checks: checks, on: $0) })
        return checks.map { check in
            (check as? RequiredDataset).map { PopulatedDataset(check: $0, population: population) } ?? check
        }
    }
}
