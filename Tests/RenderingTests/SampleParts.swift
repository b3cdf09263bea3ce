import HealModel

/// The larger reports of `Sample`.
enum SampleParts {
    static let rebuild: Finding = {
        var finding = Make.column("price", "product_catalog", in: "app/data.db", type: "REAL NOT NULL", risk: .medium)
        finding.message = "Column price of product_catalog must be NOT NULL"
        finding.repair?.doing = "Rebuilding product_catalog in data.db"
        finding.repair?.done = "Rebuilt product_catalog"
        return finding
    }()

    /// Everything that a repair can come to but success, and a table whose SQL is long.
    static var failures: Report {
        let core = Make.directory("core")
        let data = Make.directory("data")
        let scripts = Make.directory("scripts")
        let proposals = Make.table("price_proposals", in: "app/data.db")
        return Make.report(
            "auto-heal", .heal,
            [
                Make.directoryCheck("core", .critical, [core]), Make.directoryCheck("data", .critical, [data]),
                Make.directoryCheck("scripts", .critical, [scripts]),
                Make.databaseCheck(
                    "app/data.db", .critical, [updatedAt], healed: [proposals], tables: ["price_proposals"]),
                CheckResult(
                    check: "dependency", title: "dependencies", domain: .dependencies, subject: "node",
                    status: .warning,
                    severity: .warning,
                    findings: [
                        Finding(
                            "dependency.missing", subject: "node", severity: .warning,
                            message: "Command node is not on PATH",
                            hint: "install it, or correct PATH", source: Make.source)
                    ]),
            ],
            plan: [core, data, scripts, updatedAt, proposals].map { Make.planned($0) },
            repairs: [
                Make.record(core, .failed, "core: permission denied (mkdir)"),
                Make.record(data, .refused, "data: exists already"),
                Make.record(scripts, .undone),
                Make.record(updatedAt, .undone, "it did not heal the fault"),
                Make.record(proposals),
            ])
    }

    /// Every status that is not a verdict on a resource.
    static var blocked: Report {
        var information = Make.mode
        information.severity = .information
        return Make.report(
            "validate-startup", .check,
            [
                Make.directoryCheck("app", .critical, [Make.directory("app")]),
                Make.databaseCheck("app/data.db", .blocked, blockedBy: ["app", "core"]),
                Make.databaseCheck(
                    "data/auth.db", .unknown, severity: .critical,
                    reason: "data/auth.db: is locked by another process; waited 30 s"),
                Make.databaseCheck("data/chat.db", .unknown, reason: "is read-only"),
                Make.databaseCheck("data/market.db", .skipped),
                Make.directoryCheck("data", .ok, [information]),
            ], notes: ["run 11 of auto-heal was interrupted; the next heal tidies up after it"])
    }

    static var dryRun: Report {
        let data = Make.directory("app")
        return Make.report(
            "auto-heal", .dryRun,
            [
                Make.environmentCheck(.ok, confirmations: [".env file is present with 9 variables"]),
                Make.directoryCheck("app", .critical, [data]),
                Make.databaseCheck("app/data.db", .blocked, blockedBy: ["app"]),
                Make.directoryCheck("data", .warning, [Make.mode]),
            ],
            plan: [
                Make.planned(data), Make.planned(ticks),
                Make.planned(Make.mode, withheld: "its risk is medium, and this run goes up to low"),
            ])
    }

    /// Passed, though not everything was looked at.
    static var partly: Report {
        Make.report(
            "validate-startup", .heal,
            [
                Make.directoryCheck("data", .healed, healed: [Make.directory("data")]),
                Make.databaseCheck("data/auth.db", .skipped, reason: "left out by --skip"),
                Make.databaseCheck("data/chat.db", .unknown, reason: "is read-only"),
                Make.databaseCheck("data/market.db", .blocked, blockedBy: ["data/chat.db"]),
            ], plan: [Make.planned(Make.directory("data"))], repairs: [Make.record(Make.directory("data"))])
    }

    static var everyStep: Report {
        let database = Finding(
            "sqlite.file.missing", subject: "data/market.db", severity: .critical,
            message: "Database data/market.db is missing",
            source: Make.source,
            repair: Repair(
                "Creating database data/market.db", done: "Created database data/market.db", detail: "2 tables",
                risk: .low,
                steps: [
                    .createDirectory(path: Make.path("data"), mode: .directory),
                    .createDatabase(
                        path: Make.path("data/market.db"), pragmas: ["PRAGMA journal_mode = WAL"],
                        statements: ["CREATE TABLE pricing_list (id INTEGER PRIMARY KEY)"]),
                ]))
        let journal = Finding(
            "sqlite.journal.hot", subject: "data/chat.db", severity: .critical,
            message: "Database data/chat.db holds an unfinished transaction",
            repair: Repair(
                "Rolling back what a killed process left in data/chat.db", done: "Rolled back data/chat.db",
                detail: "opened for writing once", risk: .low,
                steps: [.recoverJournal(database: Make.path("data/chat.db"))]))
        return Make.report(
            "selfheal", .heal,
            [
                Make.environmentCheck(.healed, healed: [Make.environment]),
                Make.directoryCheck("data", .healed, healed: [Make.mode]),
                Make.databaseCheck("data/market.db", .healed, healed: [database]),
                Make.databaseCheck("data/chat.db", .healed, healed: [journal]),
            ], plan: [Make.environment, Make.mode, database, journal].map { Make.planned($0) },
            repairs: [Make.environment, Make.mode, database, journal].map { Make.record($0) })
    }
}
