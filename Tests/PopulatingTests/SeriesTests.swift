import Datasets
import HealKit
import HealModel
import LiveMachine
import ManifestShape
import Synchronization
import Testing

@testable import Populating

@Suite("Series of small datasets")
struct SeriesTests {
    /// t0 … with their tables, each after one or two others, as tables of ten with a root each.
    private func chain(_ count: Int, changing odd: [Int: Population] = [:]) throws -> [Dataset] {
        try (0..<count).map { number in
            let parents = number % 10 == 0 ? [] : Set([number - 1, number / 10 * 10]).sorted().map { "t\($0)" }
            let own = odd[number] ?? population(.sql("SELECT \(number) AS x"), retry: RetryPolicy(maxAttempts: 1))
            return try dataset("t\(number)", after: parents, own)
        }
    }

    private func tables(_ count: Int) -> String {
        (0..<count).map { "CREATE TABLE t\($0) (x INTEGER NOT NULL)" }.joined(separator: ";")
    }

    private static let state = [
        "SELECT dataset, unit, state, row_count, attempts, class FROM _selfheal_units ORDER BY 1, 2",
        "SELECT dataset, generation, parents, done, failed, rows_written, quarantined, unit_count FROM _selfheal_datasets ORDER BY 1",
        "SELECT dataset, unit, class, content FROM _selfheal_quarantine ORDER BY 1, 2, 4",
    ]

    private func state(_ bed: Bed, _ count: Int) async throws -> [String] {
        let rows = (0..<count).map { "SELECT 't\($0)' AS name, x FROM t\($0)" }.joined(separator: " UNION ALL ")
        var all = try await bed.rows(rows + " ORDER BY 1, 2")
        for query in Self.state { all += try await bed.rows(query) }
        return all
    }

    @Test("parents and children are made in one transaction, and looked at in the same", arguments: [2, 30, 400])
    func together(_ count: Int) async throws {
        let bed = try await Bed(["app.db": tables(count)])
        let machine = FaultyMachine(bed.machine)
        let outcomes = try await bed.run(try chain(count), machine: machine)
        #expect(outcomes.values.filter { $0.result == .done && $0.progress.rows == 1 }.count == count)
        #expect(machine.calls(.change) == 1)
        #expect(machine.calls(.read) == 0)
        #expect(
            try await bed.rows("SELECT sum(done), sum(rows_written), min(generation) FROM _selfheal_datasets") == [
                "\(count)|\(count)|1"
            ])
        let events = bed.events.withLock { $0 }
        #expect(events.filter { if case .ends = $0 { true } else { false } }.count == count)

