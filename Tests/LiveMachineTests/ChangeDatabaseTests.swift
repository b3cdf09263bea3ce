import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

@Suite struct ChangeDatabaseTests {
    let sandbox: Sandbox
    let machine: LiveMachine
    var file: String { sandbox.path("a.db") }

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine()
    }

    private func change<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws -> Value {
        try await machine.changeDatabase(path("a.db"), body)
    }

    private func shell(_ sql: String) async throws -> String { try await OtherProcess.sqlite(file, sql) }

    @Test(arguments: ["DELETE", "WAL", "TRUNCATE", "PERSIST"])
    func whatTheBodyDoesIsCommitted(_ mode: String) async throws {
        try await Databases.plain(file, pragmas: "PRAGMA journal_mode=\(mode);")
        chmod(file, 0o640)
        let rows = try await change { connection throws(MachineError) in
            try connection.execute("ALTER TABLE t ADD COLUMN late TEXT; UPDATE t SET late = 'x' WHERE id < 3;")
            return try connection.rows("SELECT count(late) FROM t")
        }
        #expect(rows == [[.integer(2)]])
        let answer = try await shell("SELECT count(late) FROM t; PRAGMA integrity_check; PRAGMA journal_mode")
        #expect(answer == "2\nok\n\(mode == "WAL" ? "wal" : "delete")\n")
        #expect(sandbox.mode("a.db") == 0o640)
        #expect(try sandbox.names() == ["a.db"])
    }

    @Test func theTransactionIsImmediateAndDurable() async throws {
        try await Databases.plain(file)
        let seen = try await change { connection throws(MachineError) in
            [
                try connection.rows("PRAGMA synchronous"), try connection.rows("PRAGMA foreign_keys"),
                try connection.rows("PRAGMA trusted_schema"), try connection.rows("PRAGMA cell_size_check"),
                // Where SQLite does not call its JSON functions harmless, schemas that use them must be trusted.
                try connection.rows(
                    "SELECT min(flags & 0x200000 = 0) FROM pragma_function_list WHERE name = 'json_valid'"),
            ]
        }
        #expect(seen.dropLast() == [[[.integer(3)]], [[.integer(0)]], seen[4], [[.integer(1)]]])
        let name = file
        let other = try await change { connection throws(MachineError) -> String in
            // Nobody else can write meanwhile, from the beginning.
            let process = Process()
            process.executableURL = URL(filePath: "/usr/bin/env")
            process.arguments = ["sqlite3", name, "DELETE FROM t"]
            let pipe = Pipe()
            process.standardError = pipe
            try? process.run()
            process.waitUntilExit()
            return String(decoding: pipe.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        }
        #expect(other.contains("database is locked"))
    }

    @Test func whatFailsIsRolledBack() async throws {
        try await Databases.plain(file)
        let before = try sandbox.read("a.db")
        let refused = MachineError.refused(subject: "a.db", .notHealed)
        let error = await asyncFailure {
            try await change { connection throws(MachineError) in
                try connection.execute("DELETE FROM t; CREATE TABLE other (x)")
                throw refused
            }
        }
        #expect(error == refused)
        let sql = await asyncFailure {
            try await change { connection throws(MachineError) in
                try connection.execute("DELETE FROM t; INSERT INTO missing VALUES (1)")
            }
        }
        guard case .database("a.db", .sql(_, let message, let offset)) = sql else {
            Issue.record("\(String(describing: sql))")
            return
        }
        #expect(message == "no such table: missing")
        #expect(offset == nil)
        #expect(try sandbox.read("a.db") == before)
        #expect(try sandbox.names() == ["a.db"])
    }

    @Test func savepointsWorkInside() async throws {
        try await Databases.plain(file)
        try await change { connection throws(MachineError) in
            try connection.execute(
                "SAVEPOINT one; DELETE FROM t; ROLLBACK TO one; RELEASE one; DELETE FROM t WHERE id = 1")
        }
        #expect(try await shell("SELECT count(*) FROM t") == "9\n")
    }

    /// What a manifest may hold must not get out of the transaction, nor to other files.
    @Test(arguments: [
        "COMMIT", "END", "ROLLBACK", "BEGIN", "ATTACH 'other.db' AS other", "VACUUM INTO 'copy.db'", "VACUUM",
        "PRAGMA journal_mode=WAL", "PRAGMA locking_mode=EXCLUSIVE", "PRAGMA temp_store_directory='/tmp'",
        "PRAGMA writable_schema=ON", "PRAGMA schema_version=99", "PRAGMA wal_checkpoint(TRUNCATE)", "DETACH main",
        "SELECT load_extension('x')",
    ])
    func whatIsNotAllowed(_ sql: String) async throws {
        try await Databases.plain(file)
        let before = try sandbox.read("a.db")
        let error = await asyncFailure {
            try await change { connection throws(MachineError) in
                try connection.execute("DELETE FROM t")
                try connection.execute(sql)
            }
        }
        guard case .database("a.db", .sql) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(try sandbox.read("a.db") == before)
        #expect(try sandbox.names() == ["a.db"])
    }

    @Test func aTriggerThatEndsTheTransaction() async throws {
        try await Databases.plain(file)
        _ = try await shell("CREATE TRIGGER bad BEFORE DELETE ON t BEGIN SELECT RAISE(ROLLBACK, 'no'); END")
        let swallowed = await asyncFailure {
            try await change { connection throws(MachineError) in
                try connection.execute("CREATE TABLE other (x)")
                try? connection.execute("DELETE FROM t")
                // Without a transaction this would be committed at once.
                try connection.execute("CREATE TABLE another (x)")
            }
        }
        guard case .database("a.db", .sql(_, let message, _)) = swallowed else {
            Issue.record("\(String(describing: swallowed))")
            return
        }
        #expect(message.contains("rolled back"))
        let unnoticed = await asyncFailure {
            try await change { connection throws(MachineError) in try? connection.execute("DELETE FROM t") }
        }
        #expect(unnoticed != nil)
        let looked = await asyncFailure {
            try await change { connection throws(MachineError) in
                try? connection.execute("DELETE FROM t")
                _ = try connection.rows("SELECT 1")
            }
        }
        #expect(looked != nil)
        #expect(try await shell("SELECT group_concat(name) FROM sqlite_schema WHERE type = 'table'") == "t\n")
    }

    @Test func whatIsNotThereIsNotMade() async throws {
        #expect(await asyncFailure { try await change { _ in } } == .database(subject: "a.db", .missing))
        try sandbox.write("a.db", "")
        #expect(await asyncFailure { try await change { _ in } } == .database(subject: "a.db", .empty))
        try sandbox.write("a.db", "x")
        #expect(await asyncFailure { try await change { _ in } } == .database(subject: "a.db", .notADatabase))
        try sandbox.write("a.db", String(repeating: "text ", count: 1000))
        #expect(await asyncFailure { try await change { _ in } } == .database(subject: "a.db", .notADatabase))
        #expect(try sandbox.names() == ["a.db"])
        mkfifo(sandbox.path("fifo.db"), 0o600)
        #expect(
            await asyncFailure { try await machine.changeDatabase(path("fifo.db")) { _ in } }
                == .refused(subject: "fifo.db", .kind(.fifo, wanted: .regular)))
    }

    @Test func aTruncatedOneIsLeftAlone() async throws {
        try await Databases.plain(file, rows: 1000)
        let size = try #require(try machine.status(of: path("a.db"))).size
        truncate(file, Int(size - 10))
        let before = try sandbox.listing()
        let error = await asyncFailure {
            try await change { connection throws(MachineError) in try connection.execute("DELETE FROM t") }
        }
        #expect(error == .database(subject: "a.db", .truncated(expected: size, actual: size - 10)))
        #expect(try sandbox.listing() == before)
    }

    // MARK: Journals

    @Test func aHotJournalIsRolledBackByOpeningForWriting() async throws {
        try await Databases.plain(file, rows: 5000)
        try await Databases.killedWriter(file)
        try await machine.recoverJournal(of: path("a.db"))
        #expect(try sandbox.names() == ["a.db"])
        #expect(try await shell("SELECT count(*) FROM t WHERE text LIKE 'lost%'; PRAGMA integrity_check") == "0\nok\n")
        // And in passing, by a change.
        try await Databases.killedWriter(file)
        try await change { connection throws(MachineError) in try connection.execute("DELETE FROM t WHERE id = 1") }
        #expect(
            try await shell("SELECT count(*) FROM t WHERE text LIKE 'lost%'; SELECT count(*) FROM t") == "0\n4999\n")
    }

    @Test func aWriterThatWasKilledInItsFirstTransaction() async throws {
        try await OtherProcess.python(
            """
            import os, sqlite3, sys
            connection = sqlite3.connect(sys.argv[1], isolation_level=None)
            connection.execute("PRAGMA cache_size=5")
            connection.execute("BEGIN IMMEDIATE")
            connection.execute("CREATE TABLE t (text)")
            for i in range(3000): connection.execute("INSERT INTO t VALUES (?)", ("x" * 100,))
            os._exit(0)
            """, file)
        let file = try path("a.db")
        func look() async -> MachineError? { await asyncFailure { try await machine.readDatabase(file) { _ in } } }
        #expect(await look() == .database(subject: "a.db", .hotJournal))
        try await machine.recoverJournal(of: file)
        #expect(await look() == .database(subject: "a.db", .empty))
        #expect(try sandbox.names() == ["a.db"])
        #expect(await asyncFailure { try await machine.recoverJournal(of: file) } == .database(subject: "a.db", .empty))
    }

    @Test func theLogOfAKilledProcess() async throws {
        try await Databases.plain(file)
        try await Databases.killedLogWriter(file)
        try await change { connection throws(MachineError) in try connection.execute("INSERT INTO late VALUES (4)") }
        #expect(try sandbox.names() == ["a.db"])
        #expect(try await shell("SELECT count(*) FROM late") == "4\n")
    }

    // MARK: Others at work

    @Test func aWriterIsWaitedForAndThenSaidSo() async throws {
        try await Databases.plain(file)
        try await OtherProcess.python(Databases.holder("BEGIN IMMEDIATE"), file) { () async throws -> Void in
            guard case .database("a.db", .busy(let waited)) = await asyncFailure({ try await change { _ in } }) else {
                Issue.record("not busy")
                return
            }
            #expect(waited >= .milliseconds(200))
        }
    }

    /// Its lock is not in the way of BEGIN but of COMMIT.
    @Test func aReaderIsWaitedForAtTheEnd() async throws {
        try await Databases.plain(file)
        let reader = Databases.holder("BEGIN; SELECT count(*) FROM t")
        try await OtherProcess.python(reader, file) { () async throws -> Void in
            let error = await asyncFailure {
                try await change { connection throws(MachineError) in try connection.execute("DELETE FROM t") }
            }
            guard case .database("a.db", .busy(let waited)) = error else {
                Issue.record("\(String(describing: error))")
                return
            }
            #expect(waited >= .milliseconds(200))
        }
        #expect(try await shell("SELECT count(*) FROM t") == "10\n")
        let brief = reader.replacing("sys.stdin.read()", with: "import time; time.sleep(0.3)")
        let patient = try sandbox.machine(wait: .seconds(20))
        try await OtherProcess.python(brief, file) {
            try await patient.changeDatabase(path("a.db")) { connection throws(MachineError) in
                try connection.execute("DELETE FROM t")
            }
        }
        #expect(try await shell("SELECT count(*) FROM t") == "0\n")
    }

    @Test func aLongReaderOfALogIsRespected() async throws {
        try await Databases.plain(file, pragmas: "PRAGMA journal_mode=WAL;")
        let reader = Databases.holder("BEGIN; SELECT count(*) FROM t")
        try await OtherProcess.python(reader, file) {
            try await change { connection throws(MachineError) in try connection.execute("DELETE FROM t") }
        }
        #expect(try await shell("SELECT count(*) FROM t") == "0\n")
    }

    @Test func manyAtOnceEachComeToTheirTurn() async throws {
        try await Databases.plain(file)
        _ = try await shell("CREATE TABLE counter (n); INSERT INTO counter VALUES (0)")
        let patient = try sandbox.machine(wait: .seconds(30))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<20 {
                group.addTask {
                    try await patient.changeDatabase(path("a.db")) { connection throws(MachineError) in
                        try connection.execute("UPDATE counter SET n = n + 1")
                    }
                }
            }
            try await group.waitForAll()
        }
        #expect(try await shell("SELECT n FROM counter") == "20\n")
    }

    @Test func aRequestToStopRollsBack() async throws {
        try await Databases.plain(file)
        let before = try sandbox.read("a.db")
        let interruption = Interruption()
        let machine = try sandbox.machine(interruption: interruption)
        let error = await asyncFailure {
            try await machine.changeDatabase(path("a.db")) { connection throws(MachineError) in
                try connection.execute("DELETE FROM t")
                interruption.raise()
                try connection.execute(
                    "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n")
            }
        }
        #expect(error == .cancelled)
        #expect(try sandbox.read("a.db") == before)
        // While it waits for a reader at the end.
        try await OtherProcess.python(Databases.holder("BEGIN; SELECT count(*) FROM t"), file) {
            () async throws -> Void in
            let interruption = Interruption()
            let patient = try sandbox.machine(wait: .seconds(60), interruption: interruption)
            let file = try path("a.db")
            async let waiting = asyncFailure {
                try await patient.changeDatabase(file) { connection throws(MachineError) in
                    try connection.execute("DELETE FROM t")
                }
            }
            try await Task.sleep(for: .milliseconds(200))
            interruption.raise()
            #expect(await waiting == .cancelled)
        }
        #expect(try sandbox.read("a.db") == before)
        #expect(await asyncFailure { try await machine.changeDatabase(path("a.db")) { _ in } } == .cancelled)
        #expect(
            await asyncFailure { try await machine.createDatabase(path("b.db"), pragmas: []) { _ in } } == .cancelled)
    }

    /// Closing any descriptor of a file drops the locks that this process holds on it.
    @Test func ordinaryCallsKeepAwayFromAnOpenDatabase() async throws {
        try await Databases.plain(file)
        link(file, sandbox.path("b.txt"))
        let machine = machine
        try await change { connection throws(MachineError) in
            let busy = failure { try machine.contents(of: path("b.txt"), limit: 1 << 20) }
            #expect(busy?.number == EBUSY)
            #expect(
                failure { try machine.removeFile(path("b.txt"), ifStill: [UInt8](repeating: 0, count: 8192)) }?.number
                    == EBUSY)
            // What does not open it is allowed.
            #expect(
                failure { try machine.setMode(path("b.txt"), .privateFile, expecting: FileMode(rawValue: 0o644)) }
                    == nil)
            #expect(failure { try machine.status(of: path("b.txt")) } == nil)
        }
        #expect(try machine.contents(of: path("b.txt"), limit: 1 << 20).count == 8192)
    }
}
