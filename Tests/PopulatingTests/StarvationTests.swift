import Datasets
import HealKit
import HealModel
import Testing

@testable import Populating

@Suite("Units that fail by themselves, and the others")
struct StarvationTests {
    static let unit = WorkUnit(parent: "docs", key: "id", column: "doc")
    static let tables = """
        CREATE TABLE docs (id INTEGER PRIMARY KEY, changed INTEGER DEFAULT 1);
        CREATE TABLE parts (doc INTEGER NOT NULL, body TEXT);
        WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 200)
        INSERT INTO docs (id) SELECT i FROM n;
        """

    /// Which of 200 units are bad, and what the runs make of that.
    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var bad: ClosedRange<Int>
        var kind = FailureClass.unknown
        var batch = 10
        var concurrency = 1
        /// Rows after each run.
        var rows: [Int]
        /// How often the program is started in each run, at most.
        var starts: [Int]
        var testDescription: String { name }
    }

    static let cases = [
        // Two in the way of all others: what a review found.
        Case(name: "two", bad: 5...6, rows: [198, 198, 198], starts: [40, 10, 10]),
        Case(name: "two, one at a time", bad: 50...51, batch: 1, rows: [198, 198, 198], starts: [205, 6, 6]),
        Case(name: "the first ones", bad: 1...30, rows: [0, 170, 170], starts: [80, 160, 140]),
        Case(
            name: "the first ones, several at once", bad: 1...30, concurrency: 4, rows: [0, 170, 170],
            starts: [160, 160, 140]),
        Case(name: "in the middle", bad: 100...130, rows: [169, 169, 169], starts: [170, 140, 140]),
        Case(name: "the last ones", bad: 170...200, rows: [169, 169, 169], starts: [170, 140, 140]),
        Case(name: "all", bad: 1...200, rows: [0, 0, 0], starts: [80, 80, 80]),
        Case(name: "all, in large batches", bad: 1...200, batch: 100, rows: [0, 0, 0], starts: [90, 90, 90]),
        Case(name: "all, no memory", bad: 1...200, kind: .resource, rows: [0, 0, 0], starts: [80, 80, 80]),
        Case(name: "all, junk", bad: 1...200, kind: .parse, rows: [0, 0, 0], starts: [80, 80, 80]),
        Case(name: "two that are junk", bad: 5...6, kind: .parse, rows: [198, 198, 198], starts: [40, 0, 0]),
    ]

    @Test(
        "they come last, and each run gets somewhere; a program that fails for all is not asked for all",
        arguments: cases)
    func starvation(_ one: Case) async throws {
        let bed = try await Bed(["app.db": Self.tables])
        let bad = one.bad
        let kind = one.kind
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            let isBad = batch.units.contains { unit in unit.key.integer.map { bad.contains(Int($0)) } ?? true }
            if isBad { throw SourceFailure(kind, "cannot read this document") }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let own = population(
            unit: Self.unit, batch: one.batch, concurrency: Concurrency(limit: one.concurrency))
        let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], own)]
        var rows: [Int] = []
        for limit in one.starts {
            let before = source.calls.count
            _ = try await bed.run(datasets, ["parts": source])
            #expect(source.calls.count - before <= limit)
            let count = try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts")
            rows.append(try #require(Int(count[0].split(separator: "|")[0])))
            #expect(count == ["\(rows.last ?? 0)|\(rows.last ?? 0)"])
        }
        // Of several at once, one may be done before the others have failed.
        if one.concurrency == 1 { #expect(rows == one.rows) }
        #expect(rows.dropFirst() == one.rows.dropFirst())
    }

    @Test("when a program fails for unit after unit, it is said, and what was not tried stays pending and comes first")
    func givenUp() async throws {
        let bed = try await Bed(["app.db": Self.tables])
        let source = ScriptedSource { _, _ throws(SourceFailure) in throw SourceFailure(.unknown, "no") }
        let own = population(unit: Self.unit, batch: 1, retry: RetryPolicy(maxAttempts: 2))
        let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], own)]
        let outcome = try await bed.run(datasets, ["parts": source])["parts"]
        #expect(outcome?.result == .failed)
        #expect(outcome?.failure == SourceFailure(.unknown, "no"))
        #expect(outcome?.progress.failedUnits == 20)
        #expect(
            outcome?.tried == [
                "20 units in a row failed, so that nothing more of it was tried in this run",
                "tried again 20 times after 'unknown'", "did not try 180 further units",
            ])
        #expect(source.calls.count == 40)
        #expect(
            try await bed.rows(
                "SELECT state, class, attempts, count(*), min(unit), max(unit) FROM _selfheal_units GROUP BY 1, 2, 3")
                == ["failed|unknown|2|20|1|20", "pending|NULL|0|180|21|200"])
        _ = try await bed.run(datasets, ["parts": source])
        #expect(source.calls.dropFirst(40).first == ["21"])
        // Mended: those that never were tried, and then the others.
        let good = ScriptedSource.echo()
        #expect(try await bed.run(datasets, ["parts": good])["parts"]?.result == .done)
        let order = Array(41...200) + Array(1...40)
        #expect(good.calls.map { $0[0] } == order.map { "\($0)" })
        #expect(
            try await bed.rows("SELECT count(DISTINCT unit), min(state), max(state) FROM _selfheal_units") == [
                "200|done|done"
            ])
    }

    @Test("units that failed come by the moment that they are due at, and those of another version as if they were new")
    func order() async throws {
        let bed = try await Bed(["app.db": Self.tables])
        try await bed.execute("DELETE FROM docs WHERE id > 6")
        var unit = Self.unit
        unit.version = "changed"
        let source = ScriptedSource { _, _ throws(SourceFailure) in throw SourceFailure(.unknown, "no") }
        let own = population(unit: unit, batch: 1, retry: RetryPolicy(maxAttempts: 1))
        let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], own)]
        _ = try await bed.run(datasets, ["parts": source])
        try await bed.execute(
            """
            UPDATE _selfheal_units SET next_attempt = 7 - unit; DELETE FROM docs WHERE id = 4;
            UPDATE docs SET changed = 2 WHERE id = 2; INSERT INTO docs VALUES (7, 1)
            """)
        _ = try await bed.run(datasets, ["parts": source])
        #expect(source.calls.dropFirst(6).map { $0[0] } == ["2", "7", "6", "5", "3", "1"])
        // Each once a run, however soon it is due again.
        let calls = source.calls.count
        try await bed.execute("UPDATE _selfheal_units SET next_attempt = 0, changed_at = changed_at + 1000000")
        _ = try await bed.run(datasets, ["parts": source])
        #expect(source.calls.dropFirst(calls).map { $0[0] } == ["1", "2", "3", "5", "6", "7"])
    }

    @Test(
        "only failures that speak of the source open its circuit",
        arguments: FailureClass.allCases.filter { !$0.isNeverRetried && $0 != .dependency })
    func circuits(_ kind: FailureClass) async throws {
        let bed = try await Bed(["app.db": Self.tables])
        let source = ScriptedSource { _, _ throws(SourceFailure) in throw SourceFailure(kind, "no") }
        let own = population(unit: Self.unit, batch: 1, retry: RetryPolicy(maxAttempts: 1))
        _ = try await bed.run(
            [try dataset("docs"), try dataset("parts", after: ["docs"], own)], ["parts": source])
        #expect(bed.hasOpenedCircuit == [.connection, .rateLimit, .timeout].contains(kind))
    }
}
