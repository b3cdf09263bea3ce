/// A JSON value whose keys keep their order, so that the same declarations always give the same text.
package indirect enum JSONValue: Sendable {
    case text(String)
    case number(Int)
    case truth(Bool)
    case list([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// The value as JSON, two spaces an indentation, with a newline at the end.
    package var pretty: String {
        var output = ""
        write(to: &output, indentation: 0)
        return output + "\n"
    }

    private func write(to output: inout String, indentation: Int) {
        switch self {
        case .text(let text): Self.write(quoted: text, to: &output)
        case .number(let number): output += String(number)
        case .truth(let truth): output += truth ? "true" : "false"
        case .list(let values):
            Self.write("[", "]", values, to: &output, indentation) { value, output in
                value.write(to: &output, indentation: indentation + 1)
            }
        case .object(let members):
            Self.write("{", "}", members, to: &output, indentation) { member, output in
                Self.write(quoted: member.key, to: &output)
                output += ": "
                member.value.write(to: &output, indentation: indentation + 1)
            }
        }
    }

    private static func write<Element>(
        _ opening: String, _ closing: String, _ elements: [Element], to output: inout String, _ indentation: Int,
        _ element: (Element, inout String) -> Void
    ) {
        output += opening
        for (index, each) in elements.enumerated() {
            output += (index == 0 ? "\n" : ",\n") + String(repeating: "  ", count: indentation + 1)
            element(each, &output)
        }
        if !elements.isEmpty { output += "\n" + String(repeating: "  ", count: indentation) }
        output += closing
    }

    private static func write(quoted text: String, to output: inout String) {
        output += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": output += "\\\""
            case "\\": output += "\\\\"
            case "\n": output += "\\n"
            case "\t": output += "\\t"
            case _ where scalar.value < 0x20 || scalar.value == 0x7F:
                let digits = String(scalar.value, radix: 16)
                output += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: output.unicodeScalars.append(scalar)
            }
        }
        output += "\""
    }
}

extension JSONSchema {
    /// Where the schema of a text that is taken from the environment stands in a rendered document.
    package static let variableReference = JSONValue.object([(key: "$ref", value: .text("#/$defs/variable"))])

    /// What `variableReference` points at. `$${` is a literal, so a `$` before the `${` makes it none.
    package static let variableDefinition = JSONValue.object([
        (key: "description", value: .text("Taken from the environment: ${NAME} or ${NAME:-default}.")),
        (key: "type", value: .text("string")),
        (key: "pattern", value: .text(#"(^|[^$])\$\{[A-Za-z_][A-Za-z0-9_]*(:-[^}]*)?\}"#)),
    ])

    /// The schema as JSON. Where a text in general would not do, `${NAME}` is allowed beside what the schema says.
    package var json: JSONValue {
        guard anyOf.isEmpty else {
            let bare = anyOf.map { $0.anyOf.isEmpty ? JSONValue.object($0.descriptionMember + $0.members) : $0.json }
            let variable = anyOf.contains(where: \.refusesVariables) && !anyOf.contains(where: \.takesAnyText)
            return .object(descriptionMember + [("anyOf", .list(bare + (variable ? [Self.variableReference] : [])))])
        }
        guard refusesVariables else { return .object(descriptionMember + members) }
        return .object(descriptionMember + [("anyOf", .list([.object(members), Self.variableReference]))])
    }

    /// A scalar that `${NAME}`, taken as the text it is, does not satisfy.
    private var refusesVariables: Bool {
        switch kind {
        case .integer, .number, .boolean, .null: true
        case .string: pattern != nil || !enumeration.isEmpty
        case .array, .object, nil: false
        }
    }

    private var takesAnyText: Bool { kind == .string && !refusesVariables }

    private var descriptionMember: [(key: String, value: JSONValue)] {
        description.map { [("description", .text($0))] } ?? []
    }

    /// Everything but the description.
    private var members: [(key: String, value: JSONValue)] {
        var members: [(key: String, value: JSONValue)] = []
        func add(_ key: String, _ value: JSONValue?) {
            if let value { members.append((key, value)) }
        }
        add("type", kind.map { .text($0.rawValue) })
        add("enum", enumeration.isEmpty ? nil : .list(enumeration.map { .text($0) }))
        add("pattern", pattern.map { .text($0) })
        add("minLength", minLength.map { .number($0) })
        add("minimum", minimum.map { .number($0) })
        add("maximum", maximum.map { .number($0) })
        add("items", items.first?.json)
        add("properties", properties.isEmpty ? nil : .object(properties.map { ($0.name, $0.schema.json) }))
        add("required", required.isEmpty ? nil : .list(required.map { .text($0) }))
        if closed {
            add("additionalProperties", .truth(false))
        } else if let values = additionalProperties.first {
            add("additionalProperties", values.json)
            add("propertyNames", .object([("minLength", .number(1))]))
        }
        return members
    }
}
