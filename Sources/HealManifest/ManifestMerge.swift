import HealModel
import ManifestShape

/// Joins what several files say. Mappings are joined; everything else may be said once.
struct ManifestMerge {
    private(set) var problems = ManifestProblems()

    /// One mapping from several, in the order of the files. Where two files give a key that cannot be joined, the
    /// first counts and the other is reported.
    ///
    /// - Parameter schema: what stands there according to its section; `nil` when nobody knows the key.
    mutating func join(_ parts: [[ManifestNode.Entry]], _ schema: JSONSchema?) -> [ManifestNode.Entry] {
        guard parts.count > 1 else { return parts.first ?? [] }
        var groups: [[ManifestNode.Entry]] = []
        var places: [String: Int] = [:]
        for entry in parts.joined() {
            if let place = places[entry.key] {
                groups[place].append(entry)
            } else {
                places[entry.key] = groups.count
                groups.append([entry])
            }
        }
        return groups.compactMap { group in
            guard let first = group.first, group.count > 1 else { return group.first }
            return one(first, group, schema)
        }
    }

    private mutating func one(
        _ first: ManifestNode.Entry, _ group: [ManifestNode.Entry], _ schema: JSONSchema?
    ) -> ManifestNode.Entry {
        let mappings = group.compactMap { entry -> [ManifestNode.Entry]? in
            if case .mapping(let entries) = entry.value.content { entries } else { nil }
        }
        if let inner = schema?.joinable(under: first.key)?.mappingBranch, mappings.count == group.count {
            var joined = first
            joined.value.content = .mapping(join(mappings, inner))
            return joined
        }
        for entry in group.dropFirst() {
            problems.add(
                entry.keyLocation, "the key '\(entry.key.shown)' is given twice; first at \(first.keyLocation)")
        }
        return first
    }
}

extension JSONSchema {
    /// The schema of a key whose values may come from several files; `nil` when the key may be given only once.
    fileprivate func joinable(under key: String) -> JSONSchema? {
        if let property = properties.first(where: { $0.name == key }) { return property.schema }
        return spreadsEntries ? additionalProperties.first : nil
    }

    /// Itself, or the way of writing it that is a mapping.
    fileprivate var mappingBranch: JSONSchema? {
        if kind == .object { return self }
        return anyOf.lazy.compactMap(\.mappingBranch).first
    }
}
