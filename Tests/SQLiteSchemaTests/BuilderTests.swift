import HealKit
import HealModel
import Testing

@testable import SQLiteSchema

/// A declaration is only what it says, and what is wrong with it is said where it stands.
@Suite struct BuilderTests {
    /// Columns stand in lines 10, 11 …, constraints in 20 …, indexes in 30 …, their terms in 40 ….
    static func table(
        _ columns: KeyValuePairs<String, String>, constraints: [String] = [],
        indexes: KeyValuePairs<String, [String]> = [:], unique: Bool = false, predicate: String? = nil
    ) -> TableDeclaration {
        named("t", columns, constraints: constraints, indexes: indexes, unique: unique, predicate: predicate)
    }

    static func named(
        _ name: String, _ columns: KeyValuePairs<String, String>, constraints: [String] = [],
        indexes: KeyValuePairs<String, [String]> = [:], unique: Bool = false, predicate: String? = nil
    ) -> TableDeclaration {
        var table = TableDeclaration(name: SourcedText(name, at(1)))
        table.columns = columns.enumerated().map { index, column in
            NamedDeclaration(
                name: SourcedText(column.key, at(10 + index)), body: SourcedText(column.value, at(10 + index)))
        }
        table.constraints = constraints.enumerated().map { SourcedText($1, at(20 + $0)) }
        table.indexes = indexes.enumerated().map { index, entry in
            IndexDeclaration(
                name: SourcedText(entry.key, at(30 + index)),
                terms: entry.value.enumerated().map { SourcedText($1, at(40 + $0)) }, isUnique: unique,
                predicate: predicate.map { SourcedText($0, at(50)) })
        }
        return table
    }

    static func build(
        _ tables: [TableDeclaration], views: KeyValuePairs<String, String> = [:],
        triggers: KeyValuePairs<String, String> = [:]
    ) throws -> SchemaBuilder.Outcome {
        var declaration = SchemaDeclaration(location: at(1))
        declaration.tables = tables
        declaration.views = views.enumerated().map { index, view in
            NamedDeclaration(name: SourcedText(view.key, at(60 + index)), body: SourcedText(view.value, at(60 + index)))
        }
        declaration.triggers = triggers.enumerated().map { index, trigger in
            NamedDeclaration(
                name: SourcedText(trigger.key, at(70 + index)), body: SourcedText(trigger.value, at(70 + index)))
        }
        let connection = try TestConnection()
        let outcome = try SchemaBuilder.build(declaration, on: connection)
        // The next declaration finds the database empty.
        #expect(try StoredSchema(reading: connection).objects.isEmpty)
        return outcome
    }

