import HealModel

/// The statements of a text, each with its place.
struct SQLScript {
    struct Statement {
        var text: String
        /// Line and column of its first token, from 1; the column counts Unicode scalars.
        var line: Int
        var column: Int
        /// The first word, in lower case.
        var firstWord: String
    }

    private(set) var statements: [Statement] = []
    /// Where the first piece stands that SQLite cannot read at all.
    private(set) var illegal: (line: Int, column: Int)?

    init(_ script: String) {
        let text = SQLText(script)
        var lines = LineCounter(text.bytes)
        if let token = text.tokens.first(where: { $0.kind == .illegal }) {
            var lines = lines
            illegal = lines.place(token.start)
        }
        var first = 0
        var ending = StatementEnd()
        for index in text.tokens.indices {
            let isEnd = ending.reads(text, index, isFirst: index == first)
            if isEnd || index == text.tokens.count - 1 {
                let last = isEnd ? index : index + 1
                if first < last {
                    let place = lines.place(text.tokens[first].start)
                    let bytes = text.bytes[text.tokens[first].start..<text.tokens[last - 1].end]
                    statements.append(
                        Statement(
                            text: String(decoding: bytes, as: UTF8.self), line: place.line, column: place.column,
                            firstWord: text.folded(first)))
                }
                first = index + 1
            }
        }
    }

    /// Finds the semicolon that ends a statement; those inside a trigger's body do not.
    private struct StatementEnd {
        private enum State { case start, explained, create, other, trigger, semicolon, end }
        private var state = State.start

        mutating func reads(_ text: SQLText, _ index: Int, isFirst: Bool) -> Bool {
            if isFirst { state = .start }
            let isSemicolon = text.kind(index) == .semicolon
            switch state {
            case .start, .explained:
                if isSemicolon { return true }
                if text.isWord(index, "create") {
                    state = .create
                } else if state == .start, text.isWord(index, "explain") {
                    state = .explained
                } else {
                    state = .other
                }
            case .create:
                if isSemicolon { return true }
                if text.isWord(index, "trigger") {
                    state = .trigger
                } else if !text.isWord(index, "temp"), !text.isWord(index, "temporary") {
                    state = .other
                }
            case .other: return isSemicolon
            case .trigger: if isSemicolon { state = .semicolon }
            case .semicolon: state = text.isWord(index, "end") ? .end : isSemicolon ? .semicolon : .trigger
            case .end:
                if isSemicolon { return true }
                state = .trigger
            }
            return false
        }
    }
}

/// Lines and columns of rising byte offsets.
struct LineCounter {
    private let bytes: [UInt8]
    private var offset = 0
    private var line = 1
    private var lineStart = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// - Parameter target: not smaller than the one asked for before.
    mutating func place(_ target: Int) -> (line: Int, column: Int) {
        while offset < target {
            if bytes[offset] == 0x0A {
                line += 1
                lineStart = offset + 1
            }
            offset += 1
        }
        // Bytes that continue a scalar are no columns.
        let scalars = bytes[lineStart..<target].count { $0 & 0xC0 != 0x80 }
        return (line, scalars + 1)
    }
}

extension SQLScript.Statement {
    /// The place of a byte of the statement, in the file.
    func location(ofByte offset: Int, file: String) -> SourceLocation {
        var lines = LineCounter(Array(text.utf8))
        let place = lines.place(min(max(0, offset), text.utf8.count))
        return SourceLocation(
            file: file, line: line + place.line - 1, column: place.line == 1 ? column + place.column - 1 : place.column)
    }
}
