import Foundation
import Testing

/// A run is taken back: exactly, as long as nothing was written since; otherwise with every row that was, or not at all.
@Suite struct UndoTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// What the database is made of.
        var before: String
        /// Its section of the manifest.
        var wanted: String
        /// Whether the run makes a backup, so that the undo copies it back.
        var hasBackup: Bool
        /// What an application writes after the run.
        var writes: String
        /// What it reads back, before and after the undo: the same when the undo is done.
        var reads: String
        /// Why the undo is refused after that; `nil` when it is done.
        var refusal: String?
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "columns, an index and a view",
            before: "CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT);INSERT INTO t VALUES (1, 'x'), (7, NULL);",
            wanted: """
                    tables:
                      t:
                        columns: {id: INTEGER PRIMARY KEY, a: TEXT, b: "INTEGER NOT NULL DEFAULT 3", c: TEXT}
                        indexes: {i: [a, b]}
                      fresh: {columns: {id: INTEGER PRIMARY KEY AUTOINCREMENT, x: TEXT}}
                    views: {v: "SELECT a, b FROM t"}
                """,
            hasBackup: false, writes: "INSERT INTO t(a) VALUES ('new'); UPDATE t SET a = 'y' WHERE id = 1",
            reads: "SELECT id, a FROM t ORDER BY id"),
        Case(
            name: "a value in a column that the run added",
            before: "CREATE TABLE t(id INTEGER PRIMARY KEY);INSERT INTO t VALUES (1);",
            wanted: """
                    tables: {t: {columns: {id: INTEGER PRIMARY KEY, b: INTEGER DEFAULT 3}}}
                """,
            hasBackup: false, writes: "INSERT INTO t(b) VALUES (4)", reads: "SELECT * FROM t",
            refusal: "1 row of table t has a value in b"),
        Case(
            name: "rows in a table that the run made",
            before: "CREATE TABLE other(x);",
            wanted: """
                    tables: {t: {columns: {id: INTEGER PRIMARY KEY}}}
                """,
            hasBackup: false, writes: "INSERT INTO t VALUES (1), (2)", reads: "SELECT * FROM t",
            refusal: "table t, which the run made, holds 2 rows"),
        Case(
            name: "a rebuild",
            before: """
                CREATE TABLE t(id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, n TEXT);
                CREATE INDEX i ON t(a);CREATE TRIGGER g AFTER DELETE ON t BEGIN INSERT INTO log VALUES (old.id); END;
                CREATE TABLE log(x);INSERT INTO t(a, n) VALUES ('x', '5'), ('y', '70');DELETE FROM t WHERE id = 2;
                """,
            wanted: """
                    tables:
                      t:
                        columns: {id: INTEGER PRIMARY KEY AUTOINCREMENT, a: TEXT UNIQUE, "n": "INTEGER NOT NULL DEFAULT 0"}
                """,
            hasBackup: true, writes: "INSERT INTO t(a, n) VALUES ('z', 6)", reads: "SELECT id, a, n FROM t"),
        Case(
            name: "a rename",
            before: """
                CREATE TABLE t(id INTEGER PRIMARY KEY, old TEXT);CREATE INDEX i ON t(old);
                CREATE VIEW v AS SELECT old FROM t;INSERT INTO t(old) VALUES ('x'), ('y');
                """,
            wanted: """
                    tables: {t: {columns: {id: INTEGER PRIMARY KEY, new: TEXT}, renamed_from: {old: new}}}
                """,
            hasBackup: true, writes: "INSERT INTO t(new) VALUES ('z')", reads: "SELECT * FROM t"),
        Case(
            name: "a rename, a rebuild, a backfill and a version",
            before: """
                PRAGMA user_version = 2;CREATE TABLE t(id INTEGER PRIMARY KEY, old TEXT, n TEXT);
                INSERT INTO t(old, n) VALUES ('x', '1'), ('y', '2');CREATE INDEX i ON t(n);
                """,
            wanted: """
                    tables:
                      t:
                        columns: {id: INTEGER PRIMARY KEY, new: TEXT, "n": INTEGER, cur: "TEXT NOT NULL", t2: TEXT}
                        renamed_from: {old: new}
                        backfill: {cur: "'E' || new", t2: "'q'"}
                        indexes: {i: ["n"], j: [cur]}
                    pragmas: {user_version: 3}
                """,
            hasBackup: true, writes: "INSERT INTO t(new, n, cur) VALUES ('z', 9, 'Ez')",
            reads: "SELECT id, n FROM t"),
        Case(
            name: "a table without rowids",
            before: "CREATE TABLE t(k TEXT PRIMARY KEY, a TEXT) WITHOUT ROWID;INSERT INTO t VALUES ('x', '1');",
            wanted: """
                    tables: {t: {columns: {k: TEXT PRIMARY KEY, a: INTEGER}, options: [without_rowid]}}
                """,
            hasBackup: true, writes: "INSERT INTO t VALUES ('y', 2)", reads: "SELECT * FROM t"),
        Case(
            name: "a value that the old type would change",
            before: "CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER);INSERT INTO t VALUES (1, 5);",
            wanted: """
                    tables: {t: {columns: {id: INTEGER PRIMARY KEY, a: TEXT}}}
                """,
            hasBackup: true, writes: "INSERT INTO t VALUES (2, '007')", reads: "SELECT id, a FROM t",
            refusal: "would lose something of its value in a"),
    ]

    /// A database in need of a run, the run done.
    private func healed(_ test: Case, _ mode: String) async throws -> (Sandbox, dump: String, bytes: [UInt8]) {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndatabases:\n  d.db:\n\(test.wanted)\n")
        _ = try await sandbox.sqlite("d.db", "PRAGMA journal_mode = \(mode);" + test.before)
        let dump = try await self.dump(sandbox)
        let bytes = try masked(sandbox)
        let answer = try await sandbox.heal()
        #expect(answer.status == 0, "\(answer.all)")
        #expect(try await self.dump(sandbox) != dump)
        return (sandbox, dump, bytes)
    }

    private func dump(_ sandbox: Sandbox) async throws -> String {
        let pragmas = "PRAGMA user_version; PRAGMA application_id; PRAGMA journal_mode"
        return try await sandbox.sqlite("d.db", ".dump") + sandbox.sqlite("d.db", pragmas)
    }

    /// The file, without the counters in its first page that every transaction counts up.
    private func masked(_ sandbox: Sandbox) throws -> [UInt8] {
        var bytes = [UInt8](try Data(contentsOf: URL(filePath: sandbox.path("d.db"))))
        for offset in Array(24..<28) + Array(40..<44) + Array(92..<100) { bytes[offset] = 0 }
        return bytes
    }

    /// What a check finds, without when and how long.
    private func findings(_ sandbox: Sandbox) async throws -> [String] {
        let answer = try await sandbox.validate("--check-only", "--format", "json")
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        return checks.flatMap { check in
            (check["findings"] as? [[String: any Sendable]] ?? []).map { "\($0["id"] ?? "") \($0["subject"] ?? "")" }
        }.sorted()
    }

    @Test(arguments: cases, ["delete", "wal"]) func exactlyBackWhenNothingWasWritten(
        test: Case, mode: String
    ) async throws {
        let (sandbox, dump, bytes) = try await healed(test, mode)
        let listing = try sandbox.listing()
        let dry = try await sandbox.tool("selfheal", ["undo", "--dry-run"])
        #expect(dry.status == 0 && dry.output.contains("1 planned"), "\(dry.all)")
        #expect(try sandbox.listing() == listing)

        let undo = try await sandbox.tool("selfheal", ["undo"])
        #expect(undo.status == 0, "\(undo.all)")
        #expect(undo.output.contains(test.hasBackup ? "from the backup" : "by inverse steps"), "\(undo.all)")
        // SQLite keeps the counter of AUTOINCREMENT for ever once it has one.
        let counters = "DELETE FROM sqlite_sequence;"
        #expect(
            try await self.dump(sandbox).replacing("\n" + counters, with: "")
                == dump.replacing("\n" + counters, with: ""))
        if test.hasBackup, mode == "delete" { #expect(try masked(sandbox) == bytes) }
        #expect(try await sandbox.sqlite("d.db", "PRAGMA integrity_check") == "ok")
        #expect(try await !findings(sandbox).isEmpty)

        for arguments in [["undo"], ["undo", "1"], ["undo", "2"], ["undo", "3"]] {
            let before = try sandbox.listing()
            let again = try await sandbox.tool("selfheal", arguments)
            #expect(again.status == 64, "\(arguments) \(again.all)")
            #expect(try sandbox.listing() == before)
        }
        // And a heal does it all again.
        #expect(try await sandbox.heal().status == 0)
    }

    @Test(arguments: cases, ["delete", "wal"]) func rowsWrittenSinceAreKept(test: Case, mode: String) async throws {
        let original = try Sandbox()
        try original.write("schemas.yaml", "version: 1\ndatabases:\n  d.db:\n\(test.wanted)\n")
        _ = try await original.sqlite("d.db", test.before)
        let wrong = try await findings(original)

        let (sandbox, _, _) = try await healed(test, mode)
        _ = try await sandbox.sqlite("d.db", test.writes)
        let written = try await dump(sandbox)
        let dry = try await sandbox.tool("selfheal", ["undo", "--dry-run"])
        let undo = try await sandbox.tool("selfheal", ["undo", "1"])
        #expect(dry.status == undo.status, "\(dry.all)\(undo.all)")
        if let refusal = test.refusal {
            #expect(undo.status == 1 && undo.output.contains(refusal), "\(undo.all)")
            #expect(try await dump(sandbox) == written)
            return
        }
        let read = try await sandbox.sqlite("d.db", test.reads.replacing("new", with: "old"))
        #expect(undo.status == 0 && undo.output.contains("by inverse steps"), "\(undo.all)")
        // As it was read before the undo, from the backup that the undo made.
        let folder = ".selfheal/backups/d.db"
        let backup = try #require(
            try FileManager.default.contentsOfDirectory(atPath: sandbox.path(folder)).filter { $0.contains("run2") }
                .first)
        #expect(read == (try await sandbox.sqlite("\(folder)/\(backup)", test.reads)), "\(undo.all)")
        #expect(try await findings(sandbox) == wrong)
        #expect(try await sandbox.sqlite("d.db", "PRAGMA integrity_check") == "ok")
    }
}
