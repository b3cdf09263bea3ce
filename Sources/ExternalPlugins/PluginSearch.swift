import CSelfHeal
import HealKit
import HealManifest
import HealModel
import ManifestShape

/// A plugin's folder that was found, read and judged.
public struct FoundPlugin: Sendable {
    public var description: PluginDescription
    /// Absolute.
    public var folder: String
    /// Absolute.
    public var executable: String
}

/// Finds plugins: folders that hold a `plugin.yaml` and an executable, which nobody else may write.
public struct PluginSearch: Sendable {
    /// Where it looks, in this order. Absolute.
    public var folders: [String]
    private let machine: any Machine
    /// Names that no plugin may take: those of what is built in.
    private let taken: Set<String>

    public init(folders: [String], taken: Set<String>, machine: any Machine) {
        self.folders = folders
        self.taken = taken
        self.machine = machine
    }

    /// Why a plugin that is there is passed over.
    public struct Refusal: Error, Sendable, Hashable {
        public var reason: String
        /// What is wrong with `plugin.yaml`, with its places.
        public var problems = ManifestProblems()
    }

    /// Whether this kernel can keep a plugin's check from writing.
    public static let canConfine = selfheal_can_confine() != 0

    /// The largest `plugin.yaml` that is read, in bytes.
    private static let descriptionLimit = 256 << 10

    /// The first folder of that name decides: what is refused there is not looked for elsewhere.
    /// - Returns: `nil` when it is in none of the folders.
    public func find(_ name: String) throws(Refusal) -> FoundPlugin? {
        for place in folders {
            let folder = place + "/" + name
            guard try status(folder)?.kind == .directory else { continue }
            return try read(name, in: folder, of: place)
        }
        return nil
    }

    /// Whether there is a plugin of that name, good or not.
    public func contains(_ name: String) -> Bool {
        folders.contains { (try? status($0 + "/" + name))??.kind == .directory }
    }

    /// Every plugin in the folders, by name, with what speaks against it.
    public func all() -> [(name: String, folder: String, Result<FoundPlugin, Refusal>)] {
        var found: [(name: String, folder: String, Result<FoundPlugin, Refusal>)] = []
        for place in folders {
            guard let path = try? ResourcePath(place, outsideRoot: true),
                let names = try? machine.names(in: path)
            else { continue }
            for name in names where (try? status(place + "/" + name))??.kind == .directory {
                let folder = place + "/" + name
                let outcome: Result<FoundPlugin, Refusal>
                if let first = found.first(where: { $0.name == name }) {
                    outcome = .failure(Refusal(reason: "\(first.folder) comes first"))
                } else {
                    do throws(Refusal) {
                        outcome = .success(try read(name, in: folder, of: place))
                    } catch {
                        outcome = .failure(error)
                    }
                }
                found.append((name, folder, outcome))
            }
        }
        return found
    }

    private func read(_ name: String, in folder: String, of place: String) throws(Refusal) -> FoundPlugin {
        guard PluginDescription.isName(name) else {
            throw Refusal(reason: "a plugin's name holds small letters, digits and -, and does not begin with -")
        }
        guard !taken.contains(name) else { throw Refusal(reason: "'\(name)' is built in and cannot be replaced") }
        let file = folder + "/plugin.yaml"
        for path in [place, folder, file] { try requireSafety(path) }
        let bytes: [UInt8]
        do throws(MachineError) {
            bytes = try machine.contents(of: try self.path(file), limit: Self.descriptionLimit)
        } catch {
            throw Refusal(reason: error.explanation)
        }
        var problems = ManifestProblems()
        guard let node = YAMLFile.node(bytes, file: file, &problems),
            let description = PluginDescription.shape.decode(node, &problems), problems.isEmpty
        else { throw Refusal(reason: "its plugin.yaml is wrong", problems: problems.sorted) }
        guard description.name == name else {
            throw Refusal(reason: "its plugin.yaml names it '\(description.name)', and its folder '\(name)'")
        }
        guard description.protocols.contains(PluginDescription.protocolVersion) else {
            let spoken = description.protocols.map(String.init).joined(separator: ", ")
            throw Refusal(
                reason: "it speaks protocol \(spoken); this program speaks \(PluginDescription.protocolVersion)")
        }
        guard description.capabilities.contains(.check) || description.capabilities == [.populate] else {
            throw Refusal(reason: "it cannot check")
        }
        return FoundPlugin(
            description: description, folder: folder, executable: try executable(of: description, in: folder))
    }

