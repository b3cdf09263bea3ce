/// The rules of SQLite's `tokenize.c`, one function for each first character.
struct SQLTokenizer {
    let bytes: [UInt8]
    private(set) var tokens: [SQLToken] = []
    private(set) var endsInsideComment = false
    private var position = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
        tokens.reserveCapacity(bytes.count / 5 + 4)
    }

    mutating func run() {
        while position < bytes.count {
            let start = position
            guard let kind = next() else { continue }
            tokens.append(SQLToken(kind: kind, start: start, end: position))
        }
    }

    private func byte(at offset: Int) -> UInt8 { offset < bytes.count ? bytes[offset] : 0 }

    /// Moves past one token, or past white space or a comment (`nil`).
    private mutating func next() -> SQLToken.Kind? {
        let first = bytes[position]
        switch first {
        case 0x20, 0x09...0x0A, 0x0C, 0x0D:
            position += 1
            return nil
        case UInt8(ascii: "-"): return minus()
        case UInt8(ascii: "/"): return slash()
        case UInt8(ascii: "'"): return quoted(by: first, as: .string)
        case UInt8(ascii: "\""): return quoted(by: first, as: .doubleQuoted)
        case UInt8(ascii: "`"): return quoted(by: first, as: .quotedName)
        case UInt8(ascii: "["): return bracketed()
        case UInt8(ascii: "("): return single(.leftParenthesis)
        case UInt8(ascii: ")"): return single(.rightParenthesis)
        case UInt8(ascii: ","): return single(.comma)
        case UInt8(ascii: ";"): return single(.semicolon)
        case UInt8(ascii: "."): return byte(at: position + 1).isDigit ? number() : single(.dot)
        case UInt8(ascii: "0")...UInt8(ascii: "9"): return number()
        case UInt8(ascii: "x"), UInt8(ascii: "X"):
            return byte(at: position + 1) == UInt8(ascii: "'") ? blob() : word()
        case UInt8(ascii: "?"):
            position += 1
            while byte(at: position).isDigit { position += 1 }
            return .parameter
        case UInt8(ascii: "$"), UInt8(ascii: "@"), UInt8(ascii: ":"), UInt8(ascii: "#"): return parameter()
        default:
            if first.isNamePart { return word() }
            return symbol(first)
        }
    }

    private mutating func single(_ kind: SQLToken.Kind, length: Int = 1) -> SQLToken.Kind {
        position += length
        return kind
    }

    private mutating func minus() -> SQLToken.Kind? {
        switch byte(at: position + 1) {
        case UInt8(ascii: "-"):
            while position < bytes.count, bytes[position] != 0x0A { position += 1 }
            endsInsideComment = position == bytes.count
            return nil
        case UInt8(ascii: ">"):
            return single(.operator, length: byte(at: position + 2) == UInt8(ascii: ">") ? 3 : 2)
        default:
            return single(.operator)
        }
    }

    private mutating func slash() -> SQLToken.Kind? {
        guard byte(at: position + 1) == UInt8(ascii: "*"), position + 2 < bytes.count else { return single(.operator) }
        position += 2
        while position < bytes.count {
            if bytes[position] == UInt8(ascii: "*"), byte(at: position + 1) == UInt8(ascii: "/") {
                position += 2
                return nil
            }
            position += 1
        }
        endsInsideComment = true
        return nil
    }

    private mutating func quoted(by quote: UInt8, as kind: SQLToken.Kind) -> SQLToken.Kind {
        position += 1
        while position < bytes.count {
            if bytes[position] == quote {
                guard byte(at: position + 1) == quote else {
                    position += 1
                    return kind
                }
                position += 1
            }
            position += 1
        }
        return .illegal
    }

    private mutating func bracketed() -> SQLToken.Kind {
        while position < bytes.count {
            position += 1
            if bytes[position - 1] == UInt8(ascii: "]") { return .quotedName }
        }
        return .illegal
    }

    private mutating func blob() -> SQLToken.Kind {
        let start = position + 2
        position = start
        while byte(at: position).isHexDigit { position += 1 }
        if byte(at: position) == UInt8(ascii: "'"), (position - start).isMultiple(of: 2) { return single(.blob) }
        while position < bytes.count, bytes[position] != UInt8(ascii: "'") { position += 1 }
        if position < bytes.count { position += 1 }
        return .illegal
    }

    private mutating func number() -> SQLToken.Kind {
        if bytes[position] == UInt8(ascii: "0"), byte(at: position + 1) | 0x20 == UInt8(ascii: "x"),
            byte(at: position + 2).isHexDigit
        {
            position += 3
            while byte(at: position).isHexDigit { position += 1 }
        } else {
            while byte(at: position).isDigit { position += 1 }
            if byte(at: position) == UInt8(ascii: ".") {
                position += 1
                while byte(at: position).isDigit { position += 1 }
            }
            exponent()
        }
        guard byte(at: position).isNamePart else { return .number }
        while byte(at: position).isNamePart { position += 1 }
        return .illegal
    }

    private mutating func exponent() {
        guard byte(at: position) | 0x20 == UInt8(ascii: "e") else { return }
        let sign = byte(at: position + 1)
        let signed = sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-")
        guard byte(at: position + (signed ? 2 : 1)).isDigit else { return }
        position += signed ? 3 : 2
        while byte(at: position).isDigit { position += 1 }
    }

    private mutating func parameter() -> SQLToken.Kind {
        position += 1
        let start = position
        while byte(at: position).isNamePart { position += 1 }
        return position > start ? .parameter : .illegal
    }

    private mutating func word() -> SQLToken.Kind {
        position += 1
        while position < bytes.count, bytes[position].isNamePart { position += 1 }
        return .word
    }

    private mutating func symbol(_ first: UInt8) -> SQLToken.Kind {
        let second = byte(at: position + 1)
        switch (first, second) {
        case (UInt8(ascii: "<"), UInt8(ascii: "=")), (UInt8(ascii: "<"), UInt8(ascii: ">")),
            (UInt8(ascii: "<"), UInt8(ascii: "<")), (UInt8(ascii: ">"), UInt8(ascii: "=")),
            (UInt8(ascii: ">"), UInt8(ascii: ">")), (UInt8(ascii: "="), UInt8(ascii: "=")),
            (UInt8(ascii: "!"), UInt8(ascii: "=")), (UInt8(ascii: "|"), UInt8(ascii: "|")):
            return single(.operator, length: 2)
        case (UInt8(ascii: "!"), _): return single(.illegal)
        default:
            let known: StaticString = "<>=|+*%&~"
            return single(known.holds(first) ? .operator : .illegal)
        }
    }
}

extension StaticString {
    fileprivate func holds(_ byte: UInt8) -> Bool { withUTF8Buffer { $0.contains(byte) } }
}

extension UInt8 {
    var isDigit: Bool { self >= 0x30 && self <= 0x39 }
    fileprivate var isHexDigit: Bool { isDigit || (self | 0x20 >= 0x61 && self | 0x20 <= 0x66) }

    /// A byte that continues a name or keyword: a letter, a digit, `_`, `$`, or any byte beyond ASCII.
    var isNamePart: Bool {
        isDigit || (self | 0x20 >= 0x61 && self | 0x20 <= 0x7A) || self == UInt8(ascii: "_")
            || self == UInt8(ascii: "$")
            || self >= 0x80
    }
}
