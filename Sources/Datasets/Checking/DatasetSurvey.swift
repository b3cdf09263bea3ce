import HealKit
import HealModel

/// Looks at the databases of datasets for the checks of all of them, each database once as long as its files stay as they are.
actor DatasetSurvey {
    let graph: DatasetGraph
    private let options: StatusOptions
    private var looks: [ResourcePath: Seen] = [:]
    private var statuses: [String: DatasetStatus] = [:]
    /// Only found out when somebody looks: many load a manifest for something else.
    private lazy var places = Places(graph)
    private var count = 0

    private struct Places {
        var datasets: [ResourcePath: [Dataset]] = [:]
        /// The databases that a dataset and what it depends on are in.
        var databases: [String: Set<ResourcePath>] = [:]

        init(_ graph: DatasetGraph) {
            for dataset in graph.order {
                datasets[dataset.relation.database, default: []].append(dataset)
                var all: Set = [dataset.relation.database]
                for parent in dataset.parents { all.formUnion(databases[parent] ?? []) }
                databases[dataset.name] = all
            }
        }
    }

    private struct Seen {
        var stamp: Stamp
        var number: Int
        var look: Task<Result<DatabaseFacts, MachineError>, Never>
    }

    /// What changes when a database does: its file, and the log beside it.
    private struct Stamp: Equatable {
        var file: FileStatus?
        var log: FileStatus?

        init(_ path: ResourcePath, _ machine: any Machine) {
            // What cannot be looked at here is told by the look itself.
            file = (try? machine.target(of: path)) ?? nil
            log = (try? machine.target(of: path.sibling(named: path.name + "-wal"))) ?? nil
        }

        /// Files keep the time of their last change in steps of some milliseconds: one that is so young may change again unseen.
        func isSure(at now: Int64) -> Bool {
            [file, log].allSatisfy { status in
                guard let status else { return true }
                let age = now - status.modified / 1_000_000
                // What lies in the future was not written just now.
                return age > 50 || age < -1000
            }
        }
    }

    init(_ graph: DatasetGraph, _ options: StatusOptions = StatusOptions()) {
        self.graph = graph
        self.options = options
    }

    func status(of name: String, on machine: any Machine) async throws(MachineError) -> DatasetStatus {
        try await lineage(of: name, on: machine).status
    }

    /// How it is, and how all that it depends on is.
    func lineage(
        of name: String, on machine: any Machine
    ) async throws(MachineError) -> (status: DatasetStatus, all: [String: DatasetStatus]) {
        let reader = StatusReader(graph, on: machine, options)
        var facts: [ResourcePath: DatabaseFacts] = [:]
        var numbers: [ResourcePath: Int] = [:]
        for database in places.databases[name] ?? [] {
            let seen = look(at: database, reader)
            facts[database] = try await seen.look.value.get()
            numbers[database] = seen.number
        }
        if let status = statuses[name] { return (status, statuses) }
        // What it depends on, as far up as nothing is known yet.
        var known = statuses
        let missing = unknown(above: name)
        let units = try await reader.parentUnits(facts, of: missing)
        let assembly = StatusAssembly(graph, facts, parentUnits: units, now: machine.now, options)
        for dataset in missing {
            known[dataset.name] = assembly.status(dataset) { known[$0]?.isReady ?? false }
        }
        guard let status = known[name] else {
            throw .malfunction(subject: name, reason: "there is no such dataset")
        }
        // Unless somebody has looked anew meanwhile.
        if numbers.allSatisfy({ looks[$0.key]?.number == $0.value }) {
            for dataset in missing { statuses[dataset.name] = known[dataset.name] }
        }
        return (status, known)
    }

    /// Itself and what it depends on, parents first, without those whose status is known.
    private func unknown(above name: String) -> [Dataset] {
        var found: [String: Dataset] = [:]
        var rest = [name]
        while let next = rest.popLast() {
            guard found[next] == nil, statuses[next] == nil, let dataset = graph[next] else { continue }
            found[next] = dataset
            rest += dataset.parents
        }
        return found.values.sorted { graph.position(of: $0.name) < graph.position(of: $1.name) }
    }

    private func look(at database: ResourcePath, _ reader: StatusReader) -> Seen {
        let stamp = Stamp(database, reader.machine)
        if let seen = looks[database], seen.stamp == stamp { return seen }
        statuses = [:]
        count += 1
        let own = places.datasets[database] ?? []
        let seen = Seen(stamp: stamp, number: count, look: Task { await reader.look(at: database, own) })
        // Who asks later is given the same only when it is sure that nothing came after it.
        looks[database] = stamp.isSure(at: reader.machine.now) ? seen : nil
        return seen
    }
}
