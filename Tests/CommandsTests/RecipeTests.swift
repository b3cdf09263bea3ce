import Foundation
import Testing

/// The recipes that a new user tries first: break one thing of the healthy example, see it named, healed, and well again.
@Suite struct RecipeTests {
    struct Recipe: Sendable, CustomTestStringConvertible {
        var name: String
        var database: String?
        var sql: String?
        var remove: String?
        /// What the check says of it.
        var named: String
        var status: Int32
        var testDescription: String { name }
    }

    static let recipes = [
        Recipe(
            name: "column", database: "app/data.db", sql: "ALTER TABLE product_catalog DROP COLUMN updated_at",
            named: "updated_at", status: 1),
        Recipe(name: ".env", remove: ".env", named: "Environment file .env is missing", status: 1),
        Recipe(name: "directory", remove: "backend", named: "Directory backend/ is missing", status: 1),
        Recipe(name: "directory with databases", remove: "data", named: "blocked by data", status: 1),
        Recipe(
            name: "table", database: "data/chat.db", sql: "DROP TABLE summaries", named: "summaries", status: 1),
        Recipe(name: "database", remove: "data/market.db", named: "data/market.db", status: 1),
    ]

    @Test(arguments: recipes) func brokenNamedHealedWell(recipe: Recipe) async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        #expect([0, 2].contains(try await sandbox.heal().status))
        if let database = recipe.database, let sql = recipe.sql { _ = try await sandbox.sqlite(database, sql) }
        if let name = recipe.remove { try sandbox.remove(name) }

        let broken = try sandbox.listing()
        let check = try await sandbox.validate("--check-only")
        #expect(check.status == recipe.status && check.output.contains(recipe.named), "\(check.all)")
        #expect(try sandbox.listing() == broken)

