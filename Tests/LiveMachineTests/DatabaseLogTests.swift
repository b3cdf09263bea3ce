import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

/// Logs and journals beside a database, and the processes that have left them or are at work on them. A look does not change
/// them either.
@Suite struct DatabaseLogTests {
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

    @Test func aLogThatAKilledProcessLeft() async throws {
        try await Databases.plain(file)
        try await Databases.killedLogWriter(file)
        #expect(try sandbox.names() == ["a.db", "a.db-shm", "a.db-wal"])
        #expect(try await unchanged { try await count("late") } == 3)
    }

    @Test func aLogWithoutItsIndex() async throws {
        try await Databases.plain(file)
        try await Databases.killedLogWriter(file)
        try FileManager.default.removeItem(atPath: file + "-shm")
        #expect(try await unchanged { try await count("late") } == 3)
    }

    /// As a kill leaves it between the making of the index and the setting of its mode, which SQLite would catch up on.
    @Test func aLogWithAnEmptyIndex() async throws {
        try await Databases.plain(file)
        try await Databases.killedLogWriter(file)
        try FileManager.default.removeItem(atPath: file + "-shm")
        #expect(FileManager.default.createFile(atPath: file + "-shm", contents: nil))
        try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file + "-shm")
        #expect(try await unchanged { try await count("late") } == 3)
    }

    /// SQLite looks into a log whatever the header says, and would make an index for it.
    @Test(arguments: ["", "x", String(repeating: "\0", count: 5000)])
    func aStrayLogBesideADatabaseThatKeepsNone(_ text: String) async throws {
        try await Databases.plain(file)
        try sandbox.write("a.db-wal", text)
        #expect(try await unchanged { try await count() } == 10)
        let mode = try await machine.readDatabase(path("a.db")) { connection throws(MachineError) in
            try connection.rows("PRAGMA journal_mode")
        }
        // With a log that is not empty SQLite itself says so.
        #expect(mode == [[.text(text.isEmpty ? "delete" : "wal")]])
    }

    @Test func aLogWithoutItsIndexWhileAnotherProcessReads() async throws {
        try await Databases.plain(file)
        try await Databases.killedLogWriter(file)
        try FileManager.default.removeItem(atPath: file + "-shm")
        // Whoever holds the file open without its index keeps the lock that would be needed.
        try await OtherProcess.python(
            """
            import fcntl, os, sys
            file = os.open(sys.argv[1], os.O_RDONLY)
            fcntl.lockf(file, fcntl.LOCK_SH, 510, 0x40000002)
            print('ready', flush=True)
            sys.stdin.read()
            """, file
        ) { () async throws -> Void in
            guard case .busy = await fault() else {
                Issue.record("not busy")
                return
            }
        }
    }

    @Test func anEmptyLog() async throws {
        try await Databases.plain(file, pragmas: "PRAGMA journal_mode=WAL;")
        try sandbox.write("a.db-wal", "")
        #expect(try await unchanged { try await count() } == 10)
    }

    @Test func aLogOfAProcessThatIsAtWork() async throws {
        try await Databases.plain(file, pragmas: "PRAGMA journal_mode=WAL;")
        let holder = Databases.holder(
            "PRAGMA wal_autocheckpoint=0; CREATE TABLE late (x); INSERT INTO late VALUES (1), (2)")
        try await OtherProcess.python(holder, file) { () async throws -> Void in
            #expect(try await count("late") == 2)
            #expect(try await count() == 10)
            #expect(try sandbox.names() == ["a.db", "a.db-shm", "a.db-wal"])
        }
        // Its index was spoilt, by another process that was killed while it wrote there: whoever comes next builds it again.
        let once = Databases.holder("PRAGMA wal_autocheckpoint=0; INSERT INTO t (text) VALUES ('new')")
        try await OtherProcess.python(once, file) { () async throws -> Void in
            let handle = try FileHandle(forUpdating: URL(filePath: file + "-shm"))
            try handle.write(contentsOf: Data(repeating: 7, count: 20))
            try handle.close()
            #expect(try await count() == 11)
        }
        // A writer in the middle of its transaction shows what was committed.
        let writer = Databases.holder("BEGIN IMMEDIATE; DELETE FROM t")
        try await OtherProcess.python(writer, file) { () async throws -> Void in
            #expect(try await count() == 11)
        }
    }

    @Test func aHotJournalIsNamedAndLeft() async throws {
        try await Databases.plain(file, rows: 5000)
        try await Databases.killedWriter(file)
        #expect(try sandbox.names() == ["a.db", "a.db-journal"])
        #expect(try await unchanged { await fault() } == .hotJournal)
    }

    /// Nothing is said about the file before its journal is rolled back: here its first page is not even one of a database.
    @Test func aHotJournalComesBeforeEveryOtherVerdict() async throws {
        try await Databases.plain(file, rows: 5000)
        try await Databases.killedWriter(file)
        let handle = try FileHandle(forUpdating: URL(filePath: file))
        try handle.write(contentsOf: Data("this is no database".utf8))
        try handle.truncate(atOffset: 50_000)
        try handle.close()
        #expect(try await unchanged { await fault() } == .hotJournal)
        try FileManager.default.removeItem(atPath: file)
        try sandbox.write("a.db", "torn")
        #expect(try await unchanged { await fault() } == .hotJournal)
    }

    @Test func aHotJournalBesideADatabaseThatKeepsALog() async throws {
        try await Databases.plain(file, rows: 5000)
        try await Databases.killedWriter(file)
        let handle = try FileHandle(forUpdating: URL(filePath: file))
        try handle.seek(toOffset: 18)
        try handle.write(contentsOf: Data([2, 2]))
        try handle.close()
        #expect(try await unchanged { await fault() } == .hotJournal)
    }

    @Test func aJournalThatIsDone() async throws {
        try await Databases.plain(file)
        try sandbox.write("a.db-journal", String(repeating: "\0", count: 512))
        #expect(try await unchanged { try await count() } == 10)
        try sandbox.write("a.db-journal", "")
        #expect(try await unchanged { try await count() } == 10)
    }

    /// A log that appears during the look: the process that has made it is still at work.
    @Test func aLogThatAppears() async throws {
        try await Databases.plain(file, pragmas: "PRAGMA journal_mode=WAL;")
        let name = file
        let writer = Process()
        let input = Pipe()
        writer.executableURL = URL(filePath: "/usr/bin/env")
        writer.arguments = ["python3", "-c", Databases.holder("PRAGMA wal_autocheckpoint=0; DELETE FROM t"), name]
        writer.standardInput = input
        let output = Pipe()
        writer.standardOutput = output
        let rows = try await machine.readDatabase(path("a.db")) { connection throws(MachineError) in
            if !writer.isRunning {
                try? writer.run()
                _ = output.fileHandleForReading.availableData
            }
            return try connection.rows("SELECT count(*) FROM t")
        }
        #expect(rows == [[.integer(0)]])
        try input.fileHandleForWriting.close()
        writer.waitUntilExit()
    }

    /// One transaction: what another process commits meanwhile is not half seen.
    @Test func aLookSeesOneMoment() async throws {
        try await Databases.plain(file, pragmas: "PRAGMA journal_mode=WAL;")
        let name = file
        // Without a log first, so that the look must notice that one appears and look again.
        let counts = try await machine.readDatabase(path("a.db")) { connection throws(MachineError) -> [[[SQLValue]]] in
            let first = try connection.rows("SELECT count(*) FROM t")
            if first == [[.integer(10)]] {
                let shell = Process()
                shell.executableURL = URL(filePath: "/usr/bin/env")
                shell.arguments = ["sqlite3", name, "INSERT INTO t (text) VALUES ('new')"]
                try? shell.run()
                shell.waitUntilExit()
            }
            return [first, try connection.rows("SELECT count(*) FROM t")]
        }
        #expect(counts == [[[.integer(11)]], [[.integer(11)]]])
    }
}
