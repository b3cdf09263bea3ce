/// How much a finding matters to the application.
public enum Severity: String, Sendable, Codable, CaseIterable, Comparable {
    /// Worth knowing; never changes the verdict.
    case information
    /// The application can run, but not as well as it should.
    case warning
    /// The application needs this: it is not ready to start.
    case critical

    private var rank: Int {
        switch self {
        case .information: 0
        case .warning: 1
        case .critical: 2
        }
    }

    public static func < (lhs: Severity, rhs: Severity) -> Bool { lhs.rank < rhs.rank }
}

/// What a repair may cost. `--max-risk` and `policy.max_risk` are compared with it.
public enum Risk: String, Sendable, Codable, CaseIterable, Comparable {
    /// Creates what was missing; nothing that exists is changed.
    case low
    /// Rewrites something and keeps all its data, or runs an installer or a plugin's heal.
    case medium
    /// Can discard or alter data.
    case high
    /// Never performed by itself.
    case critical

    private var rank: Int {
        switch self {
        case .low: 0
        case .medium: 1
        case .high: 2
        case .critical: 3
        }
    }

    public static func < (lhs: Risk, rhs: Risk) -> Bool { lhs.rank < rhs.rank }
}

/// The verdict on one check.
public enum Status: String, Sendable, Codable, CaseIterable {
    /// As the manifest says.
    case ok
    /// Was not as the manifest says; repaired in this run, and looked at again.
    case healed
    case warning
    case critical
    /// A prerequisite failed, so looking would tell nothing new; the result names it.
    case blocked
    /// Not looked at, for the reason given.
    case skipped
    /// Could not look, for the reason given. Counts as critical unless the manifest says otherwise.
    case unknown
}
