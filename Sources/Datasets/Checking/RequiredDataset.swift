import HealKit
import HealModel
import ManifestShape

/// A dataset must be ready: filled, fresh and valid, with all that it depends on.
public struct RequiredDataset: Check {
    public static let descriptor = CheckDescriptor(
        id: "dataset", title: "datasets", domain: .databases,
        kinds: [
            FindingKind(
                "dataset.missing", .critical, risk: .medium,
                meaning: "The table that holds the dataset does not exist, or its database does not.",
                healing:
                    "auto-heal makes databases and tables that 'databases' states, and populates them where it may."),
            FindingKind(
                "dataset.empty", .critical, risk: .medium, meaning: "The dataset has no rows.", healing: populating),
            FindingKind(
                "dataset.short", .critical, risk: .medium,
                meaning: "The dataset has fewer rows than the manifest says it must have.", healing: populating),
            FindingKind(
                "dataset.incomplete", .critical, risk: .medium,
                meaning: "Not all units of work have been done: rows of a parent were never looked at, or failed.",
                healing: populating),
            FindingKind(
                "dataset.stale", .critical, risk: .medium,
                meaning:
                    "The newest row is older than the manifest allows, or what the dataset was made from has changed "
                    + "since.",
                healing: populating),
            FindingKind(
                "dataset.invalid", .critical, risk: .medium, meaning: "Something that must hold of the rows does not.",
                healing:
                    "Rows that are there are left alone, unless it is 'write: replace'. Mend them, or have them made anew: 'selfheal data heal NAME "
                    + "--force'."),
            FindingKind(
                "dataset.waiting", .critical, risk: .medium,
                meaning: "The dataset itself is well, but one that it depends on is not ready.",
                healing: "Heal what it waits for; auto-heal does, where it may populate that ('at_start')."),
            FindingKind(
                "dataset.aging", .warning, risk: nil,
                meaning: "The newest row is older than 'warn_after'; the dataset can be used.",
                healing: "Nothing, until it is older than 'error_after'."),
            FindingKind(
                "dataset.check", .warning, risk: nil,
                meaning: "A check with 'severity: warning' does not hold of the rows, or could not be looked at.",
                healing: "Look at the rows."),
            FindingKind(
                "dataset.quarantine", .warning, risk: nil,
                meaning: "Rows that did not fit were set aside when the dataset was populated.",
                healing: "'selfheal data quarantine list' shows them; replay or discard them."),
        ])

    private static let populating =
        "auto-heal populates it if the manifest says how, unless that is left to people ('populate', 'at_start'); 'selfheal "
        + "data heal +NAME' populates it and what it depends on in any case."

    public let dataset: Dataset
    let survey: DatasetSurvey

    /// All datasets of the manifest, for whoever heals them.
    public var graph: DatasetGraph { survey.graph }
    public var subject: String { dataset.name }
    public var declaredAt: SourceLocation? { dataset.location }
    /// The database comes first: its tables may have to be made.
    public var requires: [ResourcePath] { [dataset.relation.database] }

    public func look(on machine: any Machine) async throws(MachineError) -> Observation {
        try await look(on: machine, healing: nil)
    }

    /// How it is, as the checks of all datasets know it.
    public func status(on machine: any Machine) async throws(MachineError) -> DatasetStatus {
        try await survey.status(of: dataset.name, on: machine)
    }

    /// - Parameter healing: what can be populated by whoever looks; `nil`: nothing.
    public func look(
        on machine: any Machine, healing: DatasetHealing?
    ) async throws(MachineError) -> Observation {
        let (status, all) = try await survey.lineage(of: dataset.name, on: machine)
        let repair = status.isReady ? nil : healing?.repair(of: status, all, in: graph)
        if status.state == .unknown {
            throw .malfunction(subject: dataset.name, reason: status.reason ?? "it could not be looked at")
        }
        var findings: [Finding] = []
        func add(
            _ kind: String, _ message: String, hint: String? = nil, isMild: Bool = false, repair: Repair? = nil
        ) {
            findings.append(
                Finding(
                    FindingID(rawValue: "dataset.\(kind)"), subject: subject,
                    severity: dataset.isRequired && !isMild ? .critical : .warning,
                    message: "Dataset \(subject): \(message)", evidence: evidence(status), hint: hint,
                    source: dataset.location, repair: repair))
        }
        if !status.isReady {
            add(
                status.state.rawValue, status.reason ?? "it is \(status.state.rawValue)",
                hint: hint(status, repair), repair: repair)
        }
        if case .aging(let words) = status.age { add("aging", words, isMild: true) }
        for check in status.checks where check.check.severity == .warning && !check.holds {
            let what = check.reason.map { "cannot be looked at: \($0)" } ?? "does not hold"
            add("check", "the check '\(check.check.name)' \(what)", isMild: true)
        }
        if let aside = status.ledger?.quarantined, aside > 0 {
            add(
                "quarantine", "\(aside) rows are in quarantine",
                hint: "selfheal data quarantine list \(subject)", isMild: true)
        }
        let rows = status.rows.map { " with \($0) rows" } ?? ""
        return Observation(
            findings: findings, confirmations: status.isReady ? ["Dataset \(subject) is ready\(rows)"] : [],
            measurements: [measurement(status)].compactMap { $0 })
    }

    private func hint(_ status: DatasetStatus, _ repair: Repair?) -> String? {
        if repair != nil { return "auto-heal populates it, as does: selfheal data heal +\(subject)" }
        if status.state == .invalid, let hint = status.keyHint { return hint }
        if let parent = status.waitsFor.first, status.state == .waiting { return "heal \(parent) first" }
        return dataset.populate != nil && status.whyNotPopulated == nil ? "selfheal data heal +\(subject)" : nil
    }

    private func evidence(_ status: DatasetStatus) -> [Evidence] {
        var evidence = [Evidence("relation", dataset.relation.description)]
        if let rows = status.rows { evidence.append(Evidence("rows", rows.description)) }
        if dataset.volume.minimumRows > 1 { evidence.append(Evidence("minimum", "\(dataset.volume.minimumRows)")) }
        if !status.waitsFor.isEmpty {
            evidence.append(Evidence("waits for", status.waitsFor.joined(separator: ", ")))
        }
        return evidence
    }

    private func measurement(_ status: DatasetStatus) -> Measurement? {
        guard let rows = status.rows else { return nil }
        return Measurement(
            "rows", value: "\(rows.atLeast)", critical: "\(dataset.volume.minimumRows):", minimum: "0")
    }
}
