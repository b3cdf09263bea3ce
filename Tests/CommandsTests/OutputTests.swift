import Foundation
import Testing

@Suite struct OutputTests {
    private static let canary = "CANARY-7f3a9c-hunter2"

    @Test func secretsStayOut() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            env:
              template: .env.example
              variables:
                KEY: {secret: true, required: true, type: int}
                URL: {secret: true, pattern: "^https:"}
                OTHER: {type: email, default: \(Self.canary)-default, secret: true}
            directories: [made]
            """)
        try sandbox.write(".env.example", "KEY=\(Self.canary)\nURL=\(Self.canary)\nOTHER=\(Self.canary)\n")
        for arguments in [["--verbose"], ["--format", "json"], ["--quiet"], ["--dry-run", "--verbose"]] {
            let answer = try await sandbox.tool("auto-heal", arguments, environment: ["KEY": Self.canary])
            #expect(answer.status == 1 && !answer.all.contains(Self.canary), "\(answer.all)")
        }
        try sandbox.write(".env", "KEY='\(Self.canary)\nURL=\(Self.canary)\n")
        let broken = try await sandbox.validate("--verbose")
        #expect(broken.status == 1 && !broken.all.contains(Self.canary), "\(broken.all)")
        try sandbox.write(
            "schemas.yaml", "version: 1\nenv: {variables: {KEY: {default: [\(Self.canary)]}}}\n\(Self.canary)\n")
        let manifest = try await sandbox.validate()
        #expect(manifest.status == 78 && !manifest.all.contains(Self.canary), "\(manifest.all)")
        for (name, entry) in try sandbox.listing() where name.hasPrefix(".selfheal/") {
            let bytes = Data(base64Encoded: String(entry.split(separator: " ").last ?? "")) ?? Data()
            #expect(bytes.range(of: Data(Self.canary.utf8)) == nil, "\(name)")
        }
    }

    @Test(arguments: ["validate-startup", "auto-heal"]) func json(tool: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        let check = try await sandbox.tool(tool, ["--format", "json"])
        #expect(check.errors.isEmpty, "\(check.errors)")
        try sandbox.write("report.json", check.output)
        let schema = Sandbox.package + "/docs/report.schema.json"
        let valid = try await sandbox.shell("/usr/bin/python3 -m jsonschema -i report.json \(schema)")
        #expect(valid.status == 0, "\(valid.all)")
        let report = try Sandbox.json(check.output)
        #expect(report["format"] as? String == "selfheal-report/1")
        #expect(report["exitStatus"] as? Int == Int(check.status))
        let file = try await sandbox.tool(tool, ["--format", "json", "--output", "second.json"])
        #expect(file.output.isEmpty && sandbox.exists("second.json"))
    }

    @Test func plainInAPipeColouredWhenAsked() async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        let plain = try await sandbox.validate("--check-only")
        #expect(!plain.all.contains("\u{1B}"))
        let colored = try await sandbox.validate("--check-only", "--color", "always")
        #expect(colored.output.contains("\u{1B}["))
        let never = try await sandbox.validate("--check-only", "--color", "never")
        #expect(!never.output.contains("\u{1B}"))
    }

    @Test func onATerminal() async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        // script(1) gives the program a terminal.
        let terminal = "TERM=xterm script -qec '$BIN/validate-startup --check-only' /dev/null"
        let colored = try await sandbox.shell("unset NO_COLOR; " + terminal)
        #expect(colored.output.contains("\u{1B}["), "\(colored)")
        let plain = try await sandbox.shell("export NO_COLOR=1; " + terminal)
        #expect(plain.output.contains("[ERROR]") && !plain.output.contains("\u{1B}["), "\(plain)")
    }

    @Test func aLongRepairShowsWhatItDoesOnATerminalOnly() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            "version: 1\ndatabases: {d.db: {tables: {t: {columns: {x: TEXT}, indexes: {slow_index: [x]}}}}}\n")
        let rows = "CREATE TABLE t(x TEXT); INSERT INTO t SELECT hex(randomblob(16)) FROM generate_series(1, 2000000)"
        _ = try await sandbox.sqlite("d.db", rows)
        let terminal = try await sandbox.shell("TERM=xterm script -qec '$BIN/auto-heal' /dev/null")
        #expect(terminal.output.contains("Creating index slow_index on t in d.db… "), "\(terminal)")
        _ = try await sandbox.sqlite("d.db", "DROP INDEX slow_index")
        let pipe = try await sandbox.heal()
        #expect(pipe.status == 0 && !pipe.all.contains("d.db… ") && !pipe.all.contains("\r"), "\(pipe)")
    }

    @Test func quietSaysOnlyWhatMatters() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [a]\n")
        let first = try await sandbox.heal("--quiet")
        #expect(first.output.contains("a/") && !first.output.contains("SUMMARY"), "\(first.output)")
        let second = try await sandbox.heal("--quiet")
        #expect(second.status == 0 && second.all.isEmpty, "\(second.all)")
        #expect(try await sandbox.validate("--quiet").all.isEmpty)
    }

    @Test func historyAndExplain() async throws {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        let none = try await sandbox.tool("selfheal", ["history"])
        #expect(none.status == 0 && !sandbox.exists(".selfheal"), "\(none.all)")
        _ = try await sandbox.heal()
        _ = try await sandbox.sqlite("app/data.db", "ALTER TABLE product_catalog DROP COLUMN source_url")
        _ = try await sandbox.validate()
        let list = try await sandbox.tool("selfheal", ["history"])
        #expect(list.output.contains("validate-startup") && list.output.contains("auto-heal"), "\(list.all)")
        let run = try await sandbox.tool("selfheal", ["history", "2"])
        #expect(run.output.contains("ALTER TABLE product_catalog ADD COLUMN source_url TEXT"), "\(run.all)")
        let json = try await sandbox.tool("selfheal", ["history", "--format", "json"])
        #expect(try Sandbox.json(json.output)["format"] as? String == "selfheal-history/1")
        #expect(try await sandbox.tool("selfheal", ["history", "99"]).status == 64)
        let explained = try await sandbox.tool("selfheal", ["explain", "sqlite.column.missing"])
        #expect(explained.status == 0 && explained.output.contains("low"), "\(explained.all)")
        #expect(try await sandbox.tool("selfheal", ["explain", "sqlite.colum.missing"]).status == 64)
    }

    @Test func theProgramsNameDecidesWhatItDoes() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [a]\n")
        let script =
            "ln -s $BIN/selfheal validate-startup && ln -s $BIN/selfheal auto-heal && ./auto-heal --dry-run; ./validate-startup"
        let answer = try await sandbox.shell(script)
        #expect(
            answer.status == 0 && answer.output.contains("[DRY-RUN]") && answer.output.contains("[HEALING]"),
            "\(answer.all)")
        for name in ["selfheal", "validate-startup", "auto-heal"] {
            #expect(try await sandbox.tool(name, ["--help"]).status == 0)
            #expect(try await sandbox.tool(name, ["--version"]).output == "0.1.0\n")
        }
    }
}

/// Documentation that the programs themselves write, and manifests, must be what the programs say today.
@Suite struct GeneratedFilesTests {
    @Test func findingsPage() async throws {
        let page = try await Sandbox().tool("selfheal", ["explain", "--markdown"]).output
        let written =
            (try? String(contentsOf: URL(filePath: Sandbox.package + "/docs/findings.md"), encoding: .utf8)) ?? ""
        #expect(
            page == written, "docs/findings.md is not up to date: run 'selfheal explain --markdown > docs/findings.md'")
    }

    /// An independent validator agrees with our own reading on every manifest in the tree.
    @Test func everyManifestInTheTreeFitsTheSchema() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schema.json", try await sandbox.tool("selfheal", ["schema"]).output)
        try sandbox.write(
            "check.py",
            """
            import json, sys, yaml, jsonschema
            class Loader(yaml.SafeLoader): pass
            # Keys such as 'on' are texts for us; YAML 1.1 reads some of them as truth values.
            Loader.yaml_implicit_resolvers = {
                letter: [(tag, pattern) for tag, pattern in entries if not tag.endswith(':bool')]
                for letter, entries in yaml.SafeLoader.yaml_implicit_resolvers.items()}
            import re
            Loader.add_implicit_resolver('tag:yaml.org,2002:bool', re.compile('^(true|false)$'), list('tf'))
            schema = json.load(open('schema.json'))
            jsonschema.Draft202012Validator.check_schema(schema)
            for name in sys.argv[1:]:
                jsonschema.validate(yaml.load(open(name), Loader), schema)
                print('valid', name)
            """)
        let git = try await sandbox.run(
            "/usr/bin/git",
            ["-C", Sandbox.package, "ls-files", "--cached", "--others", "--exclude-standard", "*schemas*.yaml"])
        let manifests = git.output.split(separator: "\n").filter { !$0.contains("Fixtures/") }
            .map { "'\(Sandbox.package)/\($0)'" }
        #expect(manifests.count >= 1, "\(git.all)")
        let answer = try await sandbox.shell("/usr/bin/python3 check.py \(manifests.joined(separator: " "))")
        #expect(answer.status == 0, "\(answer.all)")
        #expect(answer.output.split(separator: "\n").count == manifests.count)
    }
}
