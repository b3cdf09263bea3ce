import Datasets

/// Which datasets of a run may begin: those whose parents, as far as they take part, have come to an end.
struct Schedule {
    private let order: [Dataset]
    private let places: [String: Int]
    /// Of each, the places of those that wait for it.
    private let children: [[Int]]
    /// Of each, how many parents have not come to an end.
    private var unfinished: [Int]
    private var waiting: Set<Int>
    private var free: [Int]

    /// - Parameter order: those that take part, parents before children.
    init(_ order: [Dataset]) {
        let places = Dictionary(uniqueKeysWithValues: order.enumerated().map { ($1.name, $0) })
        var children = Array(repeating: [Int](), count: order.count)
        var unfinished = Array(repeating: 0, count: order.count)
        for (place, dataset) in order.enumerated() {
            for parent in Set(dataset.parents.compactMap { places[$0] }) {
                children[parent].append(place)
                unfinished[place] += 1
            }
        }
        self.order = order
        self.places = places
        self.children = children
        self.unfinished = unfinished
        waiting = Set(order.indices)
        free = order.indices.filter { unfinished[$0] == 0 }
    }

    /// Whether nothing waits.
    var isEmpty: Bool { waiting.isEmpty }

    /// Takes those that may begin now, in their order.
    mutating func takeFree() -> [Dataset] {
        defer { free = [] }
        waiting.subtract(free)
        return free.sorted().map { order[$0] }
    }

    /// Takes those that wait for nothing but datasets that were taken, and for each other, as far as they belong to them.
    /// - Returns: these and those, in their order.
    mutating func take(with taken: [Dataset], where belongs: (Dataset) -> Bool) -> [Dataset] {
        var members = taken.compactMap { places[$0.name] }
        var left: [Int: Int] = [:]
        var next = 0
        while next < members.count {
            for child in children[members[next]] where waiting.contains(child) {
                left[child, default: unfinished[child]] -= 1
                guard left[child] == 0, belongs(order[child]) else { continue }
                members.append(child)
            }
            next += 1
        }
        waiting.subtract(members)
        return members.sorted().map { order[$0] }
    }

    /// Takes all that wait.
    mutating func takeAll() -> [Dataset] {
        defer {
            waiting = []
            free = []
        }
        return waiting.sorted().map { order[$0] }
    }

    /// Has a dataset that was taken wait again.
    mutating func giveBack(_ name: String) {
        guard let place = places[name] else { return }
        waiting.insert(place)
        if unfinished[place] == 0 { free.append(place) }
    }

    /// A dataset that was taken has come to an end.
    mutating func finish(_ name: String) {
        guard let place = places[name] else { return }
        for child in children[place] {
            unfinished[child] -= 1
            if unfinished[child] == 0, waiting.contains(child) { free.append(child) }
        }
    }
}