    static func faults(_ outcome: SchemaBuilder.Outcome) -> [String] {
        switch outcome {
        case .schema: []
        case .faults(let faults): faults.map { "\($0.location.line): \($0.message)" }
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var tables: [TableDeclaration]
        var fault: String
        var testDescription: String { name }

        init(_ name: String, _ fault: String, _ tables: TableDeclaration...) {
            self.name = name
            self.fault = fault
            self.tables = tables
        }
    }

    static let cases = [
        Case("two columns in one", "10: column 'a': it holds a comma", table(["a": "INT, x TEXT"])),
        Case("a statement behind it", "10: column 'a': it holds a semicolon", table(["a": "INT; DROP TABLE t"])),
        Case("closes the list", "10: column 'a': a parenthesis is closed", table(["a": "INT) STRICT --", "b": "INT"])),
        Case("leaves open", "11: column 'b': a parenthesis is not closed", table(["a": "INT", "b": "TEXT NOT (NULL"])),
        Case("open quote", "10: column 'a': a quote is not closed", table(["a": "TEXT DEFAULT 'x", "b": "TEXT"])),
        Case("open bracket", "10: column 'a': a bracket is not closed", table(["a": "[TEXT"])),
        Case("parameter", "10: column 'a': it holds a parameter (?1)", table(["a": "INT DEFAULT (?1)"])),
        Case("stray character", "10: column 'a': '^' is nothing SQL knows", table(["a": "INT ^"])),
        Case("NUL", "10: column 'a': it holds a NUL", table(["a": "TEXT\0, b"])),
        Case("NUL in a name", "10: a column's name holds a NUL", table(["a\0": "TEXT"])),
        Case("NUL in a table's name", "1: the name of the table holds a NUL", named("t\0", ["a": ""])),
        Case("no columns", "1: table 't' has no columns", table([:])),
        Case("one name twice", "11: table 't' has a column 'A' already", table(["a": "", "A": ""])),
        Case("reserved", "1: 'sqlite_x': names that begin with sqlite_", named("sqlite_x", ["a": ""])),
        Case("reserved index", "30: 'sqlite_i'", table(["a": ""], indexes: ["sqlite_i": ["a"]])),
        Case("two tables", "1: 'T' is already the name of a table", table(["a": ""]), named("T", ["a": ""])),
        Case("index like a table", "30: 't' is already the name of a table", table(["a": ""], indexes: ["t": ["a"]])),
        Case(
            "misspelt word", "11: column 'b': near \"NUL\": syntax error",
            table(["a": "", "b": "TEXT NOT NUL", "c": ""])),
        Case("unfinished", "10: column 'a': near \",\": syntax error", table(["a": "INT DEFAULT", "b": ""])),
        Case(
            "unfinished at the end", "11: column 'b': near \")\": syntax error", table(["a": "", "b": "INT DEFAULT"])),
        Case(
            "unknown collation", "11: column 'b': no such collation sequence: NOSUCH",
            table(["a": "", "b": "TEXT COLLATE NOSUCH", "c": ""])),
        Case(
            "unknown column in CHECK", "11: column 'b': no such column: x",
            table(["a": "", "b": "INT CHECK (x > 0)", "c": ""])),
        Case("unknown function", "10: column 'a': no such function: nosuch", table(["a": "INT CHECK (nosuch(a))"])),
        Case(
            "two primary keys", "12: column 'c': table \"t\" has more than one primary key",
            table(["a": "INTEGER PRIMARY KEY", "b": "", "c": "INT PRIMARY KEY"])),
        Case(
            "AUTOINCREMENT on a text", "10: column 'a': AUTOINCREMENT is only allowed on an INTEGER PRIMARY KEY",
            table(["a": "TEXT PRIMARY KEY AUTOINCREMENT", "b": ""])),
        Case(
            "default that is no constant", "10: column 'a': default value of column [a] is not constant",
            table(["a": "INT DEFAULT (b)", "b": ""])),
        Case("generated alone", "10: column 'a': must have at least one non-generated column", table(["a": "AS (1)"])),
        Case(
            "misspelt in double quotes", "10: column 'a': no such column: typo",
            table(["a": "INT CHECK (\"typo\" > 0)"])),
        Case(
            "misspelt in a generated column", "11: column 'b': no such column: typo",
            table(["a": "", "b": "AS (\"typo\" || 'x')"])),
        Case(
            "constraint that is none", "20: constraint of 't': it must begin with",
            table(["a": ""], constraints: ["b TEXT"])),
        Case(
            "constraint with a column behind it", "20: constraint of 't': it must begin with",
            table(["a": ""], constraints: ["UNIQUE (a), b TEXT"])),
        Case("empty constraint", "20: constraint of 't': it must begin with", table(["a": ""], constraints: [""])),
        Case(
            "constraint on no column", "21: constraint of 't': unknown column \"x\" in foreign key definition",
            table(["a": ""], constraints: ["UNIQUE (a)", "FOREIGN KEY (x) REFERENCES t(a)"])),
        Case(
            "constraint that does not parse", "20: constraint of 't': near \"a\": syntax error",
            table(["a": ""], constraints: ["UNIQUE a"])),
        Case(
            "misspelt in a constraint", "20: constraint of 't': no such column: typo",
            table(["a": ""], constraints: ["CHECK (\"typo\" > a)"])),
        Case(
            "foreign key that leads nowhere", "1: table 't': foreign key mismatch",
            named("p", ["id": "INTEGER PRIMARY KEY", "x": ""]), table(["a": "REFERENCES p(x)"])),
        Case("index on nothing", "30: index 'i' has no columns", table(["a": ""], indexes: ["i": []])),
        Case(
            "index on no column", "40: index 'i': no such column: nosuch", table(["a": ""], indexes: ["i": ["nosuch"]])),
        Case(
            "index on a misspelt column", "41: index 'i': no such column: typo",
            table(["a": ""], indexes: ["i": ["a", "\"typo\" DESC"]])),
        Case("index on a text", "40: index 'i': no such column: typo", table(["a": ""], indexes: ["i": ["'typo'"]])),
        Case(
            "index expression misspelt", "40: index 'i': no such column: typo",
            table(["a": ""], indexes: ["i": ["lower(\"typo\")"]])),
        Case(
            "index condition misspelt", "50: index 'i': no such column: typo",
            table(["a": ""], indexes: ["i": ["a"]], predicate: "\"typo\" > 1")),
        Case(
            "index with two in one", "40: index 'i': it holds a comma",
            table(["a": "", "b": ""], indexes: ["i": ["a, b"]])),
        Case(
            "index with an unknown collation", "30: index 'i': no such collation sequence: NOSUCH",
            table(["a": "", "b": ""], indexes: ["i": ["a COLLATE NOSUCH", "b"]])),
        Case(
            "condition that closes", "50: index 'i': it holds a semicolon",
            table(["a": ""], indexes: ["i": ["a"]], predicate: "a; DROP TABLE t")),
    ]

    @Test(arguments: cases) func faultsSayWhere(example: Case) throws {
        let faults = Self.faults(try Self.build(example.tables))
        #expect(faults.count == 1 && faults[0].hasPrefix(example.fault), "\(faults)")
    }

    @Test func theFirstOfSeveralWrongTypesIsNamed() throws {
        var table = Self.table(["a": "INT", "b": "DATETIME", "c": "BOOLEAN", "d": "TEXT"])
        table.isStrict = true
        #expect(Self.faults(try Self.build([table])) == ["11: column 'b': unknown datatype for t.b: \"DATETIME\""])
    }

    @Test func viewsAndTriggersKeepTheirLines() throws {
        let body = "AFTER INSERT ON t\nBEGIN\n  -- nothing yet\n  SELECT 1;\nEND"
        let outcome = try Self.build([Self.table(["a": ""])], triggers: ["g": "\n\(body);\n-- the end"])
        #expect(outcome.schema?.statements.last == "CREATE TRIGGER g \(body)")
    }

    @Test func allFaultsAreNamed() throws {
        let faults = Self.faults(
            try Self.build([Self.named("a", ["x": "INT CHECK ("]), Self.named("b", ["y": "INT,"], constraints: ["x"])]))
        #expect(faults.count == 3)
        let later = Self.faults(try Self.build([Self.named("a", ["x": "INT BAD BAD ("]), Self.named("b", ["y": ""])]))
        #expect(later.count == 1)
    }

    static let codeCases:
        [(views: KeyValuePairs<String, String>, triggers: KeyValuePairs<String, String>, fault: String)] = [
            (["v": "SELECT * FROM nosuch"], [:], "60: view 'v': no such table: main.nosuch"),
            (["v": "SELECT nosuch FROM t"], [:], "60: view 'v': no such column: nosuch"),
            (["v": "SELCT 1"], [:], "60: view 'v': near \"SELCT\": syntax error"),
            (["v": "SELECT 1; DROP TABLE t"], [:], "60: view 'v': it holds a semicolon"),
            (["v": "SELECT * FROM w", "w": "SELECT * FROM v"], [:], "60: view 'v': view v is circularly defined"),
            (["t": "SELECT 1"], [:], "60: 't' is already the name of a table"),
            (
                [:], ["g": "AFTER INSERT ON t BEGIN INSERT INTO nosuch VALUES (1); END"],
                "70: trigger 'g': no such table: main.nosuch"
            ),
            (
                [:], ["g": "AFTER INSERT ON t BEGIN INSERT INTO t VALUES (1, 2, 3); END"],
                "70: trigger 'g': table t has 1 columns but 3 values were supplied"
            ),
            (
                [:], ["g": "AFTER UPDATE ON t BEGIN SELECT new.nosuch; END"],
                "70: trigger 'g': no such column: new.nosuch"
            ),
            ([:], ["g": "AFTER INSERT ON nosuch BEGIN SELECT 1; END"], "70: trigger 'g': no such table: main.nosuch"),
            (
                [:], ["g": "AFTER INSERT ON t BEGIN SELECT 1; END; DROP TABLE t"],
                "70: trigger 'g': it must end with its own END"
            ),
            ([:], ["g": "AFTER INSERT ON t BEGIN SELECT 'x; END"], "70: trigger 'g': a quote is not closed"),
            ([:], ["g": "AFTER INSERT ON t SELECT 1"], "70: trigger 'g': near \"SELECT\": syntax error"),
        ]

    @Test(arguments: codeCases.indices) func viewsAndTriggersMustWork(index: Int) throws {
        let example = Self.codeCases[index]
        let outcome = try Self.build([Self.table(["a": ""])], views: example.views, triggers: example.triggers)
        let faults = Self.faults(outcome)
        #expect(faults.first?.hasPrefix(example.fault) == true, "\(faults)")
    }

    @Test func aGoodDeclarationBecomesWhatPeopleWouldWrite() throws {
        var users = Self.named(
            "users",
            [
                "id": "INTEGER PRIMARY KEY", "order": "TEXT -- which\n NOT NULL", "note": "",
                "größe": "DECIMAL(10, 2) DEFAULT 0",
            ],
            constraints: ["CONSTRAINT some CHECK (\"order\" <> '')"],
            indexes: ["idx_order": ["\"order\" COLLATE NOCASE", "id DESC"]], unique: true, predicate: "note IS NULL")
        users.isStrict = false
        var pairs = Self.named("pairs", ["a": "INT", "b": "TEXT"], constraints: ["PRIMARY KEY (a, b)"])
        (pairs.isStrict, pairs.isWithoutRowid) = (true, true)
        let outcome = try Self.build(
            [users, pairs],
            views: ["notes": "SELECT note FROM users;", "two (x, y)": "SELECT 1, 2", "cols": "(x, y) AS SELECT 1, 2"],
            triggers: [
                "touch":
                    "AFTER UPDATE OF note ON users WHEN new.id > 0 BEGIN UPDATE users SET note = CASE WHEN 1 THEN 'x' END; END;"
            ])
        guard case .schema(let schema) = outcome else {
            Issue.record("\(Self.faults(outcome))")
            return
        }
        #expect(schema.tableNames == [SQLName("users"), SQLName("pairs")])
        #expect(
            schema.statements == [
                """
                CREATE TABLE users (
                    id INTEGER PRIMARY KEY,
                    "order" TEXT NOT NULL,
                    note,
                    "größe" DECIMAL(10, 2) DEFAULT 0,
                    CONSTRAINT some CHECK ("order" <> '')
                )
                """,
                "CREATE TABLE pairs (\n    a INT,\n    b TEXT,\n    PRIMARY KEY (a, b)\n) STRICT, WITHOUT ROWID",
                "CREATE UNIQUE INDEX idx_order ON users (\"order\" COLLATE NOCASE, id DESC) WHERE note IS NULL",
                "CREATE VIEW notes AS SELECT note FROM users", "CREATE VIEW \"two (x, y)\" AS SELECT 1, 2",
                "CREATE VIEW cols (x, y) AS SELECT 1, 2",
                "CREATE TRIGGER touch AFTER UPDATE OF note ON users WHEN new.id > 0 BEGIN UPDATE users SET note = CASE WHEN 1 THEN 'x' END; END",
            ])
        let connection = try database()
        for statement in schema.statements { try connection.execute(statement) }
        #expect(try plan(schema, connection).isEmpty)
    }

