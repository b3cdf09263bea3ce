import HealModel

/// What a run that heals may populate by itself, and how it says so.
public struct DatasetHealing: Sendable {
    /// The tables that the manifest has made, if they are missing; by their names in small letters.
    private let statedTables: Set<Relation>
    /// What was tried in vain in this run.
    private let given: Set<String>

    public init(statedTables: Set<Relation>, givenUp: Set<String> = []) {
        self.statedTables = Set(statedTables.map(\.folded))
        given = givenUp
    }

    /// How a dataset that is not ready is populated; `nil` when that cannot help, or is left to people.
    /// - Parameter all: how it and what it depends on are.
    func repair(
        of status: DatasetStatus, _ all: [String: DatasetStatus], in graph: DatasetGraph
    ) -> Repair? {
        guard status.dataset.populate != nil else { return nil }
        var known: [String: Bool] = [:]
        let lineage = graph.ancestors(of: status.name).union([status.name])
        for name in lineage.sorted(by: { graph.position(of: $0) < graph.position(of: $1) }) {
            guard let one = all[name] else { return nil }
            known[name] = becomesReady(one) { known[$0] ?? false }
        }
        guard known[status.name] == true else { return nil }
        let name = status.name
        return Repair(
            "Populating \(name) (\(status.dataset.relation))", done: "Populated \(name)",
            detail: "from \(status.dataset.populate?.source.kind ?? "")", risk: .medium,
            steps: [.populate(dataset: name)], after: obstacles(of: status, all))
    }

    /// Whether it is ready when all has been populated that may be.
    private func becomesReady(_ status: DatasetStatus, _ parent: (String) -> Bool) -> Bool {
        if status.isReady { return true }
        guard status.waitsFor.allSatisfy(parent), !given.contains(status.name) else { return false }
        guard let populate = status.dataset.populate, populate.isAtStart else { return status.state == .waiting }
        if status.state == .missing, statedTables.contains(status.dataset.relation.folded) { return true }
        return status.whyNotPopulated == nil
    }

    /// What has to be healed before it.
    private func obstacles(of status: DatasetStatus, _ all: [String: DatasetStatus]) -> [Finding.Key] {
        var keys: [Finding.Key] = []
        if status.state == .missing {
            let relation = status.dataset.relation
            keys = [
                Finding.Key(id: "sqlite.file.missing", subject: relation.database.text),
                Finding.Key(id: "sqlite.table.missing", subject: relation.description),
            ]
        }
        var seen: Set<String> = []
        var rest = Array(status.waitsFor.reversed())
        while let name = rest.popLast() {
            guard seen.insert(name).inserted, let parent = all[name] else { continue }
            if parent.state == .waiting, parent.dataset.populate?.isAtStart != true {
                // Nothing is done about it itself.
                rest += parent.waitsFor.reversed()
            } else {
                let id = FindingID(rawValue: "dataset.\(parent.state.rawValue)")
                keys.append(Finding.Key(id: id, subject: name))
            }
        }
        return keys
    }
}

extension DatasetStatus {
    /// Whether it is to be made again as a whole although its rows are there: they are too old, or a check does not hold.
    public var isToBeRemade: Bool { state == .stale || state == .invalid }
}
