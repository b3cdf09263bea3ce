/// What stands behind DEFAULT, in the one form that its spellings share: `5`, `(5)` and `+5` are equal, and so are
/// `'x'`, `"x"` and `x`.
public struct DefaultValue: Hashable, Sendable {
    /// What kind of value it is: ALTER TABLE takes only constants.
    public enum Form: Hashable, Sendable {
        case integer, real, text, blob
        /// `CURRENT_TIMESTAMP`, a function, a calculation.
        case expression
    }

    public let form: Form
    /// As it is compared.
    let folded: [String]
    /// As it can be written behind DEFAULT.
    public let source: String

    public static func == (lhs: DefaultValue, rhs: DefaultValue) -> Bool {
        lhs.folded.haveSameBytes(as: rhs.folded)
    }
    public func hash(into hasher: inout Hasher) { hasher.combine(folded) }

    public var isConstant: Bool { form != .expression }

    /// Whether ADD COLUMN gives rows that exist the value that new rows get. To those SQLite gives a number's own digits
    /// where the column keeps texts (`1e3`, and not `1000.0`), the number 1 for TRUE, and in a column without a type a whole
    /// number for `1e3`.
    func isAddedAlike(to affinity: Affinity) -> Bool {
        switch affinity {
        case .text:
            form != .real && !["true", "false"].contains { source.asciiLowercased.contains($0) && form == .integer }
        case .blob: form != .real
        case .integer, .real, .numeric: true
        }
    }

    /// - Returns: `nil` for `NULL`, which is what a column without DEFAULT gets.
    init?(_ text: SQLText, _ range: Range<Int>) {
        let bare = text.withoutParentheses(range)
        let inner = text.withoutSigns(bare)
        source = text.oneLine(range)
        guard inner.range.count == 1 else {
            form = .expression
            folded = text.folded(bare).tokens
            return
        }
        let index = inner.range.lowerBound
        let word = text.folded(index)
        switch text.tokens[index].kind {
        case .number:
            form = word.isIntegerLiteral ? .integer : .real
            folded = [inner.isNegative ? "-" + word : word]
        case .string where inner.isPlain:
            (form, folded) = (.text, [word])
        case .blob where inner.isPlain:
            (form, folded) = (.blob, [word])
        case .word where inner.isPlain && word == "null":
            return nil
        case .word where inner.isPlain && (word == "true" || word == "false"):
            (form, folded) = (.integer, [word == "true" ? "1" : "0"])
        case .word where inner.isPlain && SQLKeywords.values.contains(word):
            (form, folded) = (.expression, [word])
        case .word where inner.isPlain, .doubleQuoted where inner.isPlain, .quotedName where inner.isPlain:
            // A name where a value stands is a text.
            (form, folded) = (.text, [text.name(index).sqlLiteral])
        default:
            form = .expression
            folded = text.folded(bare).tokens
        }
    }

    /// The value as an SQL expression that means the same anywhere.
    public var literal: String { isConstant ? folded.joined() : source }
}

extension String {
    /// A whole number that SQLite keeps as one; a longer one becomes a floating-point number.
    fileprivate var isIntegerLiteral: Bool {
        hasPrefix("0x") || (utf8.allSatisfy(\.isDigit) && Int64(self) != nil)
    }
}

extension SQLText {
    fileprivate struct Signed {
        var range: Range<Int>
        var isNegative: Bool
        /// There was no sign.
        var isPlain: Bool
    }

    /// Strips one `+` or `-`, with parentheses around what follows.
    fileprivate func withoutSigns(_ range: Range<Int>) -> Signed {
        guard range.count >= 2, tokens[range.lowerBound].kind == .operator else {
            return Signed(range: range, isNegative: false, isPlain: true)
        }
        let sign = source(range.lowerBound)
        guard sign == "-" || sign == "+" else { return Signed(range: range, isNegative: false, isPlain: true) }
        let rest = withoutParentheses(range.lowerBound + 1..<range.upperBound)
        return Signed(range: rest, isNegative: sign == "-", isPlain: false)
    }
}
