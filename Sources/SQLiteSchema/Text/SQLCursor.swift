/// Reads tokens one after the other.
struct SQLCursor {
    let text: SQLText
    private(set) var index = 0
    /// Where reading ends: nothing from here on is looked at.
    private(set) var end: Int

    init(_ text: SQLText) {
        self.text = text
        end = text.tokens.count
    }

    init(_ text: SQLText, _ range: Range<Int>) {
        self.text = text
        index = range.lowerBound
        end = range.upperBound
    }

    var isAtEnd: Bool { index >= end }
    var kind: SQLToken.Kind? { isAtEnd ? nil : text.tokens[index].kind }

    func isWord(_ word: StaticString) -> Bool { !isAtEnd && text.isWord(index, word) }

    /// Whether the words stand here one after the other.
    func areWords(_ first: StaticString, _ second: StaticString) -> Bool {
        index + 1 < end && text.isWord(index, first) && text.isWord(index + 1, second)
    }

    mutating func skip(_ count: Int = 1) { index = min(end, index + count) }

    mutating func take(_ word: StaticString) -> Bool {
        guard isWord(word) else { return false }
        index += 1
        return true
    }

    mutating func take(_ kind: SQLToken.Kind) -> Bool {
        guard self.kind == kind else { return false }
        index += 1
        return true
    }

    /// The name that stands here, whatever its quotes.
    mutating func name() -> SQLName? {
        guard !isAtEnd else { return nil }
        switch text.tokens[index].kind {
        case .word, .doubleQuoted, .quotedName, .string:
            index += 1
            return SQLName(text.name(index - 1))
        default: return nil
        }
    }

    /// A name that may follow that of a schema: `main.users`.
    mutating func qualifiedName() -> SQLName? {
        guard let first = name() else { return nil }
        return take(.dot) ? name() ?? first : first
    }

    /// The word that stands here, in lower case.
    mutating func word() -> String? {
        guard kind == .word else { return nil }
        index += 1
        return text.folded(index - 1)
    }

    /// What is inside the parentheses that open here, and moves past them.
    mutating func parenthesised() -> Range<Int>? {
        guard kind == .leftParenthesis else { return nil }
        let closing = min(text.closing(index), end)
        let inside = index + 1..<max(index + 1, closing)
        index = min(end, closing + 1)
        return inside
    }

    /// The parts of a range between commas that are not inside parentheses.
    static func parts(of range: Range<Int>, in text: SQLText) -> [Range<Int>] {
        var parts: [Range<Int>] = []
        var depth = 0
        var start = range.lowerBound
        for index in range {
            switch text.tokens[index].kind {
            case .leftParenthesis: depth += 1
            case .rightParenthesis: depth -= 1
            case .comma where depth == 0:
                parts.append(start..<index)
                start = index + 1
            default: break
            }
        }
        if start < range.upperBound { parts.append(start..<range.upperBound) }
        return parts
    }
}
