/// A piece of SQL that is compared by its tokens: case, quoting, white space and comments make no difference.
public struct SQLExpression: Hashable, Sendable, CustomStringConvertible {
    /// The tokens, folded.
    let tokens: [String]
    /// As it was written, on one line.
    public let source: String

    public static func == (lhs: SQLExpression, rhs: SQLExpression) -> Bool { lhs.tokens.haveSameBytes(as: rhs.tokens) }
    public func hash(into hasher: inout Hasher) { hasher.combine(tokens) }
    public var description: String { source }

    /// Which of the names it speaks of. A word before a parenthesis is a function.
    func mentions(of names: some Sequence<SQLName>) -> [SQLName] {
        names.filter { name in
            let folded = name.folded
            return tokens.indices.contains { index in
                tokens[index] == folded && !(index + 1 < tokens.count && tokens[index + 1] == "(")
            }
        }
    }
}

extension [String] {
    /// Equal as SQLite sees it, byte by byte.
    func haveSameBytes(as other: [String]) -> Bool {
        count == other.count && zip(self, other).allSatisfy { $0.hasSameBytes(as: $1) }
    }
}

/// What names mean in a piece of SQL.
struct NameScope: Sendable {
    /// The table whose columns need no qualifier.
    var table: SQLName?
    /// The columns that `"x"` can name; anything else in double quotes is a text there. `nil`: it is always a name.
    var columns: Set<String>?

    static let rowids: Set<String> = ["rowid", "oid", "_rowid_"]

    func isName(_ key: String) -> Bool {
        guard let columns else { return true }
        return columns.contains(key) || Self.rowids.contains(key) || table?.key == key
    }
}

extension SQLText {
    /// The tokens of a range as they are compared. Parentheses around the whole are dropped.
    func folded(_ range: Range<Int>, in scope: NameScope = NameScope()) -> SQLExpression {
        let range = withoutParentheses(range)
        var result: [String] = []
        result.reserveCapacity(range.count)
        var index = range.lowerBound
        while index < range.upperBound {
            if let table = scope.table, isQualifier(index, of: table), index + 2 < range.upperBound {
                index += 2
                continue
            }
            result.append(folded(index, in: scope))
            index += 1
        }
        return SQLExpression(tokens: result, source: oneLine(range))
    }

    /// Drops parentheses that enclose the whole range.
    func withoutParentheses(_ range: Range<Int>) -> Range<Int> {
        var range = range
        while range.count >= 2, tokens[range.lowerBound].kind == .leftParenthesis,
            closing(range.lowerBound) == range.upperBound - 1
        {
            range = range.lowerBound + 1..<range.upperBound - 1
        }
        return range
    }

    /// One token as it is compared.
    func folded(_ index: Int, in scope: NameScope = NameScope()) -> String {
        let token = tokens[index]
        switch token.kind {
        case .word, .number, .blob: return lowercased(token)
        case .string: return isWord(index - 1, "as") ? foldedName(index) : source(index)
        case .quotedName: return foldedName(index)
        case .doubleQuoted:
            return mustBeName(index) || scope.isName(name(index).asciiLowercased)
                ? foldedName(index) : name(index).sqlLiteral
        case .operator:
            let text = source(index)
            return switch text {
            case "==": "="
            case "!=": "<>"
            default: text
            }
        default: return source(index)
        }
    }

    /// A name in the form that all its spellings share.
    func foldedName(_ index: Int) -> String {
        tokens[index].kind == .word ? lowercased(tokens[index]) : SQLName(name(index)).folded
    }

    /// Whether a text is impossible at this place, so that `"x"` is a name whatever it names.
    private func mustBeName(_ index: Int) -> Bool {
        if isWord(index - 1, "as") || isWord(index - 1, "collate") || kind(index - 1) == .dot { return true }
        return kind(index + 1) == .leftParenthesis || kind(index + 1) == .dot
    }

    private func isQualifier(_ index: Int, of table: SQLName) -> Bool {
        guard kind(index + 1) == .dot, kind(index - 1) != .dot else { return false }
        switch tokens[index].kind {
        case .word, .doubleQuoted, .quotedName: return name(index).asciiLowercased == table.key
        default: return false
        }
    }

    private func lowercased(_ token: SQLToken) -> String {
        String(unsafeUninitializedCapacity: token.end - token.start) { buffer in
            for offset in 0..<buffer.count { buffer[offset] = bytes[token.start + offset].asciiLowercased }
            return token.end - token.start
        }
    }
}
