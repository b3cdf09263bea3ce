import HealKit
import HealModel

/// Planned repairs that may be performed at the same time: each group by itself, in order.
struct RepairBatch: Sendable {
    /// The repairs that one check asked for.
    struct Group: Sendable {
        var check: Int
        var tasks: [RepairTask]
    }

    var groups: [Group]
    /// Who does all of it in one go; `nil`: each group is performed by itself.
    var healer: (any JointHealer)?

    /// Cuts ordered tasks up: databases that do not depend on each other come together, and what one healer does
    /// in one go; everything else comes by itself.
    static func all(of tasks: [RepairTask], in graph: CheckGraph) -> [RepairBatch] {
        var waves: [Int: Int] = [:]
        for (wave, checks) in graph.waves.enumerated() {
            for check in checks { waves[check] = wave }
        }
        var batches: [RepairBatch] = []
        var open = tasks[...]
        var last: Int?
        while let next = open.first {
            let group = Group(check: next.check, tasks: Array(open.prefix { $0.check == next.check }))
            open = open.dropFirst(group.tasks.count)
            if let healer = group.healer(in: graph) {
                if let last = batches.indices.last, batches[last].healer === healer {
                    batches[last].groups.append(group)
                } else {
                    batches.append(RepairBatch(groups: [group], healer: healer))
                }
                last = nil
                continue
            }
            let wave = graph.checks[next.check] is any DatabaseCheck && group.isOnOneFile ? waves[next.check] : nil
            if let wave, wave == last {
                batches[batches.count - 1].groups.append(group)
            } else {
                batches.append(RepairBatch(groups: [group]))
            }
            last = wave
        }
        return batches
    }
}

extension RepairBatch.Group {
    fileprivate func healer(in graph: CheckGraph) -> (any JointHealer)? {
        guard tasks.allSatisfy({ $0.planned.repair.isDelegated }) else { return nil }
        return (graph.checks[check] as? any JointCheck)?.healer
    }

    /// Whether nothing but the database itself is changed. A directory may be made for several of them.
    fileprivate var isOnOneFile: Bool { tasks.flatMap(\.planned.repair.steps).allSatisfy(\.isOnOneFile) }
}

extension Step {
    fileprivate var isOnOneFile: Bool {
        switch self {
        case .executeSQL, .rewriteDatabase, .recoverJournal, .setJournalMode, .createDatabase: true
        default: false
        }
    }
}
