import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

/// A look changes nothing, whatever state the database is in. Each test compares all of the root before and after: names,
/// sizes, times and contents.
@Suite struct ReadDatabaseTests {
    let sandbox: Sandbox
    let machine: LiveMachine
    var file: String { sandbox.path("a.db") }

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine(mayChange: false)
    }

    private func count(_ table: String = "t", _ name: String = "a.db") async throws -> Int64? {
        try await machine.readDatabase(path(name)) { connection throws(MachineError) in
            try connection.rows("SELECT count(*) FROM \(table)").first?.first?.integer
        }
    }

    private func fault(_ name: String = "a.db") async -> MachineError.DatabaseFault? {
        switch await asyncFailure({ try await count("t", name) }) {
        case .database(let subject, let fault) where subject == name: fault
        default: nil
        }
    }

    private func unchanged<Value>(_ body: () async throws -> Value) async throws -> Value {
        let before = try sandbox.listing()
        let value = try await body()
        #expect(try sandbox.listing() == before)
        return value
    }

    // MARK: Healthy ones

    @Test(arguments: ["DELETE", "TRUNCATE", "PERSIST", "MEMORY", "WAL"])
    func aHealthyOne(_ mode: String) async throws {
        try await Databases.plain(file, pragmas: "PRAGMA journal_mode=\(mode);")
        #expect(try await unchanged { try await count() } == 10)
        for sql in ["PRAGMA journal_mode", "pragma  main.journal_mode ;"] {
            let answer = try await machine.readDatabase(path("a.db")) { connection throws(MachineError) in
                try connection.rows(sql)
            }
            #expect(answer == [[.text(mode == "WAL" ? "wal" : "delete")]])
        }
    }

    @Test(arguments: [
        "PRAGMA page_size=512;", "PRAGMA page_size=65536;", "PRAGMA encoding='UTF-16';", "PRAGMA auto_vacuum=1;",
    ])
    func ofAnyForm(_ pragmas: String) async throws {
        try await Databases.plain(file, pragmas: pragmas)
        #expect(try await unchanged { try await count() } == 10)
    }

    @Test(arguments: ["a b.db", "ü?x=1#y%41&mode=memory.db", "'quote\".db", ":memory:", "file:x"])
    func ofAnyName(_ name: String) async throws {
        for mode in ["DELETE", "WAL"] {
            try await Databases.plain("./" + name, in: sandbox.root.path, pragmas: "PRAGMA journal_mode=\(mode);")
            #expect(try await unchanged { try await count("t", name) } == 10)
            try FileManager.default.removeItem(atPath: sandbox.path(name))
        }
    }

    @Test func throughALinkItsSideFilesAreBesideTheFile() async throws {
        try sandbox.makeDirectory("real")
        try await Databases.plain(sandbox.path("real/b.db"))
        try await Databases.killedLogWriter(sandbox.path("real/b.db"))
        try sandbox.link("a.db", to: "real/b.db")
        #expect(try await unchanged { try await count("late") } == 3)
        try sandbox.link("out.db", to: "/etc/passwd")
        let error = await asyncFailure { try await count("t", "out.db") }
        #expect(error == .refused(subject: "out.db", .leavesRoot))
    }

    @Test func outsideTheRootWhenTheManifestSaysSo() async throws {
        let other = sandbox.outside.appending(path: "b.db").path
        try await Databases.plain(other)
        for text in [other, "../outside/b.db"] {
            let outside = try path(text, outsideRoot: true)
            let rows = try await machine.readDatabase(outside) { connection throws(MachineError) in
                try connection.rows("SELECT count(*) FROM t")
            }
            #expect(rows == [[.integer(10)]])
        }
    }

    // MARK: Not a database

    @Test func nothing() async throws {
        #expect(await fault() == .missing)
        #expect(await fault("no/such/folder.db") == .missing)
        try sandbox.link("dangling.db", to: "nowhere")
        #expect(await fault("dangling.db") == .missing)
    }

    @Test func emptyShortAndForeignFiles() async throws {
        try sandbox.write("a.db", "")
        #expect(try await unchanged { await fault() } == .empty)
        // SQLite takes one byte for an empty database.
        for text in [
            "x", "SQLite format 3\0", String(repeating: "x", count: 99), String(repeating: "text\n", count: 5000),
        ] {
            try sandbox.write("a.db", text)
            #expect(try await unchanged { await fault() } == .notADatabase, "\(text.count)")
        }
        try sandbox.write("a.db-journal", String(repeating: "\0", count: 600))
        try sandbox.write("a.db", "x")
        #expect(try await unchanged { await fault() } == .notADatabase)
    }

    /// SQLite would remove the log, which holds all there is.
    @Test func anEmptyFileWithALogThatIsNot() async throws {
        try await Databases.plain(file)
        try await Databases.killedLogWriter(file)
        try sandbox.write("a.db", "")
        let result = try await unchanged { await fault() }
        guard case .damaged = result else {
            Issue.record("\(String(describing: result))")
            return
        }
    }

    @Test func whatIsNoFile() async throws {
        try sandbox.makeDirectory("a.db")
        mkfifo(sandbox.path("fifo.db"), 0o600)
        let folder = await asyncFailure { try await count() }
        #expect(folder == .refused(subject: "a.db", .kind(.directory, wanted: .regular)))
        let fifo = await asyncFailure { try await count("t", "fifo.db") }
        #expect(fifo == .refused(subject: "fifo.db", .kind(.fifo, wanted: .regular)))
    }

    @Test(arguments: ["-journal", "-wal", "-shm"])
    func aSideFileThatIsNoFileNeverHangs(_ suffix: String) async throws {
        try await Databases.plain(file, pragmas: "PRAGMA journal_mode=WAL;")
        if suffix == "-shm" { try sandbox.write("a.db-wal", "x") }
        mkfifo(file + suffix, 0o600)
        let error = await asyncFailure { try await count() }
        #expect(error == .refused(subject: "a.db\(suffix)", .kind(.fifo, wanted: .regular)))
        unlink(file + suffix)
        try FileManager.default.createSymbolicLink(atPath: file + suffix, withDestinationPath: "/etc/passwd")
        let link = await asyncFailure { try await count() }
        #expect(link == .refused(subject: "a.db\(suffix)", .kind(.symbolicLink, wanted: .regular)))
    }

    // MARK: Damage

    private func patch(_ offset: UInt64, _ bytes: [UInt8]) throws {
        let handle = try FileHandle(forUpdating: URL(filePath: file))
        try handle.seek(toOffset: offset)
        try handle.write(contentsOf: Data(bytes))
        try handle.close()
    }

    @Test(arguments: [1, 500, 4096, 4097, 40_000])
    func cutOff(_ missing: Int64) async throws {
        try await Databases.plain(file, rows: 1000)
        let size = try #require(try machine.status(of: path("a.db"))).size
        truncate(file, Int(size - missing))
        #expect(try await unchanged { await fault() } == .truncated(expected: size, actual: size - missing))
    }

    @Test func cutOffInWALMode() async throws {
        try await Databases.plain(file, rows: 1000, pragmas: "PRAGMA journal_mode=WAL;")
        let size = try #require(try machine.status(of: path("a.db"))).size
        truncate(file, Int(size - 5000))
        #expect(try await unchanged { await fault() } == .truncated(expected: size, actual: size - 5000))
    }

    /// A log may hold what the file does not yet have.
    @Test func shorterThanItsHeaderBecauseOfItsLog() async throws {
        try await Databases.plain(file, rows: 1000)
        try await Databases.killedLogWriter(file)
        #expect(try await unchanged { try await count("late") } == 3)
    }

    @Test func longerThanItsHeaderIsFine() async throws {
        try await Databases.plain(file)
        let size = try #require(try machine.status(of: path("a.db"))).size
        truncate(file, Int(size + 100))
        #expect(try await unchanged { try await count() } == 10)
    }

    @Test func malformedPages() async throws {
        try await Databases.plain(file)
        try patch(100, [0xFF, 0xFF])
        guard case .damaged = try await unchanged({ await fault() }) else {
            Issue.record("not damaged")
            return
        }
    }

    @Test(arguments: [(18, [3, 3]), (19, [3]), (44, [0, 0, 0, 9])] as [(UInt64, [UInt8])])
    func newerFormat(_ offset: UInt64, _ bytes: [UInt8]) async throws {
        try await Databases.plain(file)
        try patch(offset, bytes)
        #expect(try await unchanged { await fault() } == .newerFormat)
    }

    @Test func onlyWritingNeedsANewerSQLite() async throws {
        try await Databases.plain(file)
        try patch(18, [3])
        #expect(try await unchanged { try await count() } == 10)
        let machine = try sandbox.machine()
        let error = await asyncFailure { try await machine.changeDatabase(path("a.db")) { _ in } }
        #expect(error == .database(subject: "a.db", .newerFormat))
    }

    // MARK: Others at work

    @Test func aBusyOneIsWaitedForAndThenSaidSo() async throws {
        try await Databases.plain(file)
        try await OtherProcess.python(Databases.holder("BEGIN EXCLUSIVE"), file) {
            let start = ContinuousClock.now
            guard case .busy(let waited) = await fault() else {
                Issue.record("not busy")
                return
            }
            #expect(waited >= .milliseconds(200) && waited <= ContinuousClock.now - start)
        }
        #expect(try await count() == 10)
    }

    @Test func aLockThatIsReleasedInTime() async throws {
        try await Databases.plain(file)
        let script = Databases.holder("BEGIN EXCLUSIVE").replacing(
            "sys.stdin.read()", with: "import time; time.sleep(0.3)")
        let patient = try sandbox.machine(wait: .seconds(20))
        let rows = try await OtherProcess.python(script, file) {
            try await patient.readDatabase(path("a.db")) { connection throws(MachineError) in
                try connection.rows("SELECT count(*) FROM t")
            }
        }
        #expect(rows == [[.integer(10)]])
    }

    @Test func waitingEndsWhenTheRunIsToStop() async throws {
        try await Databases.plain(file)
        try await OtherProcess.python(Databases.holder("BEGIN EXCLUSIVE"), file) {
            let interruption = Interruption()
            let patient = try sandbox.machine(wait: .seconds(60), interruption: interruption)
            let file = try path("a.db")
            async let error = asyncFailure { try await patient.readDatabase(file) { _ in } }
            try await Task.sleep(for: .milliseconds(100))
            interruption.raise()
            #expect(await error == .cancelled)
            let task = Task {
                let other = try sandbox.machine(wait: .seconds(60))
                return await asyncFailure { try await other.readDatabase(file) { _ in } }
            }
            try await Task.sleep(for: .milliseconds(100))
            task.cancel()
            #expect(try await task.value == .cancelled)
        }
    }

    /// Between the look at the place and the opening somebody has put a link there.
    @Test func whatSQLiteItselfRefusesToOpen() async throws {
        try await Databases.plain(file)
        try sandbox.link("link.db", to: "a.db")
        func opened(_ name: String) throws -> Connection {
            try Connection(
                sandbox.path(name), .readOnly, subject: name,
                patience: Patience(waitLimit: .zero, interruption: Interruption()))
        }
        #expect(failure { try opened("link.db") } == .refused(subject: "link.db", .symbolicLink))
        #expect(failure { try opened("missing.db") } == .database(subject: "missing.db", .missing))
        #expect(failure { try opened("missing/a.db") } == .database(subject: "missing/a.db", .missing))
        try sandbox.makeDirectory("folder")
        guard case .database("folder", .io) = failure({ try opened("folder") }) else {
            Issue.record("a folder was opened")
            return
        }
    }
}
