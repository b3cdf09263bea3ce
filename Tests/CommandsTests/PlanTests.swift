import Foundation
import Testing

/// `selfheal plan` says in full what `auto-heal` would do: the same plan as its dry run, and nothing is changed.
@Suite struct PlanTests {
    private static let manifest = """
        version: 1
        directories: [data, {path: logs, mode: "0750"}]
        databases:
          data/new.db: {tables: {t: {columns: {id: INTEGER PRIMARY KEY}}}, pragmas: {user_version: 3}}
          old.db:
            tables:
              t:
                columns: {id: INTEGER PRIMARY KEY, a: TEXT, n: INTEGER NOT NULL DEFAULT 0}
                indexes: {by_n: ["n"]}
            triggers:
              g: |
                AFTER DELETE ON t BEGIN
                  SELECT 1;
                END
        """

    private func sandbox() async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.manifest)
        _ = try await sandbox.sqlite("old.db", "CREATE TABLE t(id INTEGER PRIMARY KEY, a INTEGER)")
        return sandbox
    }

    @Test(arguments: [
        [], ["--db-only"], ["--fs-only"], ["--max-risk", "low"], ["--only", "sqlite.index"],
        ["--skip", "directory", "--max-risk", "high"], ["--quiet"], ["--install"],
    ]) func isThatOfTheDryRun(arguments: [String]) async throws {
        let sandbox = try await sandbox()
        let before = try sandbox.listing()
        let text = try await sandbox.tool("selfheal", ["plan"] + arguments)
        let json = try await sandbox.tool("selfheal", ["plan", "--format", "json"] + arguments)
        let dry = try await sandbox.tool("auto-heal", ["--dry-run", "--format", "json"] + arguments)
        #expect(try sandbox.listing() == before)
        #expect(text.status == dry.status && json.status == dry.status)
        let plan = try #require(try Sandbox.json(json.output)["plan"] as? [String: any Sendable])
        let dryPlan = try #require(try Sandbox.json(dry.output)["plan"] as? [String: any Sendable])
        #expect(plan as NSDictionary == dryPlan as NSDictionary)
        let hash = try #require(plan["hash"] as? String)
        #expect(text.output.contains("Plan: \(hash)\n"), "\(text.output)")
        let schema = Sandbox.package + "/docs/report.schema.json"
        try sandbox.write("report.json", json.output)
        let valid = try await sandbox.shell("/usr/bin/python3 -m jsonschema -i report.json \(schema)")
        #expect(valid.status == 0, "\(valid.all)")
        // What the plan says is what the run does.
        let healed = try await sandbox.tool("auto-heal", ["--format", "json"] + arguments)
        let healedPlan = try Sandbox.json(healed.output)["plan"] as? [String: any Sendable]
        #expect(healedPlan?["hash"] as? String == hash)
    }

    @Test func everyStepIsShownInFull() async throws {
        let sandbox = try await sandbox()
        let answer = try await sandbox.tool("selfheal", ["plan"])
        for line in [
            "mkdir data (mode 0755)", "mkdir logs (mode 0750)", "build data/new.db under a temporary name",
            "PRAGMA user_version = 3;", "risk: low", "risk: medium", "after a backup", "proof: ",
            "heals: sqlite.column.differs on old.db.t.a", "  SELECT 1;\n", "END;\n", "CREATE INDEX by_n ON t (n);",
            "Total: 7 planned, 0 withheld",
        ] {
            #expect(answer.output.contains(line), "\(line) in \(answer.output)")
        }
        let careful = try await sandbox.tool("selfheal", ["plan", "--max-risk", "low"])
        #expect(careful.output.contains("because its risk is medium, and this run goes up to low"))
    }

    @Test func nothingToDo() async throws {
        let sandbox = try await sandbox()
        #expect(try await sandbox.heal().status == 0)
        let answer = try await sandbox.tool("selfheal", ["plan"])
        #expect(answer.status == 0 && answer.output.contains("Total: 0 planned, 0 withheld"), "\(answer.all)")
        #expect(try await sandbox.tool("selfheal", ["plan", "--quiet"]).all == "")
    }

    @Test(
        arguments: [
            (["--db-only", "--fs-only"], 64), (["--max-risk", "critical"], 64), (["--only", "sqlit"], 64),
            (["--dry-run"], 64),
            (["--manifest", "none.yaml"], 78), (["--root", "none"], 64),
        ] as [([String], Int32)]) func mistakes(arguments: [String], status: Int32) async throws
    {
        let sandbox = try await sandbox()
        let before = try sandbox.listing()
        #expect(try await sandbox.tool("selfheal", ["plan"] + arguments).status == status)
        #expect(try sandbox.listing() == before)
    }
}
