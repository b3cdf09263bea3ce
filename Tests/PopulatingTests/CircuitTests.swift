import Datasets
import HealModel
import LiveMachine
import Synchronization
import Testing

@testable import Populating

@Suite("Sources that fail again and again")
struct CircuitTests {
    let unit = WorkUnit(parent: "docs", key: "id", column: "doc")

    func graph(_ population: Population) throws -> [Dataset] {
        [try dataset("docs"), try dataset("parts", after: ["docs"], population)]
    }

    @Test("a source that fails again and again is waited for, and in the end asked no more, also for other datasets")
    func circuit() async throws {
        let bed = try await Bed(["app.db": documents + "CREATE TABLE more (doc INTEGER, body TEXT);"])
        let source = ScriptedSource { _, _ throws(SourceFailure) in throw SourceFailure(.connection, "gone") }
        let own = population(unit: unit, batch: 1, retry: RetryPolicy(maxAttempts: 2))
        let datasets = try graph(own) + [try dataset("more", after: ["parts", "docs"], own)]
        try await bed.execute("INSERT INTO parts (doc) VALUES (0)")
        let outcomes = try await bed.run(datasets, ["parts": source, "more": source])
        #expect(source.calls.count == Circuits.threshold + Circuits.probes)
        #expect(outcomes["parts"]?.result == .failed)
        #expect(
            outcomes["parts"]?.tried.suffix(2) == [
                "waited for its source and asked again 3 times", "did not try 16 further units",
            ])
        #expect(outcomes["more"]?.tried == ["did not try 20 further units"])
        #expect(outcomes["more"]?.failure?.message == "gone")
        let opened = bed.events.withLock { $0.filter { if case .opens = $0 { true } else { false } } }
        let gone = SourceFailure(.connection, "gone")
        #expect(
            opened
                == [(5, 16), (6, 32), (7, 60), (8, nil)].map { failures, pause in
                    .opens(
                        dataset: "parts", origin: "script", failures: failures, gone,
                        after: pause.map { .seconds($0) })
                })
        #expect(
            try await bed.rows("SELECT dataset, state, count(*) FROM _selfheal_units GROUP BY 1, 2")
                == ["more|pending|20", "parts|failed|4", "parts|pending|16"])
    }

    @Test("a run that waits for no source asks it no more once its circuit is open")
    func circuitWithoutProbes() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { _, _ throws(SourceFailure) in throw SourceFailure(.connection, "gone") }
        let own = population(unit: unit, batch: 1, retry: RetryPolicy(maxAttempts: 2))
        let outcome = try await bed.run(
            try graph(own), ["parts": source], options: PopulationOptions(waitsForSources: false))["parts"]
        #expect(source.calls.count == Circuits.threshold)
        #expect(outcome?.tried.last == "did not try 18 further units")
    }

    @Test("a source that does not let us in is not waited for")
    func circuitOfAuthentication() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { _, _ throws(SourceFailure) in throw SourceFailure(.authentication, "no") }
        _ = try await bed.run(try graph(population(unit: unit, batch: 1)), ["parts": source])
        #expect(source.calls.count == 1)
        #expect(bed.clock.waits == [])
    }

    @Test(
        "what waited for a source that is well again is done; the pauses are those of the policy",
        arguments: [(1, [16]), (17, [16, 32]), (49, [16, 32, 60])])
    func circuitCloses(_ wellAfter: Int, _ pauses: [Int]) async throws {
        let bed = try await Bed(["app.db": documents])
        let clock = bed.clock
        let opened = Mutex<Duration?>(nil)
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            if call == Circuits.threshold { opened.withLock { $0 = clock.now } }
            let since = opened.withLock { $0 }
            guard let since, clock.now >= since + .seconds(wellAfter) else { throw SourceFailure(.connection, "gone") }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let own = population(unit: unit, batch: 1, retry: RetryPolicy(maxAttempts: 9, jitter: .full))
        let outcome = try await bed.run(try graph(own), ["parts": source], random: 0)["parts"]
        #expect(outcome?.result == .done)
        #expect(outcome?.progress.rows == 20)
        #expect(bed.clock.waits.filter { $0 > .zero } == pauses.map { .seconds($0) })
        let asked = "waited for its source and asked again \(pauses.count) \(pauses.count == 1 ? "time" : "times")"
        #expect(outcome?.tried.last == asked)
        let events = bed.events.withLock { $0 }
        #expect(events.contains(.closes(dataset: "parts", origin: "script")))
        #expect(
            events.count { if case .opens = $0 { true } else { false } } == pauses.count)
    }

    @Test("after a success the circuit opens only after as many failures again, and its pauses begin anew")
    func circuitOpensAgain() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            guard call.isMultiple(of: 6) else { throw SourceFailure(.connection, "gone") }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let own = population(unit: unit, batch: 1, retry: RetryPolicy(maxAttempts: 6, maxDelay: .seconds(10)))
        let outcome = try await bed.run(try graph(own), ["parts": source], random: 0)["parts"]
        #expect(outcome?.result == .done)
        #expect(source.calls.count == 120)
        #expect(bed.clock.waits.filter { $0 > .zero } == Array(repeating: .seconds(10), count: 20))
    }

    private final class Passes: Sendable {
        private let passes = Mutex<[Circuits.Pass]>([])
        var all: [Circuits.Pass] { passes.withLock { $0 } }

        /// - Returns: how many there are with it.
        func add(_ pass: Circuits.Pass) -> Int {
            passes.withLock {
                $0.append(pass)
                return $0.count
            }
        }
    }

    /// What becomes of a probe, and what those that waited for it get.
    @Test(
        "one at a time tries a source whose circuit is open, and the others wait for what comes of it",
        arguments: ["succeeds", "fails", "says nothing"])
    func oneProbe(_ end: String) async throws {
        let circuits = Circuits(TestClock(), probes: end == "fails" ? 1 : 3)
        let gone = SourceFailure(.connection, "gone")
        let policy = RetryPolicy()
        for count in 1...Circuits.threshold {
            let opened = await circuits.failed("a", gone, isProbe: false, policy)
            #expect((opened != nil) == (count == Circuits.threshold))
        }
        #expect(await circuits.failed("a", gone, isProbe: false, policy) == nil, "begun before it opened")
        #expect(await circuits.pass("b", unless: { false }) == .free)
        let through = Passes()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    let pass = await circuits.pass("a", unless: { false })
                    let before = through.add(pass)
                    guard pass == .probe else { return }
                    // The others would come through now, if they did not wait.
                    try? await Task.sleep(for: .milliseconds(50))
                    #expect(through.all.count == before)
                    switch end {
                    case "succeeds": #expect(await circuits.succeeded("a"))
                    case "fails": #expect(await circuits.failed("a", gone, isProbe: true, policy)?.pause == nil)
                    default: await circuits.abandon("a")
                    }
                }
            }
        }
        let rest: Circuits.Pass = end == "succeeds" ? .free : end == "fails" ? .refused(gone) : .probe
        #expect(through.all == [.probe] + Array(repeating: rest, count: 7))
    }

    @Test("a probe that is junk, or one bad unit's, shows that the source answers", arguments: [true, false])
    func badProbe(_ isParse: Bool) async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            if call <= Circuits.threshold { throw SourceFailure(.connection, "gone") }
            if call == Circuits.threshold + 1 { throw SourceFailure(isParse ? .parse : .constraint, "bad") }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let own = population(unit: unit, batch: 1, retry: RetryPolicy(maxAttempts: 9, classes: [.connection]))
        let outcome = try await bed.run(try graph(own), ["parts": source], random: 0)["parts"]
        #expect(bed.clock.waits.filter { $0 > .zero } == [.seconds(16)])
        #expect(outcome?.progress.failedUnits == 1)
        #expect(outcome?.progress.rows == 19)
    }

    @Test("a run that is stopped while it waits for a source ends")
    func circuitStopped() async throws {
        let bed = try await Bed(["app.db": documents])
        let (clock, interruption) = (bed.clock, bed.interruption)
        let source = ScriptedSource { _, call throws(SourceFailure) in
            if call > Circuits.threshold {
                interruption.raise()
                throw .stopped
            }
            throw SourceFailure(.connection, "gone \(clock.now)")
        }
        let limits = Concurrency(limit: 4)
        let own = population(unit: unit, batch: 1, retry: RetryPolicy(maxAttempts: 9), concurrency: limits)
        let outcome = try await bed.run(try graph(own), ["parts": source])["parts"]
        #expect(outcome?.result == .interrupted)
    }

    @Test("bad units in a row do not open a circuit")
    func badUnitsInARow() async throws {
        let bed = try await Bed(["app.db": documents])
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            if batch.units.contains(where: { $0.key != .integer(20) }) { throw SourceFailure(.parse, "bad") }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
        let outcome = try await bed.run(
            try graph(population(unit: unit, retry: RetryPolicy(maxAttempts: 1))), ["parts": source])["parts"]
        #expect(outcome?.progress.failedUnits == 19)
        #expect(outcome?.progress.rows == 1)
    }
}
