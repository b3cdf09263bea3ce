import Datasets
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

/// A dataset that is appended to as a whole and made again: rows that were not written here are never deleted, and none is there twice.
@Suite("Whose rows they are")
struct OwnRowsTests {
    /// Who makes the rows, and in which way.
    enum Maker: String, CaseIterable, CustomTestStringConvertible {
        case select, series, statements, program
        var testDescription: String { rawValue }
    }

    static let tables = """
        CREATE TABLE p (k INTEGER PRIMARY KEY, v TEXT); CREATE TABLE c (pk INTEGER, v TEXT); CREATE TABLE d (x);
        INSERT INTO p VALUES (1, 'a'), (2, 'b'), (3, 'b');
        """

    private func datasets(_ maker: Maker, minimum: Int = 1) throws -> [Dataset] {
        let own =
            switch maker {
            // A timeout below a second keeps it out of a series.
            case .select: population(.sql("SELECT k AS pk, v FROM p"), timeout: .milliseconds(900))
            case .series: population(.sql("SELECT k AS pk, v FROM p"))
            case .statements: population(.sql("INSERT INTO c (pk, v) SELECT k, v FROM p; SELECT 1"))
            case .program: population()
            }
        return [
            try dataset("p"), try dataset("c", after: ["p"], minimum: minimum, own),
            try dataset("d", population(.sql("SELECT 1 AS x"))),
        ]
    }

    /// The parent's rows as they are, from a program.
    private func source(_ bed: Bed) -> ScriptedSource {
        let path = bed.root + "/app.db"
        return ScriptedSource { _, _ throws(SourceFailure) in
            let pairs = (try? Bed.textNow("SELECT group_concat(k || ' ' || v) FROM p", path)) ?? ""
            return pairs.split(separator: ",").map { pair in
                let words = pair.split(separator: " ").map(String.init)
                return SourceRow([Cell("pk", .text(words[0])), Cell("v", .text(words[1]))])
            }
        }
    }

    /// Makes it; what is done then to the tables makes it worth making again.
    private func remake(
        _ maker: Maker, _ sql: String, minimum: Int = 1
    ) async throws -> (bed: Bed, outcome: DatasetOutcome?, calls: Int, there: [String]) {
        let bed = try await Bed(["app.db": Self.tables])
        let datasets = try datasets(maker, minimum: minimum)
        let source = source(bed)
        let first = try await bed.run(datasets, ["c": source])
        #expect(first["c"]?.result == .done)
        #expect(try await bed.rows("SELECT group_concat(pk || v, ' ') FROM c ORDER BY pk") == ["1a 2b 3b"])
        let calls = source.calls.count
        try await bed.execute("UPDATE p SET v = 'z' WHERE k = 3; INSERT INTO p VALUES (4, 'd');" + sql)
        let there = try await bed.rows("SELECT * FROM c ORDER BY rowid")
        let outcomes = try await bed.run(
            datasets, ["c": source], options: PopulationOptions(forced: ["c", "d"]))
        return (bed, outcomes["c"], source.calls.count - calls, there)
    }

    static let foreign = [
        // As many as before, and none of them twice.
        "DELETE FROM c WHERE pk = 2; INSERT INTO c VALUES (99, 'precious');",
        "INSERT INTO c VALUES (99, 'precious');",
        "UPDATE c SET v = 'precious' WHERE pk = 1;",
        "UPDATE c SET pk = CAST(1 AS REAL) + 0.5 WHERE pk = 1;",
        "UPDATE c SET v = CAST(v AS BLOB) WHERE pk = 1;",
        "DELETE FROM c WHERE pk = 2;",
        "INSERT INTO c SELECT * FROM c WHERE pk = 2; DELETE FROM c WHERE pk = 3;",
        "ALTER TABLE c ADD COLUMN note TEXT DEFAULT 'none'; UPDATE c SET note = 'precious' WHERE pk = 2;",
        "ALTER TABLE c RENAME COLUMN v TO w; ALTER TABLE c ADD COLUMN v;",
        // What an earlier version has made.
        "UPDATE _selfheal_datasets SET proof = NULL;",
    ]

