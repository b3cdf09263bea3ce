import Foundation
import Testing

/// Variables that the environment file lacks and the manifest has a default for are added, and nothing else changes.
@Suite struct EnvironmentAdditionTests {
    private static let manifest = """
        version: 1
        env:
          dialect: shell
          variables:
            HOST: {required: true, default: localhost}
            GREETING: {default: "it's $5"}
            WORDS: {default: "two words"}
            EMPTY: {default: x}
            API_KEY: {required: true, secret: true, default: changeme-now}
            OTHER: {}

        """

    private static let file = "# mine\nEMPTY=\nPORT=1 # the port\n\n# the end"

    private static func sandbox(_ file: String = file, mode: Int = 0o640) throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", manifest)
        try sandbox.write(".env", file)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: sandbox.path(".env"))
        return sandbox
    }

    @Test("They are added once, and taken back by undo") func adds() async throws {
        let sandbox = try Self.sandbox()
        let before = try sandbox.listing()
        for arguments in [["--dry-run"], ["--max-risk", "low"]] {
            let answer = try await sandbox.tool("auto-heal", arguments)
            #expect(answer.status == 1, "\(answer.all)")
            #expect(try sandbox.read(".env") == Self.file)
        }
        #expect(try await sandbox.heal("--dry-run").output.contains("HOST, WORDS to .env"))
        #expect(try sandbox.listing()[".env"] == before[".env"])
        let answer = try await sandbox.heal()
        // The secret is still missing.
        #expect(answer.status == 1 && answer.output.contains("Added HOST, WORDS to .env"), "\(answer.all)")
        #expect(answer.output.contains("no way of writing the value is read alike"), "\(answer.all)")
        #expect(!answer.all.contains("changeme-now"))
        let after = Self.file + "\nHOST=localhost\nWORDS='two words'\n"
        #expect(try sandbox.read(".env") == after)
        let mode = try FileManager.default.attributesOfItem(atPath: sandbox.path(".env"))[.posixPermissions] as? Int
        #expect(mode == 0o640)
        let again = try sandbox.listing()[".env"]
        _ = try await sandbox.heal()
        #expect(try sandbox.listing()[".env"] == again)
        let undo = try await sandbox.tool("selfheal", ["undo"])
        #expect(undo.status == 0, "\(undo.all)")
        #expect(try sandbox.read(".env") == Self.file)
    }

    @Test("Lines that end with CR LF go on ending so") func crlf() async throws {
        let sandbox = try Self.sandbox("PORT=1\r\nEMPTY=\r\n")
        _ = try await sandbox.heal()
        let text = try sandbox.read(".env")
        #expect(text == "PORT=1\r\nEMPTY=\r\nHOST=localhost\r\nWORDS='two words'\r\n", "\(text.debugDescription)")
    }

    @Test("What was changed after it was added stays") func refusedUndo() async throws {
        let sandbox = try Self.sandbox()
        _ = try await sandbox.heal()
        try sandbox.write(".env", try sandbox.read(".env") + "MINE=1\n")
        let undo = try await sandbox.tool("selfheal", ["undo"])
        #expect(undo.status == 1 && undo.output.contains("it was changed after run 1 added to it"), "\(undo.all)")
        #expect(try sandbox.read(".env").hasSuffix("MINE=1\n"))
    }

    @Test("A file made from its template gets them in the same run, and undo removes it again") func fromTemplate()
        async throws
    {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml", Self.manifest.replacingOccurrences(of: "variables:", with: "template: e\n  variables:"))
        try sandbox.write("e", "PORT=1\nEMPTY=1\n")
        _ = try await sandbox.heal()
        #expect(try sandbox.read(".env") == "PORT=1\nEMPTY=1\nHOST=localhost\nWORDS='two words'\n")
        let undo = try await sandbox.tool("selfheal", ["undo"])
        let second = try await sandbox.tool("selfheal", ["undo"])
        #expect(!sandbox.exists(".env"), "\(undo.all)\(second.all)")
    }

    @Test("Nothing is written through a link, or under one of two names", arguments: ["symbolic", "hard"])
    func links(_ kind: String) async throws {
        let sandbox = try Self.sandbox()
        try sandbox.write("real", Self.file)
        try sandbox.remove(".env")
        let answer = try await sandbox.shell("ln \(kind == "symbolic" ? "-s" : "") real .env; \"$BIN/auto-heal\"")
        #expect(answer.status == 1, "\(answer.all)")
        #expect(try sandbox.read("real") == Self.file)
    }

    @Test(
        "A line that others read otherwise is a warning that says who, and never what",
        arguments: [
            ("A=canary 1\n", ".env line 1, A: node, python and compose read it alike; shell refuses it"),
            ("A=can#ary\n", ".env line 1, A: python, compose and shell read it alike; node reads another value"),
            ("A='canary\\\\n'\n", ".env line 1, A:"), ("A=canary\n", nil),
        ])
    func portability(file: String, note: String?) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\nenv: {dialect: node}\n")
        try sandbox.write(".env", file)
        let answer = try await sandbox.validate("--verbose")
        #expect(answer.status == (note == nil ? 0 : 2), "\(answer.all)")
        if let note { #expect(answer.output.contains(note), "\(answer.all)") }
        #expect(!answer.all.contains("canary"))
        try sandbox.write(
            "schemas.yaml",
            "version: 1\nenv: {dialect: node}\npolicy: {severity: {env.file.portability: information}}\n")
        #expect(try await sandbox.validate().status == 0)
    }
}