        let again = try await bed.run(try chain(count), machine: machine)
        #expect(again.values.allSatisfy { $0.result == .unneeded })
        try await bed.execute("UPDATE _selfheal_datasets SET generation = 2 WHERE dataset = 't0'")
        let stale = try await bed.run(try chain(count)).values.filter { $0.result == .done }.map(\.dataset)
        #expect(Set(stale) == Set((1..<min(count, 10)).map { "t\($0)" }))
    }

    /// What one of ten may be instead of a SELECT that goes well, and what its table may be.
    enum Odd: String, CaseIterable, CustomTestStringConvertible {
        case wrongSQL, noTable, view, badRow, twice, tooFew, statements, rollback, fail, otherColumn, merge, readsItself

        var testDescription: String { rawValue }

        var sql: String {
            switch self {
            case .wrongSQL: "SELECT * FROM nothing"
            case .badRow: "SELECT NULL AS x UNION ALL SELECT 5"
            case .twice: "SELECT 5 AS x, 6 AS x"
            case .tooFew: "SELECT 5 AS x WHERE false"
            case .statements: "INSERT INTO t5 SELECT 5; CREATE TEMP TABLE t7 AS SELECT 77 AS x"
            case .otherColumn: "SELECT 5 AS y"
            case .readsItself: "SELECT 5 + (SELECT count(*) FROM t5) AS x FROM t4"
            case .noTable, .view, .rollback, .fail, .merge: "SELECT 5 AS x"
            }
        }

        var schema: String {
            switch self {
            case .noTable: "DROP TABLE t5"
            case .view: "DROP TABLE t5; CREATE VIEW t5 AS SELECT 1 AS x WHERE false"
            case .rollback: "CREATE TRIGGER r AFTER INSERT ON t5 BEGIN SELECT RAISE(ROLLBACK, 'no'); END"
            case .fail: "CREATE TRIGGER r AFTER INSERT ON t5 BEGIN SELECT RAISE(FAIL, 'no'); END"
            case .merge: "DROP TABLE t5; CREATE TABLE t5 (x INTEGER PRIMARY KEY); INSERT INTO t5 VALUES (5)"
            default: ""
            }
        }

        var population: Population {
            PopulatingTests.population(
                .sql(sql), write: self == .merge ? .merge : .append, retry: RetryPolicy(maxAttempts: 1))
        }
    }

    @Test("whatever one of them does, all is as if each had been made by itself", arguments: Odd.allCases)
    func odd(_ odd: Odd) async throws {
        let count = 10
        var seen: [[String]] = []
        for isTogether in [true, false] {
            let bed = try await Bed(["app.db": tables(count)])
            if !odd.schema.isEmpty { try await bed.execute(odd.schema) }
            let datasets = try chain(count, changing: [5: odd.population])
            var results: [String] = []
            func note(_ outcome: DatasetOutcome) {
                let failure = outcome.failure.map { "\($0.kind): \($0.message)" } ?? ""
                results.append(
                    "\(outcome.dataset) \(outcome.result) \(outcome.progress.rows) \(failure) \(outcome.tried)")
            }
            if isTogether {
                for outcome in try await bed.run(datasets).values.sorted(by: { $0.dataset < $1.dataset }) {
                    note(outcome)
                }
            } else {
                var failed: Set<String> = []
                for dataset in datasets {
                    // Whoever asks for a child asks for its parents once more.
                    guard failed.isDisjoint(with: dataset.parents) else {
                        failed.insert(dataset.name)
                        continue
                    }
                    for outcome in try await bed.run(datasets, names: [dataset.name]).values {
                        note(outcome)
                        if !outcome.isGood { failed.insert(outcome.dataset) }
                    }
                }
            }
            if odd == .noTable { try await bed.execute("CREATE TABLE t5 (x)") }
            seen.append(
                results.filter { !$0.contains(" unneeded ") && !$0.contains("notStarted") }
                    + (try await state(bed, count)))
        }
        #expect(seen[0] == seen[1])
        #expect(!seen[0].isEmpty)
    }

    @Test("one that takes long is done alone, with the time that is its own; the others do not wait for it")
    func long() async throws {
        let bed = try await Bed(["app.db": tables(20)])
        let endless =
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i AS x FROM n WHERE i < 0"
        let own = population(.sql(endless), retry: RetryPolicy(maxAttempts: 1), timeout: .milliseconds(1500))
        let outcomes = try await bed.run(try chain(20, changing: [15: own]))
        #expect(outcomes["t15"]?.failure?.kind == .timeout)
        #expect(
            outcomes.values.filter { $0.result == .done }.map(\.dataset).sorted() == (0..<15).map { "t\($0)" }.sorted())
        #expect(outcomes["t19"]?.result == .notStarted)
    }

    @Test(
        "when the transaction fails, each is done by itself",
        arguments: [
            MachineError.database(subject: "app.db", .busy(waited: .seconds(30))),
            .database(subject: "app.db", .diskFull),
            .database(subject: "app.db", .io("disk I/O error")), .timedOut(subject: "app.db", after: .seconds(1)),
        ])
    func transactionFails(_ error: MachineError) async throws {
        let bed = try await Bed(["app.db": tables(10)])
        let machine = FaultyMachine(bed.machine)
        machine.fail(.change, 1...1, error)
        let outcomes = try await bed.run(try chain(10), machine: machine)
        #expect(outcomes.values.filter { $0.result == .done }.count == 10)
        #expect(machine.calls(.change) == 11)
        #expect(try await bed.rows("SELECT count(*) FROM _selfheal_units WHERE state = 'done'") == ["10"])
    }

    @Test("a series ends after a while, so that what is done is kept and others get their turn")
    func pauses() async throws {
        let bed = try await Bed(["app.db": tables(30)])
        let machine = FaultyMachine(bed.machine)
        var tools = bed.tools(machine: machine)
        tools.clock = TickingClock(SQLSeries.pause / 10)
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(try chain(30), &problems))
        let outcomes = await PopulationRun(graph, tools).perform(Set(graph.names))
        #expect(outcomes.filter { $0.result == .done }.count == 30)
        #expect((3...15).contains(machine.calls(.change)))
    }

    @Test("a run that is stopped begins nothing more, and keeps what is on the disk", arguments: [0, 7])
    func stopped(_ number: Int) async throws {
        let bed = try await Bed(["app.db": tables(30)])
        var tools = bed.tools()
        let asked = Mutex(0)
        // In the middle of the series: it is asked once before each.
        tools.isStopped = {
            asked.withLock {
                $0 += 1
                return $0 > number
            }
        }
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(try chain(30), &problems))
        let outcomes = await PopulationRun(graph, tools).perform(Set(graph.names))
        #expect(outcomes.count == 30)
        #expect(!outcomes.contains { $0.result == .failed })
        let begun = outcomes.filter { $0.result != .notStarted }
        #expect(number == 0 ? begun.isEmpty : (1..<number).contains(begun.count))
        var rows = 0
        for table in 0..<30 { rows += Int(try await bed.rows("SELECT count(*) FROM t\(table)")[0]) ?? 0 }
        #expect(rows == begun.count)
    }

    @Test("programs and other databases between them keep the order")
    func mixed() async throws {
        let bed = try await Bed([
            "app.db": tables(4), "b.db": "CREATE TABLE u0 (doc INTEGER, body TEXT); CREATE TABLE u1 (n)",
        ])
        let one = RetryPolicy(maxAttempts: 1)
        let datasets = [
            try dataset("t0", population(.sql("SELECT 7 AS x"), retry: one)),
            try dataset("t1", after: ["t0"], population(.sql("SELECT x + 1 AS x FROM t0"), retry: one)),
            try dataset(
                "u0", after: ["t1"], in: "b.db", population(unit: WorkUnit(parent: "t1", key: "x", column: "doc"))),
            try dataset("u1", after: ["u0"], in: "b.db", population(.sql("SELECT doc * 2 AS n FROM u0"), retry: one)),
            try dataset("t2", after: ["u1"], population(.sql("SELECT x * 10 AS x FROM t1"), retry: one)),
            try dataset("t3", after: ["t2"], population(.sql("SELECT x + 1 AS x FROM t2"), retry: one)),
        ]
        let outcomes = try await bed.run(datasets, ["u0": ScriptedSource.echo()])
        #expect(outcomes.values.allSatisfy { $0.result == .done })
        #expect(try await bed.rows("SELECT n FROM u1", in: "b.db") == ["16"])
        #expect(try await bed.rows("SELECT x FROM t3") == ["81"])
    }

    @Test("empty ancestors are looked for in one look, and made before what was asked for")
    func ancestors() async throws {
        let bed = try await Bed(["app.db": tables(10)])
        let machine = FaultyMachine(bed.machine)
        let outcomes = try await bed.run(try chain(10), names: ["t9"], machine: machine)
        #expect(outcomes.values.filter { $0.result == .done }.count == 10)
        #expect(machine.calls(.read) == 1)
        #expect(machine.calls(.change) == 1)
    }

    @Test("rows that are there already, and are ours, go before new ones", arguments: [WriteMode.append, .replace])
    func forced(_ write: WriteMode) async throws {
        let bed = try await Bed(["app.db": tables(3)])
        let datasets = try (0..<3).map { number in
            // Reads the very table that it is written to.
            try dataset(
                "t\(number)", population(.sql("SELECT coalesce(max(x), 0) + 1 AS x FROM t\(number)"), write: write))
        }
        for round in 1...3 {
            let options = PopulationOptions(forced: ["t0", "t1", "t2"])
            let outcomes = try await bed.run(datasets, options: options)
            #expect(outcomes.values.allSatisfy { $0.result == .done })
            #expect(try await bed.rows("SELECT x FROM t0 UNION ALL SELECT x FROM t2") == ["\(round)", "\(round)"])
        }
    }
}

/// Goes on whenever it is looked at.
private final class TickingClock: PopulationClock {
    private let step: Duration
    private let state = Mutex(Duration.zero)

    init(_ step: Duration) { self.step = step }

    var now: Duration {
        state.withLock {
            $0 += step
            return $0
        }
    }

    func sleep(for duration: Duration, unless isStopped: @Sendable () -> Bool) async { await Task.yield() }
}
