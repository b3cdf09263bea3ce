import Datasets
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

/// Rows that are gone although nothing else is to be done: who sees that, and who does not.
@Suite("Units whose rows are gone")
struct LostUnitTests {
    private func bed(_ child: String) async throws -> Bed {
        try await Bed([
            "app.db": """
            CREATE TABLE p (k INTEGER PRIMARY KEY); CREATE TABLE c (\(child), n INTEGER, body);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20) INSERT INTO p SELECT i FROM n;
            """
        ])
    }

    private func datasets(_ write: WriteMode = .append, mergeKey: [String] = []) throws -> [Dataset] {
        let own = population(
            unit: WorkUnit(parent: "p", key: "k", column: "pk"), write: write, mergeKey: mergeKey)
        return [try dataset("p"), try dataset("c", after: ["p"], own)]
    }

    /// Two rows for each unit.
    private let source = ScriptedSource { batch, _ throws(SourceFailure) in
        batch.units.flatMap { unit in (1...2).map { SourceRow([Cell("pk", unit.key), Cell("n", .integer($0))]) } }
    }

    /// The state by counts, and the pending units and what would be populated by those who look at each.
    private func look(_ bed: Bed, _ datasets: [Dataset]) async throws -> (state: String?, pending: Int?, plan: [String])
    {
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(datasets, &problems))
        let quick = try await StatusReader(graph, on: bed.machine, StatusOptions()).read()
        let full = try await StatusReader(graph, on: bed.machine, StatusOptions(looksAtUnits: true)).read()
        return (
            quick["c"]?.state.rawValue, full["c"]?.units?.pending,
            PlanMaker(graph, full).plan().datasets.map(\.dataset.name)
        )
    }

    @Test(
        "those who look at units see it, and exactly these are done again",
        arguments: [
            "pk INTEGER", "pk TEXT", "pk REAL", "pk", "pk TEXT COLLATE NOCASE",
        ])
    func whole(_ child: String) async throws {
        let bed = try await bed(child)
        let datasets = try datasets()
        _ = try await bed.run(datasets, ["c": source])
        #expect(try await look(bed, datasets) == ("ready", 0, []))
        try await bed.execute("DELETE FROM c WHERE pk IN (4, 5, 6)")
        #expect(try await look(bed, datasets) == ("ready", 3, ["c"]))
        _ = try await bed.run(datasets, ["c": source])
        #expect(source.calls.last == ["4", "5", "6"])
        #expect(try await bed.rows("SELECT count(*) FROM c") == ["40"])
        #expect(try await look(bed, datasets) == ("ready", 0, []))
    }

    @Test("where some rows of a unit are left, and where others have written as many, nobody sees it")
    func part() async throws {
        let bed = try await bed("pk INTEGER")
        let datasets = try datasets()
        _ = try await bed.run(datasets, ["c": source])
        try await bed.execute("DELETE FROM c WHERE n = 2")
        #expect(try await look(bed, datasets) == ("ready", 0, []))
        #expect(try await bed.run(datasets, ["c": source])["c"]?.result == .unneeded)
        try await bed.execute("INSERT INTO c SELECT k + 100, 2, NULL FROM p; DELETE FROM c WHERE pk = 5")
        try await bed.execute("INSERT INTO c VALUES (200, 1, NULL)")
        #expect(try await look(bed, datasets) == ("ready", 0, []))
    }

    @Test("merged rows are another unit's, unless their key says whose they are")
    func merged() async throws {
        let bed = try await bed("pk INTEGER")
        try await bed.execute("CREATE UNIQUE INDEX one ON c (n); CREATE UNIQUE INDEX both ON c (pk, n)")
        let datasets = try datasets(.merge, mergeKey: ["n"])
        _ = try await bed.run(datasets, ["c": source])
        #expect(try await bed.rows("SELECT count(*) FROM c") == ["2"])
        #expect(try await look(bed, datasets) == ("ready", 0, []))

        let own = try await self.bed("pk INTEGER")
        try await own.execute("CREATE UNIQUE INDEX both ON c (pk, n)")
        let apart = try self.datasets(.merge, mergeKey: ["PK", "n"])
        _ = try await own.run(apart, ["c": source])
        try await own.execute("DELETE FROM c WHERE pk = 7")
        #expect(try await look(own, apart) == ("ready", 1, ["c"]))
    }
}
