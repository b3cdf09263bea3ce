import Foundation
import HealKit
import Testing

@testable import LiveMachine

@Suite struct LeftoverTests {
    let sandbox: Sandbox
    let machine: LiveMachine

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine()
    }

    @Test func theNameTellsItsMaker() {
        let name = TemporaryName(for: "data.db").text
        #expect(name.hasPrefix(".data.db.selfheal-\(getpid())-"))
        #expect(TemporaryName.maker(of: name, for: "data.db") == getpid())
        #expect(TemporaryName.maker(of: name + "-wal", for: "data.db") == getpid())
        #expect(TemporaryName.maker(of: name, for: "data") == nil)
        #expect(name != TemporaryName(for: "data.db").text)
        let long = String(repeating: "ö", count: 127)
        let short = TemporaryName(for: long).text
        #expect(short.utf8.count <= 255)
        #expect(TemporaryName.maker(of: short + "-journal", for: long) == getpid())
    }

    @Test(arguments: [
        ".file.selfheal-", ".file.selfheal-12", ".file.selfheal-x-abc", ".file.selfheal-0-abc", ".file.selfheal--1-abc",
        ".file.selfheal-12-", ".file.selfheal-12-ABC", ".file.selfheal-12-a/b", ".file.selfheal-12-abc-other",
        ".file.selfheal-12-abcdefghijklmno", "file.selfheal-12-abc", ".file.selfheal-12-abc.txt", ".file",
    ])
    func otherNamesAreSomebodyElses(_ name: String) {
        #expect(TemporaryName.maker(of: name, for: "file") == nil)
    }

    @Test func whatADeadRunLeftIsRemoved() throws {
        try sandbox.makeDirectory("data/.a.db.selfheal-4194304-folder")
        let other = Process()
        other.executableURL = URL(filePath: "/bin/sleep")
        other.arguments = ["60"]
        try other.run()
        // Not SIGTERM: a child of a thread that blocks signals blocks them as well.
        defer { kill(other.processIdentifier, SIGKILL) }
        // Higher than any pid the kernel gives; then this process itself; then one that is alive, and another program.
        let removed = [
            ".a.db.selfheal-4194304-abc1", ".a.db.selfheal-4194304-abc1-journal", ".a.db.selfheal-4194304-abc1-shm",
            ".a.db.selfheal-4194304-abc1-wal", ".a.db.selfheal-\(getpid())-x",
            ".a.db.selfheal-\(other.processIdentifier)-x",
        ]
        let kept = ["a.db", "a.db-wal", ".b.db.selfheal-4194304-abc1", ".a.db.selfheal-4194304-abc1-other"]
        for name in removed + kept { try sandbox.write("data/\(name)", "x") }
        try sandbox.link("data/.a.db.selfheal-4194304-link", to: "a.db")
        #expect(try machine.removeLeftovers(beside: path("data/a.db")) == removed.sorted())
        let rest = kept + [".a.db.selfheal-4194304-folder", ".a.db.selfheal-4194304-link"]
        #expect(try sandbox.names("data") == rest.sorted())
        #expect(try machine.removeLeftovers(beside: path("data/a.db")).isEmpty)
    }

    /// A killed process that nobody has waited for yet has a number, and is dead all the same.
    @Test func whatAZombieLeftIsRemoved() throws {
        var child: pid_t = 0
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup("true"), nil]
        defer { free(arguments[0]) }
        try #require(posix_spawn(&child, "/bin/true", nil, nil, arguments, nil) == 0)
        // Ended, and left unreaped.
        var information = siginfo_t()
        try #require(waitid(P_PID, id_t(child), &information, WEXITED | WNOWAIT) == 0)
        let name = ".file.selfheal-\(child)-abc"
        try sandbox.write(name, "x")
        #expect(try machine.removeLeftovers(beside: path("file")) == [name])
        waitpid(child, nil, 0)
    }

    @Test func besideTheRootAndWhereNothingIs() throws {
        try sandbox.write("..env.selfheal-4194304-0", "x")
        #expect(try machine.removeLeftovers(beside: path(".env")) == ["..env.selfheal-4194304-0"])
        #expect(try machine.removeLeftovers(beside: path("no/such/folder/file")).isEmpty)
    }

    /// Another healer that is at work is left alone: a process that runs this very program.
    @Test func whatALiveRunMakesIsLeft() async throws {
        let program = try #require(resolvedLink("/proc/self/exe", in: AT_FDCWD))
        let process = Process()
        process.executableURL = URL(filePath: program)
        process.arguments = ["--help"]
        process.standardOutput = Pipe()
        process.standardError = Pipe()
        process.standardInput = Pipe()
        try process.run()
        // Stopped, so that it is alive for as long as the test needs it.
        kill(process.processIdentifier, SIGSTOP)
        defer { kill(process.processIdentifier, SIGKILL) }
        let name = ".file.selfheal-\(process.processIdentifier)-abc"
        try sandbox.write(name, "x")
        while resolvedLink("/proc/\(process.processIdentifier)/exe", in: AT_FDCWD) != program {
            try #require(kill(process.processIdentifier, 0) == 0)
        }
        #expect(try machine.removeLeftovers(beside: path("file")).isEmpty)
        #expect(try sandbox.names() == [name])
    }
}
