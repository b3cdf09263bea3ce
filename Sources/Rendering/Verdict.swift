import HealModel

/// The line that sums a report up. The report says what the verdict is; here it is only put into words.
struct Verdict {
    let report: Report
    let layout: TextLayout

    init(report: Report, layout: TextLayout) {
        self.report = report
        self.layout = layout
    }

    /// As the tool that made the report would say it.
    init(_ report: Report) {
        self.init(report: report, layout: report.tool == "validate-startup" ? .validation : .healing)
    }

    var tag: Tag {
        switch report.exitStatus {
        case ExitStatus.ok.rawValue: .ok
        case ExitStatus.warnings.rawValue: .warning
        default: .error
        }
    }

    var words: String {
        if report.checks.isEmpty, report.faults.isEmpty { return "Nothing was checked" }
        return switch tag {
        case .ok: passed
        case .warning: (warnings.isEmpty ? "Something is not as it should be" : warnings) + ": the application can run"
        default: failed
        }
    }

    private var passed: String {
        let total = report.checks.count
        let good = count { $0 == .ok || $0 == .healed }
        var words =
            good == total
            ? (total == 1 ? "The only check passed" : "All \(total) checks passed")
            : "\(good) of \(total) checks passed"
        let others = [
            (count { $0 == .skipped }, "skipped"), (count { $0 == .blocked }, "blocked"),
            (count { $0 == .unknown }, "could not look"),
        ].filter { $0.0 > 0 }.map { "\($0.0) \($0.1)" }
        if !others.isEmpty { words += " (\(others.joined(separator: ", ")))" }
        let healed = report.repairs.count { $0.outcome == .applied }
        return healed == 0 ? words : words + " after \(Wording.count(healed, "repair"))"
    }

    private var warnings: String {
        let found = findings(.warning).count
        let parts = [
            found == 0 ? nil : Wording.count(found, "warning"), couldNotLook(.warning), blocked,
        ]
        return parts.compactMap { $0 }.joined(separator: "; ")
    }

    private var failed: String {
        let critical = findings(.critical)
        let found = Wording.count(critical.count, "critical finding") + ": " + Wording.list(critical.map(\.subject))
        let faults = Wording.count(report.faults.count, "fault") + " of the run itself"
        let parts = [
            critical.isEmpty ? nil : found, couldNotLook(.critical), blocked, report.faults.isEmpty ? nil : faults,
            advice(critical),
        ].compactMap { $0 }
        return parts.isEmpty ? "Something critical is wrong" : parts.joined(separator: "; ")
    }

    /// What to do next; a fault of the run itself comes first, and says so where it is shown.
    private func advice(_ critical: [Finding]) -> String? {
        guard !critical.isEmpty, report.faults.isEmpty else { return nil }
        if report.mode == .dryRun, let plan = report.plan, !plan.performed.isEmpty {
            return "run again without --dry-run"
        }
        let tried = Set(report.repairs.map(\.finding))
        let withheld = Set((report.plan?.repairs ?? []).filter { $0.withheld != nil }.map(\.finding))
        let isHealer = layout == .healing && report.mode != .check
        let risks = critical.filter { !tried.contains($0.key) && (!isHealer || withheld.contains($0.key)) }
            .compactMap { $0.repair?.risk }.filter { $0 < .critical }
        guard let least = risks.min() else { return "see above" }
        return !isHealer && least <= .medium ? "run auto-heal" : "run auto-heal --max-risk \(least.rawValue)"
    }

    private var blocked: String? {
        let number = count { $0 == .blocked }
        return number == 0 ? nil : Wording.count(number, "check") + " blocked"
    }

    private func couldNotLook(_ severity: Severity) -> String? {
        let checks = report.checks.filter { $0.status == .unknown && $0.severity == severity }
        guard !checks.isEmpty else { return nil }
        return "\(Wording.count(checks.count, "check")) could not look (\(Wording.list(checks.map(\.subject))))"
    }

    private func findings(_ severity: Severity) -> [Finding] {
        report.checks.flatMap(\.findings).filter { $0.severity == severity }
    }

    private func count(_ matches: (Status) -> Bool) -> Int {
        report.checks.count { matches($0.status) }
    }
}
