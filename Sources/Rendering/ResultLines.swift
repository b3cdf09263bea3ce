import HealModel

/// What both layouts say in the same way.
extension TextWriter {
    /// One check's confirmations that are shown when not everything was asked for.
    static let confirmationLimit = 20

    /// The confirmations to show, and a line for those that are left out.
    func folded(_ check: CheckResult) -> [String] {
        let all = check.confirmations
        // One line more is not worth a line that says so.
        guard !isVerbose, all.count > Self.confirmationLimit + 1 else { return all }
        let rest = all.count - Self.confirmationLimit
        return all.prefix(Self.confirmationLimit) + ["… and \(rest) more in \(check.subject)"]
    }

    /// A finding that remains, with all that helps a person to mend it.
    mutating func finding(_ finding: Finding, withheld: String?) {
        let tag: Tag
        switch finding.severity {
        case .information: tag = .info
        case .warning: tag = .warning
        case .critical: tag = .error
        }
        if isQuiet, tag == .info { return }
        let place = finding.source.map { " (\($0.file):\($0.line))" } ?? ""
        line(tag, finding.message + place)
        if let hint = finding.hint { continuation("hint: \(hint)") }
        if let withheld, let repair = finding.repair {
            continuation("not done: \(Wording.lowercasedFirst(repair.doing)), because \(withheld)")
        }
        guard isVerbose else { return }
        continuation("finding: \(finding.id) on \(finding.subject)")
        for evidence in finding.evidence { continuation("\(evidence.name): \(evidence.value)") }
    }

    /// Repairs that failed and are not named.
    mutating func left(_ failures: Int, of pattern: String) {
        line(
            .error,
            "… and \(Wording.grouped(failures)) more repairs of \(pattern) came to nothing; --verbose names them")
    }

    /// A check that was not looked at, or could not be.
    mutating func state(_ check: CheckResult) {
        switch check.status {
        case .ok, .healed, .warning, .critical: break
        case .blocked:
            line(.blocked, "\(check.subject): blocked by \(check.blockedBy.joined(separator: ", "))")
        case .skipped:
            if !isQuiet { line(.skipped, "\(check.subject): \(Wording.reason(check))") }
        case .unknown:
            let tag: Tag = check.severity == .critical ? .error : check.severity == .warning ? .warning : .info
            if isQuiet, tag == .info { return }
            line(tag, "Could not look at \(check.subject): \(Wording.reason(check))")
        }
    }

    /// What was looked at, when everything was asked for.
    mutating func aboutRun(_ report: Report) {
        guard isVerbose else { return }
        let app = report.app.map { " for \($0)" } ?? ""
        line(.info, "\(report.tool) \(report.toolVersion)\(app), \(Timestamp.iso8601(milliseconds: report.startedAt))")
        line(.info, "Root \(report.root), manifest \(report.manifest), mode \(report.mode.rawValue)")
    }

    /// What came of it, when everything was asked for.
    mutating func aboutOutcome(_ report: Report) {
        guard isVerbose else { return }
        if let plan = report.plan { line(.info, "Plan \(plan.hash)") }
        if let run = report.run { line(.info, "Run \(run) in the journal") }
        line(.info, "Took \(Wording.duration(microseconds: report.durationMicroseconds))")
    }

    /// How long a check took, when everything was asked for.
    mutating func aboutCheck(_ check: CheckResult) {
        guard isVerbose else { return }
        let took = Wording.duration(microseconds: check.durationMicroseconds)
        line(.info, "\(check.check) on \(check.subject): \(check.status.rawValue), \(took)")
        for measurement in check.measurements {
            continuation("\(measurement.label): \(measurement.value) \(measurement.unit)")
        }
        for text in check.log { continuation("log: \(text)") }
    }

    /// What a repair changed, when everything was asked for.
    mutating func aboutRepair(_ record: RepairRecord) {
        guard isVerbose else { return }
        continuation("finding: \(record.finding.id) on \(record.finding.subject)")
        let took = Wording.duration(microseconds: record.durationMicroseconds)
        continuation("risk: \(record.repair.risk.rawValue), \(record.outcome.rawValue) in \(took)")
        if !record.before.isEmpty { continuation("before: \(record.before)") }
        if !record.after.isEmpty { continuation("after: \(record.after)") }
    }

    /// What a planned repair is about, when everything was asked for.
    mutating func aboutPlan(_ plan: PlannedRepair) {
        guard isVerbose else { return }
        continuation("finding: \(plan.finding.id) on \(plan.finding.subject)")
        continuation("risk: \(plan.repair.risk.rawValue)")
    }

    mutating func notes(_ report: Report) {
        if isQuiet { return }
        for note in report.notes { line(.info, note) }
    }

    mutating func faults(_ report: Report) {
        for fault in report.faults { line(.error, fault) }
    }

    /// An item of a summary: what became of a repair.
    mutating func item(_ record: RepairRecord) {
        switch record.outcome {
        case .applied: item(.done, record.repair.done, detail: record.repair.detail)
        case .unneeded: item(.done, Wording.unneeded(record.repair))
        case .refused, .failed, .undone, .notStarted:
            // The reason is never cut: it is part of the line, not a detail of it.
            let mark = record.outcome == .notStarted ? Mark.withheld : .failed
            item(mark, Wording.bare(record.repair) + (Wording.failure(record).map { " - \($0)" } ?? ""))
        }
    }
}
