/// `${NAME}` and `${NAME:-default}` in a value; `$${` stands for `${`.
enum VariableExpansion {
    /// A text after its variables were put in, and what was wrong with them.
    struct Result {
        var text: String
        var faults: [String]
    }

    /// `nil` when the text holds no `${`, which is nearly always so.
    static func expand(_ text: String, environment: [String: String]) -> Result? {
        guard mayHoldVariable(text) else { return nil }
        let bytes = Array(text.utf8)
        var output: [UInt8] = []
        var faults: [String] = []
        var index = 0
        while index < bytes.count {
            let rest = bytes[index...]
            if rest.starts(with: escapedOpening) {
                output += opening
                index += escapedOpening.count
            } else if rest.starts(with: opening) {
                guard let end = rest.firstIndex(of: UInt8(ascii: "}")) else {
                    faults.append("a '${' without its '}'; write '$${' for a literal")
                    break
                }
                switch value(of: rest[(index + 2)..<end], environment: environment) {
                case .value(let value): output += value.utf8
                case .fault(let fault): faults.append(fault)
                }
                index = end + 1
            } else {
                output.append(bytes[index])
                index += 1
            }
        }
        return Result(text: String(decoding: output, as: UTF8.self), faults: faults)
    }

    private static let opening = Array("${".utf8)
    private static let escapedOpening = Array("$${".utf8)

    private static func mayHoldVariable(_ text: String) -> Bool {
        var previousIsDollar = false
        for byte in text.utf8 {
            if previousIsDollar && byte == UInt8(ascii: "{") { return true }
            previousIsDollar = byte == UInt8(ascii: "$")
        }
        return false
    }

    private enum Lookup {
        case value(String)
        case fault(String)
    }

    /// What stands between the braces: a name, or a name, `:-` and a default.
    private static func value(of body: ArraySlice<UInt8>, environment: [String: String]) -> Lookup {
        let nameBytes = body.prefix { isNameByte($0) }
        let rest = body.dropFirst(nameBytes.count)
        guard let first = nameBytes.first, !(UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first) else {
            return .fault("'${' must be followed by a variable's name; write '$${' for a literal")
        }
        let name = String(decoding: nameBytes, as: UTF8.self)
        let value = environment[name]
        if rest.isEmpty {
            guard let value else {
                return .fault("the variable '\(name)' is not set and has no default ('${\(name):-…}')")
            }
            return checked(value, name)
        }
        guard rest.starts(with: Array(":-".utf8)) else {
            return .fault("after the variable '\(name)' only ':-' and a default may follow")
        }
        let standIn = rest.dropFirst(2)
        guard standIn.firstIndex(of: UInt8(ascii: "{")) == nil else {
            return .fault("the default of the variable '\(name)' holds a '{'; variables do not nest")
        }
        // As in a shell, an empty variable is as good as none.
        guard let value, !value.isEmpty else { return .value(String(decoding: standIn, as: UTF8.self)) }
        return checked(value, name)
    }

    private static func checked(_ value: String, _ name: String) -> Lookup {
        guard !ManifestBytes.holdsControlCharacter(value) else {
            return .fault("the variable '\(name)' holds a control character")
        }
        return .value(value)
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"):
            true
        default: false
        }
    }
}
