import Datasets
import Foundation
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

@Suite("New tables in the place of old ones")
struct ReplacingTests {
    let unit = WorkUnit(parent: "docs", key: "id", column: "doc")

    func replace(
        _ bed: Bed, _ source: ScriptedSource, checks: [DatasetCheck] = [], minimum: Int = 1,
        badRows: BadRowPolicy = .quarantine
    ) async throws -> DatasetOutcome {
        var own = population(unit: unit, batch: 7)
        own.onBadRow = badRows
        var parts = try dataset("parts", after: ["docs"], minimum: minimum, own)
        parts.checks = checks
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph([try dataset("docs"), parts], &problems))
        let outcomes = await PopulationRun(graph, bed.tools(["parts": source])).replace(["parts"])
        return try #require(outcomes.first)
    }

    func old() async throws -> Bed {
        let bed = try await Bed(["app.db": documents + "CREATE UNIQUE INDEX once ON parts (doc, body);"])
        try await bed.execute("INSERT INTO parts (doc, body) VALUES (99, 'old')")
        return bed
    }

    static let left = "SELECT name FROM sqlite_schema WHERE name LIKE '\\_selfheal\\_new%' ESCAPE '\\'"

    @Test("all rows are new, and the old ones are there until then")
    func replaced() async throws {
        let bed = try await old()
        let root = bed.root
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            // Another process sees the old rows all the time.
            guard (try? Bed.valueNow("SELECT count(*) FROM parts WHERE body = 'old'", root + "/app.db")) == 1 else {
                throw SourceFailure(.authentication, "the old rows are gone")
            }
            return batch.units.map { SourceRow([Cell("doc", $0.key), Cell("body", .text("new"))]) }
        }
        let outcome = try await replace(bed, source)
        #expect(outcome.result == .done, "\(outcome)")
        #expect(outcome.progress.rows == 20)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc), min(body) FROM parts") == ["20|20|new"])
        #expect(try await bed.rows(Self.left) == [])
        #expect(
            try await bed.rows("SELECT dataset, done, rows_written, generation FROM _selfheal_datasets")
                == ["parts|20|20|1"])
        // Nothing is left to do.
        let again = ScriptedSource.echo()
        _ = try await bed.run(
            [try dataset("docs"), try dataset("parts", after: ["docs"], population(unit: unit))], ["parts": again])
        #expect(again.calls.isEmpty)
        #expect(try await replace(bed, source).result == .failed, "the old rows are other ones now")
    }

    @Test(
        "when a trigger stands in the way of the new rows, the old ones stay",
        arguments: ["ABORT", "FAIL", "ROLLBACK", "IGNORE"])
    func refused(_ action: String) async throws {
        let bed = try await old()
        let raise = action == "IGNORE" ? "RAISE(IGNORE)" : "RAISE(\(action), 'not wanted')"
        try await bed.execute(
            """
            CREATE TRIGGER t \(action == "IGNORE" ? "BEFORE" : "AFTER") INSERT ON parts WHEN new.doc = 13
            BEGIN SELECT \(raise); END
            """)
        let outcome = try await replace(bed, .echo())
        #expect(outcome.result == .failed)
        #expect(outcome.failure?.kind == .constraint)
        let words = action == "IGNORE" ? "a trigger of 'parts' left out 1 of the 20 new rows" : "not wanted"
        #expect(outcome.failure?.message.contains(words) == true, "\(outcome)")
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
        #expect(try await bed.rows(Self.left) == [])
    }

    @Test("when a unit fails, a check does not hold or there are too few rows, the old rows stay", arguments: 0...3)
    func kept(_ number: Int) async throws {
        let bed = try await old()
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            if number == 0, batch.units.contains(where: { $0.key == .integer(9) }) {
                throw SourceFailure(.parse, "bad")
            }
            return batch.units.map { SourceRow([Cell("doc", $0.key), Cell("body", .text("new"))]) }
        }
        let checks: [DatasetCheck] =
            switch number {
            case 1: [DatasetCheck(name: "few", rule: .sql("SELECT count(*) < 20 FROM parts"), location: here)]
            case 2: [DatasetCheck(name: "unique body", rule: .unique(["body"]), location: here)]
            default: []
            }
        let outcome = try await replace(bed, source, checks: checks, minimum: number == 3 ? 21 : 1)
        #expect(outcome.result == .incomplete || outcome.result == .failed, "\(outcome)")
        #expect(outcome.tried.last == "kept the rows that were there")
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
        #expect(try await bed.rows(Self.left) == [])
        // Of the one that was set aside.
        #expect(try await bed.rows("SELECT count(*) FROM _selfheal_units") == [number == 0 ? "1" : "0"])
    }

    @Test("SQL that writes to the table itself cannot fill another one, and says so")
    func statements() async throws {
        let bed = try await old()
        let own = try dataset("parts", population(.sql("DELETE FROM parts; INSERT INTO parts (doc) VALUES (1)")))
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph([own], &problems))
        let outcome = await PopulationRun(graph, bed.tools()).replace(["parts"]).first
        #expect(outcome?.failure?.kind == .configuration)
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
    }

    @Test("what a killed run has left of a new table is in nobody's way")
    func leftovers() async throws {
        let bed = try await old()
        try await bed.execute("CREATE TABLE _selfheal_new_parts (x); INSERT INTO _selfheal_new_parts VALUES (1)")
        let outcome = try await replace(bed, .echo())
        #expect(outcome.result == .done, "\(outcome)")
        #expect(try await bed.rows("SELECT count(*) FROM parts") == ["20"])
        #expect(try await bed.rows(Self.left) == [])
    }

    /// As a run leaves it that is killed while the third of its batches is made.
    func killed() async throws -> Bed {
        let bed = try await old()
        let root = bed.root
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            if call == 3 { try? FileManager.default.copyItem(atPath: root + "/app.db", toPath: root + "/saved.db") }
            return batch.units.map { SourceRow([Cell("doc", $0.key), Cell("body", .text("first"))]) }
        }
        #expect(try await replace(bed, source).result == .done)
        try FileManager.default.removeItem(atPath: root + "/app.db")
        try FileManager.default.moveItem(atPath: root + "/saved.db", toPath: root + "/app.db")
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
        #expect(try await bed.rows("SELECT count(*) FROM _selfheal_new_parts") == ["14"])
        return bed
    }

    static func again() -> ScriptedSource {
        ScriptedSource { batch, _ throws(SourceFailure) in
            batch.units.map { SourceRow([Cell("doc", $0.key), Cell("body", .text("second"))]) }
        }
    }

    @Test("what a killed run has made of a new table is gone on with")
    func resumed() async throws {
        let bed = try await killed()
        let source = Self.again()
        let outcome = try await replace(bed, source)
        #expect(outcome.result == .done, "\(outcome)")
        #expect(source.calls == [(15...20).map(String.init)])
        #expect(outcome.tried == ["went on with 14 units that a killed run had made"])
        #expect(outcome.progress.rows == 20)
        #expect(
            try await bed.rows("SELECT body, count(*), count(DISTINCT doc) FROM parts GROUP BY 1 ORDER BY 1")
                == ["first|14|14", "second|6|6"])
        #expect(try await bed.rows(Self.left) == [])
        #expect(
            try await bed.rows("SELECT dataset, done, rows_written FROM _selfheal_datasets") == ["parts|20|20"])
    }

    @Test(
        "where anything is otherwise than for the killed run, all is made anew",
        arguments: [
            "ALTER TABLE parts ADD COLUMN more", "CREATE UNIQUE INDEX other ON parts (body, doc)",
            "DELETE FROM docs WHERE id = 3", "DROP TABLE _selfheal_new_parts",
            "INSERT INTO _selfheal_datasets (dataset, generation) VALUES ('docs', 1)",
            "DELETE FROM _selfheal_datasets WHERE dataset = '.new-parts'", "",
        ])
    func begunAnew(_ change: String) async throws {
        let bed = try await killed()
        if !change.isEmpty { try await bed.execute(change) }
        let source = Self.again()
        let outcome = try await replace(bed, source, badRows: change.isEmpty ? .skip : .quarantine)
        let count = change.contains("docs WHERE") ? 19 : 20
        #expect(outcome.result == .done, "\(outcome)")
        #expect(source.units.count == count)
        #expect(outcome.tried == [])
        #expect(try await bed.rows("SELECT DISTINCT body FROM parts") == ["second"])
        #expect(try await bed.rows("SELECT count(*) FROM parts") == ["\(count)"])
        #expect(try await bed.rows(Self.left) == [])
    }

    @Test("a run that makes no new table takes away what a killed one has left, and finds it by looking")
    func discarded() async throws {
        let bed = try await killed()
        let parts = try dataset("parts", after: ["docs"], population(unit: unit))
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph([try dataset("docs"), parts], &problems))
        let report = try await StatusReader(graph, on: bed.machine).read()
        #expect(report.halfMade == ["parts"])
        let run = PopulationRun(graph, bed.tools())
        #expect(await run.discardHalfMade(["parts", "docs", "nothing"]) == ["parts"])
        #expect(try await bed.rows(Self.left) == [])
        #expect(try await bed.rows("SELECT count(*) FROM _selfheal_units") == ["0"])
        #expect(try await bed.rows("SELECT doc, body FROM parts") == ["99|old"])
        #expect(try await StatusReader(graph, on: bed.machine).read().halfMade == [])
    }
}
