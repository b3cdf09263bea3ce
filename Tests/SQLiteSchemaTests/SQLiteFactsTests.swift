import CSelfHeal
import Foundation
import GRDB
import GRDBSQLite
import HealKit
import HealModel
import Testing

/// What the healer relies on, asked of SQLite itself: another version that answers otherwise is noticed here.
/// `docs/sqlite-rules.md` says what follows from each.
@Suite struct SQLiteFactsTests {
    /// Why SQLite refuses a statement; `nil` when it does not.
    private func refusal(_ sql: String, _ connection: TestConnection) -> String? {
        do {
            try connection.execute(sql)
            return nil
        } catch { return error.explanation }
    }

    private func text(_ sql: String, _ connection: TestConnection) throws -> String {
        try connection.rows(sql).map {
            $0.map { "\($0.text ?? $0.integer.map(String.init) ?? "NULL")" }.joined(separator: " ")
        }
        .joined(separator: "; ")
    }

    // MARK: ADD COLUMN

    @Test(arguments: [
        ("t", "c INTEGER PRIMARY KEY", "Cannot add a PRIMARY KEY column"),
        ("t", "c UNIQUE", "Cannot add a UNIQUE column"),
        ("t", "A TEXT", "duplicate column name: A"),
        ("t", "c TEXT COLLATE nosuch", "no such collation sequence: nosuch"),
        ("v", "c", "Cannot add a column to a view"), ("f", "c", "virtual tables may not be altered"),
        ("sqlite_sequence", "c", "table sqlite_sequence may not be altered"), ("s", "c", "missing datatype for s.c"),
        ("s", "c VARCHAR(9)", "unknown datatype for s.c: \"VARCHAR(9)\""),
    ]) func addColumnIsAlwaysRefused(table: String, column: String, why: String) throws {
        let connection = try database(
            """
            CREATE TABLE t (a TEXT); CREATE VIEW v AS SELECT a FROM t; CREATE VIRTUAL TABLE f USING fts5(x);
            CREATE TABLE n (id INTEGER PRIMARY KEY AUTOINCREMENT); CREATE TABLE s (a TEXT) STRICT
            """)
        #expect(refusal("ALTER TABLE \(table) ADD COLUMN \(column)", connection)?.contains(why) == true)
    }

    @Test(arguments: [
        ("c TEXT NOT NULL", "Cannot add a NOT NULL column with default value NULL"),
        ("c DEFAULT CURRENT_TIMESTAMP", "Cannot add a column with non-constant default"),
        ("c DEFAULT (1 + 1)", "Cannot add a column with non-constant default"),
        ("c AS (a) STORED", "cannot add a STORED column"),
        ("c CHECK (c IS NOT NULL)", "CHECK constraint failed"),
        ("c REFERENCES t DEFAULT 1", "Cannot add a REFERENCES column with non-NULL default value"),
    ]) func addColumnIsRefusedWhereThereAreRows(column: String, why: String) throws {
        let connection = try database("CREATE TABLE t (a TEXT)", foreignKeys: true)
        let sql = "ALTER TABLE t ADD COLUMN \(column)"
        try connection.execute("SAVEPOINT empty")
        #expect(refusal(sql, connection) == nil)
        try connection.execute("ROLLBACK TO empty; INSERT INTO t VALUES ('x')")
        #expect(refusal(sql, connection)?.contains(why) == true, "\(refusal(sql, connection) ?? "done")")
    }

    @Test func aConstantInParenthesesIsConstant() throws {
        let connection = try database("CREATE TABLE t (a TEXT); INSERT INTO t VALUES ('x')")
        #expect(refusal("ALTER TABLE t ADD COLUMN c INT DEFAULT (5)", connection) == nil)
    }

