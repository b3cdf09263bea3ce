import Foundation
import Rendering
import Testing

/// Several outputs of one run, and the exit status that goes with them.
@Suite struct OutputChoiceTests {
    private func sandbox(_ manifest: String = "version: 1\napp: shop\ndirectories: [data]\n") throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", manifest)
        return sandbox
    }

    private func begins(_ text: String, as format: OutputFormat) -> Bool {
        format.beginnings.contains { text.hasPrefix($0) }
    }

    @Test func everyFormatInOneRun() async throws {
        let sandbox = try sandbox()
        let formats = OutputFormat.allCases
        let answer = try await sandbox.tool(
            "validate-startup", ["--check-only"] + formats.flatMap { ["--output", "\($0.rawValue)=r.\($0.rawValue)"] })
        #expect(answer.status == 1 && answer.output.hasPrefix("[INFO] Checking directories"), "\(answer.all)")
        for format in formats {
            let text = try sandbox.read("r.\(format.rawValue)")
            #expect(format == .text ? text == answer.output : begins(text, as: format), "\(format)")
        }
    }

    @Test(arguments: OutputFormat.allCases.filter { $0 != .text }) func standardOutputHoldsNothingElse(
        _ format: OutputFormat
    ) async throws {
        let sandbox = try sandbox()
        let name = format.rawValue
        for arguments in [["--format", name], ["--output", "\(name)=-"], ["--format", name, "--output", "-"]] {
            let answer = try await sandbox.tool("validate-startup", ["--check-only"] + arguments)
            #expect(begins(answer.output, as: format) && answer.errors.isEmpty, "\(answer.all)")
            #expect(answer.status == (format == .nagios ? 2 : 1))
        }
        try sandbox.write("schemas.yaml", "version: 1\ndirectoris: [data]\n")
        let refused = try await sandbox.tool("validate-startup", ["--format", name])
        #expect(begins(refused.output, as: format) && refused.errors.contains("schemas.yaml:2:1"), "\(refused.all)")
        #expect(refused.status == (format == .nagios ? 3 : 78))
        let wrong = try await sandbox.tool("auto-heal", ["--format", name, "--no-such-option"])
        #expect(begins(wrong.output, as: format) && wrong.errors.contains("[ERROR] "), "\(wrong.all)")
        #expect(wrong.status == (format == .nagios ? 3 : 64))
    }

    @Test func plainFilesTakeTheFormatOfTheCommandLine() async throws {
        let sandbox = try sandbox()
        let answer = try await sandbox.validate(
            "--check-only", "--format", "junit", "--output", "a", "--output", "b", "--output", "tap=c")
        #expect(answer.status == 1 && answer.output.isEmpty, "\(answer.all)")
        #expect(begins(try sandbox.read("a"), as: .junit))
        #expect(begins(try sandbox.read("c"), as: .tap))
        #expect(try sandbox.read("a") == sandbox.read("b"))
    }

    @Test(arguments: [
        (["--output", "xml=a"], "there is no format 'xml'; there are: text, json, junit, tap, sarif, github, nagios,"),
        (["--format", "xml"], "text - json - junit - tap - sarif"),
        (["--output", "junit="], "the file has no name"),
        (["--output", "junit=-", "--output", "tap=-"], "standard output takes one format"),
        (["--format", "json", "--output", "junit=-"], "are both for standard output"),
        (["--output", "junit=a", "--output", "tap=a"], "--output a is given twice"),
        (["--output", "junit=a", "--output", "tap=./a"], "it is the same file as a"),
        (["--output", "junit=no/a"], "there is no directory no"),
    ]) func whatCannotBe(_ arguments: [String], _ words: String) async throws {
        let sandbox = try sandbox()
        let before = try sandbox.listing()
        let answer = try await sandbox.tool("auto-heal", arguments)
        let said = answer.errors.split(whereSeparator: \.isWhitespace).joined(separator: " ")
        #expect(answer.status == 64 && said.contains(words), "\(answer.all)")
        #expect(try sandbox.listing() == before)
    }

    @Test func aFileMayBeNamedLikeAnything() async throws {
        let sandbox = try sandbox()
        let answer = try await sandbox.heal("--output", "./xml=a")
        #expect(answer.status == 0 && answer.output.isEmpty && sandbox.exists("xml=a"), "\(answer.all)")
    }

    @Test func whatCannotBeWrittenIsSaidAndTheRestIsWritten() async throws {
        let sandbox = try sandbox()
        let arguments = ["--output", "junit=/dev/full", "--output", "tap=b", "--output", "json=/proc/nothing"]
        let answer = try await sandbox.tool("auto-heal", arguments)
        #expect(answer.status == 1, "\(answer.all)")
        #expect(answer.errors.contains("[ERROR] /dev/full: No space left on device"), "\(answer.all)")
        #expect(answer.errors.contains("[ERROR] /proc/nothing: "), "\(answer.all)")
        #expect(begins(try sandbox.read("b"), as: .tap) && sandbox.exists("data"))
        let nagios = try await sandbox.tool("auto-heal", ["--format", "nagios"] + arguments)
        #expect(nagios.status == 3 && nagios.output.hasPrefix("SELFHEAL shop OK - "), "\(nagios.all)")
    }

    // MARK: What is there already

    /// A refusal must not take the place of anything: which files the manifest names may not be known then.
    @Test(
        arguments: ["json", "junit", "sarif", "html", "prometheus"],
        ["version: 1\ndatabases: {a.db: {tables: {t: {columns: {id: INTEGER}}}}}\n", "version: 1\nno: 1\n", ":"])
    func aRefusalReplacesNoDatabase(_ format: String, _ manifest: String) async throws {
        let sandbox = try sandbox(manifest)
        _ = try await sandbox.sqlite("a.db", "CREATE TABLE t(id INTEGER)")
        let before = try sandbox.listing()
        for arguments in [["--format", format, "--output", "a.db"], ["--output", "\(format)=a.db"]] {
            let answer = try await sandbox.tool("validate-startup", arguments)
            #expect(answer.status == (manifest.contains("databases") ? 64 : 78), "\(answer.all)")
            #expect(try sandbox.listing() == before)
        }
    }

    @Test func aRefusalReplacesAnEarlierReport() async throws {
        let sandbox = try sandbox()
        _ = try await sandbox.validate("--output", "junit=r.xml")
        try sandbox.write("schemas.yaml", "version: 1\ndirectoris: [data]\n")
        let answer = try await sandbox.validate("--output", "junit=r.xml", "--output", "json=new.json")
        #expect(answer.status == 78, "\(answer.all)")
        #expect(try sandbox.read("r.xml").contains("<error type=\"manifest\" message=\"unknown key"))
        #expect(try Sandbox.json(sandbox.read("new.json"))["format"] as? String == "selfheal-error/1")
    }

    @Test func modesAreKeptAndMetricsCanBeRead() async throws {
        let sandbox = try sandbox()
        try sandbox.write("old.json", "")
        _ = try await sandbox.shell("chmod 640 old.json")
        let answer = try await sandbox.heal(
            "--output", "json=old.json", "--output", "json=new.json", "--output", "prometheus=new.prom")
        let modes = try await sandbox.shell("stat -c %a old.json new.json new.prom")
        #expect(answer.status == 0 && modes.output == "640\n600\n644\n", "\(answer.all) \(modes.output)")
    }

    @Test func linksAreFollowed() async throws {
        let sandbox = try sandbox()
        let answer = try await sandbox.shell(
            """
            mkdir elsewhere; touch elsewhere/real.json; ln -s elsewhere/real.json link.json
            $BIN/validate-startup --output json=link.json >/dev/null || exit
            [ -L link.json ] && [ "$(ls -A elsewhere)" = real.json ] && cat elsewhere/real.json
            """)
        #expect(answer.status == 0 && begins(answer.output, as: .json), "\(answer.all)")
    }

    /// Whatever standard streams are, their names in `/dev` are nothing that could be replaced.
    @Test func standardStreamsByTheirNames() async throws {
        let sandbox = try sandbox()
        let answer = try await sandbox.shell(
            """
            echo before >out; echo before >err
            $BIN/validate-startup --output tap=/dev/stdout >>out || exit
            $BIN/validate-startup --output tap=/dev/stderr 2>>err >/dev/null || exit
            [ -L /dev/stdout ] && [ -L /dev/stderr ]
            """)
        #expect(answer.status == 0, "\(answer.all)")
        for name in ["out", "err"] {
            let text = try sandbox.read(name)
            #expect(text.hasPrefix("before\nTAP version 14\n"), "\(text)")
        }
    }

    // MARK: Commands

    @Test(arguments: OutputFormat.allCases) func planUndoAndRestore(_ format: OutputFormat) async throws {
        let sandbox = try sandbox(
            "version: 1\ndatabases: {a.db: {tables: {t: {columns: {id: INTEGER, n: TEXT NOT NULL}}}}}\n")
        _ = try await sandbox.sqlite("a.db", "CREATE TABLE t(id INTEGER, n TEXT)")
        let name = format.rawValue
        let isWatching = format == .nagios || format == .prometheus
        let plan = try await sandbox.tool("selfheal", ["plan", "--format", name])
        #expect(plan.status == (format == .nagios ? 2 : 1), "\(plan.all)")
        #expect(format == .text || begins(plan.output, as: format), "\(plan.all)")
        #expect(try await sandbox.heal().status == 0)
        let undo = try await sandbox.tool("selfheal", ["undo", "--format", name, "--output", "\(name)=u"])
        #expect(undo.status == (isWatching ? 64 : 0), "\(undo.all)")
        if isWatching {
            #expect(undo.errors.contains("undo and restore do not take it") && !sandbox.exists("u"), "\(undo.all)")
        } else {
            let written = try sandbox.read("u")
            #expect(format == .text ? undo.output.contains("Total: ") : begins(undo.output, as: format), "\(undo.all)")
            #expect(format == .text ? written.contains("Total: ") : begins(written, as: format), "\(written)")
        }
        let restore = try await sandbox.tool("selfheal", ["restore", "a.db", "--format", name])
        #expect(restore.status == (isWatching ? 64 : 0), "\(restore.all)")
        #expect(isWatching || format == .text || begins(restore.output, as: format), "\(restore.all)")
    }

    @Test(arguments: [["history"], ["explain"], ["restore", "a.db", "--list"]], ["junit", "html", "nagios"])
    func listsAreTextOrJSON(_ command: [String], _ format: String) async throws {
        let answer = try await sandbox().tool("selfheal", command + ["--format", format])
        #expect(answer.status == 64 && answer.output.isEmpty, "\(answer.all)")
        let reasons = ["The value '\(format)' is invalid", "--format \(format) is for", "--format text or json"]
        #expect(reasons.contains { answer.errors.contains($0) }, "\(answer.all)")
    }

    // MARK: Places

    @Test func placesCanBeFollowedFromWhereTheToolRan() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            "app/schemas.yaml", "version: 1\ninclude: [more/*.yaml]\ndatabases: {a.db: {schema: db/a.sql}}\n")
        try sandbox.write("app/more/b.yaml", "version: 1\ndirectories:\n  - data\n")
        try sandbox.write("app/db/a.sql", "CREATE TABLE t (id INTEGER);\n\nCREATE TABLE u (id INTEGER);\n")
        _ = try await sandbox.sqlite("app/a.db", "CREATE TABLE t(id INTEGER)")
        for arguments in [["--root", "app"], ["--manifest", "app/schemas.yaml"]] {
            let answer = try await sandbox.tool("validate-startup", ["--check-only", "--format", "github"] + arguments)
            #expect(
                answer.output.contains("::error file=app/more/b.yaml,line=3,col=5,title=directory.missing::"),
                "\(answer.all)")
            #expect(
                answer.output.contains("::error file=app/db/a.sql,line=3,col=1,title=sqlite.table.missing::"),
                "\(answer.all)")
        }
    }
}
