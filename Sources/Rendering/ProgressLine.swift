import HealModel

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
        return line(words.isEmpty ? time : "\(words) \(time)")
    }

    /// The same for many things of one kind: `healing 3,412/10,000 databases, 850/s, 8 s left`.
    /// - Parameters:
    ///   - doing: `healing`.
    ///   - things: `databases`.
    ///   - elapsed: since the first of them was begun.
    public func show(_ doing: String, _ done: Int, of total: Int, _ things: String, elapsed: Duration) -> String {
        var words = "\(doing) \(Wording.grouped(done))/\(Wording.grouped(total)) \(things)"
        if let pace = Pace.words(done, of: total, elapsed: elapsed) { words += ", " + pace }
        return line(words)
    }

    /// What nothing can be told of but since when: `waiting for database schemas on data/shop.db (3 s)`.
    public func show(waitingFor what: String, elapsed: Duration) -> String {
        let time = " (\(elapsed.components.seconds) s)"
        return line(DisplayWidth.cut(SafeText.line("waiting for \(what)"), to: max(0, width - 1 - time.count)) + time)
    }

    private func line(_ words: String) -> String {
        let columns = max(0, width - 1)
        let line = DisplayWidth.cut(words, to: columns)
        return "\r" + line + String(repeating: " ", count: max(0, columns - DisplayWidth.of(line)))
    }

    /// Empties the line and goes back to its beginning, so that the next ordinary line starts clean.
    public var clear: String {
        "\r" + String(repeating: " ", count: max(0, width - 1)) + "\r"
    }
}
