import HealModel
import ManifestShape

/// Looks at a file's bytes before anything else does: a YAML reader meets only text that people and other readers see
/// alike.
enum ManifestBytes {
    /// The bytes without a mark at the start.
    ///
    /// - Throws: the first fault: not UTF-8, or a character that has no place in a manifest.
    static func checked(_ bytes: [UInt8], file: String) throws(ManifestProblem) -> ArraySlice<UInt8> {
        if let encoding = otherEncoding(bytes) {
            throw ManifestProblem(
                SourceLocation(file: file, line: 1, column: 1), "the file is \(encoding); save it as UTF-8")
        }
        let text = bytes.starts(with: [0xEF, 0xBB, 0xBF]) ? bytes[3...] : bytes[...]
        var index = text.startIndex
        while index < text.endIndex {
            let byte = text[index]
            if (0x20..<0x7F).contains(byte) || byte == 0x0A || byte == 0x09 {
                index += 1
            } else if byte == 0x0D, index + 1 < text.endIndex, text[index + 1] == 0x0A {
                index += 2
            } else {
                guard let (scalar, length) = decode(text[index...]) else {
                    throw ManifestProblem(
                        place(of: index, in: text, file: file),
                        "the file is not UTF-8: byte \(index + 1) of it begins no character")
                }
                if let fault = fault(of: scalar) {
                    throw ManifestProblem(place(of: index, in: text, file: file), fault)
                }
                index += length
            }
        }
        return text
    }

    /// Whether a value or a key, after its escapes were read, holds a control character; tabs and line ends are none.
    static func holdsControlCharacter(_ text: String) -> Bool {
        var previous: UInt8 = 0
        for byte in text.utf8 {
            if byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D || byte == 0x7F { return true }
            // U+0080 to U+009F, which UTF-8 writes as C2 80 to C2 9F.
            if previous == 0xC2 && byte < 0xA0 { return true }
            previous = byte
        }
        return false
    }

    private static func otherEncoding(_ bytes: [UInt8]) -> String? {
        if bytes.starts(with: [0xFF, 0xFE, 0, 0]) || bytes.starts(with: [0, 0, 0xFE, 0xFF]) { return "UTF-32" }
        if bytes.starts(with: [0xFF, 0xFE]) || bytes.starts(with: [0xFE, 0xFF]) { return "UTF-16" }
        // Without a mark: the first characters of a manifest are ASCII, so every other byte would be zero.
        guard bytes.count >= 4 else { return nil }
        let zeros = bytes.prefix(4).map { $0 == 0 }
        return zeros == [true, false, true, false] || zeros == [false, true, false, true] ? "UTF-16" : nil
    }

    /// The first character and its length in bytes; `nil` for what Unicode does not allow: overlong forms,
    /// surrogates, ends in the middle.
    private static func decode(_ bytes: ArraySlice<UInt8>) -> (scalar: UInt32, length: Int)? {
        guard let first = bytes.first else { return nil }
        let length: Int
        switch first {
        case 0..<0x80: return (UInt32(first), 1)
        case 0xC2...0xDF: length = 2
        case 0xE0...0xEF: length = 3
        case 0xF0...0xF4: length = 4
        default: return nil
        }
        guard bytes.count >= length else { return nil }
        var scalar = UInt32(first) & (0x7F >> UInt32(length))
        for byte in bytes.dropFirst().prefix(length - 1) {
            guard byte & 0xC0 == 0x80 else { return nil }
            scalar = scalar << 6 | UInt32(byte & 0x3F)
        }
        let smallest: [UInt32] = [0, 0, 0x80, 0x800, 0x10000]
        guard scalar >= smallest[length], Unicode.Scalar(scalar) != nil else { return nil }
        return (scalar, length)
    }

    private static func fault(of scalar: UInt32) -> String? {
        switch scalar {
        case 0: "the file holds a NUL character"
        case 0x0D: "a carriage return without a line feed; end lines with a line feed"
        case 0..<0x20, 0x7F..<0xA0: "the file holds a control character (U+\(hexadecimal(scalar)))"
        case 0x2028, 0x2029: "YAML readers disagree on whether U+\(hexadecimal(scalar)) ends a line; remove it"
        case 0xFEFF: "a byte order mark inside the file; remove it"
        case 0xFFFE, 0xFFFF: "the file holds U+\(hexadecimal(scalar)), which is no character"
        default: nil
        }
    }

    private static func hexadecimal(_ scalar: UInt32) -> String {
        let digits = String(scalar, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.utf8.count)) + digits
    }

    private static func place(of index: Int, in text: ArraySlice<UInt8>, file: String) -> SourceLocation {
        let before = text[..<index]
        let line = before.reduce(into: 1) { if $1 == 0x0A { $0 += 1 } }
        let lineStart = before.lastIndex(of: 0x0A).map { $0 + 1 } ?? text.startIndex
        let column = before[lineStart...].reduce(into: 1) { if $1 & 0xC0 != 0x80 { $0 += 1 } }
        return SourceLocation(file: file, line: line, column: column)
    }
}
