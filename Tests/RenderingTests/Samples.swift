import HealModel
import Rendering

/// Pieces of reports, built as the engine and the built-in checks build them.
enum Make {
    static let source = SourceLocation(file: "schemas.yaml", line: 12, column: 7)

    static func path(_ text: String) -> ResourcePath {
        do {
            return try ResourcePath(text)
        } catch {
            fatalError("a test names a path that is none: \(text)")
        }
    }

    static func column(_ column: String, _ table: String, in database: String, type: String, risk: Risk = .low)
        -> Finding
    {
        let name = database.split(separator: "/").last.map(String.init) ?? database
        let sql = "ALTER TABLE \(table) ADD COLUMN \(column) \(type)"
        return Finding(
            "sqlite.column.missing", subject: "\(database).\(table).\(column)", severity: .critical,
            message: "Column \(column) of \(table) is missing in \(database)",
            evidence: [Evidence("expected", "\(column) \(type)"), Evidence("found", "nothing")], source: source,
            repair: Repair(
                "Adding column '\(column)' to \(table) in \(name)", done: "Added \(column) to \(table)", detail: sql,
                risk: risk, steps: [.executeSQL(database: path(database), statements: [sql])]))
    }

    static func table(_ table: String, in database: String) -> Finding {
        let sql = "CREATE TABLE \(table) (\n    id INTEGER PRIMARY KEY,\n    price REAL NOT NULL\n)"
        return Finding(
            "sqlite.table.missing", subject: "\(database).\(table)", severity: .critical,
            message: "Table \(table) is missing in \(database)", source: source,
            repair: Repair(
                "Creating table \(table) in data.db", done: "Created table \(table)", detail: sql, risk: .low,
                steps: [.executeSQL(database: path(database), statements: [sql])]))
    }

    static let environment = Finding(
        "env.file.missing", subject: ".env", severity: .critical, message: "Environment file .env is missing",
        source: source,
        repair: Repair(
            "Creating .env from .env.example", done: "Created .env from template",
            detail: "Copied .env.example to .env",
            risk: .low,
            steps: [.copyTemplate(template: path(".env.example"), destination: path(".env"), mode: .privateFile)]))

    static let keys = Finding(
        "env.variable.missing", subject: "OPENAI_API_KEY", severity: .warning,
        message: "Configure API keys in .env for full functionality")

    static func directory(_ name: String) -> Finding {
        Finding(
            "directory.missing", subject: name, severity: .critical, message: "Directory \(name)/ is missing",
            source: source,
            repair: Repair(
                "Creating directory \(name)/", done: "Created directory \(name)/", detail: "mkdir \(name) (mode 0755)",
                risk: .low, steps: [.createDirectory(path: path(name), mode: .directory)]))
    }

    static let mode = Finding(
        "directory.mode", subject: "data", severity: .warning, message: "Directory data/ has mode 0777, expected 0750",
        evidence: [Evidence("expected", "0750"), Evidence("found", "0777")], hint: "run auto-heal", source: source,
        repair: Repair(
            "Setting mode of data/ to 0750", done: "Set mode of data/ to 0750", detail: "chmod 0750 data (was 0777)",
            risk: .medium,
            steps: [
                .setMode(path: path("data"), mode: FileMode(rawValue: 0o750), previous: FileMode(rawValue: 0o777))
            ]))

    static func environmentCheck(
        _ status: Status, _ findings: [Finding] = [], healed: [Finding] = [], confirmations: [String] = []
    ) -> CheckResult {
        CheckResult(
            check: "env", title: "environment file", domain: .filesystem, subject: ".env", status: status,
            severity: findings.map(\.severity).max(), findings: findings, healed: healed, confirmations: confirmations,
            durationMicroseconds: 410)
    }

    static func directoryCheck(
        _ name: String, _ status: Status = .ok, _ findings: [Finding] = [], healed: [Finding] = []
    ) -> CheckResult {
        CheckResult(
            check: "directory", title: "directories", domain: .filesystem, subject: name, status: status,
            severity: findings.map(\.severity).max(), findings: findings, healed: healed,
            confirmations: findings.isEmpty ? ["Directory \(name)/ already exists"] : [], durationMicroseconds: 52)
    }

    static func databaseCheck(
        _ database: String, _ status: Status = .ok, _ findings: [Finding] = [], healed: [Finding] = [],
        tables: [String] = [],
        severity: Severity? = nil, blockedBy: [String] = [], reason: String? = nil
    ) -> CheckResult {
        CheckResult(
            check: "sqlite", title: "database schemas", domain: .databases, subject: database, status: status,
            severity: severity ?? findings.map(\.severity).max(), findings: findings, healed: healed,
            confirmations: tables.map { "\(database).\($0) schema valid" }, blockedBy: blockedBy, reason: reason,
            durationMicroseconds: 3_250)
    }

    static func record(_ finding: Finding, _ outcome: Outcome = .applied, _ reason: String? = nil) -> RepairRecord {
        RepairRecord(
            finding: finding.key, repair: repair(finding), outcome: outcome, reason: reason, before: finding.message,
            after: outcome == .applied ? repair(finding).done : "", durationMicroseconds: 1_850)
    }

    static func planned(_ finding: Finding, withheld: String? = nil) -> PlannedRepair {
        PlannedRepair(finding: finding.key, repair: repair(finding), withheld: withheld)
    }

    static let hash = String(repeating: "0123456789abcdef", count: 4)

