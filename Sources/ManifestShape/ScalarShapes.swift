import HealModel

extension Shape where Value == String {
    /// A text. An unquoted `no`, `012`, `1.0`, `3.10` or `null` is refused: readers of YAML disagree on what it is.
    public static var text: Shape<String> {
        Shape(schema: JSONSchema(.string)) { node, problems in
            guard let scalar = node.scalar(wanted: "a text", &problems) else { return nil }
            guard scalar.kind == .string else {
                problems.add(node.location, "expected a text, found \(scalar.kind.articleWithAdvice)")
                return nil
            }
            return scalar.text
        }
    }

    /// A text in which numbers and booleans may stand without quotes, kept as written: `8000` is "8000".
    public static var scalarText: Shape<String> {
        Shape(schema: JSONSchema(anyOf: [.string, .integer, .number, .boolean].map { JSONSchema($0) })) {
            node, problems in
            guard let scalar = node.scalar(wanted: "a text or number", &problems) else { return nil }
            guard scalar.kind != .null, scalar.kind != .ambiguous else {
                problems.add(node.location, "expected a text or number, found \(scalar.kind.articleWithAdvice)")
                return nil
            }
            return scalar.text
        }
    }

    /// A text that is not empty.
    public static var name: Shape<String> {
        let checked = text.map { (value: String) throws(ShapeFailure) -> String in
            guard !value.isEmpty else { throw ShapeFailure("must not be empty") }
            return value
        }
        return Shape(schema: JSONSchema(.string).with { $0.minLength = 1 }) { node, problems in
            checked.decode(node, &problems)
        }
    }
}

extension Shape where Value == Bool {
    public static var boolean: Shape<Bool> {
        Shape(schema: JSONSchema(.boolean)) { node, problems in
            guard let scalar = node.scalar(wanted: "true or false", &problems) else { return nil }
            guard scalar.kind == .boolean, let value = Bool(scalar.text.lowercased()) else {
                problems.add(node.location, "expected true or false, found \(scalar.kind.article)")
                return nil
            }
            return value
        }
    }
}

extension Shape where Value == Int {
    public static func integer(_ range: ClosedRange<Int>) -> Shape<Int> {
        let schema: @Sendable () -> JSONSchema = {
            JSONSchema(.integer).with {
                $0.minimum = range.lowerBound
                $0.maximum = range.upperBound
            }
        }
        return Shape(schema: schema()) { node, problems in
            guard let scalar = node.scalar(wanted: "a whole number", &problems) else { return nil }
            guard scalar.kind == .integer else {
                problems.add(node.location, "expected a whole number, found \(scalar.kind.article)")
                return nil
            }
            guard let value = Int(scalar.text), range.contains(value) else {
                problems.add(
                    node.location, "expected a whole number from \(range.lowerBound) to \(range.upperBound)")
                return nil
            }
            return value
        }
    }
}

extension Shape where Value: CaseIterable & RawRepresentable, Value.RawValue == String {
    /// One of a fixed set of words.
    public static var choice: Shape<Value> {
        let words = Value.allCases.map(\.rawValue)
        return Shape(schema: JSONSchema(.string).with { $0.enumeration = words }) { node, problems in
            guard let scalar = node.scalar(wanted: "one of \(words.joined(separator: ", "))", &problems) else {
                return nil
            }
            if let value = Value(rawValue: scalar.text) { return value }
            let near = NearestName.suggestion(for: scalar.text, among: words)
            problems.add(
                node.location,
                "expected one of \(words.joined(separator: ", "))" + (near.map { "; did you mean '\($0)'?" } ?? ""))
            return nil
        }
    }
}

extension Shape where Value == FileMode {
    /// Permission bits as a quoted octal text: unquoted, `0750` is 488 to one YAML reader and 750 to another.
    public static var fileMode: Shape<FileMode> {
        Shape(schema: JSONSchema(.string).with { $0.pattern = "^[0-7]{3,4}$" }) { node, problems in
            guard let scalar = node.scalar(wanted: "a mode in quotes, such as \"0750\"", &problems) else { return nil }
            guard scalar.kind == .string, let mode = FileMode(octal: scalar.text) else {
                problems.add(node.location, "expected a mode of three or four octal digits in quotes, such as \"0750\"")
                return nil
            }
            return mode
        }
    }
}

extension ManifestNode {
    func scalar(wanted: String, _ problems: inout ManifestProblems) -> Scalar? {
        if case .scalar(let scalar) = content { return scalar }
        problems.add(location, "expected \(wanted), found \(kindWithArticle)")
        return nil
    }

    package var kindWithArticle: String {
        switch content {
        case .scalar(let scalar): scalar.kind.article
        case .sequence: "a list"
        case .mapping: "a mapping"
        }
    }
}

extension ManifestNode.Scalar.Kind {
    /// What to do where a text was wanted.
    var articleWithAdvice: String { self == .null ? article : article + "; write it in quotes" }

    var article: String {
        switch self {
        case .string: "a text"
        case .integer: "a whole number"
        case .float: "a decimal number"
        case .boolean: "true or false"
        case .null: "nothing (null)"
        case .ambiguous: "a word that YAML readers disagree on (such as no, on, 012 or 1:30)"
        }
    }
}
