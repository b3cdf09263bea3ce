import HealModel

/// Several things that are at work at the same time, as lines of a terminal that are drawn again and again: a bar, how far it is,
/// how fast and how long still; a turning mark and the time where nobody knows how much there is.
///
/// It is told what happens and what time it is, and only makes the text. Times are since any fixed moment.
public struct ProgressBlock: Sendable {
    /// How it looks.
    public struct Style: Hashable, Sendable {
        /// Whether the terminal shows more than ASCII.
        public var isUnicode: Bool
        public var color: Bool

        public init(isUnicode: Bool = false, color: Bool = false) {
            self.isUnicode = isUnicode
            self.color = color
        }

        /// Whether a locale as the environment gives it has UTF-8: the first of these that is not empty counts.
        public static func isUnicode(_ environment: [String: String]) -> Bool {
            let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty }
            let letters = (locale ?? "").lowercased().filter { $0 != "-" }
            return letters.hasSuffix(".utf8") || letters.contains(".utf8@")
        }
    }

    /// How far something is.
    public struct Count: Hashable, Sendable {
        public var done: Int
        /// `nil` where nobody knows; 1 for what is done in one step.
        public var total: Int?
        public var rows: Int
        public var failed: Int

        public init(done: Int = 0, total: Int?, rows: Int = 0, failed: Int = 0) {
            self.done = done
            self.total = total
            self.rows = rows
            self.failed = failed
        }
    }

    /// One line, and how many columns it takes.
    public struct Line: Hashable, Sendable {
        public var text: String
        public var width: Int
    }

    private struct Item: Sendable {
        var name: String
        var count: Count
        var began: Duration
        /// When the last step came to its end.
        var advanced: Duration
        /// When what failed is tried again, and which attempt that will be.
        var retry: (attempt: String, at: Duration)?
    }

    private let style: Style
    private var items: [Item] = []

    /// A step that takes longer than this is said to go on.
    private static let long = Duration.seconds(3)
    private static let widestBar = 40
    /// A shorter one says nothing.
    private static let shortestBar = 6
    /// Columns that stay free: what a terminal shows of Ctrl-C, and the last, which would begin a new line.
    private static let margin = 3

    public init(style: Style = Style()) { self.style = style }

    public var isEmpty: Bool { items.isEmpty }
    public var names: [String] { items.map(\.name) }

    // MARK: What happens

    public mutating func begin(_ name: String, total: Int?, at now: Duration) {
        end(name)
        items.append(Item(name: name, count: Count(total: total), began: now, advanced: now))
    }

    /// A step has come to its end. Of what was not begun, nothing is shown.
    public mutating func advance(_ name: String, _ count: Count, at now: Duration) {
        change(name) { item in
            item.count = count
            item.advanced = now
            item.retry = nil
        }
    }

    public mutating func wait(_ name: String, attempt: Int, of most: Int, until moment: Duration) {
        change(name) { $0.retry = ("attempt \(attempt) of \(most)", moment) }
    }

    public mutating func end(_ name: String) { items.removeAll { $0.name == name } }

    private mutating func change(_ name: String, _ body: (inout Item) -> Void) {
        if let index = items.firstIndex(where: { $0.name == name }) { body(&items[index]) }
    }

    // MARK: What is seen

    /// At most one line less than the terminal has, each shorter than it is wide; what does not fit is counted.
    public func lines(at now: Duration, width: Int, height: Int) -> [Line] {
        let columns = max(1, width - Self.margin)
        let room = max(1, height - 1)
        guard items.count > room else { return lines(items, at: now, columns) }
        if room == 1 { return [plain("\(Wording.grouped(items.count)) at work", columns)] }
        let shown = Array(items.prefix(room - 1))
        return lines(shown, at: now, columns) + [
            plain("  and \(Wording.grouped(items.count - shown.count)) more", columns)
        ]
    }

    /// What a line of a log says of one of them: `chunks: 412/1,006 units, 35/s, 17 s left`.
    public func remark(on name: String, at now: Duration) -> String? {
        items.first { $0.name == name }.map { "\(name): \(words($0, at: now, things: " units"))" }
    }

    private func lines(_ items: [Item], at now: Duration, _ columns: Int) -> [Line] {
        let names = items.map { readable($0.name) }
        let nameColumns = min(names.map(DisplayWidth.of).max() ?? 0, max(8, columns / 3))
        let words = items.map { self.words($0, at: now, things: "") }
        // Bars begin and end in the same columns.
        let longest = zip(items, words).filter { isMeasured($0.0) }.map(\.1.count).max() ?? 0
        let room = min(Self.widestBar, columns - nameColumns - longest - 5)
        let mark = mark(at: now)
        return items.indices.map { index in
            let name = cut(names[index], to: nameColumns)
            let padding = String(repeating: " ", count: nameColumns - DisplayWidth.of(name))
            let item = items[index]
            guard isMeasured(item), room >= Self.shortestBar, let total = item.count.total else {
                return plain("\(mark) \(name)\(padding) \(words[index])", columns)
            }
            let bar = bar(item.count.done, of: total, room)
            let text = "\(mark) \(name)\(padding) \(style.color ? "\u{1B}[32m\(bar)\u{1B}[0m" : bar) \(words[index])"
            // All that is in it is one column wide, except what may be in the name.
            return Line(text: text, width: 4 + nameColumns + room + words[index].count)
        }
    }

    /// Whether how far it is can be told before it is over.
    private func isMeasured(_ item: Item) -> Bool { (item.count.total ?? 0) > 1 }

    /// `412/1,006, 35/s, 17 s left`; `12.3 s, 400 rows`.
    private func words(_ item: Item, at now: Duration, things: String) -> String {
        let count = item.count
        let elapsed = max(.zero, now - item.began)
        var parts: [String] = []
        if isMeasured(item), let total = count.total {
            parts.append("\(Wording.grouped(count.done))/\(Wording.grouped(total))\(things)")
            parts += [Pace.words(count.done, of: total, elapsed: elapsed)].compactMap { $0 }
        } else {
            parts.append(Self.time(elapsed))
            if count.total == nil, count.done > 0 { parts.append("\(Wording.grouped(count.done)) units") }
            if count.rows > 0 { parts.append("\(Wording.grouped(count.rows)) rows") }
        }
        if count.failed > 0 { parts.append("\(Wording.grouped(count.failed)) failed") }
        let step = now - item.advanced
        if let retry = item.retry, retry.at > now {
            parts.append("\(retry.attempt) in \(Self.time(retry.at - now))")
        } else if isMeasured(item), step >= Self.long {
            parts.append("this step \(Self.time(step))")
        }
        return parts.joined(separator: ", ")
    }

    private func bar(_ done: Int, of total: Int, _ room: Int) -> String {
        let share = min(1, max(0, Double(done) / Double(max(1, total))))
        guard style.isUnicode else {
            let full = Int(share * Double(room - 2))
            return "[" + String(repeating: "#", count: full) + String(repeating: "-", count: room - 2 - full) + "]"
        }
        let eighths = Int(share * Double(room * 8))
        let parts = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"]
        let begun = String(repeating: "█", count: eighths / 8) + parts[eighths % 8]
        return begun + String(repeating: "░", count: room - begun.count)
    }

    /// Turns, so that it is seen that something goes on.
    private func mark(at now: Duration) -> String {
        let marks = style.isUnicode ? ["▖", "▘", "▝", "▗"] : ["|", "/", "-", "\\"]
        let tick = Int(max(.zero, now) / .milliseconds(200))
        return marks[tick % marks.count]
    }

    private static func time(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        // Tenths, also of what is shorter than a second: the words shall not jump about.
        return seconds < 60
            ? "\(seconds).\(attoseconds / 100_000_000_000_000_000) s" : "\(seconds / 60) min \(seconds % 60) s"
    }

    private func readable(_ name: String) -> String {
        let line = SafeText.line(name)
        return style.isUnicode ? line : String(line.map { $0.isASCII ? $0 : "?" })
    }

    private func plain(_ text: String, _ columns: Int) -> Line {
        let text = cut(text, to: columns)
        return Line(text: text, width: DisplayWidth.of(text))
    }

    private func cut(_ text: String, to columns: Int) -> String {
        guard !style.isUnicode, text.count > columns else { return DisplayWidth.cut(text, to: columns) }
        return columns > 3 ? text.prefix(columns - 3) + "..." : String(text.prefix(columns))
    }
}
