import HealKit
import HealModel
import Testing

@testable import SQLiteSchema

/// What ALTER TABLE can add is predicted, and SQLite is asked whether the prediction is right.
@Suite struct AddColumnTests {
    /// A column `c` that is missing in a table `t` with a column `a`.
    struct Case: Sendable, CustomTestStringConvertible {
        var column: String
        var withoutRows: Obstacle?
        var withRows: Obstacle?
        /// SQLite would do it, and harm would come of it.
        var isCautious = false
        /// What else the stated table has behind its columns.
        var constraint = ""
        var options = ""
        var testDescription: String { "\(column) \(constraint) \(options)" }

        init(
            _ column: String, constraint: String = "", options: String = "", empty: Obstacle? = nil,
            rows: Obstacle? = nil,
            isCautious: Bool = false
        ) {
            self.column = column
            self.constraint = constraint
            self.options = options
            withoutRows = empty
            withRows = rows ?? empty
            self.isCautious = isCautious
        }
    }

    static let cases = [
        Case("c"),
        Case("c TEXT"),
        Case("c TEXT NULL"),
        Case("c TEXT NOT NULL DEFAULT ''"),
        Case("c TEXT NOT NULL", rows: .notNullWithoutDefault),
        Case("c TEXT NOT NULL DEFAULT NULL", rows: .notNullWithoutDefault),
        Case("c TEXT NOT NULL DEFAULT (NULL)", rows: .notNullWithoutDefault),
        Case("c DATETIME DEFAULT CURRENT_TIMESTAMP", rows: .defaultNotConstant),
        Case("c DATETIME DEFAULT (current_date)", rows: .defaultNotConstant),
        Case("c INT DEFAULT (abs(-1))", rows: .defaultNotConstant),
        Case("c INT DEFAULT (1 + 2)", rows: .defaultNotConstant),
        Case("c INT DEFAULT (5)"),
        Case("c INT DEFAULT -5"),
        Case("c INT DEFAULT (- 5)"),
        Case("c INT DEFAULT +5"),
        Case("c REAL DEFAULT 1.5e3"),
        Case("c BLOB DEFAULT x'00ff'"),
        Case("c BOOLEAN DEFAULT TRUE"),
        Case("c TEXT DEFAULT \"a word\""),
        Case("c TEXT DEFAULT word"),
        Case("c TEXT DEFAULT ('x')"),
        Case("c TEXT COLLATE NOCASE DEFAULT 'x'"),
        Case("c INTEGER PRIMARY KEY", empty: .primaryKey),
        Case("c TEXT PRIMARY KEY", empty: .primaryKey),
        Case("c TEXT", constraint: "PRIMARY KEY (a, c)", empty: .primaryKey),
        Case("c TEXT UNIQUE", empty: .unique),
        Case("c TEXT", constraint: "UNIQUE (c)", empty: .unique),
        Case("c TEXT", constraint: "UNIQUE (a, c)", empty: .tableConstraint("UNIQUE (a, c)")),
        Case("c TEXT CHECK (c > 'a')"),
        Case("c INT CHECK (c IS NOT NULL)", rows: .checkFails(rows: 3)),
        Case("c INT DEFAULT 5 CHECK (c > 4)"),
        Case("c INT DEFAULT 5 CHECK (c > 5)", rows: .checkFails(rows: 3)),
        Case("c TEXT DEFAULT 5 CHECK (typeof(c) = 'text')"),
        Case("c INT DEFAULT '7' CHECK (typeof(c) = 'text')", rows: .checkFails(rows: 3)),
        Case("c INT DEFAULT 2 CHECK (a <> c)", rows: .checkFails(rows: 1)),
        Case("c INT DEFAULT 2", constraint: "CHECK (a <> c)", rows: .checkFails(rows: 1)),
        Case("c INT DEFAULT 9", constraint: "CHECK (t.a <> t.c)"),
        Case("c INT DEFAULT 9 CHECK (\"c\" > 1)"),
        Case("c TEXT DEFAULT 'x' COLLATE NOCASE CHECK (c = 'X')"),
        Case("c INT REFERENCES p(id)"),
        Case("c INT", constraint: "FOREIGN KEY (c) REFERENCES p(id) ON DELETE CASCADE"),
        Case("c INT REFERENCES p(id) DEFAULT 1", rows: .referencesWithDefault),
        Case("c INT NOT NULL DEFAULT 1 REFERENCES p(id)", rows: .referencesWithDefault),
        Case("c INT DEFAULT 1", constraint: "FOREIGN KEY (c) REFERENCES p(id)", rows: .referencesWithDefault),
        Case(
            "c INT", constraint: "FOREIGN KEY (a, c) REFERENCES q(x, y)",
            empty: .tableConstraint("FOREIGN KEY (a, c) REFERENCES q(x, y)")),
        Case("c INT AS (a + 1)"),
        Case("c INT GENERATED ALWAYS AS (a + 1) VIRTUAL"),
        Case("c INT AS (a + 1) STORED", rows: .storedGenerated),
        Case("c INT NOT NULL AS (a + 1)"),
        Case("c INT NOT NULL AS (nullif(a, 2))", rows: .notNullFails(rows: 1)),
        Case("c INT AS (a + 1) CHECK (c < 4)", rows: .checkFails(rows: 1)),
        Case("c INT AS (a + 1) CHECK (c < 5)"),
        Case("c INT", options: "STRICT"),
        Case("c INTEGER NOT NULL DEFAULT 5", options: "STRICT"),
        Case("c INT DEFAULT 'x'", options: "STRICT", rows: .defaultOfWrongType("INT"), isCautious: true),
        Case("c INT DEFAULT '17'", options: "STRICT"),
        Case("c INT DEFAULT 1.5", options: "STRICT", rows: .defaultOfWrongType("INT"), isCautious: true),
        Case("c REAL DEFAULT 1", options: "STRICT"),
        Case("c TEXT DEFAULT 1", options: "STRICT"),
        Case("c TEXT DEFAULT x'00'", options: "STRICT", rows: .defaultOfWrongType("TEXT"), isCautious: true),
        Case("c BLOB DEFAULT 'x'", options: "STRICT", rows: .defaultOfWrongType("BLOB"), isCautious: true),
        Case("c BLOB DEFAULT x'00'", options: "STRICT"),
        Case("c ANY DEFAULT 'x'", options: "STRICT"),
        Case("c INT CONSTRAINT small CHECK (c < 9) DEFAULT 1 -- the end"),
        Case("c INT /* why */ DEFAULT 1 -- the end\n"),
    ]

