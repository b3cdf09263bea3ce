import HealKit
import HealModel
import Testing

@testable import SQLiteSchema

/// Schema files: plain SQL, as applications keep it and as dumps come.
@Suite struct ScriptTests {
    private func build(_ sql: String) throws -> SchemaBuilder.Outcome {
        var declaration = SchemaDeclaration(location: at(1))
        declaration.script = SourcedText(sql, HealModel.SourceLocation(file: "db/chat.sql", line: 1, column: 1))
        return try SchemaBuilder.build(declaration, on: try TestConnection())
    }

    private func schema(_ sql: String) throws -> DesiredSchema? {
        switch try build(sql) {
        case .schema(let schema): return schema
        case .faults(let faults):
            Issue.record("\(faults)")
            return nil
        }
    }

    struct Case: Sendable, CustomTestStringConvertible {
        var sql: String
        var fault: String
        var testDescription: String { sql }

        init(_ sql: String, _ fault: String) {
            self.sql = sql
            self.fault = fault
        }
    }

    static let faults = [
        Case("CREATE TABLE t (a);\nCREATE TABEL u (b);", "db/chat.sql:2:8: near \"TABEL\": syntax error"),
        Case("-- é\nCREATE TABLE t (\n  a INT,\n  é TEXT NOT NUL\n);", "db/chat.sql:4:14: near \"NUL\": syntax error"),
        Case("CREATE TABLE t (a); /* ☃ */ SELECT nosuch FROM t", "db/chat.sql:1:36: no such column: nosuch"),
        Case("CREATE TABLE t (a);\n  CREATE TABLE t (a)", "db/chat.sql:2:16: table t already exists"),
        Case("CREATE TABLE t (a);\n\nATTACH 'x.db' AS y", "db/chat.sql:3:1: ATTACH has no place in a schema"),
        Case("VACUUM INTO '/tmp/x'", "db/chat.sql:1:1: VACUUM has no place in a schema"),
        Case("detach main;", "db/chat.sql:1:1: DETACH has no place in a schema"),
        Case("CREATE TABLE t (a);\n.tables", "db/chat.sql:2:1: near \".\": syntax error"),
        Case("CREATE TABLE t (a DEFAULT 'x);", "db/chat.sql:1:27: a quote that is not closed"),
        Case("CREATE TABLE t (a); SELECT ^", "db/chat.sql:1:28: a quote that is not closed, or a character"),
        Case("CREATE TABLE t (a);\nCREATE INDEX i ON t(\"typo\");", "db/chat.sql:2:1: no such column: typo"),
        Case(
            "CREATE TABLE t (a);\nCREATE VIEW v AS SELECT nosuch FROM t;",
            "db/chat.sql:2:1: view 'v' does not work: no such column: nosuch"),
        Case(
            "CREATE TABLE t (a);\nCREATE TRIGGER g AFTER INSERT ON t BEGIN\n INSERT INTO u VALUES (1);\nEND;",
            "db/chat.sql:2:1: trigger 'g' does not work: no such table: main.u"),
        Case("CREATE VIRTUAL TABLE t USING nosuch(a)", "db/chat.sql:1:1: no such module: nosuch"),
        Case("CREATE TABLE t (a) ) ;", "db/chat.sql:1:20: near \")\": syntax error"),
        Case("CREATE TABLE sqlite_t (a)", "db/chat.sql:1:1: object name reserved for internal use: sqlite_t"),
    ]

    @Test(arguments: faults) func faultsSayWhere(example: Case) throws {
        guard case .faults(let faults) = try build(example.sql) else {
            Issue.record("no fault")
            return
        }
        let first = try #require(faults.first)
        #expect("\(first.location): \(first.message)".hasPrefix(example.fault), "\(faults)")
    }

    @Test func aDumpIsASchema() throws {
        let dump = """
            PRAGMA foreign_keys=OFF;
            BEGIN TRANSACTION;
            CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, name TEXT);
            INSERT INTO t VALUES(1,'a;b');
            INSERT INTO t VALUES(2,'it''s');
            DELETE FROM sqlite_sequence;
            INSERT INTO sqlite_sequence VALUES('t',2);
            CREATE INDEX i ON t(name);
            CREATE TRIGGER g AFTER UPDATE ON t WHEN new.id > 1 BEGIN
              UPDATE t SET name = CASE WHEN 1 THEN 'x; END;' ELSE "name" END WHERE id = 0;
              SELECT 1;
            END;
            COMMIT;
            """
        let schema = try #require(try schema(dump))
        #expect(schema.stored.objects.map(\.name.text) == ["t", "i", "g"])
        #expect(schema.pragmas.isEmpty)
        let connection = try database()
        for statement in schema.statements { try connection.execute(statement) }
        #expect(try plan(schema, connection).isEmpty)
    }

    @Test func aTransactionThatStaysOpenDoesNoHarm() throws {
        #expect(try schema("BEGIN; CREATE TABLE t (a)")?.tableNames == [SQLName("t")])
    }

    @Test func whatTheFileMakesAndDropsDoesNotCount() throws {
        let sql =
            "CREATE TABLE t (a); DROP TABLE IF EXISTS t; CREATE TABLE t (b); CREATE TEMP TABLE x (y); ALTER TABLE t ADD COLUMN c"
        let schema = try #require(try schema(sql))
        #expect(schema.statements == ["CREATE TABLE t (b, c)"])
    }

