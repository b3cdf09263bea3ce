import Testing

@testable import SQLiteSchema

/// Everything that can differ is found, and named as what it is.
@Suite struct DifferenceTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var expected: String
        var found: String
        var differences: [String]
        var testDescription: String { "\(expected) ← \(found)" }

        init(_ expected: String, _ found: String, _ differences: String...) {
            self.expected = expected
            self.found = found
            self.differences = differences
        }
    }

    static let tables = [
        Case("CREATE TABLE t (a)", "", "table missing t"),
        Case("CREATE TABLE t (a); CREATE INDEX i ON t (a)", "", "table missing t"),
        Case("CREATE TABLE t (a)", "CREATE VIEW t AS SELECT 1", "name taken t: view for table"),
        Case("CREATE TABLE t (a)", "CREATE VIRTUAL TABLE t USING fts5(a)", "name taken t: virtual table for table"),
        Case("CREATE VIRTUAL TABLE t USING fts5(a)", "CREATE TABLE t (a)", "name taken t: table for virtual table"),
        Case("CREATE VIRTUAL TABLE t USING fts5(a)", "", "virtual table missing t"),
        Case(
            "CREATE VIRTUAL TABLE t USING fts5(a)", "CREATE VIRTUAL TABLE t USING fts5(a, b)", "virtual table differs t"
        ),
        Case(
            "CREATE VIRTUAL TABLE t USING rtree(id, x, y)", "CREATE VIRTUAL TABLE t USING rtree_i32(id, x, y)",
            "virtual table differs t"),
        Case("CREATE TABLE t (a, b)", "CREATE TABLE t (a)", "column missing t.b"),
        Case("CREATE TABLE t (a INT) STRICT", "CREATE TABLE t (a INT)", "table differs t: STRICT"),
        Case("CREATE TABLE t (a INT)", "CREATE TABLE t (a INT) STRICT", "table differs t: STRICT"),
        Case(
            "CREATE TABLE t (a TEXT PRIMARY KEY) WITHOUT ROWID", "CREATE TABLE t (a TEXT NOT NULL PRIMARY KEY)",
            "table differs t: WITHOUT ROWID"),
        Case(
            "CREATE TABLE t (a INTEGER PRIMARY KEY AUTOINCREMENT)", "CREATE TABLE t (a INTEGER PRIMARY KEY)",
            "table differs t: AUTOINCREMENT"),
        Case(
            "CREATE TABLE t (a, b, PRIMARY KEY (a, b))", "CREATE TABLE t (a, b, PRIMARY KEY (b, a))",
            "table differs t: primary key"),
        Case("CREATE TABLE t (a, b, PRIMARY KEY (a, b))", "CREATE TABLE t (a, b)", "table differs t: primary key"),
        Case("CREATE TABLE t (a, b, UNIQUE (a, b))", "CREATE TABLE t (a, b)", "table differs t: constraint"),
        Case("CREATE TABLE t (a, b)", "CREATE TABLE t (a, b, UNIQUE (a, b))", "table differs t: constraint"),
        Case("CREATE TABLE t (a, b, CHECK (a < b))", "CREATE TABLE t (a, b)", "table differs t: constraint"),
        Case(
            "CREATE TABLE t (a, b, CHECK (a < b))", "CREATE TABLE t (a, b, CHECK (a <= b))",
            "table differs t: constraint, constraint"),
        Case(
            "CREATE TABLE t (a, b, FOREIGN KEY (a, b) REFERENCES p(x, y))", "CREATE TABLE t (a, b)",
            "table differs t: constraint"),
        Case(
            "CREATE TABLE t (a, b, FOREIGN KEY (a, b) REFERENCES p(x, y))",
            "CREATE TABLE t (a, b, FOREIGN KEY (a, b) REFERENCES p(y, x))", "table differs t: constraint"),
        Case(
            "CREATE TABLE t (a, b)", "CREATE TABLE t (a, b, FOREIGN KEY (a, b) REFERENCES p(x, y))",
            "table differs t: constraint"),
    ]

    static let columns = [
        Case("CREATE TABLE t (a INT)", "CREATE TABLE t (a TEXT)", "column differs t.a: type"),
        Case("CREATE TABLE t (a INT)", "CREATE TABLE t (a INTEGER)", "column differs t.a: type"),
        Case("CREATE TABLE t (a VARCHAR(10))", "CREATE TABLE t (a VARCHAR(20))", "column differs t.a: type"),
        Case("CREATE TABLE t (a)", "CREATE TABLE t (a BLOB)", "column differs t.a: type"),
        Case("CREATE TABLE t (a NOT NULL)", "CREATE TABLE t (a)", "column differs t.a: not null"),
        Case("CREATE TABLE t (a)", "CREATE TABLE t (a NOT NULL)", "column differs t.a: not null"),
        Case(
            "CREATE TABLE t (a NOT NULL ON CONFLICT IGNORE)", "CREATE TABLE t (a NOT NULL)",
            "column differs t.a: not null"),
        Case("CREATE TABLE t (a DEFAULT 5)", "CREATE TABLE t (a DEFAULT 6)", "column differs t.a: default"),
        Case("CREATE TABLE t (a DEFAULT 5)", "CREATE TABLE t (a DEFAULT '5')", "column differs t.a: default"),
        Case("CREATE TABLE t (a DEFAULT 5)", "CREATE TABLE t (a DEFAULT -5)", "column differs t.a: default"),
        Case("CREATE TABLE t (a DEFAULT 'x')", "CREATE TABLE t (a DEFAULT 'X')", "column differs t.a: default"),
        Case(
            "CREATE TABLE t (a DEFAULT 'CURRENT_TIMESTAMP')", "CREATE TABLE t (a DEFAULT CURRENT_TIMESTAMP)",
            "column differs t.a: default"),
        Case("CREATE TABLE t (a DEFAULT 'true')", "CREATE TABLE t (a DEFAULT true)", "column differs t.a: default"),
        Case(
            "CREATE TABLE t (a DEFAULT (random()))", "CREATE TABLE t (a DEFAULT (abs(1)))",
            "column differs t.a: default"),
        Case("CREATE TABLE t (a COLLATE NOCASE)", "CREATE TABLE t (a)", "column differs t.a: collation"),
        Case("CREATE TABLE t (a COLLATE NOCASE)", "CREATE TABLE t (a COLLATE RTRIM)", "column differs t.a: collation"),
        Case("CREATE TABLE t (a, b AS (a + 1))", "CREATE TABLE t (a, b)", "column differs t.b: generated"),
        Case("CREATE TABLE t (a, b AS (a + 1))", "CREATE TABLE t (a, b AS (a + 2))", "column differs t.b: generated"),
        Case("CREATE TABLE t (a, b AS (a) STORED)", "CREATE TABLE t (a, b AS (a))", "column differs t.b: generated"),
        Case("CREATE TABLE t (a PRIMARY KEY)", "CREATE TABLE t (a)", "column differs t.a: primary key"),
        Case("CREATE TABLE t (a)", "CREATE TABLE t (a PRIMARY KEY)", "column differs t.a: primary key"),
        Case(
            "CREATE TABLE t (a INTEGER PRIMARY KEY)", "CREATE TABLE t (a INTEGER PRIMARY KEY DESC)",
            "column differs t.a: primary key"),
        Case(
            "CREATE TABLE t (a INTEGER PRIMARY KEY)", "CREATE TABLE t (a INT PRIMARY KEY)",
            "column differs t.a: type, primary key"),
        Case(
            "CREATE TABLE t (a TEXT PRIMARY KEY ON CONFLICT REPLACE)", "CREATE TABLE t (a TEXT PRIMARY KEY)",
            "column differs t.a: primary key"),
        Case("CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a)", "column differs t.a: unique"),
        Case("CREATE TABLE t (a)", "CREATE TABLE t (a UNIQUE)", "column differs t.a: unique"),
        Case("CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a UNIQUE ON CONFLICT IGNORE)", "column differs t.a: unique"),
        Case(
            "CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a, UNIQUE (a COLLATE NOCASE))", "column differs t.a: unique"),
        Case(
            "CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t (a) WHERE a > 1",
            "column differs t.a: unique"),
        Case(
            "CREATE TABLE t (a UNIQUE)", "CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t (a COLLATE NOCASE)",
            "column differs t.a: unique"),
        Case("CREATE TABLE t (a CHECK (a > 0))", "CREATE TABLE t (a)", "column differs t.a: check"),
        Case("CREATE TABLE t (a CHECK (a > 0))", "CREATE TABLE t (a CHECK (a > 1))", "column differs t.a: check"),
        Case("CREATE TABLE t (a)", "CREATE TABLE t (a CHECK (a > 0))", "column differs t.a: check"),
        Case("CREATE TABLE t (a CHECK (a = 'x'))", "CREATE TABLE t (a CHECK (a = 'X'))", "column differs t.a: check"),
        Case(
            "CREATE TABLE t (a, b, CHECK (a = \"b\"))", "CREATE TABLE t (a, b, CHECK (a = 'b'))",
            "table differs t: constraint, constraint"),
        Case("CREATE TABLE t (a REFERENCES p(x))", "CREATE TABLE t (a)", "column differs t.a: references"),
        Case("CREATE TABLE t (a)", "CREATE TABLE t (a REFERENCES p(x))", "column differs t.a: references"),
        Case(
            "CREATE TABLE t (a REFERENCES p(x) ON DELETE CASCADE)", "CREATE TABLE t (a REFERENCES p(x))",
            "column differs t.a: references"),
        Case(
            "CREATE TABLE t (a REFERENCES p(x) ON UPDATE RESTRICT)",
            "CREATE TABLE t (a REFERENCES p(x) ON UPDATE SET DEFAULT)", "column differs t.a: references"),
        Case(
            "CREATE TABLE t (a REFERENCES p(x) DEFERRABLE INITIALLY DEFERRED)", "CREATE TABLE t (a REFERENCES p(x))",
            "column differs t.a: references"),
        Case(
            "CREATE TABLE t (a REFERENCES p(x) MATCH FULL)", "CREATE TABLE t (a REFERENCES p(x))",
            "column differs t.a: references"),
        Case(
            "CREATE TABLE t (a REFERENCES p(x))", "CREATE TABLE t (a REFERENCES q(x))", "column differs t.a: references"
        ),
        Case(
            "CREATE TABLE p (id INTEGER PRIMARY KEY, z UNIQUE); CREATE TABLE t (a REFERENCES p)",
            "CREATE TABLE p (id INTEGER PRIMARY KEY, z UNIQUE); CREATE TABLE t (a REFERENCES p(z))",
            "column differs t.a: references"),
        Case(
            "CREATE TABLE t (a TEXT, b INT NOT NULL)", "CREATE TABLE t (a INT DEFAULT 1)", "column missing t.b",
            "column differs t.a: type, default"),
        Case("CREATE TABLE t (é TEXT)", "CREATE TABLE t (e\u{301} TEXT)", "column missing t.é"),
    ]

    static let others = [
        Case("CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a)", "index missing i"),
        Case(
            "CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE UNIQUE INDEX i ON t (a)",
            "index differs i"),
        Case(
            "CREATE TABLE t (a, b); CREATE INDEX i ON t (a, b)", "CREATE TABLE t (a, b); CREATE INDEX i ON t (b, a)",
            "index differs i"),
        Case(
            "CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE INDEX i ON t (a DESC)",
            "index differs i"),
        Case(
            "CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE INDEX i ON t (a COLLATE NOCASE)",
            "index differs i"),
        Case(
            "CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 0",
            "index differs i"),
        Case(
            "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 0",
            "CREATE TABLE t (a); CREATE INDEX i ON t (a) WHERE a > 1", "index differs i"),
        Case(
            "CREATE TABLE t (a); CREATE INDEX i ON t (lower(a))", "CREATE TABLE t (a); CREATE INDEX i ON t (upper(a))",
            "index differs i"),
        Case(
            "CREATE TABLE t (a); CREATE INDEX i ON t (a)",
            "CREATE TABLE t (a); CREATE TABLE u (a); CREATE INDEX i ON u (a)", "index differs i"),
        Case(
            "CREATE TABLE t (a); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE TABLE i (a)",
            "name taken i: table for index"),
        Case(
            "CREATE TABLE t (a COLLATE NOCASE); CREATE INDEX i ON t (a)", "CREATE TABLE t (a); CREATE INDEX i ON t (a)",
            "column differs t.a: collation"),
        Case("CREATE VIEW v AS SELECT 1", "", "view missing v"),
        Case("CREATE VIEW v AS SELECT 1", "CREATE VIEW v AS SELECT 2", "view differs v"),
        Case("CREATE VIEW v AS SELECT 'a'", "CREATE VIEW v AS SELECT 'A'", "view differs v"),
        Case("CREATE VIEW v(x) AS SELECT 1", "CREATE VIEW v AS SELECT 1", "view differs v"),
        Case("CREATE VIEW v AS SELECT 1", "CREATE TABLE v (a)", "name taken v: table for view"),
        Case(
            "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END", "CREATE TABLE t (a)",
            "trigger missing g"),
        Case(
            "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
            "CREATE TABLE t (a); CREATE TRIGGER g BEFORE INSERT ON t BEGIN SELECT 1; END", "trigger differs g"),
        Case(
            "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END",
            "CREATE TABLE t (a); CREATE TRIGGER g AFTER INSERT ON t WHEN new.a BEGIN SELECT 1; END", "trigger differs g"
        ),
        Case(
            "CREATE VIEW v AS SELECT 1 a; CREATE TRIGGER g INSTEAD OF INSERT ON v BEGIN SELECT 1; END",
            "CREATE VIEW v AS SELECT 1 a", "trigger missing g"),
        Case(
            "CREATE TABLE a (x); CREATE TABLE b (x); CREATE INDEX ia ON a (x); CREATE INDEX ib ON b (x); CREATE VIEW v AS SELECT 1; CREATE TRIGGER g AFTER INSERT ON a BEGIN SELECT 1; END",
            "CREATE TABLE a (y)", "table missing b", "column missing a.x", "index missing ia", "view missing v",
            "trigger missing g"),
    ]

    @Test(arguments: tables + columns + others) func named(example: Case) throws {
        #expect(try differences(example.expected, example.found).map(\.short) == example.differences)
    }

    @Test func aTypeThatOnlyReadsDifferentlyIsHarmless() throws {
        func aspects(_ expected: String, _ found: String) throws -> [AspectDifference] {
            let all = try differences("CREATE TABLE t (\(expected))", "CREATE TABLE t (\(found))")
            guard case .columnDiffers(_, _, let aspects) = try #require(all.first) else { return [] }
            return aspects
        }
        #expect(try aspects("a INT", "a INTEGER").allSatisfy(\.isHarmless))
        #expect(try aspects("a VARCHAR(10)", "a TEXT").allSatisfy(\.isHarmless))
        #expect(try aspects("a INT", "a TEXT").contains { !$0.isHarmless })
        #expect(try aspects("a INTEGER PRIMARY KEY", "a INT PRIMARY KEY").allSatisfy { !$0.isHarmless })
        let sentence = try aspects("a INT NOT NULL DEFAULT 5", "a INT").map(\.explanation)
        #expect(sentence == ["not null is none, expected NOT NULL", "default is none, expected 5"])
    }

    @Test func constraintsAreShownAsSQL() throws {
        let expected = """
            CREATE TABLE t (a UNIQUE ON CONFLICT IGNORE, b REFERENCES p(x) ON DELETE SET NULL ON UPDATE CASCADE MATCH FULL \
            DEFERRABLE INITIALLY DEFERRED, c CHECK (c > 0), d AS (a) STORED, "or der" INTEGER PRIMARY KEY, \
            e NOT NULL ON CONFLICT FAIL, f, UNIQUE (c, f COLLATE NOCASE))
            """
        let found = "CREATE TABLE t (a, b, c, d, \"or der\", e, f)"
        var texts: [String] = []
        for difference in try differences(expected, found) {
            switch difference {
            case .columnDiffers(_, _, let aspects), .tableDiffers(_, let aspects): texts += aspects.map(\.expected)
            default: Issue.record("\(difference.short)")
            }
        }
        #expect(
            Set(texts) == [
                "UNIQUE (a) ON CONFLICT IGNORE",
                "FOREIGN KEY (b) REFERENCES p(x) ON DELETE SET NULL ON UPDATE CASCADE MATCH FULL DEFERRABLE INITIALLY DEFERRED",
                "CHECK (c > 0)", "AS (a) STORED", "INTEGER", #"PRIMARY KEY ("or der") as the rowid"#,
                "NOT NULL ON CONFLICT FAIL", "UNIQUE (c, f COLLATE nocase)",
            ])
    }

    @Test func extrasAreNamedAndThoseOfOthersAreNot() throws {
        let found = """
            CREATE TABLE t (a, b); CREATE INDEX i ON t (a); CREATE VIEW v AS SELECT 1;
            CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END;
            CREATE TABLE u (x); CREATE INDEX iu ON u (x); CREATE TABLE _litestream_seq (id); CREATE TABLE _selfheal_units (dataset, unit); CREATE INDEX _selfheal_i ON _selfheal_units (unit); ANALYZE;
            CREATE VIRTUAL TABLE f USING fts5(x); CREATE TABLE s (id INTEGER PRIMARY KEY AUTOINCREMENT);
            """
        let connection = try database(found)
        let comparison = SchemaComparison(
            desired: try desired("CREATE TABLE t (a)"), found: try StoredSchema(reading: connection))
        #expect(comparison.differences().isEmpty)
        let extras = try comparison.extras(connection).map { SchemaDifference.extra($0).short }
        #expect(
            extras == [
                "extra trigger t.g", "extra view v", "extra index t.i", "extra column t.b", "extra table u",
                "extra table f",
                "extra table s",
            ])
    }
}
