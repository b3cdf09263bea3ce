import HealModel

/// How one dataset is, and everything that was seen on the way.
public struct DatasetStatus: Sendable, Hashable {
    public var dataset: Dataset
    public var state: DatasetState
    /// Why it is not ready, in words without a full stop; `nil` when it is.
    public var reason: String?
    /// `nil` when rows could not be counted.
    public var rows: RowCount?
    /// When its newest row came: as its rows say, or else when it was last populated. Milliseconds since 1970.
    public var lastUpdated: Int64?
    public var age: Age?
    /// `nil` for datasets that are not made of units, or when nothing is known of them.
    public var units: UnitProgress?
    public var checks: [CheckOutcome]
    /// The parents that are not ready.
    public var waitsFor: [String]
    public var health: HealthScore?
    /// What earlier runs have left here; `nil` when it was never populated by them.
    public var ledger: LedgerEntry?
    /// What the manifest says of how it is populated and cannot be: columns that are not there.
    public var misfit: String?
    /// Rows of the parent that are no units; `nil` when there are none, as far as was looked.
    public var keys: KeyFaults?
    /// Whether not only its table is missing.
    public var isDatabaseMissing = false

    public init(
        dataset: Dataset, state: DatasetState, reason: String? = nil, rows: RowCount? = nil, lastUpdated: Int64? = nil,
        age: Age? = nil, units: UnitProgress? = nil, checks: [CheckOutcome] = [], waitsFor: [String] = [],
        health: HealthScore? = nil, ledger: LedgerEntry? = nil
    ) {
        self.dataset = dataset
        self.state = state
        self.reason = reason
        self.rows = rows
        self.lastUpdated = lastUpdated
        self.age = age
        self.units = units
        self.checks = checks
        self.waitsFor = waitsFor
        self.health = health
        self.ledger = ledger
    }

    public var name: String { dataset.name }
    public var isReady: Bool { state.isReady }
    /// Whether it has at least as many rows as it must have.
    public var isPopulated: Bool { rows.map { $0.atLeast >= dataset.volume.minimumRows } ?? false }
    public var areDependenciesMet: Bool { waitsFor.isEmpty }
    /// What is not as it should be, and keeps it from being ready no more than a warning does.
    public var warnings: [String] {
        var all = checks.filter { !$0.holds && $0.check.severity == .warning }.map {
            "\($0.check.name): \($0.reason ?? "does not hold")"
        }
        if case .aging(let words) = age { all.append(words) }
        if let set = ledger?.quarantined, set > 0 { all.append("\(set) in quarantine") }
        return all
    }
}

/// How many rows there are.
public enum RowCount: Sendable, Hashable, CustomStringConvertible {
    case exactly(Int)
    /// It was counted no further.
    case moreThan(Int)
    /// What SQLite's statistics, or the highest rowid, say.
    case about(Int)

    /// A number of rows that there are at least, as far as is known.
    public var atLeast: Int {
        switch self {
        case .exactly(let rows), .moreThan(let rows), .about(let rows): rows
        }
    }

    public var isExact: Bool { if case .exactly = self { true } else { false } }

    /// `1006`, `1006+`, `~1006`.
    public var description: String {
        switch self {
        case .exactly(let rows): "\(rows)"
        case .moreThan(let rows): "\(rows)+"
        case .about(let rows): "~\(rows)"
        }
    }
}

/// How old the newest row is, beside what the manifest allows; each with the words for it.
public enum Age: Sendable, Hashable {
    case fresh
    case aging(String)
    case old(String)
    /// It could not be found out.
    case unknown(String)
}

/// How far a dataset that is made unit by unit has come.
public struct UnitProgress: Sendable, Hashable {
    public var done: Int
    public var failed: Int
    /// Units that are set aside.
    public var quarantined: Int
    /// Units that nothing was done about yet, or whose parent's row has changed since; a lower bound unless `isCounted`.
    public var pending: Int
    /// Whether each unit was looked at, instead of only how many there are.
    public var isCounted: Bool

    public init(done: Int, failed: Int, quarantined: Int = 0, pending: Int, isCounted: Bool) {
        self.done = done
        self.failed = failed
        self.quarantined = quarantined
        self.pending = pending
        self.isCounted = isCounted
    }

    public var total: Int { done + failed + quarantined + pending }
    public var isComplete: Bool { failed == 0 && pending == 0 }
}

/// What became of a check of the manifest.
public struct CheckOutcome: Sendable, Hashable {
    public var check: DatasetCheck
    /// False also when it could not be looked at.
    public var holds: Bool
    /// Why it could not be looked at; `nil` when it could.
    public var reason: String?

    public init(check: DatasetCheck, holds: Bool, reason: String? = nil) {
        self.check = check
        self.holds = holds
        self.reason = reason
    }
}
