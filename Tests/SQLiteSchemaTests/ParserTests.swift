import HealKit
import HealModel
import Testing

@testable import SQLiteSchema

/// What is read from the text of a table is what SQLite itself understood.
@Suite struct ParserTests {
    static let tables = [
        "CREATE TABLE t (a)",
        "CREATE TABLE t (a,b,c)",
        "CREATE TABLE t (a INTEGER PRIMARY KEY DESC, b INT UNIQUE)",
        "CREATE TABLE t (a INT, b TEXT DEFAULT 'x,y)', PRIMARY KEY (b COLLATE NOCASE DESC, a) ON CONFLICT REPLACE)",
        "CREATE TABLE t (\"a,b\" INT, [c)d] TEXT, `e(f` REAL, 'g''h' BLOB)",
        "CREATE TABLE t (primary_ INT, unique_ TEXT, check_ REAL)",
        "CREATE TABLE t (key INT, desc TEXT, action REAL, generated INT, always TEXT, left INT, replace TEXT)",
        "CREATE TABLE t (a GENERATED, b generated always, c INT generated always as (a) stored, d AS (b))",
        "CREATE TABLE t (a VARCHAR(10, +5) NOT NULL, b DOUBLE PRECISION DEFAULT -1.5, c LONG VARCHAR)",
        "CREATE TABLE t (a INT CONSTRAINT x NOT NULL CONSTRAINT y DEFAULT 5 CONSTRAINT z CHECK (a > 0))",
        "CREATE TABLE t (a INT NULL, b INT NOT NULL ON CONFLICT FAIL DEFAULT (1 + (2)))",
        "CREATE TABLE t (a TEXT COLLATE NOCASE COLLATE RTRIM NOT NULL)",
        "CREATE TABLE t (a INT REFERENCES p, b INT REFERENCES p(x) ON DELETE SET DEFAULT DEFERRABLE, FOREIGN KEY (a, b) REFERENCES q (x, y) ON UPDATE CASCADE)",
        "CREATE TABLE t (a TEXT PRIMARY KEY, b INT) WITHOUT ROWID",
        "CREATE TABLE t (a TEXT PRIMARY KEY, b ANY NOT NULL) STRICT",
        "CREATE TABLE t (a INT, CONSTRAINT u UNIQUE (a) CONSTRAINT c CHECK (a > 0) ON CONFLICT IGNORE)",
        "CREATE TABLE t (a TEXT DEFAULT '-- no comment', b TEXT DEFAULT '/* nor this', c TEXT DEFAULT 'it''s')",
        "CREATE TABLE t (a /* x, y) */ INT, -- z, (\n b TEXT)",
        "CREATE TABLE IF NOT EXISTS main.t (a INT)",
        "CREATE TABLE t (a INT DEFAULT CURRENT_TIMESTAMP, b DEFAULT (current_date), c DEFAULT x'00')",
        "CREATE TABLE t (a INTEGER, b TEXT, PRIMARY KEY (a AUTOINCREMENT))",
        "CREATE TABLE t (a INTEGER PRIMARY KEY ASC ON CONFLICT IGNORE AUTOINCREMENT)",
        "CREATE TABLE t (a CHECK (a IN (SELECT 1)) )".replacingSelect,
        "CREATE TABLE t (日本 TEXT, \"emoji 🙂\" INT, e\u{301} REAL)",
        "CREATE TABLE t (" + (0..<100).map { "c\($0) INT DEFAULT \($0)" }.joined(separator: ", ") + ")",
        "CREATE TABLE t (\"" + String(repeating: "n", count: 10_000) + "\" INT)",
    ]

    @Test(arguments: tables) func agreesWithSQLite(sql: String) throws {
        try Self.compare(try database(sql), "t")
    }

    /// Compares what was read with PRAGMA table_xinfo, foreign_key_list and index_list.
    static func compare(_ connection: TestConnection, _ name: String) throws {
        let table = try #require(try StoredSchema(reading: connection).table(SQLName(name)))
        #expect(table.unknownWords.isEmpty)
        let sql = "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)"
        let rows = try connection.rows(sql, [.text(name)])
        #expect(rows.count == table.columns.count)
        for (row, column) in zip(rows, table.columns) {
            #expect(row[0] == .text(column.name.text))
            let type = SQLText(row[1].text ?? "")
            #expect(type.folded(type.tokens.indices) == column.type, "\(row[1]) \(column.type)")
            let isImplied = table.isWithoutRowid || table.isStrict
            if table.rowidAlias != column.name, !isImplied {
                #expect(row[2] == .integer(column.isNotNull ? 1 : 0))
            }
            if let text = row[3].text {
                let sql = SQLText(text)
                #expect(DefaultValue(sql, sql.tokens.indices) == column.defaultValue, "\(text)")
            } else {
                #expect(column.defaultValue == nil)
            }
            let hidden = column.generated.map { $0.isStored ? 3 : 2 } ?? 0
            #expect(row[5] == .integer(Int64(hidden)))
        }
        let key = rows.filter { $0[4] != .integer(0) }.sorted { ($0[4].integer ?? 0) < ($1[4].integer ?? 0) }
        #expect(key.map { $0[0] } == (table.primaryKey?.terms ?? []).map { .text($0.column.text) })

        let foreign = try connection.rows(
            "SELECT DISTINCT id, \"table\", on_update, on_delete FROM pragma_foreign_key_list(?) ORDER BY id DESC",
            [.text(name)])
        #expect(foreign.count == table.foreignKeys.count)
        for (row, key) in zip(foreign, table.foreignKeys) {
            #expect(row[1] == .text(key.parent.text))
            #expect(row[2] == .text(key.onUpdate?.uppercased() ?? "NO ACTION"))
            #expect(row[3] == .text(key.onDelete?.uppercased() ?? "NO ACTION"))
        }
        let unique = try connection.rows("SELECT name FROM pragma_index_list(?) WHERE origin = 'u'", [.text(name)])
        #expect(unique.count == table.uniqueKeys.count)
    }

