import HealModel
import Testing

@testable import Populating

@Suite("Reading and writing JSON")
struct JSONReaderTests {
    @Test(
        "a value is read as it is meant",
        arguments: [
            ("null", JSONContent.null), (" true ", .boolean(true)), ("-12", .integer(-12)), ("0", .integer(0)),
            ("1.5e3", .real(1500)), ("9223372036854775807", .integer(.max)),
            ("9223372036854775808", .real(9.223372036854775808e18)), ("\"a\\u00e9\\n\\/\"", .text("aé\n/")),
            ("\"\\ud83d\\ude00\"", .text("😀")), ("\"\\ud83d\"", .text("\u{FFFD}")),
            ("\"\\ud83d\\u0041\"", .text("\u{FFFD}A")), ("[]", .array([])), ("{ }", .object([])),
            (
                "{\"b\": [1, {\"a\": null}], \"a\": false}",
                .object([
                    .init("b", .array([.integer(1), .object([.init("a", .null)])])), .init("a", .boolean(false)),
                ])
            ),
        ])
    func reads(_ text: String, _ expected: JSONContent) throws {
        #expect(try JSONReader.read(text) == expected)
        #expect(try JSONReader.read(expected.text) == expected)
    }

    @Test(
        "what is not JSON is refused, with its place and without its contents",
        arguments: [
            ("", 0), ("{\"a\": 1", 7), ("[1,]", 3), ("{\"a\" 1}", 5), ("01", 1), ("1.", 2), ("nul", 0), ("NaN", 0),
            ("'a'", 0), ("\"a\u{01}\"", 2), ("\"abc", 4), ("\"\\x\"", 3), ("{} {}", 3), ("[1 2]", 3), ("1e999", 5),
            ("\"\\u12g4\"", 5),
        ])
    func refuses(_ text: String, _ offset: Int) {
        let fault = #expect(throws: JSONReader.Fault.self) { try JSONReader.read(text) }
        #expect(fault?.offset == offset)
    }

    @Test("bytes that are not UTF-8, and endless nesting, are refused")
    func refusesBytes() {
        #expect(throws: JSONReader.Fault.self) { try JSONReader.read([0x22, 0xFF, 0x22]) }
        #expect(throws: JSONReader.Fault.self) { try JSONReader.read([0x22, 0x5C, 0x6E, 0xC3, 0x22]) }
        #expect(throws: JSONReader.Fault.self) { try JSONReader.read(String(repeating: "[", count: 100_000)) }
    }

    @Test(
        "a pointer leads to a value",
        arguments: [
            ("", "{\"a\":[{\"b/c\":1}],\"~\":2}"), ("/a/0/b~1c", "1"), ("/~0", "2"), ("/a", "[{\"b/c\":1}]"),
            ("/a/1", nil),
            ("/a/00", nil), ("a", nil), ("/a/0/b~1c/x", nil),
        ] as [(String, String?)])
    func points(_ pointer: String, _ expected: String?) throws {
        let value = try JSONReader.read("{\"a\": [{\"b/c\": 1}], \"~\": 2}")
        #expect(value.value(at: pointer)?.text == expected)
    }

    @Test(
        "values as SQLite stores them",
        arguments: [
            ("[1, \"a\"]", SQLValue.text("[1,\"a\"]")), ("{\"a\":{}}", .text("{\"a\":{}}")), ("true", .integer(1)),
            ("false", .integer(0)), ("1.0", .real(1)), ("null", .null),
        ])
    func stored(_ text: String, _ expected: SQLValue) throws {
        #expect(try JSONReader.read(text).sqlValue == expected)
    }
}
