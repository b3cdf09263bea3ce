import Datasets
import Foundation
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

@Suite("Rows that are lost by new tables")
struct ReplacingLossTests {
    let unit = WorkUnit(parent: "docs", key: "id", column: "doc")

    func graph(
        _ way: PopulationSource = .plugin("x"), unit: WorkUnit?, checks: [DatasetCheck] = [], minimum: Int = 1,
        _ policy: BadRowPolicy = .quarantine
    ) throws -> DatasetGraph {
        var parts = try dataset(
            "parts", after: ["docs"], minimum: minimum,
            population(way, unit: unit, batch: 7, retry: RetryPolicy(maxAttempts: 1), onBadRow: policy))
        parts.checks = checks
        var problems = ManifestProblems()
        return try #require(DatasetGraph([try dataset("docs"), parts], &problems))
    }

    func replace(
        _ bed: Bed, _ graph: DatasetGraph, _ source: ScriptedSource? = nil,
        _ options: PopulationOptions = PopulationOptions()
    ) async throws -> DatasetOutcome {
        let tools = bed.tools(source.map { ["parts": $0] } ?? [:])
        return try #require(await PopulationRun(graph, tools, options).replace(["parts"]).first)
    }

    func bed(_ rows: [String] = ["99|old"]) async throws -> Bed {
        let bed = try await Bed(["app.db": documents + "CREATE UNIQUE INDEX once ON parts (doc, body);"])
        for row in rows {
            let cells = row.split(separator: "|")
            try await bed.execute("INSERT INTO parts (doc, body) VALUES (\(cells[0]), '\(cells[1])')")
        }
        return bed
    }

    /// A row for each unit, and for units 3, 4 and 5 the same row once more, which does not fit.
    static func doubles(_ body: String = "new") -> ScriptedSource {
        ScriptedSource { batch, _ throws(SourceFailure) in
            let keys = batch.isWhole ? (1...20).map { SQLValue.integer($0) } : batch.units.map(\.key)
            return keys.flatMap { key in
                let row = SourceRow([Cell("doc", key), Cell("body", .text(body))])
                return [SQLValue.integer(3), .integer(4), .integer(5)].contains(key) ? [row, row] : [row]
            }
        }
    }

    @Test(
        "where rows do not fit, the old ones stay, and what was set aside can be looked at", arguments: [true, false])
    func misfits(_ isWhole: Bool) async throws {
        let bed = try await bed()
        let graph = try graph(unit: isWhole ? nil : unit)
        let outcome = try await replace(bed, graph, Self.doubles())
        #expect(outcome.result == .failed, "\(outcome)")
        #expect(outcome.failure?.kind == .constraint)
        #expect(
            outcome.failure?.message.hasPrefix("3 rows do not fit: UNIQUE constraint failed: ") == true, "\(outcome)")
        #expect(outcome.tried.last == "kept the rows that were there")
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
        #expect(try await bed.rows(ReplacingTests.left) == [])

        let quarantine = Quarantine(graph, on: bed.machine)
        let items = try await quarantine.items(of: ["parts"])
        #expect(items.map(\.content) == (3...5).map { "{\"doc\":\($0),\"body\":\"new\"}" })
        #expect(items.allSatisfy { $0.isOfNewTable && !$0.isUnit && $0.message.contains("UNIQUE constraint failed") })
        let item = try #require(items.first)
        await #expect(throws: SourceFailure.self) { try await quarantine.replay(item) }
        #expect(try await quarantine.items(of: ["parts"]) == items)
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
        try await quarantine.discard(item)
        #expect(try await quarantine.items(of: ["parts"]) == Array(items.dropFirst()))
        // No run has to go on with anything.
        #expect(try await StatusReader(graph, on: bed.machine).read().halfMade == [])