    @Test func addColumnIsAcceptedAndHarms() throws {
        let strict = try database("CREATE TABLE t (a TEXT) STRICT; INSERT INTO t VALUES ('x')")
        #expect(refusal("ALTER TABLE t ADD COLUMN c INT DEFAULT 'x'", strict) == nil)
        #expect(try text("PRAGMA integrity_check", strict) == "non-INT value in t.c")

        let child = try database(
            "CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        #expect(refusal("ALTER TABLE t ADD COLUMN c REFERENCES p DEFAULT 1", child) == nil)
        #expect(try child.rows("PRAGMA foreign_key_check").count == 1)

        let trigger = try database(
            "CREATE TABLE t (a); CREATE TABLE u (x);"
                + "CREATE TRIGGER g AFTER INSERT ON u BEGIN INSERT INTO t VALUES (1); END")
        #expect(refusal("ALTER TABLE t ADD COLUMN c", trigger) == nil)
        #expect(refusal("INSERT INTO u VALUES (1)", trigger)?.contains("has 2 columns but 1 values") == true)
    }

    /// Rows that are there get another value from a default than new ones.
    @Test(arguments: [
        ("TEXT DEFAULT 1e3", "text 1e3", "text 1000.0"), ("TEXT DEFAULT -1.50", "text -1.50", "text -1.5"),
        ("TEXT DEFAULT TRUE", "integer 1", "text 1"), ("DEFAULT 1e3", "integer 1000", "real 1000.0"),
        ("INTEGER DEFAULT 1e3", "integer 1000", "integer 1000"), ("REAL DEFAULT TRUE", "real 1.0", "real 1.0"),
    ]) func addColumnStoresSomeDefaultsOtherwise(definition: String, old: String, new: String) throws {
        let connection = try database("CREATE TABLE t (a); INSERT INTO t VALUES (1)")
        try connection.execute("ALTER TABLE t ADD COLUMN c \(definition); INSERT INTO t (a) VALUES (2)")
        #expect(
            try text("SELECT typeof(c) || ' ' || CAST(c AS TEXT) FROM t ORDER BY a", connection) == "\(old); \(new)")
    }

    // MARK: Indexes

    @Test func ifNotExistsSaysNothingOfAnotherDefinition() throws {
        let connection = try database("CREATE TABLE t (a, b); CREATE INDEX i ON t (a)")
        #expect(refusal("CREATE UNIQUE INDEX IF NOT EXISTS i ON t (b DESC)", connection) == nil)
        #expect(try text("SELECT sql FROM sqlite_schema WHERE name = 'i'", connection) == "CREATE INDEX i ON t (a)")
    }

    @Test func anIndexOnAMisspeltNameIsOneOnAConstant() throws {
        let connection = try database("CREATE TABLE t (a)")
        #expect(refusal("CREATE INDEX i ON t (\"typo\")", connection) == nil)
        // -2 is an expression.
        #expect(try text("SELECT cid FROM pragma_index_info('i')", connection) == "-2")
    }

    // MARK: Pragmas

    @Test(arguments: [
        ("CREATE TABLE t (a CHECK (a > 1))", "CREATE TABLE t (a)"),
        ("CREATE TABLE t (a COLLATE NOCASE)", "CREATE TABLE t (a)"),
        ("CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)", "CREATE TABLE t (a INTEGER PRIMARY KEY)"),
        ("CREATE TABLE t (a REFERENCES t DEFERRABLE INITIALLY DEFERRED)", "CREATE TABLE t (a REFERENCES t)"),
        ("CREATE TABLE t (a REFERENCES t MATCH FULL)", "CREATE TABLE t (a REFERENCES t)"),
        ("CREATE TABLE t (a CONSTRAINT once UNIQUE)", "CREATE TABLE t (a UNIQUE)"),
        ("CREATE TABLE t (a, b AS (a + 1))", "CREATE TABLE t (a, b AS (a + 2))"),
        (
            "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 1",
            "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 2"
        ),
        ("CREATE TABLE t (a); CREATE INDEX i ON t (a + 1)", "CREATE TABLE t (a); CREATE INDEX i ON t (a + 2)"),
    ]) func pragmasDoNotShow(first: String, second: String) throws {
        let pictures = try [first, second].map { sql in
            let connection = try database(sql)
            return try ["table_list", "table_xinfo", "foreign_key_list", "index_list"].map {
                try text("SELECT * FROM pragma_\($0)('t')", connection)
            } + [text("SELECT x.* FROM pragma_index_list('t') l, pragma_index_xinfo(l.name) x", connection)]
        }
        // A foreign key's MATCH is the one of these words that the pragma has a column for; it always says NONE.
        #expect(pictures[0] == pictures[1])
    }

    /// The library that the journal uses, were it used for looking at schemas.
    @Test func whatGRDBLeavesOut() throws {
        let queue = try DatabaseQueue()
        try queue.write { db in
            try db.execute(
                sql: "CREATE TABLE t (a, b); CREATE INDEX plain ON t (a); CREATE INDEX lowered ON t (lower(b))")
            #expect(try db.indexes(on: "t").map(\.name) == ["plain"])
        }
        var mode = ""
        if case .immediateError = Configuration().busyMode { mode = "fails at once" }
        #expect(mode == "fails at once")
    }

