/// Which parts of a plan bring which readiness at which cost.
struct TargetSearch {
    /// What is sure to be populated, parents before children: sets of them are closed when they hold what each needs.
    let candidates: [String]
    /// What each needs of the others, directly or not.
    private let needs: [String: Set<String>]
    private let costs: [String: Double]
    /// The datasets that are not ready, parents before children.
    private let open: [Open]
    /// Of all required ones.
    private let requiredWeight: Double
    /// Of those that are ready.
    private let readyWeight: Double

    private struct Open {
        var name: String
        /// 0 for what is not required.
        var weight: Double
        /// It becomes ready with its parents.
        var isWaiting: Bool
        /// Positions in `open`.
        var parents: [Int]
    }

    init(_ graph: DatasetGraph, _ report: ReadinessReport, _ plan: PopulationPlan) {
        let sure = plan.datasets.filter { !$0.isConditional }
        candidates = sure.map(\.name)
        let names = Set(candidates)
        needs = Dictionary(
            candidates.map { ($0, graph.ancestors(of: $0).intersection(names)) },
            uniquingKeysWith: { first, _ in first })
        let known = sure.compactMap { $0.estimate.map(Self.seconds) }.filter { $0 > 0 }
        let usual = known.isEmpty ? 1 : known.reduce(0, +) / Double(known.count)
        costs = Dictionary(
            // Nothing is for nothing: among equals, less is better.
            sure.map { ($0.name, max(1e-6, $0.estimate.map(Self.seconds) ?? usual)) },
            uniquingKeysWith: { first, _ in first })
        let required = report.required
        let total = required.map(\.dataset.weight).reduce(0, +)
        // Where all weights are 0, each counts the same.
        let weight = { (status: DatasetStatus) in
            status.dataset.isRequired ? (total > 0 ? status.dataset.weight : 1) : 0
        }
        requiredWeight = total > 0 ? total : Double(required.count)
        readyWeight = required.filter(\.isReady).map(weight).reduce(0, +)
        var open: [Open] = []
        var positions: [String: Int] = [:]
        for status in report.statuses where !status.isReady {
            positions[status.name] = open.count
            open.append(
                Open(
                    name: status.name, weight: weight(status), isWaiting: status.state == .waiting,
                    parents: status.dataset.parents.compactMap { positions[$0] }))
        }
        self.open = open
    }

    private static func seconds(_ duration: Duration) -> Double {
        Double(duration.components.seconds) + Double(duration.components.attoseconds) / 1e18
    }

    func cost(of names: Set<String>) -> Double { names.map { costs[$0] ?? 0 }.reduce(0, +) }

    /// When these are populated and nothing fails; `nil` when nothing is required.
    func readiness(_ names: Set<String>) -> Double? {
        guard requiredWeight > 0 else { return nil }
        var ready = [Bool](repeating: false, count: open.count)
        var weight = readyWeight
        var isAll = true
        for (index, one) in open.enumerated() {
            ready[index] = (one.isWaiting || names.contains(one.name)) && one.parents.allSatisfy { ready[$0] }
            if ready[index] { weight += one.weight } else if one.weight > 0 { isAll = false }
        }
        // Of whole shares exactly 1, whatever the sums of fractions give.
        return isAll ? 1 : weight / requiredWeight
    }

    func reaches(_ names: Set<String>, _ target: Double) -> Bool {
        (readiness(names) ?? 1) >= target - 1e-9
    }

    /// Tries all closed sets.
    func cheapest(_ target: Double) -> Set<String> {
        let bits = Dictionary(candidates.enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let needed = candidates.map { name in (needs[name] ?? []).reduce(0) { $0 | 1 << (bits[$1] ?? 0) } }
        let prices = candidates.map { costs[$0] ?? 0 }
        var best = Set(candidates)
        var least = cost(of: best)
        for mask in 0..<(1 << candidates.count) {
            var price = 0.0
            var isClosed = true
            for index in candidates.indices where mask & 1 << index != 0 {
                price += prices[index]
                if needed[index] & ~mask != 0 {
                    isClosed = false
                    break
                }
            }
            guard isClosed, price < least else { continue }
            let names = Set(candidates.indices.filter { mask & 1 << $0 != 0 }.map { candidates[$0] })
            if reaches(names, target) { (best, least) = (names, price) }
        }
        return best
    }

    /// Again and again what brings most for its cost, with all that it needs.
    func greedy(_ target: Double) -> Set<String> {
        let weights = Dictionary(open.map { ($0.name, $0.weight) }, uniquingKeysWith: { first, _ in first })
        var dependents: [String: [String]] = [:]
        for name in candidates { for need in needs[name] ?? [] { dependents[need, default: []].append(name) } }
        // What each still brings and costs, with all that it needs and that is not chosen yet.
        var rest = Dictionary(
            candidates.map { name in
                let all = (needs[name] ?? []).union([name])
                return (name, (weight: all.map { weights[$0] ?? 0 }.reduce(0, +), cost: cost(of: all)))
            }, uniquingKeysWith: { first, _ in first })
        var chosen: Set<String> = []
        while !reaches(chosen, target) {
            let most = candidates.filter { !chosen.contains($0) }.max { first, second in
                let (one, other) = (rest[first] ?? (0, 1), rest[second] ?? (0, 1))
                // Where nothing is brought, the cheapest is a step towards what several do together.
                return (one.weight / one.cost, -one.cost) < (other.weight / other.cost, -other.cost)
            }
            guard let most else { break }
            for name in (needs[most] ?? []).union([most]).subtracting(chosen) {
                chosen.insert(name)
                for dependent in (dependents[name] ?? []) + [name] {
                    guard let left = rest[dependent] else { continue }
                    // Sums of fractions may end a little below nothing.
                    rest[dependent] = (left.weight - (weights[name] ?? 0), max(1e-9, left.cost - (costs[name] ?? 0)))
                }
            }
        }
        return pruned(chosen, target)
    }

    /// Without what can be left out, the dearest first.
    func pruned(_ names: Set<String>, _ target: Double) -> Set<String> {
        var kept = names
        for name in candidates.filter(names.contains).sorted(by: { (costs[$0] ?? 0, $0) > (costs[$1] ?? 0, $1) })
        where kept.contains(name) {
            let without = kept.filter { $0 != name && !(needs[$0]?.contains(name) ?? false) }
            if reaches(without, target) { kept = without }
        }
        return kept
    }

    /// What reaching the target costs at least: as if each could be had without what it depends on, and in part.
    func lowerBound(_ target: Double) -> Double {
        if reaches([], target) { return 0 }
        // What waits is taken to become ready for nothing.
        let free = open.filter { costs[$0.name] == nil && $0.isWaiting }.map(\.weight).reduce(0, +)
        var rest = target * requiredWeight - readyWeight - free
        var bound = 0.0
        var useful: [(weight: Double, cost: Double)] = []
        for one in open where one.weight > 0 {
            if let cost = costs[one.name] { useful.append((one.weight, cost)) }
        }
        useful.sort { $0.weight / $0.cost > $1.weight / $1.cost }
        for one in useful where rest > 0 {
            bound += one.cost * min(1, rest / one.weight)
            rest -= one.weight
        }
        // One at least is needed.
        return max(bound, costs.values.min() ?? 0)
    }
}
