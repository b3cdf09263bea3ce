import Testing

/// Pairs that once were not as they should be, made small. What holds for all pairs holds for them.
@Suite struct PairCaseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var pair: SchemaPair
        /// How it ends.
        var isHealed = true
        var testDescription: String { name }
    }

    static let cases = [
        Case(
            name: "a trigger moves to a table that is rebuilt",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE a (x TEXT)", "CREATE TABLE b (y TEXT)", "CREATE TABLE log (what)",
                    "CREATE TRIGGER g AFTER INSERT ON a BEGIN INSERT INTO log (what) VALUES (new.x); END",
                ], rows: ["INSERT INTO b VALUES ('1')"],
                new: [
                    "CREATE TABLE a (x TEXT)", "CREATE TABLE b (y INTEGER)", "CREATE TABLE log (what)",
                    "CREATE TRIGGER g AFTER INSERT ON b BEGIN INSERT INTO log (what) VALUES (new.y); END",
                ], dropsExtras: true, writes: ["INSERT INTO b VALUES (2)", "INSERT INTO a VALUES ('x')"])),
        Case(
            name: "a trigger moves from a table that is rebuilt to another",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE a (x TEXT)", "CREATE TABLE b (y TEXT)", "CREATE TABLE log (what)",
                    "CREATE TRIGGER g AFTER INSERT ON a BEGIN INSERT INTO log (what) VALUES (new.x); END",
                ], rows: ["INSERT INTO b VALUES ('1')", "INSERT INTO a VALUES ('7')"],
                new: [
                    "CREATE TABLE a (x INTEGER)", "CREATE TABLE b (y INTEGER)", "CREATE TABLE log (what)",
                    "CREATE TRIGGER g AFTER INSERT ON b BEGIN INSERT INTO log (what) VALUES (new.y); END",
                ], dropsExtras: true, writes: ["INSERT INTO b VALUES (2)", "INSERT INTO a VALUES ('x')"])),
        Case(
            name: "an index moves to a table that is rebuilt",
            pair: SchemaPair(
                old: ["CREATE TABLE a (x TEXT)", "CREATE TABLE b (y TEXT)", "CREATE INDEX i ON a (x)"],
                rows: ["INSERT INTO b VALUES ('1')"],
                new: ["CREATE TABLE a (x TEXT)", "CREATE TABLE b (y INTEGER)", "CREATE INDEX i ON b (y)"])),
        Case(
            name: "a new column is called rowid",
            pair: SchemaPair(
                old: ["CREATE TABLE t (x TEXT)", "CREATE TABLE gone (x)"],
                rows: ["INSERT INTO t (rowid, x) VALUES (3, 'a'), (7, 'b')"],
                new: ["CREATE TABLE t (x TEXT, rowid TEXT)", "CREATE TABLE other (x)"])),
        // ADD COLUMN would give rows that are there the texts 1e3 and 1.50, the numbers 1 and 1000; new rows get others.
        Case(
            name: "defaults that ADD COLUMN stores otherwise",
            pair: SchemaPair(
                old: ["CREATE TABLE t (x TEXT)"], rows: ["INSERT INTO t VALUES ('a')", "INSERT INTO t VALUES ('b')"],
                new: [
                    "CREATE TABLE t (x TEXT, a TEXT DEFAULT 1e3, b TEXT NOT NULL DEFAULT (-1.50), c TEXT DEFAULT TRUE, "
                        + "d BLOB DEFAULT 1e3, e DEFAULT 1.0, f INTEGER DEFAULT 1e3, g BOOLEAN DEFAULT TRUE, h TEXT DEFAULT 7)"
                ])),
        // SQLite 3.40 says "NULL value in t.a" of every such row, whatever it holds.
        Case(
            name: "a table without rowids whose key does not stand first",
            pair: SchemaPair(
                old: ["CREATE TABLE t (a TEXT NOT NULL, k TEXT PRIMARY KEY) WITHOUT ROWID"],
                rows: ["INSERT INTO t VALUES ('1', 'x')", "INSERT INTO t VALUES ('2', 'y')"],
                new: ["CREATE TABLE t (a INTEGER NOT NULL, k TEXT PRIMARY KEY) WITHOUT ROWID"])),
        Case(
            name: "such a table beside one that is dropped",
            pair: SchemaPair(
                old: ["CREATE TABLE t (a TEXT NOT NULL, k TEXT PRIMARY KEY) WITHOUT ROWID", "CREATE TABLE u (x)"],
                rows: ["INSERT INTO t VALUES ('1', 'x')", "INSERT INTO u VALUES ('1')"],
                new: ["CREATE TABLE t (a TEXT NOT NULL, k TEXT PRIMARY KEY) WITHOUT ROWID"], dropsExtras: true)),
    ]

    @Test(arguments: cases) func isHealedOrRefusedAsItShould(test: Case) async throws {
        let batch = try PairBatch([test.pair])
        try await batch.run()
        #expect(batch.invalid == 0)
        #expect(batch.results.map(\.ending) == [test.isHealed ? .healed : .unchanged], "\(batch.results)")
    }
}