    @Test func hostileNamesAreNames() throws {
        let names = [
            "a\"b", "x'); DROP TABLE t; --", "line\nbreak", "tab\t", "日本語", "e\u{301}", "select", "", " ", "🙂", "[x]",
            "`", String(repeating: "n", count: 10_000),
        ]
        for name in names {
            let table = Self.named(
                name, KeyValuePairs(dictionaryLiteral: (name + "1", "TEXT"), (name + "2", "INT CHECK (1)")),
                indexes: KeyValuePairs(dictionaryLiteral: (name + "i", [SQLName(name + "1").quoted])))
            guard case .schema(let schema) = try Self.build([table]) else {
                Issue.record("\(name.shown)")
                continue
            }
            let connection = try database()
            for change in try plan(schema, connection) {
                for statement in change.statements { try connection.execute(statement) }
            }
            #expect(try plan(schema, connection).isEmpty)
            try connection.execute("ALTER TABLE \(SQLName(name).quoted) DROP COLUMN \(SQLName(name + "2").quoted)")
            for change in try plan(schema, connection) {
                for statement in change.statements { try connection.execute(statement) }
            }
            #expect(try plan(schema, connection).isEmpty)
            let columns = try connection.rows("SELECT name FROM pragma_table_info(?)", [.text(name)])
            #expect(columns == [[.text(name + "1")], [.text(name + "2")]])
        }
    }

