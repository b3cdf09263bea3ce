import Foundation
import HealKit
import Testing

@testable import LiveMachine

@Suite struct ExecutableTests {
    let sandbox: Sandbox

    init() throws {
        sandbox = try Sandbox()
        try sandbox.makeDirectory("bin")
        try sandbox.makeDirectory("other")
    }

    private func program(_ name: String, mode: mode_t = 0o755) throws {
        try sandbox.write(name, "#!/bin/sh\n")
        chmod(sandbox.path(name), mode)
    }

    private func found(_ name: String, path: String) throws -> String? {
        try sandbox.machine(environment: ["PATH": path]).executable(named: name)?.path
    }

    @Test func theFirstThatMayBeExecuted() throws {
        try program("bin/tool", mode: 0o644)
        try program("other/tool")
        try sandbox.makeDirectory("bin/folder")
        try program("other/folder")
        let path = "\(sandbox.path("missing")):\(sandbox.path("bin")):\(sandbox.path("other"))/"
        #expect(try found("tool", path: path) == sandbox.path("other/tool"))
        #expect(try found("folder", path: path) == sandbox.path("other/folder"))
        #expect(try found("nothing", path: path) == nil)
        #expect(try found("", path: path) == nil)
        #expect(try found("tool\0", path: path) == nil)
    }

    @Test func relativeAndEmptyEntriesAreIgnored() throws {
        try program("tool")
        #expect(try found("tool", path: "::.:bin:") == nil)
        #expect(try sandbox.machine(environment: [:]).executable(named: "sh") == nil)
    }

    @Test func aNameWithASlashIsTakenFromTheRoot() throws {
        try program("bin/tool")
        try program("bin/plain", mode: 0o600)
        #expect(try found("bin/tool", path: "") == sandbox.path("bin/tool"))
        #expect(try found("./bin/tool", path: "") == sandbox.path("./bin/tool"))
        #expect(try found("bin/plain", path: "") == nil)
        #expect(try found("/bin/sh", path: "") == "/bin/sh")
    }

    @Test func theStatusIsThatOfTheProgramBehindTheLink() throws {
        try program("bin/tool-1.2")
        try sandbox.link("bin/tool", to: "tool-1.2")
        let machine = try sandbox.machine(environment: ["PATH": sandbox.path("bin")])
        let tool = try #require(try machine.executable(named: "tool"))
        #expect(tool.path == sandbox.path("bin/tool"))
        #expect(tool.status.kind == .regular)
        #expect(tool.status.inode == (try machine.status(of: path("bin/tool-1.2")))?.inode)
    }
}
