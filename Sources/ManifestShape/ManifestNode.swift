import HealModel

/// A manifest's tree as it was written: every value with its place. Knows nothing of YAML, so that shapes and plugins
/// can be tested without it.
public struct ManifestNode: Hashable, Sendable {
    public indirect enum Content: Hashable, Sendable {
        case scalar(Scalar)
        case sequence([ManifestNode])
        case mapping([Entry])
    }

    public struct Entry: Hashable, Sendable {
        public var key: String
        public var keyLocation: SourceLocation
        public var value: ManifestNode

        public init(key: String, keyLocation: SourceLocation, value: ManifestNode) {
            self.key = key
            self.keyLocation = keyLocation
            self.value = value
        }
    }

    /// A scalar keeps its text exactly as written, so that `3.10` stays `3.10`.
    public struct Scalar: Hashable, Sendable {
        /// What YAML 1.1 or 1.2 readers may take an unquoted text for. `ambiguous` is what they disagree on: `no`,
        /// `012`, `1:30`.
        public enum Kind: String, Sendable, Hashable {
            case string, integer, float, boolean, null, ambiguous
        }

        public var text: String
        public var kind: Kind

        public init(text: String, kind: Kind) {
            self.text = text
            self.kind = kind
        }
    }

    public var content: Content
    public var location: SourceLocation

    public init(_ content: Content, at location: SourceLocation) {
        self.content = content
        self.location = location
    }
}

/// One fault of a manifest.
public struct ManifestProblem: Error, Hashable, Sendable, CustomStringConvertible {
    public var location: SourceLocation
    /// A sentence without a full stop; never quotes a value (it may be a secret), only keys.
    public var message: String

    public init(_ location: SourceLocation, _ message: String) {
        self.location = location
        self.message = message
    }

    public var description: String { "\(location): \(message)" }
}

/// All faults found so far: a person wants to see them together, not one a run.
public struct ManifestProblems: Error, Sendable, Hashable, CustomStringConvertible {
    /// How many are kept: nobody reads further, and a file made to annoy could hold a hundred thousand.
    public static let limit = 100

    public private(set) var all: [ManifestProblem] = []
    /// How many more there were.
    public private(set) var omitted = 0

    public init() {}
    public init(_ problems: [ManifestProblem]) {
        for problem in problems { add(problem) }
    }

    public var isEmpty: Bool { all.isEmpty }

    public mutating func add(_ location: SourceLocation, _ message: String) {
        add(ManifestProblem(location, message))
    }

    public mutating func add(_ problem: ManifestProblem) {
        if all.count < Self.limit { all.append(problem) } else { omitted += 1 }
    }

    public mutating func add(contentsOf other: ManifestProblems) {
        for problem in other.all { add(problem) }
        omitted += other.omitted
    }

    /// In the order of the files and lines, each fault once: a value that is used through an alias is looked at more
    /// often.
    public var sorted: ManifestProblems {
        var seen: Set<ManifestProblem> = []
        var sorted = self
        sorted.all = all.filter { seen.insert($0).inserted }.sorted { $0.location < $1.location }
        return sorted
    }

    /// A line for each, as `file:line:column: message`.
    public var description: String {
        all.map(\.description).joined(separator: "\n") + (omitted == 0 ? "" : "\nand \(omitted) more")
    }
}
