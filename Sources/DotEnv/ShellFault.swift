/// What keeps the shell from taking an assignment, and how much else it loses with it.
struct ShellFault: Error {
    enum Extent {
        /// The value cannot be told: the variable is left out.
        case value

        /// The shell prints an error and leaves out the rest of the line.
        case line

        /// The shell gives up on the file.
        case file
    }

    let extent: Extent
    let reason: DotEnvReason

    /// Where it stands in the file.
    let index: Int

    /// The variable that is assigned, once it is known.
    var variable: String?

    static func value(_ reason: DotEnvReason, at index: Int) -> ShellFault {
        ShellFault(extent: .value, reason: reason, index: index)
    }

    static func line(_ reason: DotEnvReason, at index: Int) -> ShellFault {
        ShellFault(extent: .line, reason: reason, index: index)
    }

    static func file(_ reason: DotEnvReason, at index: Int) -> ShellFault {
        ShellFault(extent: .file, reason: reason, index: index)
    }
}
