import BuiltInPlugins
import HealKit
import HealModel
import ManifestShape
import Testing

/// The `databases:` section: what it takes, and what it says of what it does not take.
@Suite struct SQLitePluginTests {
    static func checks(_ tree: Tree, on machine: DiskMachine) async -> (checks: [any Check], problems: [String]) {
        var problems = ManifestProblems()
        let checks = await SQLitePlugin.makeChecks(
            from: tree.node, context: PluginContext(machine: machine), problems: &problems)
        return (checks, problems.all.map { "\($0.location): \($0.message)" })
    }

    static func findings(_ tree: Tree, on machine: DiskMachine) async throws -> [Finding] {
        let (checks, problems) = await checks(tree, on: machine)
        #expect(problems == [])
        var findings: [Finding] = []
        for check in checks { findings += try await check.look(on: machine).findings }
        for finding in findings {
            // What is found is described, so that `explain` and the documentation know it.
            let kind = try #require(SQLitePlugin.checks.compactMap { $0.kind(finding.id) }.first, "\(finding.id)")
            // A rebuild may cost more than what usually heals it, and less where nothing is lost.
            if let repair = finding.repair {
                #expect(kind.risk != nil && (repair.risk == kind.risk || repair.rewrites))
            }
            #expect(finding.message.last != "." && !finding.message.contains("\n"))
        }
        return findings
    }

    static let everything: Tree = [
        "app/data.db": [
            "tables": [
                "product_catalog": [
                    "columns": [
                        "id": "INTEGER PRIMARY KEY", "sku": "TEXT NOT NULL UNIQUE",
                        "price": "REAL NOT NULL DEFAULT 0 CHECK (price >= 0)", "owner": "INTEGER", "note": "",
                        "currency": "TEXT DEFAULT 'EUR'",
                    ],
                    "constraints": ["FOREIGN KEY (owner) REFERENCES users(id) ON DELETE CASCADE"],
                    "renamed_from": ["remark": "note"], "backfill": ["currency": "'EUR'"],
                    "indexes": [
                        "idx_price": ["price"],
                        "idx_sku": [
                            "on": ["sku COLLATE NOCASE", "price DESC"], "unique": true, "where": "sku IS NOT NULL",
                        ],
                    ],
                ],
                "users": [
                    "columns": ["id": "INTEGER", "tag": "TEXT"],
                    "constraints": ["PRIMARY KEY (id, tag)", "UNIQUE (id)"], "options": ["strict", "without_rowid"],
                ],
            ],
            "views": ["cheap": "SELECT * FROM product_catalog WHERE price < 10"],
            "triggers": ["touch": "AFTER UPDATE ON product_catalog BEGIN UPDATE users SET tag = tag; END"],
            "pragmas": ["journal_mode": "wal", "user_version": 3, "application_id": 0], "extras": "warn",
        ]
    ]

