import HealModel

/// What there is to say of one check, in plain lines: the part that several formats have in common.
struct CheckText {
    let entry: ReportIndex.Entry
    /// Why the run did not do what it could have done.
    let withheld: [Finding.Key: String]
    let mode: RunMode

    private var check: CheckResult { entry.check }

    /// `environment file: .env`, with every character harmless.
    static func name(_ check: CheckResult) -> String { SafeText.line("\(check.title): \(check.subject)") }

    /// One sentence: the worst finding, or why there is none.
    var headline: String {
        let text =
            switch check.status {
            case .ok: check.findings.isEmpty ? "As stated" : Self.worst(check.findings)
            case .healed: "Healed: " + Wording.list(check.healed.map(\.message))
            case .warning, .critical: Self.worst(check.findings)
            case .blocked: "Blocked by \(check.blockedBy.joined(separator: ", "))"
            case .skipped: "Skipped: \(Wording.reason(check))"
            case .unknown: "Could not look: \(Wording.reason(check))"
            }
        return SafeText.line(text)
    }

    private static func worst(_ findings: [Finding]) -> String {
        guard let worst = findings.max(by: { $0.severity < $1.severity }) else { return "Not as stated" }
        let first = findings.first { $0.severity == worst.severity } ?? worst
        return findings.count == 1 ? first.message : "\(first.message) (and \(findings.count - 1) more)"
    }

    /// Everything else, line by line; what belongs to a line is indented below it.
    var lines: [String] {
        var lines: [String] = []
        for finding in check.findings { lines += Self.lines(finding, withheld[finding.key], place: place(of: finding)) }
        lines += check.healed.map { "[healed] \($0.message)" }
        lines += entry.records.flatMap(Self.lines)
        if mode == .dryRun {
            lines += entry.planned.filter { $0.withheld == nil }.map { "[planned] \(Wording.would($0.repair))" }
        }
        return lines.map(SafeText.line)
    }

    /// Where the manifest states it.
    func place(of finding: Finding) -> SourceLocation? { finding.source ?? check.source }

    static func lines(_ finding: Finding, _ withheld: String?, place: SourceLocation?) -> [String] {
        var lines = ["[\(finding.severity.rawValue)] \(finding.message)"]
        lines.append("  finding: \(finding.id) on \(finding.subject)")
        if let place { lines.append("  stated at: \(place)") }
        lines += finding.evidence.map { "  \($0.name): \($0.value)" }
        if let hint = finding.hint { lines.append("  hint: \(hint)") }
        if let withheld, let repair = finding.repair {
            lines.append("  not done: \(Wording.lowercasedFirst(repair.doing)), because \(withheld)")
        }
        return lines
    }

    /// What became of a repair.
    static func words(_ record: RepairRecord) -> String {
        switch record.outcome {
        case .applied: record.repair.done
        case .unneeded: Wording.unneeded(record.repair)
        case .refused, .failed, .undone, .notStarted:
            Wording.bare(record.repair) + (Wording.failure(record).map { " \($0)" } ?? "")
        }
    }

    static func lines(_ record: RepairRecord) -> [String] {
        let line = "[\(record.outcome.rawValue)] \(words(record))"
        guard record.outcome == .applied, !record.repair.detail.isEmpty else { return [line] }
        return [line, "  how: \(record.repair.detail)"]
    }
}

extension Report {
    /// Its notes, and where what databases held before it is.
    var told: [String] {
        notes
            + databases.compactMap { change in
                change.backup.map { "What \(change.database) held before this is in \($0.path)" }
            }
    }
}
