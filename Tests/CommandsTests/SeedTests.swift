import Foundation
import Testing

/// Rows that a schema file brings with it.
@Suite struct SeedTests {
    private static let script = """
        BEGIN;
        CREATE TABLE roles (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE);
        INSERT INTO roles (name) VALUES ('admin'), ('CANARY-4711');
        CREATE TABLE log (what TEXT);
        CREATE TRIGGER noted AFTER INSERT ON roles BEGIN INSERT INTO log VALUES (new.name); END;
        INSERT INTO roles (name) VALUES ('guest');
        UPDATE roles SET name = 'user' WHERE id = 2;
        COMMIT;
        BEGIN; INSERT INTO roles (name) VALUES ('never'); ROLLBACK;
        REPLACE INTO roles VALUES (3, 'visitor');
        DELETE FROM roles WHERE name = 'admin';
        CREATE TABLE copy AS SELECT name FROM roles;
        PRAGMA user_version = 4;

        """
    private static let rows = """
        SELECT group_concat(id || name, ' ') FROM (SELECT * FROM roles ORDER BY id);
        SELECT group_concat(what, ' ') FROM log; SELECT count(*) FROM copy; PRAGMA user_version
        """

    private func sandbox(pragmas: String = "") throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndatabases: {a.db: {schema: a.sql\(pragmas)}}\n")
        try sandbox.write("a.sql", Self.script)
        return sandbox
    }

    @Test(arguments: ["validate-startup", "auto-heal"]) func areInANewDatabase(tool: String) async throws {
        let sandbox = try sandbox()
        let answer = try await sandbox.tool(tool, ["--verbose"])
        #expect(answer.status == 0, "\(answer.all)")
        #expect(try await sandbox.sqlite("a.db", Self.rows) == "2user 3visitor\nguest visitor\n2\n4")
        // As SQLite itself makes it from the same file.
        _ = try await sandbox.shell("sqlite3 b.db < a.sql")
        #expect(try await sandbox.sqlite("b.db", Self.rows) == "2user 3visitor\nguest visitor\n2\n4")
        let before = try sandbox.listing()
        #expect(try await sandbox.validate().status == 0)
        #expect(try sandbox.listing() == before)
    }

    @Test func neverGetIntoOneThatIsThere() async throws {
        let sandbox = try sandbox()
        _ = try await sandbox.sqlite("a.db", "CREATE TABLE log (what TEXT)")
        let answer = try await sandbox.heal()
        #expect(answer.output.contains("Created table roles"), "\(answer.all)")
        #expect(try await sandbox.sqlite("a.db", "SELECT count(*) FROM roles; SELECT count(*) FROM log") == "0\n0")
    }

    @Test func theManifestsPragmasCount() async throws {
        let sandbox = try sandbox(pragmas: ", pragmas: {user_version: 9, journal_mode: wal}")
        let answer = try await sandbox.heal()
        #expect(answer.status == 0, "\(answer.all)")
        #expect(try await sandbox.sqlite("a.db", "PRAGMA user_version; PRAGMA journal_mode") == "9\nwal")
    }

    /// The rows of an application are nobody's business.
    @Test func areNotShown() async throws {
        let sandbox = try sandbox()
        var said = ""
        for arguments in [
            ["--dry-run", "--verbose"], ["--dry-run", "--format", "json"], ["--check-only"], ["--format", "json"],
        ] {
            said += try await sandbox.tool("auto-heal", arguments).all
        }
        for arguments in [["history"], ["history", "1"], ["history", "1", "--format", "json"]] {
            said += try await sandbox.tool("selfheal", arguments).all
        }
        #expect(said.contains("CREATE TABLE roles") && !said.contains("CANARY"), "\(said)")
        #expect(said.contains("INSERT …"), "\(said)")
        for (name, entry) in try sandbox.listing() where name.hasPrefix(".selfheal/") {
            let bytes = Data(base64Encoded: String(entry.split(separator: " ").last ?? "")) ?? Data()
            #expect(bytes.range(of: Data("CANARY".utf8)) == nil, "\(name)")
        }
    }

    @Test func thatDoNotFitAreAFaultOfTheFile() async throws {
        let sandbox = try sandbox()
        try sandbox.write("a.sql", "CREATE TABLE t (id INTEGER PRIMARY KEY);\nINSERT INTO t VALUES (1), (1);\n")
        let answer = try await sandbox.heal()
        #expect(answer.status == 78 && answer.errors.contains("a.sql:2:1: "), "\(answer.all)")
        #expect(!sandbox.exists("a.db"))
    }
}