        let good = ScriptedSource { batch, _ throws(SourceFailure) in
            let keys = batch.isWhole ? [.integer(1)] : batch.units.map(\.key)
            return keys.map { SourceRow([Cell("doc", $0), Cell("body", .text("good"))]) }
        }
        #expect(try await replace(bed, graph, good).result == .done)
        #expect(try await quarantine.items(of: ["parts"]) == [])
    }

    @Test(
        "where the user wants rows left out, or there were none, the others take the place", arguments: [true, false])
    func wanted(_ isWhole: Bool) async throws {
        let own = isWhole ? nil : unit
        let bed = try await bed()
        #expect(try await replace(bed, graph(unit: own, minimum: 21, .skip), Self.doubles()).result == .failed)
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
        #expect(try await replace(bed, graph(unit: own, minimum: 20, .skip), Self.doubles()).result == .done)
        #expect(try await bed.rows("SELECT count(*), min(body) FROM parts") == ["20|new"])

        let empty = try await self.bed([])
        let graph = try graph(unit: own)
        #expect(try await replace(empty, graph, Self.doubles()).result == .done)
        #expect(try await empty.rows("SELECT count(*), min(body) FROM parts") == ["20|new"])
        let items = try await Quarantine(graph, on: empty.machine).items(of: ["parts"])
        #expect(items.count == 3 && items.allSatisfy { !$0.isOfNewTable })
    }

    @Test(
        "a unit that fails leaves the old rows; where there were none, the new ones are kept", arguments: [true, false])
    func failing(_ isParse: Bool) async throws {
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            if batch.units.contains(where: { $0.key == .integer(9) }) {
                throw SourceFailure(isParse ? .parse : .unknown, "bad")
            }
            return batch.units.map { SourceRow([Cell("doc", $0.key), Cell("body", .text("new"))]) }
        }
        let graph = try graph(unit: unit)
        let bed = try await bed()
        let kept = try await replace(bed, graph, source)
        #expect(kept.result == .incomplete && kept.tried.last == "kept the rows that were there", "\(kept)")
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
        let quarantine = Quarantine(graph, on: bed.machine)
        let items = try await quarantine.items(of: ["parts"])
        #expect(items.map { "\($0.isUnit) \($0.isOfNewTable) \($0.message)" } == (isParse ? ["true true bad"] : []))
        if let item = items.first {
            try await quarantine.discard(item)
            #expect(try await quarantine.items(of: ["parts"]) == [])
        }
        #expect(try await bed.rows("SELECT count(*) FROM _selfheal_units") == ["0"])
        #expect(try await bed.rows("SELECT count(*) FROM _selfheal_datasets WHERE dataset LIKE '.%'") == ["0"])

        let empty = try await self.bed([])
        let taken = try await replace(empty, graph, source)
        #expect(taken.result == .incomplete && taken.failure?.message == "bad", "\(taken)")
        #expect(try await empty.rows("SELECT count(*), min(body) FROM parts") == ["19|new"])
        #expect(
            try await empty.rows("SELECT dataset, unit, state FROM _selfheal_units WHERE state <> 'done'")
                == ["parts|9|\(isParse ? "quarantined" : "failed")"])
        #expect(try await empty.rows(ReplacingTests.left) == [])
    }

    @Test("what a killed run has set aside counts for the one that goes on", arguments: [true, false])
    func resumed(_ isUnit: Bool) async throws {
        let bed = try await bed()
        let graph = try graph(unit: unit)
        let root = bed.root
        // As it is when the run is killed in its third batch.
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            if batch.units.contains(where: { $0.key == .integer(15) }) {
                _ = try? Bed.textNow("VACUUM INTO '\(root)/saved.db'", root + "/app.db")
            }
            if isUnit, batch.units.contains(where: { $0.key == .integer(4) }) { throw SourceFailure(.parse, "bad") }
            let rows = batch.units.map { SourceRow([Cell("doc", $0.key), Cell("body", .text("new"))]) }
            return isUnit ? rows : rows + rows.prefix(1)
        }
        _ = try await replace(bed, graph, source)
        try Self.restore(bed)
        let again = ScriptedSource.echo()
        let outcome = try await replace(bed, graph, again)
        #expect(again.units.count == 6 && outcome.result == .failed, "\(outcome)")
        #expect(
            outcome.failure?.message.hasPrefix(isUnit ? "1 unit is set aside: bad" : "2 rows do not fit: UNIQUE")
                == true,
            "\(outcome)")
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
    }

    static let endless = "WITH RECURSIVE r(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM r) SELECT count(*) FROM r"

    @Test("a check that does not end, fails or writes leaves the old rows", .timeLimit(.minutes(1)), arguments: 0...3)
    func checks(_ number: Int) async throws {
        let (sql, words) = [
            (Self.endless, "the check 'all well' took longer than 0.2 s"),
            ("SELECT 1 FROM nowhere", "the check 'all well': no such table: nowhere"),
            ("DELETE FROM docs WHERE id = 1 RETURNING 1", "the check 'all well' would write"),
            ("SELECT 0", "the check 'all well' does not hold of the new rows"),
        ][number]
        let bed = try await bed()
        let check = DatasetCheck(name: "all well", rule: .sql(sql), location: here)
        let graph = try graph(unit: unit, checks: [check])
        let options = PopulationOptions(checkTimeLimit: .milliseconds(200))
        let outcome = try await replace(bed, graph, .echo(), options)
        #expect(outcome.result == .failed, "\(outcome)")
        #expect(outcome.failure?.message == words)
        #expect(outcome.tried.last == "kept the rows that were there")
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
        #expect(try await bed.rows("SELECT count(*) FROM docs") == ["20"])
        #expect(try await bed.rows(ReplacingTests.left) == [])
        // Nobody is kept waiting afterwards.
        try await bed.execute("INSERT INTO parts (doc, body) VALUES (98, 'more')")
    }

    static func restore(_ bed: Bed) throws {
        for suffix in ["", "-wal", "-shm"] {
            try? FileManager.default.removeItem(atPath: bed.root + "/app.db" + suffix)
        }
        try FileManager.default.moveItem(atPath: bed.root + "/saved.db", toPath: bed.root + "/app.db")
    }
}
