import Foundation
import HealKit
import HealModel
import LiveMachine
import Testing

@testable import Journal

@Suite struct JournalTests {
    let folder: JournalFolder
    let journal: Journal

    init() throws {
        folder = try JournalFolder()
        journal = try folder.journal()
    }

    private func begin() throws -> Int64 { try journal.begin(Example.header, intents: Example.intents()) }

    @Test func lookingMakesNothing() throws {
        #expect(try journal.runs(limit: 10).isEmpty)
        #expect(try journal.run(1) == nil)
        #expect(try journal.unfinished().isEmpty)
        #expect(try folder.names("").isEmpty)
    }

    @Test func aRunFromItsIntentToItsOutcome() throws {
        let intents = try Example.intents()
        let run = try begin()
        #expect(run == 1)
        #expect(try folder.names() == [".gitignore", "journal.db", "unfinished"])
        #expect(folder.mode(".selfheal") == 0o700)
        for name in try folder.names() { #expect(folder.mode(".selfheal/\(name)") == 0o600) }
        #expect(try String(contentsOfFile: folder.path(".selfheal/.gitignore"), encoding: .utf8) == "*\n")

        let begun = try #require(try journal.run(run))
        #expect(begun.header == Example.header)
        #expect(begun.state == .begun)
        #expect(begun.repairs.map(\.planned) == intents)
        #expect(begun.repairs.allSatisfy { $0.outcome == nil })

        let records = intents.enumerated().map { index, intent in
            Example.record(intent, index == 2 ? .failed : .applied, reason: index == 2 ? "no" : nil)
        }
        try journal.finish(run, records: records, exitStatus: 2, durationMicroseconds: 99)
        #expect(try folder.names() == [".gitignore", "journal.db"])
        let finished = try #require(try journal.run(run))
        #expect(finished.state == .finished)
        #expect(finished.exitStatus == 2)
        #expect(finished.durationMicroseconds == 99)
        #expect(finished.repairs.map(\.outcome) == intents.indices.map { $0 == 2 ? .failed : .applied })
        #expect(finished.repairs[2].reason == "no")
        #expect(finished.repairs[0].before == "before" && finished.repairs[0].after == "after")
        #expect(finished.repairs[0].durationMicroseconds == 1234)
        #expect(try journal.unfinished().isEmpty)
    }

    @Test func whatWasDoneInsteadOfTheIntentIsWhatStays() throws {
        let intents = try Example.intents()
        let run = try begin()
        var changed = Example.record(intents[4])
        changed.repair = Repair("Other", done: "Other", detail: "CREATE …", risk: .medium, steps: [])
        var unplanned = Example.record(intents[0])
        unplanned.finding.subject = "found only inside the transaction"
        try journal.finish(run, records: [changed, unplanned], exitStatus: 0, durationMicroseconds: 0)
        let repairs = try #require(try journal.run(run)).repairs
        #expect(repairs.count == intents.count + 1)
        #expect(repairs[4].repair == changed.repair)
        #expect(repairs.last?.finding == unplanned.finding)
    }

    @Test func historyIsNewestFirst() throws {
        for status: Int32 in 0...4 {
            try journal.finish(try begin(), records: [], exitStatus: status, durationMicroseconds: 0)
        }
        #expect(try journal.runs(limit: 3).map(\.exitStatus) == [4, 3, 2])
        #expect(try journal.runs(limit: 3).map(\.id) == [5, 4, 3])
        let before = try folder.listing()
        let reader = try folder.journal(mayChange: false)
        #expect(try reader.runs(limit: 100).count == 5)
        #expect(try reader.run(5)?.repairs.count == Example.intents().count)
        #expect(try reader.run(77) == nil)
        #expect(try folder.listing() == before)
    }

    @Test func onlySoManyRunsAreKept() throws {
        let journal = try folder.journal(runLimit: 3)
        for _ in 0..<6 {
            let run = try journal.begin(Example.header, intents: Example.intents())
            try journal.finish(run, records: [], exitStatus: 0, durationMicroseconds: 0)
        }
        #expect(try journal.runs(limit: 100).map(\.id) == [6, 5, 4])
        #expect(
            try folder.python(
                "import sqlite3, sys; sys.exit(sqlite3.connect(sys.argv[1]).execute('SELECT count(*) FROM repair').fetchone()[0])"
            ) == 3 * Example.intents().count)
    }

    @Test func theSameFindingTwice() throws {
        let intent = try Example.intents()[0]
        let run = try journal.begin(Example.header, intents: [intent, intent])
        #expect(try journal.run(run)?.repairs.count == 1)
    }

