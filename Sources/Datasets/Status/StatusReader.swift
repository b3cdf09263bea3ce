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
        let units = try await parentUnits(facts, of: graph.order)
        let statuses = StatusAssembly(graph, facts, parentUnits: units, now: machine.now, options).statuses()
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
            settled[unit.parent] = max(settled[unit.parent] ?? 0, entry.settled)
        }
        var facts = DatabaseFacts(ledger: look.ledger)
        let here = Dictionary(datasets.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        for dataset in datasets {
            var table = try look.facts(
                dataset, settledUnits: settled[dataset.name] ?? 0, hasUnits: graph.unitKeys[dataset.name] != nil)
            table.quarantinedUnits = quarantined[dataset.name] ?? 0
            for key in table.exists ? graph.unitKeys[dataset.name] ?? [] : [] {
                table.keys[key] = try look.key(key, of: dataset)
            }
            facts.tables[dataset.name] = table
        }
        for dataset in datasets {
            guard let unit = dataset.populate?.unit, let parent = here[unit.parent],
                let own = facts.tables[dataset.name],
                let settled = own.settledUnits(facts.ledger[dataset.name]), let table = facts.tables[parent.name],
                let key = table.keys[unit.key.asciiLowercased], !key.isSure, table.counted > settled
            else { continue }
            let count = try look.attempt { () throws(MachineError) in
                try look.units(of: parent, unit.key, key, settled: settled)
            }
            if case .success(let found) = count { facts.tables[dataset.name]?.parentUnits = found }
        }
        for dataset in datasets where options.looksAtUnits || dataset.volume.mode == .exact {
            guard let unit = dataset.populate?.unit, let parent = here[unit.parent],
                facts.tables[parent.name]?.exists == true
            else { continue }
            do throws(MachineError) {
                let columns = facts.tables[dataset.name]?.columns
                let progress = try look.units(dataset, unit, of: parent, columns: columns)
                facts.tables[dataset.name]?.units = .success(progress)
            } catch .cancelled {
                throw .cancelled
            } catch {
                facts.tables[dataset.name]?.units = .failure(error)
            }
        }
        return facts
    }

    /// How many units parents in other databases have, at least, where it was not looked far enough to tell whether some are pending.
    func parentUnits(
        _ facts: [ResourcePath: DatabaseFacts], of datasets: [Dataset]
    ) async throws(MachineError) -> [String: UnitCount] {
        var counts: [String: UnitCount] = [:]
        for dataset in datasets {
            let own = facts[dataset.relation.database]
            guard let unit = dataset.populate?.unit, let parent = graph[unit.parent],
                parent.relation.database != dataset.relation.database,
                let settled = own?.tables[dataset.name]?.settledUnits(own?.ledger[dataset.name]),
                let table = facts[parent.relation.database]?.tables[parent.name],
                case .success(let rows) = table.rows
            else { continue }
            let key = table.keys[unit.key.asciiLowercased].flatMap { $0.isSure ? nil : $0 }
            // Where no more rows are than are done, no units are; where there are more, keys have to be looked at, or it is sure.
            guard table.counted > settled ? key != nil : !rows.isExact else { continue }
            let options = options
            do throws(MachineError) {
                counts[dataset.name] = try await machine.readDatabase(parent.relation.database) {
                    connection throws(MachineError) in
                    let look = try DatabaseLook(connection, options)
                    let counted = try look.boundedCount(parent.relation.table.quotedSQLName, settled + 1).atLeast
                    guard let key, counted > settled else { return UnitCount(units: counted) }
                    return try look.units(of: parent, unit.key, key, settled: settled)
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

extension TableFacts {
    /// How many units are not pending; `nil` where nothing is known of units, since others have filled it.
    func settledUnits(_ entry: LedgerEntry?) -> Int? {
        if let entry { return entry.settled }
        guard case .success(let rows) = rows, rows == .exactly(0) else { return nil }
        return 0
    }
}
