import Datasets
import HealModel
import Synchronization
import Testing

@testable import Populating

@Suite("Units that failed, until their time has come")
struct NextAttemptTests {
    private let unit = WorkUnit(parent: "docs", key: "id", column: "doc")
    private let waits = PopulationOptions(waitsForNextAttempt: true)

    private func bed() async throws -> Bed {
        try await Bed([
            "app.db": """
            CREATE TABLE docs (id INTEGER PRIMARY KEY); INSERT INTO docs VALUES (1), (2), (3);
            CREATE TABLE parts (doc, body);
            """
        ])
    }

    private func datasets(_ retry: RetryPolicy) throws -> [Dataset] {
        [try dataset("docs"), try dataset("parts", after: ["docs"], population(unit: unit, batch: 1, retry: retry))]
    }

    /// Fails for 2 and 3 while it is told to.
    private func source(_ fails: @escaping @Sendable () -> Bool, retryAfter: Duration? = nil) -> ScriptedSource {
        ScriptedSource { batch, _ throws(SourceFailure) in
            if fails(), batch.units.contains(where: { $0.key != .integer(1) }) {
                throw SourceFailure(.rateLimit, "too many", retryAfter: retryAfter)
            }
            return batch.units.map { SourceRow([Cell("doc", $0.key)]) }
        }
    }

    @Test(
        "a run that nobody asked for leaves them alone, says so, and does the others; one that was asked for tries them"
    )
    func waiting() async throws {
        let bed = try await bed()
        let datasets = try datasets(RetryPolicy(maxAttempts: 1, delay: .seconds(50)))
        let isFailing = Mutex(true)
        let source = source { isFailing.withLock { $0 } }
        let first = try #require(try await bed.run(datasets, ["parts": source], options: waits)["parts"])
        #expect(first.failure?.message == "too many")
        #expect(!first.tried.contains { $0.contains("wait") }, "they failed just now: \(first)")
        isFailing.withLock { $0 = false }
        try await bed.execute("INSERT INTO docs VALUES (4)")
        try await Task.sleep(for: .milliseconds(5))

        let second = try #require(try await bed.run(datasets, ["parts": source], options: waits)["parts"])
        #expect(source.units == ["1", "2", "3", "4"])
        #expect(second.result == .incomplete)
        let until = try await bed.rows(
            "SELECT datetime(max(next_attempt) / 1000, 'unixepoch') FROM _selfheal_units WHERE state = 'failed'")
        #expect(
            second.failure
                == SourceFailure(
                    .rateLimit,
                    "2 units that failed before wait until \(until[0]) UTC; 'selfheal data heal parts' tries them at once"
                ))
        #expect(try await bed.rows("SELECT doc FROM parts ORDER BY doc") == ["1", "4"])

        // Nothing else is left to do.
        let third = try #require(try await bed.run(datasets, ["parts": source], options: waits)["parts"])
        #expect(!third.isGood)
        #expect(source.units.count == 4)

        try await bed.execute("UPDATE _selfheal_units SET next_attempt = 1 WHERE unit = 2")
        let fourth = try #require(try await bed.run(datasets, ["parts": source], options: waits)["parts"])
        #expect(fourth.failure?.message.hasPrefix("1 unit that failed before waits until ") == true, "\(fourth)")
        #expect(try await bed.rows("SELECT doc FROM parts ORDER BY doc") == ["1", "2", "4"])
        #expect(try await bed.run(datasets, ["parts": source])["parts"]?.result == .done)
        #expect(try await bed.rows("SELECT doc FROM parts ORDER BY doc") == ["1", "2", "3", "4"])
        #expect(try await bed.run(datasets, ["parts": source], options: waits)["parts"]?.result == .unneeded)
    }

    @Test("they wait longer with each run that failed, and never for ever")
    func growing() async throws {
        let bed = try await bed()
        let datasets = try datasets(
            RetryPolicy(maxAttempts: 1, delay: .milliseconds(500), backoff: 2, maxDelay: .seconds(3)))
        var waits: [String] = []
        for _ in 1...6 {
            _ = try await bed.run(datasets, ["parts": source { true }])
            waits += try await bed.rows("SELECT next_attempt - changed_at FROM _selfheal_units WHERE unit = 2")
        }
        #expect(waits == ["500", "1000", "2000", "3000", "3000", "3000"])
    }

    @Test(
        "what a server wants counts, up to a day",
        arguments: [(100, 100_000), (1, 3000), (999_999_999, 86_400_000)])
    func wanted(_ seconds: Int, _ milliseconds: Int) async throws {
        let bed = try await bed()
        let datasets = try datasets(RetryPolicy(maxAttempts: 1, delay: .seconds(3)))
        _ = try await bed.run(datasets, ["parts": source({ true }, retryAfter: .seconds(seconds))])
        #expect(
            try await bed.rows("SELECT next_attempt - changed_at FROM _selfheal_units WHERE unit = 2")
                == ["\(milliseconds)"])
    }
}
