import HealModel
import ManifestShape

/// A section of a manifest as a Swift literal. Every key stands on a line of its own, counted from 1.
indirect enum Tree: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral, Sendable
{
    case scalar(String, ManifestNode.Scalar.Kind)
    case list([Tree])
    case map([(String, Tree)])

    init(stringLiteral value: String) { self = .scalar(value, .string) }
    init(integerLiteral value: Int) { self = .scalar("\(value)", .integer) }
    init(booleanLiteral value: Bool) { self = .scalar("\(value)", .boolean) }
    init(arrayLiteral elements: Tree...) { self = .list(elements) }
    init(dictionaryLiteral elements: (String, Tree)...) { self = .map(elements) }

    var node: ManifestNode {
        var line = 0
        return node(&line)
    }

    private func node(_ line: inout Int) -> ManifestNode {
        switch self {
        case .scalar(let text, let kind):
            return ManifestNode(.scalar(ManifestNode.Scalar(text: text, kind: kind)), at: place(line, 20))
        case .list(let elements): return ManifestNode(.sequence(elements.map { $0.node(&line) }), at: place(line, 20))
        case .map(let entries):
            let start = place(line, 20)
            let nodes = entries.map { key, value in
                line += 1
                return ManifestNode.Entry(key: key, keyLocation: place(line, 1), value: value.node(&line))
            }
            return ManifestNode(.mapping(nodes), at: start)
        }
    }

    private func place(_ line: Int, _ column: Int) -> SourceLocation {
        SourceLocation(file: "schemas.yaml", line: max(1, line), column: column)
    }
}
