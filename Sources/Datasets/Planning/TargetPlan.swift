/// The cheapest part of a plan that reaches a readiness.
public struct TargetPlan: Sendable, Hashable {
    public enum Quality: Sendable, Hashable {
        /// No cheaper part reaches it.
        case cheapest
        /// It costs at most so many times what the cheapest would.
        case within(Double)
        /// No part reaches it: this is everything that helps.
        case unreachable
    }

    public var plan: PopulationPlan
    /// The readiness when all of it succeeds; `nil` when no dataset is required.
    public var readiness: Double?
    public var quality: Quality

    public init(plan: PopulationPlan, readiness: Double?, quality: Quality) {
        self.plan = plan
        self.readiness = readiness
        self.quality = quality
    }
}

extension PlanMaker {
    /// So many datasets to populate are chosen from by trying all closed sets of them.
    public static let exactLimit = 16

    /// The cheapest part of the plan, with all that it depends on, that reaches a readiness. Cost is estimated time, where no
    /// earlier run tells the mean of the others (and all count the same when none does).
    ///
    /// Up to 16 datasets every closed set is tried; with more of them, those are taken first that bring most for their cost, what
    /// turns out not to be needed is left out again, and the result is compared with what it must cost at least.
    /// - Parameters:
    ///   - target: from 0 to 1.
    ///   - exactLimit: up to how many datasets every closed set is tried.
    public func plan(
        reaching target: Double, for chosen: Set<String>? = nil, exactLimit: Int = PlanMaker.exactLimit
    ) -> TargetPlan {
        let whole = plan(for: chosen)
        let search = TargetSearch(graph, report, whole)
        let everything = Set(search.candidates)
        let best: Set<String>
        let quality: TargetPlan.Quality
        if !search.reaches(everything, target) {
            // What brings nothing, not even beside others, is left out.
            best = search.pruned(everything, search.readiness(everything) ?? 0)
            quality = .unreachable
        } else if search.candidates.count <= exactLimit {
            best = search.cheapest(target)
            quality = .cheapest
        } else {
            best = search.greedy(target)
            let (cost, bound) = (search.cost(of: best), search.lowerBound(target))
            quality = cost <= bound * (1 + 1e-9) ? .cheapest : .within(cost / bound)
        }
        let kept = whole.datasets.filter { planned in
            if best.contains(planned.name) { return true }
            // What may follow from new rows costs nothing unless there are some.
            if case .newRows(let parent) = planned.reason { return best.contains(parent) }
            return false
        }
        // Their groups are closer together now.
        let groups = graph.waves(of: Set(kept.map(\.name)))
        var group: [String: Int] = [:]
        for (number, wave) in groups.enumerated() { for dataset in wave { group[dataset.name] = number } }
        let datasets = kept.map { planned in
            var planned = planned
            planned.group = group[planned.name] ?? planned.group
            return planned
        }.sorted { ($0.group, graph.position(of: $0.name)) < ($1.group, graph.position(of: $1.name)) }
        return TargetPlan(
            plan: PopulationPlan(datasets: datasets, blocked: whole.blocked), readiness: search.readiness(best),
            quality: quality)
    }
}
