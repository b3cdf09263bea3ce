/// How a value is written so that all four dialects read it alike.
enum PortableForm {
    /// As it is.
    case bare

    case singleQuoted

    case doubleQuoted

    /// The simplest form of a value; `nil` if there is none.
    static func of(_ value: [UInt8]) -> PortableForm? {
        if isPlain(value[...]) { return .bare }
        // Node and Python turn a carriage return into a line break, and no variable can hold a NUL byte.
        if value.contains(Ascii.carriageReturn) || value.contains(0) { return nil }
        if isSingleQuotable(value) { return .singleQuoted }
        return value.contains(where: endsOrExpands) ? nil : .doubleQuoted
    }

    /// Whether a value needs no quotes for anybody.
    static func isPlain(_ value: ArraySlice<UInt8>) -> Bool { value.allSatisfy(isBare) }

    /// A value in this form.
    func written(_ value: [UInt8]) -> [UInt8] {
        switch self {
        case .bare: value
        case .singleQuoted: [Ascii.singleQuote] + value + [Ascii.singleQuote]
        case .doubleQuoted: [Ascii.doubleQuote] + value + [Ascii.doubleQuote]
        }
    }

    /// `[A-Za-z0-9_./:@%+=,-]`
    private static func isBare(_ byte: UInt8) -> Bool {
        byte.continuesName || "./:@%+=,-".utf8.contains(byte)
    }

    /// Python expands `${…}` and makes one backslash of two even in single quotes, and all but the shell take `\'`
    /// for a quote that does not end the text.
    private static func isSingleQuotable(_ value: [UInt8]) -> Bool {
        if value.contains(Ascii.singleQuote) || value.last == Ascii.backslash { return false }
        return !zip(value, value.dropFirst()).contains { first, second in
            (first == Ascii.dollar && second == Ascii.openBrace)
                || (first == Ascii.backslash && second == Ascii.backslash)
        }
    }

    /// Bytes that some dialect does not take as they are in double quotes.
    private static func endsOrExpands(_ byte: UInt8) -> Bool {
        byte == Ascii.backslash || byte == Ascii.doubleQuote || byte == Ascii.dollar || byte == Ascii.backtick
    }
}
