import Testing

@testable import ExternalPlugins

@Suite struct RedactorTests {
    @Test(
        "No secret is left in a text",
        arguments: [
            ("pass hunter22 word", "pass [redacted] word"), ("hunter22", "[redacted]"), ("hunter2", "hunter2"),
            ("hunter22hunter22", "[redacted][redacted]"), ("hunter22\u{301}", "[redacted]\u{301}"),
            ("hunter22-long", "[redacted]"), ("line one of a key", "[redacted] of a key"), ("abc", "abc"), ("", ""),
        ])
    func redacts(_ text: String, _ expected: String) {
        let redact = Redactor(["hunter22", "hunter22-long", "abc", "", "line one\nline two"])
        #expect(redact(text) == expected)
    }

    @Test("A secret that the mark itself holds is no endless loop") func mark() {
        #expect(Redactor(["redacted"])("redacted") == "[redacted]")
    }
}
