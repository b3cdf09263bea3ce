import HealModel

/// A JSON value whose members keep their order.
public indirect enum JSONContent: Sendable, Hashable {
    case null
    case boolean(Bool)
    case integer(Int64)
    /// A number with a fraction or an exponent, or one that no 64 bits hold.
    case real(Double)
    case text(String)
    case array([JSONContent])
    case object([Member])

    public struct Member: Sendable, Hashable {
        public var name: String
        public var value: JSONContent

        public init(_ name: String, _ value: JSONContent) {
            self.name = name
            self.value = value
        }
    }

    /// As SQLite stores it: lists and objects as JSON texts, truth values as 1 and 0.
    public var sqlValue: SQLValue {
        switch self {
        case .null: .null
        case .boolean(let value): .integer(value ? 1 : 0)
        case .integer(let value): .integer(value)
        case .real(let value): .real(value)
        case .text(let value): .text(value)
        case .array, .object: .text(text)
        }
    }

    /// A blob becomes hexadecimal digits; a number that JSON does not have (infinity), null.
    public init(_ value: SQLValue) {
        switch value {
        case .null: self = .null
        case .integer(let number): self = .integer(number)
        case .real(let number): self = number.isFinite ? .real(number) : .null
        case .text(let text): self = .text(text)
        case .blob(let bytes):
            let digits = Array("0123456789abcdef".utf8)
            self = .text(
                String(decoding: bytes.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self))
        }
    }

    /// The value of the last member of that name, as most readers of JSON have it.
    public subscript(name: String) -> JSONContent? {
        guard case .object(let members) = self else { return nil }
        return members.last { $0.name == name }?.value
    }

    /// What an RFC 6901 pointer leads to: `/data/0/rows`; empty is the value itself.
    public func value(at pointer: String) -> JSONContent? {
        guard !pointer.isEmpty else { return self }
        guard pointer.hasPrefix("/") else { return nil }
        var current = self
        for part in pointer.dropFirst().split(separator: "/", omittingEmptySubsequences: false) {
            let name = String(part).replacing("~1", with: "/").replacing("~0", with: "~")
            switch current {
            case .object:
                guard let next = current[name] else { return nil }
                current = next
            case .array(let values):
                guard let index = Int(name), String(index) == name, values.indices.contains(index) else { return nil }
                current = values[index]
            default: return nil
            }
        }
        return current
    }

    /// On one line.
    public var text: String {
        var bytes: [UInt8] = []
        write(to: &bytes)
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Adds the value, on one line, to bytes.
    public func write(to bytes: inout [UInt8]) {
        switch self {
        case .null: bytes += "null".utf8
        case .boolean(let value): bytes += (value ? "true" : "false").utf8
        case .integer(let value): bytes += String(value).utf8
        case .real(let value): bytes += (value.isFinite ? "\(value)" : "null").utf8
        case .text(let value): Self.write(value, to: &bytes)
        case .array(let values):
            bytes.append(UInt8(ascii: "["))
            for (index, value) in values.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "]"))
        case .object(let members):
            bytes.append(UInt8(ascii: "{"))
            for (index, member) in members.enumerated() {
                if index > 0 { bytes.append(UInt8(ascii: ",")) }
                Self.write(member.name, to: &bytes)
                bytes.append(UInt8(ascii: ":"))
                member.value.write(to: &bytes)
            }
            bytes.append(UInt8(ascii: "}"))
        }
    }

    private static func write(_ text: String, to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: "\""))
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "\""), UInt8(ascii: "\\"): bytes += [UInt8(ascii: "\\"), byte]
            case 0x0A: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "n")]
            case 0x0D: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "r")]
            case 0x09: bytes += [UInt8(ascii: "\\"), UInt8(ascii: "t")]
            case 0..<0x20, 0x7F:
                let digits = Array("0123456789abcdef".utf8)
                bytes += [0x5C, 0x75, 0x30, 0x30, digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: bytes.append(byte)
            }
        }
        bytes.append(UInt8(ascii: "\""))
    }
}
