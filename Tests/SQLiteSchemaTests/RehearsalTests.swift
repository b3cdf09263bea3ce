import HealModel
import Testing

@testable import SQLiteSchema

/// What would stop working is found before anything is done.
@Suite struct RehearsalTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var schema: String
        var changes: [[String]]
        /// A part of the reason for each change; empty where it may be made.
        var reasons: [String]
        var testDescription: String { schema }

        init(_ schema: String, _ changes: [[String]], _ reasons: [String]) {
            self.schema = schema
            self.changes = changes
            self.reasons = reasons
        }
    }

    private static let addB = ["ALTER TABLE t ADD COLUMN b"]

    static let cases = [
        Case("CREATE TABLE t (a)", [addB], [""]),
        Case(
            "CREATE TABLE t (a); CREATE TABLE u (x); CREATE TRIGGER g AFTER INSERT ON u BEGIN INSERT INTO t VALUES (new.x); END",
            [addB], ["trigger g would not work: table t has 2 columns but 1 values were supplied"]),
        Case(
            "CREATE TABLE t (a); CREATE TABLE u (x); CREATE TRIGGER g AFTER INSERT ON u BEGIN INSERT INTO t (a) VALUES (new.x); END",
            [addB], [""]),
        Case(
            "CREATE TABLE t (a); CREATE TABLE u (x); CREATE TRIGGER g AFTER DELETE ON u BEGIN INSERT INTO u SELECT * FROM t; END",
            [addB], ["trigger g would not work"]),
        Case(
            "CREATE TABLE t (a); CREATE TABLE u (x); CREATE TRIGGER g AFTER UPDATE OF x ON u BEGIN INSERT INTO t VALUES (1); END",
            [addB], ["trigger g would not work"]),
        Case(
            "CREATE TABLE t (a); CREATE TABLE u (b); CREATE VIEW v AS SELECT a, b FROM t, u", [addB],
            ["view v would not work: ambiguous column name: b"]),
        Case("CREATE TABLE t (a); CREATE VIEW v AS SELECT (SELECT * FROM t)", [addB], ["view v would not work"]),
        Case(
            "CREATE TABLE t (a); CREATE VIEW v AS SELECT * FROM t; CREATE TABLE u (x); CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN INSERT INTO u SELECT * FROM t; END",
            [addB], ["trigger g would not work"]),
        Case("CREATE TABLE t (a); CREATE VIEW v AS SELECT nosuch FROM t", [addB], [""]),
        Case("CREATE TABLE t (a)", [["CREATE VIEW v AS SELECT nosuch FROM t"], addB], ["view v would not work", ""]),
        Case(
            "CREATE TABLE t (a)", [["CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO nosuch VALUES (1); END"]],
            ["trigger g would not work"]),
        Case(
            "CREATE TABLE t (a)", [addB, ["CREATE INDEX i ON t (b)"], ["CREATE INDEX j ON t (c)"]],
            ["", "", "SQLite refuses it: no such column: c"]),
        Case("CREATE TABLE t (a)", [["CREATE TABLE t (a)"], addB], ["SQLite refuses it: table t already exists", ""]),
        Case(
            "CREATE VIRTUAL TABLE f USING fts5(x); CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO f VALUES (new.a); END",
            [addB], [""]),
        Case(
            "CREATE TABLE t (a); CREATE TRIGGER g BEFORE UPDATE ON t BEGIN SELECT RAISE(ABORT, 'no'); END",
            [addB + ["UPDATE t SET b = 1"]], [""]),
    ]

    @Test(arguments: cases) func broken(example: Case) throws {
        let found = try stored(example.schema)
        let scratch = try TestConnection()
        var rehearsal = try Rehearsal(copying: found, into: scratch)
        let reasons = try rehearsal.perform(example.changes)
        #expect(reasons.count == example.reasons.count)
        for (reason, wanted) in zip(reasons, example.reasons) {
            #expect(
                wanted.isEmpty == reason.isEmpty && (wanted.isEmpty || reason.joined().contains(wanted)), "\(reason)")
        }
    }

    /// A schema that needs a function or module of the application alone cannot be copied, and says nothing against a
    /// change.
    @Test func aCopyThatIsNotFaithfulRefusesNothing() throws {
        let objects = [
            SchemaObject(kind: .table, name: "t", table: "t", sql: "CREATE TABLE t (a COLLATE its_own)"),
            SchemaObject(kind: .table, name: "f", table: "f", sql: "CREATE VIRTUAL TABLE f USING its_own(x)"),
            SchemaObject(kind: .view, name: "v", table: "v", sql: "CREATE VIEW v AS SELECT its_own(a) FROM t"),
        ]
        var rehearsal = try Rehearsal(copying: StoredSchema(objects), into: try TestConnection())
        #expect(try rehearsal.perform([Self.addB, ["CREATE TABLE u (x)"]]) == [[], []])
    }

    @Test func nothingStaysInDoubt() throws {
        let probe = CompileProbe(connection: try database("CREATE TABLE t (a)"))
        let table = SchemaObject(kind: .table, name: "t", table: "t", sql: "CREATE TABLE t (a)")
        #expect(try probe.failure(of: table) == nil)
        let lost = SchemaObject(
            kind: .trigger, name: "g", table: "nosuch",
            sql: "CREATE TRIGGER g AFTER UPDATE ON nosuch BEGIN SELECT 1; END")
        #expect(try probe.failure(of: lost) == nil)
        let view = SchemaObject(
            kind: .trigger, name: "g", table: "v", sql: "CREATE TRIGGER g INSTEAD OF UPDATE ON v BEGIN SELECT 1; END")
        let broken = CompileProbe(connection: try database("CREATE VIEW v AS SELECT * FROM nosuch"))
        #expect(try broken.failure(of: view)?.contains("no such table") == true)
    }
}