    private static let parents =
        "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE q (x INT, y INT, PRIMARY KEY (x, y)); INSERT INTO p VALUES (7);"

    @Test(arguments: cases, [false, true]) func predicted(example: Case, hasRows: Bool) throws {
        let constraint = example.constraint.isEmpty ? "" : ", \(example.constraint)"
        let stated = "\(Self.parents) CREATE TABLE t (a INT, \(example.column)\n\(constraint)) \(example.options)"
        let connection = try database("\(Self.parents) CREATE TABLE t (a INT) \(example.options)", foreignKeys: true)
        if hasRows { try connection.execute("INSERT INTO t VALUES (1), (2), (3)") }
        let schema = try desired(stated)
        let changes = try plan(schema, connection)
        let change = try #require(changes.first)
        #expect(changes.count == 1)
        if let wanted = hasRows ? example.withRows : example.withoutRows {
            #expect(!wanted.explanation.isEmpty)
            // SQLite refuses as well; or does not, and the table is damaged afterwards.
            try connection.execute("SAVEPOINT attempt")
            let wasRefused = try outcome(of: missing(change).text, on: connection) != nil
            try connection.execute("ROLLBACK TO attempt; RELEASE attempt")
            if example.constraint.isEmpty { #expect(wasRefused != example.isCautious) }
            switch wanted {
            case .checkFails, .notNullFails:
                // Rows that break a CHECK break it in a new table as well.
                #expect(!wanted.needsRebuild && change.remedy == .obstacles([wanted]))
                return
            default: #expect(wanted.needsRebuild)
            }
            if let rows = wanted.rowsInTheWayOfARebuild {
                #expect(change.remedy == .obstacles([rows]))
                return
            }
            guard case .rewrite(let rewrite) = change.remedy else {
                Issue.record("\(change.remedy)")
                return
            }
            #expect(rewrite.risk == .medium && rewrite.losses.isEmpty)
        } else {
            guard case .statements(_, .low) = change.remedy else {
                Issue.record("\(change.obstacles)")
                return
            }
        }
        let rows = try connection.rows("SELECT rowid, a FROM t")
        try perform(changes, connection)
        #expect(try connection.rows("SELECT rowid, a FROM t") == rows)
        // Fresh equals upgraded.
        let after = SchemaComparison(desired: schema, found: try StoredSchema(reading: connection)).differences()
        #expect(after.map(\.short) == [])
        #expect(try connection.rows("PRAGMA integrity_check") == [[.text("ok")]])
        #expect(try connection.rows("PRAGMA foreign_key_check") == [])
    }

    private func missing(_ change: PlannedChange) throws -> MissingColumn {
        guard case .columnMissing(let missing) = change.difference else { throw MachineError.cancelled }
        return missing
    }

    private func outcome(of text: String, on connection: TestConnection) throws -> String? {
        do throws(MachineError) {
            try connection.execute("ALTER TABLE t ADD COLUMN \(text)")
            return nil
        } catch {
            return try error.sqlMessage
        }
    }

    @Test func theStatementReadsAsPeopleWriteIt() throws {
        let connection = try database("CREATE TABLE product_catalog (id INTEGER PRIMARY KEY)")
        let schema = try desired(
            "CREATE TABLE product_catalog (id INTEGER PRIMARY KEY, updated_at DATETIME, \"group\" TEXT -- which\n DEFAULT 'a')"
        )
        #expect(
            try plan(schema, connection).flatMap(\.statements) == [
                "ALTER TABLE product_catalog ADD COLUMN updated_at DATETIME",
                "ALTER TABLE product_catalog ADD COLUMN \"group\" TEXT DEFAULT 'a'",
            ])
    }

