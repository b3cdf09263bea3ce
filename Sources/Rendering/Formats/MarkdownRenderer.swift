import HealModel

/// A report as GitHub flavoured Markdown, for summaries and comments: the verdict, a table of groups, and what is wrong.
public struct MarkdownRenderer: ReportRenderer {
    public init() {}

    public func render(_ report: Report) -> String {
        let index = ReportIndex(report)
        let verdict = Verdict(report)
        let name = report.app.map { ": \(MarkdownText.prose($0))" } ?? ""
        var text = "# \(MarkdownText.prose(report.tool))\(name)\n\n"
        text += "\(Self.mark(verdict.tag)) **\(verdict.tag.rawValue)** — \(MarkdownText.prose(verdict.words))\n"
        if !report.faults.isEmpty || !report.told.isEmpty {
            text += "\n"
            for fault in report.faults { text += "- **Fault of the run itself:** \(MarkdownText.prose(fault))\n" }
            for note in report.told { text += "- Note: \(MarkdownText.prose(note))\n" }
        }
        if !index.entries.isEmpty { text += "\n" + Self.table(index) }
        let troubled = index.entries.filter { Self.isTold($0) }
        if !troubled.isEmpty {
            text += "\n## Details\n"
            for entry in troubled { text += Self.details(entry, index, report.mode) }
        }
        if !index.strayRecords.isEmpty {
            text += "\n### Other repairs\n\n" + index.strayRecords.map { Self.item($0) }.joined()
        }
        let plan = report.plan.map { ", plan \(MarkdownText.span(String($0.hash.prefix(12))))" } ?? ""
        let run = report.run.map { ", run \($0) in the journal" } ?? ""
        text += "\n---\n\n\(MarkdownText.prose(report.tool)) \(MarkdownText.prose(report.toolVersion)), "
        text += "\(Timestamp.readable(milliseconds: report.startedAt)) UTC, mode \(report.mode.rawValue), "
        text += "took \(Wording.duration(microseconds: report.durationMicroseconds))\(plan)\(run)\n"
        return text
    }

    public func render(_ refusal: Refusal) -> String {
        var text = "# \(MarkdownText.prose(refusal.tool))\n\n\(Self.mark(.error)) **ERROR** — "
        text += "\(MarkdownText.prose(refusal.words))\n\n"
        for fault in refusal.faults {
            let place = fault.source.map { "\(MarkdownText.span($0.description)): " } ?? ""
            text += "- \(place)\(MarkdownText.prose(fault.message))\n"
        }
        return text
    }

    private static func mark(_ tag: Tag) -> String {
        switch tag {
        case .ok: "✅"
        case .warning: "⚠️"
        default: "❌"
        }
    }

    private static func isTold(_ entry: ReportIndex.Entry) -> Bool {
        entry.check.status != .ok || !entry.check.findings.isEmpty || !entry.records.isEmpty || !entry.planned.isEmpty
    }

    private static func table(_ index: ReportIndex) -> String {
        let statuses = Status.allCases.filter { status in index.entries.contains { $0.check.status == status } }
        var text = "| Group | Checks | " + statuses.map(\.rawValue).joined(separator: " | ") + " |\n"
        text += "| --- | ---: |" + statuses.map { _ in " ---: |" }.joined() + "\n"
        for group in index.groups {
            let counts = statuses.map { status in String(group.entries.count { $0.check.status == status }) }
            text += "| \(MarkdownText.cell(group.title)) | \(group.entries.count) | "
            text += counts.joined(separator: " | ") + " |\n"
        }
        return text
    }

    private static func details(_ entry: ReportIndex.Entry, _ index: ReportIndex, _ mode: RunMode) -> String {
        let words = CheckText(entry: entry, withheld: index.withheld, mode: mode)
        var text = "\n### \(MarkdownText.span(entry.check.subject)): \(entry.check.status.rawValue)\n\n"
        if [.blocked, .skipped, .unknown].contains(entry.check.status) {
            text += "- \(MarkdownText.prose(words.headline))\n"
        }
        for finding in entry.check.findings {
            text += "- **\(finding.severity.rawValue)**: \(MarkdownText.prose(finding.message))\n"
            text += "  - finding: \(MarkdownText.span(finding.id.rawValue)) on \(MarkdownText.span(finding.subject))\n"
            if let place = words.place(of: finding) {
                text += "  - stated at: \(MarkdownText.span(place.description))\n"
            }
            for evidence in finding.evidence {
                text += "  - \(MarkdownText.prose(evidence.name)): \(MarkdownText.span(evidence.value))\n"
            }
            if let hint = finding.hint { text += "  - hint: \(MarkdownText.prose(hint))\n" }
            if let withheld = index.withheld[finding.key], let repair = finding.repair {
                let doing = MarkdownText.prose(Wording.lowercasedFirst(repair.doing))
                text += "  - not done: \(doing), because \(MarkdownText.prose(withheld))\n"
            }
        }
        for finding in entry.check.healed { text += "- healed: \(MarkdownText.prose(finding.message))\n" }
        text += entry.records.map { item($0) }.joined()
        if mode == .dryRun {
            for plan in entry.planned where plan.withheld == nil {
                text += "- planned: \(MarkdownText.prose(Wording.would(plan.repair)))\n"
            }
        }
        return text
    }

    private static func item(_ record: RepairRecord) -> String {
        var text = "- repair \(record.outcome.rawValue): \(MarkdownText.prose(CheckText.words(record)))\n"
        if record.outcome == .applied, !record.repair.detail.isEmpty {
            text += "  - how: \(MarkdownText.span(record.repair.detail))\n"
        }
        return text
    }
}
