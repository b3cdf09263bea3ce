/// Reads a file as `dotenv` 17 for Node.js does.
///
/// That reader is one regular expression, run over the whole file with line breaks made equal:
///
///     ^ \s* (export \s+)? KEY (\s* = | : \s) VALUE? \s* (# …)? $
///
/// where VALUE is a text in `'`, `"` or `` ` ``, tried first, or everything up to a `#` or the end of the line, and
/// where `\s` also matches line breaks. What does not match is skipped in silence. This reader finds the same matches
/// in one pass, without backtracking.
struct NodeReader {
    private let bytes: [UInt8]
    private var lines: LineCounter
    private var singleQuotes = NodeQuotes(quote: Ascii.singleQuote)
    private var doubleQuotes = NodeQuotes(quote: Ascii.doubleQuote)
    private var backticks = NodeQuotes(quote: Ascii.backtick)
    private var reading = Reading()

    static func read(_ source: [UInt8]) -> Reading {
        var reader = NodeReader(source)
        reader.run()
        return reader.reading
    }

    private init(_ source: [UInt8]) {
        let input = UniversalNewlines(source)
        bytes = input.bytes
        lines = LineCounter(input.bytes, extra: input.extra)
    }

    private mutating func run() {
        var position = 0
        while true {
            let start = NodeText.skipSpace(in: bytes, from: position).end
            if start == bytes.count { return }
            if let end = statement(at: start) {
                position = NodeText.nextLineStart(in: bytes, from: end)
            } else {
                if bytes[start] != Ascii.hash {
                    reading.note(.notAnAssignment, line: lines.line(at: start))
                }
                position = NodeText.nextLineStart(in: bytes, from: start + 1)
            }
        }
    }

    /// Reads the assignment at an index and tells where it ends; `nil` if there is none.
    private mutating func statement(at start: Int) -> Int? {
        if bytes.hasBytes(Ascii.export, at: start) {
            let keyword = start + Ascii.export.count
            let name = NodeText.skipSpace(in: bytes, from: keyword).end
            if name > keyword, let end = assignment(at: name) {
                return end
            }
        }
        return assignment(at: start)
    }

    private mutating func assignment(at start: Int) -> Int? {
        var end = start
        while end < bytes.count, NodeText.isKey(bytes[end]) {
            end += 1
        }
        guard end > start, let value = endOfSeparator(at: end) else { return nil }
        let name = bytes.text(start..<end)
        let line = lines.line(at: start)
        let result = self.value(at: value)
        // A JavaScript object does not take a text under this name.
        if name != "__proto__" {
            reading.assign(name, NodeText.repaired(result.value), line: line)
        }
        return result.end
    }

    /// Where the `=` or the `:` and a space after a key end; `nil` if neither follows.
    private func endOfSeparator(at end: Int) -> Int? {
        let sign = NodeText.skipSpace(in: bytes, from: end).end
        if sign < bytes.count, bytes[sign] == Ascii.equals {
            return sign + 1
        }
        guard end < bytes.count, bytes[end] == Ascii.colon else { return nil }
        let space = Whitespace.javaScript.length(in: bytes, at: end + 1, limit: bytes.count)
        return space > 0 ? end + 1 + space : nil
    }

    /// Reads the value that starts after a separator, and what follows it up to the end of a line.
    private mutating func value(at start: Int) -> (value: [UInt8], end: Int) {
        let open = NodeText.skipSpace(in: bytes, from: start).end
        if open < bytes.count, let close = closingQuote(of: open) {
            let inner = Array(bytes[open + 1..<close])
            let value = bytes[open] == Ascii.doubleQuote ? NodeText.unescaped(inner) : inner
            return (value, NodeText.endOfTail(in: bytes, from: close + 1))
        }
        var end = start
        while end < bytes.count, bytes[end] != Ascii.hash, bytes[end] != Ascii.newline {
            end += 1
        }
        let range = Whitespace.javaScript.trim(start..<end, in: bytes)
        return (NodeText.unquoted(Array(bytes[range])), NodeText.endOfTail(in: bytes, from: end))
    }

    private mutating func closingQuote(of open: Int) -> Int? {
        switch bytes[open] {
        case Ascii.singleQuote: singleQuotes.closing(in: bytes, from: open + 1)
        case Ascii.doubleQuote: doubleQuotes.closing(in: bytes, from: open + 1)
        case Ascii.backtick: backticks.closing(in: bytes, from: open + 1)
        default: nil
        }
    }
}
