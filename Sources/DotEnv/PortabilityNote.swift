/// A line of a `.env` file that the dialects do not all read alike.
///
/// Values may be secrets: a note says who agrees with whom, never what anyone read.
public struct PortabilityNote: Sendable, Hashable {
    /// What a dialect makes of the line.
    public enum Reading: String, Sendable, Codable {
        /// It gives the variable a value.
        case value

        /// It takes the name but no value.
        case nameOnly = "name-only"

        /// It gives the variable nothing and says nothing, or skips the line with a warning.
        case ignored

        /// It prints an error or refuses the file; or, in the shell, the line would run or open something.
        case refused
    }

    /// Dialects that read the line alike.
    public struct Group: Sendable, Hashable {
        /// The dialects, in the order of ``EnvDialect``.
        public let dialects: [EnvDialect]

        /// What they make of the line.
        public let reading: Reading
    }

    /// The line, counted from 1.
    public let line: Int

    /// The variable; `nil` if the line sets none, or if what a reader takes for a name may be part of a value.
    public let variable: String?

    /// Who reads the line alike, those that agree on a value first. A dialect is missing if it has refused the file on
    /// an earlier line.
    public let groups: [Group]
}

extension PortabilityNote: CustomStringConvertible {
    /// The note in words: `line 3, A: node and compose read it alike; python reads another value; shell refuses it`.
    public var description: String {
        let place = variable.map { "line \(line), \($0)" } ?? "line \(line)"
        return "\(place): \(parts.joined(separator: "; "))"
    }

    private var parts: [String] {
        var result: [String] = []
        let values = groups.filter { $0.reading == .value }
        for (index, group) in values.enumerated() {
            let (names, isOne) = (PortabilityNote.list(group.dialects), group.dialects.count == 1)
            switch (index, isOne) {
            case (0, true) where values.count == 1: result.append("only \(names) reads it")
            case (0, true): result.append("\(names) reads one value")
            case (0, false): result.append("\(names) read it alike")
            case (_, true): result.append("\(names) reads another value")
            case (_, false): result.append("\(names) read another value")
            }
        }
        for group in groups where group.reading != .value {
            let (names, isOne) = (PortabilityNote.list(group.dialects), group.dialects.count == 1)
            switch group.reading {
            case .nameOnly: result.append("\(names) \(isOne ? "takes" : "take") the name without a value")
            case .ignored: result.append("\(names) \(isOne ? "ignores" : "ignore") it")
            case .refused, .value: result.append("\(names) \(isOne ? "refuses" : "refuse") it")
            }
        }
        return result
    }

    private static func list(_ dialects: [EnvDialect]) -> String {
        let names = dialects.map(\.rawValue)
        guard let last = names.last, names.count > 1 else { return names.joined() }
        return "\(names.dropLast().joined(separator: ", ")) and \(last)"
    }
}
