import HealKit
import HealManifest
import HealModel

/// What lies below a root that a manifest could speak of. Symbolic links are not followed.
public struct RootSurvey: Sendable {
    /// How far it looks.
    public struct Limits: Sendable {
        /// Directories inside one another.
        public var depth = 8
        /// Names looked at.
        public var names = 100_000
        public var databases = 200
        public var directories = 100

        public init() {}
    }

    /// Files that begin as SQLite's databases do, in the order of their paths.
    public private(set) var databases: [ResourcePath] = []
    /// Every file by its directory (`""`: the root), as far as names go.
    public private(set) var files: [String: [String]] = [:]
    /// Directories that an application writes into: empty ones, and those of usual names.
    public private(set) var directories: [ResourcePath] = []
    /// Directories that were not looked into.
    public private(set) var skipped: [String] = []
    /// What was left out, and why, as sentences.
    public private(set) var leftOut: [String] = []

    private let limits: Limits
    private var names = 0
    private var isFull = false
    private var known: Set<[UInt64]> = []

    static let header = Array("SQLite format 3\0".utf8)

    /// Directories with nothing of the application's own state.
    private static let foreign: Set<String> = [
        ".git", ".hg", ".svn", ".bzr", "node_modules", "bower_components", ".build", ".selfheal", "__pycache__", ".tox",
        ".nox", ".venv", "venv", "site-packages", ".mypy_cache", ".pytest_cache", ".ruff_cache", ".gradle", ".cache",
        ".terraform", "tmp", "temp", ".tmp", "backup", "backups", ".backup", ".backups",
    ]

    /// Directories whose name says that an application writes into them.
    private static let written: Set<String> = [
        "cache", "data", "database", "databases", "db", "export", "exports", "instance", "log", "logs", "media",
        "output",
        "outputs", "run", "sessions", "spool", "state", "storage", "uploads", "var",
    ]

    public init(_ machine: any Machine, limits: Limits = Limits()) throws(MachineError) {
        self.limits = limits
        try look(into: nil, depth: 0, on: machine)
        databases.sort()
        directories = Array(Set(directories)).sorted()
        if isFull { leftOut.append("whatever comes after the first \(limits.names) names was not looked at") }
    }

    private mutating func look(into directory: ResourcePath?, depth: Int, on machine: any Machine) throws(MachineError)
    {
        let listing: DirectoryListing
        do throws(MachineError) {
            listing = try machine.listing(of: directory)
        } catch {
            guard let directory else { throw error }
            leftOut.append("\(directory)/: \(error.explanation)")
            return
        }
        let names = listing.names
        if let directory, names.contains("pyvenv.cfg") {
            skipped.append(directory.text)
            return
        }
        note(directory, names, depth: depth)
        for entry in listing.unnamable {
            self.names += 1
            guard self.names <= limits.names else {
                isFull = true
                return
            }
            leftOut.append(
                "\(directory.map { "\($0)/" } ?? "")\(entry.name.shown): its name \(entry.name.fault); rename it")
        }
        for name in names {
            self.names += 1
            guard self.names <= limits.names else {
                isFull = true
                return
            }
            let path: ResourcePath
            do throws(PathProblem) {
                path = try ResourcePath(directory.map { "\($0)/\(name)" } ?? name)
            } catch {
                leftOut.append("\(directory.map { "\($0)/" } ?? "")\(name): \(error.explanation)")
                continue
            }
            guard let status = (try? machine.status(of: path)) ?? nil else { continue }
            switch status.kind {
            case .directory:
                if Self.foreign.contains(name.lowercased()) {
                    skipped.append(path.text)
                } else if depth >= limits.depth {
                    leftOut.append("\(path)/: it lies more than \(limits.depth) directories deep")
                } else {
                    try look(into: path, depth: depth + 1, on: machine)
                }
            case .regular:
                files[directory?.text ?? "", default: []].append(name)
                look(at: path, status, on: machine)
            default: break
            }
        }
    }

    /// Takes note of a directory that the application seems to write into.
    private mutating func note(_ directory: ResourcePath?, _ names: [String], depth: Int) {
        guard let directory, depth <= 3, directories.count < limits.directories,
            !directory.text.split(separator: "/").contains(where: { $0.hasPrefix(".") })
        else { return }
        let keepers: Set<String> = [".gitkeep", ".keep", ".gitignore"]
        if names.allSatisfy(keepers.contains) || Self.written.contains(directory.name.lowercased()) {
            directories.append(directory)
        }
    }

    private mutating func look(at path: ResourcePath, _ status: FileStatus, on machine: any Machine) {
        let beginning: [UInt8]
        do throws(MachineError) {
            beginning = try machine.beginning(of: path, count: Self.header.count)
        } catch {
            if DatabaseFiles.isLikely(path.text) { leftOut.append(error.explanation) }
            return
        }
        guard beginning == Self.header else {
            if DatabaseFiles.isLikely(path.text) {
                leftOut.append(
                    "\(path): "
                        + (status.size == 0 ? "an empty file, no database yet" : "no SQLite database, or encrypted"))
            }
            return
        }
        if let reason = Self.reasonToLeave(path) {
            leftOut.append("\(path): \(reason)")
        } else if !ManifestText.canHold(key: path.text) {
            leftOut.append("\(path): a manifest cannot hold this name")
        } else if status.inode != 0, !known.insert([status.device, status.inode]).inserted {
            leftOut.append("\(path): another name (hard link) of a database that is stated")
        } else if databases.count >= limits.databases {
            leftOut.append("\(path): more than \(limits.databases) databases")
        } else {
            databases.append(path)
        }
    }

    /// Why a database is none of the application's own.
    static func reasonToLeave(_ path: ResourcePath) -> String? {
        let name = path.name.lowercased()
        if DatabaseFiles.suffixes.contains(where: name.hasSuffix) { return "a name that SQLite uses beside a database" }
        let copies = [".bak", ".backup", ".old", ".orig", ".save", "~"]
        if copies.contains(where: name.hasSuffix) || [".bak", ".backup", ".damaged-"].contains(where: name.contains) {
            return "a backup, by its name"
        }
        if [".tmp", ".temp", ".swp", ".part"].contains(where: name.hasSuffix) || name.contains(".selfheal-") {
            return "a temporary file, by its name"
        }
        return nil
    }
}
