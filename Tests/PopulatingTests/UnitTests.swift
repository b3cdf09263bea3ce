import Datasets
import HealKit
import HealModel
import Testing

@testable import Populating

let documents = """
    CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT, changed INTEGER);
    CREATE TABLE parts (id INTEGER PRIMARY KEY, doc INTEGER NOT NULL, body TEXT);
    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
    INSERT INTO docs SELECT i, 'text ' || i, 1 FROM n;
    """

@Suite("Work on units")
struct UnitTests {
    let unit = WorkUnit(parent: "docs", key: "id", column: "doc", version: "changed")

    func graph(_ population: Population) throws -> [Dataset] {
        [try dataset("docs"), try dataset("parts", after: ["docs"], population)]
    }

    @Test("every unit is done once, and a second run does nothing")
    func once() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource.echo()
        let datasets = try graph(population(unit: unit, batch: 7))
        let first = try await bed.run(datasets, ["parts": source])
        #expect(first["parts"]?.result == .done)
        #expect(first["parts"]?.progress.rows == 20)
        #expect(source.calls.map(\.count) == [7, 7, 6])
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts") == ["20|20"])
        #expect(
            try await bed.rows("SELECT done, failed, rows_written, quarantined, unit_count FROM _selfheal_datasets")
                == ["20|0|20|0|20"])
        let second = try await bed.run(datasets, ["parts": source])
        #expect(second["parts"]?.result == .unneeded)
        #expect(source.calls.count == 3)
    }

    @Test("a unit that yields nothing is done, and not given again")
    func nothing() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            batch.units.filter { $0.key != .integer(3) }.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let datasets = try graph(population(unit: unit))
        _ = try await bed.run(datasets, ["parts": source])
        #expect(try await bed.rows("SELECT unit FROM _selfheal_units WHERE row_count = 0 AND state = 'done'") == ["3"])
        _ = try await bed.run(datasets, ["parts": source])
        #expect(source.calls.count == 1)
    }

    @Test("new units, changed ones and those whose rows are gone are done again, and no others")
    func minimal() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource.echo()
        let datasets = try graph(population(unit: unit))
        _ = try await bed.run(datasets, ["parts": source])
        try await bed.execute(
            """
            INSERT INTO docs VALUES (21, 'new', 1);
            UPDATE docs SET changed = 2 WHERE id = 5;
            DELETE FROM parts WHERE doc = 9;
            """)
        let outcome = try await bed.run(datasets, ["parts": source])["parts"]
        #expect(outcome?.result == .done)
        #expect(source.calls.dropFirst() == [["5", "9", "21"]])
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts") == ["21|21"])
        #expect(
            try await bed.rows("SELECT done, rows_written FROM _selfheal_datasets WHERE dataset = 'parts'") == ["21|21"]
        )
    }

    @Test("an emptied table is filled again, although the ledger says that all is done")
    func emptied() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource.echo()
        var plain = unit
        plain.column = nil
        plain.version = nil
        // Also without a column that says which unit a row is of.
        try await bed.execute("ALTER TABLE parts RENAME COLUMN id TO number")
        let datasets = try graph(population(unit: plain))
        let odd = ScriptedSource { batch, _ throws(SourceFailure) in
            batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        _ = try await bed.run(datasets, ["parts": odd])
        #expect(odd.calls.count == 20, "one unit at a time, since rows cannot say which they are of")
        try await bed.execute("DELETE FROM parts")
        let outcome = try await bed.run(datasets, ["parts": odd])["parts"]
        #expect(outcome?.result == .done)
        #expect(outcome?.tried == ["found the rows of 20 units lost"])
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts") == ["20|20"])
        _ = source
    }

    @Test("units are found in another database, with keys of any type")
    func otherDatabase() async throws {
        let bed = try await Bed([
            "app.db": "CREATE TABLE parts (doc, body TEXT)",
            "docs.db": """
            CREATE TABLE docs (id PRIMARY KEY, body);
            INSERT INTO docs VALUES (1, 'a'), ('1', 'b'), (x'0001', 'c'), (2.5, 'd'), ('', 'e'), (NULL, 'f');
            """,
        ])
        let source = ScriptedSource.echo()
        let datasets = [
            try dataset("docs", in: "docs.db"),
            try dataset(
                "parts", after: ["docs"], population(unit: WorkUnit(parent: "docs", key: "id", column: "doc"))),
        ]
        let outcome = try await bed.run(datasets, ["parts": source])["parts"]
        #expect(outcome?.result == .incomplete)
        #expect(outcome?.failure?.kind == .constraint)
        #expect(outcome?.failure?.message == "1 row of 'docs' has no 'id', so nothing can be made of it")
        #expect(source.calls == [["1", "2.5", "", "1", "x01"]])
        #expect(
            try await bed.rows("SELECT typeof(doc) FROM parts ORDER BY rowid")
                == ["integer", "real", "text", "text", "blob"])
        _ = try await bed.run(datasets, ["parts": source])
        #expect(source.calls.count == 1)
    }

    @Test("rows and ledger come together or not at all")
    func together() async throws {
        let bed = try await Bed(["app.db": documents])
        try await bed.execute(
            """
            CREATE TRIGGER stop BEFORE INSERT ON parts WHEN new.doc = 13 BEGIN SELECT RAISE(ROLLBACK, 'no'); END
            """)
        let source = ScriptedSource.echo()
        let outcome = try await bed.run(
            try graph(population(unit: unit, batch: 20, retry: RetryPolicy(maxAttempts: 1))), ["parts": source])[
                "parts"]
        // The trigger ends the whole transaction: all that was written with the row is written once more, without it.
        #expect(outcome?.result == .done)
        #expect(outcome?.progress.failedUnits == 0)
        #expect(source.calls.count == 1)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc), sum(doc = 13) FROM parts") == ["19|19|0"])
        #expect(
            try await bed.rows("SELECT unit, class, message, content FROM _selfheal_quarantine")
                == ["13|constraint|no|{\"doc\":13,\"body\":\"of 13\"}"])
        #expect(
            try await bed.rows("SELECT count(*), sum(row_count) FROM _selfheal_units WHERE state = 'done'") == ["20|19"]
        )
    }
}
