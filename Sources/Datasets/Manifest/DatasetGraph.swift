import HealModel
import ManifestShape

/// The datasets of a manifest and what depends on what. Made only from datasets that name each other rightly and without a circle.
public struct DatasetGraph: Sendable, Hashable {
    /// Parents before children; otherwise as the manifest has them.
    public let order: [Dataset]
    private let positions: [String: Int]
    private let childPositions: [[Int]]
    /// Those whose rows are units of others.
    let unitParents: Set<String>

    /// One of nothing.
    public init() {
        order = []
        positions = [:]
        childPositions = []
        unitParents = []
    }

    /// Adds what is wrong with the graph to `problems`: two of one name, unknown parents, a dataset that depends on itself, a circle.
    public init?(_ datasets: [Dataset], _ problems: inout ManifestProblems) {
        var byName: [String: Dataset] = [:]
        var good = true
        for dataset in datasets where byName.updateValue(dataset, forKey: dataset.name) != nil {
            problems.add(dataset.location, "there are two datasets '\(dataset.name)'")
            good = false
        }
        let names = datasets.map(\.name)
        for dataset in datasets {
            for parent in dataset.dependsOn {
                if parent.value == dataset.name {
                    problems.add(parent.location, "'\(dataset.name)' depends on itself")
                    good = false
                } else if byName[parent.value] == nil {
                    // What nobody will read is not worth the search.
                    let isShown = problems.all.count < ManifestProblems.limit
                    let near = isShown ? NearestName.suggestion(for: parent.value, among: names) : nil
                    problems.add(
                        parent.location,
                        "there is no dataset '\(parent.value)'" + (near.map { "; did you mean '\($0)'?" } ?? ""))
                    good = false
                }
            }
        }
        guard good else { return nil }
        if let circle = Self.circle(in: datasets, byName) {
            problems.add(circle[0].location, "the datasets depend on each other in a circle: " + Self.shown(circle))
            return nil
        }
        // A wave at a time: those whose parents have all been placed.
        var missing = Dictionary(uniqueKeysWithValues: datasets.map { ($0.name, $0.parents.count) })
        var children: [String: [Dataset]] = [:]
        for dataset in datasets { for parent in dataset.parents { children[parent, default: []].append(dataset) } }
        let places = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
        var order: [Dataset] = []
        var next = datasets.filter { $0.parents.isEmpty }
        while !next.isEmpty {
            order += next
            var free: [Dataset] = []
            for child in next.flatMap({ children[$0.name] ?? [] }) {
                missing[child.name, default: 0] -= 1
                if missing[child.name] == 0 { free.append(child) }
            }
            next = free.sorted { (places[$0.name] ?? 0) < (places[$1.name] ?? 0) }
        }
        self.order = order
        let positions = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1.name, $0) })
        self.positions = positions
        unitParents = Set(order.compactMap { $0.populate?.unit?.parent })
        childPositions = order.map { (children[$0.name] ?? []).compactMap { positions[$0.name] } }
    }

    public subscript(name: String) -> Dataset? { positions[name].map { order[$0] } }
    public var names: [String] { order.map(\.name) }

    /// Where it stands in the order; behind all for one that is not there.
    func position(of name: String) -> Int { positions[name] ?? order.count }

    /// What depends on it directly.
    public func children(of name: String) -> [Dataset] {
        positions[name].map { childPositions[$0].map { order[$0] } } ?? []
    }

    /// The names of all that it depends on, directly or not; without itself.
    public func ancestors(of name: String) -> Set<String> {
        reach(from: name) { self[$0]?.parents ?? [] }
    }

    /// The names of all that depend on it, directly or not; without itself.
    public func descendants(of name: String) -> Set<String> {
        reach(from: name) { children(of: $0).map(\.name) }
    }

    /// Groups of which each needs only earlier ones, so that those in one group can be made at the same time.
    /// - Parameter names: the datasets that take part. Others are left out, but what comes before them comes before what comes
    ///   after them.
    public func waves(of names: Set<String>) -> [[Dataset]] {
        var level: [String: Int] = [:]
        var waves: [[Dataset]] = []
        for dataset in order {
            // That of the last wave which must be over.
            let before = dataset.parents.compactMap { level[$0] }.max() ?? -1
            guard names.contains(dataset.name) else {
                level[dataset.name] = before
                continue
            }
            level[dataset.name] = before + 1
            if before + 1 == waves.count { waves.append([]) }
            waves[before + 1].append(dataset)
        }
        return waves
    }

    private func reach(from name: String, _ next: (String) -> [String]) -> Set<String> {
        var found: Set<String> = []
        var rest = next(name)
        while let one = rest.popLast() {
            if found.insert(one).inserted { rest += next(one) }
        }
        return found
    }

    /// A long one is cut in the middle.
    private static func shown(_ circle: [Dataset]) -> String {
        var names = (circle + circle.prefix(1)).map { "'\($0.name)'" }
        if names.count > 12 { names.replaceSubrange(4..<(names.count - 5), with: ["… \(names.count - 9) more …"]) }
        return names.joined(separator: " → ")
    }

    /// The first circle, in the order of the manifest: each depends on the next.
    private static func circle(in datasets: [Dataset], _ byName: [String: Dataset]) -> [Dataset]? {
        var finished: Set<String> = []
        for start in datasets where !finished.contains(start.name) {
            // Without recursion: a chain may be as long as the manifest.
            var path: [(dataset: Dataset, parents: ArraySlice<String>)] = [(start, start.parents[...])]
            var onPath: Set<String> = [start.name]
            while let last = path.indices.last {
                guard let parent = path[last].parents.popFirst() else {
                    finished.insert(path[last].dataset.name)
                    onPath.remove(path[last].dataset.name)
                    path.removeLast()
                    continue
                }
                if onPath.contains(parent) {
                    return Array(path.map(\.dataset).drop { $0.name != parent })
                }
                guard !finished.contains(parent), let next = byName[parent] else { continue }
                onPath.insert(parent)
                path.append((next, next.parents[...]))
            }
        }
        return nil
    }
}
