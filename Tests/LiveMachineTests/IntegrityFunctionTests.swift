import HealKit
import HealModel
import Testing

@testable import LiveMachine

/// `selfheal_integrity`: what a rebuild asks of the table that it has made.
@Suite struct IntegrityFunctionTests {
    let sandbox: Sandbox
    let machine: LiveMachine

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine(mayChange: false)
    }

    private func integrity(of table: String) async throws -> String? {
        try await machine.readDatabase(path("a.db")) { connection throws(MachineError) in
            try connection.rows("SELECT selfheal_integrity(?)", [.text(table)]).first?.first?.text
        }
    }

    private func make(_ sql: String) async throws {
        _ = try await OtherProcess.sqlite(sandbox.path("a.db"), sql)
    }

    @Test(arguments: [
        "CREATE TABLE t (a, b)",
        "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE, b REAL); CREATE INDEX i ON t (b, a DESC)",
        "CREATE TABLE t (rowid, a, b); CREATE INDEX i ON t (a)",
        "CREATE TABLE t (rowid, _rowid_, oid, a, b); CREATE INDEX i ON t (a)",
        "CREATE TABLE t (a, b, c AS (a || b)); CREATE INDEX i ON t (c); CREATE INDEX j ON t (lower(a)) WHERE b > 1",
        "CREATE TABLE t (\"a\" COLLATE NOCASE, b); CREATE INDEX \"i \"\"'\" ON t (a)",
        "CREATE TABLE t (a PRIMARY KEY, b UNIQUE) WITHOUT ROWID",
    ])
    func whatIsSound(_ schema: String) async throws {
        try await make(
            "\(schema); INSERT INTO t (a, b) VALUES ('x', 1), ('y', 2.5), ('Z', NULL), (x'00', 4), (1.0, 5), (-0.0, 6)")
        #expect(try await integrity(of: "t") == "ok")
    }

    /// An index says of each row what another column holds, or lacks one.
    @Test(arguments: [
        ("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (b)"),
        ("CREATE INDEX i ON t (a) WHERE a <> 'x'", "CREATE INDEX i ON t (a)"),
        ("CREATE INDEX i ON t (a)", "CREATE INDEX i ON t (upper(a))"),
    ])
    func anIndexOfOtherValues(made: String, said: String) async throws {
        try await make(
            """
            CREATE TABLE t (a, b); INSERT INTO t VALUES ('x', 'y'), ('y', 'z'); \(made);
            PRAGMA writable_schema = ON; UPDATE sqlite_schema SET sql = '\(said.replacing("'", with: "''"))' WHERE name = 'i'
            """)
        let fault = try #require(try await integrity(of: "t"))
        #expect(fault != "ok" && fault.contains("index i"))
    }

    @Test func aRowThatBreaksAConstraint() async throws {
        try await make(
            "CREATE TABLE t (a, b); INSERT INTO t VALUES (1, NULL); PRAGMA writable_schema = ON; "
                + "UPDATE sqlite_schema SET sql = 'CREATE TABLE t (a, b NOT NULL)' WHERE name = 't'")
        #expect(try await integrity(of: "t") == "NULL value in t.b")
    }
}
