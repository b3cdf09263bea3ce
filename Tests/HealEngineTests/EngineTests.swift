import HealEngine
import HealKit
import HealModel
import Synchronization
import TestSupport
import Testing

@Suite struct EngineTests {
    private let recorder = MemoryRecorder()

    private func run(
        _ machine: FakeMachine, _ checks: [any Check], _ mode: RunMode, maxRisk: Risk = .low,
        selection: Selection = Selection(), jobs: Int = 4
    ) async -> RunResult {
        await Engine(machine: machine, recorder: recorder)
            .run(checks, RunOptions(mode: mode, maxRisk: maxRisk, selection: selection, jobs: jobs))
    }

    @Test func healthyRunChangesAndRecordsNothing() async throws {
        let machine = FakeMachine(["data": .directory(mode: .directory)])
        let result = await run(machine, [DirectoryCheck(path: try path("data"))], .heal)
        #expect(result.checks.map(\.status) == [.ok])
        #expect(result.checks[0].confirmations == ["data exists"])
        #expect(machine.changes.isEmpty && recorder.events.isEmpty && result.run == nil && result.plan == nil)
    }

    @Test func checkModeShowsWhatBlocks() async throws {
        let machine = FakeMachine()
        let checks: [any Check] = [
            LinesCheck(database: try path("data/a.db"), wanted: ["A": "A"]), DirectoryCheck(path: try path("data")),
        ]
        let result = await run(machine, checks, .check)
        #expect(result.checks.map(\.status) == [.blocked, .critical])
        #expect(result.checks[0].blockedBy == ["data"])
        #expect(result.checks[0].severity == nil)
        #expect(machine.changes.isEmpty && result.plan == nil)
    }

    @Test func dryRunPlansWhatTheRunThenDoes() async throws {
        let checks: [any Check] = [
            LinesCheck(database: try path("data/a.db"), wanted: ["A": "A", "B": "B"]),
            DirectoryCheck(path: try path("data")),
        ]
        let machine = FakeMachine()
        let dry = await run(machine, checks, .dryRun)
        #expect(dry.plan?.performed.map(\.repair.doing) == ["Creating data", "Creating data/a.db"])
        #expect(machine.changes.isEmpty && recorder.events.isEmpty)
        let real = await run(machine, checks, .heal)
        #expect(real.plan?.hash == dry.plan?.hash)
        #expect(real.repairs.map(\.repair) == dry.plan?.performed.map(\.repair))
        #expect(real.repairs.allSatisfy { $0.outcome == .applied })
        #expect(real.checks.map(\.status) == [.healed, .healed])
        #expect(recorder.events == ["begin 2", "finish 2 exit 0"])
        let changes = machine.changes
        let again = await run(machine, checks, .heal)
        #expect(again.checks.map(\.status) == [.ok, .ok])
        #expect(machine.changes == changes)
    }

    @Test func whatDoesNotHealIsTakenBack() async throws {
        let machine = FakeMachine()
        machine.update { _ = $0.ineffective.insert("createDirectory a/b") }
        let result = await run(machine, [DirectoryCheck(path: try path("a/b"))], .heal)
        #expect(result.repairs.map(\.outcome) == [.undone])
        #expect(result.checks.map(\.status) == [.critical])
        #expect(machine.node("a") == nil)
        #expect(machine.changes.suffix(2) == ["removeDirectory a/b", "removeDirectory a"])
    }

    @Test func aFailingStepTakesBackTheEarlierOnes() async throws {
        let machine = FakeMachine()
        let failure = MachineError.system(
            operation: "mkdir", subject: "a/b", errno: 28, meaning: "No space left on device")
        machine.update { $0.failures["createDirectory a/b"] = failure }
        let result = await run(machine, [DirectoryCheck(path: try path("a/b"))], .heal)
        #expect(result.repairs.map(\.outcome) == [.failed])
        #expect(result.repairs[0].reason?.contains("No space left") == true)
        #expect(machine.node("a") == nil)
    }

    @Test func oneRefusedStatementDoesNotCostTheOthers() async throws {
        let machine = FakeMachine(["a.db": FakeMachine.text("")])
        let check = LinesCheck(database: try path("a.db"), wanted: ["A": "A", "B": "FAIL", "C": "C"])
        let result = await run(machine, [check], .heal)
        #expect(result.repairs.map(\.outcome) == [.applied, .failed, .applied])
        #expect(machine.node("a.db") == .file(Array("A\nC".utf8), mode: .privateFile))
        #expect(result.checks[0].findings.map(\.subject) == ["a.db.B"])
        #expect(result.checks[0].healed.map(\.subject) == ["a.db.A", "a.db.C"])
    }

