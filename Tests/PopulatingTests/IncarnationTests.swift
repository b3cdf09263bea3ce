import Datasets
import Foundation
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

/// Generations are counted in the database that the rows are in: lost with it, they begin anew.
@Suite("Parents that were lost and made again")
struct IncarnationTests {
    static let tables = ["a.db": "CREATE TABLE p (x)", "b.db": "CREATE TABLE c (x)"]

    func datasets(_ write: WriteMode = .append, value: Int = 1, together: Bool = false) throws -> [Dataset] {
        [
            try dataset("p", in: "a.db", population(.sql("SELECT \(value) AS x"), write: .replace)),
            try dataset(
                "c", after: ["p"], in: together ? "a.db" : "b.db", population(write: write)),
        ]
    }

    func report(_ bed: Bed, _ datasets: [Dataset]) async throws -> ReadinessReport {
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(datasets, &problems))
        return try await StatusReader(graph, on: bed.machine, StatusOptions()).read()
    }

    func source(_ value: Int) -> ScriptedSource {
        ScriptedSource { _, _ throws(SourceFailure) in [SourceRow([Cell("x", .integer(Int64(value)))])] }
    }

    func lose(_ name: String, of bed: Bed) throws {
        for end in ["", "-wal", "-shm"] { try? FileManager.default.removeItem(atPath: "\(bed.root)/\(name)\(end)") }
    }

    @Test("the child is made again, although the parent's generation is the same", arguments: [1, 3])
    func lost(_ rounds: Int) async throws {
        let bed = try await Bed(Self.tables)
        let before = try datasets()
        _ = try await bed.run(before, ["c": source(1)])
        #expect(try await report(bed, before)["c"]?.state == .ready)
        try lose("a.db", of: bed)
        try await bed.make("a.db", "CREATE TABLE p (x)")
        let after = try datasets(value: 2)
        for _ in 0..<rounds {
            _ = try await bed.run(after, names: ["p"], options: PopulationOptions(forced: ["p"]))
        }
        #expect(
            try await bed.rows("SELECT generation FROM _selfheal_datasets WHERE dataset = 'p'", in: "a.db")
                == ["\(rounds)"])
        let status = try #require(try await report(bed, after)["c"])
        #expect(status.state == .stale)
        #expect(status.reason == "'p' got new rows since it was made")
        let new = source(2)
        #expect(try await bed.run(after, ["c": new], names: ["c"])["c"]?.result == .done)
        #expect(try await bed.rows("SELECT x FROM c", in: "b.db") == ["2"])
        #expect(try await report(bed, after)["c"]?.state == .ready)
        #expect(try await bed.run(after, ["c": new])["c"]?.result == .unneeded)
        #expect(new.calls.count == 1)
    }

    /// As versions before this one made it.
    static func oldLedger(_ datasets: String, units: String = "") -> String {
        """
        CREATE TABLE _selfheal_datasets (
          dataset TEXT PRIMARY KEY, generation INTEGER NOT NULL DEFAULT 0, parents TEXT NOT NULL DEFAULT '{}',
          populated_at INTEGER, done INTEGER NOT NULL DEFAULT 0, failed INTEGER NOT NULL DEFAULT 0,
          rows_written INTEGER NOT NULL DEFAULT 0, quarantined INTEGER NOT NULL DEFAULT 0,
          unit_microseconds INTEGER NOT NULL DEFAULT 0, unit_count INTEGER NOT NULL DEFAULT 0
        ) WITHOUT ROWID;
        CREATE TABLE _selfheal_units (
          dataset TEXT NOT NULL, unit ANY NOT NULL,
          state TEXT NOT NULL CHECK (state IN ('pending', 'running', 'done', 'failed', 'quarantined')),
          row_count INTEGER NOT NULL DEFAULT 0, attempts INTEGER NOT NULL DEFAULT 0, class TEXT, message TEXT,
          next_attempt INTEGER, version ANY, changed_at INTEGER NOT NULL, PRIMARY KEY (dataset, unit)
        ) STRICT, WITHOUT ROWID;
        CREATE TABLE _selfheal_quarantine (
          id INTEGER PRIMARY KEY, dataset TEXT NOT NULL, unit ANY NOT NULL, class TEXT NOT NULL, message TEXT NOT NULL,
          content TEXT NOT NULL, created_at INTEGER NOT NULL
        ) STRICT;
        CREATE INDEX _selfheal_quarantine_unit ON _selfheal_quarantine (dataset, unit);
        INSERT INTO _selfheal_datasets (dataset, generation, parents, populated_at, done, rows_written) VALUES \(datasets);
        INSERT INTO _selfheal_units (dataset, unit, state, row_count, changed_at)
        SELECT dataset, '', 'done', 1, 1 FROM _selfheal_datasets;
        """
    }

    private static let p = "('p', 4, '{}', 1, 1, 1)"
    private static let c = "('c', 2, '{\"p\":4}', 1, 1, 1)"
    private static let columns = "SELECT count(*) FROM pragma_table_info('_selfheal_datasets')"

    @Test("a ledger of an earlier version is read as it is, and completed by whoever writes", arguments: [true, false])
    func oldLedger(_ together: Bool) async throws {
        let p = "CREATE TABLE p (x); INSERT INTO p VALUES (1);"
        let c = "CREATE TABLE c (x); INSERT INTO c VALUES (1);"
        let bed = try await Bed(
            together
                ? ["a.db": p + c + Self.oldLedger(Self.p + "," + Self.c)]
                : ["a.db": p + Self.oldLedger(Self.p), "b.db": c + Self.oldLedger(Self.c)])
        let datasets = try datasets(.replace, together: together)
        let source = source(1)
        #expect(try await report(bed, datasets).readiness == 1)
        let outcomes = try await bed.run(datasets, ["c": source])
        #expect(outcomes.values.allSatisfy { $0.result == .unneeded })
        #expect(try await bed.rows(Self.columns, in: "a.db") == ["10"], "nothing was written")

        // Writing completes it, and makes nothing else stale.
        _ = try await bed.run(datasets, ["c": source], names: ["c"], options: PopulationOptions(forced: ["c"]))
        #expect(source.calls.count == 1)
        #expect(try await bed.rows(Self.columns, in: together ? "a.db" : "b.db") == ["13"])
        #expect(try await report(bed, datasets).readiness == 1)
        #expect(try await bed.run(datasets, ["c": source]).values.allSatisfy { $0.result == .unneeded })

        // From here on it is as it always was.
        _ = try await bed.run(datasets, names: ["p"], options: PopulationOptions(forced: ["p"]))
        #expect(try await report(bed, datasets)["c"]?.state == .stale)
        #expect(try await bed.run(datasets, ["c": source])["c"]?.result == .done)
        #expect(try await report(bed, datasets).readiness == 1)
    }

    @Test("a parent that was lost with a ledger of an earlier version is noticed, too")
    func oldLedgerLost() async throws {
        let bed = try await Bed([
            "a.db": "CREATE TABLE p (x)",
            "b.db": "CREATE TABLE c (x); INSERT INTO c VALUES (1);" + Self.oldLedger(Self.c),
        ])
        let datasets = try datasets(.replace)
        for _ in 0..<4 { _ = try await bed.run(datasets, names: ["p"], options: PopulationOptions(forced: ["p"])) }
        #expect(try await bed.rows("SELECT generation FROM _selfheal_datasets", in: "a.db") == ["4"])
        #expect(try await report(bed, datasets)["c"]?.state == .stale)
    }
}
