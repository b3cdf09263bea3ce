/// The name of one kind of finding, such as `sqlite.column.missing`: plugin, thing, fault.
///
/// It is what `--only`, `--skip`, `policy.severity` and `selfheal explain` take, so it never changes once released.
public struct FindingID: RawRepresentable, Hashable, Sendable, Codable, Comparable, CustomStringConvertible,
    ExpressibleByStringLiteral
{
    public var rawValue: String
    public init(rawValue: String) { self.rawValue = rawValue }
    public init(stringLiteral value: String) { self.rawValue = value }
    public var description: String { rawValue }
    public static func < (lhs: FindingID, rhs: FindingID) -> Bool { lhs.rawValue < rhs.rawValue }

    /// Whether a selector names this finding: the whole identifier, or its beginning up to a dot (`sqlite`, `sqlite.column`).
    public func matches(selector: String) -> Bool {
        rawValue == selector || rawValue.hasPrefix(selector + ".")
    }
}

/// One piece of evidence: what was expected, what was there. Never a secret's value.
public struct Evidence: Hashable, Sendable, Codable {
    public var name: String
    public var value: String
    public init(_ name: String, _ value: String) {
        self.name = name
        self.value = value
    }
}

/// One fact that is not as the manifest says.
public struct Finding: Hashable, Sendable, Codable {
    public var id: FindingID
    /// What it is about, unique within the identifier: `app/data.db.product_catalog.updated_at`.
    public var subject: String
    public var severity: Severity
    /// A sentence for people, without a full stop.
    public var message: String
    public var evidence: [Evidence]
    /// What a person can do, where the tool does not do it.
    public var hint: String?
    /// Where the manifest states what was expected.
    public var source: SourceLocation?
    /// How it can be healed; `nil` when only a person can.
    public var repair: Repair?

    public init(
        _ id: FindingID, subject: String, severity: Severity, message: String, evidence: [Evidence] = [],
        hint: String? = nil, source: SourceLocation? = nil, repair: Repair? = nil
    ) {
        self.id = id
        self.subject = subject
        self.severity = severity
        self.message = message
        self.evidence = evidence
        self.hint = hint
        self.source = source
        self.repair = repair
    }

    /// What makes two findings of two looks the same one.
    public struct Key: Hashable, Sendable, Codable {
        public var id: FindingID
        public var subject: String
        public init(id: FindingID, subject: String) {
            self.id = id
            self.subject = subject
        }
    }

    public var key: Key { Key(id: id, subject: subject) }
}
