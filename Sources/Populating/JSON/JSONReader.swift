/// Reads JSON as RFC 8259 has it, and nothing else: no comments, no `NaN`, no comma at the end, well-formed UTF-8 only.
public struct JSONReader {
    /// Where the text is not JSON. Holds nothing of the text: it may be somebody's data.
    public struct Fault: Error, Sendable, Hashable {
        /// In bytes from the beginning.
        public var offset: Int
        public var reason: String
    }

    /// Values deeper than this are refused: each level takes room on the stack.
    public static let deepest = 200

    private let bytes: UnsafeBufferPointer<UInt8>
    private var position = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>) { self.bytes = bytes }

    /// The one value that the bytes hold, with white space around it.
    public static func read(_ bytes: some Sequence<UInt8>) throws(Fault) -> JSONContent {
        let result =
            bytes.withContiguousStorageIfAvailable { read($0) }
            ?? Array(bytes).withUnsafeBufferPointer { read($0) }
        return try result.get()
    }

    public static func read(_ text: String) throws(Fault) -> JSONContent { try read(Array(text.utf8)) }

    private static func read(_ bytes: UnsafeBufferPointer<UInt8>) -> Result<JSONContent, Fault> {
        Result { () throws(Fault) in
            var reader = JSONReader(bytes)
            reader.skipSpace()
            let value = try reader.value(depth: 0)
            reader.skipSpace()
            guard reader.position == bytes.count else { throw reader.fault("something follows the value") }
            return value
        }
    }

    private func fault(_ reason: String) -> Fault { Fault(offset: position, reason: reason) }

    private var next: UInt8? { position < bytes.count ? bytes[position] : nil }

    private mutating func skipSpace() {
        while let byte = next, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 { position += 1 }
    }

    private mutating func value(depth: Int) throws(Fault) -> JSONContent {
        guard depth < Self.deepest else { throw fault("it is nested too deeply") }
        switch next {
        case UInt8(ascii: "{"): return try object(depth)
        case UInt8(ascii: "["): return try array(depth)
        case UInt8(ascii: "\""): return .text(try string())
        case UInt8(ascii: "t"): return try word("true", .boolean(true))
        case UInt8(ascii: "f"): return try word("false", .boolean(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case let byte? where byte == UInt8(ascii: "-") || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte):
            return try number()
        case nil: throw fault("the text ends where a value should be")
        default: throw fault("there is no value here")
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONContent) throws(Fault) -> JSONContent {
        let count = word.utf8CodeUnitCount
        guard bytes.count - position >= count else { throw fault("there is no value here") }
        for index in 0..<count where bytes[position + index] != word.utf8Start[index] {
            throw fault("there is no value here")
        }
        position += count
        return value
    }

    private mutating func object(_ depth: Int) throws(Fault) -> JSONContent {
        position += 1
        var members: [JSONContent.Member] = []
        skipSpace()
        if next == UInt8(ascii: "}") {
            position += 1
            return .object([])
        }
        while true {
            skipSpace()
            guard next == UInt8(ascii: "\"") else { throw fault("a member's name should be here") }
            let name = try string()
            skipSpace()
            guard next == UInt8(ascii: ":") else { throw fault("a ':' should be here") }
            position += 1
            skipSpace()
            members.append(JSONContent.Member(name, try value(depth: depth + 1)))
            skipSpace()
            switch next {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "}"):
                position += 1
                return .object(members)
            case nil: throw fault("the text ends inside an object")
            default: throw fault("a ',' or '}' should be here")
            }
        }
    }

    private mutating func array(_ depth: Int) throws(Fault) -> JSONContent {
        position += 1
        var values: [JSONContent] = []
        skipSpace()
        if next == UInt8(ascii: "]") {
            position += 1
            return .array([])
        }
        while true {
            skipSpace()
            values.append(try value(depth: depth + 1))
            skipSpace()
            switch next {
            case UInt8(ascii: ","): position += 1
            case UInt8(ascii: "]"):
                position += 1
                return .array(values)
            case nil: throw fault("the text ends inside a list")
            default: throw fault("a ',' or ']' should be here")
            }
        }
    }

    private mutating func number() throws(Fault) -> JSONContent {
        let start = position
        var isWhole = true
        if next == UInt8(ascii: "-") { position += 1 }
        if next == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if next == UInt8(ascii: ".") {
            isWhole = false
            position += 1
            try digits()
        }
        if next == UInt8(ascii: "e") || next == UInt8(ascii: "E") {
            isWhole = false
            position += 1
            if next == UInt8(ascii: "+") || next == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let value = Int64(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite else { throw fault("no number is that large") }
        return .real(value)
    }

    private mutating func digits() throws(Fault) {
        let start = position
        while let byte = next, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) { position += 1 }
        if position == start { throw fault("a digit should be here") }
    }

    private mutating func string() throws(Fault) -> String {
        position += 1
        let start = position
        // Most texts have nothing to undo.
        while let byte = next, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20 { position += 1 }
        if next == UInt8(ascii: "\"") {
            let text = try checked(bytes[start..<position])
            position += 1
            return text
        }
        var result = Array(bytes[start..<position])
        while let byte = next {
            switch byte {
            case UInt8(ascii: "\""):
                let text = try result.withUnsafeBufferPointer { buffer -> Result<String, Fault> in
                    Result { () throws(Fault) in try checked(buffer[...]) }
                }.get()
                position += 1
                return text
            case UInt8(ascii: "\\"): try escape(&result)
            case 0..<0x20: throw fault("a control character stands in a text")
            default:
                result.append(byte)
                position += 1
            }
        }
        throw fault("the text ends inside a text")
    }

    private func checked(_ slice: Slice<UnsafeBufferPointer<UInt8>>) throws(Fault) -> String {
        guard let text = String(validating: slice, as: UTF8.self) else { throw fault("a text is not UTF-8") }
        return text
    }

    private mutating func escape(_ result: inout [UInt8]) throws(Fault) {
        position += 1
        guard let byte = next else { throw fault("the text ends inside a text") }
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): result.append(byte)
        case UInt8(ascii: "b"): result.append(0x08)
        case UInt8(ascii: "f"): result.append(0x0C)
        case UInt8(ascii: "n"): result.append(0x0A)
        case UInt8(ascii: "r"): result.append(0x0D)
        case UInt8(ascii: "t"): result.append(0x09)
        case UInt8(ascii: "u"):
            var code = try fourDigits()
            if (0xD800..<0xDC00).contains(code), next == UInt8(ascii: "\\"), position + 1 < bytes.count,
                bytes[position + 1] == UInt8(ascii: "u")
            {
                let before = position
                position += 2
                let low = try fourDigits()
                if (0xDC00..<0xE000).contains(low) {
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    position = before
                }
            }
            // Half a pair is no character; programs write it all the same.
            result += Array(String(Unicode.Scalar(code) ?? "\u{FFFD}").utf8)
        default: throw fault("there is no such escape")
        }
    }

    private mutating func fourDigits() throws(Fault) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard let byte = next, let digit = Character(Unicode.Scalar(byte)).hexDigitValue else {
                throw fault("four hexadecimal digits should be here")
            }
            code = code << 4 + UInt32(digit)
            position += 1
        }
        return code
    }
}
