import HealKit
import HealModel

/// Turns two looks and what was done between them into results.
struct Summary: Sendable {
    var graph: CheckGraph
    var selection: Selection

    func results(first: Survey, last: Survey, repairs: [RepairRecord]) -> [CheckResult] {
        let applied = Set(repairs.filter { $0.outcome == .applied || $0.outcome == .unneeded }.flatMap(\.findings))
        let hidden = cameToLight(first, repairs)
        return graph.checks.indices.map { index in
            let check = graph.checks[index]
            var result = CheckResult(
                check: check.descriptor.id, title: check.descriptor.title, domain: check.descriptor.domain,
                subject: check.subject, pattern: check.pattern, status: .ok, source: check.declaredAt,
                durationMicroseconds: last.durations[index])
            switch last.sights[index] {
            case .seen(let observation):
                result.findings = observation.findings
                result.confirmations = observation.confirmations
                result.measurements = observation.measurements
                result.log = observation.log
                let remaining = Set(observation.findings.map(\.key))
                result.healed = (first.sights[index].findings + (hidden[index] ?? [])).filter {
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

    /// What only came to light behind something that was mended, by the check that it belongs to.
    private func cameToLight(_ first: Survey, _ repairs: [RepairRecord]) -> [Int: [Finding]] {
        let seen = Set(first.sights.flatMap(\.findings).map(\.key))
        var checks: [String: [Int]] = [:]
        var found: [Int: [Finding]] = [:]
        for record in repairs {
            for key in record.findings where !seen.contains(key) {
                if checks.isEmpty {
                    for (index, check) in graph.checks.enumerated() { checks[check.subject, default: []].append(index) }
                }
                // The subject of a check is the beginning of its findings' subjects, up to a dot.
                var subject = key.subject[...]
                while true {
                    for index in checks[String(subject)] ?? [] {
                        guard let kind = graph.checks[index].descriptor.kind(key.id) else { continue }
                        found[index, default: []].append(
                            Finding(
                                key.id, subject: key.subject, severity: kind.severity, message: record.before,
                                source: graph.checks[index].declaredAt, repair: record.repair))
                    }
                    guard let dot = subject.lastIndex(of: ".") else { break }
                    subject = subject[..<dot]
                }
            }
        }
        return found
    }

    func severityOfUnknown(_ check: any Check) -> Severity? {
        let severity = selection.severity(of: check.descriptor.unknownID) ?? .critical
        return severity == .information ? nil : severity
    }
}
