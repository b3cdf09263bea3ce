import HealModel
import ManifestShape

let somewhere = SourceLocation(file: "m.yaml", line: 1, column: 1)

/// A value, or the sentences that say what is wrong.
enum Decoded<Value: Equatable>: Equatable {
    case value(Value)
    case faults([String])
}

func decode<Value: Equatable>(_ shape: Shape<Value>, _ node: ManifestNode) -> Decoded<Value> {
    var problems = ManifestProblems()
    if let value = shape.decode(node, &problems) {
        return problems.isEmpty ? .value(value) : .faults(["a value and faults"] + problems.all.map(\.message))
    }
    return .faults(problems.all.map(\.message))
}

extension ManifestNode {
    static func scalar(_ text: String, _ kind: Scalar.Kind = .string) -> ManifestNode {
        ManifestNode(.scalar(Scalar(text: text, kind: kind)), at: somewhere)
    }

    static func list(_ nodes: [ManifestNode]) -> ManifestNode { ManifestNode(.sequence(nodes), at: somewhere) }

    static func mapping(_ entries: KeyValuePairs<String, ManifestNode>) -> ManifestNode {
        ManifestNode(
            .mapping(entries.map { Entry(key: $0.key, keyLocation: somewhere, value: $0.value) }), at: somewhere)
    }
}
