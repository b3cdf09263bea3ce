import HealKit
import HealModel

/// Makes statuses of what was seen: pure, parents before children.
struct StatusAssembly {
    private let graph: DatasetGraph
    private let facts: [ResourcePath: DatabaseFacts]
    private let parentUnits: [String: UnitCount]
    private let now: Int64
    private let options: StatusOptions

    init(
        _ graph: DatasetGraph, _ facts: [ResourcePath: DatabaseFacts], parentUnits: [String: UnitCount], now: Int64,
        _ options: StatusOptions
    ) {
        self.graph = graph
        self.facts = facts
        self.parentUnits = parentUnits
        self.now = now
        self.options = options
    }

    /// Of all datasets.
    func statuses() -> [DatasetStatus] {
        var ready: Set<String> = []
        return graph.order.map { dataset in
            let status = status(dataset, isReady: ready.contains)
            if status.isReady { ready.insert(dataset.name) }
            return status
        }
    }

    /// - Parameter isReady: of its parents.
    func status(_ dataset: Dataset, isReady: (String) -> Bool) -> DatasetStatus {
        let database = facts[dataset.relation.database] ?? DatabaseFacts()
        var status = DatasetStatus(dataset: dataset, state: .ready)
        status.waitsFor = dataset.parents.filter { !isReady($0) }
        status.ledger = database.ledger[dataset.name]
        if let failure = database.failure {
            if case .database(_, .missing) = failure {
                status.isDatabaseMissing = true
                (status.state, status.reason) = (.missing, "the database \(dataset.relation.database) does not exist")
                status.health = HealthScore([HealthScore.Part(.volume, 0)])
            } else {
                (status.state, status.reason) = (.unknown, failure.explanation)
            }
            return status
        }
        guard let table = database.tables[dataset.name], table.exists else {
            let reason = "there is no table or view '\(dataset.relation.table)' in \(dataset.relation.database)"
            (status.state, status.reason) = (.missing, reason)
            status.health = HealthScore([HealthScore.Part(.volume, 0)])
            return status
        }
        if case .success(let rows) = table.rows { status.rows = rows }
        status.checks = table.checks
        status.misfit = misfit(dataset, table)
        status.units = units(dataset, table, status)
        status.keys = keys(dataset, table, status)
        age(&status, table)
        status.health = health(status)
        (status.state, status.reason) = verdict(status, table)
        return status
    }

    // MARK: The parts

    /// The first column that the manifest names for populating and that is not there. Tables that are not there say so themselves.
    private func misfit(_ dataset: Dataset, _ table: TableFacts) -> String? {
        guard let populate = dataset.populate else { return nil }
        func missing(_ named: [(column: String?, role: String)], in relation: Relation, _ columns: Set<String>?)
            -> String?
        {
            guard let columns, !columns.isEmpty else { return nil }
            for case (let column?, let role) in named where !columns.contains(column.asciiLowercased) {
                return "the table '\(relation.table)' has no column '\(column)', which \(role)"
            }
            return nil
        }
        let own: [(String?, String)] =
            [(populate.unit?.column, "'unit' names as its column")]
            + (populate.write == .merge ? populate.mergeKey.map { ($0, "'merge_key' names") } : [])
        if let reason = missing(own, in: dataset.relation, table.columns) { return reason }
        guard let unit = populate.unit, let parent = graph[unit.parent] else { return nil }
        let parents: [(String?, String)] =
            [(unit.key, "'unit' names as its key"), (unit.version, "'unit' names as its version")]
            + unit.columns.map { ($0, "'unit' names as one to be given") }
        return missing(parents, in: parent.relation, facts[parent.relation.database]?.tables[parent.name]?.columns)
    }

    private func units(_ dataset: Dataset, _ table: TableFacts, _ status: DatasetStatus) -> UnitProgress? {
        guard let unit = dataset.populate?.unit, let parent = graph[unit.parent] else { return nil }
        // Never populated by us: somebody else may have filled it, and keeps to no units.
        if status.ledger == nil, status.rows != .exactly(0) { return nil }
        let isLost = status.rows == .exactly(0) && (status.ledger?.rowsWritten ?? 0) > 0
        var progress: UnitProgress
        if case .success(let counted) = table.units {
            progress = counted
        } else if let entry = status.ledger {
            let counted = facts[parent.relation.database]?.tables[parent.name]?.counted ?? 0
            let all = (table.parentUnits ?? parentUnits[dataset.name])?.units ?? counted
            let aside = min(table.quarantinedUnits, entry.done)
            progress = UnitProgress(
                done: entry.done - aside, failed: entry.failed, quarantined: aside,
                pending: max(0, all - entry.settled), isCounted: false)
        } else {
            return nil
        }
        if isLost {
            // Its rows are gone, whatever was done.
            progress = UnitProgress(done: 0, failed: 0, pending: progress.total, isCounted: progress.isCounted)
        }
        return progress
    }

