import Foundation
import Testing

@Suite("selfheal data quarantine")
struct QuarantineCommandTests {
    private let secrets = ["API_KEY": "s3cret-of-the-api"]

    /// A program that writes its key and a password of the environment file into rows that do not fit.
    private func leaking() async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            env: {file: .env, variables: {DBPASS: {secret: true}}}
            datasets:
              p:
                relation: {database: a.db, table: p}
              c:
                relation: {database: a.db, table: c}
                populate: {command: {run: [sh, rows.sh], environment: [API_KEY]}}
              u:
                relation: {database: a.db, table: u}
                depends_on: [p]
                unit: {parent: p, key: k, column: k, columns: [note]}
                populate: {command: [sh, -c, "echo junk"]}
                retry: {max_attempts: 1}

            """)
        try sandbox.write(".env", "DBPASS=of-the-env-file\n")
        try sandbox.write(
            "rows.sh",
            """
            echo '{"k": 1, "v": "good"}'
            printf '{"k": 2, "v": "bad", "x": "%s of-the-env-file"}\\n' "$API_KEY"
            echo '{"k": 3, "v": "worse", "x": 1}'

            """)
        _ = try await sandbox.sqlite(
            "a.db",
            """
            CREATE TABLE p (k INTEGER PRIMARY KEY, note); INSERT INTO p VALUES (1, 'of-the-env-file');
            CREATE TABLE c (k, v); CREATE TABLE u (k)
            """)
        return sandbox
    }

    @Test("a secret is neither kept nor shown, and what had one is not written as if it had not")
    func secret() async throws {
        let sandbox = try await leaking()
        let heal = try await sandbox.tool("selfheal", ["data", "heal"], environment: secrets)
        #expect(try await sandbox.sqlite("a.db", "SELECT k FROM c") == "1", "\(heal.all)")
        // Also nowhere in the file's pages.
        for name in ["a.db", ".selfheal/journal.db"] {
            let bytes = try Data(contentsOf: URL(filePath: sandbox.path(name)))
            #expect(bytes.range(of: Data("s3cret-of-the-api".utf8)) == nil, "\(name)")
        }
        let kept = try await sandbox.sqlite("a.db", "SELECT content FROM _selfheal_quarantine ORDER BY dataset, id")
        #expect(
            kept == """
                [redacted] {"k":2,"v":"bad","x":"[redacted] [redacted]"}
                {"k":3,"v":"worse","x":1}
                [redacted] {"k":1,"note":"[redacted]"}
                """)
        for format in ["text", "json"] {
            let list = try await sandbox.tool(
                "selfheal", ["data", "quarantine", "--format", format], environment: secrets)
            #expect(list.status == 0 && list.output.contains("c/1") && list.output.contains("u/3"), "\(list.all)")
            #expect(!list.output.contains("s3cret") && !list.output.contains("of-the-env"), "\(list.all)")
        }
        _ = try await sandbox.sqlite("a.db", "ALTER TABLE c ADD COLUMN x")
        let replay = try await sandbox.tool("selfheal", ["data", "quarantine", "replay", "c"], environment: secrets)
        #expect(
            replay.status == 1 && replay.output.contains("[ERROR] c/1: the row held the value of a secret"),
            "\(replay.all)")
        #expect(try await sandbox.sqlite("a.db", "SELECT k FROM c ORDER BY k") == "1\n3")
        #expect(
            try await sandbox.sqlite("a.db", "SELECT count(*) FROM _selfheal_quarantine WHERE dataset = 'c'") == "1")
        // Of a unit the row is only shown.
        let unit = try await sandbox.tool("selfheal", ["data", "quarantine", "replay", "u"], environment: secrets)
        #expect(unit.status == 0 && unit.output.contains("pending again"), "\(unit.all)")
    }

    @Test("one damaged database hides nothing of the others")
    func damaged() async throws {
        let sandbox = try await leaking()
        try sandbox.write(
            "schemas.yaml",
            try sandbox.read("schemas.yaml")
                + "  d:\n    relation: {database: d.db, table: d}\n    populate: {sql: SELECT 1 AS x}\n")
        _ = try await sandbox.tool("selfheal", ["data", "heal"], environment: secrets)
        try sandbox.write("d.db", String(repeating: "junk ", count: 2000))
        let list = try await sandbox.tool("selfheal", ["data", "quarantine"])
        #expect(
            list.status == 1 && list.output.contains("c/2  ") && list.output.contains("[ERROR] d: d.db"), "\(list.all)")
        let json = try await sandbox.tool("selfheal", ["data", "quarantine", "--format", "json"])
        #expect(json.status == 1 && json.output.contains("\"item\":\"c/2\""), "\(json.all)")
        #expect(json.output.contains("{\"item\":null,\"dataset\":\"d\",\"class\":\"corruption\""), "\(json.all)")
        let alone = try await sandbox.tool("selfheal", ["data", "quarantine", "c"])
        #expect(alone.status == 0 && !alone.output.contains("d.db"), "\(alone.all)")
        let discard = try await sandbox.tool("selfheal", ["data", "quarantine", "discard", "c", "d"])
        #expect(discard.status == 1 && discard.output.contains("[OK] c/2: given up"), "\(discard.all)")
        let single = try await sandbox.tool("selfheal", ["data", "quarantine", "discard", "d/1"])
        #expect(single.status == 1 && single.output.contains("[ERROR] d: d.db"), "\(single.all)")
    }

    @Test("what an earlier version kept is not shown either")
    func earlier() async throws {
        let sandbox = try await leaking()
        _ = try await sandbox.tool("selfheal", ["data", "heal"], environment: secrets)
        _ = try await sandbox.sqlite(
            "a.db",
            "UPDATE _selfheal_quarantine SET message = 'of-the-env-file', unit = 'of-the-env-file', "
                + "content = json_object('x', 'of-the-env-file') WHERE id = 1")
        for format in ["text", "json"] {
            let list = try await sandbox.tool("selfheal", ["data", "quarantine", "--format", format])
            #expect(list.output.contains("c/1") && !list.output.contains("of-the-env"), "\(list.all)")
        }
    }
}
