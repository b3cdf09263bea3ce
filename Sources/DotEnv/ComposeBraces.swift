/// Finds `${NAME}` and `${NAME:-word}` for ``ComposeTemplate``, remembering how far it has looked.
struct ComposeBraces {
    /// One `${…}`.
    struct Substitution {
        let name: Range<Int>

        /// `-`, `+` or `?`; 0 if there is none.
        let operation: UInt8

        /// Whether a `:` stands before the operation: then an empty variable counts as unset.
        let emptyIsUnset: Bool

        /// What follows the operation.
        let word: Range<Int>

        /// The index after the closing brace.
        let end: Int
    }

    private let bytes: [UInt8]
    private let range: Range<Int>

    /// The end of the line last looked at, and the last `}` on it.
    private var endOfLine = -1
    private var lastBrace = -1

    init(_ bytes: [UInt8], _ range: Range<Int>) {
        self.bytes = bytes
        self.range = range
    }

    /// The substitution whose `$` stands at an index, with `{` after it; `nil` if it is none. Indices must rise.
    mutating func substitution(at dollar: Int) -> Substitution? {
        let start = dollar + 2
        let end = bytes.endOfName(from: start, limit: range.upperBound)
        guard end > start, end < range.upperBound else { return nil }
        if bytes[end] == Ascii.closeBrace {
            return Substitution(
                name: start..<end, operation: 0, emptyIsUnset: false, word: end..<end, end: end + 1)
        }
        let emptyIsUnset = bytes[end] == Ascii.colon
        let sign = emptyIsUnset ? end + 1 : end
        guard sign < range.upperBound else { return nil }
        let operation = bytes[sign]
        guard operation == Ascii.minus || operation == Ascii.plus || operation == Ascii.question else { return nil }
        lookForLastBrace(from: sign + 1)
        guard lastBrace > sign else { return nil }
        let close = balancingBrace(from: start)
        return Substitution(
            name: start..<end, operation: operation, emptyIsUnset: emptyIsUnset, word: sign + 1..<close, end: close + 1)
    }

    /// Finds the last `}` on the line of an index.
    private mutating func lookForLastBrace(from start: Int) {
        guard endOfLine < start else { return }
        var index = start
        lastBrace = -1
        while index < range.upperBound, bytes[index] != Ascii.newline {
            if bytes[index] == Ascii.closeBrace {
                lastBrace = index
            }
            index += 1
        }
        endOfLine = index
    }

    /// The brace that balances the one before an index; the last one on the line if none does.
    ///
    /// `compose-go` does not look at the byte after an opening brace.
    private func balancingBrace(from start: Int) -> Int {
        var open = 1
        var index = start + 1
        while index < lastBrace {
            if bytes[index] == Ascii.closeBrace {
                open -= 1
                if open == 0 { return index }
            } else if bytes[index] == Ascii.openBrace {
                open += 1
                index += 1
            }
            index += 1
        }
        return lastBrace
    }
}
