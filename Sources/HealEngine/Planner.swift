import Crypto
import Foundation
import HealKit
import HealModel

/// A planned repair and the check that asked for it.
struct RepairTask: Sendable {
    var check: Int
    var finding: Finding
    var planned: PlannedRepair

    /// Every finding that it heals.
    var keys: [Finding.Key] { planned.findings }
}

/// Turns what was found into the ordered repairs of a run.
struct Planner: Sendable {
    var graph: CheckGraph
    var selection: Selection
    var maxRisk: Risk
    var installs = false
    var workers: Workers
    /// Modes that the manifest states for directories, whichever check makes them.
    var modes: [ResourcePath: FileMode] = [:]

    /// Looks again, through the machine as it will be, at what is blocked by something the plan mends, until nothing new comes
    /// to light: the plan is complete before the first change.
    func tasks(for survey: Survey, on machine: any Machine) async -> [RepairTask] {
        var tasks: [RepairTask] = []
        var planned: Set<Finding.Key> = []
        var positions: [Int: [Repair: Int]] = [:]
        var expected = PlannedMachine(machine)
        var sights = survey.sights
        // Databases that are made are made as they must be.
        var made: Set<Int> = []
        while true {
            var matters = false
            for index in graph.ordered {
                for finding in sights[index].findings {
                    guard let repair = finding.repair, planned.insert(finding.key).inserted else { continue }
                    if let first = positions[index]?[repair] {
                        tasks[first].planned.also.append(finding.key)
                        continue
                    }
                    var entry = PlannedRepair(finding: finding.key, repair: repair, withheld: withheld(repair))
                    if !modes.isEmpty {
                        entry.repair.steps = repair.steps.flatMap { withStatedModes($0, on: expected) }
                    }
                    positions[index, default: [:]][repair] = tasks.count
                    tasks.append(RepairTask(check: index, finding: finding, planned: entry))
                    guard entry.withheld == nil else { continue }
                    for step in entry.repair.steps where expected.assume(step) { matters = true }
                    if graph.checks[index] is any DatabaseCheck, entry.repair.makesDatabase { made.insert(index) }
                }
            }
            guard matters, sights.contains(where: \.isBlocked) else { break }
            sights = await Survey.take(
                graph, on: expected, selection: selection, workers: workers, takingAsSound: made
            ).sights
        }
        withholdWaiting(&tasks, present: Set(sights.flatMap(\.findings).map(\.key)))
        let position = Dictionary(uniqueKeysWithValues: graph.ordered.enumerated().map { ($1, $0) })
        // Stable: within a check the order is the check's own.
        return tasks.enumerated().sorted {
            (position[$0.element.check] ?? 0, $0.offset) < (position[$1.element.check] ?? 0, $1.offset)
        }.map(\.element).afterWhatTheyAwait
    }

    /// Withholds what would be performed although something that it waits for would not, and then what waits for that.
    private func withholdWaiting(_ tasks: inout [RepairTask], present: Set<Finding.Key>) {
        var healed = Set(tasks.filter { $0.planned.withheld == nil }.flatMap(\.keys))
        var isComplete = false
        while !isComplete {
            isComplete = true
            for (index, task) in tasks.enumerated() where task.planned.withheld == nil {
                let awaited = task.planned.repair.after.first { present.contains($0) && !healed.contains($0) }
                guard let awaited else { continue }
                tasks[index].planned.withheld = "it waits for \(awaited.subject)"
                healed.subtract(task.keys)
                isComplete = false
            }
        }
    }

    /// A directory that is made on the way to something gets the mode that the manifest states for it.
    private func withStatedModes(_ step: Step, on machine: any Machine) -> [Step] {
        guard case .createDirectory(let path, let mode) = step else { return [step] }
        return path.lineage.reversed().compactMap { directory in
            if directory == path { return .createDirectory(path: path, mode: modes[path] ?? mode) }
            guard let stated = modes[directory], (try? machine.target(of: directory)) == .some(.none) else {
                return nil
            }
            return .createDirectory(path: directory, mode: stated)
        }
    }

    private func withheld(_ repair: Repair) -> String? {
        if repair.risk == .critical { return "it is never done without a person" }
        if repair.risk > maxRisk {
            return "its risk is \(repair.risk.rawValue), and this run goes up to \(maxRisk.rawValue)"
        }
        if !installs, repair.steps.contains(where: \.isInstallation) {
            return "it installs software, which is only done with --install"
        }
        return nil
    }
}

extension [RepairTask] {
    /// The same, with those in front that other checks' wait for; otherwise as they were.
    var afterWhatTheyAwait: [RepairTask] {
        var places: [Finding.Key: Int] = [:]
        for (index, task) in enumerated() { for key in task.keys { places[key] = index } }
        var isKnown = [Bool](repeating: false, count: count)
        var ordered: [RepairTask] = []
        for start in indices {
            // Those that are open, each waiting for the next: chains may be longer than a thread's stack bears.
            var open = isKnown[start] ? [] : [start]
            isKnown[start] = true
            while let last = open.last {
                let awaited = self[last].planned.repair.after.lazy.compactMap { places[$0] }.first {
                    !isKnown[$0] && self[$0].check != self[last].check
                }
                if let awaited {
                    isKnown[awaited] = true
                    open.append(awaited)
                } else {
                    ordered.append(self[last])
                    open.removeLast()
                }
            }
        }
        return ordered
    }
}

extension Repair {
    /// Whether the check has it done by somebody else.
    var isDelegated: Bool {
        steps.contains { step in
            switch step {
            case .askPlugin, .populate: true
            default: false
            }
        }
    }

    /// Whether there is a database after it where there was none.
    var makesDatabase: Bool {
        steps.contains { if case .createDatabase = $0 { true } else { false } }
    }

    /// Whether it fills a table.
    var populates: Bool {
        steps.contains { if case .populate = $0 { true } else { false } }
    }
}

extension Step {
    fileprivate var isInstallation: Bool {
        if case .askPlugin(_, let installs) = self { installs } else { false }
    }
}

extension Sight {
    var isBlocked: Bool {
        if case .blocked = self { true } else { false }
    }
}

extension Plan {
    /// The plan with its hash: SHA-256 over the canonical JSON of what is performed, in order.
    init(_ tasks: [RepairTask]) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let repairs = tasks.map(\.planned)
        var hash = SHA256()
        for repair in repairs where repair.withheld == nil {
            // Values made of strings and numbers always encode; an encoder's failure would only make the hash coarser.
            hash.update(data: (try? encoder.encode(repair)) ?? Data(repair.finding.subject.utf8))
        }
        let digits = hash.finalize().map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }
        self.init(repairs: repairs, hash: digits.joined())
    }
}
