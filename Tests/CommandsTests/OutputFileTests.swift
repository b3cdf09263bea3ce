import Foundation
import Testing

/// Where a report may be written, and what is said where nothing but JSON is to be read.
@Suite struct OutputFileTests {
    private static let manifest = """
        version: 1
        env: {variables: {A: {}}}
        directories: [data]
        files: [{path: config.toml, template: config.example}]
        databases: {data/a.db: {tables: {t: {columns: {id: INTEGER}}}}}

        """

    @Test(
        arguments: [
            ".env", "config.toml", "config.example", "data/a.db", "./data/../data/a.db", "data/a.db-wal",
            "data/a.db-shm",
            "data/a.db-journal", "schemas.yaml", "link.json", "data", ".selfheal/report.json",
        ],
        ["validate-startup", "auto-heal"])
    func whatTheManifestNamesIsNotReplaced(output: String, tool: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.manifest)
        try sandbox.write(".env", "A=1\n")
        try sandbox.write("config.example", "x = 1\n")
        try sandbox.write("config.toml", "x = 2\n")
        try sandbox.write(".selfheal/note", "")
        try sandbox.write("data/.keep", "")
        _ = try await sandbox.sqlite("data/a.db", "CREATE TABLE t(id INTEGER)")
        _ = try await sandbox.shell("ln -s data/a.db link.json")
        let before = try sandbox.listing()
        let answer = try await sandbox.tool(tool, ["--output", output])
        #expect(answer.status == 64 && answer.errors.contains("--output \(output)"), "\(answer.all)")
        #expect(try sandbox.listing() == before)
    }

    @Test func anotherFileIsWritten() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [data]\n")
        try sandbox.write("report.txt", "an older one")
        let answer = try await sandbox.heal("--output", "report.txt")
        #expect(answer.status == 0 && answer.output.isEmpty, "\(answer.all)")
        #expect(try sandbox.read("report.txt").contains("Created directory data/"))
    }

    @Test(
        arguments: [
            ["--format", "json", "--no-such-option"], ["--format=json", "--jobs", "0"], ["extra", "--format", "json"],
            ["--quiet", "--verbose", "--format", "json"], ["--format", "json", "--root"],
            ["--format", "text", "--format", "json", "--jobs", "x"],
        ], ["validate-startup", "auto-heal"])
    func aMistakeOnTheCommandLineIsJSONToo(arguments: [String], tool: String) async throws {
        let sandbox = try Sandbox()
        let answer = try await sandbox.tool(tool, arguments)
        #expect(answer.status == 64 && answer.errors.contains("[ERROR] "), "\(answer.all)")
        let json = try Sandbox.json(answer.output)
        #expect(json["format"] as? String == "selfheal-error/1")
        #expect(json["exitStatus"] as? Int == 64)
        let errors = try #require(json["errors"] as? [[String: any Sendable]])
        #expect(errors.count == 1 && (errors[0]["message"] as? String)?.isEmpty == false)
    }

    @Test func soAreThoseOfSelfheal() async throws {
        let sandbox = try Sandbox()
        let answer = try await sandbox.tool("selfheal", ["history", "--limit", "0", "--format", "json"])
        #expect(answer.status == 64, "\(answer.all)")
        #expect(try Sandbox.json(answer.output)["format"] as? String == "selfheal-error/1")
    }

    @Test func withoutJSONTheParserSpeaks() async throws {
        let sandbox = try Sandbox()
        let answer = try await sandbox.validate("--format", "json", "--format", "text", "--no-such-option")
        #expect(answer.status == 64 && answer.output.isEmpty && answer.errors.contains("Usage: "), "\(answer.all)")
        let help = try await sandbox.validate("--format", "json", "--help")
        #expect(help.status == 0 && help.output.contains("USAGE: "), "\(help.all)")
    }
}
