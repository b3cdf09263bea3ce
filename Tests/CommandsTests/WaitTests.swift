import Foundation
import HealKit
import HealModel
import Testing

@testable import Commands

/// `--wait`: what may still come is waited for, and nothing else is.
@Suite struct WaitTests {
    private static let database =
        "version: 1\ndatabases: {a.db: {tables: {t: {columns: {id: INTEGER, x: TEXT}, indexes: {i: [x]}}}}}\n"

    @Test("What findings are waited for are findings") func kinds() {
        let known = Set(LoadedManifest.descriptors.flatMap(\.kinds).map(\.id))
        #expect(Waiting.kinds.isSubset(of: known), "\(Waiting.kinds.subtracting(known))")
    }

    @Test("A database that another process makes step by step") func aDatabaseThatComes() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.database)
        let answer = try await sandbox.shell(
            """
            { sleep 0.7; sqlite3 a.db 'CREATE TABLE t(id INTEGER, x TEXT)'; sleep 0.5; sqlite3 a.db 'CREATE INDEX i ON t(x)'; } &
            $BIN/validate-startup --check-only --wait 20
            """)
        #expect(answer.status == 0, "\(answer.all)")
        let told = answer.errors.split(separator: "\n")
        #expect(told.first?.hasPrefix("[INFO] Waiting up to ") == true, "\(answer.errors)")
        #expect(told.count { $0.contains("a.db is missing") } == 1, "\(answer.errors)")
        #expect(told.dropFirst().allSatisfy { $0.hasPrefix("[INFO] Still waiting, ") }, "\(answer.errors)")
        #expect(answer.output.contains("waited "), "\(answer.output)")
    }

    @Test("At the end the verdict is that of a run without it") func theTimeIsOver() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.database)
        let before = try sandbox.listing()
        let plain = try await sandbox.validate("--check-only", "--format", "json")
        let start = ContinuousClock.now
        let answer = try await sandbox.validate("--check-only", "--format", "json", "--wait", "1.2")
        let taken = start.duration(to: .now)
        #expect(taken > .seconds(1.2) && taken < .seconds(10))
        #expect(answer.status == plain.status && answer.status == 1)
        let findings = { (text: String) in
            try Sandbox.json(text)["checks"].map { "\($0)" }?.contains("sqlite.file.missing")
        }
        #expect(try findings(answer.output) == true && findings(plain.output) == true)
        #expect(
            answer.errors.contains("Waiting up to 1") && !answer.errors.contains("Still waiting"), "\(answer.errors)")
        #expect(try sandbox.listing() == before, "looking again and again changes nothing either")
    }

    @Test(
        "What nobody else brings about is not waited for",
        arguments: [
            "dependencies: {commands: {no-such-command: '>=1'}}",
            "databases: {bad.db: {tables: {t: {columns: {id: INTEGER}}}}}",
            // One thing could come; another one cannot, and so the verdict stands.
            "directories: [never]\ndependencies: {commands: {no-such-command: '>=1'}}",
        ])
    func hopeless(section: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\n\(section)\n")
        try sandbox.write("bad.db", String(repeating: "this is a text", count: 1000))
        let start = ContinuousClock.now
        let answer = try await sandbox.validate("--check-only", "--wait", "30")
        #expect(answer.status == 1 && !answer.errors.contains("Waiting"), "\(answer.all)")
        #expect(start.duration(to: .now) < .seconds(15))
    }

    @Test("All is well: there is nothing to wait for") func well() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [made]\n")
        let answer = try await sandbox.validate("--wait", "30")
        #expect(answer.status == 0 && answer.errors.isEmpty && !answer.output.contains("waited"), "\(answer.all)")
    }

    @Test("A locked database is waited for beyond --timeout, and healed then") func locked() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.database)
        _ = try await sandbox.sqlite("a.db", "CREATE TABLE t(id INTEGER)")
        try sandbox.write(
            "holder.py",
            """
            import sqlite3, time
            c = sqlite3.connect('a.db', isolation_level=None); c.execute('BEGIN EXCLUSIVE')
            open('held', 'w').close()
            time.sleep(2)
            """)
        let start = ContinuousClock.now
        let answer = try await sandbox.shell(
            """
            /usr/bin/python3 holder.py & until [ -e held ]; do sleep 0.02; done
            $BIN/auto-heal --timeout 0.1 --wait 30
            """)
        #expect(start.duration(to: .now) < .seconds(15))
        #expect(answer.status == 0, "\(answer.all)")
        #expect(answer.errors.contains("Waiting up to ") && answer.errors.contains("locked"), "\(answer.errors)")
        #expect(answer.output.contains("0 failed"), "\(answer.output)")
        #expect(try await sandbox.sqlite("a.db", "SELECT group_concat(name) FROM pragma_table_info('t')") == "id,x")
    }

    /// Succeeds when it is asked for the third time; tells with `retry` that it may.
    private static func plugin(_ finding: String, _ whole: String) -> String {
        #"""
        cat > /dev/null
        echo x >> /tmp/calls-$(basename "$PWD")
        if (( $(wc -l < /tmp/calls-$(basename "$PWD")) >= 3 )); then
          echo '{"protocol":1,"findings":[],"confirmations":["it answers"]}'
        else
          echo '{"protocol":1,"findings":[{"id":"down","message":"it does not answer yet"\#(finding)}]\#(whole)}'
        fi
        """#
    }

    @Test(
        "A plugin that says so is asked again",
        arguments: [
            (#","retry":true"#, "", Int32(0)), ("", #","retry":true"#, 0), ("", "", 1),
            (#","retry":false"#, #","retry":true"#, 1),
        ])
    func plugin(finding: String, whole: String, status: Int32) async throws {
        let sandbox = try Sandbox()
        let calls = "/tmp/calls-" + (sandbox.root as NSString).lastPathComponent
        defer { try? FileManager.default.removeItem(atPath: calls) }
        try sandbox.plugin("server", "writes: [/tmp]\n", Self.plugin(finding, whole), capabilities: "check")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {server: {}}\n")
        let answer = try await sandbox.validate("--wait", "20")
        #expect(answer.status == status, "\(answer.all)")
        #expect(answer.errors.contains("it does not answer yet") == (status == 0), "\(answer.errors)")
    }

    @Test("What was healed before the waiting is in the report, too") func both() async throws {
        let sandbox = try Sandbox()
        let calls = "/tmp/calls-" + (sandbox.root as NSString).lastPathComponent
        defer { try? FileManager.default.removeItem(atPath: calls) }
        try sandbox.plugin(
            "server", "writes: [/tmp]\n", Self.plugin(#","retry":true"#, ""), capabilities: "check")
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [made]\nplugins: {server: {}}\n")
        let answer = try await sandbox.tool("auto-heal", ["--wait", "20", "--format", "json"])
        #expect(answer.status == 0, "\(answer.all)")
        let report = try Sandbox.json(answer.output)
        let repairs = try #require(report["repairs"] as? [[String: any Sendable]])
        #expect(repairs.count == 1 && repairs[0]["outcome"] as? String == "applied", "\(answer.output)")
        #expect(report["run"] as? Int == 1)
        let checks = try #require(report["checks"] as? [[String: any Sendable]])
        #expect(checks.map { $0["status"] as? String } == ["healed", "ok"], "\(answer.output)")
    }

    @Test("What a plan would heal is not waited for") func dryRun() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [made]\n")
        let answer = try await sandbox.heal("--dry-run", "--wait", "30")
        #expect(answer.status == 1 && !answer.errors.contains("Waiting"), "\(answer.all)")
    }

    @Test("SIGTERM ends the waiting at once") func interrupted() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.database)
        let answer = try await sandbox.shell(
            """
            $BIN/validate-startup --check-only --wait 60 & tool=$!
            sleep 1; kill -TERM $tool; start=$(date +%s%N)
            wait $tool; status=$?
            echo took $(( ($(date +%s%N) - start) / 1000000 )); exit $status
            """)
        #expect(answer.status == 1, "\(answer.all)")
        let taken = answer.output.split(separator: "\n").last?.split(separator: " ").last.flatMap { Int($0) }
        #expect(try #require(taken) < 2000, "\(answer.all)")
    }

    @Test(arguments: ["-1", "x", "nan", "100000"]) func wrongTimes(value: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.database)
        #expect(try await sandbox.tool("validate-startup", ["--wait=" + value]).status == 64)
    }

    @Test("A check that takes long is named on a terminal, and only there") func slow() async throws {
        let sandbox = try Sandbox()
        try sandbox.plugin(
            "snail", "title: slow things\n", "cat > /dev/null; sleep 3.2; echo '{\"protocol\":1,\"findings\":[]}'",
            capabilities: "check")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {snail: {}}\n")
        let terminal = try await sandbox.shell(
            "TERM=xterm script -qec \"$BIN/validate-startup --check-only\" /dev/null < /dev/null")
        #expect(terminal.status == 0, "\(terminal.all)")
        #expect(terminal.output.contains("waiting for slow things on snail (2 s)"), "\(terminal.output)")
        #expect(!terminal.output.contains("waiting for slow things on snail (1"), "\(terminal.output)")
        let plain = try await sandbox.validate("--check-only")
        #expect(plain.status == 0 && !plain.all.contains("waiting for"), "\(plain.all)")
    }
}