    /// What keeps rows of the parent from being units of this dataset.
    private func keys(_ dataset: Dataset, _ table: TableFacts, _ status: DatasetStatus) -> KeyFaults? {
        guard let unit = dataset.populate?.unit, let parent = graph[unit.parent],
            table.settledUnits(status.ledger) != nil
        else { return nil }
        var faults =
            facts[parent.relation.database]?.tables[parent.name]?.keys[unit.key.asciiLowercased]?.faults ?? KeyFaults()
        if let more = (table.parentUnits ?? parentUnits[dataset.name])?.faults {
            faults.keyless = max(faults.keyless, more.keyless)
            faults.repeated = max(faults.repeated, more.repeated)
        }
        return faults.isEmpty ? nil : faults
    }

    private func age(_ status: inout DatasetStatus, _ table: TableFacts) {
        status.lastUpdated = status.ledger?.populatedAt
        guard let freshness = status.dataset.freshness, let found = table.loadedAt else { return }
        switch found {
        case .failure(let error): status.age = .unknown("how old it is cannot be told: \(options.reason(error))")
        case .success(nil): status.age = .unknown("none of its rows says when it came")
        case .success(let time?):
            status.lastUpdated = time
            let age = Duration.milliseconds(now - time)
            let words = { (limit: Duration) in "its newest row is \(age.inWords) old, past \(limit.inWords)" }
            if let limit = freshness.errorAfter, age > limit {
                status.age = .old(words(limit))
            } else if let limit = freshness.warnAfter, age > limit {
                status.age = .aging(words(limit))
            } else {
                status.age = .fresh
            }
        }
    }

    /// The parents that rows were written to since this dataset was made of them as a whole.
    private func newerParents(_ status: DatasetStatus) -> [String] {
        guard let populate = status.dataset.populate, populate.unit == nil, let entry = status.ledger,
            entry.populatedAt != nil
        else { return [] }
        return status.dataset.parents.filter { name in
            guard let parent = graph[name] else { return false }
            return facts[parent.relation.database]?.ledger[name]?.generation.isNewer(than: entry.parents[name])
                ?? false
        }
    }

    private func health(_ status: DatasetStatus) -> HealthScore? {
        var parts: [HealthScore.Part] = []
        if let rows = status.rows {
            let wanted = status.dataset.volume.expectedRows ?? status.dataset.volume.minimumRows
            parts.append(HealthScore.Part(.volume, min(1, Double(rows.atLeast) / Double(wanted))))
        }
        switch status.age {
        case .fresh: parts.append(HealthScore.Part(.freshness, 1))
        case .aging: parts.append(HealthScore.Part(.freshness, 0.5))
        case .old: parts.append(HealthScore.Part(.freshness, 0))
        case .unknown, nil: break
        }
        if let units = status.units, units.total > 0 {
            parts.append(HealthScore.Part(.coverage, Double(units.done) / Double(units.total)))
        }
        let looked = status.checks.filter { $0.reason == nil }
        if !looked.isEmpty {
            parts.append(HealthScore.Part(.validity, Double(looked.count(where: \.holds)) / Double(looked.count)))
        }
        return HealthScore(parts)
    }

    // MARK: The verdict

