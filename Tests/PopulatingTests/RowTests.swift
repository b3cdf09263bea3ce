import Datasets
import HealKit
import HealModel
import Testing

@testable import Populating

@Suite("Rows that are written")
struct RowTests {
    let unit = WorkUnit(parent: "docs", key: "id", column: "doc")

    /// Runs one batch of the units 1 and 2 that gives these rows.
    func write(
        _ rows: [String], into table: String, _ population: Population? = nil, before: String = ""
    ) async throws -> (bed: Bed, outcome: DatasetOutcome) {
        let bed = try await Bed([
            "app.db": """
            CREATE TABLE docs (id INTEGER PRIMARY KEY); INSERT INTO docs VALUES (1), (2); \(table); \(before)
            """
        ])
        let source = ScriptedSource { _, _ throws(SourceFailure) in
            rows.compactMap { text in (try? JSONReader.read(text)).flatMap { SourceRow($0) } }
        }
        let own = population ?? PopulatingTests.population(unit: unit)
        let outcomes = try await bed.run(
            [try dataset("docs"), try dataset("parts", after: ["docs"], own)], ["parts": source], names: ["parts"])
        return (bed, try #require(outcomes["parts"]))
    }

    @Test(
        "values are stored as the table's columns want them",
        arguments: [
            ("x INTEGER", "\"12\"", "integer|12"), ("x INTEGER", "1.0", "integer|1"),
            ("x INTEGER", "true", "integer|1"),
            ("x TEXT", "12", "text|12"), ("x", "12", "integer|12"), ("x", "\"12\"", "text|12"),
            ("x", "[1, {\"a\": null}]", "text|[1,{\"a\":null}]"), ("x", "{\"b\": 2.5}", "text|{\"b\":2.5}"),
            ("x", "null", "null|NULL"), ("x", "\"a\\u0000b\"", "text|a\u{0}b"), ("x", "\"\"", "text|"),
            ("x", "9223372036854775807", "integer|9223372036854775807"), ("x REAL", "3", "real|3.0"),
            ("\"odd \"\" na'me\"", "1", "integer|1"),
        ])
    func values(_ column: String, _ json: String, _ expected: String) async throws {
        let name = column.hasPrefix("\"odd") ? "odd \\\" na'me" : "x"
        let quoted = column.hasPrefix("\"odd") ? "\"odd \"\" na'me\"" : "x"
        let (bed, outcome) = try await write(
            ["{\"doc\": 1, \"\(name)\": \(json)}"], into: "CREATE TABLE parts (doc, \(column))")
        #expect(outcome.progress.rows == 1)
        #expect(try await bed.rows("SELECT typeof(\(quoted)), \(quoted) FROM parts") == [expected])
    }

    @Test(
        "a row that does not fit is set aside, left out, or fails its unit",
        arguments: [
            (
                BadRowPolicy.quarantine, ["1|a", "2|c"], "done|1|done|1",
                "1|constraint|NOT NULL constraint failed: parts.body"
            ),
            (.skip, ["1|a", "2|c"], "done|1|done|1", ""),
            (.fail, ["2|c"], "failed|0|done|1", ""),
        ])
    func policies(_ policy: BadRowPolicy, _ rows: [String], _ states: String, _ aside: String) async throws {
        let (bed, outcome) = try await write(
            ["{\"doc\": 1, \"body\": \"a\"}", "{\"doc\": 1, \"body\": null}", "{\"doc\": 2, \"body\": \"c\"}"],
            into: "CREATE TABLE parts (doc, body TEXT NOT NULL)", population(unit: unit, onBadRow: policy))
        #expect(try await bed.rows("SELECT doc, body FROM parts ORDER BY 1, 2") == rows)
        let ledger = try await bed.rows("SELECT state, row_count FROM _selfheal_units ORDER BY unit")
        #expect(ledger.joined(separator: "|") == states)
        let set = try await bed.rows("SELECT unit, class, message FROM _selfheal_quarantine")
        #expect(set.joined() == aside)
        #expect(outcome.result == (policy == .fail ? .incomplete : .done))
        #expect(outcome.progress.quarantinedRows == (policy == .quarantine ? 1 : 0))
    }

    @Test("rows of one unit need not name it; those of several must, and units are asked alone until they do")
    func unnamed() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            batch.units.map { SourceRow([Cell("body", .text("of \($0.key.shown)"))]) }
        }
        let outcome = try await bed.run(
            [try dataset("docs"), try dataset("parts", after: ["docs"], population(unit: unit, batch: 20))],
            ["parts": source])["parts"]
        #expect(outcome?.result == .done)
        #expect(try await bed.rows("SELECT count(*) FROM parts WHERE body = 'of ' || doc") == ["20"])
    }

    @Test("a number that a program wrote as a text names its unit all the same, and is stored as the unit's key")
    func loosely() async throws {
        let (bed, _) = try await write(["{\"doc\": \"2\"}", "{\"DOC\": 1}"], into: "CREATE TABLE parts (doc, body)")
        #expect(try await bed.rows("SELECT typeof(doc), doc FROM parts ORDER BY doc") == ["integer|1", "integer|2"])
        #expect(try await bed.rows("SELECT sum(row_count) FROM _selfheal_units") == ["2"])
    }

    @Test("columns are told apart as SQLite does it: letters beyond ASCII have no other case")
    func columnNames() async throws {
        let (bed, outcome) = try await write(
            ["{\"doc\": 1, \"Ä\": 1, \"ä\": 2, \"N\": 3}", "{\"Doc\": 2, \"ä\": 4, \"É\": 5}"],
            into: "CREATE TABLE parts (doc, Ä, ä, n)")
        #expect(outcome.progress.quarantinedRows == 1)
        #expect(try await bed.rows("SELECT doc, Ä, ä, n FROM parts") == ["1|1|2|3"])
        #expect(
            try await bed.rows("SELECT message FROM _selfheal_quarantine") == ["the table 'parts' has no column 'É'"])
        var cells = [Cell("Ä", .integer(1)), Cell("Ab", .integer(2))]
        cells.set("ä", .integer(3))
        cells.set("aB", .integer(4))
        #expect(cells == [Cell("Ä", .integer(1)), Cell("Ab", .integer(4)), Cell("ä", .integer(3))])
        #expect(Unit(key: .null, row: cells)["ä"] == .integer(3))
        #expect(Unit(key: .null, row: cells)["AB"] == .integer(4))
    }

    @Test("a unit's column may have a name that differs from another's only beyond ASCII")
    func unitColumnName() async throws {
        var own = unit
        own.column = "ä"
        let (bed, _) = try await write(
            ["{\"Ä\": 2, \"ä\": 1}"], into: "CREATE TABLE parts (Ä, ä)", population(unit: own))
        #expect(try await bed.rows("SELECT Ä, ä FROM parts") == ["2|1"])
        #expect(try await bed.rows("SELECT sum(row_count) FROM _selfheal_units WHERE unit = 1") == ["1"])
    }

    @Test("merged rows change those with the same key, by the primary key or the columns named")
    func merge() async throws {
        let own = population(unit: unit, write: .merge, mergeKey: ["name"])
        let (bed, _) = try await write(
            ["{\"doc\": 1, \"name\": \"a\", \"n\": 2}", "{\"doc\": 2, \"name\": \"b\", \"n\": 3}"],
            into: "CREATE TABLE parts (id INTEGER PRIMARY KEY, doc, name UNIQUE, n, kept)", own,
            before: "INSERT INTO parts VALUES (7, 0, 'a', 1, 'k')")
        #expect(try await bed.rows("SELECT * FROM parts ORDER BY name") == ["7|1|a|2|k", "8|2|b|3|NULL"])
        let (other, outcome) = try await write(
            ["{\"doc\": 1}"], into: "CREATE TABLE parts (doc, n)", population(unit: unit, write: .merge))
        #expect(outcome.failure?.kind == .configuration)
        #expect(try await other.rows("SELECT count(*) FROM parts") == ["0"])
    }

    @Test(
        "a row without the key that rows are merged by is no merge: it is refused, however often its unit is done",
        arguments: [
            "k TEXT PRIMARY KEY", "k INT PRIMARY KEY", "k TEXT, doc2, PRIMARY KEY (k, doc2)",
            "k TEXT UNIQUE", "k INTEGER PRIMARY KEY DESC",
        ], [false, true])
    func keylessMerge(_ columns: String, _ isSQL: Bool) async throws {
        let parts =
            columns.contains(", PRIMARY")
            ? "CREATE TABLE parts (doc, n, \(columns))" : "CREATE TABLE parts (\(columns), doc, n)"
        let versioned = WorkUnit(parent: "docs", key: "id", column: "doc", version: "v")
        for given in ["", "NULL AS k, "] {
            let bed = try await Bed([
                "app.db":
                    "CREATE TABLE docs (id INTEGER PRIMARY KEY, v); INSERT INTO docs VALUES (1, 1), (2, 1); \(parts);"
            ])
            let source = ScriptedSource { batch, _ throws(SourceFailure) in
                batch.units.map {
                    SourceRow(
                        (given.isEmpty ? [] : [Cell("k", .null)]) + [Cell("doc", $0.key), Cell("n", .integer(5))])
                }
            }
            let key = columns.contains("UNIQUE") ? ["k"] : []
            let own =
                isSQL
                ? population(.sql("SELECT \(given):key AS doc, 5 AS n"), unit: versioned, write: .merge, mergeKey: key)
                : population(unit: versioned, write: .merge, mergeKey: key)
            let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], own)]
            for version in 2...3 {
                _ = try await bed.run(datasets, isSQL ? [:] : ["parts": source])
                #expect(try await bed.rows("SELECT count(*) FROM parts") == ["0"])
                let aside = try await bed.rows("SELECT DISTINCT class, message FROM _selfheal_quarantine")
                #expect(aside == ["constraint|the row has no 'k', by which rows are merged"])
                #expect(try await bed.rows("SELECT count(*) FROM _selfheal_quarantine") == ["2"])
                try await bed.execute("UPDATE docs SET v = \(version)")
            }
        }
    }

    @Test("the number of a row is made where the table makes it")
    func rowidMerge() async throws {
        let own = population(unit: unit, write: .merge)
        let (bed, outcome) = try await write(
            ["{\"doc\": 1}", "{\"doc\": 2, \"id\": null}", "{\"doc\": 2, \"id\": 7}"],
            into: "CREATE TABLE parts (id INTEGER PRIMARY KEY, doc)", own)
        #expect(outcome.result == .done)
        #expect(try await bed.rows("SELECT id, doc FROM parts") == ["1|1", "2|2", "7|2"])
    }

    @Test("replaced rows of a unit go, those of others stay")
    func replaceUnit() async throws {
        let (bed, outcome) = try await write(
            ["{\"doc\": 1, \"n\": 5}"], into: "CREATE TABLE parts (doc, n)", population(unit: unit, write: .replace),
            before: "INSERT INTO parts VALUES (1, 1), (1, 2), (2, 1), (3, 1)")
        #expect(outcome.result == .done)
        #expect(try await bed.rows("SELECT doc, n FROM parts ORDER BY 1, 2") == ["1|5", "3|1"])
    }

    @Test("an empty answer does not replace everything")
    func replaceNothing() async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE words (word); INSERT INTO words VALUES ('kept')"])
        let own = try dataset("words", minimum: 2, population(write: .replace))
        let source = ScriptedSource { _, call throws(SourceFailure) in
            call == 1 ? [] : [SourceRow([Cell("word", .text("x"))])]
        }
        let outcome = try await bed.run([own], ["words": source])["words"]
        #expect(outcome?.result == .failed)
        #expect(outcome?.failure?.kind == .parse)
        #expect(source.calls.count == 3)
        #expect(try await bed.rows("SELECT word FROM words") == ["kept"])
    }

    @Test(
        "what no row could be written to is said before any source is asked",
        arguments: [
            ("CREATE TABLE other (x)", FailureClass.dependency, "the table 'parts' does not exist; auto-heal makes it"),
            ("CREATE VIEW parts AS SELECT 1 AS doc", .configuration, "'parts' is a view: nothing can be written to it"),
            (
                "CREATE TABLE parts (x)", .configuration,
                "the table 'parts' has no column 'doc', which 'unit' names as its column"
            ),
        ])
    func impossible(_ table: String, _ kind: FailureClass, _ message: String) async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE docs (id); INSERT INTO docs VALUES (1); \(table)"])
        let source = ScriptedSource.echo()
        let outcome = try await bed.run(
            [try dataset("docs"), try dataset("parts", after: ["docs"], population(unit: unit))], ["parts": source],
            names: ["parts"])["parts"]
        #expect(outcome?.result == .failed)
        #expect(outcome?.failure == SourceFailure(kind, message))
        #expect(source.calls.isEmpty)
    }

    @Test(
        "a parent without the key column, or without the version column, is a fault of the manifest",
        arguments: ["key", "version"])
    func parentWithoutKey(_ what: String) async throws {
        var wrong = unit
        if what == "key" { wrong.key = "nothing" } else { wrong.version = "nothing" }
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource.echo()
        let outcome = try await bed.run(
            [try dataset("docs"), try dataset("parts", after: ["docs"], population(unit: wrong))], ["parts": source])[
                "parts"]
        #expect(outcome?.failure?.kind == .configuration)
        #expect(
            outcome?.failure?.message
                == "the table 'docs' has no column 'nothing', which 'unit' names as its \(what)")
        #expect(source.calls.isEmpty)
    }

    @Test("rows that are too many for memory go through a file, in their order")
    func spool() async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE big (n, body)"])
        let source = ScriptedSource { _, _ throws(SourceFailure) in
            (1...3000).map {
                SourceRow([
                    Cell("n", .integer($0)),
                    Cell(
                        "body",
                        $0 % 500 == 0
                            ? .blob(Array(repeating: 7, count: 3 << 20)) : .text(String(repeating: "é", count: 400))),
                ])
            }
        }
        let outcome = try await bed.run([try dataset("big", population())], ["big": source])["big"]
        #expect(outcome?.result == .done)
        #expect(
            try await bed.rows("SELECT count(*), sum(n = rowid), sum(length(body)) FROM big")
                == ["3000|3000|\(2994 * 400 + 6 * (3 << 20))"])
    }
}
