/// How much text says.
public enum Verbosity: String, CaseIterable, Sendable {
    /// Only what was changed and what is wrong; nothing at all when all is well.
    case quiet
    case normal
    /// Also evidence, durations, identifiers and the hash of the plan.
    case verbose
}

/// How text looks.
public struct TextStyle: Hashable, Sendable {
    /// Whether tags and marks are coloured with ANSI sequences. The caller has looked at `--color`, `NO_COLOR` and `TERM`.
    public var color: Bool
    /// The terminal's columns; `nil` when the output does not go to a terminal.
    ///
    /// On a terminal the texts after the tags line up, and the SQL behind a change is cut at the edge. Elsewhere exactly one
    /// space follows a tag and nothing is cut, so that `grep '\[OK\] app/data.db'` finds what it looks for.
    public var width: Int?
    public var verbosity: Verbosity

    public init(color: Bool = false, width: Int? = nil, verbosity: Verbosity = .normal) {
        self.color = color
        self.width = width
        self.verbosity = verbosity
    }

    /// No colour, no terminal.
    public static let plain = TextStyle()
}

/// How text is arranged.
public enum TextLayout: String, CaseIterable, Sendable {
    /// What is checked, in groups, with a verdict at the end: `validate-startup`.
    case validation
    /// What is healed, with a summary at the end: `auto-heal`.
    case healing
}
