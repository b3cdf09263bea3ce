import HealModel

/// The text of `selfheal plan`: every step that a healing run would perform, in full and in its order, and what it would leave.
public struct PlanRenderer: ReportRenderer {
    public var style: TextStyle

    public init(style: TextStyle = .plain) { self.style = style }

    public func render(_ report: Report) -> String {
        var writer = TextWriter(style, tags: [.error])
        let performed = report.plan?.performed ?? []
        let withheld = (report.plan?.repairs ?? []).filter { $0.withheld != nil }
        if !writer.isQuiet {
            let app = report.app.map { " for \($0)" } ?? ""
            writer.heading("What auto-heal would do\(app) (nothing is changed)")
            writer.aboutRun(report)
            writer.notes(report)
        }
        for (index, plan) in performed.enumerated() {
            writer.blank()
            writer.heading("\(index + 1). \(Wording.bare(plan.repair))")
            writer.continuation("risk: \(plan.repair.risk.rawValue)")
            for finding in plan.findings { writer.continuation("heals: \(finding.id) on \(finding.subject)") }
            for finding in plan.repair.after { writer.continuation("after: \(finding.id) on \(finding.subject)") }
            for step in plan.repair.steps { write(step, to: &writer) }
        }
        if !performed.isEmpty || !writer.isQuiet { writer.blank() }
        writeRemaining(report, to: &writer)
        if !writer.isQuiet || !performed.isEmpty {
            writer.plain("Total: \(performed.count) planned, \(withheld.count) withheld")
            if let plan = report.plan { writer.plain("Plan: \(plan.hash)") }
        }
        return writer.text
    }

    private func write(_ step: Step, to writer: inout TextWriter) {
        switch step.shown {
        case .createDatabase(let path, let pragmas, let statements):
            writer.continuation("build \(path) under a temporary name, then give it its name:")
            write(pragmas + statements, to: &writer)
        case .executeSQL(let database, let statements):
            writer.continuation("in \(database), in its one transaction:")
            write(statements, to: &writer)
        case .rewriteDatabase(let database, let statements, let proofs):
            writer.continuation("in \(database), after a backup, in its one transaction:")
            write(statements, to: &writer)
            for proof in proofs { writer.continuation("proof: \(proof.subject)") }
        default: writer.continuation(Wording.steps(Repair("", done: "", detail: "", risk: .low, steps: [step])))
        }
    }

    /// Statements as they stand, line by line, each with its end.
    private func write(_ statements: [String], to writer: inout TextWriter) {
        for statement in statements {
            for line in (statement + ";").split(whereSeparator: \.isNewline) { writer.continuation("  " + line) }
        }
    }

    /// What stays as it is: what the run may not do, and what nobody but a person can.
    private func writeRemaining(_ report: Report, to writer: inout TextWriter) {
        let index = ReportIndex(report)
        let healed = Set((report.plan?.performed ?? []).flatMap(\.findings))
        for entry in index.entries {
            // What waits for a step of the plan is planned itself.
            if !entry.planned.contains(where: { $0.withheld == nil }) { writer.state(entry.check) }
            for finding in entry.check.findings where !healed.contains(finding.key) {
                writer.finding(finding, withheld: index.withheld[finding.key])
            }
        }
        writer.faults(report)
        writer.aboutOutcome(report)
    }
}
