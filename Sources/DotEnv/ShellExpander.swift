/// Expands values as the shell does in assignments: quotes, `\`, `~` and variables. Nothing is split, matched against
/// files or run.
struct ShellExpander {
    private enum Context {
        /// A value, or the word of a `${NAME:-word}` in it: `~` counts at its start and after each `:`.
        case plain

        case doubleQuotes
    }

    private let scanner: ShellScanner
    private var bytes: [UInt8] { scanner.bytes }

    /// The variables as they are at this point of the file.
    var variables: ShellVariables

    /// What `${NAME:=word}` has set since this was last emptied.
    var defaults: [(name: [UInt8], value: [UInt8])] = []

    init(_ scanner: ShellScanner, variables: ShellVariables) {
        self.scanner = scanner
        self.variables = variables
    }

    /// The value that a range of the file stands for.
    mutating func value(of range: Range<Int>) throws(ShellFault) -> [UInt8] {
        var result: [UInt8] = []
        try expand(range, .plain, into: &result)
        return result
    }

    /// A word's text without its quotes. Outside quotes it must hold nothing that might make several words of it.
    mutating func unquoted(_ range: Range<Int>) throws(ShellFault) -> [UInt8] {
        let start = range.lowerBound
        let isQuote = bytes[start] == Ascii.singleQuote || bytes[start] == Ascii.doubleQuote
        let end = try isQuote ? scanner.endOfPart(at: start, inDoubleQuotes: false, depth: 0) : start
        if bytes[end..<range.upperBound].contains(where: "$`*?[{~".utf8.contains) {
            throw .value(.unsupportedExpansion, at: start)
        }
        return try value(of: range)
    }

    private mutating func expand(_ range: Range<Int>, _ context: Context, into result: inout [UInt8]) throws(ShellFault)
    {
        var index = range.lowerBound
        var mayBeTilde = context != .doubleQuotes
        while index < range.upperBound {
            let byte = bytes[index]
            let atTilde = mayBeTilde && byte == Ascii.tilde
            mayBeTilde = context == .plain && (byte == Ascii.colon || (mayBeTilde && scanner.isContinuation(at: index)))
            switch byte {
            case Ascii.tilde where atTilde:
                index = try tilde(index..<range.upperBound, into: &result)
            case Ascii.backslash:
                index = try escape(index, limit: range.upperBound, context, into: &result)
            case Ascii.singleQuote where context != .doubleQuotes:
                let end = try scanner.endOfQuote(at: index)
                result += bytes[index + 1..<end - 1]
                index = end
            case Ascii.doubleQuote where context != .doubleQuotes:
                let end = try scanner.endOfPart(at: index, inDoubleQuotes: false, depth: 0)
                try expand(index + 1..<end - 1, .doubleQuotes, into: &result)
                index = end
            case Ascii.backtick:
                throw .value(.commandSubstitution, at: index)
            case Ascii.dollar:
                index = try dollar(index, limit: range.upperBound, context, into: &result)
            default:
                result.append(byte)
                index += 1
            }
        }
    }

    private func escape(
        _ index: Int, limit: Int, _ context: Context, into result: inout [UInt8]
    ) throws(ShellFault) -> Int {
        // At the end of the file; whether it stays depends on what stands before it.
        guard index + 1 < limit else { throw .value(.unsupportedExpansion, at: index) }
        let next = bytes[index + 1]
        switch next {
        case Ascii.newline:
            break
        case Ascii.dollar, Ascii.backtick, Ascii.doubleQuote, Ascii.backslash:
            result.append(next)
        default:
            if context == .doubleQuotes {
                result.append(Ascii.backslash)
            }
            result.append(next)
        }
        return index + 2
    }

    /// `~` up to a `/` or a `:`: the home directory. Other users' and earlier directories are not modelled.
    private mutating func tilde(_ range: Range<Int>, into result: inout [UInt8]) throws(ShellFault) -> Int {
        let start = range.lowerBound
        let next = start + 1 < range.upperBound ? bytes[start + 1] : Ascii.slash
        if scanner.isContinuation(at: start + 1) { throw .value(.unsupportedExpansion, at: start) }
        switch next {
        case Ascii.slash, Ascii.colon:
            try append(variables.value(of: Array("HOME".utf8), at: start) ?? [], at: start, into: &result)
        case Ascii.backslash, Ascii.singleQuote, Ascii.doubleQuote, Ascii.dollar, Ascii.backtick:
            result.append(Ascii.tilde)
        default:
            throw .value(.unsupportedExpansion, at: start)
        }
        return start + 1
    }

    private mutating func dollar(
        _ index: Int, limit: Int, _ context: Context, into result: inout [UInt8]
    ) throws(ShellFault) -> Int {
        let start = index + 1
        guard start < limit else {
            result.append(Ascii.dollar)
            return start
        }
        let end = bytes.endOfName(from: start, limit: limit)
        // A name may go on after a continued line.
        if scanner.isContinuation(at: end) { throw .value(.unsupportedExpansion, at: index) }
        if end > start {
            try append(variables.value(of: Array(bytes[start..<end]), at: index) ?? [], at: index, into: &result)
            return end
        }
        switch bytes[start] {
        case Ascii.openBrace:
            return try parameter(from: start + 1, context, into: &result)
        case Ascii.openParenthesis:
            let isArithmetic = bytes.hasBytes([Ascii.openParenthesis, Ascii.openParenthesis], at: start)
            throw .value(isArithmetic ? .unsupportedExpansion : .commandSubstitution, at: index)
        case Ascii.singleQuote where context != .doubleQuotes:
            throw .value(.unsupportedExpansion, at: index)
        case Ascii.doubleQuote where context != .doubleQuotes:
            // Text in the user's language: without a catalogue, the text itself.
            return start
        case let byte where ShellParameter.isSpecial(byte):
            throw .value(.specialParameter, at: index)
        default:
            result.append(Ascii.dollar)
            return start
        }
    }

    /// `${…}`, whose contents start at an index.
    private mutating func parameter(
        from start: Int, _ context: Context, into result: inout [UInt8]
    ) throws(ShellFault) -> Int {
        let inDoubleQuotes = context == .doubleQuotes
        let close = try scanner.closingBrace(from: start, inDoubleQuotes: inDoubleQuotes, depth: 0)
        let parameter = try ShellParameter.parse(bytes, start..<close)
        if inDoubleQuotes, bytes[parameter.word].contains(Ascii.backslash) {
            throw .value(.unsupportedExpansion, at: start)
        }
        let name = Array(bytes[parameter.name])
        let value = try variables.value(of: name, at: start)
        let isPresent = value.map { !(parameter.emptyIsUnset && $0.isEmpty) } ?? false
        switch parameter.operation {
        case Ascii.minus where !isPresent, Ascii.plus where isPresent:
            try expand(parameter.word, context, into: &result)
        case Ascii.plus:
            break
        case Ascii.equals where !isPresent:
            // Where `~` counts here is not modelled.
            if bytes[parameter.word].contains(Ascii.tilde) { throw .value(.unsupportedExpansion, at: start) }
            var assigned: [UInt8] = []
            try expand(parameter.word, context, into: &assigned)
            try variables.set(name, to: assigned, at: start)
            defaults.append((name, assigned))
            try append(assigned, at: start, into: &result)
        case Ascii.question where !isPresent:
            throw .file(.requiredVariable, at: start)
        default:
            try append(value ?? [], at: start, into: &result)
        }
        return close + 1
    }

    private mutating func append(_ value: [UInt8], at index: Int, into result: inout [UInt8]) throws(ShellFault) {
        try variables.spend(value.count, at: index)
        result += value
    }
}
