import HealKit
import HealModel
import Testing

@testable import LiveMachine

/// Large schemas that were made in memory once, and become new databases.
@Suite struct DatabaseImageTests {
    let sandbox: Sandbox
    let machine: LiveMachine
    var file: String { sandbox.path("a.db") }

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine()
    }

    private static let statements = (0..<40).flatMap { number in
        [
            "CREATE TABLE t\(number) (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT)",
            "CREATE INDEX i\(number) ON t\(number) (a)",
        ]
    }

    private func make(_ statements: [String], on machine: LiveMachine) async throws {
        try await machine.scratchDatabase { connection throws(MachineError) in
            for statement in statements { try connection.execute(statement) }
        }
    }

    @Test(arguments: [[], ["PRAGMA user_version = 7", "PRAGMA journal_mode = wal"]])
    func becomesTheDatabase(_ pragmas: [String]) async throws {
        try await make(Self.statements, on: machine)
        // In another order than they were made in: as a plan has them.
        let wanted = Self.statements.sorted()
        #expect(machine.images.image(of: wanted) != nil)
        try await machine.createDatabase(path("a.db"), pragmas: pragmas, statements: wanted) {
            connection throws(MachineError) in
            try connection.execute("INSERT INTO t7 (a) VALUES ('x')")
        }
        #expect(try sandbox.names("") == ["a.db"])
        let made = try await OtherProcess.sqlite(
            file, "SELECT sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY sql")
        #expect(made == wanted.joined(separator: "\n") + "\n")
        let rest = try await OtherProcess.sqlite(
            file, "PRAGMA integrity_check; SELECT seq FROM sqlite_sequence; PRAGMA user_version; PRAGMA journal_mode")
        #expect(rest == (pragmas.isEmpty ? "ok\n1\n0\ndelete\n" : "ok\n1\n7\nwal\n"))
    }

    @Test func anotherPageSizeIsMadeAnew() async throws {
        try await make(Self.statements, on: machine)
        try await machine.createDatabase(
            path("a.db"), pragmas: ["PRAGMA page_size = 8192"], statements: Self.statements
        ) { _ in }
        let answer = try await OtherProcess.sqlite(file, "PRAGMA page_size; SELECT count(*) FROM sqlite_schema")
        #expect(answer == "8192\n81\n")
    }

    /// What statements of a schema alone would not make.
    @Test(arguments: [
        ["INSERT INTO t1 (a) VALUES ('x')"], ["INSERT INTO t1 (a) VALUES ('x')", "DELETE FROM t1"],
        ["CREATE VIRTUAL TABLE v USING fts5 (a)"], ["ANALYZE"], ["BEGIN", "CREATE TABLE more (x)"],
    ])
    func isNotKept(_ statements: [String]) async throws {
        try await make(Self.statements + statements, on: machine)
        #expect(machine.images.image(of: Self.statements) == nil)
        #expect(machine.images.image(of: Self.statements + statements) == nil)
    }

    @Test func isNotKeptForNothing() async throws {
        try await make(["CREATE TABLE t (x)"], on: machine)
        #expect(machine.images.image(of: ["CREATE TABLE t (x)"]) == nil)
        let looking = try sandbox.machine(mayChange: false)
        try await make(Self.statements, on: looking)
        #expect(looking.images.image(of: Self.statements) == nil)
    }
}
