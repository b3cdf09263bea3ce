import Datasets
import HealKit
import HealModel
import LiveMachine
import Synchronization
import Testing

@testable import Populating

@Suite("Recovery from failures")
struct RecoveryTests {
    let unit = WorkUnit(parent: "docs", key: "id", column: "doc")

    func graph(_ population: Population) throws -> [Dataset] {
        [try dataset("docs"), try dataset("parts", after: ["docs"], population)]
    }

    @Test("waits grow, up to the longest, and of each a random part is waited")
    func backoff() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            if call < 5 { throw SourceFailure(.connection, "not there") }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let retry = RetryPolicy(maxAttempts: 5, delay: .seconds(2), backoff: 3, maxDelay: .seconds(10))
        let outcome = try await bed.run(
            try graph(population(unit: unit, retry: retry)), ["parts": source], random: 0.25)["parts"]
        #expect(outcome?.result == .done)
        #expect(outcome?.tried == ["tried again 4 times after 'connection'"])
        #expect(bed.clock.waits == [.seconds(0.5), .seconds(1.5), .seconds(2.5), .seconds(2.5)])
    }

    @Test(
        "what cannot help is not tried again, and nothing more of that dataset",
        arguments: [FailureClass.authentication, .configuration, .corruption])
    func never(_ kind: FailureClass) async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { _, _ throws(SourceFailure) in throw SourceFailure(kind, "no") }
        let outcome = try await bed.run(
            try graph(population(unit: unit, batch: 5)), ["parts": source])["parts"]
        #expect(outcome?.result == .failed)
        #expect(outcome?.failure == SourceFailure(kind, "no"))
        #expect(source.calls.count == 1)
        #expect(bed.clock.waits == [])
        #expect(try await bed.rows("SELECT DISTINCT state FROM _selfheal_units") == ["pending"])
    }

    @Test("a server's wish to be left alone is kept, and for less is asked at once")
    func retryAfter() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            if call == 1 { throw SourceFailure(.rateLimit, "too many", retryAfter: .seconds(7)) }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let limits = Concurrency(limit: 4)
        let outcome = try await bed.run(
            try graph(population(unit: unit, batch: 20, concurrency: limits)), ["parts": source], random: 0)["parts"]
        #expect(outcome?.result == .done)
        #expect(bed.clock.now == .seconds(7))
        #expect(outcome?.tried == ["tried again 1 time after 'rate_limit'", "went down to 2 at once"])
    }

    @Test("whoever wants to be left alone for longer than a run waits is asked by a later run")
    func retryMuchLater() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { _, _ throws(SourceFailure) in
            throw SourceFailure(.rateLimit, "too many", retryAfter: .seconds(3600))
        }
        let outcome = try await bed.run(try graph(population(unit: unit)), ["parts": source])["parts"]
        #expect(outcome?.result == .failed)
        #expect(bed.clock.waits == [])
        let later = try await bed.rows("SELECT DISTINCT next_attempt - changed_at FROM _selfheal_units")
        #expect(later == ["3600000"])
        let options = PopulationOptions(waitsForNextAttempt: true)
        let calls = source.calls.count
        _ = try await bed.run(try graph(population(unit: unit)), ["parts": source], options: options)
        #expect(source.calls.count == calls, "it is not its time yet")
    }

    @Test(
        "one bad unit is found by halving, set aside or noted, and the others are done",
        arguments: [
            (FailureClass.parse, "quarantined"), (.unknown, "failed"), (.timeout, "failed"), (.resource, "failed"),
        ])
    func poison(_ kind: FailureClass, _ state: String) async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            if batch.units.contains(where: { $0.key == .integer(11) }) { throw SourceFailure(kind, "bad") }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let datasets = try graph(population(unit: unit))
        let outcome = try await bed.run(datasets, ["parts": source])["parts"]
        #expect(outcome?.result == .incomplete)
        #expect(outcome?.progress.failedUnits == 1)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts") == ["19|19"])
        #expect(
            try await bed.rows("SELECT unit, state, class FROM _selfheal_units WHERE state <> 'done'")
                == ["11|\(state)|\(kind.rawValue)"])
        let calls = source.calls.count
        _ = try await bed.run(datasets, ["parts": source])
        #expect(source.calls.dropFirst(calls).allSatisfy { $0 == ["11"] }, "only the bad one is tried again")
        #expect((source.calls.count == calls) == (state == "quarantined"))
    }

    @Test("a parent without rows is populated first, although nobody asked for it")
    func parentFirst() async throws {
        let bed = try await Bed(["app.db": documents])
        try await bed.execute("DELETE FROM docs")
        let datasets = [
            try dataset("docs", population(.sql("SELECT 7 AS id, 'seven' AS body, 1 AS changed"))),
            try dataset("parts", after: ["docs"], population(unit: unit)),
        ]
        let source = ScriptedSource.echo()
        let outcomes = try await bed.run(datasets, ["parts": source], names: ["parts"])
        #expect(outcomes["docs"]?.result == .done)
        #expect(outcomes["parts"]?.result == .done)
        #expect(source.calls == [["7"]])
        #expect(bed.events.withLock { $0.first } == .needs(dataset: "parts", parent: "docs"))
    }

    @Test("a parent that lost its rows meanwhile is populated first, and the dataset is tried again")
    func parentLost() async throws {
        let bed = try await Bed(["app.db": documents])
        let path = bed.root
        let datasets = [
            try dataset("docs", population(.sql("SELECT 7 AS id, 'seven' AS body, 1 AS changed"))),
            try dataset("parts", after: ["docs"], population(unit: unit)),
        ]
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            guard call > 1 else {
                // Behind our back, while the source works.
                do { try Bed.executeNow("DELETE FROM docs", path + "/app.db") } catch {
                    throw SourceFailure(.unknown, "\(error)")
                }
                throw SourceFailure(.dependency, "what it needs is gone")
            }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let outcome = try await bed.run(datasets, ["parts": source], names: ["parts"])["parts"]
        #expect(outcome?.result == .done)
        #expect(outcome?.tried == ["populated 'docs' first"])
        #expect(source.calls.last == ["7"])
    }

    @Test("what depends on something that is not there is not begun, and says why")
    func notStarted() async throws {
        let bed = try await Bed(["app.db": documents])
        try await bed.execute("DELETE FROM docs")
        let source = ScriptedSource.echo()
        let outcomes = try await bed.run(
            try graph(population(unit: unit)), ["parts": source])
        #expect(outcomes["docs"]?.result == .failed)
        #expect(outcomes["docs"]?.failure?.message == "it has too few rows, and nothing populates it")
        #expect(outcomes["parts"]?.result == .notStarted)
        #expect(
            outcomes["parts"]?.failure?.message
                == "'docs' has 0 of the 1 rows that it must have, and nothing populates it")
        #expect(source.calls.isEmpty)
    }

    @Test("a database that somebody else has locked is tried again, with the rows that there are")
    func locked() async throws {
        let bed = try await Bed(["app.db": documents])
        let holder = try Bed.Holder(bed.root + "/app.db")
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            if call == 1 { holder.lock() }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        // Until it was waited for once in vain.
        let other = Task {
            while !bed.events.withLock({ $0.contains { if case .retries = $0 { true } else { false } } }) {
                try await Task.sleep(for: .milliseconds(2))
            }
            holder.unlock()
        }
        defer { other.cancel() }
        let patient = RetryPolicy(maxAttempts: 20)
        let outcome = try await bed.run(try graph(population(unit: unit, retry: patient)), ["parts": source])["parts"]
        #expect(outcome?.result == .done)
        #expect(outcome?.tried.first?.hasSuffix("after 'lock'") == true)
        #expect(source.calls.count == 1)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts") == ["20|20"])
    }

    @Test("messages hold no secrets, neither in outcomes nor in the ledger")
    func redacted() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { _, _ throws(SourceFailure) in throw SourceFailure(.parse, "key s3cr3t") }
        let outcome = try await bed.run(
            try graph(population(unit: unit, retry: RetryPolicy(maxAttempts: 1))), ["parts": source],
            redact: { $0.replacing("s3cr3t", with: "…") })["parts"]
        #expect(outcome?.failure?.message == "key …")
        #expect(try await bed.rows("SELECT DISTINCT message FROM _selfheal_units") == ["key …"])
        #expect(try await bed.rows("SELECT DISTINCT message FROM _selfheal_quarantine") == ["key …"])
    }

    @Test("a run that is asked to stop leaves everything pending that is not done")
    func interrupted() async throws {
        let bed = try await Bed(["app.db": documents])
        let interruption = bed.interruption
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            if call == 3 {
                interruption.raise()
                throw .stopped
            }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let outcomes = try await bed.run(
            try graph(population(unit: unit, batch: 5)) + [try dataset("last", after: ["parts"], population())],
            ["parts": source])
        #expect(outcomes["parts"]?.result == .interrupted)
        #expect(outcomes["parts"]?.progress.rows == 10)
        #expect(outcomes["last"]?.result == .notStarted)
        let again = try await Bed.reopen(bed)
        #expect(try await again.rows("SELECT count(*) FROM parts") == ["10"])
    }
}

