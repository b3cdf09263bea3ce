import HealModel

/// Texts as they stand in Markdown, unable to be anything but text: no markup, no HTML, no links, no mentions.
enum MarkdownText {
    /// A sentence. Words that hold anything but letters, digits, dashes and brackets are code, which is also how names read
    /// best; in code nothing is markup, and nobody is mentioned.
    static func prose(_ text: String) -> String {
        var parts: [String] = []
        var code: [Substring] = []
        func flush() {
            guard !code.isEmpty else { return }
            parts.append(span(code.joined(separator: " ")))
            code = []
        }
        for word in SafeText.line(text).split(separator: " ") {
            // What ends a sentence or a part of it is no part of a name, nor are brackets around it.
            let start = word.hasPrefix("(") ? "(" : ""
            let ends = word.contains("(") && start.isEmpty ? ",.;:" : ",.;:)"
            let end = String(word.reversed().prefix { ends.contains($0) }.reversed())
            let bare = word.dropFirst(start.count).dropLast(end.count)
            // Digits before a dot or a bracket begin a list.
            let beginsList = parts.isEmpty && code.isEmpty && bare.allSatisfy(\.isNumber) && !end.isEmpty
            if isPlain(bare), !beginsList {
                flush()
                parts.append(String(word))
            } else if bare.isEmpty {
                code.append(word)
            } else {
                if !start.isEmpty { flush() }
                code.append(bare)
                if !start.isEmpty || !end.isEmpty {
                    flush()
                    parts[parts.count - 1] = start + parts[parts.count - 1] + end
                }
            }
        }
        flush()
        return parts.joined(separator: " ")
    }

    /// A text as code, whatever it holds.
    static func span(_ text: String) -> String {
        let safe = SafeText.line(text)
        guard !safe.isEmpty else { return "" }
        var longest = 0
        var current = 0
        for character in safe {
            current = character == "`" ? current + 1 : 0
            longest = max(longest, current)
        }
        let fence = String(repeating: "`", count: longest + 1)
        let blank =
            safe.hasPrefix("`") || safe.hasSuffix("`") || (safe.hasPrefix(" ") && safe.hasSuffix(" ")) ? " " : ""
        return fence + blank + safe + blank + fence
    }

    /// A cell of a table, where a bar would end it even in code.
    static func cell(_ text: String) -> String {
        text.contains("|") ? prose(text.replacing("|", with: "¦")) : prose(text)
    }

    private static func isPlain(_ word: Substring) -> Bool {
        // A word of dashes alone is a rule or the underline of a heading.
        let isPlain = word.allSatisfy { character in
            character.isLetter || character.isNumber || "'’()-".contains(character)
        }
        return isPlain && (word.contains(where: \.isLetter) || word.allSatisfy(\.isNumber))
    }
}
