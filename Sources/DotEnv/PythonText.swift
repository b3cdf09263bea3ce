/// The pieces of `python-dotenv`'s grammar that work on a single value.
enum PythonText {
    /// What a backslash and a byte stand for in single quotes; `nil` if they stand for themselves.
    static func singleEscape(_ byte: UInt8) -> UInt8? {
        byte == Ascii.backslash || byte == Ascii.singleQuote ? byte : nil
    }

    /// What a backslash and a byte stand for in double quotes; `nil` if they stand for themselves.
    static func doubleEscape(_ byte: UInt8) -> UInt8? {
        switch byte {
        case Ascii.backslash, Ascii.singleQuote, Ascii.doubleQuote: byte
        default: ControlEscape.value(of: byte)
        }
    }

    /// The text with its escapes replaced.
    static func unescaped(_ text: ArraySlice<UInt8>, escapes: (UInt8) -> UInt8?) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        var index = text.startIndex
        while index < text.endIndex {
            if text[index] == Ascii.backslash, index + 1 < text.endIndex, let byte = escapes(text[index + 1]) {
                result.append(byte)
                index += 2
            } else {
                result.append(text[index])
                index += 1
            }
        }
        return result
    }

    /// The range without the comment that white space and a `#` start, and without the white space at its end.
    static func withoutComment(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        var index = range.lowerBound
        while index < range.upperBound {
            let space = Whitespace.python.skip(in: bytes, from: index, limit: range.upperBound)
            if space > index, space < range.upperBound, bytes[space] == Ascii.hash {
                return range.lowerBound..<index
            }
            index = max(space, index + 1)
        }
        return Whitespace.python.trimEnd(range, in: bytes)
    }
}
