/// A piece of SQL text that SQLite's own tokenizer sees as one: white space and comments are none.
struct SQLToken: Hashable, Sendable {
    enum Kind: UInt8, Sendable {
        /// A keyword or a name without quotes; which of the two only the place can tell.
        case word
        /// `"x"`: a name, or where no such name is known, a text.
        case doubleQuoted
        /// `` `x` `` or `[x]`: always a name.
        case quotedName
        case string
        case blob
        case number
        case parameter
        case `operator`
        case leftParenthesis
        case rightParenthesis
        case comma
        case semicolon
        case dot
        /// Nothing SQLite accepts: an open quote, a stray character.
        case illegal
    }

    var kind: Kind
    /// Bytes of the text: from `start` up to, not including, `end`.
    var start: Int
    var end: Int
}

/// SQL text cut into tokens by the rules of SQLite's `tokenize.c`.
struct SQLText: Sendable {
    let bytes: [UInt8]
    let tokens: [SQLToken]
    /// A comment is still open where the text ends. SQLite accepts that; whatever is appended would be swallowed.
    let endsInsideComment: Bool

    init(_ sql: String) {
        var tokenizer = SQLTokenizer(bytes: Array(sql.utf8))
        tokenizer.run()
        bytes = tokenizer.bytes
        tokens = tokenizer.tokens
        endsInsideComment = tokenizer.endsInsideComment
    }

    /// The token's text as it was written.
    func source(_ index: Int) -> String {
        String(decoding: bytes[tokens[index].start..<tokens[index].end], as: UTF8.self)
    }

    /// Whether the token is this word, which must be given in lower case.
    func isWord(_ index: Int, _ word: StaticString) -> Bool {
        guard tokens.indices.contains(index), tokens[index].kind == .word else { return false }
        let token = tokens[index]
        guard token.end - token.start == word.utf8CodeUnitCount else { return false }
        return word.withUTF8Buffer { wanted in
            for offset in 0..<wanted.count where bytes[token.start + offset].asciiLowercased != wanted[offset] {
                return false
            }
            return true
        }
    }

    func kind(_ index: Int) -> SQLToken.Kind? { tokens.indices.contains(index) ? tokens[index].kind : nil }

    /// The name that a token stands for: without its quotes.
    func name(_ index: Int) -> String {
        let token = tokens[index]
        switch token.kind {
        case .string, .doubleQuoted, .quotedName:
            return Self.unquoted(bytes[token.start..<token.end])
        default:
            return source(index)
        }
    }

    private static func unquoted(_ bytes: ArraySlice<UInt8>) -> String {
        guard let open = bytes.first, bytes.count >= 2 else { return String(decoding: bytes, as: UTF8.self) }
        let inner = bytes.dropFirst().dropLast()
        // Inside [ ] nothing can be doubled; inside the others the quote itself stands twice.
        guard open != UInt8(ascii: "["), inner.contains(open) else { return String(decoding: inner, as: UTF8.self) }
        var kept: [UInt8] = []
        var skip = false
        for byte in inner {
            if byte == open, skip {
                skip = false
                continue
            }
            skip = byte == open
            kept.append(byte)
        }
        return String(decoding: kept, as: UTF8.self)
    }

    /// The index of the parenthesis that closes the one at `open`, or the number of tokens when it stays open.
    func closing(_ open: Int) -> Int {
        var depth = 0
        var index = open
        while index < tokens.count {
            switch tokens[index].kind {
            case .leftParenthesis: depth += 1
            case .rightParenthesis:
                depth -= 1
                if depth == 0 { return index }
            default: break
            }
            index += 1
        }
        return tokens.count
    }

    /// The tokens as they were written, with all that stands between them.
    func written(_ range: Range<Int>) -> String {
        guard let first = range.first, let last = range.last else { return "" }
        return String(decoding: bytes[tokens[first].start..<tokens[last].end], as: UTF8.self)
    }

    /// The tokens as they were written, on one line: comments are gone, and any white space is one space.
    func oneLine(_ range: Range<Int>) -> String {
        var line: [UInt8] = []
        for index in range {
            let token = tokens[index]
            if index > range.lowerBound, tokens[index - 1].end < token.start { line.append(UInt8(ascii: " ")) }
            line += bytes[token.start..<token.end]
        }
        return String(decoding: line, as: UTF8.self)
    }
}

extension UInt8 {
    /// Case as SQLite folds it: ASCII letters only.
    var asciiLowercased: UInt8 { self >= 0x41 && self <= 0x5A ? self | 0x20 : self }
}
