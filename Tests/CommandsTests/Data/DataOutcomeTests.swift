import Foundation
import Testing

@Suite("What a run says of its datasets")
struct DataOutcomeTests {
    private func sandbox(_ datasets: String, _ sql: String) async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\n" + datasets)
        if !sql.isEmpty { _ = try await sandbox.sqlite("a.db", sql) }
        return sandbox
    }

    @Test(
        "what was never begun is not a failure in the journal, and has its reason",
        arguments: [[], ["--force", "--yes"]])
    func notStarted(_ options: [String]) async throws {
        let sandbox = try await sandbox(
            """
            datasets:
              a:
                relation: {database: a.db, table: a}
                populate: {command: [sh, -c, exit 78]}
              b:
                relation: {database: a.db, table: b}
                depends_on: [a]
                populate: {sql: SELECT k FROM a}
              c:
                relation: {database: a.db, table: c}
                depends_on: [b]
                populate: {sql: SELECT k FROM b}

            """, "CREATE TABLE a (k); CREATE TABLE b (k); CREATE TABLE c (k)")
        let heal = try await sandbox.tool("selfheal", ["data", "heal"] + options)
        #expect(heal.status == 1, "\(heal.all)")
        let history = try await sandbox.tool("selfheal", ["history", "1"])
        #expect(history.output.contains("Populating a - failed: it ended with exit code 78"), "\(history.all)")
        #expect(history.output.contains("Populating b - not started: 'a' has 0 of the 1 rows"), "\(history.all)")
        #expect(history.output.contains("Populating c - not started: 'b' has 0 of the 1 rows"), "\(history.all)")
        #expect(history.output.contains("Total: 0 changes, 1 failed"), "\(history.all)")
        #expect(!history.output.contains("did not come to its end"), "\(history.all)")
        let json = try await sandbox.tool("selfheal", ["history", "1", "--format", "json"])
        #expect(json.output.contains("\"not_started\""), "\(json.all)")
    }

    @Test(
        "auto-heal --dry-run lists once what it would populate in a database that it would make, in a folder that it would make"
    )
    func dryRun() async throws {
        let sandbox = try await sandbox(
            """
            directories: [d]
            databases:
              d/a.db: {tables: {p: {columns: {k: INTEGER PRIMARY KEY}}, c: {columns: {k: INTEGER}}, h: {columns: {k: INTEGER}}}}
            datasets:
              p: {relation: {database: d/a.db, table: p}, populate: {sql: SELECT 1 AS k}}
              c: {relation: {database: d/a.db, table: c}, depends_on: [p], populate: {sql: SELECT k FROM p}}
              h: {relation: {database: d/a.db, table: h}, populate: {sql: SELECT k FROM p, at_start: false}}

            """, "")
        let dry = try await sandbox.heal("--dry-run")
        #expect(dry.output.contains("Would heal by populating p (d/a.db.p)"), "\(dry.all)")
        #expect(dry.output.contains("Would heal by populating c (d/a.db.c)"), "\(dry.all)")
        #expect(!dry.output.contains("[BLOCKED] p") && !dry.output.contains("[BLOCKED] c"), "\(dry.all)")
        // What is left to people is not.
        #expect(dry.output.contains("[BLOCKED] h") && !dry.output.contains("populating h"), "\(dry.all)")
        let quiet = try await sandbox.heal("--dry-run", "--quiet")
        #expect(quiet.output.contains("populating p") && !quiet.output.contains("[BLOCKED] p"), "\(quiet.all)")
        #expect(try await sandbox.heal().status == 1)
        #expect(try await sandbox.sqlite("d/a.db", "SELECT count(*) FROM c") == "1")
    }

    @Test(
        "rows that break a critical check are named at the end, with what to do",
        arguments: [("append", " --force"), ("replace", "")])
    func breaking(_ write: String, _ option: String) async throws {
        let sandbox = try await sandbox(
            """
            datasets:
              c:
                relation: {database: a.db, table: c}
                checks: [{unique: [k]}]
                populate: {command: [sh, -c, "printf '{\\"k\\": 1}\\n{\\"k\\": 1}\\n'"]}
                write: \(write)

            """, "CREATE TABLE c (k)")
        let heal = try await sandbox.tool("selfheal", ["data", "heal"])
        #expect(heal.status == 1 && heal.output.contains("[OK] c: 2 rows"), "\(heal.all)")
        #expect(heal.output.contains("[ERROR] c: the check 'unique"), "\(heal.all)")
        #expect(heal.output.contains("does not hold"), "\(heal.all)")
        #expect(heal.output.contains("have them made again ('selfheal data heal c\(option)')"), "\(heal.all)")
        _ = try await sandbox.sqlite("a.db", "DELETE FROM c")
        let json = try await sandbox.tool("selfheal", ["data", "heal", "--format", "json"])
        #expect(json.status == 1, "\(json.all)")
        #expect(json.output.contains("{\"event\":\"not_ready\",\"dataset\":\"c\",\"state\":\"invalid\""), "\(json.all)")
    }
}