    @Test func versionsInTheFileCount() throws {
        let schema = try #require(try schema("PRAGMA user_version = 4; PRAGMA application_id = 99; CREATE TABLE t (a)"))
        #expect(schema.pragmas.map(\.statement) == ["PRAGMA application_id = 99", "PRAGMA user_version = 4"])
    }

    @Test func shadowTablesAreTheModulesOwn() throws {
        let schema = try #require(
            try schema("CREATE VIRTUAL TABLE docs USING fts5(body); CREATE TABLE t (a); INSERT INTO docs VALUES ('x')"))
        #expect(schema.statements.count == 3)
        let connection = try database()
        for statement in schema.statements { try connection.execute(statement) }
        #expect(try plan(schema, connection).isEmpty)
        try connection.execute("INSERT INTO docs VALUES ('some words')")
        #expect(try connection.rows("SELECT count(*) FROM docs WHERE docs MATCH 'words'") == [[.integer(1)]])
    }

    /// As `.schema` of the sqlite3 shell prints a database: with SQLite's own tables, and with those of modules.
    @Test(arguments: [
        ("CREATE TABLE sqlite_sequence(name,seq);", 0), ("CREATE TABLE sqlite_stat1(tbl,idx,stat);", 0),
        ("CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample);", 0),
        ("CREATE TABLE IF NOT EXISTS \"sqlite_sequence\"(name,seq);", 0),
        (
            """
            CREATE VIRTUAL TABLE docs USING fts5(body)
            /* docs(body) */;
            CREATE TABLE IF NOT EXISTS 'docs_data'(id INTEGER PRIMARY KEY, block BLOB);
            CREATE TABLE IF NOT EXISTS 'docs_idx'(segid, term, pgno, PRIMARY KEY(segid, term)) WITHOUT ROWID;
            """, 1
        ),
        (
            "CREATE VIRTUAL TABLE docs USING fts5(body); CREATE TABLE 'docs_data'(id INTEGER PRIMARY KEY, block BLOB);",
            1
        ),
        (
            "CREATE VIRTUAL TABLE docs USING fts4(body); CREATE TABLE 'docs_content'(docid INTEGER PRIMARY KEY, 'c0body');",
            1
        ),
    ])
    func whatTheShellPrintsIsASchema(sql: String, count: Int) throws {
        let schema = try #require(try schema("CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT);\n" + sql))
        #expect(schema.stored.objects.count == 1 + count)
        let connection = try database()
        for statement in schema.statements { try connection.execute(statement) }
        #expect(try plan(schema, connection).isEmpty)
    }

    @Test func triggersMayKeepAFullTextIndexUpToDate() throws {
        let sql = """
            CREATE TABLE t (id INTEGER PRIMARY KEY, body TEXT);
            CREATE VIRTUAL TABLE words USING fts5(body, content='t');
            CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO words(rowid, body) VALUES (new.id, new.body); END;
            """
        let schema = try #require(try schema(sql))
        let connection = try database()
        for statement in schema.statements { try connection.execute(statement) }
        #expect(try plan(schema, connection).isEmpty)
        var rehearsal = try Rehearsal(copying: try StoredSchema(reading: connection), into: try TestConnection())
        #expect(try rehearsal.perform([["ALTER TABLE t ADD COLUMN c"]]) == [[]])
    }

    @Test func columnsAndSchemaSayTheSame() throws {
        let script = try #require(
            try schema(
                "create table T(\"id\" integer primary key,[name] text not null default(''),check(length(name)<9)); create unique index I on t(name collate nocase) where id>0"
            ))
        let table = BuilderTests.table(
            ["id": "INTEGER PRIMARY KEY", "name": "TEXT NOT NULL DEFAULT '' CHECK (length(name) < 9)"],
            indexes: ["i": ["name COLLATE NOCASE"]], unique: true, predicate: "id > 0")
        guard case .schema(let columns) = try BuilderTests.build([table]) else { return }
        for (desired, other) in [(script, columns), (columns, script)] {
            let connection = try database()
            for statement in other.statements { try connection.execute(statement) }
            #expect(try plan(desired, connection).isEmpty)
        }
    }

    @Test(arguments: [
        ("", 0), (";;;", 0), (" -- only a comment", 0), ("SELECT 1", 1), ("SELECT 1;", 1), ("SELECT 1;;SELECT 2", 2),
        ("CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END; SELECT 2", 2),
        ("CREATE TEMP TRIGGER g AFTER INSERT ON t BEGIN SELECT 1;; END; SELECT 2", 2),
        ("EXPLAIN CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END; SELECT 2", 2),
        ("CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT CASE 1 WHEN 1 THEN 2 END; SELECT 1; END", 1),
        ("CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END x; SELECT 1; END; SELECT 3", 2),
        ("CREATE TABLE trigger_ (a); SELECT 1", 2), ("EXPLAIN QUERY PLAN SELECT 1; SELECT 2", 2),
    ])
    func statementsAreCutApart(sql: String, count: Int) {
        #expect(SQLScript(sql).statements.count == count)
    }
}