    @Test func oldNamesAndBackfillsAreChecked() throws {
        func pair(_ name: String, _ body: String) -> NamedDeclaration {
            NamedDeclaration(name: SourcedText(name, at(80)), body: SourcedText(body, at(81)))
        }
        func faults(old: [NamedDeclaration] = [], fill: [NamedDeclaration] = []) throws -> [String] {
            var table = Self.table(["a": "INT", "b": "TEXT", "g": "AS (a)"])
            (table.formerNames, table.backfills) = (old, fill)
            return Self.faults(try Self.build([table]))
        }
        #expect(try faults(old: [pair("x", "b")], fill: [pair("b", "'EUR'"), pair("a", "1 + 1")]) == [])
        #expect(try faults(old: [pair("x", "c")]) == ["81: table 't' states no column 'c'"])
        #expect(try faults(old: [pair("A", "b")]) == ["80: 'A' cannot be an old name: it is stated as a column"])
        #expect(try faults(fill: [pair("c", "1")]) == ["80: table 't' states no column 'c'"])
        #expect(try faults(fill: [pair("g", "1")]) == ["80: 'g' is generated and cannot be filled"])
        #expect(try faults(fill: [pair("a", "1, b = 2")])[0].hasPrefix("81: backfill of 'a': it holds a comma"))
        #expect(try faults(fill: [pair("a", "1 WHERE 0")])[0].hasPrefix("81: backfill of 'a': near \"WHERE\""))
        #expect(try faults(fill: [pair("a", "nosuch")]) == ["81: backfill of 'a': no such column: nosuch"])
    }

    @Test func whatIsNoFaultOfTheManifestIsThrown() throws {
        struct Broken: SQLConnection {
            func execute(_ sql: String) throws(MachineError) {
                if !["BEGIN", "ROLLBACK", "PRAGMA trusted_schema = ON"].contains(sql) {
                    throw .timedOut(subject: "scratch", after: .seconds(1))
                }
            }
            func rows(_ sql: String, _ arguments: [SQLValue]) throws(MachineError) -> [[SQLValue]] { [] }
            func compile(_ sql: String) throws(MachineError) { throw .timedOut(subject: "scratch", after: .seconds(1)) }
        }
        var declaration = SchemaDeclaration(location: at(1))
        declaration.tables = [Self.table(["a": ""])]
        #expect(throws: MachineError.timedOut(subject: "scratch", after: .seconds(1))) {
            _ = try SchemaBuilder.build(declaration, on: Broken())
        }
        declaration.tables = []
        declaration.script = SourcedText("CREATE TABLE t (a)", at(1))
        #expect(throws: MachineError.self) { _ = try SchemaBuilder.build(declaration, on: Broken()) }
    }
}
