/// Finds where the shell's words, quotes and substitutions end. It looks at the bytes only and expands nothing.
struct ShellScanner {
    let bytes: [UInt8]

    /// Whether a byte ends a word outside quotes.
    static func isMeta(_ byte: UInt8) -> Bool {
        switch byte {
        case Ascii.space, Ascii.tab, Ascii.newline, Ascii.semicolon, Ascii.ampersand, Ascii.bar, Ascii.less,
            Ascii.greater, Ascii.openParenthesis, Ascii.closeParenthesis:
            true
        default:
            false
        }
    }

    /// Whether a backslash and a line break, which the shell drops, stand at an index.
    func isContinuation(at index: Int) -> Bool {
        index + 1 < bytes.count && bytes[index] == Ascii.backslash && bytes[index + 1] == Ascii.newline
    }

    /// The first index from the given one on that is neither a blank nor a continued line.
    func skipBlanks(from index: Int) -> Int {
        var index = index
        while index < bytes.count {
            if bytes[index] == Ascii.space || bytes[index] == Ascii.tab {
                index += 1
            } else if isContinuation(at: index) {
                index += 2
            } else {
                break
            }
        }
        return index
    }

    /// The end of the word that starts at an index.
    func endOfWord(from start: Int) throws(ShellFault) -> Int {
        var index = start
        while index < bytes.count, !ShellScanner.isMeta(bytes[index]) {
            index = try endOfPart(at: index, inDoubleQuotes: false, depth: 0)
        }
        return index
    }

    /// The end of the quote, the substitution or the single byte at an index.
    func endOfPart(at index: Int, inDoubleQuotes: Bool, depth: Int) throws(ShellFault) -> Int {
        switch bytes[index] {
        case Ascii.backslash:
            return min(index + 2, bytes.count)
        case Ascii.singleQuote where !inDoubleQuotes:
            return try endOfQuote(at: index)
        case Ascii.doubleQuote where !inDoubleQuotes:
            return try endOfDoubleQuotes(at: index, depth: depth)
        case Ascii.backtick:
            return try endOfEscaped(Ascii.backtick, from: index + 1, open: index)
        case Ascii.dollar:
            return try endOfDollar(at: index, inDoubleQuotes: inDoubleQuotes, depth: depth)
        default:
            return index + 1
        }
    }

    /// The index of the `}` that closes a `${` whose contents start at an index.
    func closingBrace(from start: Int, inDoubleQuotes: Bool, depth: Int) throws(ShellFault) -> Int {
        guard depth <= VariableScope.depthLimit else { throw .file(.nestedTooDeeply, at: start) }
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == Ascii.closeBrace { return index }
            if inDoubleQuotes, byte == Ascii.singleQuote || byte == Ascii.doubleQuote {
                // Which quotes count here depends on the operation and on the shell's version.
                throw .file(.unsupportedExpansion, at: start)
            }
            index = try endOfPart(at: index, inDoubleQuotes: inDoubleQuotes, depth: depth)
        }
        throw .file(.unterminated, at: start)
    }

    /// The index after the `)` that closes the `(` at an index.
    func endOfParentheses(at open: Int, depth: Int) throws(ShellFault) -> Int {
        guard depth <= VariableScope.depthLimit else { throw .file(.nestedTooDeeply, at: open) }
        var index = open + 1
        var level = 1
        while index < bytes.count {
            switch bytes[index] {
            case Ascii.openParenthesis:
                level += 1
                index += 1
            case Ascii.closeParenthesis:
                level -= 1
                index += 1
                if level == 0 { return index }
            default:
                index = try endOfPart(at: index, inDoubleQuotes: false, depth: depth)
            }
        }
        throw .file(.unterminated, at: open)
    }

    /// The index after the `'` that closes the one at an index.
    func endOfQuote(at open: Int) throws(ShellFault) -> Int {
        let close = bytes.firstIndex(of: Ascii.singleQuote, from: open + 1)
        guard close < bytes.count else { throw .file(.unterminated, at: open) }
        return close + 1
    }

    private func endOfDoubleQuotes(at open: Int, depth: Int) throws(ShellFault) -> Int {
        guard depth <= VariableScope.depthLimit else { throw .file(.nestedTooDeeply, at: open) }
        var index = open + 1
        while index < bytes.count {
            if bytes[index] == Ascii.doubleQuote { return index + 1 }
            index = try endOfPart(at: index, inDoubleQuotes: true, depth: depth)
        }
        throw .file(.unterminated, at: open)
    }

    private func endOfDollar(at dollar: Int, inDoubleQuotes: Bool, depth: Int) throws(ShellFault) -> Int {
        guard dollar + 1 < bytes.count else { return dollar + 1 }
        switch bytes[dollar + 1] {
        case Ascii.openBrace:
            return try closingBrace(from: dollar + 2, inDoubleQuotes: inDoubleQuotes, depth: depth + 1) + 1
        case Ascii.openParenthesis:
            return try endOfParentheses(at: dollar + 1, depth: depth + 1)
        case Ascii.openBracket:
            // An old form of arithmetic.
            throw .file(.unsupportedExpansion, at: dollar)
        case Ascii.singleQuote where !inDoubleQuotes:
            return try endOfEscaped(Ascii.singleQuote, from: dollar + 2, open: dollar)
        case let byte where ShellParameter.isSpecial(byte):
            if byte == Ascii.dollar, inDoubleQuotes || depth > 0, dollar + 2 < bytes.count,
                bytes[dollar + 2] == Ascii.openBrace || bytes[dollar + 2] == Ascii.openParenthesis
            {
                // Here the shell looks for the end of a substitution, although `$$` stands for itself.
                throw .file(.unsupportedExpansion, at: dollar)
            }
            return dollar + 2
        default:
            return dollar + 1
        }
    }

    /// The index after the next byte of a kind without a backslash before it.
    private func endOfEscaped(_ close: UInt8, from start: Int, open: Int) throws(ShellFault) -> Int {
        var index = start
        while index < bytes.count {
            if bytes[index] == close { return index + 1 }
            index += bytes[index] == Ascii.backslash ? 2 : 1
        }
        throw .file(.unterminated, at: open)
    }
}
