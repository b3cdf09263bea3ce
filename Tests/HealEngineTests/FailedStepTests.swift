import HealEngine
import HealKit
import HealModel
import TestSupport
import Testing

/// What a step that failed may have left.
@Suite struct FailedStepTests {
    private func heal(_ machine: FakeMachine) async throws -> RunResult {
        let check = LinesCheck(database: try ResourcePath("a.db"), wanted: ["A": "A"])
        return await Engine(machine: machine, recorder: MemoryRecorder())
            .run([check], RunOptions(mode: .heal, maxRisk: .low, selection: Selection(), jobs: 1))
    }

    private func failingMachine() -> FakeMachine {
        let machine = FakeMachine([
            ".a.db.selfheal-4711-0": FakeMachine.text("half"), ".b.db.selfheal-4711-0": FakeMachine.text("another's"),
        ])
        machine.update {
            $0.failures["createDatabase a.db"] = .system(
                operation: "unlink", subject: "a.db", errno: 5, meaning: "Input/output error")
        }
        return machine
    }

    @Test func itsTemporaryFileIsRemovedAtTheEndOfTheRun() async throws {
        let machine = failingMachine()
        let result = try await heal(machine)
        #expect(result.repairs.map(\.outcome) == [.failed])
        #expect(machine.node(".a.db.selfheal-4711-0") == nil)
        #expect(machine.node(".b.db.selfheal-4711-0") != nil)
        #expect(result.notes.isEmpty)
    }

    @Test func oneThatCannotBeRemovedIsSaid() async throws {
        let machine = failingMachine()
        machine.update { $0.failures["removeLeftovers a.db"] = .refused(subject: "a.db", .leavesRoot) }
        let result = try await heal(machine)
        #expect(result.notes.count == 1)
        #expect(result.notes.first?.contains("a leftover beside a.db could not be removed") == true)
    }
}
