import Datasets
import HealKit
import HealModel
import LiveMachine
import ManifestShape
import Testing

@testable import Populating

@Suite("References to rows that are replaced")
struct ReferenceTests {
    static let tables = """
        CREATE TABLE p (k INTEGER PRIMARY KEY, up INTEGER REFERENCES P (k), v);
        CREATE TABLE app (cid REFERENCES P);
        CREATE TABLE other (cid REFERENCES p, x REFERENCES nowhere (y));
        CREATE TABLE "no key" (v REFERENCES p (v));
        INSERT INTO p VALUES (1, NULL, 'old'), (2, 1, 'old');
        INSERT INTO app VALUES (1), (2), (7), (NULL);
        INSERT INTO other VALUES (1, 1);
        """

    enum Way: CaseIterable { case force, source, query, statements, appended }

    /// Makes `p` again, of rows `k|up`.
    func make(_ bed: Bed, _ rows: [String], _ way: Way) async throws -> DatasetOutcome {
        let cells = rows.map { $0.split(separator: "|").map(String.init) }
        let values = cells.map { "(\($0[0]), \($0[1]), 'new')" }.joined(separator: ", ")
        let kind: PopulationSource =
            switch way {
            case .force, .source, .appended: .plugin("x")
            case .query: .sql("SELECT column1 AS k, column2 AS up, column3 AS v FROM (VALUES \(values))")
            case .statements: .sql("INSERT INTO p VALUES \(values)")
            }
        let source = ScriptedSource { _, _ throws(SourceFailure) in
            cells.map { row in
                SourceRow([
                    Cell("k", .integer(Int64(row[0]) ?? 0)), Cell("up", Int64(row[1]).map { .integer($0) } ?? .null),
                    Cell("v", .text("new")),
                ])
            }
        }
        let own = try dataset(
            "p", population(kind, write: way == .appended ? .append : .replace, retry: RetryPolicy(maxAttempts: 1)))
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph([own], &problems))
        let run = PopulationRun(graph, bed.tools(["p": source]), PopulationOptions(forced: ["p"]))
        return try #require(await (way == .force ? run.replace(["p"]) : run.perform(["p"])).first)
    }

    func bed(_ way: Way) async throws -> Bed {
        let bed = try await Bed(["app.db": Self.tables])
        if way == .appended {
            // Only what it has written itself is replaced.
            try await bed.execute("DELETE FROM p")
            #expect(try await make(bed, ["1|NULL", "2|1"], way).result == .done)
        }
        return bed
    }

    @Test(
        "where more of them would lead to nothing, the old rows stay",
        arguments: Way.allCases,
        [
            (["1|NULL", "3|1"], "1 row of 'app' would refer to rows that are not there"),
            (["3|NULL"], "2 rows of 'app' and 1 row of 'other' would refer to rows that are not there"),
        ])
    func more(_ way: Way, _ new: (rows: [String], words: String)) async throws {
        let bed = try await bed(way)
        let before = try await bed.rows("SELECT * FROM p")
        let outcome = try await make(bed, new.rows, way)
        #expect(outcome.result == .failed, "\(outcome)")
        #expect(outcome.failure?.kind == .constraint && outcome.failure?.message == new.words, "\(outcome)")
        #expect(try await bed.rows("SELECT * FROM p") == before)
        #expect(try await bed.rows(ReplacingTests.left) == [])
        // What is otherwise about them may be done.
        #expect(try await make(bed, ["1|NULL", "2|1", "3|2"], way).result == .done)
        #expect(try await bed.rows("SELECT k, v FROM p") == ["1|new", "2|new", "3|new"])
    }

    @Test("a row that refers to nothing in its own table is not there in the end", arguments: Way.allCases)
    func own(_ way: Way) async throws {
        let bed = try await bed(way)
        let before = try await bed.rows("SELECT * FROM p")
        let outcome = try await make(bed, ["1|NULL", "2|9"], way)
        #expect(outcome.result == .failed && outcome.failure?.kind == .constraint, "\(outcome)")
        let words =
            switch way {
            case .force: "1 row does not fit"
            // Without it, others refer to nothing.
            case .source, .query, .appended: "1 row of 'app' would refer"
            case .statements: "1 row of 'p' would refer to rows that are not there"
            }
        #expect(outcome.failure?.message.hasPrefix(words) == true, "\(outcome)")
        #expect(try await bed.rows("SELECT * FROM p") == before)
    }

    @Test(
        "those that led to nothing before are in nobody's way, and nor is a table without any", arguments: Way.allCases)
    func asMany(_ way: Way) async throws {
        let bed = try await bed(way)
        #expect(try await make(bed, ["1|NULL", "2|NULL"], way).result == .done)
        #expect(try await make(bed, ["1|NULL", "2|NULL", "7|NULL"], way).result == .done)
        try await bed.execute("DROP TABLE app; DROP TABLE other; DROP TABLE \"no key\"")
        #expect(try await make(bed, ["8|NULL"], way).result == .done)
        #expect(try await bed.rows("SELECT k FROM p") == ["8"])
    }

    @Test(
        "references are found by whatever name the table has",
        arguments: ["a\"b", "a'b", "a`b", "a%b", "a_b", "ä b", "[a"])
    func names(_ name: String) async throws {
        let bed = try await Bed()
        let quoted = name.quotedName
        try await bed.make(
            "app.db",
            """
            CREATE TABLE \(quoted) (k INTEGER PRIMARY KEY);
            CREATE TABLE app (cid REFERENCES \(quoted.uppercased().replacing("Ä", with: "ä")));
            INSERT INTO \(quoted) VALUES (1);
            INSERT INTO app VALUES (1);
            """)
        let failure = try await bed.machine.changeDatabase(try ResourcePath("app.db")) {
            connection throws(MachineError) in
            let watch = try ReferenceWatch(name, on: connection)
            try connection.execute("DELETE FROM \(quoted)")
            return try watch?.failure()
        }
        #expect(failure?.message == "1 row of 'app' would refer to rows that are not there")
    }
}