    @Test("rows that are not as they were written are neither deleted nor added to", arguments: Maker.allCases, foreign)
    func refused(_ maker: Maker, _ sql: String) async throws {
        let (bed, outcome, calls, there) = try await remake(maker, sql)
        #expect(outcome?.result == .failed)
        #expect(outcome?.failure?.kind == .configuration)
        #expect(outcome?.failure?.message.contains("'write: append'") == true)
        #expect(outcome?.failure?.message.contains("--force") == true)
        #expect(try await bed.rows("SELECT * FROM c ORDER BY rowid") == there)
        #expect(calls == 0, "nothing is asked for what may not be written")
        // What the ledger knows stays, so that the next run says the same.
        #expect(
            try await bed.rows("SELECT state, row_count FROM _selfheal_units WHERE dataset = 'c'") == ["done|3"])
    }

    @Test(
        "rows that are as they were written make place for new ones", arguments: Maker.allCases,
        [
            "", "DELETE FROM c;", "INSERT INTO c VALUES (99, 'gone'); DELETE FROM c WHERE pk = 99;",
            "UPDATE c SET v = 'x'; UPDATE c SET v = (SELECT p.v FROM p WHERE k = pk); UPDATE c SET v = 'b' WHERE pk = 3;",
            "ALTER TABLE c ADD COLUMN note TEXT DEFAULT 'none';", "CREATE INDEX i ON c (v);",
            "DELETE FROM c WHERE pk = 1; INSERT INTO c VALUES (1, 'a');",
        ])
    func remade(_ maker: Maker, _ sql: String) async throws {
        let (bed, outcome, calls, _) = try await remake(maker, sql)
        #expect(outcome?.result == .done, "\(String(describing: outcome))")
        #expect(try await bed.rows("SELECT pk, v FROM c ORDER BY pk") == ["1|a", "2|b", "3|z", "4|d"])
        #expect(calls == (maker == .program ? 1 : 0))
    }

    @Test("a table that others have filled is added to once, and then it is not known whose the rows are")
    func topUp() async throws {
        let bed = try await Bed(["app.db": Self.tables + "INSERT INTO c VALUES (50, 'seed');"])
        let datasets = try datasets(.select, minimum: 3)
        #expect(try await bed.run(datasets)["c"]?.result == .done)
        #expect(try await bed.rows("SELECT count(*) FROM c") == ["4"])
        let again = try await bed.run(datasets, options: PopulationOptions(forced: ["c"]))["c"]
        #expect(again?.failure?.kind == .configuration)
        #expect(try await bed.rows("SELECT count(*) FROM c") == ["4"])
    }

    @Test("what is put in after all when it was set aside is ours, too")
    func replayed() async throws {
        let bed = try await Bed(["app.db": Self.tables])
        try await bed.execute(
            """
            CREATE TABLE limits (x);
            CREATE TRIGGER fits BEFORE INSERT ON c WHEN new.pk = 2 AND NOT EXISTS (SELECT 1 FROM limits)
            BEGIN SELECT RAISE(ABORT, 'no'); END
            """)
        let datasets = try datasets(.select)
        #expect(try await bed.run(datasets)["c"]?.progress.quarantinedRows == 1)
        try await bed.execute("INSERT INTO limits VALUES (1)")
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(datasets, &problems))
        let quarantine = Quarantine(graph, on: bed.machine)
        let item = try #require(try await quarantine.items(of: ["c"]).first)
        #expect(try await quarantine.replay(item) == .written)
        try await bed.execute("INSERT INTO p VALUES (4, 'd')")
        let options = PopulationOptions(forced: ["c"])
        #expect(try await bed.run(datasets, options: options)["c"]?.result == .done)
        #expect(try await bed.rows("SELECT pk, v FROM c ORDER BY pk") == ["1|a", "2|b", "3|b", "4|d"])
    }

    @Test("rows that force has put there are ours")
    func forced() async throws {
        let bed = try await Bed(["app.db": Self.tables + "INSERT INTO c VALUES (50, 'old');"])
        let datasets = try datasets(.select)
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(datasets, &problems))
        let outcomes = await PopulationRun(graph, bed.tools()).replace(["c"])
        #expect(outcomes.first?.result == .done)
        try await bed.execute("INSERT INTO p VALUES (4, 'd')")
        #expect(try await bed.run(datasets, options: PopulationOptions(forced: ["c"]))["c"]?.result == .done)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT pk) FROM c") == ["4|4"])
    }

    @Test("rows that come while a program works are not deleted")
    func meanwhile() async throws {
        let bed = try await Bed(["app.db": Self.tables])
        let datasets = try datasets(.program)
        let path = bed.root + "/app.db"
        let inner = source(bed)
        _ = try await bed.run(datasets, ["c": inner])
        let intruding = ScriptedSource { _, _ throws(SourceFailure) in
            _ = try? Bed.textNow("INSERT INTO c VALUES (99, 'precious') RETURNING pk", path)
            return [SourceRow([Cell("pk", .integer(1)), Cell("v", .text("new"))])]
        }
        let outcome = try await bed.run(
            datasets, ["c": intruding], options: PopulationOptions(forced: ["c"]))["c"]
        #expect(outcome?.failure?.kind == .configuration)
        #expect(try await bed.rows("SELECT count(*) FROM c") == ["4"])
    }
}
