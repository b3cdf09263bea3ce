import Datasets
import HealKit
import HealModel
import Testing

@testable import Populating

@Suite("SQL that fails on what a unit holds")
struct UnitDataTests {
    static let tables = """
        CREATE TABLE docs (id INTEGER PRIMARY KEY, body);
        CREATE TABLE parts (doc INTEGER, v);
        CREATE VIRTUAL TABLE words USING fts5 (word);
        INSERT INTO docs VALUES (1, '{"v": 7}'), (2, '{"v": 8}'), (3, NULL), (4, '{"v": 9}');
        """

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// What the third unit holds; for the others the statement is right.
        var body: String
        var sql: String
        var before = ""
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "malformed JSON", body: "'{'", sql: "SELECT :key AS doc, json_extract(:body, '$.v') AS v"),
        Case(
            name: "malformed JSON in a statement", body: "'{'",
            sql: "INSERT INTO parts SELECT :key, 0; INSERT INTO parts SELECT :key, json_extract(:body, '$.v')"),
        Case(name: "integer overflow", body: "-9223372036854775807 - 1", sql: "SELECT :key AS doc, abs(:body) AS v"),
        Case(name: "a blob that is too big", body: "1000000001", sql: "SELECT :key AS doc, zeroblob(:body) AS v"),
        Case(
            name: "another type", body: "'many'",
            sql:
                "INSERT INTO numbers VALUES (NULL); UPDATE numbers SET n = :body; INSERT INTO parts VALUES (:key, 1); DELETE FROM numbers",
            before: "CREATE TABLE numbers (n INTEGER PRIMARY KEY); UPDATE docs SET body = 5 WHERE id <> 3"),
        Case(
            name: "a search that is none", body: "'\"'",
            sql: "SELECT :key AS doc, count(*) AS v FROM words WHERE words MATCH coalesce(nullif(:body, ''), 'x')",
            before: "UPDATE docs SET body = 'word'"),
        Case(
            name: "a trigger that refuses", body: "'x'", sql: "INSERT INTO parts VALUES (:key, :body)",
            before: """
                CREATE TRIGGER t BEFORE INSERT ON parts WHEN new.v = 'x' BEGIN SELECT RAISE(ABORT, 'no'); END
                """),
        Case(
            name: "a trigger that fails", body: "'x'", sql: "SELECT :key AS doc, :body AS v",
            before: "CREATE TRIGGER t BEFORE INSERT ON parts BEGIN SELECT json_extract(new.v, '$.v'); END"),
    ]

    func make(_ one: Case) async throws -> Bed {
        let bed = try await Bed(["app.db": Self.tables])
        if !one.before.isEmpty { try await bed.execute(one.before) }
        try await bed.execute("UPDATE docs SET body = \(one.body) WHERE id = 3")
        return bed
    }

    @Test("that unit or its row is set aside, and the others are done", arguments: cases, [1, 3, 100])
    func unit(_ one: Case, _ batch: Int) async throws {
        let bed = try await make(one)
        let own = population(.sql(one.sql), unit: WorkUnit(parent: "docs", key: "id", column: "doc"), batch: batch)
        let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], own)]
        let outcome = try #require(try await bed.run(datasets)["parts"])
        #expect(try await bed.rows("SELECT DISTINCT doc FROM parts ORDER BY 1") == ["1", "2", "4"], "\(outcome)")
        #expect(try await bed.rows("SELECT unit, class FROM _selfheal_quarantine") == ["3|constraint"], "\(outcome)")
        #expect(bed.clock.waits.isEmpty)
        #expect(try await bed.run(datasets)["parts"]?.result == .unneeded)
    }

    @Test("made as a whole, the dataset fails with what SQLite says, and what was there stays")
    func whole() async throws {
        let bed = try await make(Self.cases[0])
        try await bed.execute("INSERT INTO parts VALUES (0, 'old')")
        let own = population(.sql("SELECT id AS doc, json_extract(body, '$.v') AS v FROM docs"), write: .replace)
        let outcome = try await bed.run(
            [try dataset("docs"), try dataset("parts", after: ["docs"], minimum: 2, own)])["parts"]
        #expect(outcome?.result == .failed)
        #expect(outcome?.failure == failure("app.db: malformed JSON"))
        #expect(try await bed.rows("SELECT v FROM parts") == ["old"])
    }

    private func failure(_ message: String) -> SourceFailure {
        var failure = SourceFailure(.constraint, message)
        failure.isOfWriting = true
        return failure
    }

    @Test(
        "what cannot be compiled is a fault of the manifest, whatever the units hold",
        arguments: ["SELECT nothing FROM docs", "INSERT INTO parts VALUES (:key, 1); INSERT INTO nothing VALUES (1)"])
    func configuration(_ sql: String) async throws {
        let bed = try await Bed(["app.db": Self.tables])
        let own = population(.sql(sql), unit: WorkUnit(parent: "docs", key: "id", column: "doc"))
        let outcome = try await bed.run([try dataset("docs"), try dataset("parts", after: ["docs"], own)])["parts"]
        #expect(outcome?.failure?.kind == .configuration)
        #expect(try await bed.rows("SELECT count(*) FROM parts") == ["0"])
    }
}
