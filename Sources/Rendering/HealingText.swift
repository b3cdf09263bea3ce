import HealModel

/// The text of `auto-heal`: what is healed, and a summary of what was well, what was done and what was not.
struct HealingText {
    let report: Report
    let style: TextStyle

    private static let rule = String(repeating: "=", count: 60)

    private var isDry: Bool { report.mode != .heal }

    var text: String {
        let index = ReportIndex(report)
        let sections = Section.all(of: report, index, isVerbose: style.verbosity == .verbose)
        var writer = TextWriter(style, tags: [isDry ? .dryRun : .autoHeal])
        if writer.isQuiet {
            for section in sections { writeQuietly(section, to: &writer) }
        } else {
            writer.plain("Running comprehensive auto-healing\(isDry ? " (dry run: nothing is changed)" : "")...")
            writer.aboutRun(report)
            writer.notes(report)
            for section in sections { writeActions(section, to: &writer) }
            writeSummary(sections, to: &writer)
        }
        writeRemaining(index, to: &writer)
        return writer.text
    }

    /// The part of a report that is about one domain.
    struct Section {
        var domain: Domain
        var entries: [ReportIndex.Entry] = []
        var records: [RepairRecord] = []
        var planned: [PlannedRepair] = []
        /// The same as they are shown: one for all databases of a pattern.
        var shown = FleetRepairs.Shown()
        var shownPlans: [PlannedRepair] = []
        var fleets: [Fleet] = []

        /// The domains that come up, each with what was done in it, in the order in which it was done.
        static func all(of report: Report, _ index: ReportIndex, isVerbose: Bool) -> [Section] {
            var sections = Domain.allCases.map { domain in
                Section(
                    domain: domain, entries: index.entries.filter { $0.check.domain == domain },
                    records: report.repairs.filter { index.domain(of: $0.finding) == domain },
                    planned: (report.plan?.repairs ?? []).filter { index.domain(of: $0.finding) == domain })
            }
            let repairs = FleetRepairs(index: index)
            for section in sections.indices {
                let (records, plans) = (sections[section].records, sections[section].planned)
                sections[section].shown = isVerbose ? .init(records: records) : repairs.shown(records)
                sections[section].shownPlans = isVerbose ? plans : repairs.shown(plans)
                sections[section].fleets = Fleet.all(in: sections[section].entries)
            }
            return sections.filter { !$0.entries.isEmpty || !$0.records.isEmpty || !$0.planned.isEmpty }
        }

        var performed: [PlannedRepair] { planned.filter { $0.withheld == nil } }
        var withheld: [PlannedRepair] { planned.filter { $0.withheld != nil } }

        /// The checks whose resources were well without this run: what a repair says needs no confirmation.
        var untouched: [CheckResult] {
            entries.filter { entry in
                entry.records.isEmpty && !entry.planned.contains { $0.withheld == nil }
            }.map(\.check)
        }

        var heading: String {
            switch domain {
            case .filesystem: "File System Healing"
            case .databases: "Database Healing"
            case .dependencies: "Dependency Healing"
            case .other: "Other Healing"
            }
        }
    }

    private func writeActions(_ section: Section, to writer: inout TextWriter) {
        writer.line(isDry ? .dryRun : .autoHeal, "=== \(section.heading) ===")
        for entry in section.entries { writer.aboutCheck(entry.check) }
        if isDry {
            for plan in section.shownPlans where plan.withheld == nil {
                writer.line(.dryRun, Wording.would(plan.repair))
            }
            return
        }
        for record in section.shown.records where record.outcome != .unneeded {
            writer.line(.autoHeal, Wording.bare(record.repair))
            writer.aboutRepair(record)
        }
    }

    private func writeSummary(_ sections: [Section], to writer: inout TextWriter) {
        writer.blank()
        writer.plain(Self.rule)
        writer.heading(String(repeating: " ", count: 20) + (isDry ? "DRY RUN SUMMARY" : "HEALING SUMMARY"))
        writer.plain(Self.rule)
        writer.blank()
        for section in sections { writeSummary(section, to: &writer) }
        writer.plain(Self.rule)
        writer.plain(totals(sections))
        if isDry, let plan = report.plan { writer.plain("Plan: \(plan.hash)") }
        writer.plain(Self.rule)
    }

