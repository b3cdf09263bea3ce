/// The bytes that `.env` readers look for.
enum Ascii {
    static let tab = UInt8(ascii: "\t")
    static let newline = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let space = UInt8(ascii: " ")
    static let doubleQuote = UInt8(ascii: "\"")
    static let hash = UInt8(ascii: "#")
    static let dollar = UInt8(ascii: "$")
    static let ampersand = UInt8(ascii: "&")
    static let singleQuote = UInt8(ascii: "'")
    static let openParenthesis = UInt8(ascii: "(")
    static let closeParenthesis = UInt8(ascii: ")")
    static let plus = UInt8(ascii: "+")
    static let minus = UInt8(ascii: "-")
    static let slash = UInt8(ascii: "/")
    static let colon = UInt8(ascii: ":")
    static let semicolon = UInt8(ascii: ";")
    static let less = UInt8(ascii: "<")
    static let equals = UInt8(ascii: "=")
    static let greater = UInt8(ascii: ">")
    static let question = UInt8(ascii: "?")
    static let openBracket = UInt8(ascii: "[")
    static let backslash = UInt8(ascii: "\\")
    static let closeBracket = UInt8(ascii: "]")
    static let backtick = UInt8(ascii: "`")
    static let openBrace = UInt8(ascii: "{")
    static let bar = UInt8(ascii: "|")
    static let closeBrace = UInt8(ascii: "}")
    static let tilde = UInt8(ascii: "~")
    static let byteOrderMark: [UInt8] = [0xEF, 0xBB, 0xBF]
    static let export = Array("export".utf8)
}

extension UInt8 {
    var isAsciiLetter: Bool {
        (self | 0x20) &- 0x61 < 26
    }

    var isAsciiDigit: Bool {
        self &- 0x30 < 10
    }

    /// Whether a shell variable's name may start with this byte.
    var startsName: Bool {
        isAsciiLetter || self == 0x5F
    }

    /// Whether this byte may stand in a shell variable's name.
    var continuesName: Bool {
        startsName || isAsciiDigit
    }
}

extension [UInt8] {
    /// Whether the bytes from an index on start with others.
    func hasBytes(_ other: [UInt8], at index: Int) -> Bool {
        index + other.count <= count && self[index..<index + other.count].elementsEqual(other)
    }

    /// The first index of a byte from an index on, or the end.
    func firstIndex(of byte: UInt8, from index: Int) -> Int {
        var index = index
        while index < count, self[index] != byte {
            index += 1
        }
        return index
    }

    /// The end of the shell variable's name that starts at an index; the index itself if none does.
    func endOfName(from index: Int, limit: Int) -> Int {
        guard index < limit, self[index].startsName else { return index }
        var index = index + 1
        while index < limit, self[index].continuesName {
            index += 1
        }
        return index
    }

    /// The bytes of a range as text; bytes that are not UTF-8 become U+FFFD.
    func text(_ range: Range<Int>) -> String {
        String(decoding: self[range], as: UTF8.self)
    }
}
