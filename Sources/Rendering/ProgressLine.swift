/// One line of a terminal that is written again and again while something long goes on: `Creating index idx… 3.2 s`.
///
/// It only makes the text; whether there is a terminal, and when to write, is for the caller to know. It needs no escape
/// sequence, so it works on any terminal that understands a carriage return.
public struct ProgressLine: Hashable, Sendable {
    /// The terminal's columns.
    public var width: Int

    public init(width: Int) { self.width = width }

    /// Replaces whatever the line showed. The last column stays free: writing into it would begin a new line.
    public func show(_ doing: String, elapsed: Duration) -> String {
        let (seconds, attoseconds) = elapsed.components
        let time = Wording.duration(microseconds: seconds * 1_000_000 + attoseconds / 1_000_000_000_000)
        let columns = max(0, width - 1)
        let words = DisplayWidth.cut(SafeText.line(doing) + "…", to: columns - DisplayWidth.of(time) - 1)
        let line = DisplayWidth.cut(words.isEmpty ? time : "\(words) \(time)", to: columns)
        return "\r" + line + String(repeating: " ", count: max(0, columns - DisplayWidth.of(line)))
    }

    /// Empties the line and goes back to its beginning, so that the next ordinary line starts clean.
    public var clear: String {
        "\r" + String(repeating: " ", count: max(0, width - 1)) + "\r"
    }
}
