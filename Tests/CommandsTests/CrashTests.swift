import Foundation
import Testing

/// A run that is killed, or asked to stop, at any moment loses nothing, and the next run converges.
@Suite(.serialized) struct CrashTests {
    private func brokenExample() async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.copyExample()
        try sandbox.write(
            "db/big.sql",
            "CREATE TABLE big(id INTEGER PRIMARY KEY, x TEXT, y TEXT DEFAULT 'new'); CREATE INDEX i ON big(x);")
        let manifest = try sandbox.read("schemas.yaml")
        try sandbox.write("schemas.yaml", manifest + "  big.db: {schema: db/big.sql}\n")
        _ = try await sandbox.sqlite(
            "big.db",
            "CREATE TABLE big(id INTEGER PRIMARY KEY, x TEXT); INSERT INTO big(x) SELECT hex(randomblob(20)) FROM generate_series(1, 20000)"
        )
        return sandbox
    }

    private func expectAllIsWell(_ sandbox: Sandbox, _ sum: String, _ context: String) async throws {
        #expect(try await sandbox.sqlite("big.db", "PRAGMA integrity_check") == "ok", "\(context)")
        #expect(
            try await sandbox.sqlite("big.db", "SELECT count(*), sum(length(x)), min(x), max(x) FROM big") == sum,
            "\(context)")
        let again = try await sandbox.heal()
        #expect(again.status == 2, "\(context)\n\(again.all)")
        #expect(
            try await sandbox.sqlite("big.db", "SELECT count(*), sum(length(x)), min(x), max(x) FROM big") == sum,
            "\(context)")
        let names = try #require(FileManager.default.enumerator(atPath: sandbox.root)).compactMap { $0 as? String }
        #expect(
            names.filter { $0.contains(".selfheal-") || $0.hasSuffix("-journal") || $0.hasSuffix("unfinished") } == [],
            "\(context)")
        #expect(try await sandbox.validate("--check-only").status == 2, "\(context)")
    }

    @Test func killedAtAnyMoment() async throws {
        var killed = 0
        for strike in 1...16 {
            let sandbox = try await brokenExample()
            let sum = try await sandbox.sqlite("big.db", "SELECT count(*), sum(length(x)), min(x), max(x) FROM big")
            // From before the first change until after the last, on slow machines and on fast ones.
            let seconds = 0.006 * pow(1.22, Double(strike))
            let answer = try await sandbox.shell(
                "export LLVM_PROFILE_FILE=/dev/null; timeout -s KILL \(seconds) $BIN/auto-heal > /dev/null")
            killed += answer.status == 0 || answer.status == 2 ? 0 : 1
            try await expectAllIsWell(sandbox, sum, "killed after \(seconds) s, exit \(answer.status)")
        }
        print("killed in the middle: \(killed) of 16 runs, nothing lost")
        #expect(killed >= 4)
    }

    @Test func askedToStop() async throws {
        for milliseconds in [5, 20, 60, 120] {
            let sandbox = try await brokenExample()
            let sum = try await sandbox.sqlite("big.db", "SELECT count(*), sum(length(x)), min(x), max(x) FROM big")
            let seconds = Double(milliseconds) / 1000
            _ = try await sandbox.shell(
                "export LLVM_PROFILE_FILE=/dev/null; timeout -s TERM \(seconds) $BIN/auto-heal > /dev/null")
            try await expectAllIsWell(sandbox, sum, "TERM after \(seconds) s")
        }
    }

    @Test func whatAKilledRunLeftIsNamedAndRemoved() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [a]\nfiles: [{path: made.txt, template: t.txt}]\n")
        try sandbox.write("t.txt", "x")
        _ = try await sandbox.heal()
        // As a kill between the temporary file and its name leaves it.
        _ = try await sandbox.sqlite(
            ".selfheal/journal.db",
            "UPDATE run SET state = 'begun', exit_status = NULL; UPDATE repair SET outcome = NULL")
        try sandbox.write(".selfheal/unfinished", "1\n0\nauto-heal\n")
        try sandbox.write(".made.txt.selfheal-999999-0123456789abcdef", "half")
        try sandbox.remove("made.txt")
        let look = try await sandbox.validate("--check-only")
        #expect(look.status == 1 && look.output.contains("interrupted"), "\(look.all)")
        let heal = try await sandbox.heal()
        #expect(heal.status == 0 && heal.output.contains("interrupted"), "\(heal.all)")
        #expect(!sandbox.exists(".selfheal/unfinished"))
        let history = try await sandbox.tool("selfheal", ["history"])
        #expect(history.output.contains("interrupted"), "\(history.all)")
    }
}
