import Glibc
import HealKit
import HealModel

extension LiveMachine {
    /// Searches `PATH` as execvp(3) does: the first regular file that may be executed; what may not be is passed over. Entries
    /// of `PATH` that are empty or relative are ignored, because what they mean depends on where one happens to be. A name
    /// with a slash is taken from the root.
    public func executable(named name: String) throws(MachineError) -> (path: String, status: FileStatus)? {
        guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
        if name.utf8.contains(UInt8(ascii: "/")) {
            let path = name.hasPrefix("/") ? name : "\(root.path)/\(name)"
            return Self.executable(at: path).map { (path, $0) }
        }
        for folder in (environment["PATH"] ?? "").split(separator: ":") where folder.hasPrefix("/") {
            let path = folder.hasSuffix("/") ? folder + name : folder + "/" + name
            if let status = Self.executable(at: String(path)) { return (String(path), status) }
        }
        return nil
    }

    /// The status of what the path leads to, if it can be executed.
    private static func executable(at path: String) -> FileStatus? {
        var raw = stat()
        guard stat(path, &raw) == 0, raw.st_mode & S_IFMT == S_IFREG,
            faccessat(AT_FDCWD, path, X_OK, AT_EACCESS) == 0
        else { return nil }
        return FileStatus(raw)
    }
}
