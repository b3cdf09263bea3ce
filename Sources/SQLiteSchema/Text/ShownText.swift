extension String {
    /// Without characters that could fool a terminal or hide what is there: control characters, and those that change
    /// the direction of a text, as `\u{…}`.
    public var printable: String {
        guard unicodeScalars.contains(where: \.isHidden) else { return self }
        var result = ""
        for scalar in unicodeScalars {
            if scalar.isHidden {
                result += "\\u{\(String(scalar.value, radix: 16))}"
            } else {
                result.unicodeScalars.append(scalar)
            }
        }
        return result
    }

    /// Printable, and cut to what fits into a sentence.
    public var shown: String {
        let limit = 80
        guard unicodeScalars.count > limit else { return printable }
        return String(UnicodeScalarView(unicodeScalars.prefix(limit))).printable + "…"
    }

    /// SQL on one line, without comments.
    public var oneLine: String {
        let text = SQLText(self)
        return text.oneLine(text.tokens.indices).printable
    }
}

extension Unicode.Scalar {
    fileprivate var isHidden: Bool {
        switch value {
        case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x2028...0x202E, 0x2060...0x2069, 0xFEFF: true
        default: false
        }
    }
}
