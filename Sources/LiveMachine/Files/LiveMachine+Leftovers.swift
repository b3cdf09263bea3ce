import Glibc
import HealKit
import HealModel

extension LiveMachine {
    /// Removes the temporary files that a killed run left beside `path`, with what SQLite kept beside them.
    ///
    /// The caller holds the run lock, so a file that carries the number of this process was made by an earlier one with the
    /// same number, as happens in containers. A number that is alive counts only when it belongs to this very program: any
    /// other process got the number later.
    public func removeLeftovers(beside path: ResourcePath) throws(MachineError) -> [String] {
        try requireChange(path)
        if let parent = path.parent, try target(of: parent) == nil { return [] }
        let parent = try root.openParent(of: path)
        var removed: [String] = []
        for name in try names(in: path.parent) {
            guard let maker = TemporaryName.maker(of: name, for: path.name), !isHealer(maker),
                let status = try FileStatus.at(name, in: parent.number, name), status.kind == .regular
            else { continue }
            guard removeTemporary(name, in: parent.number) else { throw .failed("unlink", name) }
            removed.append(name)
        }
        if !removed.isEmpty { try parent.sync(path.text) }
        return removed
    }

    /// Whether another process that runs this program has the number.
    private func isHealer(_ pid: Int32) -> Bool {
        guard pid != getpid(), kill(pid, 0) == 0 || errno == EPERM else { return false }
        errno = 0
        guard let program = resolvedLink("/proc/\(pid)/exe", in: AT_FDCWD) else {
            // Killed, and not yet waited for by its parent: a zombie has no program any more.
            return errno != ENOENT
        }
        return program == resolvedLink("/proc/self/exe", in: AT_FDCWD)
    }
}
