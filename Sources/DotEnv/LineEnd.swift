/// How a file's lines end.
enum LineEnd {
    case lf, crlf

    /// How most of a file's lines end; LF if there are none, or as many of either.
    static func of(_ bytes: [UInt8]) -> LineEnd {
        var balance = 0
        var previous: UInt8 = 0
        for byte in bytes {
            if byte == Ascii.newline {
                balance += previous == Ascii.carriageReturn ? 1 : -1
            }
            previous = byte
        }
        return balance > 0 ? .crlf : .lf
    }

    /// The bytes that end a line.
    var bytes: [UInt8] {
        self == .crlf ? [Ascii.carriageReturn, Ascii.newline] : [Ascii.newline]
    }

    /// Contents with their last line ended.
    func ending(_ contents: [UInt8]) -> [UInt8] {
        guard let last = contents.last, last != Ascii.newline else { return contents }
        return contents + (last == Ascii.carriageReturn && self == .crlf ? [Ascii.newline] : bytes)
    }
}