    private func executable(of description: PluginDescription, in folder: String) throws(Refusal) -> String {
        let stated = description.executable ?? "bin/\(description.name)"
        if stated.hasPrefix("/") {
            guard description.kind == .nagios else {
                throw Refusal(reason: "its executable must be below its folder, not \(stated)")
            }
            try requireExecutable(stated)
            return stated
        }
        let relative: ResourcePath
        do throws(PathProblem) {
            relative = try ResourcePath(stated)
        } catch {
            throw Refusal(reason: "its executable: \(error.explanation)")
        }
        for directory in relative.lineage.dropFirst() { try requireSafety(folder + "/" + directory.text) }
        let path = folder + "/" + relative.text
        try requireExecutable(path)
        return path
    }

    /// What a manifest names as a monitoring plugin, or a plugin as its executable, must be there, executable, and nobody else's.
    public func requireExecutable(_ path: String) throws(Refusal) {
        try requireSafety(path)
        guard try status(path)?.kind == .regular else { throw Refusal(reason: "\(path) is not a file") }
        let mayRun: Bool
        do throws(MachineError) {
            mayRun = try machine.permits(.execute, to: try self.path(path))
        } catch {
            throw Refusal(reason: error.explanation)
        }
        guard mayRun else { throw Refusal(reason: "\(path) is not executable; chmod +x it") }
    }

    /// A manifest says what is run, and whoever may rename a folder above a plugin could put another one in its place: so these
    /// must be as safe as plugins are. What a sticky folder (/tmp) holds, others cannot rename.
    public func requireSafety(ofManifests files: [String]) throws(Refusal) {
        var folders: Set<String> = []
        for path in self.folders + files {
            if files.contains(path) { try requireSafety(path) }
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                folders.insert(rest.isEmpty ? "/" : String(rest))
                if rest.isEmpty { break }
            }
        }
        for folder in folders.sorted() where folder != "/" {
            guard let status = try status(folder) else { continue }
            let isSticky = status.mode.rawValue & 0o1000 != 0
            guard !status.isForeign else { throw Refusal(reason: "the folder \(folder) belongs to another user") }
            guard status.mode.rawValue & 0o022 == 0 || isSticky else {
                throw Refusal(
                    reason:
                        "the folder \(folder) may be written by its group or by others (mode \(status.mode)); chmod go-w it"
                )
            }
        }
    }

    /// Whoever may write it could have anything run in our name.
    private func requireSafety(_ path: String) throws(Refusal) {
        guard let status = try status(path) else { throw Refusal(reason: "\(path) does not exist") }
        guard !status.isForeign else { throw Refusal(reason: "\(path) belongs to another user") }
        guard status.mode.rawValue & 0o022 == 0 else {
            throw Refusal(
                reason: "\(path) may be written by its group or by others (mode \(status.mode)); chmod go-w it")
        }
    }

    private func status(_ path: String) throws(Refusal) -> FileStatus? {
        do throws(MachineError) {
            return try machine.target(of: try self.path(path))
        } catch {
            throw Refusal(reason: error.explanation)
        }
    }

    private func path(_ text: String) throws(MachineError) -> ResourcePath {
        do throws(PathProblem) {
            return try ResourcePath(text, outsideRoot: true)
        } catch {
            throw .malfunction(subject: "plugin", reason: error.explanation)
        }
    }
}
