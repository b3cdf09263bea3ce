import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

@Suite struct CreateDatabaseTests {
    let sandbox: Sandbox
    let machine: LiveMachine
    var file: String { sandbox.path("data/a.db") }

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine()
        try sandbox.makeDirectory("data")
    }

    private func create(_ sql: String, _ pragmas: [String] = []) async throws {
        try await machine.createDatabase(path("data/a.db"), pragmas: pragmas) { connection throws(MachineError) in
            try connection.execute(sql)
        }
    }

    @Test func completeAndPrivate() async throws {
        try await create("CREATE TABLE t (x); CREATE INDEX i ON t (x); INSERT INTO t VALUES (1), (2)")
        #expect(try sandbox.names("data") == ["a.db"])
        #expect(sandbox.mode("data/a.db") == 0o600)
        #expect(try await OtherProcess.sqlite(file, "SELECT count(*) FROM t; PRAGMA integrity_check") == "2\nok\n")
    }

    @Test(arguments: ["WAL", "PERSIST", "TRUNCATE", "MEMORY"])
    func withPragmas(_ mode: String) async throws {
        let pragmas = [
            "PRAGMA page_size=8192", "PRAGMA encoding='UTF-16le'", "PRAGMA auto_vacuum=2",
            "PRAGMA journal_mode=\(mode)",
            "PRAGMA user_version=7", "PRAGMA application_id=42",
        ]
        try await create("CREATE TABLE t (x)", pragmas)
        #expect(try sandbox.names("data") == ["a.db"])
        let answer = try await OtherProcess.sqlite(
            file,
            """
            PRAGMA page_size; PRAGMA encoding; PRAGMA journal_mode; PRAGMA user_version; PRAGMA application_id;
            PRAGMA auto_vacuum
            """)
        #expect(answer == "8192\nUTF-16le\n\(mode == "WAL" ? "wal" : "delete")\n7\n42\n2\n")
    }

    @Test func withoutAnyTableItIsADatabaseAsWell() async throws {
        try await create("")
        let rows = try await machine.readDatabase(path("data/a.db")) { connection throws(MachineError) in
            try connection.rows("SELECT count(*) FROM sqlite_schema")
        }
        #expect(rows == [[.integer(0)]])
    }

    @Test func whereSomethingIs() async throws {
        try sandbox.write("data/a.db", "")
        #expect(await asyncFailure { try await create("") } == .refused(subject: "data/a.db", .exists))
        try FileManager.default.removeItem(atPath: file)
        try sandbox.link("data/a.db", to: "nowhere")
        #expect(await asyncFailure { try await create("") } == .refused(subject: "data/a.db", .symbolicLink))
        try FileManager.default.removeItem(atPath: file)
        for suffix in ["-journal", "-wal"] {
            try sandbox.write("data/a.db\(suffix)", "stale")
            #expect(await asyncFailure { try await create("") } == .refused(subject: "data/a.db\(suffix)", .exists))
            #expect(try sandbox.names("data") == ["a.db\(suffix)"])
            try FileManager.default.removeItem(atPath: file + suffix)
        }
        let missing = await asyncFailure { try await machine.createDatabase(path("no/a.db"), pragmas: []) { _ in } }
        #expect(missing?.number == ENOENT)
    }

    @Test func somebodyElseWasFaster() async throws {
        let name = file
        let error = await asyncFailure {
            try await machine.createDatabase(path("data/a.db"), pragmas: []) { connection throws(MachineError) in
                try connection.execute("CREATE TABLE ours (x)")
                try? Data("theirs".utf8).write(to: URL(filePath: name))
            }
        }
        #expect(error == .refused(subject: "data/a.db", .exists))
        #expect(try sandbox.names("data") == ["a.db"])
        #expect(try sandbox.read("data/a.db") == "theirs")
    }

    @Test(arguments: [
        ([], "CREATE TABLE t (x); CREATE TABLE t (y)"), (["PRAGMA journal_mode=WAL", "NONSENSE"], ""),
        ([], "CREATE TABLE t (x); COMMIT"), (["ATTACH 'b.db' AS b"], ""), (["PRAGMA temp_store_directory='/'"], ""),
    ])
    func whatFailsLeavesNothing(_ pragmas: [String], _ sql: String) async throws {
        guard case .database("data/a.db", .sql) = await asyncFailure({ try await create(sql, pragmas) }) else {
            Issue.record("no error")
            return
        }
        #expect(try sandbox.names("data").isEmpty)
    }

    @Test func whatIsNotVerifiedLeavesNothing() async throws {
        let refused = MachineError.refused(subject: "data/a.db", .notHealed)
        let error = await asyncFailure {
            try await machine.createDatabase(path("data/a.db"), pragmas: ["PRAGMA journal_mode=WAL"]) {
                connection throws(MachineError) in
                try connection.execute("CREATE TABLE t (x)")
                throw refused
            }
        }
        #expect(error == refused)
        #expect(try sandbox.names("data").isEmpty)
    }

    @Test func throughALinkThatStaysInsideAndNotOutOfIt() async throws {
        try sandbox.link("inside", to: "data")
        try sandbox.link("out", to: "../outside")
        try await machine.createDatabase(path("inside/b.db"), pragmas: []) { _ in }
        #expect(try sandbox.names("data") == ["b.db"])
        let error = await asyncFailure { try await machine.createDatabase(path("out/b.db"), pragmas: []) { _ in } }
        #expect(error == .refused(subject: "out/b.db", .leavesRoot) || error == .refused(subject: "out", .leavesRoot))
        try await machine.createDatabase(path("b.db"), pragmas: []) { _ in }
        #expect(sandbox.mode("b.db") == 0o600)
    }
}
