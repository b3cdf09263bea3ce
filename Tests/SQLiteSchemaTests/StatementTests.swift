import HealKit
import HealModel
import Testing

@testable import SQLiteSchema

/// What is stated of a database, read back, is what it holds.
@Suite struct StatementTests {
    @Test func thePiecesOfATable() throws {
        let statement = try #require(
            SchemaStatement(
                try stored(
                    """
                    CREATE TABLE "a b" ( -- first
                      "x y" TEXT /* why */ DEFAULT 'a, b' , z , CONSTRAINT c CHECK (z > 1) UNIQUE (z), FOREIGN KEY (z) REFERENCES q
                    ) STRICT, WITHOUT ROWID;
                    """.replacing("z ,", with: "z INT PRIMARY KEY,")
                        + "CREATE UNIQUE INDEX i ON \"a b\"(lower(z) DESC, \"x y\" COLLATE nocase) WHERE z <> 3;"
                        + "CREATE VIEW v(p) AS SELECT z FROM \"a b\"; CREATE VIEW w AS\n SELECT 1 -- end\n;"
                        + "CREATE TRIGGER g BEFORE DELETE ON \"a b\" BEGIN\n SELECT 1;\nEND;")))
        let table = try #require(statement.tables.first)
        #expect(table.name == "a b" && table.isStrict && table.isWithoutRowid)
        #expect(table.columns.map(\.name) == ["x y", "z"])
        #expect(table.columns.map(\.body) == ["TEXT DEFAULT 'a, b'", "INT PRIMARY KEY"])
        #expect(table.constraints == ["CONSTRAINT c CHECK (z > 1) UNIQUE (z)", "FOREIGN KEY (z) REFERENCES q"])
        #expect(table.indexes.map(\.terms) == [["lower(z) DESC", "\"x y\" COLLATE nocase"]])
        #expect(table.indexes.map(\.predicate) == ["z <> 3"] && table.indexes[0].isUnique)
        #expect(statement.views.map(\.body) == ["(p) AS SELECT z FROM \"a b\"", "SELECT 1"])
        #expect(statement.triggers.map(\.body) == ["BEFORE DELETE ON \"a b\" BEGIN\n SELECT 1;\nEND"])
    }

    @Test func virtualTablesHaveNoPieces() throws {
        #expect(SchemaStatement(try stored("CREATE VIRTUAL TABLE f USING fts5(a)")) == nil)
    }

    @Test func aScriptMakesTheSame() throws {
        let connection = try database(
            """
            PRAGMA user_version = 4; CREATE TABLE t(a, b TEXT); CREATE VIEW v AS SELECT a FROM t -- and why
            ; CREATE INDEX i ON t(b); CREATE TABLE _litestream_seq(id); CREATE TABLE _selfheal_units(dataset, unit); CREATE VIRTUAL TABLE f USING fts5(x);
            CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END; INSERT INTO t VALUES (1, 'row');
            """)
        let found = try FoundSchema(reading: connection)
        #expect(found.pragmas.map(\.statement) == ["PRAGMA user_version = 4"])
        let script = found.script
        #expect(!script.text.contains("row") && !script.text.contains("_litestream") && !script.text.contains("f_data"))
        let again = try database(script.text)
        let copy = try FoundSchema(reading: again)
        #expect(
            Set(copy.schema.objects.map(\.sql)).subtracting(found.schema.objects.map(\.sql)) == []
                && copy.schema.objects.count == found.schema.objects.count)
        let lines = script.text.split(separator: "\n", omittingEmptySubsequences: false)
        for (line, object) in script.lines { #expect(object.sql.hasPrefix(lines[line - 1].prefix(12))) }
        let view = try #require(found.schema.objects.first { $0.kind == .view })
        #expect(!found.without([view]).script.text.contains("VIEW"))
    }
}

/// Both sides of a difference as SQL.
@Suite struct ComparedTests {
    private func compared(_ expected: String, _ found: String, keepsExtras: Bool = true) throws -> [ComparedObject] {
        let comparison = SchemaComparison(desired: try desired(expected), found: try stored(found))
        return comparison.objects(of: comparison.differences(), keepsExtras: keepsExtras)
    }

    private func changes(_ objects: [ComparedObject]) -> [String] {
        objects.flatMap { object in
            let (old, new) = (object.found.map(\.key), object.desired.map(\.key))
            return object.found.filter { !new.contains($0.key) }.map { "-" + $0.text.trimmed }
                + object.desired.filter { !old.contains($0.key) }.map { "+" + $0.text.trimmed } + object.notes
        }
    }

    @Test(
        arguments: [
            ("CREATE TABLE t(a)", "CREATE TABLE t(a, b)", []),
            ("CREATE TABLE t(a INT, b)", "CREATE TABLE t(b, \"A\" int)", []),
            ("CREATE TABLE t(a INT)", "CREATE TABLE t(a TEXT, b UNIQUE, CHECK (b > 1))", ["-a TEXT", "+a INT"]),
            // What is equal stands on both sides, whatever its words.
            (
                "CREATE TABLE t(a INT, b UNIQUE CHECK (b>0))",
                "CREATE TABLE T(\"b\", a TEXT, check((\"b\" > 0)), UNIQUE(b))",
                ["-a TEXT", "+a INT"]
            ),
            ("CREATE TABLE t(a, b UNIQUE)", "CREATE TABLE t(b); CREATE UNIQUE INDEX u ON t(b)", ["+a"]),
            ("CREATE TABLE t(a PRIMARY KEY)", "CREATE TABLE t(a)", ["-a", "+a PRIMARY KEY"]),
            ("CREATE TABLE t(a, b, PRIMARY KEY (a, b))", "CREATE TABLE t(a, b)", ["+PRIMARY KEY (a, b)"]),
            ("CREATE TABLE t(a INT) STRICT", "CREATE TABLE t(a INT)", ["-);", "+) STRICT;"]),
            (
                "CREATE TABLE t(a); CREATE INDEX i ON t(a DESC)", "CREATE TABLE t(a); CREATE INDEX i ON t(a)",
                ["-CREATE INDEX i ON t(a);", "+CREATE INDEX i ON t(a DESC);"]
            ),
            (
                "CREATE TABLE t(a)", "CREATE VIEW t AS SELECT 1 AS a",
                ["-CREATE VIEW t AS", "-SELECT 1 AS a;", "+CREATE TABLE t (", "+a", "+);"]
            ),
            (
                "CREATE TABLE t(a); CREATE TRIGGER g BEFORE DELETE ON t FOR EACH ROW BEGIN SELECT 1; END",
                "CREATE TABLE t(a); CREATE TRIGGER g delete on t begin select 2; end", ["-select 2;", "+SELECT 1;"]
            ),
        ] as [(String, String, [String])]) func differencesOnly(expected: String, found: String, changes: [String])
        throws
    {
        #expect(Set(self.changes(try compared(expected, found))).subtracting([","]) == Set(changes))
    }

    @Test func whatIsNotNamedIsShownWhereItMatters() throws {
        let objects = try compared("CREATE TABLE t(a INT)", "CREATE TABLE t(a TEXT, b)", keepsExtras: false)
        #expect(Set(changes(objects)) == ["-a TEXT", "-b", "+a INT"])
    }
}

extension String {
    /// Without the indentation and the comma that a line of a table has.
    fileprivate var trimmed: String {
        let text = String(drop { $0 == " " })
        return text.hasSuffix(",") ? String(text.dropLast()) : text
    }
}
