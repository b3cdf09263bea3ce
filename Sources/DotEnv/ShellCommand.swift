/// A word of a command.
struct ShellWord {
    enum Kind {
        /// Not an assignment.
        case plain

        /// `NAME=value`
        case assignment

        /// `NAME+=value`
        case appending

        /// `NAME[…]=value` or `NAME=(…)`
        case array
    }

    let range: Range<Int>
    let kind: Kind

    /// The variable's name, if the word is an assignment.
    let name: [UInt8]

    /// Where the value starts, if the word is an assignment.
    let value: Int
}

/// One simple command: assignments, and the words of what would be run.
struct ShellCommand {
    /// Where the command starts.
    var start: Int

    var words: [ShellWord] = []

    /// Why the command is not modelled.
    var fault: DotEnvReason?

    var isEmpty: Bool {
        words.isEmpty && fault == nil
    }
}
