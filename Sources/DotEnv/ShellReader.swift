/// Reads a file as bash does in `set -a; . ./.env`, without running anything.
///
/// What is an assignment, or an `export` of one, is modelled. What would run a command, open a file or depend on the
/// running shell is a problem and gives no variable. What makes everything after it uncertain is a refusal.
struct ShellReader {
    private let scanner: ShellScanner
    private var lines: LineCounter
    private var session: ShellSession

    static func read(_ source: [UInt8], environment: [String: String]) -> Reading {
        // The shell drops NUL bytes as it reads.
        let nul = source.firstIndex(of: 0)
        var reader = ShellReader(nul == nil ? source : source.filter { $0 != 0 }, environment: environment)
        if let nul {
            reader.session.reading.note(.nulByte, line: reader.lines.line(at: nul))
        }
        do throws(ShellFault) {
            try reader.run()
        } catch {
            let line = reader.lines.line(at: error.index)
            reader.session.reading.refuse(error.reason, line: line, variable: error.variable)
        }
        return reader.session.reading
    }

    private init(_ bytes: [UInt8], environment: [String: String]) {
        scanner = ShellScanner(bytes: bytes)
        lines = LineCounter(bytes)
        session = ShellSession(scanner, environment: environment)
    }

    private mutating func run() throws(ShellFault) {
        var index = 0
        while index < scanner.bytes.count {
            var parser = ShellLineParser(scanner, from: index)
            let commands = try parser.parse()
            index = parser.index
            for command in commands {
                guard try run(command) else { break }
            }
        }
    }

    /// Runs a command; false if the shell leaves out the rest of the line.
    private mutating func run(_ command: ShellCommand) throws(ShellFault) -> Bool {
        let words = command.words
        let isExport = words.first.map { scanner.bytes[$0.range].elementsEqual(Ascii.export) } ?? false
        if let reason = command.fault ?? (isModelled(words, isExport: isExport) ? nil : .command) {
            skip(command, reason, isExport: isExport)
            return true
        }
        // An export's words are all expanded before the first of them is assigned; assignments take effect one by one.
        var settings: [ShellSession.Setting] = []
        for word in isExport ? words.dropFirst() : words[...] {
            let line = lines.line(at: word.range.lowerBound)
            do throws(ShellFault) {
                let setting = try session.expand(word, isExport: isExport, line: line)
                if isExport {
                    settings.append(setting)
                } else {
                    try session.assign(setting)
                }
            } catch {
                guard try goesOn(after: error, name: word.name, isArray: word.kind == .array, line: line) else {
                    return false
                }
            }
        }
        for setting in settings {
            do throws(ShellFault) {
                try session.assign(setting)
            } catch {
                guard try goesOn(after: error, name: setting.name, isArray: false, line: setting.line) else {
                    return false
                }
            }
        }
        return true
    }

    /// Whether a command consists of assignments, or is an `export` without options.
    private func isModelled(_ words: [ShellWord], isExport: Bool) -> Bool {
        guard isExport else { return words.allSatisfy { $0.kind != .plain } }
        return !words.dropFirst().contains { scanner.bytes[$0.range.lowerBound] == Ascii.minus }
    }

    /// Leaves out a command, and forgets the variables it may have set.
    private mutating func skip(_ command: ShellCommand, _ reason: DotEnvReason, isExport: Bool) {
        let name = command.words.first.flatMap { ProperName.text($0.name[...]) }
        session.reading.note(reason, line: lines.line(at: command.start), variable: name)
        // Assignments before a command hold for that command only, unless what looks like one expands to nothing.
        let mayVanish = command.words.contains { $0.kind == .plain && scanner.bytes[$0.range].contains(Ascii.dollar) }
        guard isExport || mayVanish || reason != .command else { return }
        for word in command.words where word.kind != .plain {
            session.forget(word.name, isArray: false)
        }
    }

    /// Records why a word is left out; false if the rest of the line is left out with it.
    private mutating func goesOn(
        after fault: ShellFault, name: [UInt8], isArray: Bool, line: Int
    ) throws(ShellFault) -> Bool {
        let variable = ProperName.text(name[...])
        if fault.extent == .file {
            var fault = fault
            fault.variable = variable
            throw fault
        }
        session.reading.note(fault.reason, line: line, variable: variable)
        if fault.reason != .readonlyVariable {
            session.forget(name, isArray: isArray)
        }
        return fault.extent == .value
    }
}
