import Datasets
import HealModel

/// What a run begins next: a dataset by itself, or a series of those that one transaction may make.
struct Steps {
    enum Step: Sendable {
        case single(Dataset)
        /// Parents before children.
        case series(ResourcePath, [Dataset])
    }

    private var schedule: Schedule
    /// Those that may be part of a series.
    private var joinable: Set<String>
    /// Those that may begin and wait for others of their database to come to an end: they would wait for it anyway.
    private var held: [ResourcePath: [Dataset]] = [:]
    private var busy: Set<ResourcePath> = []

    /// - Parameters:
    ///   - order: those that take part, parents before children.
    ///   - canJoin: whether one may be part of a series.
    init(_ order: [Dataset], canJoin: (Dataset) -> Bool) {
        schedule = Schedule(order)
        joinable = Set(order.filter(canJoin).map(\.name))
    }

    /// Takes all that can begin now.
    mutating func next() -> [Step] {
        var steps: [Step] = []
        for dataset in schedule.takeFree() {
            if joinable.contains(dataset.name) {
                held[dataset.relation.database, default: []].append(dataset)
            } else {
                steps.append(.single(dataset))
            }
        }
        for database in held.keys.sorted() where !busy.contains(database) {
            let first = held.removeValue(forKey: database) ?? []
            let joinable = joinable
            let members = schedule.take(with: first) {
                $0.relation.database == database && joinable.contains($0.name)
            }
            if members.count == 1 {
                steps.append(.single(members[0]))
            } else {
                busy.insert(database)
                steps.append(.series(database, members))
            }
        }
        return steps
    }

    /// Takes all that have not begun.
    mutating func takeAll() -> [Dataset] {
        for dataset in held.values.joined() { schedule.giveBack(dataset.name) }
        held = [:]
        return schedule.takeAll()
    }

    mutating func end(_ name: String) { schedule.finish(name) }

    mutating func end(seriesOf database: ResourcePath, _ members: [Dataset], _ result: SQLSeries.Result) {
        busy.remove(database)
        joinable.subtract(result.alone)
        let done = Set(result.outcomes.map(\.dataset))
        // First, so that whoever waits for nothing else is free.
        for name in done { schedule.finish(name) }
        for member in members where !done.contains(member.name) { schedule.giveBack(member.name) }
    }
}
