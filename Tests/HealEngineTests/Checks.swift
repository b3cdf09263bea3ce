import HealEngine
import HealKit
import HealModel
import Synchronization
import TestSupport

/// A directory, as simple as a check can be.
struct DirectoryCheck: Check {
    static let descriptor = CheckDescriptor(
        id: "directory", title: "directories", domain: .filesystem,
        kinds: [
            FindingKind("directory.missing", .critical, risk: .low, meaning: "", healing: "", blocks: true),
            FindingKind("directory.other", .warning, risk: nil, meaning: "", healing: ""),
        ])
    var path: ResourcePath
    var risk = Risk.low
    var subject: String { path.text }
    var provides: [ResourcePath] { [path] }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        if try machine.target(of: path) != nil { return Observation(confirmations: ["\(path) exists"]) }
        let repair = Repair(
            "Creating \(path)", done: "Created \(path)", detail: "mkdir", risk: risk,
            steps: [.createDirectory(path: path, mode: .directory)])
        return Observation(findings: [
            Finding("directory.missing", subject: subject, severity: .critical, message: "missing", repair: repair)
        ])
    }
}

/// A database that must hold some lines.
struct LinesCheck: DatabaseCheck {
    static let descriptor = CheckDescriptor(
        id: "lines", title: "databases", domain: .databases,
        kinds: [
            FindingKind("lines.file", .critical, risk: .low, meaning: "", healing: "", blocks: true),
            FindingKind("lines.missing", .critical, risk: .low, meaning: "", healing: ""),
        ])
    var database: ResourcePath
    /// What must be there, and the statement that is said to bring it.
    var wanted: [String: String]
    var subject: String { database.text }
    var requires: [ResourcePath] { [database.parent].compactMap { $0 } }
    var provides: [ResourcePath] { [database] }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        guard try machine.target(of: database) != nil else {
            let repair = Repair(
                "Creating \(database)", done: "Created \(database)", detail: "", risk: .low,
                steps: [.createDatabase(path: database, pragmas: [], statements: wanted.values.sorted())])
            return Observation(findings: [
                Finding("lines.file", subject: subject, severity: .critical, message: "missing", repair: repair)
            ])
        }
        return try await machine.readDatabase(database) { connection throws(MachineError) in try observe(connection) }
    }

    func observe(_ connection: any SQLConnection) throws(MachineError) -> Observation {
        let lines = Set(try connection.rows("lines").compactMap { $0[0].text })
        return Observation(
            findings: wanted.sorted { $0.key < $1.key }.filter { !lines.contains($0.key) }.map { line, statement in
                Finding(
                    "lines.missing", subject: "\(database).\(line)", severity: .critical, message: "\(line) is missing",
                    repair: Repair(
                        "Adding \(line)", done: "Added \(line)", detail: statement, risk: .low,
                        steps: [.executeSQL(database: database, statements: [statement])]))
            })
    }
}

final class MemoryRecorder: RunRecorder {
    struct State: Sendable {
        var events: [String] = []
        var interrupted: [InterruptedRun] = []
        var refusesToBegin = false
        var refusesToFinish = false
    }
    let state = Mutex(State())
    var events: [String] { state.withLock { $0.events } }

    func interrupted() async throws(RecorderFailure) -> [InterruptedRun] { state.withLock { $0.interrupted } }
    func close(_ interrupted: InterruptedRun, note: String) async throws(RecorderFailure) {
        state.withLock {
            $0.events.append("close \(interrupted.run): \(note)")
            $0.interrupted = []
        }
    }
    func begin(_ plan: Plan) async throws(RecorderFailure) -> Int64 {
        if state.withLock({ $0.refusesToBegin }) { throw RecorderFailure("read-only") }
        state.withLock { $0.events.append("begin \(plan.performed.count)") }
        return 7
    }
    func finish(
        _ run: Int64, records: [RepairRecord], changes: [DatabaseChange], exitStatus: Int32
    ) async throws(RecorderFailure) {
        if state.withLock({ $0.refusesToFinish }) { throw RecorderFailure("disk full") }
        state.withLock { $0.events.append("finish \(records.count) exit \(exitStatus)") }
    }
}

func path(_ text: String) throws -> ResourcePath { try ResourcePath(text) }

/// Another process heals the database between our look and our transaction.
struct RacingCheck: DatabaseCheck {
    static let descriptor = LinesCheck.descriptor
    var inner: LinesCheck
    var machine: FakeMachine
    var database: ResourcePath { inner.database }
    var subject: String { inner.subject }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let observation = try await inner.look(on: machine)
        self.machine.update { $0.nodes["a.db"] = FakeMachine.text("A") }
        return observation
    }

    func observe(_ connection: any SQLConnection) throws(MachineError) -> Observation { try inner.observe(connection) }
}

/// Finds the second fault only once the first is mended.
struct UnfoldingCheck: Check {
    static let descriptor = DirectoryCheck.descriptor
    var path: ResourcePath
    var next: ResourcePath
    var subject: String { path.text }
    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let first = try await DirectoryCheck(path: path).look(on: machine)
        return first.findings.isEmpty ? try await DirectoryCheck(path: next).look(on: machine) : first
    }
}

struct WaitingCheck: Check {
    static let descriptor = CheckDescriptor(id: "waiting", title: "", domain: .other, kinds: [])
    var subject: String
    var wants: ResourcePath
    var gives: ResourcePath
    var requires: [ResourcePath] { [wants] }
    var provides: [ResourcePath] { [gives] }
    func look(on machine: any Machine) async throws(MachineError) -> Observation { Observation() }
}

final class Counter: Sendable {
    private let state = Mutex((now: 0, highest: 0))
    var highest: Int { state.withLock { $0.highest } }
    func enter() { state.withLock { $0 = ($0.now + 1, max($0.highest, $0.now + 1)) } }
    func leave() { state.withLock { $0.now -= 1 } }
}

struct CountingCheck: Check {
    static let descriptor = CheckDescriptor(
        id: "counting", title: "", domain: .other,
        kinds: [FindingKind("counting.any", .warning, risk: nil, meaning: "", healing: "")])
    var subject: String
    var counter: Counter
    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        counter.enter()
        try? await Task.sleep(for: .milliseconds(1))
        counter.leave()
        return Observation()
    }
}
