import HealModel

/// A report as JSON, format `selfheal-report/1`: the same for every tool, complete whatever the verbosity.
///
/// `docs/report.schema.json` describes it. Members are always there, `null` or empty when there is nothing to say, and always
/// in the same order. Members may be added; what is there keeps its name and meaning for as long as the format is `/1`.
public struct JSONRenderer: ReportRenderer {
    public init() {}

    public func render(_ report: Report) -> String { JSONValue(report).text }

    /// `selfheal-error/1`.
    public func render(_ refusal: Refusal) -> String {
        let errors = refusal.faults.map { fault in
            var members = [JSONValue.Member("message", .string(fault.message))]
            if let source = fault.source {
                members += [
                    .init("file", .string(source.file)), .init("line", .number(source.line)),
                    .init("column", .number(source.column)),
                ]
            }
            return JSONValue.object(members)
        }
        return JSONValue.members(
            ("format", .string("selfheal-error/1")), ("exitStatus", .integer(Int64(refusal.status.rawValue))),
            ("errors", .array(errors))
        ).text
    }
}

extension JSONValue {
    fileprivate init(_ report: Report) {
        self = .members(
            ("format", .string(report.format)),
            ("tool", .members(("name", .string(report.tool)), ("version", .string(report.toolVersion)))),
            ("app", .optional(report.app)),
            ("root", .string(report.root)),
            ("manifest", .string(report.manifest)),
            ("mode", .string(report.mode.rawValue)),
            ("startedAt", .string(Timestamp.iso8601(milliseconds: report.startedAt))),
            ("startedAtMilliseconds", .integer(report.startedAt)),
            ("durationMicroseconds", .integer(report.durationMicroseconds)),
            ("exitStatus", .integer(Int64(report.exitStatus))),
            ("verdict", .string(Self.verdict(report.exitStatus))),
            ("summary", .summary(report)),
            ("checks", .array(report.checks.map { JSONValue($0) })),
            ("plan", report.plan.map { JSONValue($0) } ?? .null),
            ("repairs", .array(report.repairs.map { JSONValue($0) })),
            ("databases", .array(report.databases.map { JSONValue($0) })),
            ("notes", .strings(report.notes)),
            ("faults", .strings(report.faults)),
            ("run", report.run.map { .integer($0) } ?? .null))
    }

    /// The exit status in a word.
    private static func verdict(_ exitStatus: Int32) -> String {
        switch ExitStatus(rawValue: exitStatus) {
        case .ok: "ok"
        case .warnings: "warnings"
        case .critical, .usage, .configuration, nil: "critical"
        }
    }

    private static func summary(_ report: Report) -> JSONValue {
        let findings = report.checks.flatMap(\.findings)
        let planned = report.plan?.repairs ?? []
        let outcomes: [Outcome] = [.applied, .unneeded, .refused, .failed, .undone]
        return .members(
            (
                "checks",
                counts(Status.allCases.map { status in (status.rawValue, report.checks.count { $0.status == status }) })
            ),
            (
                "findings",
                counts(
                    Severity.allCases.reversed().map { severity in
                        (severity.rawValue, findings.count { $0.severity == severity })
                    })
            ),
            ("healed", .number(report.checks.reduce(0) { $0 + $1.healed.count })),
            (
                "planned",
                counts([
                    ("performed", planned.count { $0.withheld == nil }),
                    ("withheld", planned.count { $0.withheld != nil }),
                ])
            ),
            (
                "repairs",
                counts(outcomes.map { outcome in (outcome.rawValue, report.repairs.count { $0.outcome == outcome }) })
            ))
    }

    /// How many there are of each, and of all.
    private static func counts(_ counts: [(String, Int)]) -> JSONValue {
        let total = Member("total", .number(counts.reduce(0) { $0 + $1.1 }))
        return .object([total] + counts.map { Member($0.0, .number($0.1)) })
    }

