import Datasets
import HealKit
import HealModel
import Testing

@testable import Populating

@Suite("Trouble with the database that rows are written to")
struct DatabaseTroubleTests {
    static let unit = WorkUnit(parent: "docs", key: "id", column: "doc")

    enum Kind: String, CaseIterable, Sendable {
        case units, sqlUnits, whole, sqlWhole

        func population(_ retry: RetryPolicy = RetryPolicy()) -> Population {
            switch self {
            case .units: PopulatingTests.population(unit: unit, batch: 7, retry: retry)
            case .sqlUnits:
                PopulatingTests.population(.sql("SELECT :key AS doc, 'b' AS body"), unit: unit, batch: 7, retry: retry)
            case .whole: PopulatingTests.population(write: .replace, retry: retry)
            case .sqlWhole:
                PopulatingTests.population(
                    .sql("SELECT id AS doc, 'b' AS body FROM docs"), write: .replace, retry: retry)
            }
        }
    }

    private func source() -> ScriptedSource {
        ScriptedSource { batch, _ throws(SourceFailure) in
            let keys = batch.isWhole ? (1...20).map { SQLValue.integer($0) } : batch.units.map(\.key)
            return keys.map { SourceRow([Cell("doc", $0), Cell("body", .text("b"))]) }
        }
    }

    private let busy = MachineError.database(subject: "app.db", .busy(waited: .seconds(2)))

    @Test(
        "a lock is waited for wherever it is met, and no source is asked twice for it",
        arguments: Kind.allCases, [FaultyMachine.Call.read, .change])
    func everywhere(_ kind: Kind, _ call: FaultyMachine.Call) async throws {
        func run(_ fault: Int?) async throws -> (Bed, DatasetOutcome, FaultyMachine, ScriptedSource) {
            let bed = try await Bed(["app.db": documents])
            let machine = FaultyMachine(bed.machine)
            if let fault { machine.fail(call, fault...fault + 1, busy) }
            let source = source()
            let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], kind.population())]
            let outcome = try #require(
                try await bed.run(datasets, ["parts": source], names: ["parts"], machine: machine)["parts"])
            return (bed, outcome, machine, source)
        }
        let (_, clean, machine, all) = try await run(nil)
        #expect(clean.result == .done)
        // A dataset that is made as a whole may be made without any look, or in one transaction.
        for number in 1...max(1, machine.calls(call)) {
            let (bed, outcome, _, source) = try await run(number)
            #expect(outcome.result == .done, "\(call) \(number): \(outcome)")
            #expect(source.calls == all.calls, "\(call) \(number)")
            #expect(
                try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts") == ["20|20"], "\(call) \(number)")
        }
    }

    @Test(
        "what stays locked or full ends the work on that dataset, names the database, and is nobody else's fault",
        arguments: Kind.allCases,
        [MachineError.DatabaseFault.busy(waited: .seconds(2)), .diskFull, .io("disk I/O error")])
    func forGood(_ kind: Kind, _ fault: MachineError.DatabaseFault) async throws {
        let bed = try await Bed(["app.db": documents])
        let machine = FaultyMachine(bed.machine)
        let first = kind == .units ? 3 : kind == .sqlWhole ? 1 : 2
        machine.fail(.change, first...1000, .database(subject: "app.db", fault))
        let source = source()
        let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], kind.population())]
        let outcome = try await bed.run(datasets, ["parts": source], names: ["parts"], machine: machine)["parts"]
        #expect(outcome?.result == .failed)
        #expect(outcome?.failure?.message == "app.db: \(fault.explanation)")
        let tried = outcome?.tried ?? []
        #expect(tried.contains { $0.hasPrefix("tried again 2 times after") }, "\(tried)")
        // Fewer at once may fit where there is little room.
        let most = fault == .busy(waited: .seconds(2)) ? 1 : 3
        #expect(source.calls.count <= most)
        #expect(!bed.hasOpenedCircuit)
        #expect(try await bed.rows("SELECT count(*) FROM parts") == ["0"])
        // Nothing is noted against the units.
        let again = try await bed.run(datasets, ["parts": self.source()], names: ["parts"])["parts"]
        #expect(again?.result == .done)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts") == ["20|20"])
    }

    @Test("a lock is waited for as often as the manifest says, and not at all where it says so")
    func bounded() async throws {
        for (retry, tries) in [
            (RetryPolicy(maxAttempts: 5), 5), (RetryPolicy(maxAttempts: 1), 1),
            (RetryPolicy(classes: [.connection]), 1),
        ] {
            let bed = try await Bed(["app.db": documents])
            let machine = FaultyMachine(bed.machine)
            machine.fail(.change, 1...1000, busy)
            let source = source()
            let outcome = try await bed.run(
                [try dataset("docs"), try dataset("parts", after: ["docs"], Kind.units.population(retry))],
                ["parts": source], names: ["parts"], machine: machine)["parts"]
            #expect(outcome?.result == .failed)
            #expect(outcome?.failure?.kind == .lock)
            #expect(outcome?.failure?.message == "app.db: is locked by another process; waited 2 s")
            #expect(machine.calls(.change) == tries)
            #expect(outcome?.tried == (tries == 1 ? [] : ["tried again \(tries - 1) times after 'lock'"]))
            #expect(source.calls.isEmpty)
        }
    }

    @Test("a parent that stays locked is named, with what was tried")
    func parent() async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE parts (doc, body)", "docs.db": documents])
        let machine = FaultyMachine(bed.machine)
        machine.fail(.read, 1...1000, busy)
        let outcome = try await bed.run(
            [try dataset("docs", in: "docs.db"), try dataset("parts", after: ["docs"], Kind.units.population())],
            ["parts": source()], names: ["parts"], machine: machine)["parts"]
        #expect(outcome?.result == .notStarted)
        #expect(outcome?.failure?.kind == .lock)
        #expect(outcome?.tried == ["tried again 2 times after 'lock'"])
    }
}
