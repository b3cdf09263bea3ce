/// How a dataset is: the first of these that holds, from the bottom of what can be wrong to the top.
public enum DatasetState: String, Sendable, Hashable, CaseIterable, Codable {
    /// It exists, is filled and fresh, its critical checks hold, and all its parents are ready.
    case ready
    /// There is no database, or no such table in it.
    case missing
    case empty
    /// There are fewer rows than it must have.
    case short
    /// Units of work are pending or have failed.
    case incomplete
    /// Its newest row is too old, or what it was made from has changed since.
    case stale
    /// A critical check does not hold.
    case invalid
    /// It is well itself; a dataset that it depends on is not ready.
    case waiting
    /// It could not be looked at.
    case unknown

    public var isReady: Bool { self == .ready }
}
