import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

/// Files may not be longer inside the body: a stand-in for a full disk that can be had everywhere. Lifted afterwards, because a
/// process that measures coverage writes a file at its end.
private func withFileLimit<Value>(_ size: rlim_t, _ body: () async throws -> Value) async rethrows -> Value {
    let resource = __rlimit_resource_t(RLIMIT_FSIZE.rawValue)
    var whole = rlimit()
    getrlimit(resource, &whole)
    var limit = rlimit(rlim_cur: size, rlim_max: whole.rlim_max)
    guard setrlimit(resource, &limit) == 0 else { fatalError("no limit can be set") }
    defer { setrlimit(resource, &whole) }
    return try await body()
}

/// Which thread gets a signal, and when, is the system's choice.
private func send(_ number: Int32, until interruption: Interruption) {
    kill(getpid(), number)
    for _ in 0..<5000 where !interruption.isRaised { usleep(1000) }
}

/// What concerns a whole process is tested in one of its own.
@Suite struct ProcessTests {
    @Test func closedDescriptorsAreOpened() async {
        await #expect(processExitsWith: .exitCode(0)) {
            for number: Int32 in 0...2 { close(number) }
            ProcessSetup.openStandardDescriptors()
            let folder = open("/", O_RDONLY)
            var raw = stat()
            for number: Int32 in 0...2 where fstat(number, &raw) != 0 || raw.st_mode & S_IFMT != S_IFCHR { exit(1) }
            exit(folder > 2 ? 0 : 2)
        }
    }

    @Test func aReaderThatWentAwayAndALimitAreErrorsAndNotTheEnd() async {
        await #expect(processExitsWith: .exitCode(0)) {
            _ = ProcessSetup.prepare()
            var ends: [Int32] = [0, 0]
            guard pipe(&ends) == 0, close(ends[0]) == 0 else { exit(1) }
            guard write(ends[1], "x", 1) == -1, errno == EPIPE else { exit(2) }
            let sandbox = try Sandbox()
            let machine = try sandbox.machine()
            let bytes = [UInt8](repeating: 1, count: 5000)
            let error = await withFileLimit(1000) {
                failure { try machine.createFile(path("file"), contents: bytes, mode: .privateFile) }
            }
            guard error?.number == EFBIG, try sandbox.names().isEmpty else { exit(4) }
            let database = await withFileLimit(1000) {
                await asyncFailure {
                    try await machine.createDatabase(path("a.db"), pragmas: []) { connection throws(MachineError) in
                        try connection.execute("CREATE TABLE t (x)")
                    }
                }
            }
            guard case .database("a.db", let fault) = database, fault == .diskFull else { exit(5) }
            exit(try sandbox.names().isEmpty ? 0 : 6)
        }
    }

    @Test func aChangeOnAFullDiskIsRolledBack() async throws {
        let sandbox = try Sandbox()
        try await Databases.plain(sandbox.path("a.db"), rows: 100)
        let before = try sandbox.read("a.db")
        let root = sandbox.root.path
        await #expect(processExitsWith: .exitCode(0)) { [root = root as String] in
            _ = ProcessSetup.prepare()
            let machine = try LiveMachine(root: root, mayChange: true, environment: [:])
            let error = await withFileLimit(40_000) {
                await asyncFailure {
                    try await machine.changeDatabase(path("a.db")) { connection throws(MachineError) in
                        try connection.execute(
                            "UPDATE t SET text = 'x'; INSERT INTO t SELECT NULL, zeroblob(10000) FROM t")
                    }
                }
            }
            exit(error == .database(subject: "a.db", .diskFull) ? 0 : 4)
        }
        #expect(try sandbox.read("a.db") == before)
        #expect(try sandbox.names() == ["a.db"])
    }

    @Test(arguments: [SIGTERM, SIGINT, SIGHUP])
    func aSignalOnlyRaisesTheInterruption(_ number: Int32) async {
        await #expect(processExitsWith: .exitCode(0)) { [number = number as Int32] in
            let interruption = ProcessSetup.prepare()
            guard !interruption.isRaised, interruption.signal == nil else { exit(1) }
            send(number, until: interruption)
            guard interruption.isRaised, interruption.signal == number else { exit(2) }
            // Another object does not follow signals.
            guard !Interruption().isRaised, Interruption().signal == nil else { exit(3) }
            exit(0)
        }
    }

    @Test func aSecondInterruptEndsTheProcess() async {
        await #expect(processExitsWith: .signal(SIGINT)) {
            let interruption = ProcessSetup.prepare()
            send(SIGINT, until: interruption)
            kill(getpid(), SIGINT)
            sleep(5)
            exit(1)
        }
    }

    @Test func aSignalThatWasIgnoredStaysIgnored() async {
        await #expect(processExitsWith: .exitCode(0)) {
            signal(SIGHUP, SIG_IGN)
            let interruption = ProcessSetup.prepare()
            kill(getpid(), SIGHUP)
            usleep(50_000)
            exit(interruption.isRaised ? 1 : 0)
        }
    }

    @Test func newFilesArePrivateAndModesStillExact() async {
        await #expect(processExitsWith: .exitCode(0)) {
            _ = ProcessSetup.prepare()
            let sandbox = try Sandbox()
            let machine = try sandbox.machine()
            _ = try machine.createDirectory(path("folder"), mode: .directory)
            try machine.createFile(path("file"), contents: [], mode: .init(rawValue: 0o664))
            exit(sandbox.mode("folder") == 0o755 && sandbox.mode("file") == 0o664 ? 0 : 1)
        }
    }

    /// The first, second, third … descriptor that cannot be had: each thing is made whole or not at all, and nothing is left
    /// behind, neither files nor descriptors.
    @Test func withoutDescriptorsItIsAllOrNothing() async {
        await #expect(processExitsWith: .exitCode(0)) {
            let sandbox = try Sandbox()
            let machine = try sandbox.machine()
            try sandbox.makeDirectory("a/b")
            func open() throws -> Int { try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd").count }
            let template = try path("a/b/file")
            let database = try path("a/b/a.db")
            let folder = try path("a/b/folder")
            var whole = rlimit()
            let resource = __rlimit_resource_t(RLIMIT_NOFILE.rawValue)
            getrlimit(resource, &whole)
            let before = try open()
            var done = 0
            for highest in 3...before + 12 {
                var limit = rlimit(rlim_cur: rlim_t(highest), rlim_max: whole.rlim_max)
                setrlimit(resource, &limit)
                var errors: [MachineError?] = [
                    failure { try machine.createFile(template, contents: [1, 2], mode: .privateFile) }
                ]
                errors.append(failure { try machine.createDirectory(folder, mode: .directory) })
                errors.append(
                    await asyncFailure {
                        try await machine.createDatabase(database, pragmas: ["PRAGMA journal_mode=WAL"]) {
                            connection throws(MachineError) in
                            try connection.execute("CREATE TABLE t (x)")
                        }
                    })
                setrlimit(resource, &whole)
                let names = try sandbox.names("a/b")
                let expected = zip(errors, ["file", "folder", "a.db"]).filter { $0.0 == nil }.map(\.1)
                guard names == expected.sorted() else {
                    print(highest, names, errors)
                    exit(1)
                }
                if names.contains("file") {
                    guard try machine.contents(of: template, limit: 10) == [1, 2],
                        try machine.removeFile(template, ifStill: [1, 2])
                    else { exit(2) }
                }
                if names.contains("folder") { try machine.removeDirectory(folder) }
                if names.contains("a.db") {
                    let rows = try await machine.readDatabase(database) { connection throws(MachineError) in
                        try connection.rows("SELECT name FROM sqlite_schema")
                    }
                    guard rows == [[.text("t")]] else { exit(3) }
                    unlink(sandbox.path("a/b/a.db"))
                }
                if names.count == 3 { done += 1 }
            }
            guard try open() <= before + 2 else { exit(4) }
            exit(done > 0 ? 0 : 5)
        }
    }
}
