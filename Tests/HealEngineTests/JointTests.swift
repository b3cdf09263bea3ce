import HealEngine
import HealKit
import HealModel
import Synchronization
import TestSupport
import Testing

/// Fills what it is asked to, all at once.
private final class Filler: JointHealer {
    let calls = Mutex<[[String]]>([])
    let wrong: [String: MachineError]
    /// Of which it says nothing.
    let forgotten: Set<String>

    init(wrong: [String: MachineError] = [:], forgotten: Set<String> = []) {
        self.wrong = wrong
        self.forgotten = forgotten
    }

    func heal(
        _ subjects: [String], on machine: any ChangingMachine, note: @escaping @Sendable (String) -> Void
    ) async -> [String: JointOutcome] {
        calls.withLock { $0.append(subjects) }
        var outcomes: [String: JointOutcome] = [:]
        for subject in subjects where !forgotten.contains(subject) {
            if let error = wrong[subject] {
                outcomes[subject] = JointOutcome(.failure(error), took: .milliseconds(2))
            } else {
                outcomes[subject] = JointOutcome(Self.fill(subject, machine), took: .milliseconds(3))
            }
            note(subject)
        }
        return outcomes
    }

    private static func fill(_ subject: String, _ machine: any ChangingMachine) -> Result<String?, MachineError> {
        Result { () throws(MachineError) in
            if subject != "says so only" { _ = try machine.createDirectory(try place(subject), mode: .directory) }
            return "3 rows"
        }
    }

    static func place(_ subject: String) throws(MachineError) -> ResourcePath {
        do { return try ResourcePath(subject) } catch {
            throw .malfunction(subject: subject, reason: "\(error)")
        }
    }
}

private struct FilledCheck: JointCheck {
    static let descriptor = CheckDescriptor(
        id: "filled", title: "", domain: .other,
        kinds: [FindingKind("filled.empty", .critical, risk: .low, meaning: "", healing: "")])
    var subject: String
    var healer: any JointHealer
    var after: [String] = ["directory"]

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        if try machine.target(of: try Filler.place(subject)) != nil { return Observation(confirmations: ["filled"]) }
        let repair = Repair(
            "Filling \(subject)", done: "Filled \(subject)", detail: "", risk: .low,
            steps: [.populate(dataset: subject)])
        return Observation(findings: [
            Finding("filled.empty", subject: subject, severity: .critical, message: "empty", repair: repair)
        ])
    }

    func rehearse(_ findings: [Finding.Key], on machine: any Machine) async throws(MachineError) -> String? { nil }
}

/// Counts what it is told.
private final class Listener: RunObserver {
    let told = Mutex<[String]>([])
    func add(_ text: String) { told.withLock { $0.append(text) } }
    func begins(_ repair: Repair) { add("begins \(repair.doing)") }
    func ends(_ repair: Repair, outcome: Outcome) { add("ends \(repair.doing)") }
    func begins(_ stage: RunStage) { if stage.work == .healing { add("healing \(stage.count)") } }
    func advances() { add("advances") }
}

@Suite("Checks that are healed together") struct JointTests {
    private func heal(_ checks: [any Check], _ observer: any RunObserver = SilentObserver()) async -> RunResult {
        await Engine(machine: FakeMachine(), recorder: MemoryRecorder(), observer: observer)
            .run(checks, RunOptions(mode: .heal))
    }

    @Test("One call for all of one healer, and an outcome for each")
    func together() async throws {
        let filler = Filler(
            wrong: [
                "b": .malfunction(subject: "b", reason: "no rows"), "d": .refused(subject: "d", .notHealed),
            ], forgotten: ["e"])
        let names = ["a", "b", "c", "says so only", "d", "e"]
        let other = Filler()
        let checks: [any Check] =
            names.map { FilledCheck(subject: $0, healer: filler) } + [
                DirectoryCheck(path: try path("made")), FilledCheck(subject: "other", healer: other),
            ]
        let result = await heal(checks)
        #expect(filler.calls.withLock { $0 } == [names])
        #expect(other.calls.withLock { $0 } == [["other"]])
        let outcomes = result.repairs.map { "\($0.repair.doing): \($0.outcome.rawValue)" }
        #expect(
            outcomes == [
                "Creating made: applied", "Filling a: applied", "Filling b: failed", "Filling c: applied",
                "Filling says so only: failed", "Filling d: refused", "Filling e: failed", "Filling other: applied",
            ])
        #expect(result.repairs[1].repair.detail == "3 rows")
        #expect(result.repairs[1].durationMicroseconds == 3000)
        #expect(result.repairs[2].reason?.contains("no rows") == true)
        #expect(result.repairs[4].reason == "it was populated, and its check still finds the fault")
        #expect(result.repairs[6].reason?.contains("nothing was done about it") == true)
        #expect(result.checks.map(\.status).filter { $0 == .healed }.count == 4)
    }

    @Test("After one that was stopped nothing more is begun")
    func stopped() async throws {
        let first = Filler(wrong: ["b": .cancelled])
        let second = Filler()
        let result = await heal([
            FilledCheck(subject: "a", healer: first), FilledCheck(subject: "b", healer: first),
            FilledCheck(subject: "c", healer: second),
        ])
        #expect(second.calls.withLock { $0 } == [])
        #expect(result.repairs.map(\.outcome) == [.applied, .failed, .failed])
    }

    @Test("One is told of by its name, several by how many are done", arguments: [1, 3])
    func told(_ count: Int) async throws {
        let counter = Listener()
        let filler = Filler()
        _ = await heal((1...count).map { FilledCheck(subject: "f\($0)", healer: filler) }, counter)
        let told = counter.told.withLock { $0 }.drop { $0 == "advances" }.filter { $0 != "advances" }
        #expect(told == (count == 1 ? ["begins Filling f1", "ends Filling f1"] : ["healing 3"]))
    }
}
