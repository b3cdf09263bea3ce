import HealModel

/// Where manifests are read from. Tests hand over files that are on no disk.
public protocol ManifestSource: Sendable {
    /// The bytes of a regular file.
    ///
    /// - Parameters:
    ///   - folder: when given, what the path leads to must lie in that folder once symbolic links are followed.
    ///   - limit: a larger file is not read.
    func read(_ path: String, within folder: String?, limit: Int) throws(ManifestSourceError) -> [UInt8]

    /// What is in a directory, in any order. Never fewer than there are: a name that cannot be looked at is an error.
    func list(_ path: String, within folder: String) throws(ManifestSourceError) -> [ManifestSourceItem]
}

/// A name in a directory.
public struct ManifestSourceItem: Sendable, Hashable {
    public var name: String
    /// Whether it is a directory, or a symbolic link to one.
    public var isDirectory: Bool
    /// The name as the file system has it, when no pattern could say it.
    public var unnamable: UnnamableName?

    public init(name: String, isDirectory: Bool) {
        self.name = name
        self.isDirectory = isDirectory
        unnamable = UnnamableName(name.utf8)
    }

    public init(unnamable: UnnamableName, isDirectory: Bool) {
        name = unnamable.text
        self.isDirectory = isDirectory
        self.unnamable = unnamable
    }
}

/// Why a file or directory could not be read.
public enum ManifestSourceError: Error, Sendable, Hashable {
    case missing
    /// A directory, FIFO, device or socket stands where a file should.
    case notRegularFile
    case notDirectory
    /// A symbolic link leads out of the manifest's folder.
    case leavesFolder
    case tooLarge
    /// The system call's `errno` and what it means.
    case unreadable(code: Int32, meaning: String)

    /// What is to be said of the file, without its name: `does not exist`.
    public var explanation: String {
        switch self {
        case .missing: "does not exist"
        case .notRegularFile: "is not a regular file"
        case .notDirectory: "is not a directory"
        case .leavesFolder: "leads out of the manifest's folder through a symbolic link"
        case .tooLarge:
            "is too large: a manifest and its included files may hold \(ManifestLimits.bytes) bytes together"
        case .unreadable(_, let meaning): "cannot be read: \(meaning)"
        }
    }
}
