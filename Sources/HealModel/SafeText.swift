/// Texts that come from elsewhere (file names, SQL, what programs and servers say) and go to a terminal, a log or a report.
public enum SafeText {
    /// The text on one line, unable to do anything but be seen.
    ///
    /// White space around line breaks becomes one space. Control characters (escape sequences begin with one), characters that
    /// change the direction of writing and other invisible formatting are shown as `\u{1B}`.
    public static func line(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 < 0x20 || $0 >= 0x7F }) else { return text }
        var result = String.UnicodeScalarView()
        var skipsBlanks = false
        for scalar in text.unicodeScalars {
            if breaksLine(scalar) {
                while let last = result.last, last == " " || last == "\t" { result.removeLast() }
                if !result.isEmpty { result.append(" ") }
                skipsBlanks = true
                continue
            }
            if skipsBlanks, scalar == " " || scalar == "\t" { continue }
            skipsBlanks = false
            if scalar == "\t" {
                result.append(" ")
            } else if isHarmful(scalar) {
                result.append(contentsOf: "\\u{\(hexadecimal(scalar))}".unicodeScalars)
            } else {
                result.append(scalar)
            }
        }
        if skipsBlanks, result.last == " " { result.removeLast() }
        return String(result)
    }

    /// JSON on one line or several, with what could do harm beside its syntax written as `\u009B`. Control characters below U+0020 are
    /// written like that by whoever makes JSON.
    public static func json(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 >= 0x7F }) else { return text }
        var result = String.UnicodeScalarView()
        for scalar in text.unicodeScalars {
            if scalar.value >= 0x7F, isHarmful(scalar) {
                for unit in String(scalar).utf16 {
                    let digits = String(unit, radix: 16, uppercase: true)
                    result.append(
                        contentsOf: "\\u\(String(repeating: "0", count: 4 - digits.utf8.count))\(digits)".unicodeScalars
                    )
                }
            } else {
                result.append(scalar)
            }
        }
        return String(result)
    }

    /// Whether a character steers a terminal or hides what is written, rather than being written.
    public static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Joiners belong to the writing of some languages, and to emoji.
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        // The last two of each plane are no characters, which XML and YAML refuse.
        case .unassigned: scalar.value & 0xFFFE == 0xFFFE
        default: false
        }
    }

    /// The number of a character, as `\u{…}` has it.
    public static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        String(scalar.value, radix: 16, uppercase: true)
    }

    private static func breaksLine(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}
