import Foundation
import Testing

/// Whatever a program and SQLite say, nothing of it steers a terminal.
@Suite struct DataHarmfulTextTests {
    private func sandbox() async throws -> Sandbox {
        let sandbox = try Sandbox()
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
                retry: {max_attempts: 1}
                populate: {command: [/bin/sh, parts.sh]}
              words:
                relation: {database: app.db, table: words}
                depends_on: [docs]
                retry: {max_attempts: 1}
                unit: {parent: docs, key: id, column: doc}
                populate: {sql: "SELECT 'x' AS word"}

            """)
        try sandbox.write(
            "parts.sh", #"printf 'a\033[31mb\302\2332Jc\342\200\256d\342\201\246e\177f\bg\th\n' >&2; exit 1"#)
        _ = try await sandbox.sqlite(
            "app.db",
            """
            CREATE TABLE docs (id PRIMARY KEY); INSERT INTO docs VALUES ('k' || char(27, 155, 8238));
            CREATE TABLE parts (body); CREATE TABLE words (doc, word);
            CREATE TRIGGER t BEFORE INSERT ON words
            BEGIN SELECT RAISE(ABORT, 'no\u{1B}]0;title\u{07}\u{9B}2J\u{202E}'); END;
            """)
        return sandbox
    }

    private static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x0A: false
        case 0..<0x20, 0x7F..<0xA0, 0x200E, 0x200F, 0x2028...0x202E, 0x2066...0x2069: true
        default: false
        }
    }

    @Test func nothingRaw() async throws {
        let sandbox = try await sandbox()
        var said = ""
        for arguments in [
            ["selfheal", "data", "heal"], ["selfheal", "data", "heal", "--format", "json"],
            ["selfheal", "data", "quarantine"], ["selfheal", "data", "quarantine", "--format", "json"],
            ["selfheal", "data", "quarantine", "replay", "words"], ["selfheal", "data", "status"],
            ["selfheal", "data", "plan"], ["selfheal", "data", "graph", "--format", "html"],
            ["auto-heal"], ["auto-heal", "--output", "markdown"], ["auto-heal", "--output", "html"],
            ["auto-heal", "--output", "json"], ["validate-startup"], ["selfheal", "history"],
            ["selfheal", "history", "--format", "json"],
        ] {
            let answer = try await sandbox.tool(arguments[0], Array(arguments.dropFirst()))
            #expect(answer.status < 64, "\(arguments): \(answer.all)")
            let harmful = answer.all.unicodeScalars.filter(Self.isHarmful)
            #expect(harmful.isEmpty, "\(arguments): \(answer.all.debugDescription)")
            said += answer.all
        }
        #expect(said.contains(#"a\u{1B}[31mb\u{9B}2Jc"#))
        #expect(said.contains(#"no\u{1B}]0;title"#))
        let journal = try await sandbox.sqlite(".selfheal/journal.db", ".dump")
        #expect(!journal.unicodeScalars.contains(where: Self.isHarmful), "\(journal.debugDescription)")
    }
}
