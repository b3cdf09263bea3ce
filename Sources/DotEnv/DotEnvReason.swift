/// Why a reader does not take a line as it stands.
public enum DotEnvReason: String, CaseIterable, Sendable, Codable {
    // MARK: All dialects

    /// The value holds a NUL byte, which no environment variable can hold; the shell drops it.
    case nulByte = "nul-byte"

    // MARK: Readers that skip what they cannot read (node, python)

    /// The line is neither blank, a comment nor an assignment; it is skipped.
    case notAnAssignment = "not-an-assignment"

    /// Something other than a comment follows the closing quote or the name.
    case textAfterValue = "text-after-value"

    // MARK: Readers that refuse

    /// The file is not UTF-8.
    case invalidUTF8 = "invalid-utf8"

    /// A character that may not stand in a name.
    case invalidName = "invalid-name"

    /// A space inside a name.
    case spaceInName = "space-in-name"

    /// A quote, brace or parenthesis that is never closed.
    case unterminated

    /// `${NAME:?…}` or `${NAME?…}` and the variable is not set.
    case requiredVariable = "required-variable"

    /// `${…}` that the dialect does not understand.
    case badSubstitution = "bad-substitution"

    /// Substitutions nested deeper than 50 levels.
    case nestedTooDeeply = "nested-too-deeply"

    /// The expanded values would take more than 16 MiB.
    case expansionTooLarge = "expansion-too-large"

    // MARK: The shell

    /// A command would be run: `A = b`, `A=b c`, `source other.env`.
    case command

    /// `$(…)`, backticks or `<(…)`: a command would be run to get the value.
    case commandSubstitution = "command-substitution"

    /// `|`, `&`, `&&` or `||` outside quotes.
    case controlOperator = "operator"

    /// `<` or `>` outside quotes: a file would be opened.
    case redirection

    /// An expansion that is not modelled, such as `${A%b}`, `$((1+1))` or `$'…'`.
    case unsupportedExpansion = "unsupported-expansion"

    /// `$$`, `$1`, `$?` and the like: the value depends on how the shell was started.
    case specialParameter = "special-parameter"

    /// A variable that the shell itself sets or changes.
    case specialVariable = "special-variable"

    /// A variable that the shell does not let anyone change, such as `UID`.
    case readonlyVariable = "readonly-variable"

    /// The value uses a variable whose own value could not be told.
    case unknownVariable = "unknown-variable"

    /// An array or an array's element: the shell does not export it.
    case array

    /// `if`, `for`, `(…)`, a function, a here-document: what follows cannot be told without running it.
    case compoundCommand = "compound-command"

    /// The shell's own grammar is violated.
    case syntax

    /// The reason in words.
    public var text: String {
        switch self {
        case .nulByte: "a NUL byte, which a variable cannot hold"
        case .notAnAssignment: "not an assignment; the line is skipped"
        case .textAfterValue: "text after the value; the line is skipped"
        case .invalidUTF8: "bytes that are not UTF-8"
        case .invalidName: "a character that may not stand in a name"
        case .spaceInName: "a space in a name"
        case .unterminated: "a quote or bracket that is never closed"
        case .requiredVariable: "a required variable is not set"
        case .badSubstitution: "a substitution that cannot be read"
        case .nestedTooDeeply: "substitutions nested more than 50 deep"
        case .expansionTooLarge: "expanded values of more than 16 MiB"
        case .command: "a command would be run"
        case .commandSubstitution: "a command would be run to get the value"
        case .controlOperator: "an operator (|, &, && or ||) outside quotes"
        case .redirection: "a redirection (< or >) outside quotes"
        case .unsupportedExpansion: "an expansion that is not modelled"
        case .specialParameter: "a parameter that depends on how the shell was started"
        case .specialVariable: "a variable that the shell itself sets"
        case .readonlyVariable: "a variable that the shell keeps read-only"
        case .unknownVariable: "the value uses a variable whose value cannot be told"
        case .array: "an array, which the shell does not export"
        case .compoundCommand: "a compound command, which is not run"
        case .syntax: "a syntax error"
        }
    }
}
