import HealKit
import HealModel

/// Turns two looks and what was done between them into results.
struct Summary: Sendable {
    var graph: CheckGraph
    var selection: Selection

    func results(first: Survey, last: Survey, repairs: [RepairRecord]) -> [CheckResult] {
        let applied = Set(repairs.filter { $0.outcome == .applied || $0.outcome == .unneeded }.flatMap(\.findings))
        return graph.checks.indices.map { index in
            let check = graph.checks[index]
            var result = CheckResult(
                check: check.descriptor.id, title: check.descriptor.title, domain: check.descriptor.domain,
                subject: check.subject, status: .ok, durationMicroseconds: last.durations[index])
            switch last.sights[index] {
            case .seen(let observation):
                result.findings = observation.findings
                result.confirmations = observation.confirmations
                let remaining = Set(observation.findings.map(\.key))
                result.healed = healed(index, first, repairs).filter {
                    applied.contains($0.key) && !remaining.contains($0.key)
                }
                result.severity = observation.findings.map(\.severity).max()
                switch result.severity {
                case .critical: result.status = .critical
                case .warning: result.status = .warning
                case .information, nil:
                    result.severity = nil
                    result.status = result.healed.isEmpty ? .ok : .healed
                    if let reason = observation.skipped {
                        result.status = .skipped
                        result.reason = reason
                    }
                }
            case .blocked(let failed):
                result.status = .blocked
                result.blockedBy = failed.map { graph.checks[$0].subject }
            case .unknown(let error):
                result.status = .unknown
                result.severity = severityOfUnknown(check)
                result.reason = error.explanation
            case .circular:
                result.status = .unknown
                result.severity = severityOfUnknown(check)
                result.reason = "it waits for itself: its prerequisites form a circle"
            case .cancelled:
                result.status = .unknown
                result.severity = .critical
                result.reason = MachineError.cancelled.explanation
            }
            return result
        }
    }

    /// What the check had found, including what only came to light behind something that was mended.
    private func healed(_ index: Int, _ first: Survey, _ repairs: [RepairRecord]) -> [Finding] {
        let seen = first.sights[index].findings
        let descriptor = graph.checks[index].descriptor
        let subject = graph.checks[index].subject
        let known = Set(seen.map(\.key))
        let behind = repairs.flatMap { record in record.findings.map { (key: $0, record: record) } }.filter { key, _ in
            guard !known.contains(key) else { return false }
            return descriptor.kind(key.id) != nil && (key.subject == subject || key.subject.hasPrefix(subject + "."))
        }
        return seen
            + behind.map { key, record in
                Finding(
                    key.id, subject: key.subject, severity: descriptor.kind(key.id)?.severity ?? .critical,
                    message: record.before, repair: record.repair)
            }
    }

    private func severityOfUnknown(_ check: any Check) -> Severity? {
        let severity = selection.severity(of: check.descriptor.unknownID) ?? .critical
        return severity == .information ? nil : severity
    }
}