    @Test func everythingTheManifestKnows() async throws {
        let machine = try DiskMachine()
        let findings = try await Self.findings(Self.everything, on: machine)
        #expect(findings.map(\.id) == ["sqlite.file.missing"])
        let repair = try #require(findings[0].repair)
        #expect(repair.doing == "Creating database app/data.db" && repair.done == "Created database app/data.db")
        #expect(repair.detail == "Created data.db with product_catalog, users")
        #expect(repair.steps.first == .createDirectory(path: try ResourcePath("app"), mode: .directory))
        guard case .createDatabase(_, let pragmas, let statements) = repair.steps.last else {
            Issue.record("\(repair.steps)")
            return
        }
        #expect(pragmas == ["PRAGMA journal_mode = wal", "PRAGMA application_id = 0", "PRAGMA user_version = 3"])
        #expect(statements.count == 6)
        try machine.perform(findings)
        #expect(try await Self.findings(Self.everything, on: machine) == [])
        #expect(try machine.rows("app/data.db", "PRAGMA journal_mode") == [[.text("wal")]])
        let (checks, _) = await Self.checks(Self.everything, on: machine)
        let check = try #require(checks.first)
        #expect(check.subject == "app/data.db" && check.declaredAt?.line == 1)
        #expect(check.provides.map(\.text) == ["app/data.db"] && check.requires.map(\.text) == ["app"])
        let observation = try await check.look(on: machine)
        #expect(
            observation.confirmations == ["app/data.db.product_catalog schema valid", "app/data.db.users schema valid"])
    }

    struct Fault: Sendable, CustomTestStringConvertible {
        var name: String
        var tree: Tree
        var problem: String
        var testDescription: String { name }

        init(_ name: String, _ tree: Tree, _ problem: String) {
            self.name = name
            self.tree = tree
            self.problem = problem
        }
    }

    static let faults = [
        Fault("absolute", ["/etc/x.db": [:]], "schemas.yaml:1:1: the path is absolute"),
        Fault("leaves the root", ["../x.db": [:]], "schemas.yaml:1:1: the path leaves the root"),
        Fault("pattern that leaves the root", ["../*.db": [:]], "schemas.yaml:1:1: the path leaves the root"),
        Fault("unknown key", ["x.db": ["table": [:]]], "schemas.yaml:2:1: unknown key 'table'; did you mean 'tables'?"),
        Fault("no columns", ["x.db": ["tables": ["t": [:]]]], "schemas.yaml:3:20: the key 'columns' is missing"),
        Fault(
            "two sources", ["x.db": ["tables": [:], "schema": "x.sql"]],
            "schemas.yaml:3:20: 'schema' and 'tables' cannot stand together"),
        Fault(
            "option", ["x.db": ["tables": ["t": ["columns": ["a": ""], "options": ["stric"]]]]],
            "schemas.yaml:6:20: expected one of strict, without_rowid; did you mean 'strict'?"),
        Fault("extras", ["x.db": ["extras": "delete"]], "schemas.yaml:2:20: expected one of ignore, warn, drop"),
        Fault("integrity", ["x.db": ["integrity": "fast"]], "schemas.yaml:2:20: expected one of none, quick, full"),
        Fault(
            "on_corrupt", ["x.db": ["on_corrupt": "delete"]],
            "schemas.yaml:2:20: expected one of report, restore, salvage"),
        Fault(
            "pragma", ["x.db": ["pragmas": ["foreign_keys": "on"]]],
            "schemas.yaml:3:1: 'foreign_keys' is not kept in the database file"),
        Fault(
            "pragma's value", ["x.db": ["pragmas": ["user_version": "new"]]],
            "schemas.yaml:3:1: user_version must be a whole number"),
        Fault(
            "column", ["x.db": ["tables": ["t": ["columns": ["a": "INT", "b": "TEXT NOT (NULL"]]]]],
            "schemas.yaml:6:20: column 'b': a parenthesis is not closed"),
        Fault(
            "column that SQLite refuses",
            ["x.db": ["tables": ["t": ["columns": ["a": "INT", "b": "TEXT COLLATE nosuch"]]]]],
            "schemas.yaml:6:20: column 'b': no such collation sequence: nosuch"),
        Fault(
            "index", ["x.db": ["tables": ["t": ["columns": ["a": "INT"], "indexes": ["i": ["nosuch"]]]]]],
            "schemas.yaml:7:20: index 'i': no such column: nosuch"),
        Fault(
            "view", ["x.db": ["views": ["v": "SELECT * FROM nosuch"]]],
            "schemas.yaml:3:20: view 'v': no such table: main.nosuch"),
        Fault(
            "schema file that is not there", ["x.db": ["schema": "no.sql"]],
            "schemas.yaml:2:20: the schema file no.sql does not exist"),
        Fault(
            "schema file that is a directory", ["x.db": ["schema": "dir"]],
            "schemas.yaml:2:20: the schema file cannot be read"),
        Fault(
            "schema file that is no text", ["x.db": ["schema": "latin.sql"]],
            "schemas.yaml:2:20: the schema file latin.sql is not a UTF-8 text"),
        Fault(
            "schema file with a NUL", ["x.db": ["schema": "nul.sql"]],
            "schemas.yaml:2:20: the schema file nul.sql is not a UTF-8 text"),
        Fault(
            "schema file that is wrong", ["x.db": ["schema": "bad.sql"]], "bad.sql:2:8: near \"TABEL\": syntax error"),
    ]

    @Test(arguments: faults) func faultsSayWhere(fault: Fault) async throws {
        let machine = try DiskMachine()
        try machine.write("dir/x", "")
        try machine.write("latin.sql", [0x2D, 0x2D, 0xE9, 0x0A])
        try machine.write("nul.sql", [0x2D, 0x2D, 0x00, 0x0A])
        try machine.write("bad.sql", "-- é\nCREATE TABEL t (a);")
        let (checks, problems) = await Self.checks(fault.tree, on: machine)
        #expect(checks.isEmpty)
        #expect(problems.count == 1 && problems[0].hasPrefix(fault.problem), "\(problems)")
    }

    @Test func aSchemaThatTakesTooLongIsAFaultOfTheManifest() async throws {
        let machine = try DiskMachine()
        try machine.write("x.sql", "CREATE TABLE t (a)")
        machine.make { $0.scratch = .timedOut(subject: "scratch database", after: .seconds(5)) }
        let tree: Tree = ["a.db": ["schema": "x.sql"], "b.db": ["tables": ["t": ["columns": ["a": ""]]]]]
        let (_, problems) = await Self.checks(tree, on: machine)
        #expect(
            problems == [
                "schemas.yaml:1:1: SQLite could not make the schema: scratch database: no answer within 5 s",
                "schemas.yaml:3:1: SQLite could not make the schema: scratch database: no answer within 5 s",
            ])
    }

    @Test func oneDatabaseInMemoryServesForAllManifests() async throws {
        let machine = try DiskMachine()
        try machine.write("x.sql", "\u{FEFF}CREATE TABLE t (a)")
        let table: Tree = ["tables": ["t": ["columns": ["a": "INT"]]]]
        let (checks, problems) = await Self.checks(
            ["a.db": table, "b.db": table, "c.db": ["schema": "x.sql"], "d.db": [:]], on: machine)
        #expect(problems == [] && checks.count == 4 && machine.scratchCount == 2)
    }

    @Test func whatSQLiteTookOnceIsNotAskedAgain() async throws {
        let machine = try DiskMachine()
        let first = await Self.checks(Self.everything, on: machine)
        #expect(machine.scratchCount == 1)
        let second = await Self.checks(Self.everything, on: machine)
        #expect(machine.scratchCount == 1 && second.problems == [])
        // Both see the same.
        try machine.sql("app/data.db", "CREATE TABLE product_catalog (ID integer primary key, sku)")
        let looks = try await [first.checks[0].look(on: machine), second.checks[0].look(on: machine)]
        #expect(looks[0] == looks[1] && looks[0].findings.count > 3)
        // Anything else is asked, and what is wrong is not remembered.
        for definition in ["TEXT", "TEXT NOT (NULL"] {
            let other: Tree = ["a.db": ["tables": ["t": ["columns": ["a": .scalar(definition, .string)]]]]]
            let before = machine.scratchCount
            let problems = await Self.checks(other, on: machine).problems
            #expect(machine.scratchCount == before + 1)
            #expect(await Self.checks(other, on: machine).problems == problems)
        }
    }

    @Test func aSchemaFileIsWhatItSays() async throws {
        let machine = try DiskMachine()
        try machine.write(
            "db/chat.sql",
            "CREATE TABLE threads (id INTEGER PRIMARY KEY, title TEXT);\nCREATE VIRTUAL TABLE words USING fts5(body);\n"
        )
        try machine.sql("data/chat.db", "CREATE TABLE threads (id INTEGER PRIMARY KEY)")
        let tree: Tree = ["data/chat.db": ["schema": "db/chat.sql", "views": ["titles": "SELECT title FROM threads"]]]
        let findings = try await Self.findings(tree, on: machine)
        #expect(findings.map(\.subject) == ["data/chat.db.words", "data/chat.db.threads.title", "data/chat.db.titles"])
        #expect(findings.map { $0.source?.description } == ["db/chat.sql:2:1", "db/chat.sql:1:47", "schemas.yaml:4:1"])
        try machine.perform(findings)
        #expect(try await Self.findings(tree, on: machine) == [])
        try machine.sql("data/chat.db", "INSERT INTO words VALUES ('some words')")
    }

    @Test func manyDatabasesWithOneSchema() async throws {
        let machine = try DiskMachine()
        let tree: Tree = [
            "tenants/*.db": ["tables": ["t": ["columns": ["a": "INT"]]]],
            "tenants/special.db": ["tables": ["s": ["columns": ["b": "INT"]]]],
        ]
        var (checks, problems) = await Self.checks(tree, on: machine)
        #expect(checks.map(\.subject) == ["tenants/*.db", "tenants/special.db"])
        let unmatched = try await checks[0].look(on: machine).findings
        #expect(unmatched.map(\.id) == ["sqlite.pattern.unmatched"] && unmatched[0].severity == .warning)
        #expect(checks[0].declaredAt?.line == 1)

        for name in ["one.db", "two.db", "special.db", ".hidden.db"] {
            try machine.sql("tenants/\(name)", "CREATE TABLE t (a INT)")
        }
        try machine.write("tenants/one.db-wal", "")
        try machine.write("tenants/notes.txt", "")
        try machine.write("tenants/dir.db/x", "")
        let later = try await checks[0].look(on: machine)
        #expect(later.findings.isEmpty && later.confirmations.count == 1)
        (checks, problems) = await Self.checks(tree, on: machine)
        #expect(problems == [] && checks.map(\.subject) == ["tenants/one.db", "tenants/two.db", "tenants/special.db"])
        for check in checks.prefix(2) { #expect(try await check.look(on: machine).findings.isEmpty) }
        machine.make { $0.unreadable = ["tenants"] }
        (checks, problems) = await Self.checks(tree, on: machine)
        #expect(problems == ["schemas.yaml:1:1: the pattern cannot be followed: tenants: Permission denied (openat)"])
    }

    @Test func patternsInDirectoriesAndOutsideTheRoot() async throws {
        let machine = try DiskMachine()
        for path in ["a/x/data.db", "a/y/data.db", "b/x/data.db", "a/z/other.db"] {
            try machine.sql(path, "CREATE TABLE t (a)")
        }
        func subjects(_ pattern: String, outside: Bool = false) async -> [String] {
            let settings: Tree = outside ? ["outside_root": true] : [:]
            return await Self.checks(.map([(pattern, settings)]), on: machine).checks.map(\.subject)
        }
        #expect(await subjects("a/*/data.db") == ["a/x/data.db", "a/y/data.db"])
        #expect(await subjects("?/x/*.db") == ["a/x/data.db", "b/x/data.db"])
        #expect(await subjects("[!a]/[w-y]/data.d[ab]") == ["b/x/data.db"])
        let outside = await subjects("\(machine.root)/a/*/data.db", outside: true)
        #expect(outside == ["a/x/data.db", "a/y/data.db"].map { "\(machine.root)/\($0)" })
    }
}

extension Repair {
    /// Whether rows are rewritten.
    var rewrites: Bool {
        steps.contains { step in
            if case .rewriteDatabase = step { true } else { false }
        }
    }
}