    @Test func aChangeThatDoesNotVerifyIsRolledBackAndTheRestDone() async throws {
        let machine = FakeMachine(["a.db": FakeMachine.text("")])
        let check = LinesCheck(database: try path("a.db"), wanted: ["A": "A", "B": "NOTHING"])
        let result = await run(machine, [check], .heal)
        #expect(result.repairs.map(\.outcome) == [.applied, .undone])
        #expect(machine.node("a.db") == .file(Array("A".utf8), mode: .privateFile))
    }

    @Test func aFullDiskFailsTheWholeTransaction() async throws {
        let machine = FakeMachine(["a.db": FakeMachine.text("")])
        let check = LinesCheck(database: try path("a.db"), wanted: ["A": "A", "B": "FULL"])
        let result = await run(machine, [check], .heal)
        #expect(result.repairs.map(\.outcome) == [.failed, .failed])
        #expect(result.repairs[0].reason == "a.db: the disk is full")
        #expect(machine.node("a.db") == FakeMachine.text(""))
    }

    @Test func whatAnotherProcessDidMeanwhileIsNotDoneAgain() async throws {
        let machine = FakeMachine(["a.db": FakeMachine.text("")])
        let check = RacingCheck(inner: LinesCheck(database: try path("a.db"), wanted: ["A": "A"]), machine: machine)
        let result = await run(machine, [check], .heal)
        #expect(result.repairs.map(\.outcome) == [.unneeded])
        #expect(result.checks[0].status == .healed)
        #expect(!machine.changes.contains("execute A"))
    }

    @Test(arguments: [Risk.medium, .high, .critical]) func riskAboveTheLimitIsWithheld(risk: Risk) async throws {
        let machine = FakeMachine()
        let result = await run(machine, [DirectoryCheck(path: try path("a"), risk: risk)], .heal, maxRisk: .low)
        #expect(machine.changes.isEmpty && result.repairs.isEmpty && recorder.events.isEmpty)
        #expect(result.plan?.repairs[0].withheld != nil)
        #expect(result.checks[0].status == .critical)
    }

    @Test func criticalRiskIsNeverPerformed() async throws {
        let machine = FakeMachine()
        let result = await run(
            machine, [DirectoryCheck(path: try path("a"), risk: .critical)], .heal, maxRisk: .critical)
        #expect(machine.changes.isEmpty)
        #expect(result.plan?.repairs[0].withheld?.contains("without a person") == true)
    }

    @Test func withoutARecordNothingIsChanged() async throws {
        let machine = FakeMachine()
        recorder.state.withLock { $0.refusesToBegin = true }
        let result = await run(machine, [DirectoryCheck(path: try path("a"))], .heal)
        #expect(machine.changes.isEmpty)
        #expect(result.faults.count == 1)
        #expect(ExitStatus.verdict(checks: result.checks, faults: result.faults) == .critical)
    }

    @Test func anOutcomeThatCannotBeWrittenIsAFault() async throws {
        recorder.state.withLock { $0.refusesToFinish = true }
        let result = await run(FakeMachine(), [DirectoryCheck(path: try path("a"))], .heal)
        #expect(result.checks[0].status == .healed)
        #expect(result.faults.count == 1)
    }

    @Test func aKilledRunIsNamedAndTidiedUp() async throws {
        let killed = InterruptedRun(run: 3, tool: "auto-heal", startedAt: 0, intents: [])
        recorder.state.withLock { $0.interrupted = [killed] }
        let machine = FakeMachine(["a": .directory(mode: .directory)])
        let check = DirectoryCheck(path: try path("a"))
        let looked = await run(machine, [check], .check)
        #expect(looked.notes == ["run 3 of auto-heal was interrupted; the next heal tidies up after it"])
        #expect(recorder.events.isEmpty)
        let healed = await run(machine, [check], .heal)
        #expect(healed.notes.count == 1)
        #expect(recorder.events == ["close 3: run 3 of auto-heal had been interrupted; nothing was left behind"])
    }