    @Test func grdbTurnsTextsInDoubleQuotesOffAndThenNothingCanBeRenamed() throws {
        let queue = try DatabaseQueue()
        let lenient = try DatabaseQueue(
            configuration: {
                var configuration = Configuration()
                configuration.acceptsDoubleQuotedStringLiterals = true
                return configuration
            }())
        for (queue, works) in [(queue, false), (lenient, true)] {
            try queue.write { db in
                try db.execute(sql: "CREATE TABLE t (a); PRAGMA writable_schema = ON")
                // As an application without the setting has made it.
                try db.execute(
                    sql:
                        "INSERT INTO sqlite_schema VALUES ('table', 'x', 'x', 0, 'CREATE TABLE x (x CHECK (x <> \"y\"))')"
                )
                try db.execute(
                    sql: "UPDATE sqlite_schema SET rootpage = (SELECT rootpage FROM sqlite_schema "
                        + "WHERE name = 't') WHERE name = 'x'")
                try db.execute(sql: "PRAGMA writable_schema = RESET")
                let fails = (try? db.execute(sql: "ALTER TABLE t RENAME TO u")) == nil
                #expect(fails != works)
            }
        }
    }

    // MARK: Rebuilds

    @Test func foreignKeysCannotBeTurnedOffInsideATransaction() throws {
        let sql = """
            CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p ON DELETE CASCADE);
            INSERT INTO p VALUES (1); INSERT INTO c VALUES (1);
            """
        for (isInside, rows) in [(true, "0"), (false, "1")] {
            let connection = try database(sql, foreignKeys: true)
            let off = "PRAGMA foreign_keys = OFF;"
            try connection.execute(isInside ? "BEGIN; \(off)" : "\(off) BEGIN;")
            #expect(try text("PRAGMA foreign_keys", connection) == (isInside ? "1" : "0"))
            try connection.execute("DROP TABLE p; CREATE TABLE p (id INTEGER PRIMARY KEY); COMMIT")
            #expect(try text("SELECT count(*) FROM c", connection) == rows)
        }
    }

    @Test func renamingTheOldTableTakesReferencesAlong() throws {
        let connection = try database("CREATE TABLE p (id INTEGER PRIMARY KEY); CREATE TABLE c (p REFERENCES p)")
        try connection.execute("ALTER TABLE p RENAME TO old")
        #expect(try text("SELECT \"table\" FROM pragma_foreign_key_list('c')", connection) == "old")
    }

    /// SQLite 3.40 looks for the columns of a table without rowids in the order of its key.
    @Test func integrityCheckMistakesTablesWithoutRowids() throws {
        let connection = try database(
            "CREATE TABLE t (a TEXT NOT NULL, k TEXT PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES ('x', 'y')")
        let isOld = sqlite3_libversion_number() < 3_041_000
        #expect(try text("PRAGMA integrity_check", connection) == (isOld ? "NULL value in t.a" : "ok"))
    }

    // MARK: Two at once

    @Test func changingTheJournalModeDoesNotWait() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "selfheal-facts-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "a.db").path
        let writer = try TestConnection(path)
        try writer.execute("CREATE TABLE t (x); BEGIN IMMEDIATE")
        var opened: OpaquePointer?
        #expect(sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE, nil) == SQLITE_OK)
        let db = try #require(opened)
        defer { sqlite3_close_v2(db) }
        let asked = UnsafeMutablePointer<Int>.allocate(capacity: 1)
        asked.initialize(to: 0)
        defer { asked.deallocate() }
        sqlite3_busy_handler(
            db,
            { counter, _ in
                counter?.assumingMemoryBound(to: Int.self).pointee += 1
                return 0
            }, asked)
        #expect(sqlite3_exec(db, "PRAGMA journal_mode = WAL", nil, nil, nil) == SQLITE_BUSY)
        // Whoever waits is asked first whether to go on.
        #expect(asked.pointee == 0)
        #expect(sqlite3_exec(db, "BEGIN IMMEDIATE", nil, nil, nil) == SQLITE_BUSY)
        #expect(asked.pointee == 1)
    }
}
