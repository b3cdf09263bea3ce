/// Finds where a text in quotes ends for ``PythonReader``: at the nearest quote that no backslash escapes.
///
/// Where a run of backslashes starts does not depend on the opening quote, so the quote found serves every opening
/// quote before it.
struct PythonQuotes {
    private let quote: UInt8
    private let hasEscapes: Bool
    private var next = -1

    init(quote: UInt8, hasEscapes: Bool) {
        self.quote = quote
        self.hasEscapes = hasEscapes
    }

    /// The closing quote of the text that starts at an index; `nil` if there is none. Indices must rise.
    mutating func closing(in bytes: [UInt8], from start: Int) -> Int? {
        if next < start {
            next = start
            while next < bytes.count, bytes[next] != quote {
                next += hasEscapes && bytes[next] == Ascii.backslash ? 2 : 1
            }
        }
        return next < bytes.count ? next : nil
    }
}
