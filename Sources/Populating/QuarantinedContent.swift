import HealModel

/// What is kept of a row or unit that was set aside, as JSON. A secret's value is never kept: what had one says so with a mark before
/// the JSON, so that nobody takes it for the row itself.
public enum QuarantinedContent {
    static let mark = "[redacted] "

    /// Whether this is not what was set aside, but what was left of it without secrets.
    public static func isRedacted(_ content: String) -> Bool { content.hasPrefix(mark) }

    /// - Parameter redact: takes the values of secrets out of a text.
    public static func redacted(_ content: String, _ redact: (String) -> String) -> String {
        guard !isRedacted(content) else { return redact(content) }
        // By values first: JSON escapes some characters, and a blob's bytes are written as digits.
        let values = (try? JSONReader.read(content)).map { self.redacted($0, redact) }
        let text = redact(values?.isChanged == true ? values?.value.text ?? content : content)
        return text == content ? content : mark + text
    }

    private static func redacted(
        _ value: JSONContent, _ redact: (String) -> String
    ) -> (value: JSONContent, isChanged: Bool) {
        switch value {
        case .text(let text):
            let result = redact(text)
            if result != text { return (.text(result), true) }
            guard !text.isEmpty, let bytes = KeptRow.bytes(text) else { return (value, false) }
            let said = String(decoding: bytes, as: UTF8.self)
            let rest = redact(said)
            return rest == said ? (value, false) : (.text(rest), true)
        case .array(let values):
            let results = values.map { redacted($0, redact) }
            return (.array(results.map(\.value)), results.contains { $0.isChanged })
        case .object(let members):
            let results = members.map { redacted($0.value, redact) }
            let changed = zip(members, results).map { JSONContent.Member(redact($0.name), $1.value) }
            return (.object(changed), results.contains { $0.isChanged } || changed.map(\.name) != members.map(\.name))
        // A password may be a number.
        case .integer, .real:
            let result = redact(value.text)
            return result == value.text ? (value, false) : (.text(result), true)
        case .null, .boolean: return (value, false)
        }
    }
}
