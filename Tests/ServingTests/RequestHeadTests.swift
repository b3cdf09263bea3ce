import Testing

@testable import Serving

/// What a client says first, word for word.
@Suite struct RequestHeadTests {
    private func head(_ text: String) throws(RequestHead.Fault) -> RequestHead {
        try RequestHead(Array(text.utf8)[...])
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: localhost", "GET", "/"), ("GET /a?b=/c HTTP/1.0", "GET", "/a"),
        ("HEAD /healthz HTTP/1.1\r\nHost:x\r\nAccept: */*", "HEAD", "/healthz"),
        ("OPTIONS * HTTP/1.1\r\nhOST: x", "OPTIONS", "*"),
    ])
    func right(text: String, method: String, path: String) throws {
        let head = try head(text)
        #expect(head.method == method && head.path == path)
    }

    @Test(arguments: [
        ("", 400), ("GET /", 400), ("GET  / HTTP/1.1", 400), ("GET / HTTP/1.1", 400), (" / HTTP/1.1\r\nHost: x", 400),
        ("G(T / HTTP/1.1\r\nHost: x", 400), ("GET http://x/ HTTP/1.1\r\nHost: x", 400),
        ("GET /\u{E4} HTTP/1.1\r\nHost: x", 400), ("GET / HTTP/2.0\r\nHost: x", 505), ("GET / FTP/1.1\r\nHost: x", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nHost: y", 400), ("GET / HTTP/1.1\r\nHost : x", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\n folded", 400), ("GET / HTTP/1.1\r\nHost: x\u{0}", 400),
        ("GET / HTTP/1.1\r\nHost: x\r\nA: b\rc", 400),
    ])
    func wrong(text: String, status: Int) {
        #expect(throws: RequestHead.Fault(status: status)) { try head(text) }
    }

    @Test func bytesThatAreNoText() {
        #expect(throws: RequestHead.Fault(status: 400)) {
            try RequestHead(Array("GET / HTTP/1.1\r\nHost: ".utf8)[...] + [0xFF])
        }
    }

    @Test(arguments: [
        ("localhost", true), ("LOCALHOST:80", true), ("127.0.0.1:9393", true), ("127.0.0.1", true), ("[::1]:1", true),
        ("[::1]", true), ("", true), ("evil.example", false), ("127.0.0.1.evil.example:9393", false),
        ("localhost.evil.example", false), ("10.0.0.1", false), ("[::2]:80", false),
    ])
    func loopback(host: String, isForLoopback: Bool) throws {
        #expect(try head("GET / HTTP/1.1\r\nHost: \(host)").isForLoopback == isForLoopback)
    }

    @Test(arguments: [
        ("127.0.0.1:9393", true), ("localhost:0", true), ("[::1]:1", true), ("0.0.0.0:80", false), ("[::]:80", false),
        ("192.168.1.1:65535", false),
    ])
    func addresses(text: String, isLoopback: Bool) throws {
        #expect(try #require(ListenAddress(text)).isLoopback == isLoopback)
    }

    @Test(arguments: [
        "", "9393", ":9393", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "host:1", "::1:1", "[x]:1", "1.2.3:4",
    ])
    func noAddresses(text: String) {
        #expect(ListenAddress(text) == nil)
    }
}
