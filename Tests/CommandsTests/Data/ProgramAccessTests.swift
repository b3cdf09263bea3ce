import Foundation
import Testing

@Suite("Programs that may not be run")
struct ProgramAccessTests {
    private func sandbox() async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            datasets:
              c:
                relation: {database: a.db, table: c}
                populate: {command: [./rows.sh]}
                retry: {max_attempts: 1}

            """)
        try sandbox.write("rows.sh", "#!/bin/sh\necho '{\"k\": 1}'\n")
        _ = try await sandbox.sqlite("a.db", "CREATE TABLE c (k)")
        return sandbox
    }

    @Test("one that is not executable is not said not to be there")
    func notExecutable() async throws {
        let sandbox = try await sandbox()
        let heal = try await sandbox.tool("selfheal", ["data", "heal"])
        #expect(
            heal.status == 1 && heal.output.contains("c: ./rows.sh: it is not executable; chmod +x it"), "\(heal.all)")
        try sandbox.remove("rows.sh")
        let gone = try await sandbox.tool("selfheal", ["data", "heal"])
        #expect(gone.status == 1 && gone.output.contains("c: ./rows.sh: there is no such program"), "\(gone.all)")
    }

    @Test("where others may write, what only looks does so, and what would run one says which")
    func writable() async throws {
        let sandbox = try await sandbox()
        #expect(chmod(sandbox.path("rows.sh"), 0o755) == 0 && chmod(sandbox.path("."), 0o777) == 0)
        for words in [["data", "status"], ["data", "plan"], ["data", "graph"], ["data", "heal", "--dry-run"]] {
            let look = try await sandbox.tool("selfheal", words)
            #expect(look.status != 78 && look.output.contains("c"), "\(words) \(look.all)")
        }
        #expect(try await sandbox.tool("selfheal", ["data", "quarantine"]).status == 0)
        #expect(try await sandbox.tool("selfheal", ["data", "make-targets"]).status == 0)
        #expect(try await sandbox.validate("--check-only").status == 1)
        for (tool, words) in [("selfheal", ["data", "heal"]), ("auto-heal", [])] {
            let heal = try await sandbox.tool(tool, words)
            #expect(heal.status == 78, "\(heal.all)")
            #expect(
                heal.all.contains("neither './rows.sh', which fills 'c', nor another program is run: ")
                    && heal.all.contains("may be written by"), "\(heal.all)")
        }
        #expect(try await sandbox.sqlite("a.db", "SELECT count(*) FROM c") == "0")
    }
}
