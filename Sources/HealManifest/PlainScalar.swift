import ManifestShape

/// What an unquoted text is to readers of YAML 1.1 and 1.2, and where they disagree.
enum PlainScalar {
    static func kind(of text: String) -> ManifestNode.Scalar.Kind {
        guard let first = text.utf8.first else { return .null }
        switch first {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
            return numeric(Array(text.utf8))
        case UInt8(ascii: "~") where text.utf8.count == 1:
            return .null
        case UInt8(ascii: "=") where text.utf8.count == 1, UInt8(ascii: "<") where text == "<<":
            return .ambiguous
        case UInt8(ascii: "t"), UInt8(ascii: "T"), UInt8(ascii: "f"), UInt8(ascii: "F"), UInt8(ascii: "n"),
            UInt8(ascii: "N"), UInt8(ascii: "y"), UInt8(ascii: "Y"), UInt8(ascii: "o"), UInt8(ascii: "O"):
            return text.utf8.count <= 5 ? word(text) : .string
        default:
            return .string
        }
    }

    private static func word(_ text: String) -> ManifestNode.Scalar.Kind {
        switch text {
        case "true", "True", "TRUE", "false", "False", "FALSE": .boolean
        case "null", "Null", "NULL": .null
        default:
            switch text.utf8.count {
            case 1...3 where ["y", "n", "yes", "no", "on", "off"].contains(text.lowercased()): .ambiguous
            default: .string
            }
        }
    }

    private static func numeric(_ text: [UInt8]) -> ManifestNode.Scalar.Kind {
        let signed = text[0] == UInt8(ascii: "+") || text[0] == UInt8(ascii: "-")
        let digits = text.dropFirst(signed ? 1 : 0)
        guard let first = digits.first else { return .string }
        if isSpecial(digits, signed: signed) { return .ambiguous }
        guard isDigit(first) || first == UInt8(ascii: ".") else { return .string }
        if digits.allSatisfy(isDigit) {
            return first == UInt8(ascii: "0") && digits.count > 1 ? .ambiguous : .integer
        }
        if isRadix(digits) || isSexagesimal(digits) || (!signed && isTimestamp(digits)) { return .ambiguous }
        return decimal(digits)
    }

    /// `1.5` and `1.5e+3` are floats to everybody; `1e3`, `1.5e3` and `1_000.0` only to some.
    private static func decimal(_ text: ArraySlice<UInt8>) -> ManifestNode.Scalar.Kind {
        var points = 0
        var digits = 0
        var underscores = false
        var rest = text
        while let byte = rest.first, isDigit(byte) || byte == UInt8(ascii: ".") || byte == UInt8(ascii: "_") {
            if byte == UInt8(ascii: ".") { points += 1 }
            if byte == UInt8(ascii: "_") { underscores = true }
            if isDigit(byte) { digits += 1 }
            rest = rest.dropFirst()
        }
        guard points <= 1, digits > 0 else { return .string }
        guard let mark = rest.first else { return underscores ? .ambiguous : .float }
        guard mark == UInt8(ascii: "e") || mark == UInt8(ascii: "E") else { return .string }
        rest = rest.dropFirst()
        let signed = rest.first == UInt8(ascii: "+") || rest.first == UInt8(ascii: "-")
        if signed { rest = rest.dropFirst() }
        guard !rest.isEmpty, rest.allSatisfy(isDigit) else { return .string }
        return signed && points == 1 && !underscores ? .float : .ambiguous
    }

    /// `.inf` and `.nan` in the three ways to write them.
    private static func isSpecial(_ text: ArraySlice<UInt8>, signed: Bool) -> Bool {
        guard text.count == 4, text.first == UInt8(ascii: ".") else { return false }
        switch String(decoding: text, as: UTF8.self) {
        case ".inf", ".Inf", ".INF": return true
        case ".nan", ".NaN", ".NAN": return !signed
        default: return false
        }
    }

    /// `0x1F`, `0o17`, `0b101`, with or without underscores.
    private static func isRadix(_ text: ArraySlice<UInt8>) -> Bool {
        guard text.count > 2, text.first == UInt8(ascii: "0") else { return false }
        let mark = text[text.startIndex + 1]
        let allowed: (UInt8) -> Bool
        switch mark {
        case UInt8(ascii: "x"): allowed = { isHexadecimal($0) || $0 == UInt8(ascii: "_") }
        case UInt8(ascii: "o"), UInt8(ascii: "b"): allowed = { isDigit($0) || $0 == UInt8(ascii: "_") }
        default: return false
        }
        return text.dropFirst(2).allSatisfy(allowed)
    }

    /// `1:30` and `190:20:30.15`: numbers to the base sixty.
    private static func isSexagesimal(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        guard parts.count > 1, let first = parts.first, !first.isEmpty,
            first.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") })
        else { return false }
        for (index, part) in parts.enumerated().dropFirst() {
            let whole = index == parts.count - 1 ? part.prefix { $0 != UInt8(ascii: ".") } : part
            guard (1...2).contains(whole.count), whole.allSatisfy(isDigit) else { return false }
            if let tens = whole.first, whole.count == 2, tens > UInt8(ascii: "5") { return false }
            let fraction = part.dropFirst(whole.count + 1)
            guard fraction.allSatisfy({ isDigit($0) || $0 == UInt8(ascii: "_") }) else { return false }
        }
        return true
    }

    /// `2020-01-31`, alone or with a time behind it.
    private static func isTimestamp(_ text: ArraySlice<UInt8>) -> Bool {
        let parts = text.split(separator: UInt8(ascii: "-"), maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0].count == 4, parts[0].allSatisfy(isDigit) else { return false }
        guard (1...2).contains(parts[1].count), parts[1].allSatisfy(isDigit) else { return false }
        let day = parts[2].prefix(while: isDigit)
        guard (1...2).contains(day.count) else { return false }
        guard let separator = parts[2].dropFirst(day.count).first else { return true }
        let isTime = separator == UInt8(ascii: "T") || separator == UInt8(ascii: "t") || separator == UInt8(ascii: " ")
        return isTime && parts[2].last.map { isDigit($0) || $0 == UInt8(ascii: "Z") } == true
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
