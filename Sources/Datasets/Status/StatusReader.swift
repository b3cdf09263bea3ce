import HealKit
import HealModel

/// Finds out how datasets are. Changes nothing: each database is read in one read-only transaction, several at once.
public struct StatusReader: Sendable {
    let graph: DatasetGraph
    let machine: any Machine
    let options: StatusOptions

    public init(_ graph: DatasetGraph, on machine: any Machine, _ options: StatusOptions = StatusOptions()) {
        self.graph = graph
        self.machine = machine
        self.options = options
    }

    /// - Throws: `.cancelled`; whatever else goes wrong is in the statuses.
    public func read() async throws(MachineError) -> ReadinessReport {
        var datasets: [ResourcePath: [Dataset]] = [:]
        for dataset in graph.order { datasets[dataset.relation.database, default: []].append(dataset) }
        var facts: [ResourcePath: DatabaseFacts] = [:]
        var waiting = datasets.keys.sorted()[...]
        // The error is carried by hand: a group's own would lose its type.
        let outcome = await withTaskGroup(
            of: (ResourcePath, Result<DatabaseFacts, MachineError>).self,
            returning: Result<[ResourcePath: DatabaseFacts], MachineError>.self
        ) { group in
            func start() {
                guard let next = waiting.popFirst() else { return }
                let own = datasets[next] ?? []
                group.addTask { (next, await self.look(at: next, own)) }
            }
            for _ in 0..<max(1, options.jobs) { start() }
            while let (path, result) = await group.next() {
                switch result {
                case .success(let found): facts[path] = found
                case .failure(let error):
                    group.cancelAll()
                    return .failure(error)
                }
                start()
            }
            return .success(facts)
        }
        facts = try outcome.get()
        let counts = try await parentCounts(facts, of: graph.order)
        let statuses = StatusAssembly(graph, facts, parentCounts: counts, now: machine.now, options).statuses()
        let halfMade = graph.order.filter {
            facts[$0.relation.database]?.ledger[LedgerTables.newTable + $0.name] != nil
        }
        return ReadinessReport(
            statuses: statuses, blocking: StatusAssembly.blocking(statuses, graph), time: machine.now,
            halfMade: halfMade.map(\.name))
    }

    /// - Returns: a failure only when the run is to stop.
    func look(at database: ResourcePath, _ datasets: [Dataset]) async -> Result<DatabaseFacts, MachineError> {
        do throws(MachineError) {
            return .success(
                try await machine.readDatabase(database) { connection throws(MachineError) in
                    try self.facts(of: datasets, connection)
                })
        } catch .cancelled {
            return .failure(.cancelled)
        } catch {
            return .success(DatabaseFacts(failure: error))
        }
    }

    private func facts(
        of datasets: [Dataset], _ connection: any SQLConnection
    ) throws(MachineError) -> DatabaseFacts {
        let look = try DatabaseLook(connection, options)
        var settled: [String: Int] = [:]
        var quarantined: [String: Int] = [:]
        for dataset in datasets {
            guard let unit = dataset.populate?.unit, let entry = look.ledger[dataset.name] else { continue }
            let aside = try look.quarantinedUnits(dataset)
            quarantined[dataset.name] = aside
            settled[unit.parent] = max(settled[unit.parent] ?? 0, entry.done + entry.failed + aside)
        }
        var facts = DatabaseFacts(ledger: look.ledger)
        let here = Dictionary(datasets.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for dataset in datasets {
            var table = try look.facts(
                dataset, settledUnits: settled[dataset.name] ?? 0, hasUnits: graph.unitParents.contains(dataset.name))
            table.quarantinedUnits = quarantined[dataset.name] ?? 0
            facts.tables[dataset.name] = table
        }
        for dataset in datasets where options.looksAtUnits || dataset.volume.mode == .exact {
            guard let unit = dataset.populate?.unit, let parent = here[unit.parent],
                facts.tables[parent.name]?.exists == true
            else { continue }
            do throws(MachineError) {
                facts.tables[dataset.name]?.units = .success(try look.units(dataset, unit, of: parent))
            } catch .cancelled {
                throw .cancelled
            } catch {
                facts.tables[dataset.name]?.units = .failure(error)
            }
        }
        return facts
    }

    /// How many rows parents in other databases have, at least, where it was not counted far enough to tell whether units of them
    /// are pending.
    func parentCounts(
        _ facts: [ResourcePath: DatabaseFacts], of datasets: [Dataset]
    ) async throws(MachineError) -> [String: Int] {
        var counts: [String: Int] = [:]
        for dataset in datasets {
            guard let unit = dataset.populate?.unit, let parent = graph[unit.parent],
                parent.relation.database != dataset.relation.database,
                let entry = facts[dataset.relation.database]?.ledger[dataset.name],
                let table = facts[parent.relation.database]?.tables[parent.name],
                case .success(let rows) = table.rows, !rows.isExact
            else { continue }
            let aside = facts[dataset.relation.database]?.tables[dataset.name]?.quarantinedUnits ?? 0
            let settled = entry.done + entry.failed + aside
            guard table.counted <= settled else { continue }
            let limit = Int64(settled + 1)
            let sql = "SELECT count(*) FROM (SELECT 1 FROM main.\(parent.relation.table.quotedSQLName) LIMIT ?)"
            let timeLimit = options.timeLimit
            do throws(MachineError) {
                counts[dataset.name] = try await machine.readDatabase(parent.relation.database) {
                    connection throws(MachineError) in
                    try connection.firstRow(sql, [.integer(limit)], within: timeLimit)?.first?.integer.map { Int($0) }
                }
            } catch .cancelled {
                throw .cancelled
            } catch {
                // What keeps the parent from being read is said of the parent.
            }
        }
        return counts
    }
}
