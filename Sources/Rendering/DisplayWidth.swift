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
