import Foundation
import Testing

@testable import Populating

@Suite("What is kept of what was set aside holds no secret")
struct QuarantinedContentTests {
    static let secret = "pa\"ss\\wörd\n77"

    private func redact(_ text: String) -> String {
        text.replacing(Self.secret, with: "[redacted]").replacing("70123456", with: "[redacted]")
    }

    @Test(
        "in whatever form a value has it",
        arguments: [
            JSONContent.object([.init("a", .text("x \(secret) y"))]), .object([.init("a \(secret)", .integer(1))]),
            .object([.init("a", .object([.init("b", .array([.text(secret)]))]))]),
            .object([.init("a", .text(Data(secret.utf8).map { String(format: "%02x", $0) }.joined()))]),
            .object([.init("a", .integer(70_123_456))]), .text(secret),
        ])
    func values(_ content: JSONContent) throws {
        let kept = QuarantinedContent.redacted(content.text, redact)
        #expect(QuarantinedContent.isRedacted(kept))
        let rest = try JSONReader.read(String(kept.dropFirst(QuarantinedContent.mark.count)))
        #expect(rest != content && rest.text.contains("[redacted]"))
        #expect(
            !"\(rest)".contains("wörd") && !kept.contains("rd\\n77") && !kept.contains("7701")
                && !kept.contains("70123456"))
        // What is shown of it is redacted again, and no second mark comes before it.
        #expect(QuarantinedContent.redacted(kept, redact) == kept)
    }

    @Test(
        "what holds none stays as it is, to the last space",
        arguments: [
            "{\"a\": 1,  \"b\":[1.50,null,true,\"[redacted]\"]}", "{\"a\":\"c0ffee\",\"a\":\"[redacted] \"}", "no JSON",
            "",
        ])
    func others(_ content: String) {
        #expect(QuarantinedContent.redacted(content, redact) == content)
        #expect(!QuarantinedContent.isRedacted(content))
    }

    @Test("what is no JSON is redacted, too")
    func texts() {
        #expect(QuarantinedContent.redacted("{ 70123456", redact) == "[redacted] { [redacted]")
    }
}
