import HealKit
import HealModel

/// Looks at the databases of datasets for the checks of all of them, each database once as long as its files stay as they are.
actor DatasetSurvey {
    let graph: DatasetGraph
    private let options: StatusOptions
    private let datasets: [ResourcePath: [Dataset]]
    private var looks: [ResourcePath: Seen] = [:]
    private var statuses: [String: DatasetStatus] = [:]

    private struct Seen {
        var stamp: Stamp
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
                return now - status.modified / 1_000_000 > 50
            }
        }
    }

    init(_ graph: DatasetGraph, _ options: StatusOptions = StatusOptions()) {
        self.graph = graph
        self.options = options
        var datasets: [ResourcePath: [Dataset]] = [:]
        for dataset in graph.order { datasets[dataset.relation.database, default: []].append(dataset) }
        self.datasets = datasets
    }

    func status(of name: String, on machine: any Machine) async throws(MachineError) -> DatasetStatus {
        let names = graph.ancestors(of: name).union([name])
        let taking = graph.order.filter { names.contains($0.name) }
        let reader = StatusReader(graph, on: machine, options)
        var facts: [ResourcePath: DatabaseFacts] = [:]
        for database in Set(taking.map(\.relation.database)).sorted() {
            facts[database] = try await look(at: database, reader).get()
        }
        if let status = statuses[name] { return status }
        let counts = try await reader.parentCounts(facts, of: taking)
        let made = StatusAssembly(graph, facts, parentCounts: counts, now: machine.now, options).statuses(of: names)
        guard let status = made.last(where: { $0.name == name }) else {
            throw .malfunction(subject: name, reason: "there is no such dataset")
        }
        statuses[name] = status
        return status
    }

    private func look(
        at database: ResourcePath, _ reader: StatusReader
    ) async -> Result<DatabaseFacts, MachineError> {
        let stamp = Stamp(database, reader.machine)
        if let seen = looks[database], seen.stamp == stamp { return await seen.look.value }
        statuses = [:]
        let own = datasets[database] ?? []
        let look = Task { await reader.look(at: database, own) }
        // Whoever asks meanwhile waits for the same look, and who asks later only when it is sure that nothing came after it.
        looks[database] = stamp.isSure(at: reader.machine.now) ? Seen(stamp: stamp, look: look) : nil
        return await look.value
    }
}