    private init(_ check: CheckResult) {
        self = .members(
            ("check", .string(check.check)),
            ("title", .string(check.title)),
            ("domain", .string(check.domain.rawValue)),
            ("subject", .string(check.subject)),
            ("pattern", .optional(check.pattern)),
            ("status", .string(check.status.rawValue)),
            ("severity", .optional(check.severity?.rawValue)),
            ("findings", .array(check.findings.map { JSONValue($0) })),
            ("healed", .array(check.healed.map { JSONValue($0) })),
            ("confirmations", .strings(check.confirmations)),
            ("measurements", .array(check.measurements.map { JSONValue($0) })),
            ("log", .strings(check.log)),
            ("blockedBy", .strings(check.blockedBy)),
            ("reason", .optional(check.reason)),
            ("source", .source(check.source)),
            ("durationMicroseconds", .integer(check.durationMicroseconds)))
    }

    private init(_ measurement: Measurement) {
        self = .members(
            ("label", .string(measurement.label)), ("value", .string(measurement.value)),
            ("unit", .string(measurement.unit)), ("warning", .optional(measurement.warning)),
            ("critical", .optional(measurement.critical)), ("minimum", .optional(measurement.minimum)),
            ("maximum", .optional(measurement.maximum)))
    }

    private static func source(_ source: SourceLocation?) -> JSONValue {
        guard let source else { return .null }
        return .members(
            ("file", .string(source.file)), ("line", .number(source.line)), ("column", .number(source.column)))
    }

    private init(_ finding: Finding) {
        let evidence = finding.evidence.map { evidence in
            JSONValue.members(("name", .string(evidence.name)), ("value", .string(evidence.value)))
        }
        self = .members(
            ("id", .string(finding.id.rawValue)),
            ("subject", .string(finding.subject)),
            ("severity", .string(finding.severity.rawValue)),
            ("message", .string(finding.message)),
            ("evidence", .array(evidence)),
            ("hint", .optional(finding.hint)),
            ("source", .source(finding.source)),
            ("repair", finding.repair.map { JSONValue($0) } ?? .null))
    }

    private init(_ key: Finding.Key) {
        self = .members(("id", .string(key.id.rawValue)), ("subject", .string(key.subject)))
    }

    private init(_ plan: Plan) {
        let repairs = plan.repairs.map { planned in
            JSONValue.members(
                ("finding", JSONValue(planned.finding)), ("also", .array(planned.also.map { JSONValue($0) })),
                ("repair", JSONValue(planned.repair)),
                ("withheld", .optional(planned.withheld)))
        }
        self = .members(("hash", .string(plan.hash)), ("repairs", .array(repairs)))
    }

    init(_ record: RepairRecord) {
        self = .members(
            ("finding", JSONValue(record.finding)),
            ("also", .array(record.also.map { JSONValue($0) })),
            ("repair", JSONValue(record.repair)),
            ("outcome", .string(record.outcome.rawValue)),
            ("reason", .optional(record.reason)),
            ("before", .string(record.before)),
            ("after", .string(record.after)),
            ("durationMicroseconds", .integer(record.durationMicroseconds)),
            ("proofs", .array(record.proofs.map { JSONValue($0) })))
    }

    private init(_ proof: ProofRecord) {
        self = .members(
            ("subject", .string(proof.subject)), ("before", .string(proof.before)), ("after", .string(proof.after)),
            ("holds", .bool(proof.holds)))
    }

    /// What was changed in a database: the backup, and the proofs that are about all of it. Its schemas are in the journal.
    init(_ change: DatabaseChange) {
        let backup = change.backup.map { backup in
            JSONValue.members(("path", .path(backup.path)), ("size", .integer(backup.size)))
        }
        self = .members(
            ("database", .path(change.database)), ("backup", backup ?? .null),
            ("orphansBefore", change.orphansBefore.map { .integer($0) } ?? .null),
            ("orphansAfter", change.orphansAfter.map { .integer($0) } ?? .null))
    }

