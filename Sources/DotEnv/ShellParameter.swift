/// The contents of a `${…}`.
struct ShellParameter {
    let name: Range<Int>

    /// `-`, `=`, `+` or `?`; 0 if there is none.
    let operation: UInt8

    /// Whether a `:` stands before the operation: then an empty variable counts as unset.
    let emptyIsUnset: Bool

    /// What follows the operation.
    let word: Range<Int>

    /// Whether `$` and a byte stand for a value of the shell itself, such as `$$` or `$1`.
    static func isSpecial(_ byte: UInt8) -> Bool {
        byte.isAsciiDigit || "@*#?-$!".utf8.contains(byte)
    }

    /// Reads what stands between the braces.
    static func parse(_ bytes: [UInt8], _ range: Range<Int>) throws(ShellFault) -> ShellParameter {
        let start = range.lowerBound
        let end = bytes.endOfName(from: start, limit: range.upperBound)
        guard end > start else {
            guard start < range.upperBound, isSpecial(bytes[start]) else { throw .line(.badSubstitution, at: start) }
            throw .value(.specialParameter, at: start)
        }
        guard end < range.upperBound else {
            return ShellParameter(name: start..<end, operation: 0, emptyIsUnset: false, word: end..<end)
        }
        let emptyIsUnset = bytes[end] == Ascii.colon
        let sign = emptyIsUnset ? end + 1 : end
        if sign < range.upperBound, "-=+?".utf8.contains(bytes[sign]) {
            return ShellParameter(
                name: start..<end,
                operation: bytes[sign],
                emptyIsUnset: emptyIsUnset,
                word: sign + 1..<range.upperBound
            )
        }
        // Parts, replacements, letter case, elements: `${A:1}`, `${A#b}`, `${A/b/c}`, `${A^}`, `${A[0]}`, `${A@Q}`.
        // A backslash continues the line.
        if ":#%/^,[@\\".utf8.contains(bytes[end]) { throw .value(.unsupportedExpansion, at: start) }
        throw .line(.badSubstitution, at: start)
    }
}
