import Testing

/// A text and what is expected of it.
struct Sample: Sendable, CustomTestStringConvertible {
    let text: String
    let expected: String

    init(_ text: String, _ expected: String) {
        self.text = text
        self.expected = expected
    }

    var testDescription: String { text.debugDescription }
}
