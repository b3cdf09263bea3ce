/// Which rows of a dataset are there, as far as they were written by these tools.
public struct Generation: Sendable, Hashable {
    /// Goes up whenever rows were written; 0 when they never were.
    public var number: Int64
    /// Random: another one when the table was lost with its database, and is counted anew. `nil` in ledgers of earlier versions.
    public var incarnation: String?

    public init(_ number: Int64 = 0, of incarnation: String? = nil) {
        self.number = number
        self.incarnation = incarnation
    }

    /// Whether rows were written since a child was made from those that it remembers.
    public func isNewer(than remembered: Generation?) -> Bool {
        // What others have put there is not counted.
        guard number > 0 else { return false }
        return remembered != self
    }
}
