import HealModel

extension Shape {
    public static func list<Element>(of element: Shape<Element>) -> Shape<[Element]> where Value == [Element] {
        Shape<[Element]>(schema: JSONSchema(.array).with { $0.items = [element.schema] }) { node, problems in
            guard case .sequence(let nodes) = node.content else {
                problems.add(node.location, "expected a list, found \(node.kindWithArticle)")
                return nil
            }
            // All elements are decoded before giving up, so that every fault is named.
            let values = nodes.map { element.decode($0, &problems) }
            let good = values.compactMap { $0 }
            return good.count == values.count ? good : nil
        }
    }

    /// A mapping whose keys the user chooses.
    ///
    /// - Parameters:
    ///   - spread: whether what stands under one key may be spread over several included files. Otherwise a key that
    ///     two files name is an error, as it is within one file.
    ///   - keyFault: says what is wrong with a key, if anything.
    public static func dictionary<Element>(
        of element: Shape<Element>, spread: Bool = false,
        keyFault: @escaping @Sendable (String) -> String? = { $0.isEmpty ? "the key is empty" : nil }
    ) -> Shape<[Keyed<Element>]> where Value == [Keyed<Element>] {
        let schema: @Sendable () -> JSONSchema = {
            JSONSchema(.object).with {
                $0.spreadsEntries = spread
                $0.additionalProperties = [element.schema]
            }
        }
        return Shape<[Keyed<Element>]>(schema: schema()) { node, problems in
            guard case .mapping(let entries) = node.content else {
                problems.add(node.location, "expected a mapping, found \(node.kindWithArticle)")
                return nil
            }
            var values: [Keyed<Element>] = []
            var good = true
            for entry in entries {
                if let fault = keyFault(entry.key) {
                    problems.add(entry.keyLocation, fault)
                    good = false
                }
                if let value = element.decode(entry.value, &problems) {
                    values.append(Keyed(entry.key, entry.keyLocation, value))
                }
            }
            return good && values.count == entries.count ? values : nil
        }
    }

    /// A value that may be written in two ways: `short` for a scalar or list, `long` for a mapping.
    public static func either(short: Shape<Value>, long: Shape<Value>) -> Shape<Value> {
        Shape(schema: JSONSchema(anyOf: [short.schema, long.schema])) { node, problems in
            if case .mapping = node.content { return long.decode(node, &problems) }
            return short.decode(node, &problems)
        }
    }
}

/// One key of a mapping with fixed keys: its name, where its value goes, its shape, and what it means.
public struct Field<Root: Sendable>: Sendable {
    public let name: String
    public let required: Bool
    private let describe: @Sendable () -> JSONSchema
    public var schema: JSONSchema { describe() }
    let assign: @Sendable (ManifestNode, inout Root, inout ManifestProblems) -> Bool

    /// - Parameter set: puts the value where it goes. A closure rather than a key path: key paths are made at run time, which a
    ///   process that lives for milliseconds notices.
    public init<Value: Sendable>(
        _ name: String, _ set: @escaping @Sendable (inout Root, Value) -> Void, _ shape: Shape<Value>,
        required: Bool = false, _ meaning: String
    ) {
        self.name = name
        self.required = required
        self.describe = { shape.described(meaning).schema }
        self.assign = { node, root, problems in
            guard let value = shape.decode(node, &problems) else { return false }
            set(&root, value)
            return true
        }
    }
}

extension Shape {
    /// A mapping with fixed keys. Unknown keys are refused, with the nearest known one.
    ///
    /// - Parameter initial: a value that holds the defaults of everything optional.
    public static func object(_ meaning: String, _ initial: Value, _ fields: [Field<Value>]) -> Shape<Value> {
        let schema: @Sendable () -> JSONSchema = {
            JSONSchema(.object).with {
                $0.description = meaning
                $0.properties = fields.map { JSONSchema.Property(name: $0.name, schema: $0.schema) }
                $0.required = fields.filter(\.required).map(\.name)
                $0.closed = true
            }
        }
        let names = fields.map(\.name)
        let required = fields.filter(\.required).map(\.name)
        let assignments = fields.map(\.assign)
        return Shape(schema: schema()) { node, problems in
            guard case .mapping(let entries) = node.content else {
                problems.add(node.location, "expected a mapping, found \(node.kindWithArticle)")
                return nil
            }
            var value = initial
            var good = true
            for entry in entries {
                // Few enough to look through: a dictionary for each type of mapping costs more to set up than it saves.
                guard let place = names.firstIndex(of: entry.key) else {
                    problems.add(entry.keyLocation, NearestName.unknownKey(entry.key, known: names))
                    good = false
                    continue
                }
                good = assignments[place](entry.value, &value, &problems) && good
            }
            for name in required where !entries.contains(where: { $0.key == name }) {
                problems.add(node.location, "the key '\(name)' is missing")
                good = false
            }
            return good ? value : nil
        }
    }
}

extension Shape where Value == ManifestNode {
    /// Anything at all, as it was written: settings that somebody else understands.
    public static var node: Shape<ManifestNode> {
        Shape(schema: JSONSchema()) { node, _ in node }
    }
}
