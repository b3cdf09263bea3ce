import HealModel
import ManifestShape

/// One key at the top of a manifest that belongs to a plugin.
public struct ManifestSection: Sendable {
    public var key: String
    private let describe: @Sendable () -> JSONSchema

    /// Made when asked for: a manifest in one file is read without it.
    public var schema: JSONSchema { describe() }

    public init(_ key: String, _ schema: @escaping @autoclosure @Sendable () -> JSONSchema) {
        self.key = key
        self.describe = schema
    }
}

/// A manifest that was read, with all files it includes: sound as a text, its own keys understood, its sections still
/// to be decoded by their plugins.
public struct ManifestDocument: Sendable {
    /// The manifest as it was named.
    public let path: String
    /// The manifest and the included files, in the order read.
    public let files: [String]
    /// Everything at the top, joined. `include` and repeated `version` keys of included files are gone.
    public let entries: [ManifestNode.Entry]
    public let core: ManifestCore

    /// Reads a manifest with its included files.
    ///
    /// - Throws: every fault of the text; or, when the text is sound, every fault of the keys at the top and of what
    ///   is not a plugin's, sorted by place.
    public static func load(
        path: String, sections: [ManifestSection], source: any ManifestSource = DiskManifestSource(),
        environment: [String: String]
    ) throws(ManifestProblems) -> ManifestDocument {
        var problems = ManifestProblems()
        let document = read(path: path, sections: sections, source: source, environment: environment, &problems)
        guard let document, problems.isEmpty else { throw problems.sorted }
        return document
    }

    /// Like `load`, for a caller that goes on to decode the sections and wants to show all faults together.
    ///
    /// - Returns: `nil` when the text has faults, so that looking further would only report their consequences.
    public static func read(
        path: String, sections: [ManifestSection], source: any ManifestSource = DiskManifestSource(),
        environment: [String: String], _ problems: inout ManifestProblems
    ) -> ManifestDocument? {
        var loader = ManifestLoader(path: path, sections: sections, source: source, environment: environment)
        guard let root = loader.load(), loader.problems.isEmpty else {
            problems.add(contentsOf: loader.problems)
            return nil
        }
        var own: [ManifestNode.Entry] = []
        let known = Set(sections.map(\.key))
        let core = Set(ManifestCore.keys)
        for entry in root.entries {
            if core.contains(entry.key) {
                own.append(entry)
            } else if !known.contains(entry.key) {
                problems.add(
                    entry.keyLocation,
                    NearestName.unknownKey(entry.key, known: ManifestCore.keys + sections.map(\.key)))
            }
        }
        let node = ManifestNode(.mapping(own), at: root.location)
        let decoded = ManifestCore.shape.decode(node, &problems)
        return ManifestDocument(
            path: path, files: loader.files, entries: root.entries, core: decoded ?? ManifestCore())
    }

    /// What stands under a key at the top.
    public func section(_ key: String) -> ManifestNode? {
        entries.first { $0.key == key }?.value
    }

    /// The settings under a plugin's key; `nil` when there are none, or after adding what is wrong with them.
    public func decode<Value>(_ shape: Shape<Value>, at key: String, _ problems: inout ManifestProblems) -> Value? {
        section(key).flatMap { shape.decode($0, &problems) }
    }
}
