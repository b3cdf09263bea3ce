import HealModel
import ManifestShape

/// Makes one file's tree from its events, counting while it grows: what an alias stands for is counted before it is
/// used, so that nothing is ever built that is larger than the limits.
struct Composer {
    private let events: YAMLEvents
    private let file: String
    private let environment: [String: String]
    private var budget: ManifestBudget
    private var problems = ManifestProblems()
    private var anchors: [String: Anchor] = [:]

    private enum Anchor {
        /// Its list or mapping has not ended yet: an alias here would stand inside itself.
        case open
        case closed(ManifestNode, height: Int, nodes: Int, textBytes: Int)
    }

    /// What one file gave: its root (none when it is empty or cannot be read), and what is wrong with it.
    struct Outcome {
        var root: ManifestNode?
        var problems: ManifestProblems
        var budget: ManifestBudget
    }

    static func compose(
        _ bytes: [UInt8], file: String, environment: [String: String], budget: ManifestBudget
    ) -> Outcome {
        do throws(ManifestProblem) {
            let text = try ManifestBytes.checked(bytes, file: file)
            return try text.withUnsafeBufferPointer { (buffer) throws(ManifestProblem) -> Outcome in
                var composer = try Composer(buffer, file: file, environment: environment, budget: budget)
                return composer.document()
            }
        } catch {
            return Outcome(root: nil, problems: ManifestProblems([error]), budget: budget)
        }
    }

    private init(
        _ input: UnsafeBufferPointer<UInt8>, file: String, environment: [String: String], budget: ManifestBudget
    ) throws(ManifestProblem) {
        self.events = try YAMLEvents(input, file: file)
        self.file = file
        self.environment = environment
        self.budget = budget
    }

    // MARK: - The document

    private mutating func document() -> Outcome {
        var root: ManifestNode?
        do throws(ManifestProblem) {
            root = try onlyDocument()
        } catch {
            problems.add(error)
        }
        return Outcome(root: root, problems: problems, budget: budget)
    }

    private mutating func onlyDocument() throws(ManifestProblem) -> ManifestNode? {
        if let first = events.firstText(afterLine: 0, column: 0), first.byte == UInt8(ascii: "%"),
            first.location.column == 1
        {
            throw ManifestProblem(first.location, "YAML directives (%YAML, %TAG) are not supported; remove the line")
        }
        var root: ManifestNode?
        while true {
            let (event, location) = try events.next()
            switch event {
            case .start, .documentStart: continue
            case .end: return root
            case .documentEnd(let line, let column):
                // What follows is not read: it may hold anything.
                guard let more = events.firstText(afterLine: line, column: column) else { return root }
                throw ManifestProblem(
                    more.location,
                    more.byte == UInt8(ascii: "-")
                        ? "a second document begins here; a manifest is a single one"
                        : "text after the end of the document; check indentation and quotes")
            default: root = try node(event, location, depth: 0).node
            }
        }
    }

    // MARK: - Nodes

    private typealias Built = (node: ManifestNode, height: Int)

    private mutating func node(
        _ event: YAMLEvents.Event, _ location: SourceLocation, depth: Int
    ) throws(ManifestProblem) -> Built {
        switch event {
        case .alias(let name): return try aliased(name, location, depth: depth)
        case .scalar(let text, let plain, let anchor, let tag):
            let before = budget
            let node = try scalar(text, plain: plain, tag: tag, location)
            close(anchor, node, height: 0, since: before)
            return (node, 0)
        case .sequence(let anchor, let tag):
            return try collection(anchor, tag, location, depth: depth) { composer throws(ManifestProblem) in
                try composer.sequence(depth: depth + 1)
            }
        case .mapping(let anchor, let tag):
            return try collection(anchor, tag, location, depth: depth) { composer throws(ManifestProblem) in
                try composer.mapping(depth: depth + 1)
            }
        default: throw ManifestProblem(location, "the file cannot be read as YAML")
        }
    }

    private mutating func collection(
        _ anchor: String?, _ tag: String?, _ location: SourceLocation, depth: Int,
        _ content: (inout Composer) throws(ManifestProblem) -> (ManifestNode.Content, height: Int)
    ) throws(ManifestProblem) -> Built {
        let before = budget
        try count(nodes: 1, textBytes: 0, location)
        try checkDepth(depth + 1, location)
        if tag != nil { problems.add(location, "tags are not supported here") }
        if let anchor { anchors[anchor] = .open }
        let (content, height) = try content(&self)
        let node = ManifestNode(content, at: location)
        close(anchor, node, height: height, since: before)
        return (node, height)
    }

    private mutating func sequence(depth: Int) throws(ManifestProblem) -> (ManifestNode.Content, height: Int) {
        var elements: [ManifestNode] = []
        var height = 1
        while true {
            let (event, location) = try events.next()
            if case .endOfCollection = event { return (.sequence(elements), height) }
            let element = try node(event, location, depth: depth)
            elements.append(element.node)
            height = max(height, element.height + 1)
        }
    }

