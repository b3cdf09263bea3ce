import HealModel

/// The text of `validate-startup`: what is checked, in groups, what was healed in passing, and the verdict.
struct ValidationText {
    let report: Report
    let style: TextStyle

    var text: String {
        let index = ReportIndex(report)
        var writer = TextWriter(style, tags: [.healing, .warning, .blocked, .skipped, .dryRun])
        writer.aboutRun(report)
        writer.notes(report)
        for group in index.groups {
            if !writer.isQuiet { writer.line(.info, "Checking \(group.title)...") }
            for entry in group.entries where entry.check.pattern == nil || writer.isVerbose {
                write(entry, index.withheld, to: &writer)
            }
            for fleet in Fleet.all(in: group.entries) { write(fleet, index, to: &writer) }
        }
        for record in index.strayRecords { write(record, to: &writer) }
        for plan in index.strayPlanned { write(plan, to: &writer) }
        writer.faults(report)
        writer.aboutOutcome(report)
        let verdict = Verdict(report: report, layout: .validation)
        if !writer.isQuiet || verdict.tag != .ok { writer.line(verdict.tag, verdict.words) }
        return writer.text
    }

    private func write(
        _ entry: ReportIndex.Entry, _ withheld: [Finding.Key: String], to writer: inout TextWriter
    ) {
        let check = entry.check
        writer.aboutCheck(check)
        for record in entry.records { write(record, to: &writer) }
        if !writer.isQuiet { confirm(entry, to: &writer) }
        writer.state(check)
        for finding in check.findings { writer.finding(finding, withheld: withheld[finding.key]) }
        for plan in entry.planned { write(plan, to: &writer) }
    }

    private func write(_ fleet: Fleet, _ index: ReportIndex, to writer: inout TextWriter) {
        if writer.isVerbose { return writer.summary(fleet) }
        let repairs = FleetRepairs(index: index)
        let shown = repairs.shown(fleet.entries.flatMap(\.records))
        for record in shown.records { write(record, to: &writer) }
        for (pattern, failures) in shown.left { writer.left(failures, of: pattern) }
        if !writer.isQuiet { writer.summary(fleet) }
        writer.troubles(fleet, index.withheld)
        for plan in repairs.shown(fleet.entries.flatMap(\.planned)) { write(plan, to: &writer) }
    }

    private func write(_ record: RepairRecord, to writer: inout TextWriter) {
        if record.outcome == .unneeded {
            writer.line(.ok, Wording.unneeded(record.repair))
        } else {
            writer.line(.healing, "\(Wording.doing(record.repair))...")
            if let failure = Wording.failure(record) {
                writer.line(.error, "\(Wording.doing(record.repair)) \(failure)")
            } else {
                writer.line(.ok, Wording.success(record.repair))
                if writer.isVerbose { writer.continuation("how: \(record.repair.detail)") }
            }
        }
        writer.aboutRepair(record)
    }

    private func write(_ plan: PlannedRepair, to writer: inout TextWriter) {
        guard report.mode == .dryRun, plan.withheld == nil else { return }
        writer.line(.dryRun, Wording.would(plan.repair))
        writer.aboutPlan(plan)
    }

    private func confirm(_ entry: ReportIndex.Entry, to writer: inout TextWriter) {
        let check = entry.check
        // A file or directory that was just made needs no line saying that it is there already.
        let made = check.domain == .filesystem && check.healed.contains { $0.subject == check.subject }
        if made, !writer.isVerbose { return }
        for confirmation in writer.folded(check) { writer.line(.ok, confirmation) }
        if check.status == .ok, check.confirmations.isEmpty, check.findings.isEmpty { writer.line(.ok, check.subject) }
    }
}
