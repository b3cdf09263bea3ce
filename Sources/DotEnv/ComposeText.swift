/// The pieces of `compose-go`'s grammar that work on a single value.
enum ComposeText {
    /// The text in quotes that opens at an index, and the index after its end; `nil` if it is never closed.
    ///
    /// A backslash before the quote goes; before anything else it stays, and what follows it cannot be an escape's
    /// start.
    static func quoted(in bytes: [UInt8], from open: Int) -> (value: [UInt8], end: Int)? {
        let quote = bytes[open]
        var value: [UInt8] = []
        var index = open + 1
        while index < bytes.count {
            let byte = bytes[index]
            if byte == quote { return (value, index + 1) }
            index += 1
            guard byte == Ascii.backslash else {
                value.append(byte)
                continue
            }
            guard index < bytes.count else { return nil }
            if bytes[index] != quote {
                value.append(byte)
            }
            value.append(bytes[index])
            index += 1
        }
        return nil
    }

    /// A bare value: up to ` #`, without the white space at its end.
    static func bare(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        var end = range.lowerBound
        while end < range.upperBound {
            if bytes[end] == Ascii.space, end + 1 < range.upperBound, bytes[end + 1] == Ascii.hash { break }
            end += 1
        }
        return Whitespace.go.trimEnd(range.lowerBound..<end, in: bytes)
    }

    /// The text with its escapes replaced. `\$` becomes `$$`, which no substitution touches.
    static func unescaped(_ text: [UInt8]) -> [UInt8] {
        guard text.contains(Ascii.backslash) else { return text }
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            guard text[index] == Ascii.backslash, index + 1 < text.count else {
                result.append(text[index])
                index += 1
                continue
            }
            let next = text[index + 1]
            index += 2
            switch next {
            case Ascii.dollar:
                result += [Ascii.dollar, Ascii.dollar]
            case Ascii.doubleQuote, Ascii.backslash:
                result.append(next)
            case UInt8(ascii: "0"):
                index = octal(in: text, from: index, into: &result)
            default:
                if let control = ControlEscape.value(of: next) {
                    result.append(control)
                } else {
                    // Not an escape: the byte after the backslash may start one.
                    result.append(Ascii.backslash)
                    index -= 1
                }
            }
        }
        return result
    }

    /// `\0` and up to three digits, of which the reader drops the `0`: `\0101` is `A`, and `\09` leaves `\9`.
    private static func octal(in text: [UInt8], from start: Int, into result: inout [UInt8]) -> Int {
        var end = start
        while end < text.count, end < start + 3, text[end].isAsciiDigit {
            end += 1
        }
        let digits = text[start..<end]
        let number = digits.reduce(0) { $0 * 8 + Int($1 & 0x0F) }
        if digits.count == 3, digits.allSatisfy({ $0 < UInt8(ascii: "8") }), let scalar = UInt8(exactly: number) {
            result += Array(String(Unicode.Scalar(scalar)).utf8)
        } else {
            result.append(Ascii.backslash)
            result += digits
        }
        return end
    }
}
