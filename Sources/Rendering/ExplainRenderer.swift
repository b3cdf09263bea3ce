import HealModel

/// What there is to know about one kind of finding.
public struct Explanation: Hashable, Sendable {
    public var id: FindingID
    /// The group under which people see it: `database schemas`.
    public var title: String
    /// What it counts as, unless the manifest says otherwise.
    public var severity: Severity
    /// The risk of its repair; `nil` when only a person can heal it.
    public var risk: Risk?
    public var meaning: String
    public var healing: String
    /// Whether checks on what lies in or behind the subject wait until this is mended.
    public var blocks: Bool

    public init(
        id: FindingID, title: String, severity: Severity, risk: Risk?, meaning: String, healing: String,
        blocks: Bool = false
    ) {
        self.id = id
        self.title = title
        self.severity = severity
        self.risk = risk
        self.meaning = meaning
        self.healing = healing
        self.blocks = blocks
    }
}

/// The output of `selfheal explain`, and the page of all kinds of findings in the documentation.
public struct ExplainRenderer: Sendable {
    /// The version of the JSON.
    public static let format = "selfheal-explain/1"

    public var style: TextStyle

    public init(style: TextStyle = .plain) { self.style = style }

    /// One block for each, with an empty line between them.
    public func text(_ explanations: [Explanation]) -> String {
        var writer = TextWriter(style, tags: [])
        for (index, explanation) in explanations.enumerated() {
            if index > 0 { writer.blank() }
            writer.heading(explanation.id.rawValue)
            writer.plain("  Found by:  \(explanation.title)")
            writer.plain("  Severity:  \(explanation.severity.rawValue)")
            writer.plain("  Repair:    \(explanation.risk.map { "\($0.rawValue) risk" } ?? "only by a person")")
            paragraph("Meaning:", explanation.meaning, to: &writer)
            paragraph("Healing:", explanation.healing, to: &writer)
            if explanation.blocks {
                paragraph("Blocks:", "what lies in or behind it waits until it is mended", to: &writer)
            }
        }
        return writer.text
    }

    /// The same for programs.
    public func json(_ explanations: [Explanation]) -> String {
        let kinds = explanations.map { explanation in
            JSONValue.members(
                ("id", .string(explanation.id.rawValue)),
                ("title", .string(explanation.title)),
                ("severity", .string(explanation.severity.rawValue)),
                ("risk", .optional(explanation.risk?.rawValue)),
                ("meaning", .string(explanation.meaning)),
                ("healing", .string(explanation.healing)),
                ("blocks", .bool(explanation.blocks)))
        }
        return JSONValue.members(("format", .string(Self.format)), ("kinds", .array(kinds))).text
    }

    /// A page of all kinds, by the groups under which people see them.
    public func markdown(_ explanations: [Explanation]) -> String {
        var lines = [
            "# Findings", "",
            "What can be found, what it means and how it is healed. `selfheal explain ID` prints one of them.",
        ]
        var titles: [String] = []
        for explanation in explanations where !titles.contains(explanation.title) { titles.append(explanation.title) }
        for title in titles {
            lines += ["", "## \(Self.escaped(title))"]
            for explanation in explanations where explanation.title == title {
                let repair = explanation.risk.map { "repair of **\($0.rawValue)** risk" } ?? "healed only by a person"
                let blocks = explanation.blocks ? "; blocks what lies in or behind it" : ""
                lines += [
                    "", "### `\(SafeText.line(explanation.id.rawValue))`", "",
                    "**\(explanation.severity.rawValue)**; \(repair)\(blocks)", "", Self.escaped(explanation.meaning),
                    "",
                    Self.escaped(explanation.healing),
                ]
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func paragraph(_ label: String, _ words: String, to writer: inout TextWriter) {
        let column = 13
        var line = "  " + label + String(repeating: " ", count: column - 2 - label.utf8.count)
        var isEmpty = true
        for word in SafeText.line(words).split(separator: " ") {
            if !isEmpty, let width = style.width, DisplayWidth.of(line) + 1 + DisplayWidth.of(word) > max(width, 40) {
                writer.plain(line)
                line = String(repeating: " ", count: column)
                isEmpty = true
            }
            line += isEmpty ? String(word) : " " + word
            isEmpty = false
        }
        writer.plain(line)
    }

    /// Texts as they are, even where they hold what Markdown takes for markup.
    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in SafeText.line(text) {
            if "\\`*_<>[]|#".contains(character) { result.append("\\") }
            result.append(character)
        }
        return result
    }
}
