/// Reads a file as `compose-go`, the reader of Docker Compose, does.
///
/// A key ends at `=`, at `:`, or at the end of the line, where it stands for the environment's variable of that name.
/// A value in double quotes has escapes and substitutions, a bare one substitutions, one in single quotes neither.
/// The first line that it cannot read makes it refuse the file.
struct ComposeReader {
    /// Ends the reading.
    private struct Stop: Error {
        let problem: DotEnvProblem

        init(line: Int, reason: DotEnvReason, variable: String? = nil) {
            problem = DotEnvProblem(line: line, reason: reason, variable: variable)
        }
    }

    private let bytes: [UInt8]
    private var lines: LineCounter
    private var scope: VariableScope
    private var reading = Reading()
    private var index = 0

    static func read(_ bytes: [UInt8], environment: [String: String]) -> Reading {
        var reader = ComposeReader(bytes, environment: environment)
        do throws(Stop) {
            try reader.run()
        } catch {
            reader.reading.refusal = error.problem
        }
        return reader.reading
    }

    private init(_ bytes: [UInt8], environment: [String: String]) {
        self.bytes = bytes
        lines = LineCounter(bytes)
        scope = VariableScope(environment: environment, precedence: .environment)
        index = bytes.hasBytes(Ascii.byteOrderMark, at: 0) ? Ascii.byteOrderMark.count : 0
    }

    private mutating func run() throws(Stop) {
        while true {
            index = Whitespace.go.skip(in: bytes, from: index, limit: bytes.count)
            if index == bytes.count { return }
            if bytes[index] == Ascii.hash {
                index = bytes.firstIndex(of: Ascii.newline, from: index)
            } else {
                try statement()
            }
        }
    }

    private mutating func statement() throws(Stop) {
        skipExport()
        let start = index
        let line = lines.line(at: start)
        let key: ComposeKey
        do throws(ComposeKey.Failure) {
            key = try ComposeKey.find(in: bytes, from: start)
        } catch {
            throw Stop(line: line, reason: error.reason)
        }
        index = key.end
        while let size = spaceLength(at: index) {
            index += size
        }
        let name = Array(bytes[key.name])
        if key.isInherited {
            guard let value = scope.inherited(name) else { return }
            scope.set(name, to: value)
            reading.assign(bytes.text(key.name), value, line: line)
            return
        }
        let value = try value(of: key.name, line: line)
        scope.set(name, to: value)
        reading.assign(bytes.text(key.name), value, line: line)
    }

    /// Skips `export`, and white space after it that does not break the line.
    private mutating func skipExport() {
        let end = index + Ascii.export.count
        guard bytes.hasBytes(Ascii.export, at: index), end < bytes.count else { return }
        switch bytes[end] {
        case Ascii.tab, Ascii.newline, 0x0C, Ascii.carriageReturn, Ascii.space: index = end
        default: return
        }
        while let size = spaceLength(at: index) {
            index += size
        }
    }

    private func spaceLength(at index: Int) -> Int? {
        ComposeKey.spaceLength(in: bytes, at: index)
    }

    private mutating func value(of name: Range<Int>, line: Int) throws(Stop) -> [UInt8] {
        guard index < bytes.count, bytes[index] == Ascii.singleQuote || bytes[index] == Ascii.doubleQuote else {
            let start = index
            let end = bytes.firstIndex(of: Ascii.newline, from: start)
            index = min(end + 1, bytes.count)
            return try substituted(Array(bytes[ComposeText.bare(start..<end, in: bytes)]), name: name, line: line)
        }
        let quote = bytes[index]
        guard let text = ComposeText.quoted(in: bytes, from: index) else {
            throw Stop(line: line, reason: .unterminated, variable: variable(name))
        }
        index = text.end
        if quote == Ascii.singleQuote { return text.value }
        return try substituted(ComposeText.unescaped(text.value), name: name, line: line)
    }

    private mutating func substituted(
        _ template: [UInt8], name: Range<Int>, line: Int
    ) throws(Stop) -> [UInt8] {
        do throws(ComposeTemplate.Failure) {
            return try ComposeTemplate.substitute(template, scope: &scope)
        } catch {
            throw Stop(line: line, reason: error.reason, variable: variable(name))
        }
    }

    private func variable(_ name: Range<Int>) -> String? {
        ProperName.text(bytes[name])
    }
}
