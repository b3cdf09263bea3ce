import Datasets
import HealModel
import Testing

@testable import Populating

@Suite("Rows of which none fits")
struct MisfitTests {
    @Test(
        "the reason of most of them is named",
        arguments: [BadRowPolicy.quarantine, .skip], [WriteMode.append, .replace])
    func reason(_ policy: BadRowPolicy, _ write: WriteMode) async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE parts (n INTEGER, body TEXT NOT NULL)"])
        let source = ScriptedSource { _, _ throws(SourceFailure) in
            [
                SourceRow([Cell("n", .integer(1))]), SourceRow([Cell("m", .integer(1)), Cell("body", .text("x"))]),
                SourceRow([Cell("m", .integer(1))]),
            ]
        }
        let own = try dataset(
            "parts", population(write: write, retry: RetryPolicy(maxAttempts: 1), onBadRow: policy))
        let outcome = try #require(try await bed.run([own], ["parts": source])["parts"])
        #expect(!outcome.isGood)
        let words = "; rows did not fit: the table 'parts' has no column 'm' (2 rows)"
        #expect(outcome.failure?.message.hasSuffix(words) == true, "\(outcome)")
        #expect(outcome.progress.failedUnits == (write == .append ? 0 : 1))
    }

    @Test("of SQL, too")
    func sql() async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE parts (n INTEGER, body TEXT NOT NULL)"])
        for write in [WriteMode.append, .replace] {
            let own = try dataset("parts", population(.sql("SELECT 1 AS n, NULL AS body"), write: write))
            let outcome = try #require(try await bed.run([own])["parts"])
            #expect(
                outcome.failure?.message.hasSuffix("; rows did not fit: NOT NULL constraint failed: parts.body")
                    == true,
                "\(outcome)")
        }
    }
}
