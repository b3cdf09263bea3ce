import ManifestShape

/// What people choose datasets by: `name`, `+name` (and all that it depends on), `name+` (and all that depends on it), `tag:…`,
/// `status:…`; `*` and `?` stand for any characters. Several choose what any of them chooses; none chooses all.
public struct DatasetSelection: Sendable, Hashable {
    /// Why a selector chooses nothing that could be meant.
    public struct Problem: Error, Sendable, Hashable {
        public var message: String

        public init(message: String) { self.message = message }
    }

    private enum Method: Sendable, Hashable {
        case name(String)
        case tag(String)
        case state(DatasetState)
    }

    private struct Selector: Sendable, Hashable {
        var method: Method
        var takesAncestors: Bool
        var takesDescendants: Bool
    }

    private let selectors: [Selector]

    /// - Throws: when a selector names something that is not in the graph: a misspelt one must not mean "nothing to do".
    public init(_ texts: [String], in graph: DatasetGraph) throws(Problem) {
        var selectors: [Selector] = []
        for text in texts { selectors.append(try Self.selector(text, graph)) }
        self.selectors = selectors
    }

    /// Whether it chooses all because nothing was said.
    public var isEverything: Bool { selectors.isEmpty }

    /// The names of the datasets chosen.
    public func names(in graph: DatasetGraph, _ report: ReadinessReport) -> Set<String> {
        guard !isEverything else { return Set(graph.names) }
        var names: Set<String> = []
        for selector in selectors {
            let chosen = graph.order.filter { dataset in
                switch selector.method {
                case .name(let pattern): pattern.matchesAsGlob(dataset.name)
                case .tag(let pattern): dataset.tags.contains { pattern.matchesAsGlob($0) }
                case .state(let state): report[dataset.name]?.state == state
                }
            }.map(\.name)
            names.formUnion(chosen)
            for name in chosen where selector.takesAncestors { names.formUnion(graph.ancestors(of: name)) }
            for name in chosen where selector.takesDescendants { names.formUnion(graph.descendants(of: name)) }
        }
        return names
    }

    private static func selector(_ text: String, _ graph: DatasetGraph) throws(Problem) -> Selector {
        let takesAncestors = text.hasPrefix("+")
        var word = takesAncestors ? text.dropFirst() : text[...]
        let takesDescendants = word.hasSuffix("+")
        if takesDescendants { word = word.dropLast() }
        guard !word.isEmpty else { throw Problem(message: "'\(text)' names no dataset") }
        let method: Method
        if let colon = word.firstIndex(of: ":") {
            let value = String(word[word.index(after: colon)...])
            switch word[..<colon] {
            case "tag":
                let tags = Set(graph.order.flatMap(\.tags)).sorted()
                guard tags.contains(where: value.matchesAsGlob) else {
                    throw Problem(message: "no dataset has the tag '\(value)'" + hint(value, tags))
                }
                method = .tag(value)
            case "status":
                guard let state = DatasetState(rawValue: value) else {
                    let states = DatasetState.allCases.map(\.rawValue)
                    let known = "; there are: \(states.joined(separator: ", "))"
                    let near = hint(value, states)
                    throw Problem(message: "there is no status '\(value)'" + (near.isEmpty ? known : near))
                }
                method = .state(state)
            case let other:
                throw Problem(message: "'\(other):' is no way to choose datasets; there are: tag:, status:")
            }
        } else {
            let pattern = String(word)
            guard graph.names.contains(where: pattern.matchesAsGlob) else {
                throw Problem(message: "there is no dataset '\(pattern)'" + hint(pattern, graph.names))
            }
            method = .name(pattern)
        }
        return Selector(method: method, takesAncestors: takesAncestors, takesDescendants: takesDescendants)
    }

    private static func hint(_ word: String, _ known: [String]) -> String {
        NearestName.suggestion(for: word, among: known).map { "; did you mean '\($0)'?" } ?? ""
    }
}

extension String {
    /// As a pattern in which `*` stands for any characters and `?` for one. In time proportional to the product of both lengths.
    func matchesAsGlob(_ text: String) -> Bool {
        let pattern = Array(unicodeScalars)
        let text = Array(text.unicodeScalars)
        var (at, position) = (0, 0)
        // Where the last star was, and what it stands for so far: only that has ever to be taken back.
        var star: (pattern: Int, text: Int)?
        while position < text.count {
            if at < pattern.count, pattern[at] == "*" {
                star = (at, position)
                at += 1
            } else if at < pattern.count, pattern[at] == "?" || pattern[at] == text[position] {
                at += 1
                position += 1
            } else if let last = star {
                star = (last.pattern, last.text + 1)
                (at, position) = (last.pattern + 1, last.text + 1)
            } else {
                return false
            }
        }
        return pattern[at...].allSatisfy { $0 == "*" }
    }
}