    private init(_ repair: Repair) {
        self = .members(
            ("doing", .string(repair.doing)),
            ("done", .string(repair.done)),
            ("detail", .string(repair.detail)),
            ("risk", .string(repair.risk.rawValue)),
            ("after", .array(repair.after.map { JSONValue($0) })),
            ("steps", .array(repair.steps.map { JSONValue($0) })))
    }

    /// A step says in `type` what it is; the other members depend on it.
    private init(_ step: Step) {
        switch step.shown {
        case .createDirectory(let path, let mode):
            self = .step("createDirectory", ("path", .path(path)), ("mode", .mode(mode)))
        case .copyTemplate(let template, let destination, let mode):
            self = .step(
                "copyTemplate", ("template", .path(template)), ("destination", .path(destination)),
                ("mode", .mode(mode)))
        case .setMode(let path, let mode, let previous):
            self = .step("setMode", ("path", .path(path)), ("mode", .mode(mode)), ("previous", .mode(previous)))
        case .createDatabase(let path, let pragmas, let statements):
            self = .step(
                "createDatabase", ("path", .path(path)), ("pragmas", .strings(pragmas)),
                ("statements", .strings(statements)))
        case .executeSQL(let database, let statements):
            self = .step("executeSQL", ("database", .path(database)), ("statements", .strings(statements)))
        case .rewriteDatabase(let database, let statements, let proofs):
            let proofs = proofs.map { proof in
                JSONValue.members(
                    ("subject", .string(proof.subject)), ("before", .string(proof.before)),
                    ("after", .string(proof.after)))
            }
            self = .step(
                "rewriteDatabase", ("database", .path(database)), ("statements", .strings(statements)),
                ("proofs", .array(proofs)))
        case .recoverJournal(let database):
            self = .step("recoverJournal", ("database", .path(database)))
        case .setJournalMode(let database, let mode, let previous):
            self = .step(
                "setJournalMode", ("database", .path(database)), ("mode", .string(mode.rawValue)),
                ("previous", .string(previous.rawValue)))
        case .restoreDatabase(let database, let backup):
            self = .step("restoreDatabase", ("database", .path(database)), ("backup", .path(backup)))
        case .appendText(let path, let text, let length):
            self = .step(
                "appendText", ("path", .path(path)), ("text", .string(text)), ("length", .integer(length)))
        case .removeText(let path, let text, let length):
            self = .step(
                "removeText", ("path", .path(path)), ("text", .string(text)), ("length", .integer(length)))
        case .askPlugin(let plugin, let installs):
            self = .step("askPlugin", ("plugin", .string(plugin)), ("installs", .bool(installs)))
        case .populate(let dataset): self = .step("populate", ("dataset", .string(dataset)))
        case .salvageDatabase(let database):
            self = .step("salvageDatabase", ("database", .path(database)))
        case .finishReplacement(let database):
            self = .step("finishReplacement", ("database", .path(database)))
        case .rewindDatabase(let database, let backup, let expecting):
            let tables = (expecting ?? [:]).sorted { $0.key < $1.key }.map { Member($0.key, .string($0.value)) }
            self = .step(
                "rewindDatabase", ("database", .path(database)), ("backup", .path(backup)),
                ("expecting", expecting == nil ? .null : .object(tables)))
        case .placeDatabase(let database, let backup):
            self = .step("placeDatabase", ("database", .path(database)), ("backup", .path(backup)))
        case .removeDirectory(let path): self = .step("removeDirectory", ("path", .path(path)))
        case .removeFile(let path, let template):
            self = .step("removeFile", ("path", .path(path)), ("template", .path(template)))
        case .setAsideDatabase(let path, let statements):
            self = .step("setAsideDatabase", ("path", .path(path)), ("statements", .strings(statements)))
        }
    }

    private static func step(_ type: String, _ members: (String, JSONValue)...) -> JSONValue {
        .object([Member("type", .string(type))] + members.map { Member($0.0, $0.1) })
    }

    private static func path(_ path: ResourcePath) -> JSONValue { .string(path.text) }

    private static func mode(_ mode: FileMode) -> JSONValue { .string(mode.description) }
}
