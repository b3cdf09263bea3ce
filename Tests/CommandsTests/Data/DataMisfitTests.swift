import Foundation
import Testing

/// The manifest names columns that are not there.
@Suite struct DataMisfitTests {
    private func sandbox(_ lines: String) async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            datasets:
              docs:
                relation: {database: docs.db, table: docs}
              parts:
                relation: {database: app.db, table: parts}
                depends_on: [docs]
                populate: {sql: "SELECT :key AS doc, 'x' AS body"}
                \(lines)

            """)
        _ = try await sandbox.sqlite(
            "docs.db", "CREATE TABLE docs (Id INTEGER, body); INSERT INTO docs VALUES (1, 'a'), (2, 'b')")
        // Somebody else has filled it.
        _ = try await sandbox.sqlite(
            "app.db", "CREATE TABLE parts (doc INTEGER, body); INSERT INTO parts VALUES (1, 'x'), (2, 'x')")
        return sandbox
    }

    @Test(arguments: [
        (
            "unit: {parent: docs, key: nope, column: doc}",
            "the table 'docs' has no column 'nope', which 'unit' names as its key"
        ),
        ("unit: {parent: docs, key: id, column: doc, version: nope}", "'nope', which 'unit' names as its version"),
        (
            "unit: {parent: docs, key: id, column: doc, columns: [body, nope]}",
            "'nope', which 'unit' names as one to be given"
        ),
        (
            "unit: {parent: docs, key: id, column: nope}",
            "the table 'parts' has no column 'nope', which 'unit' names as its column"
        ),
        (
            "unit: {parent: docs, key: id, column: doc}\n    write: merge\n    merge_key: [nope]",
            "'nope', which 'merge_key' names"
        ),
    ])
    func neverReady(_ lines: String, _ reason: String) async throws {
        let sandbox = try await sandbox(lines)
        for rows in [true, false] {
            if !rows { _ = try await sandbox.sqlite("app.db", "DELETE FROM parts") }
            let status = try await sandbox.tool("selfheal", ["data", "status", "--format", "json"])
            #expect(
                status.status == 1 && status.output.contains("\"invalid\"") && status.output.contains(reason),
                "\(status.all)")
            let heal = try await sandbox.tool("selfheal", ["data", "heal"])
            #expect(
                heal.status == 1 && heal.output.contains(reason) && heal.output.contains("(configuration)"),
                "\(heal.all)")
            let events = try await sandbox.tool("selfheal", ["data", "heal", "--format", "json"])
            #expect(events.status == 1 && events.output.contains("\"class\":\"configuration\""), "\(events.all)")
            let forced = try await sandbox.tool("selfheal", ["data", "heal", "parts", "--force", "--yes"])
            #expect(forced.status == 1, "\(forced.all)")
            let check = try await sandbox.validate()
            #expect(
                check.status == 1 && check.all.contains(reason) && !check.all.contains("run auto-heal"), "\(check.all)")
        }
        #expect(try await sandbox.sqlite("app.db", "SELECT count(*) FROM parts") == "0")
    }

    @Test("Names are compared as SQLite does, and columns that are made are columns")
    func folded() async throws {
        let sandbox = try await sandbox("unit: {parent: docs, key: ID, column: DOC, version: made}")
        _ = try await sandbox.sqlite("docs.db", "ALTER TABLE docs ADD COLUMN made AS (length(body))")
        let status = try await sandbox.tool("selfheal", ["data", "status"])
        #expect(status.status == 0, "\(status.all)")
    }

    @Test("SQL that gives nothing is asked once", arguments: ["append", "replace"])
    func nothing(_ write: String) async throws {
        let sandbox = try await sandbox("write: \(write)")
        _ = try await sandbox.sqlite("app.db", "DELETE FROM parts")
        let manifest = try sandbox.read("schemas.yaml")
        try sandbox.write(
            "schemas.yaml",
            manifest.replacing("SELECT :key AS doc, 'x' AS body", with: "SELECT 1 AS doc, 'x' AS body WHERE false"))
        let heal = try await sandbox.tool("selfheal", ["data", "heal", "--format", "json"])
        #expect(heal.status == 1 && !heal.output.contains("\"retries\""), "\(heal.all)")
        #expect(
            heal.output.contains("\"class\":\"dependency\"") && heal.output.contains("its SQL gave no rows"),
            "\(heal.all)")
    }
}
