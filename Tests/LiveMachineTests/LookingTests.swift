import CSelfHeal
import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

@Suite struct LookingTests {
    let sandbox: Sandbox
    let machine: LiveMachine

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine(mayChange: false)
    }

    @Test func whatIsThere() throws {
        try sandbox.write("file", "12345")
        try sandbox.makeDirectory("a/b")
        chmod(sandbox.path("file"), 0o640)
        let file = try #require(try machine.status(of: path("file")))
        #expect(file.kind == .regular)
        #expect(file.mode == FileMode(rawValue: 0o640))
        #expect(file.size == 5)
        #expect(file.links == 1)
        #expect(file.modified > 1_600_000_000_000_000_000)
        #expect(file.inode != 0 && file.device != 0)
        #expect(try machine.status(of: path("a/b"))?.kind == .directory)
        #expect(try machine.status(of: path("missing")) == nil)
        #expect(try machine.target(of: path("missing/deep/er")) == nil)
    }

    @Test func theBeginningOfAFile() throws {
        try sandbox.write("file", "12345")
        #expect(try machine.beginning(of: path("file"), count: 3) == Array("123".utf8))
        #expect(try machine.beginning(of: path("file"), count: 9) == Array("12345".utf8))
        try sandbox.makeDirectory("a")
        #expect(throws: MachineError.self) { try machine.beginning(of: path("a"), count: 3) }
        #expect(throws: MachineError.self) { try machine.beginning(of: path("missing"), count: 3) }
    }

    @Test func aLinkIsNotFollowedByStatusAndIsByTarget() throws {
        try sandbox.write("file", "12345")
        try sandbox.link("link", to: "file")
        try sandbox.link("dangling", to: "nowhere")
        #expect(try machine.status(of: path("link"))?.kind == .symbolicLink)
        #expect(try machine.target(of: path("link"))?.kind == .regular)
        #expect(try machine.status(of: path("dangling"))?.kind == .symbolicLink)
        #expect(try machine.target(of: path("dangling")) == nil)
    }

    @Test(arguments: ["..", "../outside", "/etc", "/", "sub/../../outside"])
    func aLinkThatLeavesTheRootIsRefused(_ target: String) throws {
        try sandbox.makeDirectory("sub")
        try sandbox.link("out", to: target)
        #expect(failure { try machine.target(of: path("out")) } == .refused(subject: "out", .leavesRoot))
        let below = "out/passwd"
        #expect(failure { try machine.status(of: path(below)) } == .refused(subject: below, .leavesRoot))
        #expect(
            failure { try machine.contents(of: path(below), limit: 100) }
                == .refused(subject: below, .leavesRoot))
        #expect(failure { try machine.names(in: path("out")) } == .refused(subject: "out", .leavesRoot))
    }

    @Test func linksThatStayInsideAreFollowed() throws {
        try sandbox.makeDirectory("real/deep")
        try sandbox.write("real/deep/file", "12345")
        try sandbox.link("relative", to: "real")
        try sandbox.link("real/up", to: "../real/deep")
        // Absolute, and yet inside: openat2 refuses it, the walk does not.
        try sandbox.link("absolute", to: sandbox.path("real/deep"))
        try sandbox.link("self", to: sandbox.root.path)
        for name in [
            "relative/deep/file", "relative/up/file", "absolute/file", "self/real/deep/file", "self/absolute/file",
        ] {
            #expect(try machine.target(of: path(name))?.size == 5, "\(name)")
        }
        #expect(try machine.target(of: path("self"))?.kind == .directory)
    }

    @Test func aLoopOfLinksIsAnError() throws {
        try sandbox.link("one", to: "two")
        try sandbox.link("two", to: "one")
        #expect(failure { try machine.target(of: path("one")) }?.number == ELOOP)
        #expect(try machine.status(of: path("one"))?.kind == .symbolicLink)
    }

    @Test func aFileWhereADirectoryShouldBeIsNotMissing() throws {
        try sandbox.write("file", "")
        let expected = MachineError.refused(subject: "file", .kind(.regular, wanted: .directory))
        #expect(failure { try machine.status(of: path("file/below/it")) } == expected)
        #expect(failure { try machine.target(of: path("file/below")) } == expected)
        #expect(failure { try machine.names(in: path("file")) } == expected)
    }

    @Test func outsideTheRootWhenTheManifestSaysSo() throws {
        let file = sandbox.outside.appending(path: "file")
        try Data("hello".utf8).write(to: file)
        #expect(try machine.contents(of: path(file.path, outsideRoot: true), limit: 10) == Array("hello".utf8))
        #expect(try machine.contents(of: path("../outside/file", outsideRoot: true), limit: 10).count == 5)
        #expect(try machine.names(in: path("../outside", outsideRoot: true)) == ["file"])
    }

    @Test func specialFilesNeverHang() throws {
        mkfifo(sandbox.path("fifo"), 0o600)
        #expect(try machine.status(of: path("fifo"))?.kind == .fifo)
        let refusal = MachineError.refused(subject: "fifo", .kind(.fifo, wanted: .regular))
        #expect(failure { try machine.contents(of: path("fifo"), limit: 10) } == refusal)
        let zero = try path("/dev/zero", outsideRoot: true)
        #expect(try machine.status(of: zero)?.kind == .characterDevice)
        #expect(
            failure { try machine.contents(of: zero, limit: 10) }
                == .refused(subject: "/dev/zero", .kind(.characterDevice, wanted: .regular)))
    }

    @Test(arguments: [
        (S_IFREG, FileStatus.Kind.regular), (S_IFDIR, .directory), (S_IFLNK, .symbolicLink), (S_IFIFO, .fifo),
        (S_IFSOCK, .socket), (S_IFCHR, .characterDevice), (S_IFBLK, .blockDevice), (0, .other),
    ])
    func kinds(_ mode: mode_t, _ kind: FileStatus.Kind) {
        #expect(FileStatus.Kind(mode: mode | 0o644) == kind)
    }

    @Test func whatThisProcessMayDo() throws {
        try sandbox.write("file", "")
        chmod(sandbox.path("file"), 0o600)
        try sandbox.write("tool", "")
        chmod(sandbox.path("tool"), 0o700)
        #expect(try machine.permits(.read, to: path("file")))
        #expect(try machine.permits(.write, to: path("file")))
        // Not even root executes what nobody may.
        #expect(try !machine.permits(.execute, to: path("file")))
        #expect(try machine.permits(.execute, to: path("tool")))
        try sandbox.link("link", to: "tool")
        #expect(try machine.permits(.execute, to: path("link")))
        #expect(failure { try machine.permits(.read, to: path("missing")) }?.number == ENOENT)
    }

    // MARK: Contents

    @Test func contentsAreExact() throws {
        let bytes: [UInt8] = Array(0...255) + [0x0D, 0x0A, 0, 0xFF]
        try Data(bytes).write(to: sandbox.root.appending(path: "odd"))
        #expect(try machine.contents(of: path("odd"), limit: 1000) == bytes)
        try sandbox.write("empty", "")
        #expect(try machine.contents(of: path("empty"), limit: 0).isEmpty)
        let large = [UInt8](repeating: 7, count: 300_000)
        try Data(large).write(to: sandbox.root.appending(path: "large"))
        #expect(try machine.contents(of: path("large"), limit: 300_000) == large)
        // The size in a status may be none at all.
        let cgroup = try path("/proc/self/status", outsideRoot: true)
        #expect(try machine.contents(of: cgroup, limit: 100_000).count > 100)
        #expect(
            failure { try machine.contents(of: cgroup, limit: 10) }
                == .refused(subject: "/proc/self/status", .tooLarge(limit: 10)))
    }

    @Test func contentsPastTheLimitAreRefused() throws {
        try sandbox.write("file", "12345")
        #expect(
            failure { try machine.contents(of: path("file"), limit: 4) }
                == .refused(subject: "file", .tooLarge(limit: 4)))
        #expect(try machine.contents(of: path("file"), limit: 5).count == 5)
    }

    @Test func contentsOfWhatIsNoFile() throws {
        try sandbox.makeDirectory("folder")
        #expect(
            failure { try machine.contents(of: path("folder"), limit: 4) }
                == .refused(subject: "folder", .kind(.directory, wanted: .regular)))
        #expect(failure { try machine.contents(of: path("missing"), limit: 4) }?.number == ENOENT)
    }

    // MARK: Names

    @Test func namesAreSortedByTheirBytes() throws {
        for name in ["b", "a", "Z", "ä", ".hidden", "10", "9"] { try sandbox.write(name, "") }
        // Not UTF-8: no manifest can name it.
        close(open((sandbox.root.path + "/bad").utf8CString.dropLast() + [-1, 0], O_CREAT | O_WRONLY, 0o600))
        #expect(try machine.names(in: nil) == [".hidden", "10", "9", "Z", "a", "b", "ä"])
        try sandbox.makeDirectory("empty")
        #expect(try machine.names(in: path("empty")).isEmpty)
        #expect(failure { try machine.names(in: path("missing")) }?.number == ENOENT)
    }

    // MARK: The root

    @Test func theRootMustBeADirectory() throws {
        try sandbox.write("file", "")
        for wrong in ["", "relative", "/tmp/\0/etc", sandbox.path("file"), sandbox.path("missing")] {
            let error = failure {
                try LiveMachine(root: wrong, mayChange: false, environment: [:])
            }
            #expect(error?.number != nil, "\(wrong)")
        }
        #expect(machine.rootPath == sandbox.root.path)
    }

    @Test func theRootIsTheDirectoryAndNotItsName() throws {
        try sandbox.write("file", "12345")
        let moved = sandbox.folder.appending(path: "moved")
        try FileManager.default.moveItem(at: sandbox.root, to: moved)
        try FileManager.default.createDirectory(at: sandbox.root, withIntermediateDirectories: true)
        #expect(try machine.status(of: path("file"))?.size == 5)
    }

    @Test func clockAndEnvironment() throws {
        #expect(abs(Double(machine.now) / 1000 - Date.now.timeIntervalSince1970) < 60)
        #expect(machine.environment == ["PATH": "/usr/bin:/bin"])
        let own = LiveMachine.processEnvironment()
        #expect(own["PATH"] == ProcessInfo.processInfo.environment["PATH"])
        #expect(own.count == ProcessInfo.processInfo.environment.count)
    }
}
