/// A key as `compose-go` finds it.
struct ComposeKey {
    /// The key cannot be read.
    struct Failure: Error {
        let reason: DotEnvReason
    }

    /// Where the name stands. Empty when the file ends before anything ends the key: what was taken for a name is then
    /// the value of a variable without a name, as in `compose-go`.
    let name: Range<Int>

    /// Where the value starts, white space aside; after the line if the key is inherited.
    let end: Int

    /// Whether the line ends after the name: the value is the environment's.
    let isInherited: Bool

    /// Finds the key that starts at an index.
    static func find(in bytes: [UInt8], from start: Int) throws(Failure) -> ComposeKey {
        // Only after `export` at the end of the file.
        guard start < bytes.count else { throw Failure(reason: .invalidName) }
        var index = start
        while index < bytes.count {
            let byte = bytes[index]
            if byte == Ascii.equals || byte == Ascii.colon || byte == Ascii.newline {
                let name = start..<index
                if bytes[name].contains(Ascii.space), hasInnerSpace(name, in: bytes) {
                    throw Failure(reason: .spaceInName)
                }
                return ComposeKey(
                    name: Whitespace.go.trimEnd(name, in: bytes),
                    end: index + 1,
                    isInherited: byte == Ascii.newline
                )
            }
            guard let size = length(in: bytes, at: index) else { throw Failure(reason: .invalidName) }
            index += size
        }
        return ComposeKey(name: start..<start, end: start, isInherited: false)
    }

    /// The number of bytes of the white space at an index that does not break the line; `nil` if there is none.
    static func spaceLength(in bytes: [UInt8], at index: Int) -> Int? {
        guard index < bytes.count else { return nil }
        switch bytes[index] {
        case Ascii.tab, 0x0B, 0x0C, Ascii.carriageReturn, Ascii.space: return 1
        case 0xC2 where index + 1 < bytes.count && (bytes[index + 1] == 0x85 || bytes[index + 1] == 0xA0): return 2
        default: return nil
        }
    }

    /// Whether a space is left once white space at the end of the name is gone.
    private static func hasInnerSpace(_ name: Range<Int>, in bytes: [UInt8]) -> Bool {
        bytes[Whitespace.go.trimEnd(name, in: bytes)].contains(Ascii.space)
    }

    /// The number of bytes of the character at an index, if it may stand in a key or be white space in it.
    private static func length(in bytes: [UInt8], at index: Int) -> Int? {
        if let size = spaceLength(in: bytes, at: index) { return size }
        let byte = bytes[index]
        if byte < 0x80 {
            let isOther = byte == Ascii.minus || byte == Ascii.openBracket || byte == Ascii.closeBracket
            return byte.continuesName || isOther || byte == UInt8(ascii: ".") ? 1 : nil
        }
        let end = min(index + 4, bytes.count)
        guard let scalar = String(decoding: bytes[index..<end], as: UTF8.self).unicodeScalars.first else { return nil }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber,
            .letterNumber, .otherNumber:
            return UTF8.width(scalar)
        default:
            return nil
        }
    }
}
