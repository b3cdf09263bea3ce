import HealModel

/// A report as workflow commands of GitHub Actions: an annotation for each finding, at its line of the manifest, and plain lines
/// for the rest.
public struct GitHubRenderer: ReportRenderer {
    /// How its lines begin.
    static let beginnings =
        ["::error ", "::warning ", "::notice "]
        + ["NOTE", "BLOCKED", "SKIPPED", "REPAIR", "PLANNED", "OK", "WARNING", "ERROR"].map { "[\($0)] " }

    public init() {}

    public func render(_ report: Report) -> String {
        let index = ReportIndex(report)
        var text = ""
        for fault in report.faults { text += Self.command("error", title: report.tool, at: nil, [fault]) }
        for note in report.told { text += Self.line("NOTE", note) }
        for entry in index.entries {
            let check = entry.check
            switch check.status {
            case .ok, .healed, .warning, .critical: break
            case .blocked:
                text += Self.line("BLOCKED", "\(check.subject): blocked by \(check.blockedBy.joined(separator: ", "))")
            case .skipped: text += Self.line("SKIPPED", "\(check.subject): \(Wording.reason(check))")
            case .unknown:
                text += Self.command(
                    Self.name(check.severity ?? .information), title: "\(check.check).unknown", at: check.source,
                    ["Could not look at \(check.subject): \(Wording.reason(check))"])
            }
            for finding in check.findings {
                let words = CheckText(entry: entry, withheld: index.withheld, mode: report.mode)
                let more = CheckText.lines(finding, index.withheld[finding.key], place: nil).dropFirst()
                text += Self.command(
                    Self.name(finding.severity), title: finding.id.rawValue, at: words.place(of: finding),
                    [finding.message] + more)
            }
            for line in entry.records.flatMap(CheckText.lines) { text += Self.line("REPAIR", line) }
            if report.mode == .dryRun {
                for plan in entry.planned where plan.withheld == nil {
                    text += Self.line("PLANNED", Wording.would(plan.repair))
                }
            }
        }
        for line in index.strayRecords.flatMap(CheckText.lines) { text += Self.line("REPAIR", line) }
        let verdict = Verdict(report)
        return text + Self.line(verdict.tag.rawValue, verdict.words)
    }

    public func render(_ refusal: Refusal) -> String {
        refusal.faults.map { fault in
            Self.command("error", title: refusal.tool, at: fault.source, [fault.message, refusal.words])
        }.joined()
    }

    private static func name(_ severity: Severity) -> String {
        switch severity {
        case .critical: "error"
        case .warning: "warning"
        case .information: "notice"
        }
    }

    private static func command(
        _ name: String, title: String, at source: SourceLocation?, _ lines: [String]
    ) -> String {
        var properties: [String] = []
        if let source {
            let file = source.file.hasPrefix("./") ? String(source.file.dropFirst(2)) : source.file
            properties = ["file=\(property(file))", "line=\(source.line)", "col=\(source.column)"]
        }
        properties.append("title=\(property(title))")
        return "::\(name) \(properties.joined(separator: ","))::"
            + lines.map { data(SafeText.line($0)) }.joined(separator: "%0A") + "\n"
    }

    /// A line that is no command: it begins otherwise, and holds no `##[`, which is one in the middle of a line, too.
    private static func line(_ tag: String, _ text: String) -> String {
        "[\(tag)] \(SafeText.line(text).replacing("##[", with: "## ["))\n"
    }

    private static func data(_ text: String) -> String {
        text.replacing("%", with: "%25").replacing("\r", with: "%0D").replacing("\n", with: "%0A")
    }

    private static func property(_ text: String) -> String {
        data(SafeText.line(text)).replacing(":", with: "%3A").replacing(",", with: "%2C")
    }
}
