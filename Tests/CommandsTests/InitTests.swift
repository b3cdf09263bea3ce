import Foundation
import Testing

/// `selfheal init` states what is there so that a check of it passes, looks only, and copies no secret.
@Suite struct InitTests {
    struct Shape: Sendable, CustomTestStringConvertible {
        var name: String
        var sql: String
        /// Whether it is stated by a file with SQL.
        var isScript = false
        /// What the manifest, or the schema file, must hold.
        var holds: [String] = []
        var file = "data.db"
        var testDescription: String { name }
    }

    static let shapes = [
        Shape(
            name: "an ordinary one",
            sql: """
                CREATE TABLE users(id INTEGER PRIMARY KEY AUTOINCREMENT, email TEXT NOT NULL UNIQUE COLLATE NOCASE);
                CREATE TABLE orders(id INTEGER PRIMARY KEY, owner INTEGER REFERENCES users(id) ON DELETE CASCADE,
                  total REAL NOT NULL DEFAULT 0 CHECK (total >= 0), at TEXT DEFAULT CURRENT_TIMESTAMP, UNIQUE (owner, at));
                CREATE INDEX by_total ON orders(total DESC, owner); CREATE VIEW v AS SELECT id FROM orders;
                PRAGMA user_version = 7; PRAGMA application_id = 305419896;
                """,
            holds: [
                "id: INTEGER PRIMARY KEY AUTOINCREMENT", "- UNIQUE (owner, at)", "by_total: [total DESC, owner]",
                "user_version: 7", "application_id: 305419896",
            ]),
        Shape(
            name: "hostile names",
            sql: #"""
                CREATE TABLE "a ""b"" 'c' `d` [e]"("select" TEXT, "x: y" INT, "# z", "- w" DEFAULT '${HOME} $${X} #: ',
                  "${HOME}", "é日本🎉", "yes", "null", "1", "{}");
                CREATE TABLE "from"("group" TEXT PRIMARY KEY) WITHOUT ROWID; CREATE INDEX "order" ON "from"("group" DESC);
                CREATE TABLE [sp ace]([a b] INTEGER, "c$d" TEXT, e$f TEXT, CHECK ("c$d" <> '${x}' AND e$f <> ':#"'));
                CREATE INDEX "i: #" ON "sp ace"("a b", lower(e$f)) WHERE "a b" > 1 AND e$f <> '$${y}';
                """#,
            holds: []),
        Shape(
            name: "names that no key can be", sql: "CREATE TABLE \"tab\tle\"(\"\" TEXT, \"two\nlines\" INT)",
            isScript: true),
        Shape(
            name: "tables, columns and text in every quote",
            sql: #"""
                CREATE TABLE "t:1"("$a" TEXT DEFAULT 'it''s "quoted" \ ${NOT_SET}', [b#] TEXT DEFAULT 'x: y # z',
                  `c:d` BLOB DEFAULT x'00ff', e TEXT DEFAULT '
                two lines', f DEFAULT (1 + 2));
                """#, holds: ["$${NOT_SET}"]),
        Shape(
            name: "views and triggers",
            sql: """
                CREATE TABLE t(id INTEGER PRIMARY KEY, a TEXT); CREATE TABLE log(x, at);
                CREATE VIEW v(one, two) AS SELECT id, a || '${x}' FROM t -- why
                  WHERE a IS NOT NULL;
                CREATE VIEW w AS WITH x(n) AS (VALUES (1)) SELECT n FROM x;
                CREATE TRIGGER g AFTER UPDATE OF a ON t FOR EACH ROW WHEN new.a <> old.a BEGIN
                  INSERT INTO log VALUES (CASE WHEN new.a = '; END' THEN 1 ELSE 2 END, datetime('now')); -- c
                  UPDATE t SET a = upper(a) WHERE id = new.id;
                END;
                CREATE TRIGGER h INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE id = old.one; END;
                """, holds: ["g: |-", "WHEN new.a <> old.a BEGIN"]),
        Shape(
            name: "full text",
            sql: """
                CREATE TABLE docs(id INTEGER PRIMARY KEY, body TEXT);
                CREATE VIRTUAL TABLE search USING fts5(body, content='docs', content_rowid='id', tokenize = 'porter unicode61');
                CREATE TRIGGER ai AFTER INSERT ON docs BEGIN INSERT INTO search(rowid, body) VALUES (new.id, new.body); END;
                """, isScript: true, holds: ["CREATE VIRTUAL TABLE search USING fts5"]),
        Shape(name: "r-tree", sql: "CREATE VIRTUAL TABLE r USING rtree(id, a, b)", isScript: true),
        Shape(
            name: "generated, strict, without rowid",
            sql: """
                CREATE TABLE g(a INTEGER, b INTEGER GENERATED ALWAYS AS (a * 2) STORED, c TEXT AS (a || ':' || b) VIRTUAL);
                CREATE TABLE s(id INTEGER PRIMARY KEY, x ANY, y TEXT NOT NULL) STRICT;
                CREATE TABLE w(a TEXT, b TEXT, v BLOB, PRIMARY KEY (a, b DESC) ON CONFLICT REPLACE) WITHOUT ROWID, STRICT;
                """, holds: ["options: [strict, without_rowid]", "options: [strict]"]),
        Shape(
            name: "constraints with names, conflicts, deferred keys",
            sql: """
                CREATE TABLE p(a, b, PRIMARY KEY (a, b)) ;
                CREATE TABLE t(id INTEGER CONSTRAINT pk PRIMARY KEY ON CONFLICT IGNORE, /* why */ a INT -- first
                  , b INT, CONSTRAINT fk FOREIGN KEY (a, b) REFERENCES p(a, b) ON UPDATE SET NULL DEFERRABLE INITIALLY DEFERRED
                  CONSTRAINT ck CHECK (a > 0), CONSTRAINT u UNIQUE (a, b) ON CONFLICT ROLLBACK);
                """, holds: ["CONSTRAINT ck CHECK (a > 0)"]),
        Shape(
            name: "partial and expression indexes",
            sql: """
                CREATE TABLE t(a TEXT, b INTEGER, c);
                CREATE UNIQUE INDEX i ON t(lower(a), b COLLATE NOCASE DESC) WHERE c IS NOT NULL;
                CREATE INDEX j ON t(abs(b)), k; 
                """.replacing("CREATE INDEX j ON t(abs(b)), k; ", with: "CREATE INDEX j ON t(abs(b), 'x' || a);"),
            holds: ["unique: true", "where: c IS NOT NULL"]),
        Shape(name: "empty", sql: "CREATE TABLE t(a); DROP TABLE t; VACUUM", holds: ["data.db: {}"]),
        Shape(name: "empty with a version", sql: "PRAGMA user_version = 3", holds: ["user_version: 3"]),
        Shape(
            name: "WAL", sql: "PRAGMA journal_mode = wal; CREATE TABLE t(a); INSERT INTO t VALUES (1)",
            holds: ["journal_mode: wal"]),
        Shape(
            name: "pages and encoding",
            sql:
                "PRAGMA page_size = 1024; PRAGMA encoding = 'UTF-16le'; PRAGMA auto_vacuum = 2; CREATE TABLE t(a TEXT)",
            holds: ["page_size: 1024", "encoding: UTF-16le", "auto_vacuum: 2"]),
        Shape(
            name: "texts in double quotes",
            sql: """
                CREATE TABLE t(a TEXT DEFAULT "x", b TEXT CHECK (b <> "none")); CREATE VIEW v AS SELECT a FROM t WHERE b = "y"
                """, isScript: true),
        Shape(name: "spaces", sql: "CREATE TABLE t(a)", file: "my data/the file.db"),
        Shape(name: "names for YAML", sql: "CREATE TABLE t(a)", file: "a: b/#c ${HOME} 'q' \"r\".db"),
        Shape(name: "wildcards", sql: "CREATE TABLE t(a)", file: "a[1]*?.db"),
        Shape(name: "no ending", sql: "CREATE TABLE t(a)", file: "state/store"),
        Shape(name: "unicode", sql: "CREATE VIRTUAL TABLE f USING fts5(a)", isScript: true, file: "données/日本.sqlite"),
        Shape(
            name: "wildcards with a script", sql: "CREATE VIRTUAL TABLE f USING fts5(a)", isScript: true,
            file: "[x]/y.db"),
    ]

    private func make(_ shape: Shape) async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write(shape.file, "")
        try sandbox.remove(shape.file)
        _ = try await sandbox.sqlite(shape.file, shape.sql)
        return sandbox
    }

    private func schema(_ sandbox: Sandbox, _ file: String) async throws -> String {
        try await sandbox.sqlite(file, "SELECT type, name, sql FROM sqlite_schema ORDER BY type, name")
    }

    /// No file can have the ending `.sql` behind such a name, so it is shortened, and two of them stay apart.
    @Test func namesThatAreTooLongForASchemaFile() async throws {
        let sandbox = try Sandbox()
        let stem = String(repeating: "é", count: 123)
        let names = ["\(stem)abc.db", "\(stem)xyz.db", "d/\(stem)abc.db"]
        _ = try await sandbox.sqlite("made.db", "CREATE VIRTUAL TABLE f USING fts5(a)")
        try FileManager.default.createDirectory(atPath: sandbox.path("d"), withIntermediateDirectories: true)
        for (index, name) in names.enumerated() {
            try FileManager.default.copyItem(atPath: sandbox.path("made.db"), toPath: sandbox.path(name))
            // Alike, they would be one pattern.
            _ = try await sandbox.shell(
                "printf '\\x0\(index + 1)' | dd of='\(name)' bs=1 seek=63 conv=notrunc 2> /dev/null")
        }
        try sandbox.remove("made.db")
        let answer = try await sandbox.tool("selfheal", ["init"])
        #expect(answer.status == 0, "\(answer.all)")
        let files = try FileManager.default.subpathsOfDirectory(atPath: sandbox.path("schemas"))
        #expect(files.filter { $0.hasSuffix(".sql") }.count == 3, "\(files)")
        #expect(files.filter { $0.hasPrefix(String(stem.prefix(60))) }.count == 2, "\(files)")
        let check = try await sandbox.validate("--check-only")
        #expect(check.status == 0, "\(check.all)")
    }

    @Test(arguments: shapes) func aCheckPasses(_ shape: Shape) async throws {
        let sandbox = try await make(shape)
        let before = try sandbox.listing()
        let printed = try await sandbox.tool("selfheal", ["init", "--print"])
        #expect(printed.status == 0, "\(printed.all)")
        #expect(try sandbox.listing() == before, "--print writes nothing")
        let answer = try await sandbox.tool("selfheal", ["init"])
        #expect(answer.status == 0 && !answer.errors.contains("left out"), "\(answer.all)")
        let text = try sandbox.read("schemas.yaml")
        #expect(printed.output.hasPrefix(text))
        let isScript = text.contains("    schema: ")
        #expect(isScript == shape.isScript, "\(text)")
        let script = isScript ? try sandbox.read("schemas/\(shape.file).sql") : ""
        for part in shape.holds { #expect((text + script).contains(part), "\(part) in \(text)\(script)") }
        // The database and all beside it are as they were.
        for (name, entry) in before where name.hasPrefix(shape.file) || !name.contains("/") {
            #expect(try sandbox.listing()[name] == entry, "\(name)")
        }
        let added = Set(try sandbox.listing().keys).subtracting(before.keys).filter { !$0.hasPrefix("schemas") }
        #expect(added.isEmpty, "\(added)")
        let check = try await sandbox.validate("--check-only")
        #expect(check.status == 0, "\(check.all)\(text)")
        #expect(try await sandbox.tool("selfheal", ["diff"]).status == 0)
        // Nothing that is there goes unstated, and a new one is the same.
        if !shape.file.contains("*") && !shape.file.contains("[") {
            let old = try await schema(sandbox, shape.file)
            try sandbox.write(
                "schemas.yaml", text.replacing("databases:\n", with: "policy: {max_risk: low}\ndatabases:\n"))
            for suffix in ["", "-wal", "-shm"] where sandbox.exists(shape.file + suffix) {
                try sandbox.remove(shape.file + suffix)
            }
            #expect(try await sandbox.heal().status == 0)
            let made = try await schema(sandbox, shape.file)
            #expect(
                Set(made.split(separator: "\n").compactMap { $0.split(separator: "|").dropFirst().first })
                    .isSuperset(
                        of: old.split(separator: "\n").filter { $0.hasPrefix("table|") }.compactMap {
                            $0.split(separator: "|").dropFirst().first
                        }))
            try sandbox.remove("schemas.yaml")
            let again = try await sandbox.tool("selfheal", ["init", "--force"])
            #expect(again.status == 0, "\(again.all)")
            #expect(try sandbox.read("schemas.yaml") == text)
        }
    }

    @Test func nothingOfALiveWALDatabaseIsTouched() async throws {
        let sandbox = try Sandbox()
        let answer = try await sandbox.shell(
            """
            python3 - <<'END'
            import sqlite3, subprocess, os, hashlib
            c = sqlite3.connect("live.db"); c.execute("PRAGMA journal_mode=wal"); c.execute("CREATE TABLE t(a)"); c.commit()
            def look(): return {n: (os.stat(n).st_size, os.stat(n).st_mtime_ns, hashlib.sha256(open(n,"rb").read()).hexdigest())
                                for n in os.listdir(".") if n.startswith("live.db") and not n.endswith("-shm")}
            before = look()
            assert "live.db-wal" in before
            print(subprocess.run([os.environ["BIN"] + "/selfheal", "init"]).returncode)
            assert look() == before, (before, look())
            END
            """)
        #expect(answer.status == 0 && answer.output.contains("0\n"), "\(answer.all)")
        #expect(try sandbox.read("schemas.yaml").contains("t:"))
    }

    @Test func whatIsLeftOutIsNamed() async throws {
        let sandbox = try Sandbox()
        for name in ["a.db", ".git/x.db", "node_modules/m/y.db", "env/z.db", ".selfheal/j.db", "backups/b.db"] {
            try sandbox.write(name, "")
            try sandbox.remove(name)
            _ = try await sandbox.sqlite(name, "CREATE TABLE t(a)")
        }
        try sandbox.write("env/pyvenv.cfg", "")
        for copy in ["a.db.bak", "a.db.damaged-20260101T000000Z", "a.tmp"] {
            try FileManager.default.copyItem(atPath: sandbox.path("a.db"), toPath: sandbox.path(copy))
        }
        try sandbox.write("zero.db", "")
        try sandbox.write("text.sqlite", "nothing of the kind")
        try sandbox.write("broken.db", "SQLite format 3\u{0}" + String(repeating: "x", count: 2000))
        _ = try await sandbox.sqlite("hard.db", "CREATE TABLE t(x)")
        try FileManager.default.linkItem(atPath: sandbox.path("hard.db"), toPath: sandbox.path("harder.db"))
        try sandbox.remove("hard.db")
        try FileManager.default.createSymbolicLink(atPath: sandbox.path("link.db"), withDestinationPath: "a.db")
        let answer = try await sandbox.tool("selfheal", ["init"])
        let text = try sandbox.read("schemas.yaml")
        for name in ["a.db.bak", "a.db.damaged-", "a.tmp", "zero.db", "text.sqlite", "broken.db"] {
            #expect(
                answer.errors.contains("left out: \(name)") && text.contains("# - \(name)"), "\(name): \(answer.all)")
        }
        #expect(
            answer.errors.contains("not looked into: .git, .selfheal, backups, env, node_modules"), "\(answer.errors)")
        #expect(text.contains("\n  a.db:\n") && text.contains("\n  harder.db:\n") && !text.contains("link.db"))
        #expect(
            !text.contains("x.db") && !text.contains("y.db") && !text.contains("z.db") && !text.contains("  backups"))
        let check = try await sandbox.validate("--check-only")
        #expect(check.status == 0, "\(check.all)")
    }

    @Test func aLockedDatabaseIsNamed() async throws {
        let sandbox = try Sandbox()
        _ = try await sandbox.sqlite("free.db", "CREATE TABLE t(a)")
        let answer = try await sandbox.shell(
            """
            python3 - <<'END'
            import sqlite3, subprocess, os
            c = sqlite3.connect("held.db", isolation_level=None); c.execute("CREATE TABLE t(a)"); c.execute("BEGIN EXCLUSIVE")
            raise SystemExit(subprocess.run([os.environ["BIN"] + "/selfheal", "init", "--timeout", "0.1"]).returncode)
            END
            """)
        #expect(answer.status == 0 && answer.errors.contains("left out: held.db: is locked"), "\(answer.all)")
        let text = try sandbox.read("schemas.yaml")
        #expect(text.contains("\n  free.db:") && text.contains("# - held.db: is locked"))
    }

    @Test func whatDoesNotWorkIsLeftOutOfADatabase() async throws {
        let sandbox = try Sandbox()
        _ = try await sandbox.sqlite(
            "d.db",
            "CREATE TABLE t(a); CREATE TABLE u(b); CREATE VIEW bad AS SELECT b FROM u; CREATE VIEW good AS SELECT a FROM t;"
                + "PRAGMA legacy_alter_table = 1; DROP TABLE u")
        let answer = try await sandbox.tool("selfheal", ["init"])
        #expect(answer.status == 0 && answer.errors.contains("left out: d.db: view bad"), "\(answer.all)")
        let text = try sandbox.read("schemas.yaml")
        #expect(text.contains("good: SELECT a FROM t") && text.contains("# Left out: view bad"), "\(text)")
        #expect(try await sandbox.validate("--check-only").status == 0)
    }

    @Test func alikeDatabasesAreOnePattern() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("tenants/.keep", "")
        for name in ["a", "b", "c"] { _ = try await sandbox.sqlite("tenants/\(name).db", "CREATE TABLE t(a)") }
        #expect(try await sandbox.tool("selfheal", ["init"]).status == 0)
        #expect(try sandbox.read("schemas.yaml").contains("databases:\n  \"tenants/*.db\":\n"))
        #expect(try await sandbox.validate("--check-only").status == 0)
        _ = try await sandbox.sqlite("tenants/d.db", "CREATE TABLE other(a)")
        #expect(try await sandbox.tool("selfheal", ["init", "--force"]).status == 0)
        #expect(!(try sandbox.read("schemas.yaml").contains("*.db")))
        #expect(try await sandbox.validate("--check-only").status == 0)
    }
}