    // MARK: Killed runs

    @Test func aKilledRunIsFoundAndClosed() throws {
        let run = try begin()
        // The next process.
        let next = try folder.journal()
        let killed = try next.unfinished()
        #expect(killed.map(\.id) == [run])
        #expect(killed[0].repairs.map(\.planned) == (try Example.intents()))
        // One that only looks sees the same and leaves it.
        let before = try folder.listing()
        #expect(try folder.journal(mayChange: false).unfinished() == killed)
        #expect(try folder.listing() == before)

        try next.markInterrupted(run, note: "removed one file")
        #expect(try next.unfinished().isEmpty)
        let closed = try #require(try next.run(run))
        #expect(closed.state == .interrupted)
        #expect(closed.note == "removed one file")
        #expect(try folder.names() == [".gitignore", "journal.db"])
    }

    @Test func killedBetweenItsOutcomeAndItsMarker() throws {
        let run = try begin()
        let marker = try Data(contentsOf: URL(filePath: folder.path(".selfheal/unfinished")))
        try journal.finish(run, records: [], exitStatus: 0, durationMicroseconds: 0)
        try marker.write(to: URL(filePath: folder.path(".selfheal/unfinished")))
        let before = try folder.listing()
        #expect(try folder.journal(mayChange: false).unfinished().isEmpty)
        #expect(try folder.listing() == before)
        #expect(try journal.unfinished().isEmpty)
        #expect(try folder.names() == [".gitignore", "journal.db"])
        #expect(try begin() == 2)
    }

    /// Its marker could not be removed, so perhaps a temporary file could not be either.
    @Test(arguments: [Outcome.failed, .refused, .undone]) func oneThatFailedAndLeftItsMarkerIsTidiedUpAfter(
        _ outcome: Outcome
    ) throws {
        let run = try begin()
        let marker = try Data(contentsOf: URL(filePath: folder.path(".selfheal/unfinished")))
        let intents = try Example.intents()
        var record = Example.record(intents[0])
        record.outcome = outcome
        try journal.finish(run, records: [record], exitStatus: 1, durationMicroseconds: 0)
        try marker.write(to: URL(filePath: folder.path(".selfheal/unfinished")))
        #expect(try folder.journal(mayChange: false).unfinished().map(\.id) == [run])
        #expect(try journal.unfinished().map(\.repairs.count) == [intents.count])
        try journal.markInterrupted(run, note: "removed one file")
        #expect(try journal.unfinished().isEmpty)
        #expect(try journal.run(run)?.state == .finished)
        #expect(try folder.names() == [".gitignore", "journal.db"])
    }

    @Test func killedBetweenItsIntentAndItsMarker() throws {
        _ = try begin()
        try FileManager.default.removeItem(atPath: folder.path(".selfheal/unfinished"))
        #expect(try journal.unfinished().isEmpty)
        _ = try begin()
        #expect(try journal.run(1)?.state == .interrupted)
        #expect(try journal.run(1)?.note == "ended before it changed anything")
        #expect(try journal.run(2)?.state == .begun)
    }

    @Test func killedWhileItMadeItsFiles() throws {
        _ = try journal.finish(try begin(), records: [], exitStatus: 0, durationMicroseconds: 0)
        for name in ["unfinished", ".gitignore", "journal.db"] {
            try Data().write(to: URL(filePath: folder.path(".selfheal/.\(name).selfheal-4194304-abc")))
        }
        _ = try begin()
        #expect(try folder.names() == [".gitignore", "journal.db", "unfinished"])
    }

    @Test func killedBeforeItsFirstEntry() throws {
        try FileManager.default.createDirectory(atPath: folder.path(".selfheal"), withIntermediateDirectories: false)
        try Data().write(to: URL(filePath: folder.path(".selfheal/journal.db")))
        #expect(try journal.runs(limit: 10).isEmpty)
        try folder.python(
            "import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE grdb_migrations (identifier TEXT NOT NULL PRIMARY KEY)')"
        )
        #expect(try journal.runs(limit: 10).isEmpty)
        #expect(try begin() == 1)
    }

    @Test func aMarkerWithoutAJournal() throws {
        let run = try begin()
        try FileManager.default.removeItem(atPath: folder.path(".selfheal/journal.db"))
        let killed = try journal.unfinished()
        #expect(killed.map(\.id) == [run])
        #expect(killed[0].header.tool == "auto-heal")
        #expect(killed[0].header.startedAt == Example.header.startedAt)
        #expect(killed[0].repairs.isEmpty)
        try journal.markInterrupted(run, note: "x")
        #expect(try folder.names() == [".gitignore"])
    }

