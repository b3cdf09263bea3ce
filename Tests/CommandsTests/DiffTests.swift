import Foundation
import Testing

/// `selfheal diff`: from what is there to what is stated, and nothing where only the spelling differs.
@Suite struct DiffTests {
    private static let manifest = """
        version: 1
        databases:
          app/data.db:
            tables:
              orders:
                columns:
                  id: INTEGER PRIMARY KEY
                  sku: TEXT NOT NULL UNIQUE
                  total: REAL NOT NULL DEFAULT 0 CHECK (total >= 0)
                  owner: INTEGER REFERENCES users(id)
                indexes: {by_total: [total DESC]}
              users: {columns: {id: INTEGER PRIMARY KEY}}
            views: {cheap: SELECT id FROM orders WHERE total < 10}
            triggers: {g: "AFTER DELETE ON orders BEGIN DELETE FROM users WHERE id = old.owner; END"}
          other.db: {tables: {t: {columns: {a: TEXT}}}}
        """

    /// As stated, in other words.
    private static let spelt = """
        CREATE TABLE users(id integer primary key);
        CREATE TABLE "ORDERS" (total real default (0) not null, "sku" text NOT NULL, [id] INTEGER, owner integer, own2 x,
          PRIMARY KEY(id), CHECK(("total">=0)), UNIQUE(sku), FOREIGN KEY(owner) REFERENCES users);
        CREATE INDEX by_total ON orders("total" desc); CREATE TABLE more(x);
        CREATE VIEW cheap as select id from  orders where total<10;
        CREATE TRIGGER g before delete ON orders for each row BEGIN SELECT 1; END; DROP TRIGGER g;
        CREATE TRIGGER g after delete ON orders for each row BEGIN delete from users where "id"=old.owner; END;
        """

