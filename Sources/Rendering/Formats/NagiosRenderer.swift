import HealModel

/// What Nagios knows of a service. Its numbers are not ours: 1 is a warning there, and 2 is critical.
public enum NagiosState: Int32, Sendable, CaseIterable {
    case ok = 0
    case warning = 1
    case critical = 2
    case unknown = 3

    /// Critical when something is known to be wrong, unknown when it only could not be looked at.
    public init(_ report: Report) {
        switch ExitStatus(rawValue: report.exitStatus) {
        case .ok: self = .ok
        case .warnings: self = .warning
        case .critical:
            let known = !report.faults.isEmpty || report.checks.contains { $0.status == .critical }
            let unseen = report.checks.contains { $0.status == .unknown && $0.severity == .critical }
            self = unseen && !known ? .unknown : .critical
        case .usage, .configuration, nil: self = .unknown
        }
    }

    var name: String {
        switch self {
        case .ok: "OK"
        case .warning: "WARNING"
        case .critical: "CRITICAL"
        case .unknown: "UNKNOWN"
        }
    }
}

/// A report as the one line that a Nagios plugin prints: the state, what is wrong, and performance data.
public struct NagiosRenderer: ReportRenderer {
    /// Agents cut what is longer than a kilobyte, and performance data is at the end.
    static let limit = 600

    public init() {}

    public func render(_ report: Report) -> String {
        let state = NagiosState(report)
        let name = report.app.map { " \($0)" } ?? ""
        return Self.line("SELFHEAL\(name) \(state.name)", words(report)) + " | \(Self.performance(report))\n"
    }

    public func render(_ refusal: Refusal) -> String {
        let first = refusal.faults.first?.text ?? refusal.words
        let more = refusal.faults.count > 1 ? " (and \(refusal.faults.count - 1) more)" : ""
        return Self.line("SELFHEAL \(NagiosState.unknown.name)", first + more) + "\n"
    }

    private func words(_ report: Report) -> String {
        var wrong = report.faults
        for severity in [Severity.critical, .warning] {
            for check in report.checks {
                if check.status == .unknown, check.severity == severity {
                    wrong.append("could not look at \(check.subject): \(Wording.reason(check))")
                }
                wrong += check.findings.filter { $0.severity == severity }.map(\.message)
            }
        }
        guard !wrong.isEmpty else { return Verdict(report).words }
        return wrong.count == 1 ? wrong[0] : "\(wrong.count) findings: " + Wording.list(wrong)
    }

    /// What follows `|` is performance data, so there is none in the text.
    private static func line(_ beginning: String, _ text: String) -> String {
        let safe = SafeText.line("\(beginning) - \(text)").replacing("|", with: "/")
        return DisplayWidth.cut(safe, to: limit)
    }

    private static func performance(_ report: Report) -> String {
        let total = report.checks.count
        var data = ["time=\(Decimals.seconds(microseconds: report.durationMicroseconds, digits: 6))s;;;0"]
        data += Status.allCases.map { status in
            "\(status.rawValue)=\(report.checks.count { $0.status == status });;;0;\(total)"
        }
        data.append("repairs=\(report.repairs.count { $0.outcome == .applied });;;0")
        return data.joined(separator: " ")
    }
}
