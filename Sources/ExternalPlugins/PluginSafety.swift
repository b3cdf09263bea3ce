import HealKit
import HealModel
import Synchronization

/// Whether what is run could have been put there by somebody else.
///
/// Every place is looked at once: a run asks about the same folders for each plugin. Before a plugin is run, it is looked at anew,
/// by another one of these.
final class PluginSafety: Sendable {
    private let machine: any Machine
    private let known = Mutex<[String: FileStatus?]>([:])

    init(_ machine: any Machine) { self.machine = machine }

    typealias Refusal = PluginSearch.Refusal

    /// Whoever may write it could have anything run in our name.
    func require(_ path: String) throws(Refusal) {
        guard let status = try status(path) else { throw Refusal(reason: "\(path) does not exist") }
        guard !status.isForeign else { throw Refusal(reason: "\(path) belongs to another user") }
        guard status.mode.rawValue & 0o022 == 0 else {
            throw Refusal(
                reason: "\(path) may be written by its group or by others (mode \(status.mode)); chmod go-w it")
        }
    }

    /// What a manifest names as a monitoring plugin, or a plugin as its executable, must be there, executable, and nobody else's.
    func requireExecutable(_ path: String) throws(Refusal) -> FileStatus {
        try require(path)
        guard let status = try status(path), status.kind == .regular else {
            throw Refusal(reason: "\(path) is not a file")
        }
        let mayRun: Bool
        do throws(MachineError) {
            mayRun = try machine.permits(.execute, to: try self.path(path))
        } catch {
            throw Refusal(reason: error.explanation)
        }
        guard mayRun else { throw Refusal(reason: "\(path) is not executable; chmod +x it") }
        return status
    }

    /// A manifest says what is run, and whoever may rename a folder above a plugin could put another one in its place: so these
    /// must be as safe as plugins are. What a sticky folder (/tmp) holds, others cannot rename.
    func requireFolders(above paths: [String]) throws(Refusal) {
        var folders: Set<String> = []
        for path in paths {
            var rest = path[...]
            while let slash = rest.lastIndex(of: "/") {
                rest = rest[..<slash]
                // Those above it are known, too.
                guard !rest.isEmpty, folders.insert(String(rest)).inserted else { break }
            }
        }
        for folder in folders.sorted() {
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

    func status(_ path: String) throws(Refusal) -> FileStatus? {
        if let status = known.withLock({ $0[path] }) { return status }
        do throws(MachineError) {
            let status = try machine.target(of: try self.path(path))
            known.withLock { $0[path] = .some(status) }
            return status
        } catch {
            throw Refusal(reason: error.explanation)
        }
    }

    func path(_ text: String) throws(MachineError) -> ResourcePath {
        do throws(PathProblem) {
            return try ResourcePath(text, outsideRoot: true)
        } catch {
            throw .malfunction(subject: "plugin", reason: error.explanation)
        }
    }
}
