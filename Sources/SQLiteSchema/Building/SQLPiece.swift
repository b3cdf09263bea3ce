/// What is wrong with a piece of SQL that is to stand inside a statement of ours: it must neither end nor swallow what
/// surrounds it.
enum SQLPiece {
    /// What a piece may hold at its own level, outside parentheses.
    enum Level { case one, list, statements }

    static func fault(_ sql: String, _ level: Level) -> String? {
        let text = SQLText(sql)
        if sql.utf8.contains(0) { return "it holds a NUL character" }
        var depth = 0
        for index in text.tokens.indices {
            switch text.tokens[index].kind {
            case .illegal: return illegal(text, index)
            case .parameter: return "it holds a parameter (\(text.source(index)))"
            case .leftParenthesis: depth += 1
            case .rightParenthesis:
                depth -= 1
                if depth < 0 { return "a parenthesis is closed that was not opened" }
            case .semicolon where level != .statements: return "it holds a semicolon, and must be part of one statement"
            case .comma where level == .one && depth == 0: return "it holds a comma: one definition makes one thing"
            default: break
            }
        }
        return depth > 0 ? "a parenthesis is not closed" : nil
    }

    private static func illegal(_ text: SQLText, _ index: Int) -> String {
        switch text.bytes[text.tokens[index].start] {
        case UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "`"): "a quote is not closed"
        case UInt8(ascii: "["): "a bracket is not closed"
        default: "'\(text.source(index).prefix(20))' is nothing SQL knows"
        }
    }

    /// The piece on one line and without comments, so that nothing of what follows becomes part of one.
    static func clean(_ sql: String) -> String {
        if isClean(sql) { return sql }
        let text = SQLText(sql)
        return text.oneLine(text.tokens.indices)
    }

    /// Whether it stands on one line as it should: what nearly every piece of a manifest does.
    private static func isClean(_ sql: String) -> Bool {
        var last = UInt8(ascii: " ")
        for byte in sql.utf8 {
            switch byte {
            case 0..<0x20: return false
            case UInt8(ascii: " ") where last == byte: return false
            case UInt8(ascii: "-") where last == byte: return false
            case UInt8(ascii: "*") where last == UInt8(ascii: "/"): return false
            default: last = byte
            }
        }
        return last != UInt8(ascii: " ")
    }
}
