import ManifestShape

/// JSON as it is sent to plugins: on one line, members in the order given.
enum JSONText {
    static func string(_ text: String) -> String {
        var json = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": json += "\\\""
            case "\\": json += "\\\\"
            case "\n": json += "\\n"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                json += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: json.unicodeScalars.append(scalar)
            }
        }
        return json + "\""
    }

    static func object(_ members: [(String, String)]) -> String {
        "{" + members.map { "\(string($0.0)):\($0.1)" }.joined(separator: ",") + "}"
    }

    static func array(_ values: [String]) -> String { "[" + values.joined(separator: ",") + "]" }

    /// A value of the manifest. What YAML's readers disagree on, and numbers that JSON cannot write, are handed over as texts.
    static func value(_ node: ManifestNode) -> String {
        switch node.content {
        case .mapping(let entries): object(entries.map { ($0.key, value($0.value)) })
        case .sequence(let nodes): array(nodes.map(value))
        case .scalar(let scalar):
            switch scalar.kind {
            case .null: "null"
            case .boolean: scalar.text.lowercased() == "true" ? "true" : "false"
            case .integer: Int(scalar.text).map { String($0) } ?? string(scalar.text)
            case .float: Double(scalar.text).flatMap { $0.isFinite ? "\($0)" : nil } ?? string(scalar.text)
            case .string, .ambiguous: string(scalar.text)
            }
        }
    }
}
