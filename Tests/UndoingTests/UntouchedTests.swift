import Foundation
import HealEngine
import HealKit
import HealModel
import LiveMachine
import Testing

/// Asks for a change whose proof cannot hold.
private struct Doubtful: DatabaseCheck {
    static let descriptor = CheckDescriptor(
        id: "doubtful", title: "doubtful", domain: .databases,
        kinds: [FindingKind("doubtful.row", .critical, risk: .medium, meaning: "A row.", healing: "It goes.")])

    let database: ResourcePath
    var subject: String { database.text }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        try await machine.readDatabase(database) { connection throws(MachineError) in try observe(connection) }
    }

    func observe(_ connection: any SQLConnection) throws(MachineError) -> Observation {
        guard try !connection.rows("SELECT x FROM t").isEmpty else { return Observation() }
        let step = Step.rewriteDatabase(
            database: database, statements: ["DELETE FROM t"],
            proofs: [Proof("rows", before: "SELECT count(*) FROM t", after: "SELECT count(*) FROM t")])
        return Observation(
            findings: [
                Finding(
                    "doubtful.row", subject: subject, severity: .critical, message: "A row is there",
                    repair: Repair("Dropping", done: "Dropped", detail: "", risk: .medium, steps: [step]))
            ])
    }
}

private struct NoRecorder: RunRecorder {
    func interrupted() async throws(RecorderFailure) -> [InterruptedRun] { [] }
    func close(_ interrupted: InterruptedRun, note: String) async throws(RecorderFailure) {}
    func begin(_ plan: Plan) async throws(RecorderFailure) -> Int64 { 1 }
    func finish(
        _ run: Int64, records: [RepairRecord], changes: [DatabaseChange], exitStatus: Int32
    ) async throws(RecorderFailure) {}
}

@Suite struct UntouchedTests {
    @Test func aChangeThatIsTakenBackLeavesTheFileByteForByte() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "selfheal-untouched-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let machine = try LiveMachine(root: folder.resolvingSymlinksInPath().path, mayChange: true)
        let database = try ResourcePath("a.db")
        try await machine.createDatabase(database, pragmas: []) { connection throws(MachineError) in
            try connection.execute("CREATE TABLE t (x); INSERT INTO t VALUES (1), (2)")
        }
        let file = folder.appending(path: "a.db")
        let before = try Data(contentsOf: file)

        let result = await Engine(machine: machine, recorder: NoRecorder())
            .run([Doubtful(database: database)], RunOptions(mode: .heal, maxRisk: .medium))
        #expect(result.repairs.map(\.outcome) == [.undone])
        #expect(result.repairs.first?.reason == "rows: 2 before, 0 after")
        #expect(result.databases.isEmpty)
        #expect(try Data(contentsOf: file) == before)
    }
}
