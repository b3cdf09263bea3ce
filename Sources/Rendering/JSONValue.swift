import HealModel

/// A JSON value whose members keep the order in which they are given, so that output is the same for the same report and
/// begins with what people look for first.
enum JSONValue: Hashable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// With at most four decimals.
    case decimal(Double)
    case string(String)
    case array([JSONValue])
    case object([Member])

    struct Member: Hashable {
        var name: String
        var value: JSONValue
        init(_ name: String, _ value: JSONValue) {
            self.name = name
            self.value = value
        }
    }

    /// An object with these members, in this order.
    static func members(_ members: (String, JSONValue)...) -> JSONValue {
        .object(members.map { Member($0.0, $0.1) })
    }

    static func strings(_ strings: [String]) -> JSONValue { .array(strings.map { .string($0) }) }

    static func optional(_ string: String?) -> JSONValue { string.map { .string($0) } ?? .null }

    static func optional(_ number: Double?) -> JSONValue { number.map { .decimal($0) } ?? .null }

    static func number(_ number: Int) -> JSONValue { .integer(Int64(number)) }

    /// The value over several lines, with a newline at the end.
    var text: String {
        var text = ""
        write(to: &text, indentation: "")
        return text + "\n"
    }

    private func write(to text: inout String, indentation: String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .decimal(let value): text += Decimals.short(value)
        case .string(let value): Self.write(value, to: &text)
        case .array(let values):
            Self.write(values, between: "[", and: "]", to: &text, indentation) { value, inner, text in
                value.write(to: &text, indentation: inner)
            }
        case .object(let members):
            Self.write(members, between: "{", and: "}", to: &text, indentation) { member, inner, text in
                Self.write(member.name, to: &text)
                text += ": "
                member.value.write(to: &text, indentation: inner)
            }
        }
    }

    private static func write<Element>(
        _ elements: [Element], between open: String, and close: String, to text: inout String, _ indentation: String,
        element write: (Element, String, inout String) -> Void
    ) {
        text += open
        let inner = indentation + "  "
        for (index, element) in elements.enumerated() {
            text += (index == 0 ? "\n" : ",\n") + inner
            write(element, inner, &text)
        }
        if !elements.isEmpty { text += "\n" + indentation }
        text += close
    }

    /// Nothing is lost, and nothing can steer a terminal on which the text is shown: what is harmful there is written as `\u001B`.
    private static func write(_ string: String, to text: inout String) {
        text += "\""
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case _ where scalar.isASCII ? scalar.value < 0x20 || scalar.value == 0x7F : SafeText.isHarmful(scalar):
                for unit in UTF16.encode(scalar) ?? .init() {
                    let digits = String(unit, radix: 16, uppercase: true)
                    text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
                }
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
