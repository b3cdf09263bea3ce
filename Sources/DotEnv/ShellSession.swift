/// The state of the shell that ``ShellReader`` models: its variables, and what they were set to line by line.
struct ShellSession {
    /// What a word sets a variable to.
    struct Setting {
        let name: [UInt8]
        let line: Int

        /// Where the word stands.
        let index: Int

        /// The value; `nil` if the variable keeps the one it has.
        let value: [UInt8]?

        /// Whether the value goes after the one that the variable has.
        let appends: Bool
    }

    private let scanner: ShellScanner
    private var expander: ShellExpander

    /// What the file has given so far.
    var reading = Reading()

    init(_ scanner: ShellScanner, environment: [String: String]) {
        self.scanner = scanner
        expander = ShellExpander(scanner, variables: ShellVariables(environment: environment))
    }

    /// Marks a variable as having a value that cannot be told.
    mutating func forget(_ name: [UInt8], isArray: Bool) {
        expander.variables.forget(name, isArray: isArray)
    }

    /// Tells what a word sets, without setting it.
    mutating func expand(_ word: ShellWord, isExport: Bool, line: Int) throws(ShellFault) -> Setting {
        let start = word.range.lowerBound
        defer { recordDefaults(line: line) }
        switch word.kind {
        case .plain:
            return try exported(word.range, line: line)
        case .array:
            throw .value(.array, at: start)
        case .assignment, .appending:
            if isExport, hasBraces(word) { throw .value(.unsupportedExpansion, at: start) }
            let value = try expander.value(of: word.value..<word.range.upperBound)
            return Setting(
                name: word.name, line: line, index: start, value: value, appends: word.kind == .appending)
        }
    }

    /// Sets a variable.
    mutating func assign(_ setting: Setting) throws(ShellFault) {
        guard var value = setting.value ?? expander.variables.untouched(setting.name) else { return }
        if setting.appends {
            let old = try expander.variables.value(of: setting.name, at: setting.index) ?? []
            try expander.variables.spend(old.count, at: setting.index)
            value = old + value
        }
        try expander.variables.set(setting.name, to: value, at: setting.index)
        reading.assign(String(decoding: setting.name, as: UTF8.self), value, line: setting.line)
    }

    /// Records the variables that `${NAME:=word}` has set.
    private mutating func recordDefaults(line: Int) {
        for (name, value) in expander.defaults {
            reading.assign(String(decoding: name, as: UTF8.self), value, line: line)
        }
        expander.defaults.removeAll()
    }

    /// A word of `export` that is not an assignment as it stands: `NAME`, or `"NAME=value"`.
    private mutating func exported(_ range: Range<Int>, line: Int) throws(ShellFault) -> Setting {
        let start = range.lowerBound
        let text = try expander.unquoted(range)
        let end = text.endOfName(from: 0, limit: text.count)
        let hasValue = end < text.count && text[end] == Ascii.equals
        guard end > 0, hasValue || end == text.count else { throw .value(.invalidName, at: start) }
        return Setting(
            name: Array(text[..<end]), line: line, index: start,
            value: hasValue ? Array(text[(end + 1)...]) : nil, appends: false)
    }

    /// Whether a brace outside quotes might make several words of one; that happens to arguments of `export` only.
    private func hasBraces(_ word: ShellWord) -> Bool {
        let value = scanner.bytes[word.value..<word.range.upperBound]
        return value.contains(Ascii.openBrace) && value.contains { $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: ".") }
    }
}