    @Test func aTextThatIsNoTable() {
        for sql in ["", "CREATE", "CREATE VIEW v AS SELECT 1", "CREATE TABLE", "CREATE TABLE t", "DROP TABLE t"] {
            #expect(TableParser.parse(sql) == nil)
            #expect(IndexDefinition.parse(sql, on: nil) == nil)
        }
        for sql in ["", "CREATE TABLE t (a)", "CREATE VIRTUAL x", "CREATE VIEW", "SELECT 1"] {
            #expect(CodeDefinition.parse(sql) == nil)
        }
    }

    @Test func wordsOfAFutureSQLiteAreKept() throws {
        let table = try #require(
            TableParser.parse("CREATE TABLE t (a INT DEFAULT 1 INVISIBLE(2), b TEXT, PERIOD FOR x (a)) COMPRESSED"))
        #expect(table.columns.map(\.name.text) == ["a", "b", "PERIOD"])
        #expect(table.unknownWords == ["invisible", "(", "2", ")", "compressed"])
        let old = try #require(TableParser.parse("CREATE TABLE t (a INT DEFAULT 1, b TEXT, PERIOD FOR x (a))"))
        let future = DesiredSchema(StoredSchema([SchemaObject(kind: .table, name: "t", table: "t", sql: table.sql)]))
        let found = StoredSchema([SchemaObject(kind: .table, name: "t", table: "t", sql: old.sql)])
        #expect(
            SchemaComparison(desired: future, found: found).differences().map(\.short) == [
                "table differs t: other words"
            ])
    }

    @Test func whatATableIsAsked() throws {
        let table = try parsed("CREATE TABLE t (id INTEGER PRIMARY KEY, rowid TEXT, oid INT)")
        #expect(table.rowidAlias == SQLName("ID") && table.rowidName == "_rowid_")
        #expect(try parsed("CREATE TABLE t (a PRIMARY KEY) WITHOUT ROWID").rowidName == nil)
        #expect(try parsed("CREATE TABLE t (rowid, _rowid_, oid)").rowidName == nil)
        #expect(table.column(SQLName("OID"))?.affinity == .integer)
        #expect(try stored("CREATE VIEW v AS SELECT 1").table(SQLName("v")) == nil)
    }

    @Test(arguments: [
        ("INT", Affinity.integer), ("BIGINT", .integer), ("POINT", .integer), ("CHARINT", .integer),
        ("VARCHAR(9)", .text),
        ("CLOB", .text), ("Text", .text), ("", .blob), ("BLOB", .blob), ("REAL", .real), ("DOUBLE", .real),
        ("FLOAT", .real),
        ("NUMERIC", .numeric), ("DATETIME", .numeric), ("STRING", .numeric), ("BOOLEAN", .numeric),
    ])
    func affinities(type: String, affinity: Affinity) throws {
        #expect(Affinity(declaredType: type) == affinity)
        // Which SQLite shows by what it makes of a text.
        let connection = try database("CREATE TABLE t (a \(type)); INSERT INTO t VALUES ('1'), (1)")
        let types = try connection.rows("SELECT typeof(a) FROM t").map { $0[0].text ?? "" }
        let expected: [String] =
            switch affinity {
            case .integer, .numeric: ["integer", "integer"]
            case .real: ["real", "real"]
            case .text: ["text", "text"]
            case .blob: ["text", "integer"]
            }
        #expect(types == expected)
    }

    @Test(arguments: [
        ("5", DefaultValue.Form.integer), ("-5", .integer), ("99999999999999999999", .real), ("0x10", .integer),
        ("1.5", .real),
        ("'x'", .text), ("x'00'", .blob), ("word", .text), ("TRUE", .integer), ("CURRENT_TIME", .expression),
        ("(1 + 1)", .expression),
        ("(-(-1))", .expression),
    ])
    func formsOfDefaults(sql: String, form: DefaultValue.Form) {
        let text = SQLText(sql)
        #expect(DefaultValue(text, text.tokens.indices)?.form == form)
    }

    @Test func rowsThatAreNoObjectsArePassedOver() throws {
        let connection = try database("CREATE TABLE t (a UNIQUE, id INTEGER PRIMARY KEY AUTOINCREMENT); ANALYZE")
        let schema = try StoredSchema(reading: connection)
        #expect(schema.objects.map(\.name.text) == ["t"])
        #expect(schema.index(SQLName("x")) == nil && schema.trigger(SQLName("x")) == nil)
    }
}

extension String {
    /// Subqueries are not allowed in CHECK; a list is.
    fileprivate var replacingSelect: String { split(separator: "SELECT ").joined() }
}
