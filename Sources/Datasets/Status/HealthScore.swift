/// How well a dataset is, from 0 to 1: the mean of what was looked at, always to be shown with it. For people who want to see
/// where it is worst; nothing is decided by it.
public struct HealthScore: Sendable, Hashable {
    public enum Dimension: String, Sendable, Hashable, CaseIterable {
        /// Rows there are, of those expected.
        case volume
        /// 1 fresh, a half when past `warn_after`, 0 when past `error_after`.
        case freshness
        /// Units that are done, of all.
        case coverage
        /// Checks that hold, of all that could be looked at.
        case validity
    }

    public struct Part: Sendable, Hashable {
        public var dimension: Dimension
        public var value: Double

        public init(_ dimension: Dimension, _ value: Double) {
            self.dimension = dimension
            self.value = value
        }
    }

    public let parts: [Part]

    /// `nil` when nothing was looked at.
    public init?(_ parts: [Part]) {
        guard !parts.isEmpty else { return nil }
        self.parts = parts
    }

    public var value: Double { parts.map(\.value).reduce(0, +) / Double(parts.count) }
}