    private func writeSummary(_ section: Section, to writer: inout TextWriter) {
        let confirmed = section.untouched.filter { !$0.confirmations.isEmpty }
        let planned = isDry ? section.shownPlans.filter { $0.withheld == nil } : []
        guard
            !(section.records.isEmpty && planned.isEmpty && section.withheld.isEmpty && confirmed.isEmpty
                && section.fleets.isEmpty)
        else { return }
        writer.heading("\(section.domain.rawValue.uppercased()):")
        for record in section.shown.records { writer.item(record) }
        for (pattern, failures) in section.shown.left { writer.left(failures, of: pattern) }
        for plan in planned {
            writer.item(.planned, Wording.would(plan.repair), detail: Wording.steps(plan.repair))
            writer.aboutPlan(plan)
        }
        for plan in section.shownPlans where plan.withheld != nil {
            let reason = plan.withheld.map { " - withheld: \($0)" } ?? ""
            writer.item(.withheld, Wording.bare(plan.repair) + reason)
        }
        for check in confirmed where check.pattern == nil || writer.isVerbose {
            for confirmation in writer.folded(check) { writer.item(.done, confirmation) }
        }
        for fleet in section.fleets {
            writer.item(fleet.troubled.contains { $0.severity != nil } ? .failed : .done, fleet.summary)
        }
        writer.blank()
    }

    /// `successful` counts what is well, whether it was healed or never was ill; `actions` are the changes that were made.
    private func totals(_ sections: [Section]) -> String {
        if isDry {
            let performed = sections.reduce(0) { $0 + $1.performed.count }
            let withheld = sections.reduce(0) { $0 + $1.withheld.count }
            return "Total: \(performed) planned, \(withheld) withheld, 0 actions taken"
        }
        let confirmations = sections.flatMap(\.untouched).reduce(0) { $0 + $1.confirmations.count }
        let failed = report.repairs.count { Wording.failure($0) != nil }
        let actions = report.repairs.count { $0.outcome == .applied }
        let successful = report.repairs.count - failed + confirmations
        return "Total: \(successful) successful, \(failed) failed, \(actions) actions taken"
    }

    /// Only what was changed, or would be, and what went wrong.
    private func writeQuietly(_ section: Section, to writer: inout TextWriter) {
        if isDry {
            for plan in section.shownPlans where plan.withheld == nil {
                writer.line(.dryRun, Wording.would(plan.repair))
            }
        }
        for record in section.shown.records {
            if let failure = Wording.failure(record) {
                writer.line(.error, "\(Wording.bare(record.repair)) \(failure)")
            } else if record.outcome == .applied {
                let detail = record.repair.detail.isEmpty ? "" : " - " + record.repair.detail
                writer.line(.autoHeal, record.repair.done + detail)
            }
        }
        for (pattern, failures) in section.shown.left { writer.left(failures, of: pattern) }
    }

    /// Whether a dry run has it among what would be populated: it only waits for what the same run makes.
    private func isListed(_ entry: ReportIndex.Entry) -> Bool {
        guard isDry, entry.check.status == .blocked else { return false }
        return entry.planned.contains { planned in
            planned.withheld == nil
                && planned.repair.steps.contains { if case .populate = $0 { true } else { false } }
        }
    }

    /// What is still not as it should be, after the summary, where it is the last thing seen.
    private func writeRemaining(_ index: ReportIndex, to writer: inout TextWriter) {
        var remaining = TextWriter(style, tags: [isDry ? .dryRun : .autoHeal])
        for entry in index.entries where entry.check.pattern == nil {
            if !isListed(entry) { remaining.state(entry.check) }
            for finding in entry.check.findings { remaining.finding(finding, withheld: index.withheld[finding.key]) }
        }
        for fleet in Fleet.all(in: index.entries) { remaining.troubles(fleet, index.withheld) }
        remaining.faults(report)
        remaining.aboutOutcome(report)
        let verdict = Verdict(report: report, layout: .healing)
        if verdict.tag != .ok { remaining.line(verdict.tag, verdict.words) }
        guard !remaining.text.isEmpty else { return }
        if !writer.isQuiet { writer.blank() }
        writer.append(contentsOf: remaining)
    }
}
