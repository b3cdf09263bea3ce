import Foundation
import Testing

/// The journal mode of a database that exists: a step outside the transaction, which nobody has to wait for.
@Suite struct JournalModeTests {
    private func sandbox(_ mode: String, stated: String, risk: String = "medium") async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            databases:
              a.db:
                tables:
                  t: {columns: {id: INTEGER PRIMARY KEY, a: INTEGER, late: TEXT}}
                pragmas: {journal_mode: \(stated), user_version: 4}
            policy: {max_risk: \(risk)}
            """)
        _ = try await sandbox.sqlite(
            "a.db",
            "PRAGMA journal_mode = \(mode); CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT); INSERT INTO t VALUES (1, '7')"
        )
        return sandbox
    }

    private let state = "PRAGMA journal_mode; PRAGMA user_version; SELECT typeof(a) FROM t; PRAGMA integrity_check"

    private func bytes(_ sandbox: Sandbox) throws -> Data { try Data(contentsOf: URL(filePath: sandbox.path("a.db"))) }

    @Test(arguments: [("delete", "wal"), ("wal", "delete")])
    func healedAndTakenBack(_ mode: String, _ stated: String) async throws {
        let sandbox = try await sandbox(mode, stated: stated)
        let before = try bytes(sandbox)
        let dry = try await sandbox.heal("--dry-run")
        #expect(dry.output.contains("setting journal_mode of a.db to \(stated)"), "\(dry.all)")
        #expect(dry.output.contains("PRAGMA journal_mode = \(stated)"))
        #expect(try bytes(sandbox) == before)

        let heal = try await sandbox.heal()
        #expect(heal.status == 0, "\(heal.all)")
        #expect(try await sandbox.sqlite("a.db", state) == "\(stated)\n4\ninteger\nok")
        let healed = try bytes(sandbox)
        let again = try await sandbox.heal()
        #expect(again.status == 0 && again.output.contains("0 actions taken"), "\(again.all)")
        #expect(try bytes(sandbox) == healed)
        #expect(try await sandbox.validate("--check-only").status == 0)

        let dryUndo = try await sandbox.tool("selfheal", ["undo", "--dry-run"])
        #expect(dryUndo.status == 0, "\(dryUndo.all)")
        #expect(try bytes(sandbox) == healed)
        let undo = try await sandbox.tool("selfheal", ["undo"])
        #expect(undo.status == 0, "\(undo.all)")
        #expect(try await sandbox.sqlite("a.db", state) == "\(mode)\n0\ntext\nok")
        #expect(try await sandbox.sqlite("a.db", "SELECT * FROM t") == "1|7")
    }

    /// Also when the application has written since, and the run is taken back step by step.
    @Test func takenBackBesideNewRows() async throws {
        let sandbox = try await sandbox("delete", stated: "wal")
        #expect(try await sandbox.heal().status == 0)
        _ = try await sandbox.sqlite("a.db", "INSERT INTO t (a) VALUES (8)")
        let undo = try await sandbox.tool("selfheal", ["undo"])
        #expect(undo.status == 0, "\(undo.all)")
        #expect(try await sandbox.sqlite("a.db", "PRAGMA journal_mode; SELECT a FROM t") == "delete\n7\n8")
    }

    /// Alone it is a run like others.
    @Test func nothingElseToDo() async throws {
        let sandbox = try await sandbox("delete", stated: "wal")
        #expect(try await sandbox.heal().status == 0)
        _ = try await sandbox.sqlite("a.db", "PRAGMA journal_mode = delete")
        let heal = try await sandbox.heal()
        #expect(heal.status == 0 && heal.output.contains("1 actions taken"), "\(heal.all)")
        #expect(try await sandbox.tool("selfheal", ["history"]).output.contains("1"))
        #expect(try await sandbox.tool("selfheal", ["undo"]).status == 0)
        #expect(try await sandbox.sqlite("a.db", state) == "delete\n4\ninteger\nok")
    }

    @Test func aWarningThatLowRiskLeaves() async throws {
        let sandbox = try await sandbox("delete", stated: "wal", risk: "low")
        let heal = try await sandbox.heal()
        #expect(heal.all.contains("journal_mode of a.db is delete, expected wal"), "\(heal.all)")
        #expect(try await sandbox.sqlite("a.db", "PRAGMA journal_mode") == "delete")
    }

    /// While the application has the database open, the rest is healed all the same.
    @Test func inUse() async throws {
        let sandbox = try await sandbox("wal", stated: "delete")
        let heal = try await sandbox.shell(
            """
            coproc app { sqlite3 a.db; }
            echo "SELECT 'ready' FROM t;" >&"${app[1]}"
            read -r line <&"${app[0]}"
            "$BIN/auto-heal" --timeout 20
            status=$?
            # Only when the other one has let go of it does the test look.
            echo ".quit" >&"${app[1]}"
            wait "$app_PID"
            exit $status
            """)
        #expect(heal.status == 2, "\(heal.all)")
        #expect(heal.output.contains("another process uses it"), "\(heal.all)")
        #expect(heal.output.contains("try again when it is stopped"), "\(heal.all)")
        #expect(try await sandbox.sqlite("a.db", state) == "wal\n4\ninteger\nok")
        #expect(try await sandbox.heal().status == 0)
        #expect(try await sandbox.sqlite("a.db", state) == "delete\n4\ninteger\nok")
    }

    /// Killed at any moment, it is in one of the two modes and whole, and the next run ends it.
    @Test(arguments: [("delete", "wal"), ("wal", "delete")])
    func killed(_ mode: String, _ stated: String) async throws {
        for strike in 1...10 {
            let sandbox = try await sandbox(mode, stated: stated)
            let seconds = 0.004 * pow(1.35, Double(strike))
            _ = try await sandbox.shell(
                "export LLVM_PROFILE_FILE=/dev/null; timeout -s KILL \(seconds) $BIN/auto-heal > /dev/null")
            let heal = try await sandbox.heal()
            #expect(heal.status == 0, "killed after \(seconds) s: \(heal.all)")
            #expect(try await sandbox.sqlite("a.db", state) == "\(stated)\n4\ninteger\nok")
            #expect(!sandbox.exists("a.db-wal") && !sandbox.exists("a.db-journal"))
        }
    }
}
