import Foundation
import Testing

/// A good answer is kept exactly as long as nothing that it depends on has changed.
@Suite struct PluginMemoryTests {
    /// Counts how often it was started, in a folder outside the root that its description allows.
    private struct Counted {
        let sandbox = try! Sandbox()
        let outside = try! Sandbox()

        init(reads: String, answer: String) throws {
            try sandbox.plugin(
                "counts", "writes: [\(outside.root)]\n\(reads)\n",
                "echo x >>\(outside.root)/runs; \(answer)")
            try sandbox.write("input.txt", "1")
            try sandbox.write("schemas.yaml", "version: 1\nplugins: {counts: {file: input.txt}}\n")
            // Files that have just been written are not trusted to stay as they are.
            Thread.sleep(forTimeInterval: 0.1)
        }

        var runs: Int { ((try? outside.read("runs")) ?? "").split(separator: "\n").count }
    }

    private static let good = #"echo '{"protocol":1,"findings":[],"confirmations":["fine"]}'"#

    @Test("Without a change it is not started again") func unchanged() async throws {
        let counted = try Counted(reads: "reads: {files: [\"{file}\"], environment: [MODE]}", answer: Self.good)
        for _ in 0..<3 {
            let answer = try await counted.sandbox.validate()
            #expect(answer.status == 0 && answer.output.contains("[OK] fine"), "\(answer.all)")
        }
        #expect(counted.runs == 1)
        // A run that changes nothing remembers nothing, and knows what is remembered.
        #expect(try await counted.sandbox.validate("--check-only").status == 0)
        #expect(counted.runs == 1)
    }

    @Test(
        "With one it is",
        arguments: [
            "contents", "contents, size and time", "mode", "owner", "time", "removal", "variable", "setting", "program",
            "neighbour", "description", "other root",
        ])
    func changed(_ what: String) async throws {
        let counted = try Counted(reads: "reads: {files: [\"{file}\"], environment: [MODE]}", answer: Self.good)
        let sandbox = counted.sandbox
        #expect(try await sandbox.validate().status == 0)
        var environment: [String: String] = [:]
        switch what {
        case "contents": try sandbox.write("input.txt", "2")
        case "time":
            try FileManager.default.setAttributes(
                [.modificationDate: Date(timeIntervalSince1970: 1_000_000)], ofItemAtPath: sandbox.path("input.txt"))
        case "contents, size and time":
            // Nobody can set the time of the change itself.
            let times = try await sandbox.shell(
                "touch -r input.txt then; printf 2 >input.txt; touch -r then input.txt; rm then")
            #expect(times.status == 0, "\(times.all)")
        case "mode":
            try FileManager.default.setAttributes([.posixPermissions: 0o640], ofItemAtPath: sandbox.path("input.txt"))
        case "owner":
            // Only root can give a file away; to anybody else, chgrp to the own group is a change, too.
            #expect(try await sandbox.shell("chown 4711 input.txt 2>/dev/null || chgrp $(id -g) input.txt").status == 0)
        case "removal": try sandbox.remove("input.txt")
        case "variable": environment["MODE"] = "x"
        case "setting":
            try sandbox.write("schemas.yaml", "version: 1\nplugins: {counts: {file: input.txt, more: 1}}\n")
        case "program":
            let script = try sandbox.read("plugins/counts/bin/counts")
            try sandbox.write("plugins/counts/bin/counts", script + "# changed\n")
        case "neighbour": try sandbox.write("plugins/counts/bin/lib.sh", "x=1")
        case "description":
            let text = try sandbox.read("plugins/counts/plugin.yaml")
            try sandbox.write("plugins/counts/plugin.yaml", text.replacingOccurrences(of: "1.0", with: "1.1"))
        default:
            try sandbox.write("copy/input.txt", "1")
            #expect(
                try await sandbox.validate(
                    "--root", sandbox.path("copy"), "--manifest", "schemas.yaml"
                ).status == 0)
        }
        #expect(try await sandbox.tool("validate-startup", environment: environment).status == 0)
        #expect(counted.runs == 2)
    }

    @Test("What it says that it reads counts, too") func dynamicInputs() async throws {
        let answer =
            #"echo '{"protocol":1,"findings":[],"reads":{"files":["deep/found.txt"],"environment":["SEEN"]}}'"#
        let counted = try Counted(reads: "reads: {}", answer: answer)
        let sandbox = counted.sandbox
        for _ in 0..<2 { #expect(try await sandbox.validate().status == 0) }
        #expect(counted.runs == 1)
        try sandbox.write("deep/found.txt", "x")
        #expect(try await sandbox.validate().status == 0)
        #expect(counted.runs == 2)
        #expect(try await sandbox.tool("validate-startup", environment: ["SEEN": "1"]).status == 0)
        #expect(counted.runs == 3)
    }

    @Test("An input that went while the plugin looked is noticed") func gone() async throws {
        let answer = #"rm -f gone.txt; echo '{"protocol":1,"findings":[],"reads":{"files":["gone.txt"]}}'"#
        let counted = try Counted(reads: "confined: false\nreads: {}", answer: answer)
        try counted.sandbox.write("gone.txt", "x")
        #expect(try await counted.sandbox.validate().status == 0)
        try await Task.sleep(for: .milliseconds(100))
        #expect(try await counted.sandbox.validate().status == 0)
        #expect(counted.runs == 2)
    }

    @Test(
        "What is not good, or may change by itself, is asked for each time",
        arguments: [
            ("reads: {}", #"echo '{"protocol":1,"findings":[{"id":"x","severity":"warning","message":"m"}]}'"#),
            ("reads: {}", #"echo '{"protocol":1,"skipped":"not here"}'"#), ("reads: {}", "exit 1"), ("", good),
        ])
    func neverKept(reads: String, answer: String) async throws {
        let counted = try Counted(reads: reads, answer: answer)
        for _ in 0..<2 { _ = try await counted.sandbox.validate() }
        #expect(counted.runs == 2)
    }

    @Test("An input that is younger than the question is not trusted") func young() async throws {
        let counted = try Counted(reads: "reads: {files: [\"{file}\"]}", answer: Self.good)
        // As if it were written at this very moment, and for some time to come.
        try FileManager.default.setAttributes(
            [.modificationDate: Date(timeIntervalSinceNow: 3600)], ofItemAtPath: counted.sandbox.path("input.txt"))
        for _ in 0..<2 { #expect(try await counted.sandbox.validate().status == 0) }
        #expect(counted.runs == 2)
    }

    @Test("Neither settings nor variables nor secrets are in what is remembered") func secrecy() async throws {
        let counted = try Counted(
            reads: "reads: {environment: [API_TOKEN]}",
            answer: #"echo '{"protocol":1,"findings":[],"confirmations":["token '$API_TOKEN'"]}'"#)
        let sandbox = counted.sandbox
        try sandbox.plugin(
            "counts", "environment: [API_TOKEN]\nreads: {environment: [API_TOKEN]}\n",
            #"echo '{"protocol":1,"findings":[],"confirmations":["token '$API_TOKEN'"]}'"#)
        let answer = try await sandbox.tool("validate-startup", environment: ["API_TOKEN": "canary-token"])
        #expect(answer.output.contains("token [redacted]"), "\(answer.all)")
        let cache = sandbox.path("../cache-" + (sandbox.root as NSString).lastPathComponent)
        let kept = try await sandbox.shell("cat \(cache)/selfheal/* | tee /dev/stderr | grep -c canary")
        #expect(kept.output == "0\n" && kept.errors.contains("plugin "), "\(kept.all)")
    }
}