    private func sandbox(_ sql: String) async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.manifest)
        try sandbox.write("app/.keep", "")
        _ = try await sandbox.sqlite("app/data.db", sql)
        _ = try await sandbox.sqlite("other.db", "CREATE TABLE t(a TEXT)")
        return sandbox
    }

    @Test func spellingIsNoDifference() async throws {
        let sandbox = try await sandbox(Self.spelt)
        let before = try sandbox.listing()
        let answer = try await sandbox.tool("selfheal", ["diff"])
        #expect(answer.status == 0 && answer.all.isEmpty, "\(answer.all)")
        #expect(try sandbox.listing() == before)
    }

    @Test func onlyWhatDiffersIsShown() async throws {
        let sandbox = try await sandbox(
            Self.spelt + """
                DROP INDEX by_total; DROP TRIGGER g; DROP VIEW cheap;
                CREATE TABLE n("sku" text not null, id INTEGER PRIMARY KEY, total REAL default 0, own2 x, UNIQUE(sku),
                  CHECK(total>=0)); DROP TABLE orders; ALTER TABLE n RENAME TO orders;
                CREATE VIEW cheap AS SELECT id FROM orders WHERE total<20;
                """)
        let before = try sandbox.listing()
        let answer = try await sandbox.tool("selfheal", ["diff"])
        #expect(answer.status == 1 && answer.errors.isEmpty)
        #expect(
            answer.output
                == """
                --- app/data.db table orders
                +++ app/data.db table orders (schemas.yaml:3)
                @@ -1,8 +1,10 @@
                 CREATE TABLE orders (
                     id INTEGER PRIMARY KEY,
                     sku TEXT NOT NULL,
                -    total REAL DEFAULT 0,
                +    total REAL NOT NULL DEFAULT 0,
                +    owner INTEGER,
                     own2 x,
                     UNIQUE (sku),
                -    CHECK (total>=0)
                +    CHECK (total >= 0),
                +    FOREIGN KEY (owner) REFERENCES users(id)
                 );
                --- /dev/null
                +++ app/data.db index by_total (schemas.yaml:3)
                @@ -0,0 +1 @@
                +CREATE INDEX by_total ON orders (total DESC);
                --- app/data.db view cheap
                +++ app/data.db view cheap (schemas.yaml:3)
                @@ -1,4 +1,4 @@
                 CREATE VIEW cheap AS
                     SELECT id
                     FROM orders
                -    WHERE total<20;
                +    WHERE total < 10;
                --- /dev/null
                +++ app/data.db trigger g (schemas.yaml:3)
                @@ -0,0 +1,5 @@
                +CREATE TRIGGER g AFTER DELETE ON orders
                +BEGIN
                +    DELETE FROM users
                +    WHERE id = old.owner;
                +END;

                """.replacing("-    CHECK (total>=0)\n+    CHECK (total >= 0),\n", with: "     CHECK (total >= 0),\n"),
            "\(answer.output)")
        #expect(try sandbox.listing() == before)
        // Healing makes it equal.
        #expect(try await sandbox.heal().status == 0)
        #expect(try await sandbox.tool("selfheal", ["diff"]).status == 0)
    }

    @Test func oneDatabase() async throws {
        let sandbox = try await sandbox("CREATE TABLE x(a)")
        #expect(try await sandbox.tool("selfheal", ["diff", "other.db"]).status == 0)
        #expect(try await sandbox.tool("selfheal", ["diff", "./other.db"]).status == 0)
        #expect(try await sandbox.tool("selfheal", ["diff", sandbox.path("other.db")]).status == 0)
        #expect(try await sandbox.tool("selfheal", ["diff", "app//data.db"]).status == 1)
        let wrong = try await sandbox.tool("selfheal", ["diff", "othr.db"])
        #expect(wrong.status == 64 && wrong.errors.contains("did you mean 'other.db'?"), "\(wrong.all)")
        let far = try await sandbox.tool("selfheal", ["diff", "zzzzzzzzzz"])
        #expect(far.status == 64 && far.errors.contains("app/data.db, other.db"), "\(far.all)")
    }

    @Test func whatTheManifestDoesNotNameOnlyWhereItMatters() async throws {
        let sandbox = try Sandbox()
        _ = try await sandbox.sqlite("d.db", "CREATE TABLE t(a TEXT, b); CREATE TABLE u(x); PRAGMA user_version = 2")
        let text = "version: 1\ndatabases: {d.db: {tables: {t: {columns: {a: TEXT}}}}}"
        try sandbox.write("schemas.yaml", text)
        #expect(try await sandbox.tool("selfheal", ["diff"]).status == 0)
        try sandbox.write(
            "schemas.yaml", text.replacing("}}}}}", with: "}}}, extras: warn, pragmas: {user_version: 3}}}"))
        let answer = try await sandbox.tool("selfheal", ["diff"])
        #expect(answer.status == 1)
        for line in ["-    b\n", "-CREATE TABLE u (\n", "-PRAGMA user_version = 2;\n+PRAGMA user_version = 3;\n"] {
            #expect(answer.output.contains(line), "\(line) in \(answer.output)")
        }
    }

    @Test func patternsAndMissingOnes() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("t/.keep", "")
        for name in ["a", "b"] {
            _ = try await sandbox.sqlite("t/\(name).db", "CREATE TABLE t(a\(name == "a" ? " TEXT" : ""))")
        }
        let table = "{tables: {t: {columns: {a: TEXT}}}}"
        try sandbox.write("schemas.yaml", "version: 1\ndatabases: {\"t/*.db\": \(table), new.db: \(table)}")
        let all = try await sandbox.tool("selfheal", ["diff"])
        #expect(all.status == 1 && all.errors.contains("new.db: does not exist"), "\(all.all)")
        #expect(!all.output.contains("t/a.db") && all.output.contains("--- t/b.db table t\n"), "\(all.output)")
        #expect(all.output.contains("--- /dev/null\n+++ new.db table t (schemas.yaml:2)\n"))
        #expect(try await sandbox.tool("selfheal", ["diff", "t/a.db"]).status == 0)
        #expect(try await sandbox.tool("selfheal", ["diff", "t/*.db"]).status == 1)
        #expect(!sandbox.exists("new.db"))
    }

    @Test func damageAndBadManifests() async throws {
        let sandbox = try await sandbox("CREATE TABLE x(a)")
        try sandbox.write("other.db", "no database, whatever its name says")
        let damaged = try await sandbox.tool("selfheal", ["diff", "other.db"])
        #expect(damaged.status == 1 && damaged.errors.contains("other.db") && damaged.output.isEmpty, "\(damaged.all)")
        try sandbox.write("schemas.yaml", "version: 1\ndatabase: {}")
        #expect(try await sandbox.tool("selfheal", ["diff"]).status == 78)
        #expect(try await sandbox.tool("selfheal", ["diff", "--color", "blue"]).status == 64)
    }

    @Test func coloursWhenAsked() async throws {
        let sandbox = try await sandbox("CREATE TABLE x(a)")
        #expect(!(try await sandbox.tool("selfheal", ["diff"]).output.contains("\u{1B}")))
        #expect(!(try await sandbox.tool("selfheal", ["diff", "--color", "never"]).output.contains("\u{1B}")))
        #expect(try await sandbox.tool("selfheal", ["diff", "--color", "always"]).output.contains("\u{1B}[32m+"))
    }
}
