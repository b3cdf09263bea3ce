import Foundation
import Testing

/// What must hold whatever the old database and the new schema are, tried on pairs made by chance, through the programs and
/// on files. What is right is said by SQLite's pragmas and by rows, not by the comparison that is tested.
///
/// `SELFHEAL_PAIRS` is the number of pairs, `SELFHEAL_SEED` the first one's.
@Suite struct PairPropertyTests {
    private static let batch = 20

    @Test func aHealEndsInTheNewSchemaOrSaysWhyNot() async throws {
        let variables = ProcessInfo.processInfo.environment
        let count = variables["SELFHEAL_PAIRS"].flatMap(Int.init) ?? 200
        let first = variables["SELFHEAL_SEED"].flatMap(Int.init) ?? 1
        var tally = Tally()
        var seed = first
        while seed < first + count {
            let seeds = seed..<min(seed + Self.batch, first + count)
            let batch = try PairBatch(seeds.map(SchemaPair.init))
            if count == 1 { print(SchemaPair(seed: seed).description) }
            try await batch.run()
            tally.add(batch)
            seed = seeds.upperBound
        }
        print(tally.description)
        // A generator of nonsense would prove nothing.
        #expect(tally.invalid * 20 <= count, "\(tally.invalid) of \(count) pairs are no schemas")
        if count >= 100 { #expect(tally.healed * 2 >= tally.pairs, "\(tally.description)") }
    }

    /// How many pairs ended how.
    private struct Tally {
        var pairs = 0, invalid = 0, healed = 0, unchanged = 0, partly = 0
        var reasons: [String: Int] = [:]

        mutating func add(_ batch: PairBatch) {
            invalid += batch.invalid
            for result in batch.results {
                pairs += 1
                switch result.ending {
                case .healed: healed += 1
                case .unchanged: unchanged += 1
                case .partly: partly += 1
                }
                for reason in Set(result.reasons) { reasons[reason, default: 0] += 1 }
            }
        }

        var description: String {
            """
            \(pairs) pairs: \(healed) healed, \(partly) healed in part, \(unchanged) left as they were \
            (\(invalid) others were no schemas). What kept them:
            \(reasons.sorted { ($1.value, $0.key) < ($0.value, $1.key) }.map { "  \($0.value) × \($0.key)" }
                .joined(separator: "\n"))
            """
        }
    }
}
