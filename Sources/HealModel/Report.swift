/// The part of the application's world a check looks at. `--db-only` and `--fs-only` choose by it.
public enum Domain: String, Sendable, Codable, CaseIterable {
    case filesystem, databases, dependencies, other
}

/// What came of one check on one resource.
public struct CheckResult: Hashable, Sendable, Codable {
    /// The kind of check: `sqlite`.
    public var check: String
    /// The group under which people see it: `database schemas`.
    public var title: String
    public var domain: Domain
    /// Numbers that were measured on the way.
    public var measurements: [Measurement] = []
    /// What a plugin said beside its answer, line by line.
    public var log: [String] = []
    /// The resource: `data/auth.db`.
    public var subject: String
    /// The pattern in the manifest that stands for this resource and others: `tenants/*.db`.
    public var pattern: String?
    public var status: Status
    /// What the status counts as in the verdict; `nil` when it does not count.
    public var severity: Severity?
    /// What is still not as the manifest says.
    public var findings: [Finding]
    /// What was not as the manifest says, and was healed in this run.
    public var healed: [Finding]
    /// What holds, in words: `app/data.db.product_catalog schema valid`.
    public var confirmations: [String]
    /// The subjects of the prerequisites that failed, when `blocked`.
    public var blockedBy: [String]
    /// Why, when `unknown` or `skipped`.
    public var reason: String?
    /// Where the manifest asks for it.
    public var source: SourceLocation?
    public var durationMicroseconds: Int64

    public init(
        check: String, title: String, domain: Domain, subject: String, pattern: String? = nil, status: Status,
        severity: Severity? = nil, findings: [Finding] = [], healed: [Finding] = [], confirmations: [String] = [],
        blockedBy: [String] = [], reason: String? = nil, source: SourceLocation? = nil, durationMicroseconds: Int64 = 0
    ) {
        self.check = check
        self.title = title
        self.domain = domain
        self.subject = subject
        self.pattern = pattern
        self.status = status
        self.severity = severity
        self.findings = findings
        self.healed = healed
        self.confirmations = confirmations
        self.blockedBy = blockedBy
        self.reason = reason
        self.source = source
        self.durationMicroseconds = durationMicroseconds
    }
}

/// What a run was allowed to do.
public enum RunMode: String, Sendable, Codable {
    /// Looked only.
    case check
    /// Looked, and planned what it would do.
    case dryRun
    /// Looked, healed and looked again.
    case heal
}

/// The whole run. Every output format is a pure function of it.
public struct Report: Hashable, Sendable, Codable {
    /// The version of this structure as JSON: `selfheal-report/1`. A change that breaks readers changes it.
    public static let currentFormat = "selfheal-report/1"

    public var format: String = Report.currentFormat
    public var tool: String
    public var toolVersion: String
    public var app: String?
    public var root: String
    public var manifest: String
    public var mode: RunMode
    /// Milliseconds since 1970-01-01 UTC.
    public var startedAt: Int64
    public var durationMicroseconds: Int64
    public var checks: [CheckResult]
    public var plan: Plan?
    public var repairs: [RepairRecord]
    /// What was changed in databases that existed.
    public var databases: [DatabaseChange]
    /// What a person should know of the run itself: waited for whom, what a killed run left behind.
    public var notes: [String]
    /// Faults of the run itself that make its verdict critical: the journal could not be written, for instance.
    public var faults: [String]
    /// The journal's number for this run; `nil` when nothing was changed.
    public var run: Int64?
    /// The verdict: 0, 1 or 2, as `ExitStatus.verdict` gives it.
    public var exitStatus: Int32

    public init(
        tool: String, toolVersion: String, app: String?, root: String, manifest: String, mode: RunMode,
        startedAt: Int64, durationMicroseconds: Int64 = 0, checks: [CheckResult] = [], plan: Plan? = nil,
        repairs: [RepairRecord] = [], databases: [DatabaseChange] = [], notes: [String] = [], faults: [String] = [],
        run: Int64? = nil
    ) {
        self.tool = tool
        self.toolVersion = toolVersion
        self.app = app
        self.root = root
        self.manifest = manifest
        self.mode = mode
        self.startedAt = startedAt
        self.durationMicroseconds = durationMicroseconds
        self.checks = checks
        self.plan = plan
        self.repairs = repairs
        self.databases = databases
        self.notes = notes
        self.faults = faults
        self.run = run
        self.exitStatus = ExitStatus.verdict(checks: checks, faults: faults).rawValue
    }
}

/// The exit statuses of every command line.
public enum ExitStatus: Int32, Sendable, Codable {
    case ok = 0
    case critical = 1
    case warnings = 2
    /// `EX_USAGE` of sysexits(3): the command line is wrong.
    case usage = 64
    /// `EX_CONFIG` of sysexits(3): the manifest is wrong.
    case configuration = 78

    /// The only place where a run's results become an exit status.
    public static func verdict(checks: [CheckResult], faults: [String]) -> ExitStatus {
        if !faults.isEmpty { return .critical }
        // Nothing was looked at: an expectation that is empty is suspicious, not fulfilled.
        var worst = checks.isEmpty ? ExitStatus.warnings : .ok
        for check in checks {
            switch check.severity {
            case .critical: return .critical
            case .warning: if worst == .ok { worst = .warnings }
            case .information, nil: break
            }
        }
        return worst
    }
}
