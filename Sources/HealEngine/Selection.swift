import HealKit
import HealModel
import ManifestShape

/// Which checks take part in a run, and how severe their findings are.
public struct Selection: Sendable {
    /// Finding identifiers, or beginnings of them up to a dot. Empty: all.
    public var only: [String]
    public var skip: [String]
    /// `nil`: all.
    public var domains: Set<Domain>?
    /// From `policy.severity`, by finding identifier or the beginning of one; the longest that matches counts.
    public var severities: [FindingID: Severity]

    public init(
        only: [String] = [], skip: [String] = [], domains: Set<Domain>? = nil, severities: [FindingID: Severity] = [:]
    ) {
        self.only = only
        self.skip = skip
        self.domains = domains
        self.severities = severities
    }

    func takes(_ descriptor: CheckDescriptor) -> Bool {
        if let domains, !domains.contains(descriptor.domain) { return false }
        return descriptor.identifiers.contains { takes($0) }
    }

    func takes(_ id: FindingID) -> Bool {
        if !only.isEmpty, !only.contains(where: { id.matches(selector: $0) }) { return false }
        return !skip.contains { id.matches(selector: $0) }
    }

    /// The findings that take part, with the severity that the manifest gives them.
    func apply(to findings: [Finding]) -> [Finding] {
        findings.filter { takes($0.id) }.map { finding in
            var finding = finding
            finding.severity = severity(of: finding.id) ?? finding.severity
            return finding
        }
    }

    func severity(of id: FindingID) -> Severity? {
        if severities.isEmpty { return nil }
        return severities.filter { id.matches(selector: $0.key.rawValue) }
            .max { $0.key.rawValue.utf8.count < $1.key.rawValue.utf8.count }?.value
    }

    /// The first selector that names nothing, with what was probably meant.
    public static func unknownSelector(
        in selectors: [String], among descriptors: [CheckDescriptor]
    ) -> (selector: String, suggestion: String?)? {
        let identifiers = descriptors.flatMap(\.identifiers)
        for selector in selectors where !identifiers.contains(where: { $0.matches(selector: selector) }) {
            let names = Set(identifiers.map(\.rawValue) + descriptors.map(\.id))
            return (selector, NearestName.suggestion(for: selector, among: names.sorted()))
        }
        return nil
    }
}

extension CheckDescriptor {
    /// What the engine reports when the check could not look.
    public var unknownID: FindingID { FindingID(rawValue: id + ".unknown") }

    /// Every identifier that findings of this check can have.
    public var identifiers: [FindingID] { kinds.map(\.id) + [unknownID] }
}
