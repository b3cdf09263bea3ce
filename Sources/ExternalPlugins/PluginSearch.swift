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
    /// The executable, as it was found to be safe.
    public var judged: FileStatus
    /// What must be nobody else's, besides the executable.
    var guarded: [String]
}

/// Finds plugins: folders that hold a `plugin.yaml` and an executable, which nobody else may write.
public struct PluginSearch: Sendable {
    /// Where it looks, in this order. Absolute.
    public var folders: [String]
    private let machine: any Machine
    private let safety: PluginSafety
    /// Names that no plugin may take: those of what is built in.
    private let taken: Set<String>

    public init(folders: [String], taken: Set<String>, machine: any Machine) {
        self.folders = folders
        self.taken = taken
        self.machine = machine
        safety = PluginSafety(machine)
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
            guard try safety.status(folder)?.kind == .directory else { continue }
            return try read(name, in: folder, of: place)
        }
        return nil
    }

    /// Whether there is a plugin of that name, good or not.
    public func contains(_ name: String) -> Bool {
        folders.contains { (try? safety.status($0 + "/" + name))??.kind == .directory }
    }

    /// Every plugin in the folders, by name, with what speaks against it.
    public func all() -> [(name: String, folder: String, Result<FoundPlugin, Refusal>)] {
        var found: [(name: String, folder: String, Result<FoundPlugin, Refusal>)] = []
        for place in folders {
            guard let path = try? ResourcePath(place, outsideRoot: true),
                let names = try? machine.names(in: path)
            else { continue }
            for name in names where (try? safety.status(place + "/" + name))??.kind == .directory {
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
        var guarded = [place, folder, file]
        for path in guarded { try safety.require(path) }
        let bytes: [UInt8]
        do throws(MachineError) {
            bytes = try machine.contents(of: try safety.path(file), limit: Self.descriptionLimit)
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
        let executable = try executable(of: description, in: folder, &guarded)
        return FoundPlugin(
            description: description, folder: folder, executable: executable,
            judged: try safety.requireExecutable(executable), guarded: guarded)
    }

    /// - Parameter guarded: gets the folders on the way.
    private func executable(
        of description: PluginDescription, in folder: String, _ guarded: inout [String]
    ) throws(Refusal) -> String {
        let stated = description.executable ?? "bin/\(description.name)"
        if stated.hasPrefix("/") {
            guard description.kind == .nagios else {
                throw Refusal(reason: "its executable must be below its folder, not \(stated)")
            }
            return stated
        }
        let relative: ResourcePath
        do throws(PathProblem) {
            relative = try ResourcePath(stated)
        } catch {
            throw Refusal(reason: "its executable: \(error.explanation)")
        }
        for directory in relative.lineage.dropFirst() {
            guarded.append(folder + "/" + directory.text)
            try safety.require(folder + "/" + directory.text)
        }
        return folder + "/" + relative.text
    }

    /// What a manifest names as a monitoring plugin must be there, executable, and nobody else's.
    func requireExecutable(_ path: String) throws(Refusal) -> FileStatus { try safety.requireExecutable(path) }

    /// What the manifest says of plugins, and the folders above it and above them, must be as safe as plugins are.
    public func requireSafety(ofManifests files: [String]) throws(Refusal) {
        for file in files { try safety.require(file) }
        try safety.requireFolders(above: folders + files)
    }
}
