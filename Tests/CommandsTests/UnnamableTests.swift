import Foundation
import Testing

/// Files that fit a pattern and whose names nothing can say: they must not pass as looked at.
@Suite struct UnnamableTests {
    private static let table = "tables: {t: {columns: {id: INTEGER PRIMARY KEY}}}"

    private static func sandbox(_ pattern: String, _ script: String) async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndatabases: {\"\(pattern)\": {\(table)}}\n")
        let made = try await sandbox.shell(script)
        try #require(made.status == 0, "\(made.all)")
        return sandbox
    }

    private static func names(_ answer: Answer) throws -> [[String: Any]] {
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: Any]])
        return checks.flatMap { $0["findings"] as? [[String: Any]] ?? [] }.filter {
            $0["id"] as? String == "sqlite.file.name"
        }
    }

    @Test(arguments: [
        ("tenants/*.db", "tenants/a\\nb.db", #"tenants/a\x0Ab.db"#),
        ("tenants/*.db", "tenants/\\x1b[31m.db", #"tenants/\x1B[31m.db"#),
        ("tenants/*.db", "tenants/a\\xffb.db", #"tenants/a\xFFb.db"#),
        ("tenants/*.db", "tenants/ä\\xc3.db", #"tenants/ä\xC3.db"#),
        ("tenants/*.db", "tenants/a\\x7f\\\\b.db", #"tenants/a\x7F\x5Cb.db"#),
        ("tenants/*/app.db", "tenants/a\\nb/app.db", #"tenants/a\x0Ab"#),
        ("tenants/*/app.db", "tenants/\\xff/app.db", #"tenants/\xFF"#),
        ("*", "a\\nb", #"a\x0Ab"#),
        ("[!b]?b", "a\\xffb", #"a\xFFb"#),
    ])
    func areSaid(pattern: String, file: String, shown: String) async throws {
        let sandbox = try await Self.sandbox(pattern, "f=$'\(file)'; mkdir -p \"$(dirname \"$f\")\"; printf x > \"$f\"")
        for tool in ["validate-startup", "auto-heal"] {
            let answer = try await sandbox.tool(tool, ["--format", "json", "--skip", "sqlite.file.not-a-database"])
            #expect(answer.status == 1, "\(answer.all)")
            let finding = try #require(try Self.names(answer).first, "\(answer.all)")
            #expect(try Self.names(answer).count == 1)
            #expect(finding["subject"] as? String == shown)
            #expect(finding["severity"] as? String == "critical")
            #expect((finding["hint"] as? String)?.contains("rename it") == true)
            #expect((finding["message"] as? String)?.contains(shown) == true)
        }
        let text = try await sandbox.validate("--check-only")
        #expect(text.status == 1 && text.output.contains(shown) && text.output.contains("rename it"), "\(text.all)")
        let diff = try await sandbox.tool("selfheal", ["diff"])
        #expect(diff.status == 1 && diff.all.contains(shown), "\(diff.all)")
    }

    /// What the pattern does not mean, whatever it is called.
    @Test(arguments: [
        "mkdir -p $'tenants/a\\nb.db'", "printf x > $'tenants/a\\nb.txt'", "printf x > $'tenants/.a\\nb.db'",
        "printf x > $'tenants/a\\xff.db-wal'", "mkdir tenants/c; printf x > $'tenants/c/a\\xff.db'",
    ])
    func othersAreNot(script: String) async throws {
        let sandbox = try await Self.sandbox(
            "tenants/*.db", "mkdir tenants; sqlite3 tenants/a.db 'CREATE TABLE t (id INTEGER PRIMARY KEY)'; \(script)")
        let answer = try await sandbox.validate("--check-only")
        #expect(answer.status == 0, "\(answer.all)")
    }

    @Test func theOthersOfTheFleetAreHealed() async throws {
        let sandbox = try await Self.sandbox(
            "tenants/*.db",
            "mkdir tenants; for f in a b $'c\\nd' $'e\\xff'; do sqlite3 plain.db 'CREATE TABLE u (x)'; mv plain.db \"tenants/$f.db\"; done"
        )
        let answer = try await sandbox.heal()
        #expect(answer.status == 1, "\(answer.all)")
        #expect(try await sandbox.sqlite("tenants/a.db", "SELECT count(*) FROM t") == "0")
        #expect(try await sandbox.sqlite("tenants/b.db", "SELECT count(*) FROM t") == "0")
        #expect(answer.output.contains("2 healed, 2 wrong"), "\(answer.all)")
        _ = try await sandbox.shell("mv $'tenants/c\\nd.db' tenants/c.db; mv $'tenants/e\\xff.db' tenants/e.db")
        #expect(try await sandbox.heal().status == 0)
        #expect(try await sandbox.validate("--check-only").output.contains("4 of 4"))
    }

    @Test func twoPatternsSayItOnce() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml", "version: 1\ndatabases: {t/*.db: {\(Self.table)}, t/a*.db: {\(Self.table)}}\n")
        _ = try await sandbox.shell("mkdir t; printf x > $'t/a\\n.db'")
        let answer = try await sandbox.validate("--check-only", "--format", "json")
        #expect(answer.status == 1, "\(answer.all)")
        #expect(try Self.names(answer).count == 1, "\(answer.all)")
    }

    @Test(arguments: [("a\\nb", #"a\x0Ab"#), ("a\\xff", #"a\xFF"#)])
    func anIncludedFileIsNotPassedOver(name: String, shown: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ninclude: [conf/*.yaml, part*/x.yaml]\n")
        try sandbox.write("conf/a.yaml", "directories: [made]\n")
        try sandbox.write("part1/x.yaml", "directories: [made2]\n")
        _ = try await sandbox.shell("printf 'directories: [other]' > $'conf/\(name).yaml'; mkdir $'part\(name)'")
        let answer = try await sandbox.heal()
        #expect(answer.status == 78, "\(answer.all)")
        #expect(answer.errors.contains("conf/\(shown).yaml"), "\(answer.all)")
        #expect(answer.errors.contains("part\(shown)"), "\(answer.all)")
        #expect(answer.errors.contains("rename it") && answer.errors.contains("schemas.yaml:2:"), "\(answer.all)")
        #expect(!sandbox.exists("made"))
    }

    @Test func aFirstManifestSaysWhatItLeavesOut() async throws {
        let sandbox = try Sandbox()
        _ = try await sandbox.shell(
            "sqlite3 plain.db 'CREATE TABLE u (x)'; cp plain.db $'a\\xff.db'; cp plain.db $'b\\n.db'")
        let answer = try await sandbox.tool("selfheal", ["init", "--print"])
        #expect(answer.status == 0, "\(answer.all)")
        #expect(
            answer.errors.contains(#"left out: a\xFF.db"#) && answer.errors.contains(#"left out: b\x0A.db"#),
            "\(answer.all)")
    }
}

/// Paths on the way to the application that are no UTF-8.
@Suite struct UnnamableRootTests {
    @Test(arguments: [
        ("", "--root $'\\xff'"), ("", "--manifest $'\\xff/schemas.yaml'"), ("cd $'\\xff'", ""), ("", "--root link"),
        ("", "--manifest ok/schemas.yaml --output $'json=\\xff/report'"),
        ("", "--manifest ok/schemas.yaml --plugin-path $'\\xff'"),
    ])
    func isSaidClearly(before: String, arguments: String) async throws {
        let sandbox = try Sandbox()
        let manifest = "version: 1\ndirectories: [made]\n"
        try sandbox.write("ok/schemas.yaml", manifest)
        _ = try await sandbox.shell("mkdir $'\\xff'; cp ok/schemas.yaml $'\\xff/'; ln -s $'\\xff' link")
        for tool in ["validate-startup", "auto-heal", "selfheal plan"] {
            let answer = try await sandbox.shell("\(before.isEmpty ? ":" : before); $BIN/\(tool) \(arguments)")
            #expect(answer.status == 64, "\(tool): \(answer.all)")
            #expect(answer.errors.contains("UTF-8") && answer.errors.contains(#"\xFF"#), "\(answer.all)")
            #expect(!answer.all.contains("no such"), "\(answer.all)")
            let json = try await sandbox.shell(
                "\(before.isEmpty ? ":" : before); $BIN/\(tool) \(arguments) --format json")
            #expect(json.status == 64, "\(json.all)")
            #expect(try Sandbox.json(json.output)["format"] as? String == "selfheal-error/1", "\(json.all)")
        }
        for command in ["init", "diff", "undo", "history", "restore a.db", "plugins list"]
        where !arguments.contains("output") && !arguments.contains("plugin") {
            let answer = try await sandbox.shell(
                "\(before.isEmpty ? ":" : before); $BIN/selfheal \(command) \(arguments)")
            #expect(answer.status == 64 && answer.errors.contains("UTF-8"), "\(command): \(answer.all)")
        }
        #expect(try await sandbox.shell("ls -A $'\\xff' ok").output.contains("made") == false)
    }
}
