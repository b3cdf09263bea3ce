import Foundation
import Testing

/// Nothing of these tools is there yet when two of them begin.
@Suite("Two runs at once in a folder that is new")
struct FirstRunTests {
    private func sandbox() throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            databases:
              a.db: {tables: {p: {columns: {k: INTEGER PRIMARY KEY}}}}
              b.db: {tables: {q: {columns: {k: INTEGER PRIMARY KEY}}}}
            datasets:
              p:
                relation: {database: a.db, table: p}
                populate: {sql: SELECT 1 AS k, at_start: false}

            """)
        return sandbox
    }

    @Test("both work out: one works, and the other waits")
    func both() async throws {
        let sandbox = try sandbox()
        let answer = try await sandbox.shell(
            """
            sqlite3 a.db 'CREATE TABLE p (k INTEGER PRIMARY KEY)'
            for round in $(seq 30); do
              rm -rf .selfheal; sqlite3 a.db 'DELETE FROM p; DROP TABLE IF EXISTS _selfheal_datasets; DROP TABLE IF EXISTS _selfheal_units'
              for one in 1 2; do ($BIN/selfheal data heal >out.$one 2>&1 || { echo "round $round:"; cat out.$one; }) & done
              wait
            done
            $BIN/selfheal history --limit 1 >/dev/null || echo "no journal"
            """)
        #expect(answer.output == "" && answer.errors == "", "\(answer.all)")
    }

    @Test("also where one of them makes databases")
    func beside() async throws {
        let sandbox = try sandbox()
        let answer = try await sandbox.shell(
            """
            for round in $(seq 12); do
              rm -rf .selfheal *.db; sqlite3 a.db 'CREATE TABLE p (k INTEGER PRIMARY KEY)'
              ($BIN/selfheal data heal >out.1 2>&1 || { echo "round $round:"; cat out.1; }) &
              ($BIN/auto-heal --skip dataset >out.2 2>&1 || { echo "round $round:"; cat out.2; }) &
              wait
            done
            """)
        #expect(answer.output == "" && answer.errors == "", "\(answer.all)")
    }
}
