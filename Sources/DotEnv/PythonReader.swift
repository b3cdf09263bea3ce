/// Reads a file as `python-dotenv` does, by way of `load_dotenv()`: UTF-8, in text mode, without a byte order mark.
///
/// Statement by statement: a key, bare or in single quotes; a value, if `=` follows; a comment; the end of the line.
/// A statement that does not end like that is skipped up to the end of its line.
struct PythonReader {
    private let bytes: [UInt8]
    private var lines: LineCounter
    private var scope: VariableScope
    private var keyQuotes = PythonQuotes(quote: Ascii.singleQuote, hasEscapes: false)
    private var singleQuotes = PythonQuotes(quote: Ascii.singleQuote, hasEscapes: true)
    private var doubleQuotes = PythonQuotes(quote: Ascii.doubleQuote, hasEscapes: true)
    private var reading = Reading()
    private var index = 0

    private struct Skip: Error {
        let reason: DotEnvReason
    }

    static func read(_ source: [UInt8], environment: [String: String]) -> Reading {
        if let line = UTF8Check.firstBadLine(in: source) {
            var reading = Reading()
            reading.refuse(.invalidUTF8, line: line)
            return reading
        }
        var reader = PythonReader(source, environment: environment)
        reader.run()
        return reader.reading
    }

    private init(_ source: [UInt8], environment: [String: String]) {
        let input = UniversalNewlines(source)
        bytes = input.bytes
        lines = LineCounter(input.bytes, extra: input.extra)
        scope = VariableScope(environment: environment, precedence: .environment)
        index = bytes.hasBytes(Ascii.byteOrderMark, at: 0) ? Ascii.byteOrderMark.count : 0
    }

    private mutating func run() {
        while reading.refusal == nil {
            index = Whitespace.python.skip(in: bytes, from: index, limit: bytes.count)
            if index == bytes.count { return }
            let line = lines.line(at: index)
            do throws(Skip) {
                try statement(line: line)
            } catch {
                reading.note(error.reason, line: line)
                index = bytes.firstIndex(of: Ascii.newline, from: index)
            }
        }
    }

    private mutating func statement(line: Int) throws(Skip) {
        skipExport()
        let name = try key()
        skipSpace()
        var value: [UInt8]?
        if peek == Ascii.equals {
            index += 1
            skipSpace()
            value = try self.value()
        }
        skipSpace()
        if peek == Ascii.hash {
            index = bytes.firstIndex(of: Ascii.newline, from: index)
        }
        guard peek == nil || peek == Ascii.newline else { throw Skip(reason: .textAfterValue) }
        if let name {
            assign(name, value, line: line)
        }
    }

    private mutating func assign(_ name: Range<Int>, _ value: [UInt8]?, line: Int) {
        var resolved = value
        if let value {
            resolved = PythonSubstitution.resolve(value, scope: &scope)
            if resolved == nil {
                reading.refuse(.expansionTooLarge, line: line)
                return
            }
        }
        scope.set(Array(bytes[name]), to: resolved)
        reading.assign(bytes.text(name), resolved, line: line)
    }

    private var peek: UInt8? {
        index < bytes.count ? bytes[index] : nil
    }

    private func endOfSpace(from start: Int) -> Int {
        var end = start
        while end < bytes.count, bytes[end] != Ascii.newline {
            let size = Whitespace.python.length(in: bytes, at: end, limit: bytes.count)
            if size == 0 { break }
            end += size
        }
        return end
    }

    private mutating func skipSpace() {
        index = endOfSpace(from: index)
    }

    private mutating func skipExport() {
        guard bytes.hasBytes(Ascii.export, at: index) else { return }
        let keyword = index + Ascii.export.count
        let end = endOfSpace(from: keyword)
        if end > keyword {
            index = end
        }
    }

    /// The key's range; `nil` before a comment.
    private mutating func key() throws(Skip) -> Range<Int>? {
        let start = index
        switch peek {
        case Ascii.hash:
            return nil
        case Ascii.singleQuote:
            guard let close = keyQuotes.closing(in: bytes, from: start + 1), close > start + 1 else {
                throw Skip(reason: .notAnAssignment)
            }
            index = close + 1
            return start + 1..<close
        default:
            while index < bytes.count, bytes[index] != Ascii.equals, bytes[index] != Ascii.hash,
                Whitespace.python.length(in: bytes, at: index, limit: bytes.count) == 0
            {
                index += 1
            }
            guard index > start else { throw Skip(reason: .notAnAssignment) }
            return start..<index
        }
    }

    private mutating func value() throws(Skip) -> [UInt8] {
        let open = index
        switch peek {
        case Ascii.singleQuote:
            guard let close = singleQuotes.closing(in: bytes, from: open + 1) else { throw Skip(reason: .unterminated) }
            index = close + 1
            return PythonText.unescaped(bytes[open + 1..<close], escapes: PythonText.singleEscape)
        case Ascii.doubleQuote:
            guard let close = doubleQuotes.closing(in: bytes, from: open + 1) else { throw Skip(reason: .unterminated) }
            index = close + 1
            return PythonText.unescaped(bytes[open + 1..<close], escapes: PythonText.doubleEscape)
        default:
            index = bytes.firstIndex(of: Ascii.newline, from: index)
            return Array(bytes[PythonText.withoutComment(open..<index, in: bytes)])
        }
    }
}
