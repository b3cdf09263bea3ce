import Foundation
import Testing

/// One run is enough, whatever the rows are made of.
@Suite struct DataConvergenceTests {
    private static let manifest = """
        version: 1
        datasets:
          p:
            relation: {database: a.db, table: p}
            populate: {command: [cat, p.jsonl]}
            write: replace
          u:
            relation: {database: a.db, table: u}
            depends_on: [p]
            populate: {sql: "SELECT :key AS k"}
            unit: {parent: p, key: k}
          w:
            relation: {database: a.db, table: w}
            depends_on: [u]
            populate: {sql: "SELECT count(*) AS n FROM u"}
            write: replace
          x:
            relation: {database: a.db, table: x}
            depends_on: [w]
            populate: {sql: "SELECT n + 1 AS n FROM w"}
            write: replace

        """

    @Test("What is made as a whole of what is made of units follows in the same run", arguments: [[], ["+x"], ["p+"]])
    func wholeAfterUnits(_ selectors: [String]) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.manifest)
        try sandbox.write("p.jsonl", "{\"k\":1}\n{\"k\":2}\n")
        _ = try await sandbox.sqlite(
            "a.db", "CREATE TABLE p(k INTEGER); CREATE TABLE u(k INTEGER); CREATE TABLE w(n); CREATE TABLE x(n)")
        let first = try await sandbox.tool("selfheal", ["data", "heal"])
        #expect(first.status == 0, "\(first.all)")
        #expect(try await sandbox.sqlite("a.db", "SELECT n FROM x") == "3")
        // p has lost its rows, and gets one more.
        _ = try await sandbox.sqlite("a.db", "DELETE FROM p")
        try sandbox.write("p.jsonl", "{\"k\":1}\n{\"k\":2}\n{\"k\":3}\n")
        let plan = try await sandbox.tool("selfheal", ["data", "plan"])
        #expect(plan.output.contains("only if 'u' gets new rows"), "\(plan.all)")
        let second = try await sandbox.tool("selfheal", ["data", "heal"] + selectors)
        #expect(second.status == 0, "\(second.all)")
        #expect(try await sandbox.sqlite("a.db", "SELECT (SELECT n FROM w), (SELECT n FROM x)") == "3|4")
        // And when it gets the same again, nothing that follows is done.
        _ = try await sandbox.sqlite("a.db", "DELETE FROM p; UPDATE x SET n = 77")
        let third = try await sandbox.tool("selfheal", ["data", "heal"] + selectors)
        #expect(third.status == 0 && !third.output.contains("[OK] x"), "\(third.all)")
        #expect(try await sandbox.sqlite("a.db", "SELECT n FROM x") == "77")
    }
}
