/// Finds where a text in quotes ends, as `'(?:\\'|[^'])*'` does when only white space and a comment may follow it.
///
/// The expression first tries the nearest quote without a backslash before it. If something else follows on that
/// line, it goes back to the last quote that does have a backslash before it and is followed by nothing else. Both
/// are the same for every opening quote up to the one found, so they are remembered.
struct NodeQuotes {
    private let quote: UInt8

    /// The nearest quote without a backslash before it, or the end.
    private var plain = -1
    private var plainEndsLine = false

    /// The last quote before that which has a backslash before it and ends its line.
    private var escaped = -1

    init(quote: UInt8) {
        self.quote = quote
    }

    /// The closing quote of the text that starts at an index; `nil` if there is none. Indices must rise.
    mutating func closing(in bytes: [UInt8], from start: Int) -> Int? {
        if plain < start {
            search(in: bytes, from: start)
        }
        if plainEndsLine { return plain }
        return escaped >= start ? escaped : nil
    }

    private mutating func search(in bytes: [UInt8], from start: Int) {
        escaped = -1
        var index = start
        while index < bytes.count {
            if bytes[index] == quote {
                // The byte before the first one is the opening quote.
                if bytes[index - 1] != Ascii.backslash { break }
                if NodeText.endsLine(in: bytes, from: index + 1) {
                    escaped = index
                }
            }
            index += 1
        }
        plain = index
        plainEndsLine = index < bytes.count && NodeText.endsLine(in: bytes, from: index + 1)
    }
}
