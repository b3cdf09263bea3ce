import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

@Suite struct ChangingTests {
    let sandbox: Sandbox
    let machine: LiveMachine

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine()
    }

    // MARK: createFile

    @Test(arguments: [0o600, 0o644, 0o640, 0o4755] as [UInt32])
    func aFileIsMadeWithExactlyItsModeAndBytes(_ mode: UInt32) throws {
        let bytes: [UInt8] = Array("# comment\r\nA=1\n".utf8) + [0, 0xFF, 0xFE]
        try machine.createFile(path("new"), contents: bytes, mode: FileMode(rawValue: mode))
        #expect(FileManager.default.contents(atPath: sandbox.path("new")) == Data(bytes))
        #expect(sandbox.mode("new") == mode)
        #expect(try sandbox.names() == ["new"])
    }

    @Test func anEmptyAndALargeFile() throws {
        try machine.createFile(path("empty"), contents: [], mode: .privateFile)
        #expect(try machine.status(of: path("empty"))?.size == 0)
        let large = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        try machine.createFile(path("large"), contents: large, mode: .privateFile)
        #expect(try machine.contents(of: path("large"), limit: 4_000_000) == large)
    }

    @Test func whatExistsIsNeverReplaced() throws {
        try sandbox.write("file", "mine")
        try sandbox.makeDirectory("folder")
        try sandbox.link("link", to: "file")
        try sandbox.link("dangling", to: "nowhere")
        mkfifo(sandbox.path("fifo"), 0o600)
        let before = try sandbox.listing()
        for (name, refusal) in [
            ("file", MachineError.Refusal.exists), ("folder", .exists), ("link", .symbolicLink),
            ("dangling", .symbolicLink), ("fifo", .exists),
        ] {
            let error = failure { try machine.createFile(path(name), contents: [1], mode: .privateFile) }
            #expect(error == .refused(subject: name, refusal))
        }
        #expect(try sandbox.listing() == before)
    }

    @Test func theDirectoryMustBeThere() throws {
        try sandbox.write("file", "")
        #expect(
            failure { try machine.createFile(path("no/such/file"), contents: [], mode: .privateFile) }?.number == ENOENT
        )
        #expect(
            failure { try machine.createFile(path("file/x"), contents: [], mode: .privateFile) }
                == .refused(subject: "file", .kind(.regular, wanted: .directory)))
        try sandbox.link("out", to: "../outside")
        #expect(
            failure { try machine.createFile(path("out/x"), contents: [], mode: .privateFile) }
                == .refused(subject: "out", .leavesRoot))
    }

    @Test func throughALinkThatStaysInside() throws {
        try sandbox.makeDirectory("real")
        try sandbox.link("link", to: "real")
        try machine.createFile(path("link/file"), contents: [1], mode: .privateFile)
        #expect(try sandbox.names("real") == ["file"])
    }

    @Test func aVeryLongName() throws {
        let name = String(repeating: "ä", count: 127)
        try machine.createFile(path(name), contents: [1], mode: .privateFile)
        #expect(try sandbox.names() == [name])
        #expect(try machine.removeFile(path(name), ifStill: [1]))
    }

    // MARK: createDirectory

    @Test(arguments: [0o755, 0o700, 0o2775, 0o1777] as [UInt32])
    func aDirectoryIsMadeWithExactlyItsMode(_ mode: UInt32) throws {
        #expect(try machine.createDirectory(path("new"), mode: FileMode(rawValue: mode)))
        #expect(sandbox.mode("new") == mode)
        #expect(try !machine.createDirectory(path("new"), mode: FileMode(rawValue: 0o711)))
        #expect(sandbox.mode("new") == mode)
    }

    @Test func whereSomethingElseIs() throws {
        try sandbox.write("file", "")
        try sandbox.makeDirectory("real")
        try sandbox.link("link", to: "real")
        try sandbox.link("dangling", to: "nowhere")
        try sandbox.link("out", to: "/etc")
        func made(_ name: String) throws -> Bool { try machine.createDirectory(path(name), mode: .directory) }
        #expect(failure { try made("file") } == .refused(subject: "file", .kind(.regular, wanted: .directory)))
        #expect(failure { try made("dangling") } == .refused(subject: "dangling", .symbolicLink))
        #expect(failure { try made("out") } == .refused(subject: "out", .leavesRoot))
        #expect(try !made("link"))
        #expect(failure { try made("one/two") }?.number == ENOENT)
    }

    @Test func onlyAnEmptyDirectoryIsRemoved() throws {
        try sandbox.makeDirectory("full/inner")
        try sandbox.write("file", "")
        #expect(failure { try machine.removeDirectory(path("full")) } == .refused(subject: "full", .notEmpty))
        #expect(
            failure { try machine.removeDirectory(path("file")) }
                == .refused(subject: "file", .kind(.regular, wanted: .directory)))
        #expect(failure { try machine.removeDirectory(path("missing")) }?.number == ENOENT)
        try machine.removeDirectory(path("full/inner"))
        #expect(try sandbox.names("full").isEmpty)
    }

    // MARK: setMode

    @Test func aModeIsChangedWhenItIsWhatItWas() throws {
        try sandbox.write("file", "")
        chmod(sandbox.path("file"), 0o644)
        try machine.setMode(path("file"), .privateFile, expecting: FileMode(rawValue: 0o644))
        #expect(sandbox.mode("file") == 0o600)
        #expect(
            failure { try machine.setMode(path("file"), .directory, expecting: FileMode(rawValue: 0o644)) }
                == .refused(subject: "file", .changedMeanwhile))
        #expect(sandbox.mode("file") == 0o600)
        try sandbox.makeDirectory("folder")
        let folder = try #require(try machine.status(of: path("folder")))
        try machine.setMode(path("folder"), FileMode(rawValue: 0o750), expecting: folder.mode)
        #expect(sandbox.mode("folder") == 0o750)
    }

    @Test func theModeOfNothingElse() throws {
        try sandbox.write("file", "")
        try sandbox.link("link", to: "file")
        mkfifo(sandbox.path("fifo"), 0o600)
        func changed(_ name: String) throws {
            try machine.setMode(path(name), .privateFile, expecting: FileMode(rawValue: 0o777))
        }
        #expect(failure { try changed("link") } == .refused(subject: "link", .symbolicLink))
        #expect(failure { try changed("fifo") } == .refused(subject: "fifo", .kind(.fifo, wanted: .regular)))
        #expect(failure { try changed("missing") }?.number == ENOENT)
    }

    // MARK: removeFile

    @Test func aFileIsRemovedIfItIsStillTheSame() throws {
        try sandbox.write("file", "hello")
        #expect(try !machine.removeFile(path("file"), ifStill: Array("hellO".utf8)))
        #expect(try !machine.removeFile(path("file"), ifStill: Array("hello ".utf8)))
        #expect(try sandbox.read("file") == "hello")
        #expect(try machine.removeFile(path("file"), ifStill: Array("hello".utf8)))
        #expect(try sandbox.names().isEmpty)
        #expect(try !machine.removeFile(path("file"), ifStill: []))
    }

    /// Somebody replaces the file at that very moment: what they wrote is never what is removed.
    @Test func whatSomebodyElseWritesMeanwhileIsKept() async throws {
        let file = try path("file")
        for _ in 0..<300 {
            try sandbox.write("file", "ours")
            try sandbox.write("theirs", "theirs")
            let (from, to) = (sandbox.path("theirs"), sandbox.path("file"))
            async let other = Task.detached { rename(from, to) == 0 }.value
            _ = try? machine.removeFile(file, ifStill: Array("ours".utf8))
            #expect(await other)
            let names = try sandbox.names()
            #expect(names.count == 1 && names[0].hasPrefix("file"), "\(names)")
            #expect(try sandbox.read(names[0]) == "theirs")
            unlink(sandbox.path(names[0]))
        }
    }

    @Test func whereRenamingMayReplace() throws {
        let folder = open(sandbox.root.path, O_RDONLY)
        defer { close(folder) }
        try sandbox.write("temporary", "new")
        try LiveMachine.link("temporary", to: "file", in: folder, "file")
        #expect(try sandbox.names() == ["file"])
        try sandbox.write("temporary", "newer")
        #expect(
            failure { try LiveMachine.link("temporary", to: "file", in: folder, "file") }
                == .refused(subject: "file", .exists))
        #expect(try sandbox.read("file") == "new")
        #expect(failure { try LiveMachine.link("missing", to: "x", in: folder, "x") }?.number == ENOENT)
    }

    @Test func aLinkIsNotTheFileItLeadsTo() throws {
        try sandbox.write("file", "hello")
        try sandbox.link("link", to: "file")
        #expect(try !machine.removeFile(path("link"), ifStill: Array("hello".utf8)))
        #expect(try sandbox.names() == ["file", "link"])
    }

    // MARK: A run that may only look

    @Test func nothingIsChangedByARunThatMayOnlyLook() async throws {
        let machine = try sandbox.machine(mayChange: false)
        try sandbox.write("file", "hello")
        try await OtherProcess.sqlite(sandbox.path("a.db"), "CREATE TABLE t (x)")
        let before = try sandbox.listing()
        let file = try path("file")
        let refusal = MachineError.refused(subject: "file", .readOnlyRun)
        #expect(failure { try machine.createFile(file, contents: [], mode: .privateFile) } == refusal)
        #expect(failure { try machine.createDirectory(file, mode: .directory) } == refusal)
        #expect(failure { try machine.setMode(file, .privateFile, expecting: .privateFile) } == refusal)
        #expect(failure { try machine.removeDirectory(file) } == refusal)
        #expect(failure { try machine.removeFile(file, ifStill: Array("hello".utf8)) } == refusal)
        #expect(failure { try machine.removeLeftovers(beside: file) } == refusal)
        #expect(await asyncFailure { try await machine.createDatabase(file, pragmas: []) { _ in } } == refusal)
        #expect(await asyncFailure { try await machine.changeDatabase(file) { _ in } } == refusal)
        #expect(await asyncFailure { try await machine.recoverJournal(of: file) } == refusal)
        machine.remember("key", "value")
        #expect(!FileManager.default.fileExists(atPath: sandbox.cache.path))
        #expect(try sandbox.listing() == before)
    }
}
