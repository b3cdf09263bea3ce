import HealKit
import HealModel

/// The checks of a run in dependency order.
///
/// A check comes after those that provide a path it requires, or a directory above such a path, and after the groups that it
/// names.
struct CheckGraph: Sendable {
    let checks: [any Check]
    /// For every check the indices of its prerequisites.
    let prerequisites: [[Int]]
    /// Indices in groups: a group needs only what earlier groups hold. Within a group the order is the manifest's.
    let waves: [[Int]]
    /// Checks that wait for each other; they are in no wave.
    let circular: [Int]

    init(_ checks: [any Check]) {
        self.checks = checks
        var providers: [ResourcePath: [Int]] = [:]
        for (index, check) in checks.enumerated() {
            for path in check.provides { providers[path, default: []].append(index) }
        }
        var members: [String: [Int]] = [:]
        if checks.contains(where: { !$0.after.isEmpty }) {
            for (index, check) in checks.enumerated() { members[check.descriptor.id, default: []].append(index) }
        }
        let prerequisites = checks.enumerated().map { index, check in
            var found: Set<Int> = []
            for path in check.requires.flatMap(\.lineage) { found.formUnion(providers[path] ?? []) }
            // A directory also stands behind the directories above it, which it need not name.
            for path in check.provides.compactMap(\.parent).flatMap(\.lineage) {
                found.formUnion(providers[path] ?? [])
            }
            for group in check.after { found.formUnion(members[group] ?? []) }
            found.remove(index)
            return found.sorted()
        }
        var waves: [[Int]] = []
        var done: Set<Int> = []
        var open = Array(checks.indices)
        while !open.isEmpty {
            let wave = open.filter { prerequisites[$0].allSatisfy(done.contains) }
            if wave.isEmpty { break }
            waves.append(wave)
            done.formUnion(wave)
            open.removeAll(where: done.contains)
        }
        self.prerequisites = prerequisites
        self.waves = waves
        circular = open
    }

    /// Whether there is nothing but databases to look at.
    var isOfDatabases: Bool { checks.allSatisfy { $0 is any DatabaseCheck } }

    /// All checks that can be ordered, prerequisites first.
    var ordered: [Int] { waves.flatMap { $0 } }
}
