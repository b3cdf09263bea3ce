import HealModel

/// A report as Test Anything Protocol, version 14: a test point for each check.
///
/// A critical check is `not ok`. A warning is `not ok … # TODO`, which is TAP's word for what is not right and fails nothing.
/// What was blocked or left out is `ok … # SKIP`.
public struct TAPRenderer: ReportRenderer {
    public init() {}

    public func render(_ report: Report) -> String {
        let index = ReportIndex(report)
        let number = report.checks.count + report.faults.count
        var text = "TAP version 14\n"
        text += number == 0 ? "1..0 # SKIP nothing was checked\n" : "1..\(number)\n"
        let version = "\(report.tool) \(report.toolVersion), \(Timestamp.iso8601(milliseconds: report.startedAt))"
        for note in [version] + report.told { text += "# \(SafeText.line(note))\n" }
        var point = 0
        for entry in index.entries {
            point += 1
            let words = CheckText(entry: entry, withheld: index.withheld, mode: report.mode)
            text += Self.point(entry.check, point, words.headline)
            if entry.check.status != .ok || !entry.check.findings.isEmpty || !entry.records.isEmpty {
                text += Self.block(entry.check, words)
            }
        }
        for fault in report.faults {
            point += 1
            text += "not ok \(point) - \(Self.escaped("the run itself: \(fault)"))\n"
        }
        for line in index.strayRecords.flatMap(CheckText.lines) { text += "# \(SafeText.line(line))\n" }
        return text + "# \(SafeText.line(Verdict(report).words))\n"
    }

    public func render(_ refusal: Refusal) -> String {
        let points = refusal.faults.enumerated().map { number, fault in
            "not ok \(number + 1) - \(Self.escaped(fault.text))\n"
        }
        return "TAP version 14\n1..\(points.count)\n\(points.joined())Bail out! \(Self.escaped(refusal.words))\n"
    }

    private static func point(_ check: CheckResult, _ number: Int, _ headline: String) -> String {
        let name = escaped(CheckText.name(check))
        let reason = escaped(headline)
        return switch check.status {
        case .ok, .healed: "ok \(number) - \(name)\n"
        case .critical: "not ok \(number) - \(name)\n"
        case .warning: "not ok \(number) - \(name) # TODO \(reason)\n"
        case .unknown where check.severity == .critical: "not ok \(number) - \(name)\n"
        case .unknown where check.severity == .warning: "not ok \(number) - \(name) # TODO \(reason)\n"
        case .blocked, .skipped, .unknown: "ok \(number) - \(name) # SKIP \(reason)\n"
        }
    }

    /// What follows a test point, as YAML. A JSON string is one of YAML too.
    private static func block(_ check: CheckResult, _ words: CheckText) -> String {
        var lines = [
            "message: \(quoted(words.headline))", "status: \(quoted(check.status.rawValue))",
            "severity: \(check.severity.map { quoted($0.rawValue) } ?? "null")",
            "duration_ms: \(Decimals.milliseconds(microseconds: check.durationMicroseconds))",
        ]
        if let place = check.source { lines.append("at: \(flow(place))") }
        if !check.findings.isEmpty {
            lines.append("findings:")
            for finding in check.findings {
                lines.append("  - id: \(quoted(finding.id.rawValue))")
                lines.append("    subject: \(quoted(finding.subject))")
                lines.append("    severity: \(quoted(finding.severity.rawValue))")
                lines.append("    message: \(quoted(finding.message))")
                for evidence in finding.evidence where ["expected", "found"].contains(evidence.name) {
                    lines.append("    \(evidence.name): \(quoted(evidence.value))")
                }
                if let hint = finding.hint { lines.append("    hint: \(quoted(hint))") }
                if let withheld = words.withheld[finding.key] { lines.append("    withheld: \(quoted(withheld))") }
                if let place = words.place(of: finding) { lines.append("    at: \(flow(place))") }
            }
        }
        if !words.entry.records.isEmpty {
            lines.append("repairs:")
            for record in words.entry.records {
                lines.append("  - outcome: \(quoted(record.outcome.rawValue))")
                lines.append("    repair: \(quoted(record.repair.doing))")
                if let reason = record.reason { lines.append("    reason: \(quoted(reason))") }
            }
        }
        return (["---"] + lines + ["..."]).map { "  \($0)\n" }.joined()
    }

    private static func flow(_ place: SourceLocation) -> String {
        "{file: \(quoted(place.file)), line: \(place.line), column: \(place.column)}"
    }

    private static func quoted(_ text: String) -> String {
        JSONValue.string(SafeText.line(text)).text.dropLast().description
    }

    /// A description, in which `#` begins nothing. Not every consumer knows that `\#` is no directive, and takes a test that
    /// failed for one that was skipped: so what would be one is shown as `\u{23}`.
    private static func escaped(_ text: String) -> String {
        let parts = SafeText.line(text).replacing("\\", with: "\\\\").split(
            separator: "#", omittingEmptySubsequences: false)
        return parts.dropFirst().reduce(into: String(parts[0])) { result, part in
            let word = part.drop { $0 == " " }.prefix(4).lowercased()
            result += (word == "skip" || word == "todo" ? "\\\\u{23}" : "\\#") + part
        }
    }
}
