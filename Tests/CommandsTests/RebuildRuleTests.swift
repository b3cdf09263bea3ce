import Foundation
import Testing

/// Before a constraint is tightened, or a value would lose something: how many rows, which, and nothing is done.
@Suite struct RebuildRuleTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var stated: String
        var options = ""
        var says: String
        var testDescription: String { stated + " " + options }
    }

    static let cases = [
        Case(stated: "id INTEGER PRIMARY KEY, a TEXT NOT NULL, b", says: "2 rows (rowids 2, 4) have no a"),
        Case(
            stated: "id INTEGER PRIMARY KEY, a TEXT, b UNIQUE",
            says: "1 group of rows share the same values (rowids 1, 5)"),
        Case(
            stated: "id INTEGER PRIMARY KEY, a TEXT, b CHECK (b < 9)", says: "1 row (rowids 3) break CHECK (b < 9)"),
        Case(
            stated: "id INTEGER PRIMARY KEY, a TEXT, b REFERENCES p",
            says: "2 rows (rowids 3, 4) reference a row of p that does not exist"),
        Case(
            stated: "id INTEGER PRIMARY KEY, a INTEGER, b ANY", options: "STRICT",
            says: "1 row (rowids 5) hold no INTEGER in a"),
        Case(stated: "id INTEGER, a INTEGER PRIMARY KEY, b", says: "3 rows (rowids 2, 4, 5) hold no whole number in a"),
    ]

    private func sandbox(_ stated: String, _ options: String = "", risk: String = "high") async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml", "version: 1\ndatabases: {a.db: {schema: a.sql}}\npolicy: {max_risk: \(risk)}\n")
        try sandbox.write(
            "a.sql", "CREATE TABLE p (id INTEGER PRIMARY KEY);\nCREATE TABLE t (\(stated)) \(options);\n")
        _ = try await sandbox.sqlite(
            "a.db",
            """
            CREATE TABLE p (id INTEGER PRIMARY KEY); INSERT INTO p VALUES (1), (2);
            CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, b);
            INSERT INTO t VALUES (1, '7', 1), (2, NULL, 2), (3, '8', 77), (4, NULL, 'CANARY'), (5, 'x', 1)
            """)
        // A text is greater than every number.
        if stated.contains("CHECK") { _ = try await sandbox.sqlite("a.db", "UPDATE t SET b = 3 WHERE id = 4") }
        return sandbox
    }

    @Test(arguments: cases) func rowsInTheWayAreCountedAndNamed(test: Case) async throws {
        let sandbox = try await sandbox(test.stated, test.options)
        let before = try Data(contentsOf: URL(filePath: sandbox.path("a.db")))
        let answer = try await sandbox.heal("--verbose")
        #expect(answer.status == 1 && answer.all.contains("because \(test.says)"), "\(answer.all)")
        #expect(!answer.all.contains("CANARY"))
        #expect(try Data(contentsOf: URL(filePath: sandbox.path("a.db"))) == before)
    }

    @Test func aLossNeedsHighRisk() async throws {
        let stated = "id INTEGER PRIMARY KEY, a TEXT, b"
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\ndatabases: {a.db: {schema: a.sql}}\n")
        try sandbox.write(
            "a.sql", "CREATE TABLE t (\(stated.replacing("TEXT", with: "INTEGER").replacing("b", with: "b REAL")));")
        _ = try await sandbox.sqlite(
            "a.db", "CREATE TABLE t (\(stated)); INSERT INTO t VALUES (1, '007', 1), (2, '7', 9007199254740993)")
        let before = try Data(contentsOf: URL(filePath: sandbox.path("a.db")))
        let medium = try await sandbox.heal()
        #expect(medium.status == 1, "\(medium.all)")
        #expect(medium.all.contains("1 row (rowids 1) would lose something of its value in a"), "\(medium.all)")
        #expect(medium.all.contains("1 row (rowids 2) would lose something of its value in b"), "\(medium.all)")
        #expect(try Data(contentsOf: URL(filePath: sandbox.path("a.db"))) == before)
        let high = try await sandbox.heal("--max-risk", "high")
        #expect(high.status == 0, "\(high.all)")
        let rows = "SELECT group_concat(typeof(a) || a || typeof(b), ' ') FROM t"
        #expect(try await sandbox.sqlite("a.db", rows) == "integer7real integer7real")
    }
}
