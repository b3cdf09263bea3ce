import Crypto
import HealKit
import HealModel
import ManifestShape

/// What the manifest says of one plugin under `plugins`: what is ours, and the settings, which are the plugin's.
public struct PluginEntry: Sendable {
    public var name: String
    public var source: SourceLocation
    /// Of the executable; checked before it is run.
    var sha256: String?
    /// Seconds, instead of the plugin's own.
    var timeout: Int?
    /// A monitoring plugin that has no folder: its absolute path and its arguments.
    var command: [String]?
    var settings: ManifestNode

    /// Keys of ours; everything else is a setting.
    private struct Own: Sendable {
        var sha256: String?
        var timeout: Int?
        var kind: PluginDescription.Kind?
        var command: [String]?
    }

    private static let ownKeys: Set<String> = ["sha256", "timeout", "kind", "command"]

    private static let own = Shape<Own>.object(
        "", Own(),
        [
            Field("sha256", { $0.sha256 = $1 }, digest.optional, "The SHA-256 of its executable, in hexadecimal."),
            Field("timeout", { $0.timeout = $1 }, Shape<Int>.integer(1...3600).optional, "Seconds for a check."),
            Field("kind", { $0.kind = $1 }, Shape<PluginDescription.Kind>.choice.optional, "nagios, with a command."),
            Field(
                "command", { $0.command = $1 }, Shape<[String]>.list(of: .scalarText).optional,
                "A monitoring plugin's absolute path and its arguments."),
        ])

    private static let digest = Shape<String>.text.map { (text: String) throws(ShapeFailure) -> String in
        let digits = text.lowercased()
        guard digits.utf8.count == 64, digits.allSatisfy(\.isHexDigit) else {
            throw ShapeFailure("expected 64 hexadecimal digits, as sha256sum prints them")
        }
        return digits
    }

    /// - Returns: `nil` after adding what is wrong to `problems`.
    public init?(_ entry: Keyed<ManifestNode>, _ problems: inout ManifestProblems) {
        name = entry.key
        source = entry.location
        var node = entry.value
        if case .scalar(let scalar) = node.content, scalar.kind == .null { node.content = .mapping([]) }
        guard case .mapping(let entries) = node.content else {
            problems.add(node.location, "the settings of a plugin are a mapping, found \(node.kindWithArticle)")
            return nil
        }
        guard PluginDescription.isName(name) else {
            problems.add(source, "a plugin's name holds small letters, digits and -, and does not begin with -")
            return nil
        }
        // A mapping of these keys alone belongs to a command; otherwise `kind` and `command` may be settings.
        let isCommand = entries.contains { $0.key == "kind" && $0.value.text == PluginDescription.Kind.nagios.rawValue }
        let keys = isCommand ? Self.ownKeys : ["sha256", "timeout"]
        let ours = ManifestNode(.mapping(entries.filter { keys.contains($0.key) }), at: node.location)
        guard let own = Self.own.decode(ours, &problems) else { return nil }
        sha256 = own.sha256
        timeout = own.timeout
        settings = ManifestNode(.mapping(entries.filter { !keys.contains($0.key) }), at: node.location)
        guard isCommand else { return }
        guard let command = own.command, let path = command.first, path.hasPrefix("/") else {
            problems.add(source, "'kind: nagios' needs a 'command': an absolute path and arguments")
            return nil
        }
        for entry in settings.entries {
            problems.add(entry.keyLocation, "a monitoring plugin has no settings; its 'command' holds its arguments")
        }
        self.command = command
    }

    /// The plugin that is meant.
    /// - Parameter resolve: turns a word under `after` into identifiers of checks; `nil` when there is no such check.
    /// - Returns: `nil` after adding what is wrong to `problems`.
    public func plugin(
        in search: PluginSearch, root: String, machine: any Machine, _ problems: inout ManifestProblems,
        resolve: (String) -> [String]?, redactor: @escaping @Sendable (any Machine) -> Redactor
    ) -> ExternalPlugin? {
        let found: FoundPlugin
        do throws(PluginSearch.Refusal) {
            if let command {
                let judged = try search.requireExecutable(command[0])
                var description = PluginDescription()
                description.name = name
                description.kind = .nagios
                description.arguments = Array(command.dropFirst())
                description.settings = .object([], others: nil)
                found = FoundPlugin(
                    description: description, folder: "", executable: command[0], judged: judged, guarded: [])
            } else {
                guard let plugin = try search.find(name) else {
                    let places = search.folders.joined(separator: ", ")
                    let near = NearestName.suggestion(for: name, among: search.all().map(\.name))
                    let hint = near.map { "; did you mean '\($0)'?" } ?? ""
                    problems.add(source, "there is no plugin '\(name)' in \(places)\(hint)")
                    return nil
                }
                found = plugin
            }
        } catch {
            problems.add(source, "the plugin '\(name)' is refused: \(error.reason)")
            problems.add(contentsOf: error.problems)
            return nil
        }
        if let sha256, let fault = fault(of: found.executable, sha256, machine) {
            problems.add(source, "the plugin '\(name)' is refused: \(fault)")
            return nil
        }
        var faults = ManifestProblems()
        let complete = found.description.settings.completed(settings, &faults)
        var after: [String] = []
        for word in found.description.after {
            if let identifiers = resolve(word) {
                after += identifiers
            } else {
                faults.add(
                    source, "the plugin '\(name)' wants to come after '\(word)', which is no section and no plugin")
            }
        }
        problems.add(contentsOf: faults)
        guard faults.isEmpty else { return nil }
        var plugin = ExternalPlugin(
            description: found.description, executable: found.executable, settings: complete, root: root,
            source: source,
            after: after, timeout: timeout.map { .seconds($0) }, redactor: redactor)
        plugin.folder = found.folder
        plugin.judged = found.judged
        plugin.guarded = found.guarded
        return plugin
    }

    /// The largest executable of which a digest is taken, in bytes.
    private static let executableLimit = 256 << 20

    private func fault(of executable: String, _ expected: String, _ machine: any Machine) -> String? {
        do {
            let bytes = try machine.contents(
                of: try ResourcePath(executable, outsideRoot: true), limit: Self.executableLimit)
            var hash = SHA256()
            hash.update(data: bytes)
            let digest = hash.finalize().map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
            return digest == expected
                ? nil : "its executable has the SHA-256 \(digest), and the manifest expects \(expected)"
        } catch let error as MachineError {
            return error.explanation
        } catch {
            return "its executable cannot be read"
        }
    }
}
