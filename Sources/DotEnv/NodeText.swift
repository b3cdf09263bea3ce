/// The pieces of JavaScript's regular expressions that ``NodeReader`` is made of.
enum NodeText {
    /// Whether a byte may stand in a key: `[\w.-]`.
    static func isKey(_ byte: UInt8) -> Bool {
        byte.continuesName || byte == UInt8(ascii: ".") || byte == Ascii.minus
    }

    /// The number of bytes of the line terminator at an index: `\n`, U+2028 or U+2029; 0 if there is none.
    static func terminatorLength(in bytes: [UInt8], at index: Int) -> Int {
        switch bytes[index] {
        case Ascii.newline: 1
        case 0xE2:
            index + 2 < bytes.count && bytes[index + 1] == 0x80 && (bytes[index + 2] & 0xFE) == 0xA8 ? 3 : 0
        default: 0
        }
    }

    /// Skips white space, line breaks included, and tells where the last line break in it stands.
    static func skipSpace(in bytes: [UInt8], from start: Int) -> (end: Int, lastTerminator: Int?) {
        var index = start
        var last: Int?
        while index < bytes.count {
            let size = Whitespace.javaScript.length(in: bytes, at: index, limit: bytes.count)
            if size == 0 { break }
            if terminatorLength(in: bytes, at: index) > 0 {
                last = index
            }
            index += size
        }
        return (index, last)
    }

    /// The index after the next line terminator, or the end.
    static func nextLineStart(in bytes: [UInt8], from start: Int) -> Int {
        var index = start
        while index < bytes.count {
            let size = terminatorLength(in: bytes, at: index)
            if size > 0 { return index + size }
            index += 1
        }
        return bytes.count
    }

    /// Whether `\s*(#.*)?$` matches at an index: nothing but a comment follows on the line.
    static func endsLine(in bytes: [UInt8], from start: Int) -> Bool {
        let space = skipSpace(in: bytes, from: start)
        return space.end == bytes.count || bytes[space.end] == Ascii.hash || space.lastTerminator != nil
    }

    /// Where `\s*(#.*)?$` ends when matched at an index at which ``endsLine(in:from:)`` holds.
    static func endOfTail(in bytes: [UInt8], from start: Int) -> Int {
        let space = skipSpace(in: bytes, from: start)
        guard space.end < bytes.count, bytes[space.end] == Ascii.hash else {
            return space.end == bytes.count ? space.end : space.lastTerminator ?? start
        }
        var index = space.end
        while index < bytes.count, terminatorLength(in: bytes, at: index) == 0 {
            index += 1
        }
        return index
    }

    /// What `dotenv` makes of a value that is not in quotes from end to end: quotes around a line of it go, and if it
    /// starts with a double quote, `\n` and `\r` become line breaks.
    static func unquoted(_ value: [UInt8]) -> [UInt8] {
        guard let first = value.first else { return value }
        let stripped = withoutQuotes(value)
        return first == Ascii.doubleQuote ? unescaped(stripped) : stripped
    }

    /// `value.replace(/\\n/g, '\n').replace(/\\r/g, '\r')`
    static func unescaped(_ value: [UInt8]) -> [UInt8] {
        guard value.contains(Ascii.backslash) else { return value }
        var result: [UInt8] = []
        result.reserveCapacity(value.count)
        var index = 0
        while index < value.count {
            if value[index] == Ascii.backslash, index + 1 < value.count {
                let next = value[index + 1]
                if next == UInt8(ascii: "n") || next == UInt8(ascii: "r") {
                    result.append(next == UInt8(ascii: "n") ? Ascii.newline : Ascii.carriageReturn)
                    index += 2
                    continue
                }
            }
            result.append(value[index])
            index += 1
        }
        return result
    }

    /// Node decodes files as UTF-8 and puts U+FFFD in place of what is not.
    static func repaired(_ value: [UInt8]) -> [UInt8] {
        guard value.contains(where: { $0 >= 0x80 }) else { return value }
        return Array(String(decoding: value, as: UTF8.self).utf8)
    }

    /// Takes away the quotes around lines of a value without `\n`, which may hold U+2028 and U+2029.
    ///
    ///     value.replace(/^(['"`])([\s\S]*)\1$/gm, '$2')
    private static func withoutQuotes(_ value: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        var hopeless: Set<UInt8> = []
        var index = 0
        while index < value.count {
            let first = value[index]
            if isQuote(first), !hopeless.contains(first) {
                if let close = lastQuote(first, in: value, after: index) {
                    result += value[index + 1..<close]
                    index = close + 1
                } else {
                    hopeless.insert(first)
                }
            }
            let next = nextLineStart(in: value, from: index)
            result += value[index..<next]
            index = next
        }
        return result
    }

    private static func isQuote(_ byte: UInt8) -> Bool {
        byte == Ascii.singleQuote || byte == Ascii.doubleQuote || byte == Ascii.backtick
    }

    /// The last quote of a kind after an index that stands at the end of a line.
    private static func lastQuote(_ quote: UInt8, in value: [UInt8], after start: Int) -> Int? {
        var index = value.count - 1
        while index > start {
            if value[index] == quote,
                index + 1 == value.count || terminatorLength(in: value, at: index + 1) > 0
            {
                return index
            }
            index -= 1
        }
        return nil
    }
}
