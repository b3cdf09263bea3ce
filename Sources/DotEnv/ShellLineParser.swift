/// Reads one line of the shell's grammar: commands up to a line break outside quotes.
///
/// The shell reads a line as a whole before it runs any of it, so a syntax error leaves out all of the line.
struct ShellLineParser {
    private let scanner: ShellScanner
    private var commands: [ShellCommand] = []
    private var current = ShellCommand(start: 0)

    /// Where, among the line's commands, those start that operators join.
    private var listStart = 0
    private var listHasOperator = false

    /// Whether an operator must be followed by a command, if need be on the next line.
    private var awaitsCommand = false

    /// The index after what has been read.
    private(set) var index: Int

    private var bytes: [UInt8] { scanner.bytes }

    init(_ scanner: ShellScanner, from index: Int) {
        self.scanner = scanner
        self.index = index
    }

    /// The commands of the line.
    mutating func parse() throws(ShellFault) -> [ShellCommand] {
        while true {
            index = scanner.skipBlanks(from: index)
            guard index < bytes.count else {
                if awaitsCommand, current.isEmpty { throw .file(.syntax, at: index) }
                finishList()
                return commands
            }
            switch bytes[index] {
            case Ascii.newline:
                index += 1
                if awaitsCommand, current.isEmpty { continue }
                finishList()
                return commands
            case Ascii.hash:
                index = bytes.firstIndex(of: Ascii.newline, from: index)
            case Ascii.semicolon:
                try endCommand()
                finishList()
                index += 1
            case Ascii.ampersand, Ascii.bar:
                try controlOperator()
            case Ascii.less, Ascii.greater:
                try redirection()
            case Ascii.openParenthesis:
                // A subshell, a function, or an error.
                let isAssignment = current.words.last.map { $0.kind != .plain } ?? false
                throw .file(isAssignment ? .syntax : .compoundCommand, at: index)
            case Ascii.closeParenthesis:
                throw .file(.syntax, at: index)
            default:
                try word()
            }
        }
    }

    /// Ends a command that must not be empty.
    private mutating func endCommand() throws(ShellFault) {
        guard !current.isEmpty else { throw .file(.syntax, at: index) }
        commands.append(current)
        current = ShellCommand(start: index)
        awaitsCommand = false
    }

    /// Ends the commands that operators join; whether and where each of them runs cannot be told.
    private mutating func finishList() {
        if !current.isEmpty {
            commands.append(current)
        }
        if listHasOperator {
            for position in listStart..<commands.count {
                commands[position].fault = .controlOperator
            }
        }
        current = ShellCommand(start: index)
        listStart = commands.count
        listHasOperator = false
        awaitsCommand = false
    }

    /// `&`, `&&`, `|`, `|&` or `||`, and the redirection `&>`.
    private mutating func controlOperator() throws(ShellFault) {
        let first = bytes[index]
        let next = index + 1 < bytes.count ? bytes[index + 1] : Ascii.newline
        if first == Ascii.ampersand, next == Ascii.greater {
            index += 1
            return try redirection()
        }
        try endCommand()
        listHasOperator = true
        if first == Ascii.ampersand, next != Ascii.ampersand {
            index += 1
            finishList()
        } else {
            index += next == first || next == Ascii.ampersand ? 2 : 1
            awaitsCommand = true
        }
    }

    private mutating func redirection() throws(ShellFault) {
        let start = index
        if current.isEmpty {
            current.start = start
        }
        let first = bytes[index]
        index += 1
        if bytes.hasBytes([Ascii.less, Ascii.less], at: start) {
            // A here-string takes a word; a here-document takes the lines that follow.
            guard bytes.hasBytes([Ascii.less], at: start + 2) else { throw .file(.compoundCommand, at: start) }
            index = start + 3
        } else if index < bytes.count {
            switch bytes[index] {
            case Ascii.openParenthesis: throw .file(.commandSubstitution, at: start)
            case Ascii.ampersand, Ascii.greater: index += 1
            case Ascii.bar where first == Ascii.greater: index += 1
            default: break
            }
        }
        index = scanner.skipBlanks(from: index)
        guard index < bytes.count, !ShellScanner.isMeta(bytes[index]), bytes[index] != Ascii.hash else {
            throw .file(.syntax, at: start)
        }
        index = try scanner.endOfWord(from: index)
        current.fault = .redirection
    }

    private mutating func word() throws(ShellFault) {
        let start = index
        if current.isEmpty {
            current.start = start
        }
        if mayAssign, let word = try assignment(at: start) {
            current.words.append(word)
            index = word.range.upperBound
            return
        }
        index = try scanner.endOfWord(from: start)
        if current.words.isEmpty, ShellNames.reserved.contains(Array(bytes[start..<index])) {
            throw .file(.compoundCommand, at: start)
        }
        current.words.append(ShellWord(range: start..<index, kind: .plain, name: [], value: index))
    }

    /// Whether the next word may be an assignment: at the start of a command, and everywhere after `export`.
    private var mayAssign: Bool {
        guard let last = current.words.last, let first = current.words.first else { return true }
        return last.kind != .plain || bytes[first.range].elementsEqual(Ascii.export)
    }

    /// The assignment that starts at an index; `nil` if it is none.
    private func assignment(at start: Int) throws(ShellFault) -> ShellWord? {
        var name: [UInt8] = []
        var index = start
        while index < bytes.count {
            if scanner.isContinuation(at: index) {
                index += 2
            } else if name.isEmpty ? bytes[index].startsName : bytes[index].continuesName {
                name.append(bytes[index])
                index += 1
            } else {
                break
            }
        }
        guard !name.isEmpty, index < bytes.count else { return nil }
        var kind = ShellWord.Kind.assignment
        if bytes[index] == Ascii.openBracket {
            kind = .array
            let end = try scanner.endOfWord(from: index)
            guard let close = bytes[index..<end].firstIndex(of: Ascii.closeBracket), close + 1 < end else { return nil }
            index = close + 1
        }
        if bytes[index] == Ascii.plus {
            kind = kind == .array ? .array : .appending
            index += 1
        }
        guard index < bytes.count, bytes[index] == Ascii.equals else { return nil }
        let value = index + 1
        var end = value
        if value < bytes.count, bytes[value] == Ascii.openParenthesis {
            kind = .array
            end = try scanner.endOfParentheses(at: value, depth: 0)
        }
        end = try scanner.endOfWord(from: end)
        return ShellWord(range: start..<end, kind: kind, name: name, value: value)
    }
}
