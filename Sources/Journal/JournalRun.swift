import HealModel

/// What is known of a run before it changes anything.
public struct RunHeader: Sendable, Hashable, Codable {
    /// `auto-heal`.
    public var tool: String
    public var toolVersion: String
    public var app: String?
    public var mode: RunMode
    /// The manifest's path, as it was given.
    public var manifest: String
    public var planHash: String
    /// Milliseconds since 1970-01-01 UTC.
    public var startedAt: Int64
    public var pid: Int32
    /// The run that this one takes back; `nil` for a run of its own.
    public var undoes: Int64?

    public init(
        tool: String, toolVersion: String, app: String? = nil, mode: RunMode = .heal, manifest: String,
        planHash: String, startedAt: Int64, pid: Int32, undoes: Int64? = nil
    ) {
        self.tool = tool
        self.toolVersion = toolVersion
        self.app = app
        self.mode = mode
        self.manifest = manifest
        self.planHash = planHash
        self.startedAt = startedAt
        self.pid = pid
        self.undoes = undoes
    }
}

/// A run in the journal.
public struct JournalRun: Sendable, Hashable, Codable {
    public enum State: String, Sendable, Codable {
        /// At work, or killed at it.
        case begun
        case finished
        /// It was killed, and a later run has tidied up after it.
        case interrupted
    }

    public var id: Int64
    public var header: RunHeader
    public var state: State
    public var exitStatus: Int32?
    public var durationMicroseconds: Int64?
    /// What was found out about an interrupted run.
    public var note: String?
    /// In the order of the plan.
    public var repairs: [JournalRepair]
    /// What it changed in databases that existed, in order.
    public var changes: [DatabaseChange]

    public init(
        id: Int64, header: RunHeader, state: State, exitStatus: Int32? = nil, durationMicroseconds: Int64? = nil,
        note: String? = nil, repairs: [JournalRepair] = [], changes: [DatabaseChange] = []
    ) {
        self.id = id
        self.header = header
        self.state = state
        self.exitStatus = exitStatus
        self.durationMicroseconds = durationMicroseconds
        self.note = note
        self.repairs = repairs
        self.changes = changes
    }
}

/// One repair of a run in the journal: what was about to be done, and what became of it.
public struct JournalRepair: Sendable, Hashable, Codable {
    public var finding: Finding.Key
    /// Other findings that the same repair heals.
    public var also: [Finding.Key]
    public var repair: Repair
    /// `nil` while the run has not finished.
    public var outcome: Outcome?
    public var reason: String?
    public var before: String
    public var after: String
    public var durationMicroseconds: Int64
    /// What was compared before and after, where rows were rewritten.
    public var proofs: [ProofRecord]

    /// Whether it was performed in part or not at all.
    var hasFailed: Bool {
        switch outcome {
        case .applied, .unneeded, .notStarted, nil: false
        case .refused, .failed, .undone: true
        }
    }

    public init(
        finding: Finding.Key, also: [Finding.Key] = [], repair: Repair, outcome: Outcome? = nil,
        reason: String? = nil, before: String = "", after: String = "", durationMicroseconds: Int64 = 0,
        proofs: [ProofRecord] = []
    ) {
        self.finding = finding
        self.also = also
        self.repair = repair
        self.outcome = outcome
        self.reason = reason
        self.before = before
        self.after = after
        self.durationMicroseconds = durationMicroseconds
        self.proofs = proofs
    }

    /// As the engine speaks of it.
    public var planned: PlannedRepair { PlannedRepair(finding: finding, also: also, repair: repair) }
}
