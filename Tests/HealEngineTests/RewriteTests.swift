import HealKit
import HealModel
import TestSupport
import Testing

@testable import HealEngine

/// A database whose lines are as wanted, each with a repair of its own.
private struct RiskyLines: DatabaseCheck {
    static let descriptor = CheckDescriptor(
        id: "lines", title: "lines", domain: .databases,
        kinds: [
            FindingKind(
                "lines.missing", .critical, risk: .medium, meaning: "A line is missing.", healing: "It is added.")
        ])

    let database: ResourcePath
    /// Lines with the risk, the proofs and the lines that must come first.
    var wanted: [(line: String, risk: Risk, proofs: [Proof], after: [String])]
    /// Lines that one repair adds together.
    var together: [String] = []

    var subject: String { database.text }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        try await machine.readDatabase(database) { connection throws(MachineError) in try observe(connection) }
    }

    func observe(_ connection: any SQLConnection) throws(MachineError) -> Observation {
        let lines = Set(try connection.rows("lines").compactMap { $0[0].text })
        return Observation(
            findings: wanted.filter { !lines.contains($0.line) }.map { want in
                let isShared = together.contains(want.line)
                let statements = isShared ? together : [want.line]
                return Finding(
                    "lines.missing", subject: "\(database).\(want.line)", severity: .critical,
                    message: "\(want.line) is missing",
                    repair: Repair(
                        "Adding \(isShared ? "some" : want.line)", done: "Added", detail: "", risk: want.risk,
                        steps: [
                            want.risk == .low
                                ? .executeSQL(database: database, statements: statements)
                                : .rewriteDatabase(database: database, statements: statements, proofs: want.proofs)
                        ],
                        after: want.after.map { Finding.Key(id: "lines.missing", subject: "\(database).\($0)") }))
            })
    }
}

private struct NoRecorder: RunRecorder {
    var run: Int64
    func interrupted() async throws(RecorderFailure) -> [InterruptedRun] { [] }
    func close(_ interrupted: InterruptedRun, note: String) async throws(RecorderFailure) {}
    func begin(_ plan: Plan) async throws(RecorderFailure) -> Int64 { run }
    func finish(
        _ run: Int64, records: [RepairRecord], changes: [DatabaseChange], exitStatus: Int32
    ) async throws(RecorderFailure) {}
}

/// What rewrites a database is backed up before, proved after, and waits for what it needs.
@Suite struct RewriteTests {
    private let database: ResourcePath
    private let machine = FakeMachine(["a.db": .file(Array("first".utf8), mode: .privateFile)])

    init() throws { database = try ResourcePath("a.db") }

    private func run(
        _ wanted: [(line: String, risk: Risk, proofs: [Proof], after: [String])], together: [String] = [],
        mode: RunMode = .heal, maxRisk: Risk = .medium,
        run: Int64 = 12
    ) async -> RunResult {
        let check = RiskyLines(database: database, wanted: wanted, together: together)
        return await Engine(machine: machine, recorder: NoRecorder(run: run))
            .run([check], RunOptions(mode: mode, maxRisk: maxRisk))
    }

    private var contents: String? {
        guard case .file(let bytes, _) = machine.node("a.db") else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private var backups: [String] {
        machine.paths.filter {
            $0.hasPrefix(".selfheal/backups/") && $0.hasSuffix(".db") && $0 != ".selfheal/backups/a.db"
        }
    }

    @Test func aBackupComesBeforeMediumRiskOnly() async throws {
        let low = await run([("one", .low, [], [])])
        #expect(low.databases.map(\.backup) == [nil] && backups == [] && contents == "first\none")
        let medium = await run([("one", .low, [], []), ("two", .medium, [], [])])
        let backup = try #require(medium.databases.first?.backup)
        #expect(backup.path.text.hasPrefix(".selfheal/backups/a.db/") && backup.path.text.hasSuffix("-run12.db"))
        #expect(machine.node(backup.path.text) == .file(Array("first\none".utf8), mode: .privateFile))
        #expect(backup.size == 9 && contents == "first\none\ntwo" && medium.repairs.map(\.outcome) == [.applied])
    }

    @Test func whatIsNotProvedIsTakenBackAndSaid() async throws {
        // The first line stays first, so that this holds; that the two queries differ in what they give does not matter.
        let holds = Proof("first line", before: "lines", after: "lines")
        let good = await run([("two", .medium, [holds], [])])
        #expect(good.repairs.map(\.outcome) == [.applied])
        #expect(
            good.repairs.first?.proofs.first
                == ProofRecord(subject: "first line", before: "first", after: "first", holds: true))

        let broken = Proof("number of lines", before: "count", after: "count")
        let bad = await run([("two", .medium, [], []), ("three", .medium, [broken], [])], run: 13)
        #expect(bad.repairs.map(\.outcome) == [.undone])
        #expect(bad.repairs.first?.reason == "number of lines: 2 before, 3 after")
        #expect(bad.repairs.first?.proofs.map(\.holds) == [false])
        #expect(contents == "first\ntwo")
        // Nothing was changed by the second run: only the first one's backup is kept.
        #expect(backups.count == 1 && bad.databases.isEmpty)
    }

    @Test func oneRepairHealsSeveralFindingsOnce() async throws {
        let result = await run(
            [("one", .medium, [], []), ("two", .medium, [], [])], together: ["one", "two"])
        #expect(contents == "first\none\ntwo")
        #expect(result.plan?.repairs.map { $0.findings.map(\.subject) } == [["a.db.one", "a.db.two"]])
        #expect(result.repairs.map { $0.findings.map(\.subject) } == [["a.db.one", "a.db.two"]])
        #expect(result.checks.first?.healed.map(\.subject) == ["a.db.one", "a.db.two"])
    }

    @Test(arguments: [RunMode.heal, .dryRun])
    func whatWaitsForSomethingThatIsNotDoneIsNotDone(mode: RunMode) async throws {
        let result = await run([("two", .low, [], ["one"]), ("one", .high, [], [])], mode: mode)
        #expect(contents == "first")
        #expect(
            result.plan?.repairs.compactMap(\.withheld) == [
                "it waits for a.db.one", "its risk is high, and this run goes up to medium",
            ])
    }

    @Test func whatWaitsIsDoneWhenItsTimeHasCome() async throws {
        let result = await run([("one", .low, [], []), ("two", .low, [], ["one"])])
        #expect(contents == "first\none\ntwo" && result.repairs.map(\.outcome) == [.applied, .applied])
    }

    @Test func whatWaitsForSomethingThatFailsIsRefused() async throws {
        let result = await run([("FAIL one", .low, [], []), ("two", .low, [], ["FAIL one"])])
        #expect(contents == "first")
        #expect(result.repairs.map(\.outcome) == [.failed, .refused])
        #expect(result.repairs.last?.reason == "it waits for a.db.FAIL one")
    }
}