@Suite("Datasets beside each other")
struct BesideTests {
    @Test("two children that need the same parent have it populated once")
    func sharedParent() async throws {
        let bed = try await Bed(["app.db": documents + "CREATE TABLE more (doc INTEGER, body TEXT);"])
        let unit = WorkUnit(parent: "docs", key: "id", column: "doc")
        let parent = ScriptedSource(origin: "parent") { _, _ throws(SourceFailure) in
            [SourceRow([Cell("id", .integer(7)), Cell("body", .text("seven"))])]
        }
        let path = bed.root + "/app.db"
        let loss: ScriptedSource.Script = { batch, call throws(SourceFailure) in
            guard call > 1 else {
                do { try Bed.executeNow("DELETE FROM docs", path) } catch { throw SourceFailure(.lock, "\(error)") }
                throw SourceFailure(.dependency, "gone")
            }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let datasets = [
            try dataset("docs", population()), try dataset("parts", after: ["docs"], population(unit: unit)),
            try dataset("more", after: ["docs"], population(unit: unit)),
        ]
        let outcomes = try await bed.run(
            datasets,
            ["docs": parent, "parts": ScriptedSource(origin: "a", loss), "more": ScriptedSource(origin: "b", loss)],
            names: ["parts", "more"], options: PopulationOptions(jobs: 8))
        #expect(try await bed.rows("SELECT id FROM docs") == ["7"])
        #expect(parent.calls.count <= 2)
        #expect(outcomes["docs"] == nil)
    }

    @Test("no more batches at once than jobs, pools and datasets allow")
    func limits() async throws {
        let bed = try await Bed(["app.db": documents + "CREATE TABLE more (doc INTEGER, body TEXT);"])
        let most = Mutex((now: 0, highest: 0, wanted: 0))
        struct Counting: RowSource {
            let origin = "counting"
            let most: @Sendable (Int) -> Void
            let isEnough: @Sendable () -> Bool
            func rows(
                for batch: UnitBatch, to sink: any RowSink, in context: SourceContext
            ) async throws(SourceFailure) {
                most(1)
                // Until there are as many as may be, on a machine that is busy with other things too; and a moment for one too many.
                let end = ContinuousClock.now + .seconds(10)
                while !isEnough(), .now < end { try? await Task.sleep(for: .milliseconds(2)) }
                try? await Task.sleep(for: .milliseconds(5))
                most(-1)
            }
        }
        let source = Counting { change in
            most.withLock { state in
                state.now += change
                state.highest = max(state.highest, state.now)
            }
        } isEnough: {
            most.withLock { $0.highest >= $0.wanted }
        }
        let unit = WorkUnit(parent: "docs", key: "id", column: "doc")
        func datasets(_ pool: String?, _ limit: Int) throws -> [Dataset] {
            let own = population(unit: unit, batch: 1, concurrency: Concurrency(pool: pool, limit: limit))
            return [
                try dataset("docs"), try dataset("parts", after: ["docs"], own),
                try dataset("more", after: ["docs"], own),
            ]
        }
        for (pool, limit, jobs, wanted) in [(nil, 1, 8, 2), ("p", 3, 8, 3), (nil, 4, 2, 2)]
            as [(String?, Int, Int, Int)]
        {
            most.withLock { $0 = (0, 0, wanted) }
            _ = try await bed.run(
                try datasets(pool, limit), ["parts": source, "more": source], options: PopulationOptions(jobs: jobs))
            #expect(most.withLock { $0.highest } == wanted)
            try await bed.execute("DELETE FROM _selfheal_units")
        }
    }
}