    @Test func halfABackupOfAKilledRunIsRemovedAndAWholeOneKept() async throws {
        let folder = ".selfheal/backups/data/a.db"
        let whole = "\(folder)/20260131T120000.250Z-run3.db"
        let half = "\(folder)/.20260131T120000.300Z-run3-2.db.selfheal-4711-0"
        let repair = Repair(
            "", done: "", detail: "", risk: .medium,
            steps: [.rewriteDatabase(database: try path("data/a.db"), statements: [], proofs: [])])
        let intent = PlannedRepair(finding: Finding.Key(id: "sqlite.table.different", subject: "a"), repair: repair)
        recorder.state.withLock {
            $0.interrupted = [InterruptedRun(run: 3, tool: "auto-heal", startedAt: 0, intents: [intent])]
        }
        let machine = FakeMachine([
            "a": .directory(mode: .directory), folder: .directory(mode: .directory),
            whole: .file([1], mode: .privateFile), half: .file([1], mode: .privateFile),
        ])
        let result = await run(machine, [DirectoryCheck(path: try path("a"))], .heal)
        #expect(result.notes == ["run 3 of auto-heal had been interrupted; removed \(half)"])
        #expect(try machine.names(in: try path(folder)) == ["20260131T120000.250Z-run3.db"])
    }

    @Test func couldNotLookIsUnknownAndTheManifestMaySayOtherwise() async throws {
        let machine = FakeMachine()
        machine.update { $0.failures["target a"] = .refused(subject: "a", .leavesRoot) }
        let check = DirectoryCheck(path: try path("a"))
        let strict = await run(machine, [check], .check)
        #expect(strict.checks[0].status == .unknown && strict.checks[0].severity == .critical)
        let mild = await run(
            machine, [check], .check, selection: Selection(severities: ["directory.unknown": .warning]))
        #expect(ExitStatus.verdict(checks: mild.checks, faults: []) == .warnings)
        let none = await run(
            machine, [check], .check, selection: Selection(severities: ["directory.unknown": .information]))
        #expect(ExitStatus.verdict(checks: none.checks, faults: []) == .ok)
    }

    @Test func severityIsTheManifests() async throws {
        let result = await run(
            FakeMachine(), [DirectoryCheck(path: try path("a"))], .check,
            selection: Selection(severities: ["directory.missing": .information]))
        #expect(result.checks[0].status == .ok && result.checks[0].findings.count == 1)
    }

    @Test func selectionLeavesOutWhatItDoesNotName() async throws {
        let checks: [any Check] = [
            DirectoryCheck(path: try path("data")), LinesCheck(database: try path("data/a.db"), wanted: ["A": "A"]),
        ]
        let machine = FakeMachine()
        #expect(
            await run(machine, checks, .check, selection: Selection(only: ["lines"])).checks.map(\.check) == ["lines"])
        #expect(await run(machine, checks, .check, selection: Selection(domains: [.filesystem])).checks.count == 1)
        let skipped = await run(machine, checks, .heal, selection: Selection(skip: ["directory.missing"]))
        #expect(skipped.checks[0].status == .ok)
        #expect(!machine.changes.contains("createDirectory data"))
    }

    @Test func whatComesToLightByMendingIsMendedToo() async throws {
        let machine = FakeMachine()
        let result = await run(machine, [UnfoldingCheck(path: try path("a"), next: try path("a/b"))], .heal)
        #expect(result.repairs.map(\.repair.doing) == ["Creating a", "Creating a/b"])
        #expect(result.checks.map(\.status) == [.healed])
        #expect(result.plan?.repairs.count == 2)
        #expect(recorder.events == ["begin 1", "finish 1 exit 1", "begin 1", "finish 1 exit 0"])
    }

    @Test func checksThatWaitForEachOtherAreNamed() async throws {
        let checks: [any Check] = [
            WaitingCheck(subject: "a", wants: try path("b"), gives: try path("a")),
            WaitingCheck(subject: "b", wants: try path("a"), gives: try path("b")),
        ]
        let result = await run(FakeMachine(), checks, .heal)
        #expect(result.checks.allSatisfy { $0.status == .unknown && $0.reason?.contains("circle") == true })
    }

    @Test(arguments: [1, 2, 64]) func atMostSoManyLookAtOnce(jobs: Int) async throws {
        let counter = Counter()
        let checks: [any Check] = (0..<40).map { CountingCheck(subject: "\($0)", counter: counter) }
        let result = await run(FakeMachine(), checks, .check, jobs: jobs)
        #expect(result.checks.map(\.subject) == (0..<40).map(String.init))
        #expect(counter.highest <= jobs)
    }

    @Test func selectorsThatNameNothingAreFound() {
        let descriptors = [DirectoryCheck.descriptor, LinesCheck.descriptor]
        #expect(Selection.unknownSelector(in: ["directory", "lines.file", "lines.unknown"], among: descriptors) == nil)
        let wrong = Selection.unknownSelector(in: ["directory.mising"], among: descriptors)
        #expect(wrong?.selector == "directory.mising" && wrong?.suggestion == "directory.missing")
    }
}