        let healed = try await sandbox.validate()
        #expect(healed.output.contains("[HEALING] "), "\(healed.all)")
        #expect([0, 2].contains(healed.status), "\(healed.all)")
        let after = try await sandbox.validate("--check-only")
        #expect([0, 2].contains(after.status), "\(after.all)")
    }

    @Test func anIndexIsAWarning() async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        _ = try await sandbox.heal()
        let index = try await sandbox.sqlite(
            "app/data.db", "SELECT name FROM sqlite_schema WHERE type = 'index' AND sql IS NOT NULL LIMIT 1")
        _ = try await sandbox.sqlite("app/data.db", "DROP INDEX \(index)")
        let check = try await sandbox.validate("--check-only")
        #expect(check.status == 2 && check.output.contains(index), "\(check.all)")
        let heal = try await sandbox.heal()
        #expect(heal.output.contains("✓") && heal.output.contains(index), "\(heal.all)")
        #expect(
            try await sandbox.sqlite("app/data.db", "SELECT count(*) FROM sqlite_schema WHERE name = '\(index)'") == "1"
        )
    }

    @Test func rowsStayWhenAColumnComesBack() async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        _ = try await sandbox.heal()
        let columns = "email, password_hash"
        _ = try await sandbox.sqlite(
            "data/auth.db",
            """
            INSERT INTO users (\(columns)) VALUES ('a@example.org', 'x'), ('b@example.org', 'y');
            ALTER TABLE users DROP COLUMN two_factor_enabled; ALTER TABLE users DROP COLUMN totp_secret;
            """)
        let heal = try await sandbox.heal()
        #expect(heal.output.contains("ALTER TABLE users ADD COLUMN two_factor_enabled BOOLEAN"), "\(heal.all)")
        let rows = try await sandbox.sqlite(
            "data/auth.db", "SELECT email, two_factor_enabled, totp_secret IS NULL FROM users")
        #expect(rows == "a@example.org|0|1\nb@example.org|0|1")
    }

    @Test func aSecondHealDoesNothing() async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        let first = try await sandbox.heal()
        #expect(first.output.contains("HEALING SUMMARY"), "\(first.all)")
        let before = try sandbox.listing()
        let second = try await sandbox.heal()
        #expect([0, 2].contains(second.status) && second.output.contains(" 0 actions taken"), "\(second.all)")
        _ = try await sandbox.validate()
        _ = try await sandbox.validate("--check-only")
        #expect(try sandbox.listing() == before)
    }

    @Test(arguments: [["validate-startup", "--check-only"], ["auto-heal", "--dry-run"]])
    func lookingAndDryRunsChangeNothing(command: [String]) async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        let empty = try sandbox.listing()
        let onEmpty = try await sandbox.tool(command[0], Array(command.dropFirst()))
        #expect(onEmpty.status == 1, "\(onEmpty.all)")
        #expect(try sandbox.listing() == empty)

        _ = try await sandbox.heal()
        _ = try await sandbox.sqlite("app/data.db", "DROP TABLE market_ticks; PRAGMA journal_mode = wal")
        try sandbox.remove(".env")
        try sandbox.remove("scripts")
        let broken = try sandbox.listing()
        let answer = try await sandbox.tool(command[0], Array(command.dropFirst()))
        #expect(answer.status == 1 && answer.output.contains("market_ticks"), "\(answer.all)")
        #expect(try sandbox.listing() == broken)
    }

    @Test func aDryRunPrintsWhatTheRunThenDoes() async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        let dry = try Sandbox.json(try await sandbox.heal("--dry-run", "--format", "json").output)
        let real = try Sandbox.json(try await sandbox.heal("--format", "json").output)
        let dryHash = (dry["plan"] as? [String: any Sendable])?["hash"] as? String
        let realHash = (real["plan"] as? [String: any Sendable])?["hash"] as? String
        #expect(dryHash != nil && dryHash == realHash)
    }

    @Test func parts() async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        let databases = try await sandbox.heal("--db-only")
        #expect(sandbox.exists("app/data.db") && sandbox.exists("data/auth.db"), "\(databases.all)")
        #expect(!sandbox.exists(".env") && !sandbox.exists("backend"))
        try sandbox.remove("data")
        let files = try await sandbox.heal("--fs-only")
        #expect(sandbox.exists(".env") && sandbox.exists("data") && !sandbox.exists("data/auth.db"), "\(files.all)")
        let only = try await sandbox.validate("--check-only", "--only", "env")
        #expect(only.status == 2 && !only.output.contains("data/auth.db"), "\(only.all)")
        let skip = try await sandbox.validate("--check-only", "--skip", "env", "--skip", "sqlite")
        #expect(skip.status == 0, "\(skip.all)")
    }

    @Test func eightAtOnceOnAnEmptyRoot() async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        let answers = try await withThrowingTaskGroup(of: Answer.self) { group in
            for index in 0..<8 {
                group.addTask {
                    try await sandbox.tool(index % 2 == 0 ? "auto-heal" : "validate-startup", ["--format", "json"])
                }
            }
            var all: [Answer] = []
            for try await answer in group { all.append(answer) }
            return all
        }
        for answer in answers { #expect([0, 2].contains(answer.status), "\(answer.all)") }
        // Every change once: the copies' applied repairs together are as many as they are different.
        var applied: [String] = []
        for answer in answers {
            let repairs = try #require(try Sandbox.json(answer.output)["repairs"] as? [[String: any Sendable]])
            for repair in repairs where repair["outcome"] as? String == "applied" {
                applied.append(
                    "\(repair["finding"] ?? "")\(repair["subject"] ?? "")\(repair["detail"] ?? "")\(repair["doing"] ?? "")"
                )
            }
        }
        #expect(applied.count >= 10 && Set(applied).count == applied.count)
        #expect(try await sandbox.sqlite("app/data.db", "PRAGMA integrity_check") == "ok")
        let history = try await sandbox.tool("selfheal", ["history"])
        #expect(history.output.split(separator: "\n").count == 2, "\(history.all)")
    }

    @Test func whatASchemaFileStatesIsNamedWithItsLine() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndatabases: {d.db: {schema: db/s.sql}}\n")
        try sandbox.write(
            "db/s.sql",
            """
            -- as the application keeps it
            CREATE TABLE IF NOT EXISTS "a" (id INTEGER PRIMARY KEY);
            CREATE TABLE main.b (
              id INTEGER PRIMARY KEY,
              y TEXT
            );
            CREATE UNIQUE INDEX i ON b(y);
            CREATE VIEW v AS SELECT y FROM b;
            """)
        _ = try await sandbox.sqlite("d.db", "CREATE TABLE b(id INTEGER PRIMARY KEY)")
        let answer = try await sandbox.validate("--check-only")
        for (what, line) in [("Table a", 2), ("Column 'y'", 5), ("Index i", 7), ("View v", 8)] {
            let found = answer.output.split(separator: "\n").contains {
                $0.contains(what) && $0.contains("(db/s.sql:\(line))")
            }
            #expect(found, "\(what): \(answer.output)")
        }
        #expect(try await sandbox.heal().status == 0)
    }
}
