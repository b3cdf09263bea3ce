import Datasets
import Foundation
import HealKit
import HealModel
import ManifestShape
import TestSupport
import Testing

@testable import Populating

private let origin = SourceLocation(file: "schemas.yaml", line: 1, column: 1)

private func unit(_ key: SQLValue, _ cells: [(String, SQLValue)] = []) -> Populating.Unit {
    Populating.Unit(key: key, row: cells.map { Cell($0.0, $0.1) })
}

@Suite("Rows from a server")
struct HTTPRowSourceTests {
    @Test("a list of objects is rows, with the answer's names as columns")
    func list() async throws {
        let rows = try await withServer([.json(#"[{"id": 1, "name": "a", "tags": ["x"]}, {"id": 2, "ok": true}]"#)]) {
            server in try await ask(HTTPRowSource(HTTPSource(url: server.url + "/items"))).get()
        }
        #expect(
            rows == [
                SourceRow([
                    Cell("id", .integer(1)), Cell("name", .text("a")), Cell("tags", .text(#"["x"]"#)),
                ]),
                SourceRow([Cell("id", .integer(2)), Cell("ok", .integer(1))]),
            ])
    }

    @Test(
        "where the rows are in the answer",
        arguments: [
            ("", #"{"id": 1}"#, 1), ("/data", #"{"data": [{"id": 1}, {"id": 2}]}"#, 2),
            ("/data", #"{"data": null}"#, 0),
            ("/a/0/b~1c", #"{"a": [{"b/c": [{"id": 1}]}]}"#, 1), ("", "[]", 0), ("/data", #"{"data": {"id": 1}}"#, 1),
        ])
    func pointer(_ pointer: String, _ body: String, _ count: Int) async throws {
        let rows = try await withServer([.json(body)]) { server in
            try await ask(HTTPRowSource(HTTPSource(url: server.url, rows: pointer))).get()
        }
        #expect(rows.count == count)
    }

    @Test(
        "an answer that is not what was asked for is not understood, and says nothing of its contents",
        arguments: [
            ("", "<html>secret</html>"), ("", #"{"id": "secret""#), ("", #"["secret"]"#), ("/data", #"{"secret": []}"#),
            ("", "7"), ("", ""), ("/data", #"{"data": "secret"}"#), ("", "[{}] secret"),
        ])
    func junk(_ pointer: String, _ body: String) async throws {
        let result = try await withServer([.json(body)]) { server in
            try await ask(HTTPRowSource(HTTPSource(url: server.url, rows: pointer)))
        }
        #expect(result.failure?.kind == .parse)
        #expect(result.failure?.message.contains("secret") == false)
    }

    @Test("each unit is asked for, and its rows carry its key")
    func units() async throws {
        try await withServer([.json(#"[{"v": 1}]"#), .answer(204, body: ""), .json(#"[{"v": 3}, {"v": 4}]"#)]) {
            server in
            let source = HTTPRowSource(HTTPSource(url: server.url + "/u/{key}?lang={lang}#part"))
            let rows = try await ask(
                source,
                [
                    unit(.integer(7), [("lang", .text("de"))]), unit(.text("a b/../é?&#"), [("LANG", .text("x"))]),
                    unit(.text(".."), [("lang", .real(1.5))]),
                ]
            ).get()
            #expect(rows.map(\.unit) == [.integer(7), .text(".."), .text("..")])
            #expect(
                server.requests.map(\.target) == [
                    "/u/7?lang=de", "/u/a%20b%2F..%2F%C3%A9%3F%26%23?lang=x", "/u/%2E%2E?lang=1.5",
                ])
        }
    }

    @Test(
        "a unit whose row lacks what the URL names",
        arguments: [
            ("/{missing}", FailureClass.configuration), ("/{none}", .constraint),
        ])
    func lacking(_ path: String, _ kind: FailureClass) async throws {
        let source = HTTPRowSource(HTTPSource(url: "http://127.0.0.1:9" + path))
        let result = try await ask(source, [unit(.integer(1), [("none", .null)])])
        #expect(result.failure?.kind == kind)
    }

    @Test("a unit's row cannot name the host")
    func host() async throws {
        let source = HTTPRowSource(HTTPSource(url: "http://{host}:1/", tokenVariable: "T"))
        let result = try await ask(
            source, [unit(.integer(1), [("host", .text("127.0.0.1"))])], on: webMachine(["T": "s3cret"]))
        #expect(result.failure?.kind == .configuration)
    }

    @Test("a POST sends its body with the unit's values, escaped as in JSON; other braces stay")
    func post() async throws {
        try await withServer([.json("[]"), .json("[]")]) { server in
            let source = HTTPRowSource(
                HTTPSource(
                    url: server.url, method: .post, headers: [Keyed("X-Trace", origin, "a \"b\" \\c")],
                    body: #"{"q": {"id": "{key}"}, "n": {n}, "other": "{other}"} @x"#))
            _ = try await ask(source, [unit(.text("a\"b\\\n\té"), [("n", .integer(3))])]).get()
            let request = server.requests[0]
            #expect(request.method == "POST")
            #expect(request.body == #"{"q": {"id": "a\"b\\\n\té"}, "n": 3, "other": "{other}"} @x"#)
            #expect(request.headers["content-type"] == "application/json")
            #expect(request.headers["x-trace"] == "a \"b\" \\c")
            #expect(request.headers["expect"] == nil)
        }
    }

    @Test("a body that begins with @ is a text, not a file", arguments: ["@/etc/passwd", "@-"])
    func fileName(_ body: String) async throws {
        try await withServer([.json("[]")]) { server in
            _ = try await ask(HTTPRowSource(HTTPSource(url: server.url, method: .post, body: body))).get()
            #expect(server.requests.map(\.body) == [body])
        }
    }

    @Test("long bodies arrive whole", arguments: [39_999, 40_001, 120_000, 1_000_000])
    func long(_ count: Int) async throws {
        let body = String(
            (0..<count).map { "é@\"\\\nx😀y"[String.Index(utf16Offset: [0, 2, 3, 4, 5][$0 % 5], in: "é@\"\\\nx😀y")] })
        try await withServer([.json("[]")]) { server in
            _ = try await ask(HTTPRowSource(HTTPSource(url: server.url, method: .post, body: body))).get()
            #expect(server.requests[0].body == body)
        }
    }

    @Test("pages follow one another on the same server, by whatever kind of link")
    func pages() async throws {
        try await withServer([
            .json(#"{"rows": [{"n": 1}], "next": "?page=2"}"#), .json(#"{"rows": [{"n": 2}], "next": "three"}"#),
            .json(#"{"rows": [{"n": 3}], "next": "/x/four?a=1"}"#), .json(#"{"rows": [{"n": 4}], "next": null}"#),
        ]) { server in
            let rows = try await ask(
                HTTPRowSource(HTTPSource(url: server.url + "/api/items", rows: "/rows", next: "/next"))
            ).get()
            #expect(rows.map { $0.cells[0].value } == [.integer(1), .integer(2), .integer(3), .integer(4)])
            #expect(server.requests.map(\.target) == ["/api/items", "/api/items?page=2", "/api/three", "/x/four?a=1"])
        }
    }

    @Test(
        "pages that lead elsewhere, or in a circle, or nowhere, end it",
        arguments: [
            (#""http://127.0.0.2:1/""#, FailureClass.configuration), (#""//127.0.0.1:1/""#, .configuration),
            (#""https://127.0.0.1/""#, .configuration), (#""/""#, .parse), (#""file:///etc/passwd""#, .parse),
            ("7", .parse),
            (#""http://me@127.0.0.1/""#, .parse), (#""/a b""#, .parse),
        ])
    func wrongPages(_ next: String, _ kind: FailureClass) async throws {
        try await withServer([.json(#"{"rows": [], "next": \#(next)}"#), .json("[]")]) { server in
            let source = HTTPRowSource(
                HTTPSource(url: server.url + "/", tokenVariable: "T", rows: "/rows", next: "/next"))
            let result = try await ask(source, on: webMachine(["T": "s3cret-token"]))
            #expect(result.failure?.kind == kind)
            #expect(server.requests.count == 1)
        }
    }

    @Test("more pages than are allowed are not taken for all")
    func tooManyPages() async throws {
        try await withServer((1...4).map { .json(#"{"rows": [], "next": "?p=\#($0)"}"#) }) { server in
            let source = HTTPRowSource(HTTPSource(url: server.url, rows: "/rows", next: "/next", maxPages: 3))
            let result = try await ask(source)
            #expect(result.failure?.kind == .configuration)
            #expect(result.failure?.message.contains("max_pages") == true)
            #expect(server.requests.count == 3)
        }
    }

    @Test("a redirection on the same server is followed, with the token; one to another is not")
    func redirections() async throws {
        try await withServer([.answer(302, body: "", headers: ["Location: /moved?x"]), .json("[{}]")]) { server in
            let source = HTTPRowSource(HTTPSource(url: server.url + "/old", tokenVariable: "T"))
            let result1 = try await ask(source, on: webMachine(["T": "s3cret"])).get()
            #expect(result1.count == 1)
            #expect(server.requests.map(\.target) == ["/old", "/moved?x"])
            #expect(server.requests.map { $0.headers["authorization"] } == ["Bearer s3cret", "Bearer s3cret"])
        }
        try await withServer([.json("[{}]")]) { other in
            try await withServer([.answer(301, body: "", headers: ["Location: \(other.url)/x"])]) { server in
                let source = HTTPRowSource(HTTPSource(url: server.url, tokenVariable: "T"))
                let result = try await ask(source, on: webMachine(["T": "s3cret"]))
                #expect(result.failure?.kind == .configuration)
                #expect(result.failure?.message.contains(other.url) == true)
                #expect(other.requests.isEmpty)
            }
        }
        try await withServer((1...9).map { .answer(302, body: "", headers: ["Location: /\($0)"]) }) { server in
            let result2 = try await ask(HTTPRowSource(HTTPSource(url: server.url)))
            #expect(result2.failure?.kind == .configuration)
            #expect(server.requests.count == 6)
        }
    }

    @Test(
        "what an answer's status means",
        arguments: [
            (400, FailureClass.configuration), (422, .configuration), (402, .unknown), (401, .authentication),
            (403, .authentication), (404, .configuration),
            (405, .configuration), (407, .authentication), (408, .timeout), (413, .resource), (429, .rateLimit),
            (500, .connection), (502, .connection), (503, .connection), (507, .resource), (304, .configuration),
        ])
    func statuses(_ status: Int, _ kind: FailureClass) async throws {
        let result = try await withServer([.answer(status, body: "s3cret")]) { server in
            try await ask(HTTPRowSource(HTTPSource(url: server.url)))
        }
        #expect(result.failure?.kind == kind)
        #expect(result.failure?.message.contains("\(status)") == true)
        #expect(result.failure?.message.contains("s3cret") == false)
    }

    @Test("a unit that the server does not know or take is not a wrong manifest", arguments: [404, 400, 422])
    func unknownUnit(_ status: Int) async throws {
        let result = try await withServer([.answer(status, body: "")]) { server in
            try await ask(HTTPRowSource(HTTPSource(url: server.url + "/{key}")), [unit(.integer(1))])
        }
        #expect(result.failure?.kind == .constraint)
    }

    @Test(
        "how long to wait is said",
        arguments: [(429, "7", 7), (503, "120", 120), (429, "Wed, 21 Oct 2015 07:28:00 GMT", 0)])
    func retryAfter(_ status: Int, _ value: String, _ seconds: Int) async throws {
        let result = try await withServer([.answer(status, body: "", headers: ["Retry-After: \(value)"])]) { server in
            try await ask(HTTPRowSource(HTTPSource(url: server.url)))
        }
        #expect(result.failure?.retryAfter == .seconds(seconds))
    }

    @Test("connections that break are said to have broken, and the next attempt is a new one")
    func connections() async throws {
        try await withServer([
            .close, .truncated("[{}"), .answer(500, body: ""), .raw("\u{1}junk\r\n\r\n"), .json("[{}]"),
        ]) { server in
            let source = HTTPRowSource(HTTPSource(url: server.url))
            for kind in [FailureClass.connection, .connection, .connection, .parse] {
                let result3 = try await ask(source)
                #expect(result3.failure?.kind == kind)
            }
            let result4 = try await ask(source).get()
            #expect(result4.count == 1)
        }
        let closed = try StubServer([])
        closed.stop()
        let result5 = try await ask(HTTPRowSource(HTTPSource(url: closed.url)))
        #expect(result5.failure?.kind == .connection)
        let result6 = try await ask(HTTPRowSource(HTTPSource(url: "http://no-such-host.invalid/")))
        #expect(result6.failure?.kind == .connection)
    }

    @Test("a server that says nothing, or stops within its answer, is left when the time is over")
    func stalls() async throws {
        for reaction in [StubServer.Reaction.stall, .stallWithin] {
            try await withServer([reaction]) { server in
                let start = ContinuousClock.now
                let result = try await ask(HTTPRowSource(HTTPSource(url: server.url)), timeout: .milliseconds(400))
                #expect(result.failure?.kind == .timeout)
                #expect(ContinuousClock.now - start < .seconds(4))
            }
        }
        // The time is for all units together.
        try await withServer([.json("[]"), .stall]) { server in
            let source = HTTPRowSource(HTTPSource(url: server.url + "/{key}"))
            let result = try await ask(source, (1...9).map { unit(.integer($0)) }, timeout: .milliseconds(400))
            #expect(result.failure?.kind == .timeout)
            #expect(server.requests.count <= 2)
        }
    }

    @Test("an answer that is too long is not kept")
    func tooLong() async throws {
        for reaction in [
            StubServer.Reaction.json(String(repeating: "x", count: 2000)),
            .raw("HTTP/1.0 200 OK\r\n\r\n" + String(repeating: "x", count: 2000)),
        ] {
            try await withServer([reaction]) { server in
                let client = HTTPClient(machine: try webMachine(), largest: 1000)
                let failure = await #expect(throws: SourceFailure.self) {
                    let address = try #require(WebAddress(server.url))
                    _ = try await client.answer(to: HTTPRequest(address: address, timeout: .seconds(5)))
                }
                #expect(failure?.kind == .resource)
            }
        }
    }

    @Test(
        "what is no URL, header or token is a fault of the manifest or environment, and nothing is asked",
        arguments: [
            HTTPSource(url: "http://me:pw@127.0.0.1/"), HTTPSource(url: "http:///x"),
            HTTPSource(url: "http://h:99999/"),
            HTTPSource(url: "http://127.0.0.1:9/ x"), HTTPSource(url: "http://127.0.0.1:9/", tokenVariable: "UNSET"),
            HTTPSource(url: "http://127.0.0.1:9/", tokenVariable: "EMPTY"),
            HTTPSource(url: "http://127.0.0.1:9/", tokenVariable: "BROKEN"),
            HTTPSource(url: "http://127.0.0.1:9/", headers: [Keyed("X", origin, "a\r\nEvil: 1")]),
            HTTPSource(url: "http://127.0.0.1:9/", headers: [Keyed("@file", origin, "")]),
            HTTPSource(url: "http://127.0.0.1:9/", headers: [Keyed("A b", origin, "c")]),
            HTTPSource(url: "http://127.0.0.1:9/", method: .post, body: "a\0b"),
        ])
    func configuration(_ source: HTTPSource) async throws {
        let result = try await ask(HTTPRowSource(source), on: webMachine(["EMPTY": "", "BROKEN": "abc\r\nEvil: 1"]))
        #expect(result.failure?.kind == .configuration)
        #expect(result.failure?.message.contains("abc") == false)
    }

    @Test("without curl it is said what to install")
    func withoutCurl() async throws {
        let result = try await ask(
            HTTPRowSource(HTTPSource(url: "http://127.0.0.1:9/")), on: webMachine(["PATH": "/nowhere"]))
        #expect(result.failure?.kind == .configuration)
        #expect(result.failure?.message.contains("apt-get install curl") == true)
    }

    @Test(
        "what curl's exit codes mean",
        arguments: [
            (6, FailureClass.connection), (7, .connection), (35, .connection), (52, .connection), (55, .connection),
            (56, .connection), (18, .connection), (28, .timeout), (60, .configuration), (67, .authentication),
            (2, .configuration),
            (26, .configuration), (27, .resource), (63, .resource), (61, .parse), (127, .configuration),
            (137, .resource), (99, .unknown),
            // It ends well without having said a status.
            (0, .parse),
        ])
    func exitCodes(_ code: Int, _ kind: FailureClass) async throws {
        try await withFakeCurl(exit: code) { folder in
            let result = try await ask(
                HTTPRowSource(HTTPSource(url: "http://127.0.0.1:9/")), on: webMachine(["PATH": folder]))
            #expect(result.failure?.kind == kind)
        }
    }

    @Test(
        "neither the key nor what is sent is on the command line or in the environment, and the user's settings do not count"
    )
    func secrets() async throws {
        try await withFakeCurl(exit: 7) { folder in
            let machine = try webMachine([
                "PATH": folder, "T": "s3cret-token", "HOME": "/root", "https_proxy": "http://p:1", "OTHER": "x",
            ])
            let source = HTTPRowSource(
                HTTPSource(url: "http://127.0.0.1:9/", method: .post, tokenVariable: "T", body: "private text"))
            let failure = try await ask(source, on: machine).failure
            #expect(failure?.message.contains("s3cret") == false)
            #expect(try String(contentsOfFile: folder + "/arguments", encoding: .utf8) == "--disable\n--config\n-\n")
            let environment = try String(contentsOfFile: folder + "/environment", encoding: .utf8)
            for word in ["s3cret", "private", "OTHER", "HOME="] { #expect(!environment.contains(word)) }
            #expect(environment.contains("https_proxy=http://p:1"))
            let input = try String(contentsOfFile: folder + "/input", encoding: .utf8)
            #expect(input.contains(#"header = "Authorization: Bearer s3cret-token""#))
            #expect(input.contains(#"data-raw = "private text""#))
            #expect(input.contains(#"proto = "=http,https""#))
        }
    }

    @Test("sources of one server share its origin")
    func origins() {
        #expect(HTTPRowSource(HTTPSource(url: "https://API.example.org/a/{key}")).origin == "api.example.org:443")
        #expect(LLMRowSource(LLMSource(baseURL: "https://api.example.org/v1/")).origin == "api.example.org:443")
    }
}

@Suite("When one may ask again")
struct RetryAfterTests {
    private static let now: Int64 = 784_111_777_000  // 1994-11-06 08:49:37

    @Test(
        "seconds and dates",
        arguments: [
            ("0", 0.0), ("120", 120), (" 3 ", 3), ("Sun, 06 Nov 1994 08:49:37 GMT", 0),
            ("Sun, 06 Nov 1994 08:50:00 GMT", 23),
            ("Sunday, 06-Nov-94 08:50:00 GMT", 23), ("Sun Nov  6 08:50:00 1994", 23),
            ("Sat, 05 Nov 1994 00:00:00 GMT", 0),
            ("Tue, 29 Feb 2000 00:00:00 GMT", 167_670_623), ("99999999999999999999", 999_999_999),
        ])
    func reads(_ value: String, _ seconds: Double) {
        #expect(RetryAfter.duration(value, now: Self.now) == .seconds(seconds))
    }

    @Test(
        "anything else says nothing",
        arguments: [
            "", "-1", "1.5", "soon", "Sun, 06 Foo 1994 08:49:37 GMT", "Sun, 06 Nov 1994 25:00:00 GMT",
            "Sun, 06 Nov 1994 08:49 GMT",
            "Sun, 06 Nov 1994 08:49:37 CET", "%header{retry-after}", "٣",
        ])
    func refuses(_ value: String) {
        #expect(RetryAfter.duration(value, now: Self.now) == nil)
    }
}
