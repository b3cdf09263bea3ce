import Foundation
import Testing

@testable import ExternalPlugins

/// `selfheal plugins`: list, new, test.
@Suite struct PluginsCommandTests {
    @Test(arguments: PluginLanguage.allCases) func aNewPluginWorks(_ language: PluginLanguage) async throws {
        let sandbox = try Sandbox()
        let arguments = ["plugins", "new", "my-own", "--language", language.rawValue]
        let new = try await sandbox.tool("selfheal", arguments)
        #expect(new.status == 0, "\(new.all)")
        if language == .swift {
            let built = try await sandbox.shell("make -C plugins/my-own")
            #expect(built.status == 0, "\(built.all)")
        }
        let trial = try await sandbox.tool("selfheal", ["plugins", "test", "plugins/my-own"])
        #expect(trial.status == 0 && trial.output.contains("13 passed, 0 failed, 0 skipped"), "\(trial.all)")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {my-own: {file: wanted.txt}}\n")
        #expect(try await sandbox.validate("--check-only").status == 1)
        #expect(try await sandbox.heal("--dry-run").status == 1)
        #expect(!sandbox.exists("wanted.txt"))
        #expect(try await sandbox.heal().status == 0)
        #expect(try sandbox.read("wanted.txt") == "hello\n")
        let again = try await sandbox.tool("selfheal", arguments)
        #expect(again.status == 64 && again.errors.contains("exists already"), "\(again.all)")
    }

    @Test("templates/ holds what 'selfheal plugins new' makes", arguments: PluginLanguage.allCases)
    func templates(_ language: PluginLanguage) throws {
        let folder = "\(Sandbox.package)/templates/plugins/\(language.rawValue)"
        let files = PluginTemplate(name: "example", language: language).files
        if ProcessInfo.processInfo.environment["SELFHEAL_UPDATE_GOLDENS"] == "1" {
            try? FileManager.default.removeItem(atPath: folder)
            for file in files {
                let url = URL(filePath: "\(folder)/\(file.path)")
                try FileManager.default.createDirectory(
                    at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
                try Data(file.text.utf8).write(to: url)
                let mode = file.isExecutable ? 0o755 : 0o644
                try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: url.path)
            }
        }
        for file in files {
            let text = try String(contentsOf: URL(filePath: "\(folder)/\(file.path)"), encoding: .utf8)
            #expect(text == file.text, "run the tests with SELFHEAL_UPDATE_GOLDENS=1")
        }
        let names = try #require(FileManager.default.enumerator(atPath: folder)).compactMap { $0 as? String }
        #expect(names.filter { $0 != "bin" || language == .swift }.count == files.count, "\(names)")
    }

    @Test func lists() async throws {
        let sandbox = try Sandbox()
        let good = #"echo '{"protocol":1,"findings":[]}'"#
        try sandbox.plugin("used", "description: Looks.\nreads: {}\n", good)
        try sandbox.plugin("spare", "", good)
        try sandbox.plugin("sqlite", "", good)
        try sandbox.plugin("broken", "timeout: x\n", good)
        try sandbox.write("plugins/a-file", "")
        try sandbox.write(
            "schemas.yaml",
            "version: 1\nplugins: {used: {}, nowhere: {}, load: {kind: nagios, command: [/bin/true]}}\n")
        let text = try await sandbox.tool("selfheal", ["plugins"])
        #expect(text.status == 1, "\(text.all)")
        for line in [
            "used 1.0 (used): Looks.", "spare 1.0 (available)", "sqlite (refused)", "broken (refused)",
            "nowhere (unusable)",
            "load (used)", "plugin.yaml:5:10",
        ] {
            #expect(text.output.contains(line), "\(line) in \(text.output)")
        }
        let json = try Sandbox.json(try await sandbox.tool("selfheal", ["plugins", "--json"]).output)
        let plugins = try #require(json["plugins"] as? [[String: any Sendable]])
        #expect(plugins.count == 6)
        let used = try #require(plugins.first { $0["name"] as? String == "used" })
        #expect(used["cached"] as? Bool == true && used["capabilities"] as? [String] == ["check"])
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {used: {}}\n")
        #expect(try await sandbox.tool("selfheal", ["plugins"]).status == 0)
    }

    @Test(
        "A plugin that does not keep to the protocol is told so",
        arguments: [
            ("echo '{\"protocol\":1,\"findings\":[{\"id\":\"odd\",\"message\":\"m\"}]}'", "not declared: tried.odd"),
            (
                "cat >/dev/null; echo '{\"protocol\":1,\"findings\":[]}'",
                "a request that is no JSON is no success: it ended"
            ),
            ("echo x >>log; echo '{\"protocol\":1,\"findings\":[]}'", "it tried to write log in a check"),
            ("echo junk", "not one JSON object"),
            ("sleep 300 & echo '{\"protocol\":1,\"findings\":[]}'", "it left processes running"),
        ])
    func trial(script: String, message: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.plugin("tried", "timeout: 2\n", script)
        let before = try sandbox.listing()
        let answer = try await sandbox.tool("selfheal", ["plugins", "test", "plugins/tried"])
        #expect(answer.status == 1 && answer.output.contains(message), "\(answer.all)")
        #expect(try sandbox.listing() == before)
    }

    @Test(
        arguments: [
            (["plugins", "new", "Bad"], 64 as Int32, "small letters"), (["plugins", "new", "sqlite"], 64, "built in"),
            (["plugins", "new", "x", "--language", "cobol"], 64, "cobol"),
            (["plugins", "test", "nowhere"], 1, "there is no plugin 'nowhere'"),
            (["plugins", "test", "plugins/fine", "--settings", "a: ["], 1, "--settings:2:1"),
            (["plugins", "test", "plugins/fine", "--in", "nowhere"], 64, "nowhere"),
            (["plugins", "--plugin-path", "nowhere"], 64, "no such directory"),
        ])
    func wrongCommandLines(arguments: [String], status: Int32, message: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.plugin("fine", "", "echo '{}'")
        let answer = try await sandbox.tool("selfheal", arguments)
        #expect(answer.status == status && answer.errors.contains(message), "\(answer.all)")
    }
}
