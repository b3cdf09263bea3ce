import Foundation
import HealKit
import HealModel
import ManifestShape
import Testing

/// Findings and repairs in the words that people read.
@Suite struct DatabaseSchemaTests {
    private static let catalog: Tree = [
        "app/data.db": [
            "tables": [
                "product_catalog": [
                    "columns": [
                        "id": "INTEGER PRIMARY KEY", "sku": "TEXT NOT NULL", "updated_at": "DATETIME",
                        "price": "REAL NOT NULL DEFAULT 0",
                    ],
                    "indexes": ["idx_sku": ["on": ["sku"], "unique": true]],
                ],
                "market_ticks": ["columns": ["id": "INTEGER PRIMARY KEY"], "indexes": ["idx_ticks": ["id DESC"]]],
            ],
            "views": ["cheap": "SELECT id FROM product_catalog"],
            "triggers": ["touch": "AFTER DELETE ON product_catalog BEGIN SELECT 1; END"],
            "pragmas": ["user_version": 2],
        ]
    ]

    @Test func theWordsOfTheSourceDocument() async throws {
        let machine = try DiskMachine()
        try machine.sql(
            "app/data.db",
            "CREATE TABLE product_catalog (id INTEGER PRIMARY KEY, sku TEXT NOT NULL, price REAL NOT NULL DEFAULT 0)")
        let findings = try await SQLitePluginTests.findings(Self.catalog, on: machine)
        #expect(
            findings.map { "\($0.id) \($0.subject) \($0.severity) line \($0.source?.line ?? 0)" } == [
                "sqlite.table.missing app/data.db.market_ticks critical line 13",
                "sqlite.column.missing app/data.db.product_catalog.updated_at critical line 7",
                "sqlite.index.missing app/data.db.product_catalog.idx_sku warning line 10",
                "sqlite.view.missing app/data.db.cheap critical line 19",
                "sqlite.trigger.missing app/data.db.touch critical line 21",
                "sqlite.pragma.differs app/data.db.user_version warning line 1",
            ])
        #expect(
            findings.map(\.message) == [
                "Table market_ticks is missing in app/data.db",
                "Column 'updated_at' is missing in product_catalog of app/data.db",
                "Index idx_sku is missing on product_catalog of app/data.db", "View cheap is missing in app/data.db",
                "Trigger touch is missing in app/data.db", "user_version of app/data.db is 0, expected 2",
            ])
        #expect(
            findings.compactMap(\.repair).map { "\($0.doing) | \($0.done) | \($0.detail) | \($0.risk)" } == [
                "Creating table market_ticks in data.db | Created table market_ticks | CREATE TABLE market_ticks ( id INTEGER PRIMARY KEY ); CREATE INDEX idx_ticks ON market_ticks (id DESC) | low",
                "Adding column 'updated_at' to product_catalog in data.db | Added updated_at to product_catalog | ALTER TABLE product_catalog ADD COLUMN updated_at DATETIME | low",
                "Creating index idx_sku on product_catalog in data.db | Created index idx_sku | CREATE UNIQUE INDEX idx_sku ON product_catalog (sku) | low",
                "Creating view cheap in data.db | Created view cheap | CREATE VIEW cheap AS SELECT id FROM product_catalog | low",
                "Creating trigger touch in data.db | Created trigger touch | CREATE TRIGGER touch AFTER DELETE ON product_catalog BEGIN SELECT 1; END | low",
                "Setting user_version of data.db to 2 | Set user_version of data.db to 2 | PRAGMA user_version = 2 | medium",
            ])
        try machine.perform(findings)
        #expect(try await SQLitePluginTests.findings(Self.catalog, on: machine) == [])
    }

    @Test func confirmationsAreForTablesWithoutFaults() async throws {
        let machine = try DiskMachine()
        try machine.sql("app/data.db", "CREATE TABLE market_ticks (id INTEGER PRIMARY KEY)")
        let (checks, _) = await SQLitePluginTests.checks(Self.catalog, on: machine)
        #expect(try await checks[0].look(on: machine).confirmations == [])
        try machine.sql("app/data.db", "CREATE INDEX idx_ticks ON market_ticks (id DESC)")
        #expect(try await checks[0].look(on: machine).confirmations == ["app/data.db.market_ticks schema valid"])
        // The engine looks again through the connection of its own transaction.
        let check = try #require(checks[0] as? any DatabaseCheck)
        #expect(check.database.text == "app/data.db")
        #expect(
            try check.observe(TestConnection(machine.absolute("app/data.db"))) == (try await check.look(on: machine)))
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var found: String
        var id: FindingID
        var message: String
        var hint: String?
        /// What heals it, if anything does.
        var doing: String?
        var severity = Severity.critical
        var testDescription: String { found }

        init(
            _ found: String, _ id: FindingID, _ message: String, hint: String? = nil, doing: String? = nil,
            severity: Severity = .critical
        ) {
            self.found = found
            self.doing = doing
            self.id = id
            self.message = message
            self.hint = hint
            self.severity = severity
        }
    }

    static let stated: Tree = [
        "d.db": [
            "tables": [
                "t": [
                    "columns": [
                        "a": "INT", "b": "TEXT NOT NULL", "c": "TEXT CHECK (c <> '')", "new": "TEXT", "f": "TEXT",
                    ],
                    "renamed_from": ["old": "new"], "backfill": ["f": "'x'"],
                    "indexes": ["i": ["on": ["a"], "unique": true], "j": ["c"]],
                ]
            ],
            "views": ["v": "SELECT a FROM t"], "triggers": ["g": "AFTER INSERT ON t BEGIN SELECT 1; END"],
            "pragmas": ["journal_mode": "delete"],
        ]
    ]

    /// A database as stated, with one thing put differently.
    private static func base(
        _ columns: String = "a INT, b TEXT NOT NULL, c TEXT CHECK (c <> ''), new TEXT, f TEXT",
        i: String = "CREATE UNIQUE INDEX i ON t (a)", v: String = "CREATE VIEW v AS SELECT a FROM t",
        g: String = "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END", more: String = ""
    ) -> String {
        "CREATE TABLE t (\(columns)); CREATE INDEX j ON t (c); \(i); \(v); \(g); \(more)"
    }

    private static let rebuild = "Rebuilding table t in d.db"

    static let cases = [
        Case(
            base(i: "CREATE TABLE theirs (z); CREATE INDEX i ON theirs (z)"), "sqlite.index.differs",
            "Index i in d.db is on theirs, expected on t; nothing is done about it, because it belongs to theirs, which the "
                + "manifest does not name",
            hint:
                "give one of the two another name, or drop it by hand; with 'extras: drop' it is replaced at high risk",
            severity: .warning),
        Case(
            base(g: "CREATE TABLE theirs (z); CREATE TRIGGER g AFTER INSERT ON theirs BEGIN SELECT 1; END"),
            "sqlite.trigger.differs",
            "Trigger g in d.db is on theirs, expected on t; nothing is done about it, because it belongs to theirs, which "
                + "the manifest does not name",
            hint:
                "give one of the two another name, or drop it by hand; with 'extras: drop' it is replaced at high risk"),
        Case(
            base("a TEXT, b TEXT, c TEXT CHECK (c <> ''), new TEXT, f TEXT"), "sqlite.column.differs",
            "Column 'a' of t in d.db differs: type is TEXT, expected INT", doing: rebuild),
        Case(
            base("a INTEGER, b TEXT NOT NULL, c TEXT CHECK (c <> ''), new TEXT, f TEXT"), "sqlite.column.differs",
            "Column 'a' of t in d.db differs: type is INTEGER, expected INT", doing: rebuild,
            severity: .warning),
        Case(
            base("a INT, b TEXT NOT NULL, c TEXT, new TEXT, f TEXT"), "sqlite.column.differs",
            "Column 'c' of t in d.db differs: check is none, expected CHECK (c <> '')", doing: rebuild),
        Case(
            base("a INT, b TEXT NOT NULL, c TEXT CHECK (c <> ''), new TEXT, f TEXT, UNIQUE (a, b)"),
            "sqlite.table.differs",
            "Table t in d.db differs: constraint is UNIQUE (a, b), expected none", doing: rebuild),
        Case(
            base("a INT, c TEXT CHECK (c <> ''), new TEXT, f TEXT", g: "INSERT INTO t (a) VALUES (1)"),
            "sqlite.column.missing",
            "Column 'b' is missing in t of d.db; nothing is done about it, because 1 row (rowids 1) have no b",
            hint: "state a default or a backfill that fits the rows, or change the rows"),
        Case(
            base("a INT, b TEXT NOT NULL, c TEXT CHECK (c <> ''), OLD TEXT, f TEXT"), "sqlite.column.renamed",
            "Column 'new' of t in d.db is still called 'old'", doing: "Renaming column 'old' of t to 'new' in d.db"),
        Case(
            base(
                "a INT, b TEXT NOT NULL, c TEXT CHECK (c <> ''), new TEXT",
                more: "INSERT INTO t (b) VALUES (1); CREATE TRIGGER h AFTER UPDATE ON t BEGIN SELECT 1; END"),
            "sqlite.column.missing",
            "Column 'f' is missing in t of d.db", doing: rebuild),
        Case(
            base(i: "INSERT INTO t (a, b) VALUES (1, 'x'), (1, 'y')"), "sqlite.index.missing",
            "Index i is missing on t of d.db; nothing is done about it, because 1 group of rows share the same values (rowids 1, 2)",
            hint: "decide which of the rows stay; none is ever deleted by itself", severity: .warning),
        Case(
            base(i: "CREATE INDEX i ON t (a)"), "sqlite.index.differs",
            "Index i in d.db is defined differently: 'UNIQUE' is not there",
            doing: "Replacing index i in d.db", severity: .warning),
        Case(
            base(v: "CREATE VIEW v AS SELECT b FROM t"), "sqlite.view.differs",
            "View v in d.db is defined differently: is 'b', expected 'a'", doing: "Replacing view v in d.db"),
        Case(
            base(g: "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 2; END"), "sqlite.trigger.differs",
            "Trigger g in d.db is defined differently: is '2', expected '1'", doing: "Replacing trigger g in d.db"),
        Case(
            base(v: "CREATE TABLE v (a)"), "sqlite.table.differs", "v in d.db is a table, not a view",
            hint: "rename or move it; it is never dropped by itself"),
        Case(
            base(
                "a INT, b TEXT NOT NULL, c TEXT CHECK (c <> ''), f TEXT",
                more:
                    "CREATE TABLE u (x); CREATE TRIGGER h AFTER INSERT ON u BEGIN INSERT INTO t VALUES (1, 'b', 'c', 'f'); END"
            ),
            "sqlite.column.missing",
            "Column 'new' is missing in t of d.db; nothing is done about it, because trigger h would not work: table t has 5 columns but 4 values were supplied",
            hint: "change what stops working first, or state it in the manifest as it is to be"),
    ]

    @Test(arguments: cases) func namedAndHealedOrNotTouched(example: Case) async throws {
        let machine = try DiskMachine()
        try machine.sql("d.db", example.found)
        let findings = try await SQLitePluginTests.findings(Self.stated, on: machine)
        let finding = try #require(findings.first { $0.id == example.id }, "\(findings.map(\.message))")
        #expect(finding.message == example.message)
        #expect(finding.hint == example.hint && finding.severity == example.severity)
        #expect(finding.repair?.doing == example.doing)
        guard example.doing != nil else { return }
        #expect(finding.repair?.risk == .medium)
        let rows = try machine.rows("d.db", "SELECT count(*) FROM t")
        try machine.perform(findings)
        #expect(try await SQLitePluginTests.findings(Self.stated, on: machine) == [])
        #expect(try machine.rows("d.db", "PRAGMA integrity_check") == [[.text("ok")]])
        #expect(try machine.rows("d.db", "SELECT count(*) FROM t") == rows)
    }

    @Test func theJournalModeIsAStepOfItsOwn() async throws {
        let machine = try DiskMachine()
        try machine.sql("d.db", Self.base(more: "PRAGMA journal_mode = wal"))
        let finding = try #require(try await SQLitePluginTests.findings(Self.stated, on: machine).first)
        #expect(finding.id == "sqlite.pragma.differs" && finding.severity == .warning && finding.hint == nil)
        #expect(finding.message == "journal_mode of d.db is wal, expected delete")
        let database = try ResourcePath("d.db")
        #expect(finding.repair?.steps == [.setJournalMode(database: database, mode: .delete, previous: .wal)])
        #expect(finding.repair?.risk == .medium)
    }

    /// The commands are run as they are said, and leave nothing to say.
    @Test(arguments: [
        ("page_size", "8192", "it's/d.db"), ("page_size", "512", "d.db"), ("auto_vacuum", "full", "d.db"),
        ("auto_vacuum", "incremental", "a&b.db"), ("encoding", "UTF-16be", "-d.db"),
    ])
    func whatOnlyAPersonCanDoIsSaidAsACommand(_ pragma: String, _ value: String, _ name: String) async throws {
        let machine = try DiskMachine()
        let number = Int(value).map { Tree(integerLiteral: $0) }
        let pragmas = Tree.map([(pragma, number ?? Tree(stringLiteral: value))])
        let stated = Tree.map([(name, ["tables": ["t": ["columns": ["a": "INT"]]], "pragmas": pragmas])])
        try machine.sql(name, "CREATE TABLE t (a INT); INSERT INTO t VALUES (1); PRAGMA journal_mode = wal")
        let finding = try #require(try await SQLitePluginTests.findings(stated, on: machine).first)
        #expect(finding.repair == nil)
        let hint = try #require(finding.hint)
        let start = "stop the application, keep a copy, and run: "
        #expect(hint.hasPrefix(start))
        let process = Process()
        process.executableURL = URL(filePath: "/bin/sh")
        process.arguments = ["-c", String(hint.dropFirst(start.count))]
        process.currentDirectoryURL = URL(filePath: machine.absolute("."))
        process.standardOutput = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(hint)")
        #expect(try await SQLitePluginTests.findings(stated, on: machine) == [])
        #expect(try machine.rows(name, "SELECT a FROM t") == [[.integer(1)]])
    }

    @Test func anIndexWaitsForAColumnThatIsRefused() async throws {
        let machine = try DiskMachine()
        let tree: Tree = [
            "d.db": [
                "tables": ["t": ["columns": ["a": "INT", "order": "TEXT"], "indexes": ["i": ["lower(\"order\")"]]]],
                "pragmas": ["user_version": 2],
            ]
        ]
        let trigger = "CREATE TRIGGER g AFTER INSERT ON u BEGIN INSERT INTO t VALUES (1); END"
        try machine.sql("d.db", "CREATE TABLE t (a INT); CREATE TABLE u (x); \(trigger)")
        let refused = try await SQLitePluginTests.findings(tree, on: machine)
        #expect(refused.map(\.id) == ["sqlite.column.missing", "sqlite.index.missing", "sqlite.pragma.differs"])
        #expect(refused.allSatisfy { $0.repair == nil && $0.hint != nil })
        #expect(refused[1].message.contains("no such column: t.order"))

        try machine.sql("d.db", "DROP TRIGGER g; INSERT INTO t VALUES (1)")
        let findings = try await SQLitePluginTests.findings(tree, on: machine)
        // What only guards is no part of what people read.
        #expect(findings[1].repair?.detail == "CREATE INDEX i ON t (lower(\"order\"))")
        try machine.perform(findings)
        #expect(try await SQLitePluginTests.findings(tree, on: machine) == [])
        #expect(try machine.rows("d.db", "PRAGMA integrity_check") == [[.text("ok")]])
    }

    @Test func rowsThatBreakACheckAreCounted() async throws {
        let machine = try DiskMachine()
        let tree: Tree = ["d.db": ["tables": ["t": ["columns": ["a": "INT", "b": "INT CHECK (b IS NOT NULL)"]]]]]
        try machine.sql("d.db", "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)")
        let finding = try #require(try await SQLitePluginTests.findings(tree, on: machine).first)
        #expect(
            finding.message
                == "Column 'b' is missing in t of d.db; nothing is done about it, because 2 rows would break its CHECK")
        #expect(finding.hint == "state a default or a backfill that fits the rows, or change the rows")
    }

    @Test func aBackfillIsPartOfTheRepair() async throws {
        let machine = try DiskMachine()
        try machine.sql(
            "d.db",
            Self.base(
                "a INT, b TEXT NOT NULL, c TEXT CHECK (c <> ''), new TEXT", more: "INSERT INTO t (b) VALUES ('y')"))
        let findings = try await SQLitePluginTests.findings(Self.stated, on: machine)
        #expect(findings.map { $0.repair?.detail } == ["ALTER TABLE t ADD COLUMN f TEXT; UPDATE t SET f = 'x'"])
        try machine.perform(findings)
        #expect(try machine.rows("d.db", "SELECT f FROM t") == [[.text("x")]])
    }

    @Test(arguments: ["ignore", "warn", "drop"]) func extras(policy: String) async throws {
        let machine = try DiskMachine()
        try machine.sql("d.db", "CREATE TABLE t (a INT, b TEXT); CREATE INDEX i ON t (b); CREATE TABLE u (x)")
        let tree: Tree = ["d.db": ["tables": ["t": ["columns": ["a": "INT"]]], "extras": .scalar(policy, .string)]]
        let findings = try await SQLitePluginTests.findings(tree, on: machine)
        if policy == "ignore" { return #expect(findings == []) }
        #expect(findings.map(\.subject) == ["d.db.t.i", "d.db.t.b", "d.db.u"])
        #expect(
            findings.map(\.message) == [
                "The manifest does not name the index i of t in d.db",
                "The manifest does not name the column b of t in d.db"
                    + (policy == "drop" ? "; the column b goes" : ""),
                "The manifest does not name the table u in d.db",
            ])
        #expect(findings.allSatisfy { $0.severity == .warning })
        guard policy == "drop" else {
            return #expect(findings.allSatisfy { $0.repair == nil && $0.hint?.contains("drop it by hand") == true })
        }
        #expect(findings.allSatisfy { $0.repair?.risk == .high })
        try machine.sql("d.db", "INSERT INTO t VALUES (1, 'x'), (2, 'y')")
        try machine.perform(try await SQLitePluginTests.findings(tree, on: machine))
        #expect(try await SQLitePluginTests.findings(tree, on: machine) == [])
        #expect(try machine.rows("d.db", "SELECT * FROM t") == [[.integer(1)], [.integer(2)]])
        #expect(try machine.rows("d.db", "SELECT name FROM sqlite_schema") == [[.text("t")]])
    }

    @Test func namesCannotFoolATerminal() async throws {
        let machine = try DiskMachine()
        let name = "x\u{1B}[2J\n" + String(repeating: "y", count: 200)
        let table: Tree = ["columns": ["a": "INT"]]
        let tree: Tree = ["d.db": ["tables": .map([(name, table)])]]
        try machine.sql("d.db", "PRAGMA user_version = 0")
        let finding = try #require(try await SQLitePluginTests.findings(tree, on: machine).first)
        #expect(finding.message.hasPrefix("Table x\\u{1b}[2J\\u{a}yyy") && finding.message.count < 140)
        #expect(finding.repair?.detail.contains("\u{1B}") == false)
        try machine.perform([finding])
        #expect(try await SQLitePluginTests.findings(tree, on: machine) == [])
    }
}
