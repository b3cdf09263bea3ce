/// The lines at the end of a terminal that are drawn over: knows what stands there, and makes the text that changes it.
///
/// The cursor stays at the end of the last line. What else is written goes where the block was, after `clear`.
public struct BlockScreen: Sendable {
    /// The widths of the lines that stand there.
    private var drawn: [Int] = []

    public init() {}

    public var isEmpty: Bool { drawn.isEmpty }

    /// Puts these lines in the place of those that stand there.
    /// - Parameter columns: the terminal's, now: a terminal that has become narrower has broken the old lines.
    public mutating func draw(_ lines: [ProgressBlock.Line], columns: Int) -> String {
        guard !lines.isEmpty else { return clear(columns: columns) }
        let isBroken = rows(columns) != drawn.count
        var text = top(columns) + (isBroken ? "\u{1B}[J" : "")
        for (index, line) in lines.enumerated() {
            text += line.text + (index == lines.count - 1 ? "\u{1B}[J" : "\u{1B}[K\n")
        }
        drawn = lines.map(\.width)
        return text
    }

    /// Takes away what stands there; empty where nothing does.
    public mutating func clear(columns: Int) -> String {
        guard !drawn.isEmpty else { return "" }
        defer { drawn = [] }
        return top(columns) + "\u{1B}[J"
    }

    /// How many rows of the terminal the lines take that stand there.
    /// - Parameter columns: the terminal's, now.
    public func rows(_ columns: Int) -> Int {
        let columns = max(1, columns)
        return drawn.reduce(0) { $0 + max(1, ($1 + columns - 1) / columns) }
    }

    private func top(_ columns: Int) -> String {
        let rows = rows(columns)
        return "\r" + (rows > 1 ? "\u{1B}[\(rows - 1)A" : "")
    }
}