    static func report(
        _ tool: String, _ mode: RunMode, _ checks: [CheckResult], plan: [PlannedRepair] = [],
        repairs: [RepairRecord] = [],
        notes: [String] = [], faults: [String] = []
    ) -> Report {
        Report(
            tool: tool, toolVersion: "0.1.0", app: "dynamic-pricing", root: "/srv/pricing", manifest: "schemas.yaml",
            mode: mode,
            startedAt: 1_767_323_045_250, durationMicroseconds: 15_730, checks: checks,
            plan: plan.isEmpty ? nil : Plan(repairs: plan, hash: hash), repairs: repairs, notes: notes, faults: faults,
            run: repairs.isEmpty ? nil : 12)
    }

    private static func repair(_ finding: Finding) -> Repair {
        guard let repair = finding.repair else { fatalError("a test repairs what has no repair: \(finding.subject)") }
        return repair
    }
}

/// Whole reports. Each is shown in a golden file, and validated as JSON.
enum Sample: String, CaseIterable {
    case healthy, missingColumn, missingColumnHealed, missingEnv, completeHeal, failures, blocked, dryRun, dryRunHealthy
    case unneeded, long, faults, empty, unknownWarning, partly, stray, everyStep, medium

    var report: Report {
        switch self {
        case .healthy:
            Make.report(
                "validate-startup", .check,
                [
                    Make.environmentCheck(.ok, confirmations: [".env file is present with 9 variables"]),
                    Make.directoryCheck("data"),
                    Make.databaseCheck("data/auth.db", tables: ["users", "session_tokens"]),
                    CheckResult(
                        check: "dependency", title: "dependencies", domain: .dependencies, subject: "python3",
                        status: .ok),
                ])
        case .missingColumn:
            Make.report(
                "validate-startup", .check,
                [
                    Make.directoryCheck("app"),
                    Make.databaseCheck("app/data.db", .critical, [updatedAt], tables: ["market_ticks"]),
                    Make.directoryCheck("data"),
                ])
        case .missingColumnHealed:
            Make.report(
                "validate-startup", .heal,
                [Make.databaseCheck("app/data.db", .healed, healed: [updatedAt], tables: ["product_catalog"])],
                plan: [Make.planned(updatedAt)], repairs: [Make.record(updatedAt)])
        case .missingEnv:
            Make.report(
                "validate-startup", .heal,
                [
                    Make.environmentCheck(
                        .warning, [Make.keys], healed: [Make.environment],
                        confirmations: [".env file is present with 9 variables"])
                ], plan: [Make.planned(Make.environment)], repairs: [Make.record(Make.environment)])
        case .completeHeal:
            Make.report(
                "auto-heal", .heal,
                [
                    Make.environmentCheck(.healed, healed: [Make.environment]), Make.directoryCheck("data"),
                    Make.directoryCheck("app"),
                    Make.databaseCheck(
                        "app/data.db", .healed, healed: [updatedAt, ticks], tables: ["product_catalog"]),
                    Make.databaseCheck("data/auth.db", .healed, healed: [twoFactor], tables: ["users"]),
                ], plan: [Make.environment, updatedAt, twoFactor, ticks].map { Make.planned($0) },
                repairs: [Make.environment, updatedAt, twoFactor, ticks].map { Make.record($0) })
        case .failures: SampleParts.failures
        case .blocked: SampleParts.blocked
        case .dryRun: SampleParts.dryRun
        case .dryRunHealthy: Make.report("auto-heal", .dryRun, [Make.directoryCheck("data")])
        case .unneeded:
            Make.report(
                "auto-heal", .heal, [Make.directoryCheck("data", .healed, healed: [Make.directory("data")])],
                plan: [Make.planned(Make.directory("data"))],
                repairs: [Make.record(Make.directory("data"), .unneeded, "data: exists already")],
                notes: ["waited 2 s for run 11 of validate-startup"])
        case .long:
            Make.report(
                "validate-startup", .check,
                [
                    Make.databaseCheck("app/data.db", tables: (1...57).map { "t\($0)" }),
                    Make.databaseCheck("data/auth.db", tables: (1...21).map { "t\($0)" }),
                ])
        case .faults:
            Make.report(
                "auto-heal", .heal, [Make.directoryCheck("data", .critical, [Make.directory("data")])],
                faults: ["nothing was changed, because the journal cannot be written: .selfheal: the disk is full"])
        case .empty: Make.report("validate-startup", .check, [])
        case .unknownWarning:
            Make.report(
                "validate-startup", .check,
                [Make.databaseCheck("data/chat.db", .unknown, severity: .warning, reason: "data/chat.db: is read-only")]
            )
        case .partly: SampleParts.partly
        case .stray:
            Make.report(
                "auto-heal", .heal, [Make.directoryCheck("data")],
                plan: [Make.planned(Make.directory("core"))], repairs: [Make.record(Make.directory("core"))])
        case .everyStep: SampleParts.everyStep
        case .medium:
            Make.report(
                "validate-startup", .heal,
                [
                    Make.directoryCheck("data", .warning, [Make.mode]),
                    Make.databaseCheck("app/data.db", .critical, [SampleParts.rebuild]),
                ],
                plan: [
                    Make.planned(Make.mode, withheld: "its risk is medium, and this run goes up to low"),
                    Make.planned(SampleParts.rebuild, withheld: "its risk is medium, and this run goes up to low"),
                ])
        }
    }
}

let updatedAt = Make.column("updated_at", "product_catalog", in: "app/data.db", type: "DATETIME")
let twoFactor = Make.column("two_factor_enabled", "users", in: "data/auth.db", type: "BOOLEAN DEFAULT 0")
let ticks: Finding = {
    var finding = Make.table("market_ticks", in: "app/data.db")
    finding.repair?.detail = "Created market_ticks"
    return finding
}()
