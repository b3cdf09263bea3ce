import Datasets
import HealKit
import HealModel
import LiveMachine
import Testing

@testable import Populating

@Suite("SQL as a source")
struct SQLSourceTests {
    let unit = WorkUnit(parent: "docs", key: "id", column: "doc", version: "changed")

    @Test(
        "a SELECT's rows are written, and statements write for themselves; :key is the unit's key",
        arguments: [
            "SELECT :key AS doc, 'of ' || :key AS body",
            "-- a comment\nSELECT :key AS doc, 'of ' || :key AS body;\n/* the end */",
            "WITH one AS (SELECT 'of ' || :key AS body) SELECT body FROM one",
            "SELECT 'of ' || :id AS body WHERE :body LIKE 'text%'",
            "INSERT INTO parts (doc, body) VALUES (:key, 'of ' || :key)",
            "CREATE TEMP TABLE t AS SELECT :key AS k; INSERT INTO parts (doc, body) SELECT k, 'of ' || k FROM t; DROP TABLE t",
        ])
    func units(_ sql: String) async throws {
        let bed = try await Bed(["app.db": documents])
        let datasets = [
            try dataset("docs"), try dataset("parts", after: ["docs"], population(.sql(sql), unit: unit, batch: 8)),
        ]
        let outcome = try await bed.run(datasets)["parts"]
        #expect(outcome?.result == .done, "\(String(describing: outcome))")
        #expect(
            try await bed.rows("SELECT count(*), count(DISTINCT doc), sum(body = 'of ' || doc) FROM parts") == [
                "20|20|20"
            ])
        #expect(
            try await bed.rows("SELECT done, rows_written FROM _selfheal_datasets WHERE dataset = 'parts'") == ["20|20"]
        )
        try await bed.execute("UPDATE docs SET changed = 2 WHERE id < 3")
        _ = try await bed.run(datasets)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts") == ["20|20"])
        #expect(try await bed.run(datasets)["parts"]?.result == .unneeded)
    }

    @Test(
        "SQL never leaves the database, the transaction or the tables of the application",
        arguments: [
            "ATTACH 'other.db' AS o", "COMMIT", "ROLLBACK", "BEGIN", "VACUUM INTO 'copy.db'",
            "PRAGMA journal_mode = delete",
            "PRAGMA temp_store_directory = '/tmp'", "SELECT load_extension('x')", "SELECT 1 AS n; ATTACH 'o.db' AS o",
            "INSERT INTO words VALUES (1); COMMIT; INSERT INTO words VALUES (2)",
            "UPDATE sqlite_schema SET sql = ''", "PRAGMA writable_schema = 1",
        ])
    func limited(_ sql: String) async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE words (n)"])
        let outcome = try await bed.run([try dataset("words", population(.sql(sql)))])["words"]
        #expect(outcome?.result != .done, "\(String(describing: outcome))")
        #expect(try await bed.rows("SELECT count(*) FROM words") == ["0"])
        #expect(try bed.machine.names(in: nil).filter { $0.hasSuffix(".db") } == ["app.db"])
    }

    @Test(
        "SQL that is wrong is a fault of the manifest, and is not tried again",
        arguments: ["SELEC 1", "SELECT * FROM nothing", "SELECT :unknown AS n", "", "SELECT ?1 AS n"])
    func wrong(_ sql: String) async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE words (n)"])
        let outcome = try await bed.run([try dataset("words", population(.sql(sql)))])["words"]
        if sql.isEmpty {
            #expect(outcome?.result != .done)
        } else {
            #expect(outcome?.failure?.kind == .configuration)
        }
        #expect(bed.clock.waits.isEmpty)
    }

    @Test("statements that never end are stopped after the time-out, and nothing of them stays")
    func endless() async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE words (n)"])
        let sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS n FROM n WHERE i < 0"
        let own = population(.sql(sql), retry: RetryPolicy(maxAttempts: 1), timeout: .milliseconds(200))
        let outcome = try await bed.run([try dataset("words", own)])["words"]
        #expect(outcome?.failure?.kind == .timeout)
        #expect(try await bed.rows("SELECT count(*) FROM words") == ["0"])
    }

    @Test("of a SELECT, rows that do not fit are set aside, and the others are written")
    func badRows() async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE words (n INTEGER PRIMARY KEY, w TEXT NOT NULL)"])
        let sql = "SELECT column1 AS n, column2 AS w FROM (VALUES (1, 'a'), (2, NULL), (1, 'again'), (3, 'c'))"
        let outcome = try await bed.run([try dataset("words", population(.sql(sql), write: .replace))])["words"]
        #expect(outcome?.result == .done)
        #expect(try await bed.rows("SELECT n, w FROM words") == ["1|a", "3|c"])
        #expect(
            try await bed.rows("SELECT content FROM _selfheal_quarantine ORDER BY id")
                == ["{\"n\":2,\"w\":null}", "{\"n\":1,\"w\":\"again\"}"])
    }

    @Test("a dataset made as a whole is made again when a parent got rows, and only then")
    func generations() async throws {
        let bed = try await Bed(["app.db": documents + "CREATE TABLE counts (n); CREATE TABLE beside (n);"])
        let datasets = [
            try dataset("docs"),
            try dataset(
                "parts", after: ["docs"], population(.sql("SELECT :key AS doc, 'b' AS body"), unit: unit)),
            try dataset(
                "counts", after: ["parts"], population(.sql("SELECT count(*) AS n FROM parts"), write: .replace)),
            try dataset("beside", after: ["docs"], population(.sql("SELECT 1 AS n"), write: .replace)),
        ]
        func done() async throws -> [String] {
            try await bed.run(datasets).values.filter { $0.result == .done }.map(\.dataset).sorted()
        }
        #expect(try await done() == ["beside", "counts", "parts"])
        #expect(try await done() == [])
        try await bed.execute("INSERT INTO docs VALUES (21, 'x', 1)")
        #expect(try await done() == ["counts", "parts"])
        #expect(try await bed.rows("SELECT n FROM counts") == ["21"])
        try await bed.execute("DELETE FROM parts")
        #expect(try await done() == ["counts", "parts"])
        try await bed.execute("DELETE FROM beside")
        #expect(try await done() == ["beside"])
    }

    @Test("rows that were there before anything was populated are taken as they are")
    func foreign() async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE words (n); INSERT INTO words VALUES (1)"])
        let outcome = try await bed.run([try dataset("words", population(.sql("SELECT 2 AS n")))])["words"]
        #expect(outcome?.result == .unneeded)
        #expect(try await bed.rows("SELECT n FROM words") == ["1"])
    }

    @Test("a dataset that stays short is not filled with the same rows again and again")
    func short() async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE words (n)"])
        let datasets = [try dataset("words", minimum: 5, population(.sql("SELECT 1 AS n UNION ALL SELECT 2")))]
        for _ in 1...3 {
            let outcome = try await bed.run(datasets)["words"]
            #expect(outcome?.result == .incomplete || outcome?.result == .failed)
            #expect(outcome?.failure != nil)
            #expect(try await bed.rows("SELECT count(*) <= 2 FROM words") == ["1"])
        }
    }
}
