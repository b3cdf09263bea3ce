import HealModel
import ManifestShape

/// What a plugin's settings must look like: the part of JSON Schema that plugins need. A keyword that is not known here is a
/// fault of `plugin.yaml`, because one that is passed over would let wrong settings through.
public indirect enum SettingsSchema: Sendable, Hashable {
    case anything
    case text(minLength: Int, allowed: [String]?)
    case integer(minimum: Int?, maximum: Int?)
    case number(minimum: Double?, maximum: Double?)
    case boolean
    case list(SettingsSchema, minItems: Int)
    case object([Property], others: SettingsSchema?)

    public struct Property: Sendable, Hashable {
        public var name: String
        public var schema: SettingsSchema
        public var isRequired: Bool
        /// What is handed over when the manifest says nothing.
        public var fallback: ManifestNode?
    }

    static let shape = Shape<SettingsSchema>(schema: JSONSchema(.object)) { node, problems in
        SettingsSchema(node, &problems)
    }

    private static let annotations: Set<String> = ["type", "description", "title", "default", "examples", "$schema"]

    private init?(_ node: ManifestNode, _ problems: inout ManifestProblems) {
        guard case .mapping(let entries) = node.content else {
            problems.add(node.location, "a schema is a mapping such as 'type: string'")
            return nil
        }
        let type = entries.first { $0.key == "type" }.flatMap { $0.value.text }
        let known: Set<String>
        switch type {
        case "string": known = ["minLength", "enum"]
        case "integer", "number": known = ["minimum", "maximum"]
        case "boolean": known = []
        case "array": known = ["items", "minItems"]
        case "object": known = ["properties", "required", "additionalProperties"]
        case nil where entries.allSatisfy { Self.annotations.contains($0.key) }:
            self = .anything
            return
        default:
            problems.add(
                node.location, "'type' must be one of string, integer, number, boolean, array, object")
            return nil
        }
        for entry in entries where !Self.annotations.contains(entry.key) && !known.contains(entry.key) {
            problems.add(entry.keyLocation, "the keyword '\(entry.key)' is not understood here")
            return nil
        }
        let value = { (key: String) in entries.first { $0.key == key }?.value }
        switch type {
        case "string":
            let allowed = value("enum").flatMap { Shape<[String]>.list(of: .scalarText).decode($0, &problems) }
            self = .text(minLength: value("minLength")?.integer ?? 0, allowed: allowed)
        case "integer": self = .integer(minimum: value("minimum")?.integer, maximum: value("maximum")?.integer)
        case "number": self = .number(minimum: value("minimum")?.decimal, maximum: value("maximum")?.decimal)
        case "boolean": self = .boolean
        case "array":
            var items = SettingsSchema.anything
            if let node = value("items") {
                guard let schema = SettingsSchema(node, &problems) else { return nil }
                items = schema
            }
            self = .list(items, minItems: value("minItems")?.integer ?? 0)
        default:
            let required = value("required").flatMap { Shape<[String]>.list(of: .text).decode($0, &problems) } ?? []
            var properties: [Property] = []
            if let node = value("properties") {
                guard case .mapping(let members) = node.content else {
                    problems.add(node.location, "'properties' is a mapping of names to schemas")
                    return nil
                }
                for member in members {
                    guard let schema = SettingsSchema(member.value, &problems) else { return nil }
                    properties.append(
                        Property(
                            name: member.key, schema: schema, isRequired: required.contains(member.key),
                            fallback: member.value.member("default")))
                }
            }
            for name in required where !properties.contains(where: { $0.name == name }) {
                properties.append(Property(name: name, schema: .anything, isRequired: true, fallback: nil))
            }
            var others: SettingsSchema? = .anything
            if let node = value("additionalProperties") {
                if node.text == "false" {
                    others = nil
                } else if node.text != "true" {
                    guard let schema = SettingsSchema(node, &problems) else { return nil }
                    others = schema
                }
            }
            self = .object(properties, others: others)
        }
    }

    /// The settings with what is left out filled in; what is wrong with them is added to `problems`.
    public func completed(_ node: ManifestNode, _ problems: inout ManifestProblems) -> ManifestNode {
        var node = node
        switch self {
        case .anything: break
        case .text(let minLength, let allowed):
            guard case .scalar(let scalar) = node.content, scalar.kind != .null else {
                problems.add(node.location, "expected a text, found \(node.kindWithArticle)")
                break
            }
            if scalar.text.count < minLength {
                problems.add(node.location, "expected at least \(minLength) characters")
            } else if let allowed, !allowed.contains(scalar.text) {
                problems.add(node.location, "expected one of \(allowed.joined(separator: ", "))")
            }
            // Whatever YAML takes it for: a text was asked for.
            node.content = .scalar(ManifestNode.Scalar(text: scalar.text, kind: .string))
        case .integer(let minimum, let maximum):
            guard let value = node.integer else {
                problems.add(node.location, "expected a whole number, found \(node.kindWithArticle)")
                break
            }
            if value < minimum ?? .min || value > maximum ?? .max {
                problems.add(node.location, "expected a whole number \(Self.range(minimum, maximum))")
            }
        case .number(let minimum, let maximum):
            guard let value = node.decimal else {
                problems.add(node.location, "expected a number, found \(node.kindWithArticle)")
                break
            }
            if value < minimum ?? -.infinity || value > maximum ?? .infinity {
                problems.add(node.location, "expected a number \(Self.range(minimum, maximum))")
            }
        case .boolean:
            guard case .scalar(let scalar) = node.content, scalar.kind == .boolean else {
                problems.add(node.location, "expected true or false, found \(node.kindWithArticle)")
                break
            }
        case .list(let items, let minItems):
            guard case .sequence(let nodes) = node.content else {
                problems.add(node.location, "expected a list, found \(node.kindWithArticle)")
                break
            }
            if nodes.count < minItems { problems.add(node.location, "expected at least \(minItems) items") }
            node.content = .sequence(nodes.map { items.completed($0, &problems) })
        case .object(let properties, let others):
            guard case .mapping(let entries) = node.content else {
                problems.add(node.location, "expected a mapping, found \(node.kindWithArticle)")
                break
            }
            node.content = .mapping(members(entries, of: node, properties, others, &problems))
        }
        return node
    }

    private func members(
        _ entries: [ManifestNode.Entry], of node: ManifestNode, _ properties: [Property], _ others: SettingsSchema?,
        _ problems: inout ManifestProblems
    ) -> [ManifestNode.Entry] {
        var members: [ManifestNode.Entry] = []
        for entry in entries {
            guard let schema = properties.first(where: { $0.name == entry.key })?.schema ?? others else {
                problems.add(
                    entry.keyLocation, NearestName.unknownKey(entry.key, known: properties.map(\.name)))
                continue
            }
            var member = entry
            member.value = schema.completed(entry.value, &problems)
            members.append(member)
        }
        for property in properties where !entries.contains(where: { $0.key == property.name }) {
            if let fallback = property.fallback {
                let value = property.schema.completed(fallback, &problems)
                members.append(ManifestNode.Entry(key: property.name, keyLocation: node.location, value: value))
            } else if property.isRequired {
                problems.add(node.location, "'\(property.name)' is missing")
            }
        }
        return members
    }

    private static func range<Number>(_ minimum: Number?, _ maximum: Number?) -> String {
        switch (minimum, maximum) {
        case (let low?, let high?): "from \(low) to \(high)"
        case (let low?, nil): "of at least \(low)"
        case (nil, let high?): "of at most \(high)"
        case (nil, nil): ""
        }
    }
}

extension ManifestNode {
    /// A scalar's text.
    var text: String? { if case .scalar(let scalar) = content { scalar.text } else { nil } }

    var integer: Int? {
        guard case .scalar(let scalar) = content, scalar.kind == .integer else { return nil }
        return Int(scalar.text)
    }

    var decimal: Double? {
        guard case .scalar(let scalar) = content, scalar.kind == .integer || scalar.kind == .float else { return nil }
        return Double(scalar.text)
    }

    var entries: [Entry] { if case .mapping(let entries) = content { entries } else { [] } }

    func member(_ name: String) -> ManifestNode? { entries.first { $0.key == name }?.value }
}