    @Test func aStrictTableKnowsFewTypes() throws {
        let connection = try database("CREATE TABLE t (a INT) STRICT")
        let changes = try plan(try desired("CREATE TABLE t (a INT, b DATETIME, c)"), connection)
        // A table that knows them is another one: all three findings are healed by one rebuild.
        #expect(changes.count == 3 && changes.allSatisfy(\.isRewrite) && Set(changes.map(\.remedy)).count == 1)
        #expect(Obstacle.typeInStrictTable("DATETIME").needsRebuild)
        try perform(changes, connection)
        #expect(try plan(try desired("CREATE TABLE t (a INT, b DATETIME, c)"), connection).isEmpty)
    }

    @Test func columnsThatSpeakOfEachOtherComeInOrder() throws {
        let stated =
            "CREATE TABLE t (g INT AS (h + 1), h INT AS (b * 2), b INT DEFAULT 4, a INT, CHECK (a < h), CHECK (b > 1))"
        let connection = try database("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
        let schema = try desired(stated)
        let changes = try plan(schema, connection)
        #expect(
            changes.flatMap(\.statements) == [
                "ALTER TABLE t ADD COLUMN b INT DEFAULT 4 CHECK (b > 1)",
                "ALTER TABLE t ADD COLUMN h INT AS (b * 2) CHECK (a < h)",
                "ALTER TABLE t ADD COLUMN g INT AS (h + 1)",
            ])
        for statement in changes.flatMap(\.statements) { try connection.execute(statement) }
        #expect(SchemaComparison(desired: schema, found: try StoredSchema(reading: connection)).differences().isEmpty)
    }

