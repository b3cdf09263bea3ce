/// Texts that come from elsewhere (file names, SQL, error messages) and go to a terminal.
enum SafeText {
    /// The text on one line, unable to do anything but be seen.
    ///
    /// White space around line breaks becomes one space. Control characters (escape sequences begin with one), characters that
    /// change the direction of writing and other invisible formatting are shown as `\u{1B}`.
    static func line(_ text: String) -> String {
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

    /// Whether a character steers a terminal or hides what is written, rather than being written.
    static func isHarmful(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .lineSeparator, .paragraphSeparator: true
        // Joiners belong to the writing of some languages, and to emoji.
        case .format: scalar.value != 0x200C && scalar.value != 0x200D
        // The last two of each plane are no characters, which XML and YAML refuse.
        case .unassigned: scalar.value & 0xFFFE == 0xFFFE
        default: false
        }
    }

    static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        String(scalar.value, radix: 16, uppercase: true)
    }

    private static func breaksLine(_ scalar: Unicode.Scalar) -> Bool {
        scalar == "\n" || scalar == "\r" || scalar.value == 0x2028 || scalar.value == 0x2029
    }
}

/// How wide texts are on a terminal.
enum DisplayWidth {
    static func of(_ text: some StringProtocol) -> Int {
        text.utf8.allSatisfy { $0 < 0x80 } ? text.utf8.count : text.reduce(0) { $0 + of($1) }
    }

    /// The text, cut to at most `width` columns; what is cut ends in `…`.
    static func cut(_ text: String, to width: Int) -> String {
        guard of(text) > width else { return text }
        guard width > 0 else { return "" }
        var used = 0
        let kept = text.prefix { character in
            used += of(character)
            return used < width
        }
        return kept + "…"
    }

    private static func of(_ character: Character) -> Int {
        var widest = 0
        for scalar in character.unicodeScalars {
            switch scalar.value {
            case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
                0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF,
                0x20000...0x3FFFD:
                return 2
            default: break
            }
            switch scalar.properties.generalCategory {
            case .nonspacingMark, .enclosingMark, .format, .control: break
            default: widest = 1
            }
        }
        return widest
    }
}
