import Foundation
import Testing

/// What is not safe to run, or not right, is refused before anything is looked at, with the place and what to do.
@Suite struct PluginRefusalTests {
    private static let good = #"echo '{"protocol":1,"findings":[]}'"#

    private static func sandbox(_ more: String = "", entry: String = "{}") throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.plugin("fine", more, good)
        try sandbox.write("schemas.yaml", "version: 1\nplugins:\n  fine: \(entry)\n")
        return sandbox
    }

    @Test(
        "What others may write is not run",
        arguments: [
            ("plugins", 0o777), ("plugins", 0o775), ("plugins/fine", 0o775), ("plugins/fine/bin", 0o757),
            ("plugins/fine/bin/fine", 0o775), ("plugins/fine/plugin.yaml", 0o666),
        ])
    func writable(path: String, mode: Int) async throws {
        let sandbox = try Self.sandbox()
        #expect(try await sandbox.validate("--check-only").status == 0)
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: sandbox.path(path))
        let answer = try await sandbox.validate("--check-only")
        #expect(answer.status == 78, "\(answer.all)")
        #expect(answer.errors.contains("schemas.yaml:3:3: the plugin 'fine' is refused"))
        #expect(answer.errors.contains("\(path) may be written by its group or by others"), "\(answer.errors)")
        #expect(answer.errors.contains("chmod go-w it"))
    }

    @Test("What belongs to another user is not run") func foreign() async throws {
        let sandbox = try Self.sandbox()
        try #require(chown(sandbox.path("plugins/fine/bin/fine"), 65534, 65534) == 0)
        let answer = try await sandbox.validate("--check-only")
        #expect(answer.status == 78 && answer.errors.contains("bin/fine belongs to another user"), "\(answer.all)")
    }

    @Test(
        "Nor is what a manifest names that others may write, or that is in a folder they may rename",
        arguments: ["chown 65534 schemas.yaml", "chmod o+w schemas.yaml", "chmod g+w .", "chown 65534 ."])
    func manifests(command: String) async throws {
        let sandbox = try Self.sandbox()
        let answer = try await sandbox.shell("\(command); \"$BIN/validate-startup\" --check-only")
        #expect(answer.status == 78 && answer.errors.contains("no plugin is run: "), "\(answer.all)")
        // Without plugins, a manifest is data.
        try FileManager.default.setAttributes([.posixPermissions: 0o777], ofItemAtPath: sandbox.root)
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [plugins]\n")
        #expect(try await sandbox.validate("--check-only").status == 0)
    }

    @Test(
        "Wrong descriptions are named with their place",
        arguments: [
            ("timeout: soon\n", "plugin.yaml:5:10: expected a whole number"), ("typo: 1\n", "plugin.yaml:5:1"),
            ("kind: sorcery\n", "expected one of selfheal, nagios"), ("executable: ../x\n", "leaves the root"),
            ("executable: /bin/true\n", "must be below its folder"), ("executable: bin/none\n", "does not exist"),
            ("executable: plugin.yaml\n", "is not executable"),
            ("settings: {type: object, patternProperties: {}}\n", "the keyword 'patternProperties' is not understood"),
            ("findings: {Missing: {}}\n", "small letters"), ("writes: [here]\n", "expected an absolute path"),
        ])
    func descriptions(more: String, message: String) async throws {
        let answer = try await Self.sandbox(more).validate("--check-only")
        #expect(answer.status == 78 && answer.errors.contains(message), "\(answer.all)")
    }

    @Test(
        "So are names and protocols",
        arguments: [
            ("name: fine", "name: other", "names it 'other', and its folder 'fine'"),
            ("protocols: [1]", "protocols: [2, 3]", "it speaks protocol 2, 3; this program speaks 1"),
            ("capabilities: [check]", "capabilities: [heal]", "it cannot check"),
            ("version: 1.0\n", "", "version"),
        ])
    func mismatches(old: String, new: String, message: String) async throws {
        let sandbox = try Self.sandbox()
        let text = try sandbox.read("plugins/fine/plugin.yaml")
        try sandbox.write("plugins/fine/plugin.yaml", text.replacingOccurrences(of: old, with: new))
        let answer = try await sandbox.validate("--check-only")
        #expect(answer.status == 78 && answer.errors.contains(message), "\(answer.all)")
    }

    @Test(
        "Settings are held against their schema",
        arguments: [
            ("{}", "schemas.yaml:3:9: 'port' is missing"),
            ("{port: high}", "schemas.yaml:3:16: expected a whole number"),
            ("{port: 70000}", "from 1 to 65535"), ("{port: 1, prot: 2}", "did you mean 'port'?"),
            ("{port: 1, level: loud}", "expected one of quiet, noisy"), ("{port: 1, names: x}", "expected a list"),
            ("{port: 1, names: []}", "expected at least 1 items"), ("{port: 1, share: x}", "expected a number"),
            ("{port: 1, on: 1}", "expected true or false"), ("{port: 1, deep: {b: 1}}", "'a' is missing"),
            ("[1]", "the settings of a plugin are a mapping"),
        ])
    func settings(entry: String, message: String) async throws {
        let schema = """
            settings:
              type: object
              required: [port]
              additionalProperties: false
              properties:
                port: {type: integer, minimum: 1, maximum: 65535}
                level: {type: string, enum: [quiet, noisy]}
                names: {type: array, items: {type: string}, minItems: 1}
                share: {type: number, minimum: 0}
                "on": {type: boolean}
                deep: {type: object, required: [a]}

            """
        let answer = try await Self.sandbox(schema, entry: entry).validate("--check-only")
        #expect(answer.status == 78 && answer.errors.contains(message), "\(answer.all)")
    }

    @Test("A pinned executable is run while it is the one that was pinned") func pins() async throws {
        let sandbox = try Self.sandbox()
        let sum = try await sandbox.shell("sha256sum plugins/fine/bin/fine | cut -d' ' -f1").output
        let pin = sum.trimmingCharacters(in: .whitespacesAndNewlines)
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {fine: {sha256: \(pin)}}\n")
        #expect(try await sandbox.validate("--check-only").status == 0)
        try sandbox.write("plugins/fine/bin/fine", try sandbox.read("plugins/fine/bin/fine") + "\n")
        let answer = try await sandbox.validate("--check-only")
        #expect(answer.status == 78 && answer.errors.contains("the manifest expects \(pin)"), "\(answer.all)")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {fine: {sha256: abc}}\n")
        #expect(try await sandbox.validate("--check-only").errors.contains("64 hexadecimal digits"))
    }

    @Test(
        "Names that are built in, or nowhere",
        arguments: [
            ("sqlite", "'sqlite' is built in and cannot be replaced"), ("env", "'env' is built in"),
            ("fin", "there is no plugin 'fin'"), ("fin", "did you mean 'fine'?"), ("Fine", "small letters"),
        ])
    func names(name: String, message: String) async throws {
        let sandbox = try Self.sandbox()
        try sandbox.plugin("sqlite", "", Self.good)
        try sandbox.plugin("env", "", Self.good)
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {\(name): {}}\n")
        let answer = try await sandbox.validate("--check-only")
        #expect(answer.status == 78 && answer.errors.contains(message), "\(answer.all)")
    }
}