    @Test func columnsThatWaitForEachOtherNeedARebuild() throws {
        let stated = "CREATE TABLE t (a INT, b INT CHECK (b < c), c INT CHECK (b < c))"
        let connection = try database("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
        let changes = try plan(try desired(stated), connection)
        #expect(changes.count == 2 && changes.allSatisfy(\.isRewrite) && Obstacle.circular.needsRebuild)
        try perform(changes, connection)
        #expect(try plan(try desired(stated), connection).isEmpty)
        #expect(try connection.rows("SELECT * FROM t") == [[.integer(1), .null, .null]])
    }

    @Test func whatNeedsAColumnThatCannotComeWaits() throws {
        let stated = """
            CREATE TABLE t (a INT, b INT NOT NULL, g INT AS (b + 1), d TEXT); CREATE INDEX i ON t (b); CREATE INDEX j ON t (d)
            """
        let connection = try database("CREATE TABLE t (a INT); INSERT INTO t VALUES (1)")
        let changes = try plan(try desired(stated), connection)
        #expect(
            changes.map(\.difference.short) == [
                "column missing t.b", "column missing t.g", "column missing t.d", "index missing i", "index missing j",
            ])
        #expect(
            changes.map(\.obstacles) == [
                [.rows(1, rowids: [1], phrase: "have no b")], [.waits(for: "the column b")], [],
                [.waits(for: "the column b")], [],
            ])
    }

    /// In double quotes, the name of a column that is not there is a text to SQLite: nothing may be built on that.
    @Test func nothingIsBuiltOnAColumnThatDidNotCome() throws {
        let stated = """
            CREATE TABLE t (a INT, "order" INT, g INT AS ("order" + 1), h INT); CREATE INDEX i ON t (lower("order"));
            CREATE INDEX j ON t (a) WHERE "order" > 1; CREATE INDEX k ON t (h)
            """
        let schema = try desired(stated)
        let old = "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)"
        let changes = try plan(schema, try database(old))
        #expect(changes.map(\.guards.count) == [0, 1, 0, 1, 1, 1])
        for change in changes.dropFirst() where change.difference.short.contains("order") == false {
            guard !change.guards.isEmpty, !change.statements[0].contains("(h)") else { continue }
            let connection = try database(old)
            #expect(throws: MachineError.self) { for sql in change.guards { try connection.execute(sql) } }
            // Without the guard SQLite would take it.
            for sql in change.statements { try connection.execute(sql) }
        }
        let connection = try database(old)
        for sql in changes.flatMap({ $0.guards + $0.statements }) { try connection.execute(sql) }
        #expect(try plan(schema, connection).isEmpty)
        #expect(try connection.rows("PRAGMA integrity_check") == [[.text("ok")]])
    }

    // MARK: What the manifest says of old tables

    private func declared(_ change: (inout TableDeclaration) -> Void) throws -> DesiredSchema {
        var table = TableDeclaration(name: SourcedText("t", at(1)))
        for (name, definition) in [("a", "INT"), ("b", "TEXT")] {
            table.columns.append(
                NamedDeclaration(name: SourcedText(name, at(2)), body: SourcedText(definition, at(2))))
        }
        change(&table)
        var declaration = SchemaDeclaration(location: at(1))
        declaration.tables = [table]
        guard case .schema(let schema) = try SchemaBuilder.build(declaration, on: try TestConnection()) else {
            throw MachineError.cancelled
        }
        return schema
    }

    private func pair(_ name: String, _ body: String) -> NamedDeclaration {
        NamedDeclaration(name: SourcedText(name, at(5)), body: SourcedText(body, at(5)))
    }

    @Test func aRenameIsNeverGuessedAndNeverAnAddition() throws {
        let schema = try declared { $0.formerNames = [pair("old_b", "b")] }
        let renamed = try plan(schema, try database("CREATE TABLE t (a INT, OLD_B TEXT)"))
        #expect(renamed.map(\.difference.short) == ["column renamed t.old_b: b"])
        #expect(renamed.flatMap(\.statements) == ["ALTER TABLE t RENAME COLUMN old_b TO b"])
        // Without the old column it is a new one.
        #expect(try plan(schema, try database("CREATE TABLE t (a INT)")).map(\.obstacles) == [[]])
    }

    @Test func aBackfillFillsRowsThatExist() throws {
        let schema = try declared { $0.backfills = [pair("b", "upper('x') || a")] }
        let connection = try database("CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2)")
        let statements = try plan(schema, connection).flatMap(\.statements)
        #expect(statements == ["ALTER TABLE t ADD COLUMN b TEXT", "UPDATE t SET b = (upper('x') || a)"])
        for statement in statements { try connection.execute(statement) }
        #expect(try connection.rows("SELECT b FROM t") == [[.text("X1")], [.text("X2")]])
        // Nobody to fill it for.
        #expect(try plan(schema, try database("CREATE TABLE t (a INT)")).flatMap(\.statements).count == 1)
    }

    @Test func aBackfillMustFit() throws {
        func obstacles(_ definition: String, _ fill: String) throws -> [[Obstacle]] {
            let schema = try declared {
                $0.columns[1].body.text = definition
                $0.backfills = [pair("b", fill)]
            }
            let found =
                "CREATE TABLE t (a INT); INSERT INTO t VALUES (1), (2); CREATE TABLE p (id INT); INSERT INTO p VALUES (2)"
            return try plan(schema, try database(found)).map(\.obstacles)
        }
        #expect(try obstacles("INT CHECK (b > 0)", "a") == [[]])
        #expect(try obstacles("INT CHECK (b > 1)", "a") == [[.checkFails(rows: 1)]])
        // SQLite looks at the default first.
        #expect(try obstacles("INT CHECK (b IS NOT NULL)", "a") == [[.checkFails(rows: 2)]])
        #expect(try obstacles("INT REFERENCES p(id)", "a") == [[.orphans(rows: 1)]])
        #expect(try obstacles("INT REFERENCES p(id)", "2") == [[]])
        #expect(try obstacles("INT REFERENCES p(id)", "NULL") == [[]])
        #expect(try obstacles("INT REFERENCES nosuch(id)", "1") == [[.orphans(rows: 2)]])
    }

    @Test func aBackfillFiresNoTriggers() throws {
        let schema = try declared { $0.backfills = [pair("b", "'x'")] }
        let base = "CREATE TABLE t (a INT); INSERT INTO t VALUES (1);"
        for (trigger, isRewrite) in [
            ("AFTER UPDATE", true), ("UPDATE OF b, a", true), ("BEFORE UPDATE OF a", false), ("AFTER INSERT", false),
        ] {
            let code = "CREATE TRIGGER g \(trigger) ON t BEGIN INSERT INTO log VALUES (1); END"
            let connection = try database("\(base) CREATE TABLE log (x); \(code)")
            let changes = try plan(schema, connection)
            #expect(changes.map(\.isRewrite) == [isRewrite], "\(trigger)")
            try perform(changes, connection)
            #expect(try connection.rows("SELECT a, b FROM t") == [[.integer(1), .text("x")]])
            #expect(try connection.rows("SELECT count(*) FROM log") == [[.integer(0)]])
            #expect(try connection.rows("SELECT sql FROM sqlite_schema WHERE name = 'g'") == [[.text(code)]])
        }
    }
}

