/// Something that a text speaks of, as a language model says.
struct Entity: Sendable, Hashable {
    var name: String
    var type: String
    var description: String
    /// Whatever else the answer says of it.
    var others: [JSONContent.Member] = []
}

/// What a language model says, read for the entities in it: first the JSON that it was asked for, then lines as it writes them
/// when it does not do as it is told.
enum ChatAnswer {
    /// What an entity is when the JSON does not say.
    static let unknownType = "UNKNOWN"
    /// What the lines are about.
    static let lineType = "BIOMEDICAL"
    static let keywords = ["protein", "gene", "disease", "drug"]

    /// - Returns: at most `limit`, no name twice, in the order of the answer; none when it speaks of none.
    static func entities(in text: String, limit: Int) -> [Entity] {
        let all = list(in: text) ?? lines(in: text)
        var seen: Set<String> = []
        var chosen: [Entity] = []
        for entity in all where seen.insert(identifier(entity.name)).inserted {
            if chosen.count == limit { break }
            chosen.append(entity)
        }
        return chosen
    }

    /// A name as it stands in an entity's identifier.
    static func identifier(_ name: String) -> String {
        String(name.map { $0.isWhitespace ? "_" : $0 })
    }

    // MARK: JSON

    /// How many beginnings of a list are tried: reading from each of them would take the square of the text's length.
    private static let attempts = 200

    /// The first list of objects with names. One that breaks off, because the answer had become too long, counts with its whole
    /// objects.
    /// - Returns: `nil` when there is no list; no entities when there is only an empty one.
    static func list(in text: String) -> [Entity]? {
        let bytes = Array(text.utf8)
        var hasEmpty = false
        var start = 0
        for _ in 0..<attempts {
            guard let open = bytes[start...].firstIndex(of: UInt8(ascii: "[")) else { break }
            let end = BracketMatch.end(in: bytes, from: open)
            if let end, case .array(let values)? = try? JSONReader.read(bytes[open..<end]) {
                let entities = values.compactMap { Entity($0) }
                if !entities.isEmpty { return entities }
                if values.isEmpty { hasEmpty = true }
                // Otherwise numbers, as in a citation, or a list in a list: what is asked for comes later.
            }
            if end == nil {
                let entities = wholeObjects(in: bytes, after: open)
                if !entities.isEmpty { return entities }
            }
            start = open + 1
        }
        return hasEmpty ? [] : nil
    }

    /// The objects of a list that does not end.
    private static func wholeObjects(in bytes: [UInt8], after open: Int) -> [Entity] {
        var entities: [Entity] = []
        var position = open + 1
        while position < bytes.count {
            switch bytes[position] {
            case UInt8(ascii: "{"):
                guard let end = BracketMatch.end(in: bytes, from: position),
                    let value = try? JSONReader.read(bytes[position..<end])
                else { return entities }
                if let entity = Entity(value) { entities.append(entity) }
                position = end
            case UInt8(ascii: ","), 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return entities
            }
        }
        return entities
    }

    // MARK: Lines

    /// `name: description` of every line that speaks of proteins, genes, diseases or drugs.
    static func lines(in text: String) -> [Entity] {
        text.split(whereSeparator: \.isNewline).compactMap { line in
            let lowered = line.lowercased()
            guard keywords.contains(where: { lowered.contains($0) }), let colon = line.firstIndex(of: ":") else {
                return nil
            }
            let name = line[..<colon].drop { $0.isWhitespace || $0.isNumber || "-*•.)#".contains($0) }
            // What a line begins with in JSON that is broken.
            guard let first = name.first, !"\"{[]}`".contains(first) else { return nil }
            let entity = Entity(
                name: trimmed(name), type: lineType, description: trimmed(line[line.index(after: colon)...]))
            return entity.name.isEmpty || entity.description.isEmpty ? nil : entity
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var rest = text
        while let last = rest.last, last.isWhitespace || last == "*" { rest.removeLast() }
        return String(rest.drop { $0.isWhitespace || $0 == "*" })
    }
}

extension Entity {
    /// `nil` for what is no object with a name.
    fileprivate init?(_ value: JSONContent) {
        guard case .object(let members) = value, let name = value["name"]?.plainText, !name.isEmpty else { return nil }
        self.init(
            name: name, type: value["type"]?.plainText ?? ChatAnswer.unknownType,
            description: value["description"]?.plainText ?? "",
            others: members.filter { !["name", "type", "description"].contains($0.name) })
    }
}

extension JSONContent {
    /// A text without white space around it, or a number as a text; `nil` for everything else, and for an empty text.
    fileprivate var plainText: String? {
        switch self {
        case .text(let text):
            var rest = text[...]
            while rest.last?.isWhitespace == true { rest.removeLast() }
            rest = rest.drop(while: \.isWhitespace)
            return rest.isEmpty ? nil : String(rest)
        case .integer, .real: return text
        default: return nil
        }
    }
}

/// Finds where a bracket is closed again; brackets in JSON's texts do not count.
enum BracketMatch {
    /// - Parameter start: where a `[` or `{` is.
    /// - Returns: behind the bracket that closes it; `nil` when none does.
    static func end(in bytes: [UInt8], from start: Int) -> Int? {
        var depth = 0
        var position = start
        var isInText = false
        while position < bytes.count {
            switch (bytes[position], isInText) {
            case (UInt8(ascii: "\\"), true): position += 1
            case (UInt8(ascii: "\""), _): isInText.toggle()
            case (UInt8(ascii: "["), false), (UInt8(ascii: "{"), false): depth += 1
            case (UInt8(ascii: "]"), false), (UInt8(ascii: "}"), false):
                depth -= 1
                if depth == 0 { return position + 1 }
            default: break
            }
            position += 1
        }
        return nil
    }
}