    /// What is certain comes before what could not be looked at.
    private func verdict(_ status: DatasetStatus, _ table: TableFacts) -> (DatasetState, String?) {
        if let misfit = status.misfit { return (.invalid, misfit) }
        if let words = status.keyWords, status.isKeyFaultAll(table.parentUnits ?? parentUnits[status.name]) {
            return (.invalid, words)
        }
        let volume = status.dataset.volume
        switch table.rows {
        case .failure(let error): return (.unknown, "its rows cannot be counted: \(options.reason(error))")
        case .success(let rows) where rows.atLeast == 0: return (.empty, "it has no rows")
        case .success(let rows) where rows.atLeast < volume.minimumRows:
            return (.short, "it has \(rows) rows, fewer than \(volume.minimumRows)")
        case .success, nil: break
        }
        if let units = status.units, !units.isComplete {
            let least = units.isCounted ? "" : " or more"
            let parts = [
                units.pending > 0 ? "\(units.pending)\(least) units are pending" : nil,
                units.failed > 0 ? "\(units.failed) have failed" : nil,
            ]
            return (.incomplete, parts.compactMap { $0 }.joined(separator: ", "))
        }
        if case .old(let words) = status.age { return (.stale, words) }
        let newer = newerParents(status)
        if let first = newer.first {
            let others = newer.count > 1 ? " and \(newer.count - 1) more" : ""
            return (.stale, "'\(first)'\(others) got new rows since it was made")
        }
        let critical = status.checks.filter { $0.check.severity == .critical && !$0.holds }
        if let failed = critical.first(where: { $0.reason == nil }) {
            return (.invalid, "the check '\(failed.check.name)' does not hold")
        }
        if let failed = critical.first, let reason = failed.reason {
            return (.unknown, "the check '\(failed.check.name)' cannot be looked at: \(reason)")
        }
        if case .unknown(let words) = status.age, status.dataset.freshness?.errorAfter != nil {
            return (.unknown, words)
        }
        if let first = status.waitsFor.first {
            let others = status.waitsFor.count > 1 ? " and \(status.waitsFor.count - 1) more" : ""
            return (.waiting, "'\(first)'\(others) is not ready")
        }
        return (.ready, nil)
    }

    /// What no populating can mend, by name, with what it keeps from being ready.
    static func blocking(_ statuses: [DatasetStatus], _ graph: DatasetGraph) -> [ReadinessReport.Blocking] {
        statuses.compactMap { status in
            guard let reason = status.whyNotPopulated else { return nil }
            let below = graph.descendants(of: status.name)
            return ReadinessReport.Blocking(
                name: status.name, reason: reason, blocks: statuses.map(\.name).filter(below.contains))
        }
    }
}

extension DatasetStatus {
    /// What is wrong with the key of its units, in words; `nil` when nothing is.
    var keyWords: String? {
        dataset.populate?.unit.flatMap { unit in keys?.words(unit.key, of: unit.parent) }
    }

    /// What helps then.
    var keyHint: String? {
        dataset.populate?.unit.flatMap { unit in keys?.hint(unit.key, of: unit.parent) }
    }

    /// Whether nothing can be done before the key of its units is mended: some cannot be told apart, or all others are done.
    fileprivate func isKeyFaultAll(_ counted: UnitCount?) -> Bool {
        guard let keys else { return false }
        return keys.repeated > 0 || units?.isComplete ?? (counted?.units == 0)
    }

    /// Why populating cannot make it ready; `nil` when it can, or when there is nothing to do to it itself.
    var whyNotPopulated: String? {
        switch state {
        case .ready, .waiting: return nil
        case .unknown: return reason
        case .missing, .empty, .short, .incomplete, .stale, .invalid: break
        }
        if let misfit { return misfit }
        if state == .invalid, let words = keyWords, reason == words {
            return [words, keyHint].compactMap { $0 }.joined(separator: "; ")
        }
        let what = reason ?? state.rawValue
        guard let populate = dataset.populate else { return "\(what), and nothing is stated that populates it" }
        switch state {
        case .missing:
            // Statements may make their table themselves.
            if case .sql = populate.source, !isDatabaseMissing { return nil }
            return "\(what): auto-heal makes it where 'databases' states it"
        case .invalid where populate.write != .replace || populate.unit != nil:
            return "\(what), and rows that are there are only made anew by force"
        case .empty, .short:
            guard populate.unit != nil, let units, units.isCounted, units.isComplete, units.total > 0 else {
                return nil
            }
            return "\(what), although all its \(units.total) units are done"
        case .stale where populate.unit != nil:
            guard let units, units.isComplete else { return nil }
            return
                "\(what), although all its units are done: it gets new rows when '\(populate.unit?.parent ?? "")' does"
        default: return nil
        }
    }
}

extension Duration {
    /// `45s`, `90m`, `36h`, `7d`: the largest unit of which there are at least two, or the only one.
    package var inWords: String {
        let seconds = components.seconds
        let units: [(String, Int64)] = [("d", 86_400), ("h", 3_600), ("m", 60)]
        for (name, length) in units where seconds >= 2 * length || seconds == length {
            return "\(seconds / length)\(name)"
        }
        return seconds >= 1 ? "\(seconds)s" : "\(max(0, components.attoseconds / 1_000_000_000_000_000))ms"
    }
}
