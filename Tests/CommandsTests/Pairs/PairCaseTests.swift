import Testing

/// Pairs that once were not as they should be, made small. What holds for all pairs holds for them.
@Suite struct PairCaseTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var pair: SchemaPair
        /// How it ends.
        var ending = PairBatch.Ending.healed
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
            name: "an index moves to a table that comes",
            pair: SchemaPair(
                old: ["CREATE TABLE b (y TEXT)", "CREATE INDEX i ON b (y)"], rows: ["INSERT INTO b VALUES ('1')"],
                new: ["CREATE TABLE a (x TEXT)", "CREATE UNIQUE INDEX i ON a (x)", "CREATE TABLE b (y TEXT)"])),
        Case(
            name: "the name of an index is that of an index of a table that goes",
            pair: SchemaPair(
                old: ["CREATE TABLE b (y TEXT)", "CREATE INDEX i ON b (y)", "CREATE TABLE c (z)"],
                rows: ["INSERT INTO b VALUES ('1')"],
                new: [
                    "CREATE TABLE a (x TEXT)", "CREATE INDEX i ON a (x)", "CREATE INDEX j ON a (x)",
                    "CREATE TABLE c (z)",
                ], dropsExtras: true)),
        Case(
            name: "the name of an index is that of an index of somebody else",
            pair: SchemaPair(
                old: ["CREATE TABLE a (x TEXT)", "CREATE TABLE b (y TEXT)", "CREATE INDEX i ON b (y)"],
                new: ["CREATE TABLE a (x TEXT)", "CREATE INDEX i ON a (x)"]), ending: .unchanged),
        Case(
            name: "the name of a trigger is that of a trigger of somebody else",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE a (x TEXT)", "CREATE TABLE b (y TEXT)",
                    "CREATE TRIGGER g AFTER INSERT ON b BEGIN DELETE FROM b; END",
                ],
                new: ["CREATE TABLE a (x TEXT)", "CREATE TRIGGER g AFTER INSERT ON a BEGIN DELETE FROM a; END"]),
            ending: .unchanged),
        Case(
            name: "a table comes beside an index of somebody else that has the name of its own",
            pair: SchemaPair(
                old: ["CREATE TABLE b (y TEXT)", "CREATE INDEX i ON b (y)"],
                new: ["CREATE TABLE a (x TEXT)", "CREATE INDEX i ON a (x)"]), ending: .partly),
        Case(
            name: "a full-text table keeps a column that is not named",
            pair: SchemaPair(
                old: ["CREATE VIRTUAL TABLE f USING fts5(title, body)"], rows: ["INSERT INTO f VALUES ('a', 'b')"],
                new: ["CREATE VIRTUAL TABLE f USING fts5(title, tag)"]), ending: .unchanged),
        Case(
            name: "a full-text table loses a column that is not named, as it should",
            pair: SchemaPair(
                old: ["CREATE VIRTUAL TABLE f USING fts5(title, body)"], rows: ["INSERT INTO f VALUES ('a', 'b')"],
                new: ["CREATE VIRTUAL TABLE f USING fts5(title, tag)"], dropsExtras: true)),
        Case(
            name: "an R*Tree table with columns that it only keeps",
            pair: SchemaPair(
                old: ["CREATE VIRTUAL TABLE b USING rtree(id, x0, x1, +note)"],
                rows: ["INSERT INTO b VALUES (1, 2.5, 3, 'n')"],
                new: ["CREATE VIRTUAL TABLE b USING rtree(id, x0, x1, +note TEXT, +more)"])),
        Case(
            name: "a trigger waits for a view that waits for a column",
            pair: SchemaPair(
                old: ["CREATE TABLE t (a TEXT)"], rows: ["INSERT INTO t VALUES ('1')"],
                new: [
                    "CREATE TABLE t (a TEXT, n TEXT NOT NULL)", "CREATE VIEW v AS SELECT n FROM t",
                    "CREATE TRIGGER g INSTEAD OF DELETE ON v BEGIN DELETE FROM t; END",
                ]), ending: .unchanged),
        // In the first round a trigger of somebody else keeps the column from its new name.
        renamed("a rename waits for what is dropped", dropsExtras: true),
        renamed("a rename that is refused adds no column in its place", dropsExtras: false),
        filled("a column that is there", "a DATETIME, b TEXT", "a INTEGER NOT NULL, b TEXT", "a", "'007'"),
        filled("a column that gets another type", "a TEXT, b TEXT", "a INTEGER NOT NULL, b TEXT", "a", "'007'"),
        filled("a new column", "b TEXT", "b TEXT, a INTEGER NOT NULL", "a", "'007'"),
        filled("a new column of a STRICT table", "b TEXT", "b TEXT, a INTEGER NOT NULL", "a", "'007'", isStrict: true),
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
        Case(
            name: "such a default in a STRICT table",
            pair: SchemaPair(
                old: ["CREATE TABLE t (x TEXT) STRICT"], rows: ["INSERT INTO t VALUES ('a')"],
                new: ["CREATE TABLE t (x TEXT, a ANY DEFAULT 1e3, b ANY DEFAULT TRUE, c TEXT DEFAULT TRUE) STRICT"])),
        Case(
            name: "such a default in a table that becomes STRICT",
            pair: SchemaPair(
                old: ["CREATE TABLE t (x INT)"], rows: ["INSERT INTO t VALUES (1)"],
                new: ["CREATE TABLE t (x INT, a ANY NOT NULL DEFAULT 1e3) STRICT"])),
        Case(
            name: "an index gets a column that the rebuild brings",
            pair: SchemaPair(
                old: ["CREATE TABLE t (x TEXT)", "CREATE INDEX i ON t (x)"], rows: ["INSERT INTO t VALUES ('1')"],
                new: ["CREATE TABLE t (x INTEGER, n DEFAULT (abs(-3)))", "CREATE INDEX i ON t (n DESC)"])),
        Case(
            name: "the number that counts on is not named",
            pair: SchemaPair(
                old: ["CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT)"],
                rows: ["INSERT INTO t (x) VALUES ('1')"],
                new: ["CREATE TABLE t (x INTEGER)"])),
        Case(
            name: "the number that counts on goes",
            pair: SchemaPair(
                old: ["CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, x TEXT)"],
                rows: ["INSERT INTO t (x) VALUES ('1')"],
                new: ["CREATE TABLE t (x INTEGER)"], dropsExtras: true)),
        // The second round makes SQLite's table of counters, which nobody can drop again.
        Case(
            name: "undo of two rounds",
            pair: SchemaPair(
                old: ["CREATE TABLE t (x TEXT)", "CREATE INDEX i ON t (x)"], rows: ["INSERT INTO t VALUES ('1')"],
                new: ["CREATE TABLE u (id INTEGER PRIMARY KEY AUTOINCREMENT, y)", "CREATE INDEX i ON u (y)"],
                dropsExtras: true)),
        Case(
            name: "a parent whose child loses the column that references it",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE p (id INTEGER PRIMARY KEY)",
                    "CREATE TABLE t (x TEXT, y INTEGER REFERENCES p, g INTEGER AS ('c' || 2) VIRTUAL)",
                ], rows: ["INSERT INTO p VALUES (1)", "INSERT INTO t VALUES ('5', 1)"],
                new: ["CREATE TABLE t (x INTEGER)"], dropsExtras: true)),
        // A column of a type that STRICT does not know is in the way until it has gone.
        Case(
            name: "a view waits for a column that only the second round can bring",
            pair: SchemaPair(
                old: ["CREATE TABLE t (x TEXT, g INTEGER AS ('c' || 2) VIRTUAL)"], rows: ["INSERT INTO t VALUES ('5')"],
                new: ["CREATE TABLE t (x TEXT, k INTEGER UNIQUE) STRICT", "CREATE VIEW v AS SELECT k FROM t"],
                dropsExtras: true)),
        Case(
            name: "a table becomes STRICT without the columns that STRICT does not know",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE t (x TEXT, d DATETIME, e TEXT UNIQUE)", "CREATE INDEX i ON t (d)",
                    "CREATE INDEX k ON t (x)", "CREATE TABLE log (what)", "CREATE VIEW v AS SELECT d FROM t",
                    "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log (what) VALUES (new.d); END",
                    "CREATE TRIGGER h AFTER INSERT ON t BEGIN INSERT INTO log (what) VALUES (new.x); END",
                ], rows: ["INSERT INTO t VALUES ('1', 2, 3)", "INSERT INTO t VALUES ('4', 5, 6)"],
                new: [
                    "CREATE TABLE t (x TEXT NOT NULL, y TEXT UNIQUE) STRICT", "CREATE TABLE log (what)",
                    "CREATE INDEX j ON t (y)", "CREATE INDEX k ON t (x)",
                    "CREATE TRIGGER h AFTER INSERT ON t BEGIN INSERT INTO log (what) VALUES (new.x); END",
                ], dropsExtras: true, writes: ["INSERT INTO t VALUES ('1', 2)", "UPDATE t SET y = 4"])),
        Case(
            name: "a table does not become STRICT while columns that STRICT does not know stay",
            pair: SchemaPair(
                old: ["CREATE TABLE t (x TEXT, d DATETIME)"], rows: ["INSERT INTO t VALUES ('1', 2)"],
                new: ["CREATE TABLE t (x TEXT) STRICT"]), ending: .unchanged),
        // Without its parent nothing could be written to it.
        Case(
            name: "a parent is not dropped while its child keeps the reference",
            pair: SchemaPair(
                old: ["CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE t (x REFERENCES p, y TEXT)"],
                rows: ["INSERT INTO p VALUES (1)", "INSERT INTO t VALUES (1, NULL)"],
                new: ["CREATE TABLE t (x, y TEXT NOT NULL)"], dropsExtras: true), ending: .unchanged),
        Case(
            name: "a parent is dropped with the reference",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE p (id INTEGER PRIMARY KEY REFERENCES q)",
                    "CREATE TABLE q (id INTEGER PRIMARY KEY REFERENCES p)",
                    "CREATE TABLE t (x REFERENCES p, y TEXT)",
                ], rows: ["INSERT INTO p VALUES (1)", "INSERT INTO q VALUES (1)", "INSERT INTO t VALUES (1, 'a')"],
                new: ["CREATE TABLE t (x, y TEXT NOT NULL)"], dropsExtras: true)),
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

    /// A column that cannot get its new name while a trigger stands in for writing to a view of it.
    private static func renamed(_ name: String, dropsExtras: Bool) -> Case {
        var pair = SchemaPair(
            old: [
                "CREATE TABLE t (id INTEGER PRIMARY KEY, a TEXT, c TEXT)", "CREATE VIEW v AS SELECT a FROM t",
                "CREATE TRIGGER g INSTEAD OF DELETE ON v BEGIN DELETE FROM t WHERE a = old.a; END",
            ], rows: ["INSERT INTO t VALUES (1, 'x', '5'), (2, 'y', '6')"],
            new: ["CREATE TABLE t (id INTEGER PRIMARY KEY, b TEXT DEFAULT 'z', c INTEGER)", "CREATE INDEX i ON t (b)"],
            dropsExtras: dropsExtras)
        pair.stated =
            "tables: {t: {columns: {id: INTEGER PRIMARY KEY, b: TEXT DEFAULT 'z', c: INTEGER}, renamed_from: {a: b}, "
            + "indexes: {i: [b]}}}"
        pair.renames = [PairSchema.Rename(table: "t", old: "a", new: "b")]
        return Case(name: name, pair: pair, ending: dropsExtras ? .healed : .unchanged)
    }

    /// The table is stated, with what fills a column in rows that have nothing there.
    private static func filled(
        _ name: String, _ old: String, _ new: String, _ column: String, _ value: String, isStrict: Bool = false
    ) -> Case {
        let options = isStrict ? "STRICT" : ""
        var pair = SchemaPair(
            old: ["CREATE TABLE t (\(old)) \(options)"], rows: ["INSERT INTO t (b) VALUES ('x'), ('y')"],
            new: ["CREATE TABLE t (\(new)) \(options)"], dropsExtras: true)
        let columns = new.split(separator: ", ").map { $0.split(separator: " ", maxSplits: 1) }
        pair.stated =
            "tables: {t: {columns: {\(columns.map { "\($0[0]): \($0[1])" }.joined(separator: ", "))}, "
            + "options: [\(options.lowercased())], backfill: {\(column): \"\(value)\"}}}"
        pair.backfills = [PairSchema.Backfill(table: "t", column: column, value: value)]
        return Case(name: "what fills \(name) is stored in its way", pair: pair)
    }

    /// What a rebuild must not forget.
    static let rebuilds = [
        Case(
            name: "children stay when their parent is rebuilt",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE p (id INTEGER PRIMARY KEY, a TEXT)",
                    "CREATE TABLE c (p REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE)",
                ], rows: ["INSERT INTO p VALUES (1, '5'), (2, '6')", "INSERT INTO c VALUES (1), (2), (NULL)"],
                new: [
                    "CREATE TABLE p (id INTEGER PRIMARY KEY, a INTEGER)",
                    "CREATE TABLE c (p REFERENCES p ON DELETE CASCADE ON UPDATE CASCADE)",
                ], dropsExtras: true,
                writes: ["INSERT INTO p VALUES (1, 2)", "INSERT INTO c VALUES (1)", "DELETE FROM p"])),
        Case(
            name: "indexes, triggers, views, statistics, the counter and orphans that were there",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE log (what)",
                    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a TEXT, p REFERENCES p)",
                    "CREATE INDEX i ON t (a COLLATE NOCASE DESC) WHERE a IS NOT NULL", "CREATE INDEX e ON t (lower(a))",
                    "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log (what) VALUES (new.a); END",
                    "CREATE VIEW v AS SELECT a, id FROM t",
                ],
                rows: [
                    "INSERT INTO t (id, a, p) VALUES (3, '1', NULL), (8, '2', 77), (90, '3', NULL)",
                    "DELETE FROM t WHERE id = 90", "ANALYZE",
                ],
                new: [
                    "CREATE TABLE p (id INTEGER PRIMARY KEY)", "CREATE TABLE log (what)",
                    "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, a INTEGER, p REFERENCES p)",
                    "CREATE INDEX i ON t (a COLLATE NOCASE DESC) WHERE a IS NOT NULL", "CREATE INDEX e ON t (lower(a))",
                    "CREATE TRIGGER g AFTER INSERT ON t BEGIN INSERT INTO log (what) VALUES (new.a); END",
                    "CREATE VIEW v AS SELECT a, id FROM t",
                ], writes: ["INSERT INTO t (a) VALUES (7)"])),
        Case(
            name: "itself as its parent, generated columns, a column called rowid, gaps",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE t (rowid TEXT, up INTEGER REFERENCES t (oid_), oid_ INTEGER UNIQUE, "
                        + "g TEXT AS (rowid || '!') STORED, h TEXT AS (rowid || '?'))"
                ],
                rows: [
                    "INSERT INTO t (_rowid_, rowid, up, oid_) VALUES (5, 'a', NULL, 1), (-9, 'b', 1, 2), "
                        + "(9223372036854775807, 'c', 2, 3)"
                ],
                new: [
                    "CREATE TABLE t (rowid TEXT NOT NULL, up INTEGER REFERENCES t (oid_), oid_ INTEGER UNIQUE, "
                        + "g TEXT AS (rowid || '!') STORED, h TEXT AS (rowid || '?'))"
                ], dropsExtras: true, writes: ["INSERT INTO t (rowid, oid_) VALUES ('x', 1)", "UPDATE t SET up = 1"])),
        Case(
            name: "a text in double quotes in the CHECK of a table of somebody else",
            pair: SchemaPair(
                old: ["CREATE TABLE theirs (x CHECK (x <> \"y\"))", "CREATE TABLE t (a TEXT)"],
                rows: ["INSERT INTO t VALUES ('1')", "INSERT INTO theirs VALUES ('z')"],
                new: ["CREATE TABLE t (a INTEGER)"])),
        Case(
            name: "tables of others: statistics, a replicator's, those behind a full-text table",
            pair: SchemaPair(
                old: [
                    "CREATE TABLE t (a TEXT)", "CREATE INDEX i ON t (a)",
                    "CREATE TABLE _litestream_seq (id INTEGER PRIMARY KEY, seq INTEGER)",
                    "CREATE VIRTUAL TABLE f USING fts5(x)",
                ],
                rows: [
                    "INSERT INTO t VALUES ('1')", "INSERT INTO _litestream_seq VALUES (1, 5)",
                    "INSERT INTO f VALUES ('x')",
                    "ANALYZE",
                ], new: ["CREATE TABLE t (a INTEGER)", "CREATE INDEX i ON t (a)"])),
    ]

    /// A new column gives every row its default, and the parent may hold no such row: perhaps it only comes in the same run.
    static let references = [
        reference("the parent's key comes and stays empty", "k INTEGER UNIQUE", isHealed: false),
        reference("the parent's key comes with the value", "k INTEGER UNIQUE DEFAULT 7"),
        reference("the parent's key comes with another value", "k INTEGER UNIQUE DEFAULT 8", isHealed: false),
        reference(
            "the parent's key is added and gets its index later", "k INTEGER", isHealed: false,
            index: "CREATE UNIQUE INDEX p_k ON p (k)"),
        reference(
            "the parent's key is added with the value and gets its index later", "k INTEGER DEFAULT 7",
            index: "CREATE UNIQUE INDEX p_k ON p (k)"),
        reference("the parent's key takes over the rowid, which is the value", "k INTEGER PRIMARY KEY", row: 7),
        reference(
            "the parent's key takes over the rowid, which is another", "k INTEGER PRIMARY KEY", isHealed: false, row: 6),
        Case(
            name: "the parent comes in the same run",
            pair: SchemaPair(
                old: ["CREATE TABLE c (y TEXT)"], rows: ["INSERT INTO c VALUES ('a'), ('b')"],
                new: [
                    "CREATE TABLE c (y TEXT, r INTEGER DEFAULT 7 REFERENCES p (k))",
                    "CREATE TABLE p (k INTEGER PRIMARY KEY)",
                ]), ending: .partly),
        Case(
            name: "the parent is never there",
            pair: SchemaPair(
                old: ["CREATE TABLE c (y TEXT)"], rows: ["INSERT INTO c VALUES ('a'), ('b')"],
                new: ["CREATE TABLE c (y TEXT, r INTEGER DEFAULT 7 REFERENCES p (k))"]), ending: .unchanged),
        Case(
            name: "itself, by a key that comes with the value",
            pair: SchemaPair(
                old: ["CREATE TABLE c (y TEXT)"], rows: ["INSERT INTO c VALUES ('a')"],
                new: ["CREATE TABLE c (y TEXT, k INTEGER UNIQUE DEFAULT 7, r INTEGER DEFAULT 7 REFERENCES c (k))"])),
        Case(
            name: "itself, by a key that comes without it",
            pair: SchemaPair(
                old: ["CREATE TABLE c (y TEXT)"], rows: ["INSERT INTO c VALUES ('a')"],
                new: ["CREATE TABLE c (y TEXT, k INTEGER UNIQUE, r INTEGER DEFAULT 7 REFERENCES c (k))"]),
            ending: .unchanged),
    ]

    private static func reference(
        _ name: String, _ key: String, isHealed: Bool = true, row: Int = 1, index: String? = nil
    ) -> Case {
        Case(
            name: name,
            pair: SchemaPair(
                old: ["CREATE TABLE c (y TEXT)", "CREATE TABLE p (a TEXT)"],
                rows: ["INSERT INTO c VALUES ('a'), ('b')", "INSERT INTO p (rowid, a) VALUES (\(row), 'x')"],
                new: [
                    "CREATE TABLE c (y TEXT, r INTEGER DEFAULT 7 REFERENCES p (k))", "CREATE TABLE p (a TEXT, \(key))",
                ] + [index].compactMap { $0 }), ending: isHealed ? .healed : .partly)
    }

    @Test(arguments: cases + rebuilds + references) func isHealedOrRefusedAsItShould(test: Case) async throws {
        let batch = try PairBatch([test.pair])
        try await batch.run()
        #expect(batch.invalid == 0)
        #expect(batch.results.map(\.ending) == [test.ending], "\(batch.results)")
    }
}
