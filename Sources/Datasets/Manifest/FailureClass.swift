/// Why work failed, as far as what to do about it is concerned. Told from types, exit codes and result codes, never from texts.
public enum FailureClass: String, Sendable, Hashable, CaseIterable, Codable {
    /// The other side cannot be reached, or the connection was lost.
    case connection
    /// The other side asks for fewer requests.
    case rateLimit = "rate_limit"
    case timeout
    /// Memory, room on the disk, or descriptors have run out.
    case resource
    /// Somebody else holds a lock for too long.
    case lock
    /// A database is damaged.
    case corruption
    /// What the work needs is not there: a table, a parent's rows.
    case dependency
    /// The database does not take the row.
    case constraint
    /// The other side does not let us in.
    case authentication
    /// What the manifest or the environment says cannot work: no such program, no such model.
    case configuration
    /// The answer cannot be understood.
    case parse
    case unknown

    /// What is tried again unless the manifest says otherwise.
    public static let retried: Set<FailureClass> = [
        .connection, .rateLimit, .timeout, .resource, .lock, .parse, .unknown,
    ]

    /// Trying again cannot help, and may lock an account or spread damage.
    public var isNeverRetried: Bool {
        switch self {
        case .authentication, .configuration, .corruption: true
        default: false
        }
    }
}
