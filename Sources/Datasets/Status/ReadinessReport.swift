/// How all datasets are together.
public struct ReadinessReport: Sendable, Hashable {
    /// Something that no populating can mend, and what it keeps from being ready.
    public struct Blocking: Sendable, Hashable {
        public var name: String
        public var reason: String
        /// The datasets that depend on it, directly or not, in the order of the graph.
        public var blocks: [String]

        public init(name: String, reason: String, blocks: [String]) {
            self.name = name
            self.reason = reason
            self.blocks = blocks
        }
    }

    /// In the order of the graph: parents before children.
    public let statuses: [DatasetStatus]
    public let blocking: [Blocking]
    /// When it was looked. Milliseconds since 1970.
    public let time: Int64
    /// The datasets of which a killed run has left a new table behind that was to take their place.
    public let halfMade: [String]
    private let positions: [String: Int]

    public init(statuses: [DatasetStatus], blocking: [Blocking], time: Int64, halfMade: [String] = []) {
        self.halfMade = halfMade
        self.statuses = statuses
        self.blocking = blocking
        self.time = time
        positions = Dictionary(
            statuses.enumerated().map { ($1.name, $0) }, uniquingKeysWith: { first, _ in first })
    }

    public subscript(name: String) -> DatasetStatus? { positions[name].map { statuses[$0] } }

    public var required: [DatasetStatus] { statuses.filter(\.dataset.isRequired) }
    public var requiredCount: Int { statuses.count { $0.dataset.isRequired } }
    public var readyCount: Int { statuses.count { $0.dataset.isRequired && $0.isReady } }
    /// The weighted share of required datasets that are ready; `nil`, and never 1, when none is required.
    public var readiness: Double? {
        Self.share(of: statuses.compactMap { $0.dataset.isRequired ? ($0.dataset.weight, $0.isReady) : nil })
    }
    /// Required datasets that are not ready.
    public var missing: [String] { statuses.compactMap { $0.dataset.isRequired && !$0.isReady ? $0.name : nil } }
    public var hasWarnings: Bool { statuses.contains { !$0.isReady || !$0.warnings.isEmpty } }

    /// Where all weights are 0, each counts the same.
    static func share(of all: [(weight: Double, isReady: Bool)]) -> Double? {
        guard !all.isEmpty else { return nil }
        let total = all.map(\.weight).reduce(0, +)
        // Of whole shares exactly 1, whatever the sums of fractions give.
        if all.allSatisfy(\.isReady) { return 1 }
        guard total > 0 else { return Double(all.count(where: \.isReady)) / Double(all.count) }
        return all.filter(\.isReady).map(\.weight).reduce(0, +) / total
    }
}