/// What heals the differences between a schema and a database.
func plan(_ schema: DesiredSchema, _ connection: TestConnection, dropsExtras: Bool = false) throws -> [PlannedChange] {
    var found = try StoredSchema(reading: connection)
    let renames = schema.renames(in: found)
    var refusals: [ColumnRename: String] = [:]
    if !renames.isEmpty { (found, refusals) = try found.renaming(renames, on: connection) }
    let comparison = SchemaComparison(desired: schema, found: found)
    var differences = renames.map(SchemaDifference.columnRenamed) + comparison.differences()
    differences += try comparison.differencesOfPragmas(connection)
    if dropsExtras { differences += try comparison.extras(connection).map(SchemaDifference.extra) }
    var planner = ChangePlanner(
        desired: schema, found: found, connection: connection, renames: renames, refusals: refusals,
        dropsExtras: dropsExtras)
    return try planner.plan(differences)
}

/// Performs a plan as the engine does: what rewrites is performed once, and its proofs must hold.
func perform(_ changes: [PlannedChange], _ connection: TestConnection) throws {
    var rewritten: [PlannedChange.Rewrite] = []
    for change in changes {
        guard case .rewrite(let rewrite) = change.remedy else {
            for sql in change.guards + change.statements { try connection.execute(sql) }
            continue
        }
        if rewritten.contains(rewrite) { continue }
        rewritten.append(rewrite)
        let before = try rewrite.proofs.map { try connection.rows($0.before) }
        for sql in rewrite.statements { try connection.execute(sql) }
        for (proof, expected) in zip(rewrite.proofs, before) {
            #expect(try connection.rows(proof.after) == expected, "\(proof.subject)")
        }
    }
}

extension Obstacle {
    /// What a rebuild of the three rows of a table finds in its way, where ALTER TABLE cannot add the column `c`.
    fileprivate var rowsInTheWayOfARebuild: Obstacle? {
        switch self {
        case .notNullWithoutDefault: .rows(3, rowids: [1, 2, 3], phrase: "have no c")
        case .referencesWithDefault: .rows(3, rowids: [1, 2, 3], phrase: "reference a row of p that does not exist")
        case .defaultOfWrongType(let type): .rows(3, rowids: [1, 2, 3], phrase: "hold no \(type) in c")
        default: nil
        }
    }
}
