import CSelfHeal
import Foundation
import HealKit
import Testing

@testable import LiveMachine

/// The walk is what a kernel without openat2 gets: it must find what openat2 finds, and refuse what it refuses.
@Suite struct ComponentWalkTests {
    let sandbox: Sandbox
    let root: RootDirectory

    init() throws {
        sandbox = try Sandbox()
        try sandbox.makeDirectory("a/b")
        try sandbox.write("a/b/file", "12345")
        try sandbox.link("link", to: "a")
        try sandbox.link("a/up", to: "../a/b/../b/./file")
        try sandbox.link("out", to: "../outside")
        try sandbox.link("a/far", to: "../../outside")
        try sandbox.link("etc", to: "/etc")
        try sandbox.link("prefix", to: sandbox.root.path + "-beside")
        try sandbox.link("inside", to: sandbox.path("a"))
        try sandbox.link("root", to: sandbox.root.path)
        try sandbox.link("loop", to: "loop")
        try sandbox.link("dangling", to: "nowhere")
        try sandbox.link("dot", to: ".")
        root = try RootDirectory(sandbox.root.path)
    }

    /// What is opened, as `device:inode`, or the errno, or `leaves`.
    private func walked(_ text: String, _ flags: Int32) -> String {
        do {
            let number = try ComponentWalk(root: root, subject: text).open(text, flags | O_CLOEXEC)
            guard number >= 0 else { return "errno \(errno)" }
            defer { close(number) }
            var raw = stat()
            fstat(number, &raw)
            return "\(raw.st_dev):\(raw.st_ino)"
        } catch { return "leaves" }
    }

    private func opened(_ text: String, _ flags: Int32) -> String {
        let number = selfheal_openat2(root.number, text, flags | O_CLOEXEC, 0, true)
        guard number >= 0 else { return errno == EXDEV ? "leaves" : "errno \(errno)" }
        defer { close(number) }
        var raw = stat()
        fstat(number, &raw)
        return "\(raw.st_dev):\(raw.st_ino)"
    }

    @Test(arguments: [
        "a", "a/b", "a/b/file", "link", "link/b/file", "a/up", "link/up", "out", "out/x", "a/far", "etc/passwd", "loop",
        "loop/x",
        "dangling", "dangling/x", "missing", "missing/x", "a/b/file/x", "dot", "dot/a", "prefix", "./a/./b",
    ])
    func findsWhatTheKernelFinds(_ text: String) throws {
        for flags in [selfheal_o_path, selfheal_o_path | O_NOFOLLOW, O_RDONLY] {
            #expect(walked(text, flags) == opened(text, flags), "\(text) \(flags)")
        }
    }

    @Test func followsAbsoluteLinksThatStayInside() {
        #expect(walked("inside/b/file", O_RDONLY) == opened("a/b/file", O_RDONLY))
        #expect(walked("inside", O_RDONLY) == opened("a", O_RDONLY))
        #expect(walked("root/inside/up", O_RDONLY) == opened("a/b/file", O_RDONLY))
        #expect(walked("root", O_RDONLY) == opened(".", O_RDONLY))
        #expect(walked("root/..", O_RDONLY) == "leaves")
    }
}
