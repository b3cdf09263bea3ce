/// Makes plans of what statuses say: pure.
public struct PlanMaker: Sendable {
    let graph: DatasetGraph
    let report: ReadinessReport

    /// - Parameter report: of all datasets of the graph, best with `StatusOptions.looksAtUnits`.
    public init(_ graph: DatasetGraph, _ report: ReadinessReport) {
        self.graph = graph
        self.report = report
    }

    /// What has to be populated.
    /// - Parameters:
    ///   - chosen: the names of the datasets that take part; `nil` for all. Others are left as they are.
    ///   - isForced: all that are chosen are populated anew, whatever their state.
    public func plan(for chosen: Set<String>? = nil, isForced: Bool = false) -> PopulationPlan {
        var reasons: [String: PlannedDataset.Reason] = [:]
        var blocked: [BlockedDataset] = []
        for dataset in graph.order where chosen?.contains(dataset.name) ?? true {
            guard let status = report[dataset.name] else { continue }
            guard let reason = reason(status, reasons, isForced) else {
                guard !status.isReady, status.state != .waiting else { continue }
                blocked.append(
                    BlockedDataset(
                        name: dataset.name, reason: status.whyNotPopulated ?? "it is not known",
                        kind: status.misfit == nil ? nil : .configuration))
                continue
            }
            // What it depends on has to be there, or to come in this plan.
            if let parent = dataset.parents.first(where: { !isMet($0, reasons) }) {
                guard !status.isReady, status.state != .waiting else { continue }
                let isLeftOut = chosen.map { !$0.contains(parent) } ?? false
                let what = isLeftOut ? " and was not chosen: '+\(dataset.name)' takes it along" : ""
                blocked.append(
                    BlockedDataset(
                        name: dataset.name, reason: "it depends on '\(parent)', which is not ready\(what)",
                        cause: parent))
                continue
            }
            reasons[dataset.name] = reason
        }
        return PopulationPlan(datasets: planned(reasons), blocked: blocked)
    }

    /// - Parameter reasons: of what is planned so far, with all its parents.
    private func reason(
        _ status: DatasetStatus, _ reasons: [String: PlannedDataset.Reason], _ isForced: Bool
    ) -> PlannedDataset.Reason? {
        let dataset = status.dataset
        guard let populate = dataset.populate, status.state != .unknown else { return nil }
        let isMissing = status.state == .missing
        if isForced { return isMissing && status.whyNotPopulated != nil ? nil : .force }
        // The first that is sure to be populated, or else the first that may be.
        let parents = dataset.parents.filter { reasons[$0] != nil }
        let sure = parents.first { if case .newRows = reasons[$0] { false } else { true } }
        if !status.isReady, status.state != .waiting {
            if status.whyNotPopulated == nil { return .state(status.state) }
            // New rows of a parent may mend it.
            if isMissing || status.misfit != nil
                || status.state == .invalid && populate.unit == nil && populate.write != .replace
            {
                return nil
            }
        }
        guard let unit = populate.unit else {
            return sure.map { .parent($0) } ?? parents.first.map { .newRows($0) }
        }
        return reasons[unit.parent] != nil ? .newRows(unit.parent) : nil
    }

    /// Whether children can be populated: it is ready, or becomes so.
    private func isMet(_ name: String, _ reasons: [String: PlannedDataset.Reason]) -> Bool {
        if reasons[name] != nil { return true }
        guard let status = report[name] else { return false }
        return status.isReady || status.state == .waiting && status.dataset.parents.allSatisfy { isMet($0, reasons) }
    }

    private func planned(_ reasons: [String: PlannedDataset.Reason]) -> [PlannedDataset] {
        graph.waves(of: Set(reasons.keys)).enumerated().flatMap { group, wave in
            wave.compactMap { dataset in
                guard let reason = reasons[dataset.name], let status = report[dataset.name] else { return nil }
                let units = units(status, reason, reasons)
                return PlannedDataset(
                    dataset: dataset, reason: reason, explanation: status.reason, group: group, units: units,
                    estimate: estimate(status, units))
            }
        }
    }

    /// How many units are to be done.
    private func units(
        _ status: DatasetStatus, _ reason: PlannedDataset.Reason, _ reasons: [String: PlannedDataset.Reason]
    ) -> Int? {
        guard let unit = status.dataset.populate?.unit else { return nil }
        if case .newRows = reason { return nil }
        if let units = status.units { return reason == .force ? units.total : units.pending + units.failed }
        // Nothing is known of units yet: all rows of the parent are, unless there will be others.
        return reasons[unit.parent] == nil ? report[unit.parent]?.rows?.atLeast : nil
    }

    private func estimate(_ status: DatasetStatus, _ units: Int?) -> Duration? {
        guard let time = status.ledger?.unitTime, let populate = status.dataset.populate else { return nil }
        guard populate.unit != nil else { return time }
        return units.map { time * $0 / max(1, populate.concurrency.limit) }
    }
}
