import HealModel

/// What stands in brackets at the beginning of a line. Scripts look for these words: they never change.
enum Tag: String, CaseIterable {
    case info = "INFO"
    case healing = "HEALING"
    case ok = "OK"
    case warning = "WARNING"
    case error = "ERROR"
    case blocked = "BLOCKED"
    case skipped = "SKIPPED"
    case autoHeal = "AUTO-HEAL"
    case dryRun = "DRY-RUN"

    var color: Color {
        switch self {
        case .info: .blue
        case .healing, .autoHeal: .cyan
        case .ok: .green
        case .warning: .yellow
        case .error: .red
        case .blocked, .dryRun: .magenta
        case .skipped: .dim
        }
    }
}

/// What stands before an item of a summary.
enum Mark: String {
    case done = "✓"
    case failed = "✗"
    case planned = "→"
    case withheld = "-"

    var color: Color {
        switch self {
        case .done: .green
        case .failed: .red
        case .planned: .cyan
        case .withheld: .yellow
        }
    }
}

/// ANSI colours, by the parameters of "select graphic rendition".
enum Color: String {
    case bold = "1"
    case dim = "2"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case blue = "34"
    case magenta = "35"
    case cyan = "36"
}

/// Puts lines together. All text passes through here and is made harmless here, so that no layout can forget it.
struct TextWriter {
    let style: TextStyle
    /// The column at which texts begin on a terminal; 0 elsewhere.
    private let column: Int
    private(set) var text = ""

    /// - Parameter tags: the tags that lines will have, so that their texts line up.
    init(_ style: TextStyle, tags: [Tag]) {
        self.style = style
        let widest = tags.map(\.rawValue.utf8.count).max() ?? 0
        column = style.width == nil ? 0 : widest + 3
    }

    var isVerbose: Bool { style.verbosity == .verbose }
    var isQuiet: Bool { style.verbosity == .quiet }

    /// `[OK] text`.
    mutating func line(_ tag: Tag, _ body: String) {
        let label = "[\(tag.rawValue)]"
        let padding = String(repeating: " ", count: max(1, column - label.utf8.count))
        append(paint(label, tag.color) + padding + SafeText.line(body))
    }

    /// A line that belongs to the one above it: what a person can do, for instance.
    mutating func continuation(_ body: String) {
        append(String(repeating: " ", count: column == 0 ? 4 : column) + SafeText.line(body))
    }

    /// `  ✓ text - detail`. On a terminal the detail is cut at the edge, unless everything was asked for.
    mutating func item(_ mark: Mark, _ body: String, detail: String = "") {
        let body = SafeText.line(body)
        var shown = detail.isEmpty ? "" : " - " + SafeText.line(detail)
        if let width = style.width, !isVerbose {
            let left = width - 4 - DisplayWidth.of(body)
            shown = left < 8 ? "" : DisplayWidth.cut(shown, to: left)
        }
        append("  " + paint(mark.rawValue, mark.color) + " " + body + shown)
    }

    mutating func heading(_ body: String) {
        let body = SafeText.line(body)
        let blanks = body.prefix { $0 == " " }
        append(blanks + paint(String(body.dropFirst(blanks.count)), .bold))
    }

    mutating func plain(_ body: String) { append(SafeText.line(body)) }

    mutating func blank() { append("") }

    /// Lines that another writer has put together, and made harmless.
    mutating func append(contentsOf other: TextWriter) { text += other.text }

    private mutating func append(_ line: String) {
        text += line
        text += "\n"
    }

    private func paint(_ text: String, _ color: Color) -> String {
        style.color ? "\u{1B}[\(color.rawValue)m\(text)\u{1B}[0m" : text
    }
}
