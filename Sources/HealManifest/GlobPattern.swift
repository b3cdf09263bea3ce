/// A pattern of `include`, already split at its slashes: `*`, `?` and `[…]` in a name, as a shell has them.
struct GlobPattern: Sendable, Hashable {
    enum Component: Sendable, Hashable {
        case literal(String)
        case wildcard([Element])

        var elements: [Element] {
            switch self {
            case .literal(let name): name.unicodeScalars.map { .character($0) }
            case .wildcard(let elements): elements
            }
        }
    }

    enum Element: Sendable, Hashable {
        case character(Unicode.Scalar)
        case any
        case anyRun
        case oneOf([ClosedRange<Unicode.Scalar>], negated: Bool)
    }

    var components: [Component]

    var hasWildcard: Bool {
        components.contains { if case .wildcard = $0 { true } else { false } }
    }

    /// - Throws: why the text is no pattern that can be followed.
    init(_ text: String) throws(GlobFault) {
        guard !text.isEmpty else { throw .empty }
        guard !text.hasPrefix("/") else { throw .absolute }
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 { throw .controlCharacter }
            if scalar == "\\" || scalar == "{" || scalar == "}" { throw .unsupported(Character(scalar)) }
        }
        components = []
        for name in text.split(separator: "/") where name != "." {
            guard name != ".." else { throw .parent }
            guard !name.contains("**") else { throw .doubleStar }
            components.append(try Self.component(String(name)))
        }
        guard !components.isEmpty else { throw .empty }
    }

    private static func component(_ name: String) throws(GlobFault) -> Component {
        guard name.unicodeScalars.contains(where: { $0 == "*" || $0 == "?" || $0 == "[" }) else {
            return .literal(name)
        }
        var elements: [Element] = []
        var rest = name.unicodeScalars[...]
        while let scalar = rest.popFirst() {
            switch scalar {
            case "*": elements.append(.anyRun)
            case "?": elements.append(.any)
            case "[": elements.append(try bracket(&rest))
            default: elements.append(.character(scalar))
            }
        }
        return .wildcard(elements)
    }

    private static func bracket(_ rest: inout String.UnicodeScalarView.SubSequence) throws(GlobFault) -> Element {
        let negated = rest.first == "!" || rest.first == "^"
        if negated { rest.removeFirst() }
        var ranges: [ClosedRange<Unicode.Scalar>] = []
        while let first = rest.popFirst() {
            // A closing bracket right after the opening one is itself meant.
            if first == "]" && !ranges.isEmpty { return .oneOf(ranges, negated: negated) }
            var last = first
            let afterDash = rest.dropFirst().first
            if rest.first == "-", let end = afterDash, end != "]" {
                rest.removeFirst(2)
                last = end
            }
            guard first <= last else { throw .openBracket }
            ranges.append(first...last)
        }
        throw .openBracket
    }
}

/// Why a pattern cannot be followed.
enum GlobFault: Error, Hashable {
    case empty, absolute, parent, doubleStar, openBracket, controlCharacter
    case unsupported(Character)

    var explanation: String {
        switch self {
        case .empty: "the pattern names no file"
        case .absolute: "the pattern is absolute; included files lie in the manifest's folder"
        case .parent: "the pattern holds '..'; included files lie in the manifest's folder"
        case .doubleStar: "'**' is not supported; name the folders"
        case .openBracket: "the pattern has a '[' without its ']', or a range that runs backwards"
        case .controlCharacter: "the pattern holds a control character"
        case .unsupported(let character): "'\(character)' is not supported in a pattern"
        }
    }
}

extension [GlobPattern.Element] {
    /// Whether a name fits. A hidden name fits only a pattern that begins with a point too.
    func matches(_ name: String) -> Bool {
        let scalars = [Unicode.Scalar](name.unicodeScalars)
        if scalars.first == "." && first != .character(".") { return false }
        var element = 0
        var position = 0
        // Where to go on when what follows the last `*` does not fit: that star takes one character more.
        var retry: (element: Int, position: Int)?
        while position < scalars.count {
            if element < count, self[element] == .anyRun {
                retry = (element + 1, position)
                element += 1
            } else if element < count, self[element].accepts(scalars[position]) {
                element += 1
                position += 1
            } else if let last = retry {
                retry = (last.element, last.position + 1)
                (element, position) = (last.element, last.position + 1)
            } else {
                return false
            }
        }
        return self[element...].allSatisfy { $0 == .anyRun }
    }
}

extension GlobPattern.Element {
    fileprivate func accepts(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .character(let own): own == scalar
        case .any, .anyRun: true
        case .oneOf(let ranges, let negated): ranges.contains { $0.contains(scalar) } != negated
        }
    }
}