    private mutating func mapping(depth: Int) throws(ManifestProblem) -> (ManifestNode.Content, height: Int) {
        var entries: [ManifestNode.Entry] = []
        // Only long ones are worth a dictionary: the places of keys in `entries`.
        var places: [String: Int] = [:]
        var height = 1
        while true {
            let (event, location) = try events.next()
            if case .endOfCollection = event { return (.mapping(entries), height) }
            let key = try key(event, location, depth: depth)
            let (valueEvent, valueLocation) = try events.next()
            let value = try node(valueEvent, valueLocation, depth: depth)
            height = max(height, value.height + 1)
            guard let key else { continue }
            let isLong = entries.count >= Self.fewKeys
            if isLong, places.isEmpty { for (place, entry) in entries.enumerated() { places[entry.key] = place } }
            if let first = isLong ? places[key] : entries.firstIndex(where: { $0.key == key }) {
                problems.add(
                    location, "the key '\(key.shown)' is given twice; first at \(entries[first].keyLocation)")
            } else {
                if isLong { places[key] = entries.count }
                entries.append(ManifestNode.Entry(key: key, keyLocation: location, value: value.node))
            }
        }
    }

    // MARK: - Keys and scalars

    /// The key as it was written; `nil` after reporting what is wrong with it.
    private mutating func key(
        _ event: YAMLEvents.Event, _ location: SourceLocation, depth: Int
    ) throws(ManifestProblem) -> String? {
        guard case .scalar(let text, let plain, let anchor, let tag) = event else {
            let isAlias = if case .alias = event { true } else { false }
            _ = try node(event, location, depth: depth)
            problems.add(
                location,
                isAlias
                    ? "an alias cannot be a key" : "a list or mapping cannot be a key; is a value missing its quotes?")
            return nil
        }
        try count(nodes: 1, textBytes: text.utf8.count, location)
        var fault: String?
        if text.isEmpty { fault = "the key is empty" }
        if plain && text == "<<" {
            fault = "merge keys ('<<') are not supported; use an alias for a whole value instead"
        }
        if anchor != nil { fault = "a key cannot have an anchor" }
        if let tag, tag != Self.textTag { fault = Self.tagFault }
        if text.utf8.contains(where: { $0 < 0x20 }) || ManifestBytes.holdsControlCharacter(text) {
            fault = "the key holds a control character or a line end"
        }
        guard let fault else { return text }
        problems.add(location, fault)
        return nil
    }

    private mutating func scalar(
        _ text: String, plain: Bool, tag: String?, _ location: SourceLocation
    ) throws(ManifestProblem) -> ManifestNode {
        var scalar = ManifestNode.Scalar(text: text, kind: .string)
        if let tag, tag != Self.textTag { problems.add(location, Self.tagFault) }
        if !plain && ManifestBytes.holdsControlCharacter(text) {
            problems.add(location, "the value holds a control character")
        }
        let isPlain = plain && tag == nil
        if let expansion = VariableExpansion.expand(text, environment: environment) {
            for fault in expansion.faults { problems.add(location, fault) }
            scalar.text = expansion.text
            // An empty variable is an empty text; only what is written empty is null.
            if isPlain && !expansion.text.isEmpty { scalar.kind = PlainScalar.kind(of: expansion.text) }
        } else if isPlain {
            scalar.kind = PlainScalar.kind(of: text)
        }
        try count(nodes: 1, textBytes: scalar.text.utf8.count, location)
        return ManifestNode(.scalar(scalar), at: location)
    }

    /// Fewer keys than this are compared sooner than hashed.
    private static let fewKeys = 16
    private static let textTag = "tag:yaml.org,2002:str"
    private static let tagFault = "tags are not supported, except '!!str'"

    // MARK: - Anchors, aliases and limits

    private mutating func aliased(
        _ name: String, _ location: SourceLocation, depth: Int
    ) throws(ManifestProblem) -> Built {
        switch anchors[name] {
        case nil: throw ManifestProblem(location, "there is no anchor '&\(name.shown)' before this alias")
        case .open: throw ManifestProblem(location, "the alias '*\(name.shown)' stands inside what it stands for")
        case .closed(let node, let height, let nodes, let textBytes):
            try count(nodes: nodes, textBytes: textBytes, location)
            try checkDepth(depth + height, location)
            return (node, height)
        }
    }

    private mutating func close(_ anchor: String?, _ node: ManifestNode, height: Int, since before: ManifestBudget) {
        guard let anchor else { return }
        anchors[anchor] = .closed(
            node, height: height, nodes: budget.nodes - before.nodes, textBytes: budget.textBytes - before.textBytes)
    }

    private mutating func count(nodes: Int, textBytes: Int, _ location: SourceLocation) throws(ManifestProblem) {
        budget.nodes += nodes
        budget.textBytes += textBytes
        if budget.nodes > ManifestLimits.nodes {
            throw ManifestProblem(
                location, "the manifest holds more than \(ManifestLimits.nodes) keys and values, aliases expanded")
        }
        if budget.textBytes > ManifestLimits.bytes {
            throw ManifestProblem(
                location,
                "the values are larger than \(ManifestLimits.bytes) bytes together, aliases and variables expanded")
        }
    }

    private func checkDepth(_ depth: Int, _ location: SourceLocation) throws(ManifestProblem) {
        guard depth <= ManifestLimits.depth else {
            throw ManifestProblem(location, "nested deeper than \(ManifestLimits.depth) levels")
        }
    }
}