    @Test(arguments: ["", "nonsense", "\n\n\n", "12"])
    func aMarkerThatSaysNothing(_ text: String) throws {
        _ = try begin()
        try Data(text.utf8).write(to: URL(filePath: folder.path(".selfheal/unfinished")))
        #expect(try journal.unfinished().map(\.id) == [1])
        try journal.markInterrupted(1, note: "x")
        #expect(try journal.unfinished().isEmpty)
        #expect(try folder.names() == [".gitignore", "journal.db"])
    }

    @Test func markersAreOneLineEach() {
        let marker = Marker(run: 7, tool: "a\nb\0c", startedAt: 5)
        #expect(String(decoding: marker.contents, as: UTF8.self) == "7\n5\nabc\n")
        #expect(Marker(contents: marker.contents) == Marker(run: 7, tool: "abc", startedAt: 5))
    }

    // MARK: What must not be used

    @Test func aRunThatMayChangeNothingBeginsNothing() throws {
        let reader = try folder.journal(mayChange: false)
        #expect(
            failure { try reader.begin(Example.header, intents: []) }
                == .machine(.refused(subject: ".selfheal", .readOnlyRun)))
        #expect(try folder.names("").isEmpty)
    }

    @Test func aFolderThatIsNone() throws {
        try Data().write(to: URL(filePath: folder.path(".selfheal")))
        #expect(
            failure { try begin() } == .machine(.refused(subject: ".selfheal", .kind(.regular, wanted: .directory))))
        try FileManager.default.removeItem(atPath: folder.path(".selfheal"))
        try FileManager.default.createDirectory(atPath: folder.path("elsewhere"), withIntermediateDirectories: false)
        try FileManager.default.createSymbolicLink(atPath: folder.path(".selfheal"), withDestinationPath: "elsewhere")
        #expect(failure { try begin() } == .machine(.refused(subject: ".selfheal", .symbolicLink)))
        #expect(try folder.names("elsewhere").isEmpty)
    }

    @Test func aDatabaseOrMarkerThatIsNone() throws {
        try FileManager.default.createDirectory(atPath: folder.path(".selfheal"), withIntermediateDirectories: false)
        mkfifo(folder.path(".selfheal/journal.db"), 0o600)
        let fifo = JournalError.machine(.refused(subject: ".selfheal/journal.db", .kind(.fifo, wanted: .regular)))
        #expect(failure { try begin() } == fifo)
        #expect(failure { try journal.runs(limit: 1) } == fifo)
        mkfifo(folder.path(".selfheal/unfinished"), 0o600)
        #expect(
            failure { try journal.unfinished() }
                == .machine(.refused(subject: ".selfheal/unfinished", .kind(.fifo, wanted: .regular))))
    }

    @Test func whatWasDamagedNewerOrForeignIsNotWritten() throws {
        let run = try begin()
        try journal.finish(run, records: [], exitStatus: 0, durationMicroseconds: 0)
        let file = folder.path(".selfheal/journal.db")
        let good = try Data(contentsOf: URL(filePath: file))

        try folder.python(
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(\"INSERT INTO grdb_migrations VALUES ('of the future')\"); c.commit()"
        )
        #expect(failure { try begin() } == .newer)
        #expect(failure { try journal.runs(limit: 1) } == .newer)

        try Data("this is text, and no database at all".utf8).write(to: URL(filePath: file))
        #expect(failure { try begin() } == .database(.notADatabase))

        var torn = good
        torn.replaceSubrange(100..<110, with: Data(repeating: 0xFF, count: 10))
        try torn.write(to: URL(filePath: file))
        guard case .database(.damaged) = failure({ try begin() }) else {
            Issue.record("not damaged")
            return
        }
        try FileManager.default.removeItem(atPath: file)
        try folder.python("import sqlite3, sys; sqlite3.connect(sys.argv[1]).execute('CREATE TABLE t (x)')")
        #expect(failure { try begin() } == .foreign)
        #expect(try folder.names() == [".gitignore", "journal.db"])
    }

    @Test(arguments: [
        "UPDATE run SET mode = 'x'", "UPDATE repair SET risk = 'x'", "UPDATE repair SET steps = '{'",
        "UPDATE repair SET outcome = 'x'",
    ])
    func anEntryThatCannotBeRead(_ sql: String) throws {
        let run = try begin()
        try folder.python("import sqlite3, sys; c = sqlite3.connect(sys.argv[1]); c.execute(\"\(sql)\"); c.commit()")
        #expect(failure { try journal.run(run) } == .unreadable(run: run))
    }

    /// A process that was killed while it wrote the journal itself.
    private func killWriter() throws {
        try folder.python(
            """
            import os, sqlite3, sys
            connection = sqlite3.connect(sys.argv[1], isolation_level=None)
            connection.execute("PRAGMA cache_size=2")
            connection.execute("BEGIN IMMEDIATE")
            for number in range(2000):
                connection.execute("INSERT INTO repair (run, position, finding, subject, doing, done, detail, risk, steps) VALUES (1, ?, ?, ?, '', '', '', 'low', '[]')", (number + 100, 'f', str(number) * 20))
            os._exit(0)
            """)
        #expect(try folder.names().contains("journal.db-journal"))
    }

    @Test func killedWhileItWroteItsOutcome() throws {
        let run = try begin()
        try killWriter()
        // One that only looks says what the marker says.
        let before = try folder.listing()
        let reader = try folder.journal(mayChange: false)
        #expect(try reader.unfinished().map(\.id) == [run])
        #expect(failure { try reader.runs(limit: 1) } == .database(.hotJournal))
        #expect(try folder.listing() == before)
        // One that may change rolls it back, and knows all.
        #expect(try journal.unfinished().map(\.repairs.count) == [Example.intents().count])
        #expect(try folder.names() == [".gitignore", "journal.db", "unfinished"])
    }

    @Test func aFullDiskIsSaidSoAndNothingIsHalfWritten() async throws {
        _ = try journal.finish(try begin(), records: [], exitStatus: 0, durationMicroseconds: 0)
        let before = try journal.runs(limit: 10)
        await #expect(processExitsWith: .exitCode(0)) { [root = folder.root.path as String] in
            signal(SIGXFSZ, SIG_IGN)
            let machine = try LiveMachine(root: root, mayChange: true, environment: [:])
            let intent = PlannedRepair(
                finding: Finding.Key(id: "x", subject: "x"),
                repair: Repair("x", done: "x", detail: String(repeating: "x", count: 100_000), risk: .low, steps: []))
            // A stand-in for a full disk. Lifted again, because a process that measures coverage writes a file at its end.
            let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
            var whole = rlimit()
            getrlimit(resource, &whole)
            var limit = rlimit(rlim_cur: 30_000, rlim_max: whole.rlim_max)
            setrlimit(resource, &limit)
            let error = failure { try Journal(machine: machine, root: root).begin(Example.header, intents: [intent]) }
            setrlimit(resource, &whole)
            guard case .database(let fault) = error else { exit(1) }
            switch fault {
            case .diskFull, .io: exit(0)
            default: exit(2)
            }
        }
        #expect(try journal.runs(limit: 10) == before)
        #expect(try folder.names() == [".gitignore", "journal.db"])
    }

    @Test func aReaderIsWaitedForAndThenSaidSo() throws {
        let run = try begin()
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = [
            "python3", "-c",
            "import sqlite3, sys; c = sqlite3.connect(sys.argv[1], isolation_level=None); c.execute('BEGIN IMMEDIATE'); print('ready', flush=True); sys.stdin.read()",
            folder.path(".selfheal/journal.db"),
        ]
        let output = Pipe()
        let input = Pipe()
        process.standardOutput = output
        process.standardInput = input
        try process.run()
        _ = output.fileHandleForReading.availableData
        guard
            case .database(.busy) = failure({
                try journal.finish(run, records: [], exitStatus: 0, durationMicroseconds: 0)
            })
        else {
            Issue.record("not busy")
            return
        }
        try input.fileHandleForWriting.close()
        process.waitUntilExit()
        try journal.finish(run, records: [], exitStatus: 0, durationMicroseconds: 0)
    }

    @Test func everyErrorHasItsSentence() {
        let errors: [JournalError] = [
            .machine(.cancelled), .database(.diskFull), .database(.notADatabase), .newer, .foreign, .unreadable(run: 7),
        ]
        for error in errors {
            #expect(!error.explanation.isEmpty && !error.explanation.hasSuffix("."))
        }
        #expect(JournalError.database(.diskFull).explanation == ".selfheal/journal.db: the disk is full")
        #expect(JournalError(CancellationError()) == .database(.io("CancellationError")))
        #expect(JournalError(JournalError.newer) == .newer)
        #expect(JournalError(MachineError.cancelled) == .machine(.cancelled))
    }
}
