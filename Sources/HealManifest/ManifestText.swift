import ManifestShape

/// Writes texts so that the manifest's own reader, and other readers of YAML, read them back as they are.
public enum ManifestText {
    /// A value on one line: without quotes where nobody can take it for anything else, else in double quotes.
    /// `${` is written so that it stays what it is.
    ///
    /// - Parameter inFlow: it stands inside `[…]` or `{…}`.
    public static func value(_ text: String, inFlow: Bool = false) -> String {
        isPlain(text, inFlow: inFlow) ? text : quoted(text.replacing("${", with: "$${"))
    }

    /// A key. Variables mean nothing in one.
    public static func key(_ text: String) -> String {
        isPlain(text, inFlow: true) ? text : quoted(text)
    }

    /// A key with a text of perhaps several lines, which stand as they are below the key where that is possible.
    ///
    /// - Parameter indentation: spaces before the key.
    /// - Returns: lines without their ends.
    public static func entry(_ key: String, _ text: String, indentation: Int) -> [String] {
        let margin = String(repeating: " ", count: indentation)
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        guard lines.count > 1, isBlock(text, lines) else {
            return ["\(margin)\(self.key(key)): \(value(text))"]
        }
        return ["\(margin)\(self.key(key)): |-"]
            + lines.map { line in
                line.isEmpty ? "" : margin + "  " + line.replacing("${", with: "$${")
            }
    }

    /// A text behind `#`, on one line.
    public static func comment(_ text: String) -> String {
        "# "
            + String(
                String.UnicodeScalarView(text.unicodeScalars.map { isPrintable($0) ? $0 : "\u{FFFD}" }))
    }

    /// Whether a key or value may hold the text at all. Only tabs and line feeds may stand in a value beside what can be
    /// seen, and not even these in a key.
    public static func canHold(key: String) -> Bool {
        !key.isEmpty && !key.utf8.contains { $0 < 0x20 } && !ManifestBytes.holdsControlCharacter(key)
    }

    // MARK: Forms

    private static func isPlain(_ text: String, inFlow: Bool) -> Bool {
        // A name that begins with a dot is one for everybody; numbers that do are not.
        guard let first = text.utf8.first(where: { $0 != UInt8(ascii: ".") }), isLetter(first),
            text.utf8.last != UInt8(ascii: " "),
            PlainScalar.kind(of: text) == .string
        else { return false }
        let marks = inFlow ? " _./-" : " _./-()',;<>=+*|\"%!?~^&"
        let allowed = Set(marks.utf8)
        return text.utf8.allSatisfy { isLetter($0) || (0x30...0x39).contains($0) || allowed.contains($0) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (0x61...0x7A).contains(byte | 0x20) || byte == 0x5F }

    private static func isBlock(_ text: String, _ lines: [Substring]) -> Bool {
        guard let first = lines.first?.first, first != " ", lines.last?.isEmpty == false else { return false }
        // White space alone on a line, and tabs, are read in different ways.
        return text.unicodeScalars.allSatisfy { $0 == "\n" || isPrintable($0) }
            && lines.allSatisfy { $0.isEmpty || !$0.allSatisfy { $0 == " " } }
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"", "\\": result += "\\\(scalar)"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16, uppercase: true)
                let length = scalar.value > 0xFFFF ? 8 : 4
                let mark = length == 8 ? "\\U" : "\\u"
                result += mark + String(repeating: "0", count: length - digits.utf8.count) + digits
            }
        }
        return result + "\""
    }

    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20..<0x7F: return true
        case ..<0xA0, 0x2028, 0x2029, 0xFEFF, 0xFFFE, 0xFFFF: return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .format, .surrogate, .unassigned, .privateUse: return false
        default: return true
        }
    }
}
