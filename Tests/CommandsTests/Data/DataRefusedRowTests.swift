import Foundation
import Testing

/// Tables that refuse a row, in whatever way: what `selfheal data heal` leaves, and how it ends.
@Suite struct DataRefusedRowTests {
    private static let rows = #"{"n": 1, "v": "a"}\n{"n": 2, "v": "bad"}\n{"n": 3, "v": "c"}\n"#

    /// A program that answers with the three rows.
    private static let program = """
        #!/bin/sh
        cat > /dev/null
        printf '\(rows)'
        """

    private func sandbox(_ source: String, _ action: String, _ policy: String) async throws -> Sandbox {
        let sandbox = try Sandbox()
        let populate =
            switch source {
            case "sql": "{sql: 'SELECT column1 AS n, column2 AS v FROM made'}"
            case "units": "{sql: 'SELECT column1 AS n, column2 AS v FROM made WHERE column1 = :key'}"
            default: "{command: [/bin/sh, rows.sh]}"
            }
        try sandbox.write("rows.sh", Self.program)
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            datasets:
              docs:
                relation: {database: app.db, table: docs}
              parts:
                relation: {database: app.db, table: parts}
                depends_on: [docs]
                on_bad_row: \(policy)
                retry: {max_attempts: 1}
                populate: \(populate)
                \(source == "units" ? "unit: {parent: docs, key: \"n\"}" : "")

            """)
        let raise = action == "IGNORE" ? "RAISE(IGNORE)" : "RAISE(\(action), 'not wanted')"
        _ = try await sandbox.sqlite(
            "app.db",
            """
            CREATE TABLE docs (n INTEGER PRIMARY KEY); INSERT INTO docs VALUES (1), (2), (3);
            CREATE TABLE made (column1, column2); INSERT INTO made VALUES (1, 'a'), (2, 'bad'), (3, 'c');
            CREATE TABLE parts (n, v);
            CREATE TRIGGER t BEFORE INSERT ON parts WHEN new.v = 'bad' BEGIN SELECT \(raise); END;
            """)
        return sandbox
    }

    @Test(arguments: ["sql", "units", "command"], ["ABORT", "FAIL", "ROLLBACK", "IGNORE"])
    func exitStatus(_ source: String, _ action: String) async throws {
        for policy in ["quarantine", "skip", "fail"] {
            let sandbox = try await sandbox(source, action, policy)
            let isRefused = policy == "fail" && action != "IGNORE"
            let isAside = policy == "quarantine" && action != "IGNORE"
            // What was set aside is a warning.
            let status: Int32 = isRefused ? 1 : isAside ? 2 : 0
            for _ in 1...2 {
                let heal = try await sandbox.tool("selfheal", ["data", "heal"])
                #expect(heal.status == status, "\(policy): \(heal.all)")
                let rows = try await sandbox.sqlite("app.db", "SELECT group_concat(n) FROM parts")
                #expect(rows == (!isRefused || source == "units" ? "1,3" : ""), "\(policy): \(heal.all)")
                let aside = try await sandbox.sqlite("app.db", "SELECT count(*) FROM _selfheal_quarantine")
                #expect(aside == (isAside ? "1" : "0"))
                #expect(!isRefused || heal.all.contains("not wanted"), "\(heal.all)")
            }
        }
    }
}
