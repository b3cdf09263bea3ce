import Foundation
import HealKit
import Testing

@testable import LiveMachine

@Suite("The job server of Make")
struct MakeJobServerTests {
    typealias Description = MakeJobServer.Description

    @Test(
        "what MAKEFLAGS says of it",
        arguments: [
            ("", nil, nil), ("n -j4", 4, nil), (" -j4 --jobserver-auth=3,4", 4, .descriptors(read: 3, write: 4)),
            (" -j --jobserver-fds=5,6 -j", nil, .descriptors(read: 5, write: 6)),
            ("-j8 --jobserver-auth=fifo:/tmp/G", 8, .fifo("/tmp/G")),
            (" --jobserver-auth=3,4 --jobserver-auth=5,6", nil, .descriptors(read: 5, write: 6)),
            ("-j2 -- TARGET=x -j9 --jobserver-auth=8,9", 2, nil), ("-j2 --jobserver-auth=-2,-2", 2, nil),
            ("-j2 --jobserver-auth=3", 2, nil), ("-j2 --jobserver-auth=fifo:", 2, nil),
            ("-j2 --jobserver-auth=0,1", 2, nil),
            ("-j-1", nil, nil), ("-j0", nil, nil), ("-jx", nil, nil),
        ] as [(String, Int?, Description.Channel?)])
    func flags(_ flags: String, _ jobs: Int?, _ channel: Description.Channel?) {
        let description = Description(flags: flags)
        #expect(description.jobs == jobs)
        #expect(description.channel == channel)
    }

    @Test("tokens are taken as long as there are any, and given back as they are")
    func tokens() throws {
        var ends: [Int32] = [0, 0]
        #expect(pipe(&ends) == 0)
        defer { for end in ends { close(end) } }
        #expect(write(ends[1], "ab", 2) == 2)
        let server = try #require(MakeJobServer(Description(flags: "-j3 --jobserver-auth=\(ends[0]),\(ends[1])")))
        #expect(server.take() == UInt8(ascii: "a"))
        #expect(server.take() == UInt8(ascii: "b"))
        #expect(server.take() == nil)
        server.give(UInt8(ascii: "b"))
        #expect(server.take() == UInt8(ascii: "b"))
        // The descriptors that all share are as they were.
        #expect(fcntl(ends[0], F_GETFL) & O_NONBLOCK == 0)
    }

    @Test("a FIFO is as good as a pipe")
    func fifo() throws {
        let path = NSTemporaryDirectory() + "/jobs-\(UUID().uuidString)"
        #expect(mkfifo(path, 0o600) == 0)
        defer { unlink(path) }
        let server = try #require(MakeJobServer(Description(flags: "-j3 --jobserver-auth=fifo:\(path)")))
        #expect(server.take() == nil)
        server.give(7)
        #expect(server.take() == 7)
    }

    @Test(
        "descriptors that are closed, or are something else, are none",
        arguments: ["900,901", "fifo:/no/such", "fifo:/etc/passwd"])
    func none(_ value: String) {
        #expect(MakeJobServer(Description(flags: "-j3 --jobserver-auth=\(value)")) == nil)
    }
}
