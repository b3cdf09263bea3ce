import HealModel
import ManifestShape

/// The datasets of a manifest and what depends on what. Made only from datasets that name each other rightly and without a circle.
public struct DatasetGraph: Sendable, Hashable {
    /// Parents before children; otherwise as the manifest has them.
    public let order: [Dataset]
    private let positions: [String: Int]
    private let childPositions: [[Int]]
    /// Of datasets whose rows are units of others: the columns that are their keys, in small letters.
    let unitKeys: [String: Set<String>]

    /// One of nothing.
    public init() {
        order = []
        positions = [:]
        childPositions = []
        unitKeys = [:]
    }

    /// Adds what is wrong with the graph to `problems`: two of one name or of one table, unknown parents, a dataset that depends on itself,
    /// a circle.
    public init?(_ datasets: [Dataset], _ problems: inout ManifestProblems) {
        let names = datasets.map(\.name)
        var places: [String: Int] = [:]
        places.reserveCapacity(names.count)
        var good = true
        for (place, name) in names.enumerated() where places.updateValue(place, forKey: name) != nil {
            problems.add(datasets[place].location, "there are two datasets '\(name)'")
            good = false
        }
        var tables: [Relation: Int] = [:]
        tables.reserveCapacity(names.count)
        for (place, dataset) in datasets.enumerated() {
            // Each would count the other's rows, and take them away.
            if let other = tables.updateValue(place, forKey: dataset.relation.folded), names[other] != dataset.name {
                let first = datasets[other]
                problems.add(
                    dataset.location,
                    "'\(dataset.name)' and '\(first.name)' are of one table, \(dataset.relation); first at \(first.location)"
                )
                good = false
            }
            for parent in dataset.dependsOn {
                if parent.value == dataset.name {
                    problems.add(parent.location, "'\(dataset.name)' depends on itself")
                    good = false
                } else if places[parent.value] == nil {
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
        // By their places: a dataset is much to copy.
        let parents = datasets.map { $0.parents.compactMap { places[$0] } }
        if let circle = Self.circle(parents) {
            let members = circle.map { datasets[$0] }
            problems.add(members[0].location, "the datasets depend on each other in a circle: " + Self.shown(members))
            return nil
        }
        var children = Array(repeating: [Int](), count: datasets.count)
        for (place, above) in parents.enumerated() { for parent in above { children[parent].append(place) } }
        // A wave at a time: those whose parents have all been placed.
        var missing = parents.map(\.count)
        var order: [Int] = []
        var next = parents.indices.filter { parents[$0].isEmpty }
        while !next.isEmpty {
            order += next
            var free: [Int] = []
            for child in next.flatMap({ children[$0] }) {
                missing[child] -= 1
                if missing[child] == 0 { free.append(child) }
            }
            next = free.sorted()
        }
        self.order = order.map { datasets[$0] }
        var positions = Array(repeating: 0, count: order.count)
        for (position, place) in order.enumerated() { positions[place] = position }
        self.positions = places.mapValues { positions[$0] }
        unitKeys = datasets.compactMap { $0.populate?.unit }
            .reduce(into: [:]) { $0[$1.parent, default: []].insert($1.key.asciiLowercased) }
        childPositions = order.map { children[$0].map { positions[$0] } }
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
    /// - Parameter parents: of each, the places of those that it depends on.
    private static func circle(_ parents: [[Int]]) -> [Int]? {
        var isFinished = Array(repeating: false, count: parents.count)
        var isOnPath = isFinished
        for start in parents.indices where !isFinished[start] {
            // Without recursion: a chain may be as long as the manifest.
            var path: [(place: Int, parents: ArraySlice<Int>)] = [(start, parents[start][...])]
            isOnPath[start] = true
            while let last = path.indices.last {
                guard let parent = path[last].parents.popFirst() else {
                    isFinished[path[last].place] = true
                    isOnPath[path[last].place] = false
                    path.removeLast()
                    continue
                }
                if isOnPath[parent] { return Array(path.map(\.place).drop { $0 != parent }) }
                guard !isFinished[parent] else { continue }
                isOnPath[parent] = true
                path.append((parent, parents[parent][...]))
            }
        }
        return nil
    }
}
