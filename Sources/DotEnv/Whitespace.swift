/// What a dialect's reader takes for white space, encoded in UTF-8.
enum Whitespace {
    /// `\s` of a JavaScript regular expression: with the byte order mark, without U+0085.
    case javaScript

    /// `\s` of a Python regular expression: with U+0085 and the separators U+001C to U+001F.
    case python

    /// Go's `unicode.IsSpace`: with U+0085.
    case go

    /// The number of bytes of the white space character at an index; 0 if there is none.
    func length(in bytes: [UInt8], at index: Int, limit: Int) -> Int {
        guard index < limit else { return 0 }
        let byte = bytes[index]
        if byte < 0x80 {
            let isSpace = byte == 0x20 || (byte >= 0x09 && byte <= 0x0D)
            return isSpace || (self == .python && byte >= 0x1C && byte <= 0x1F) ? 1 : 0
        }
        switch byte {
        case 0xC2:
            guard index + 1 < limit else { return 0 }
            let next = bytes[index + 1]
            return next == 0xA0 || (next == 0x85 && self != .javaScript) ? 2 : 0
        case 0xE1, 0xE2, 0xE3, 0xEF:
            guard index + 2 < limit else { return 0 }
            return isWide(byte, bytes[index + 1], bytes[index + 2]) ? 3 : 0
        default:
            return 0
        }
    }

    /// The number of bytes of the white space character that ends at an index; 0 if there is none.
    func length(in bytes: [UInt8], before index: Int, start: Int) -> Int {
        for size in 1...3 where index - size >= start {
            if length(in: bytes, at: index - size, limit: index) == size {
                return size
            }
        }
        return 0
    }

    /// The first index from the given one on that is not white space.
    func skip(in bytes: [UInt8], from index: Int, limit: Int) -> Int {
        var index = index
        while true {
            let size = length(in: bytes, at: index, limit: limit)
            if size == 0 { return index }
            index += size
        }
    }

    /// The range without the white space at its end.
    func trimEnd(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        var end = range.upperBound
        while true {
            let size = length(in: bytes, before: end, start: range.lowerBound)
            if size == 0 { return range.lowerBound..<end }
            end -= size
        }
    }

    /// The range without the white space at either end.
    func trim(_ range: Range<Int>, in bytes: [UInt8]) -> Range<Int> {
        let start = skip(in: bytes, from: range.lowerBound, limit: range.upperBound)
        return trimEnd(start..<range.upperBound, in: bytes)
    }

    /// Whether three bytes encode U+1680, U+2000–U+200A, U+2028, U+2029, U+202F, U+205F, U+3000 or, for JavaScript,
    /// U+FEFF.
    private func isWide(_ first: UInt8, _ second: UInt8, _ third: UInt8) -> Bool {
        switch (first, second) {
        case (0xE1, 0x9A): third == 0x80
        case (0xE2, 0x80): (third >= 0x80 && third <= 0x8A) || third == 0xA8 || third == 0xA9 || third == 0xAF
        case (0xE2, 0x81): third == 0x9F
        case (0xE3, 0x80): third == 0x80
        case (0xEF, 0xBB): third == 0xBF && self == .javaScript
        default: false
        }
    }
}
