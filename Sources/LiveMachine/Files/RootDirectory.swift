import CSelfHeal
import Glibc
import HealKit
import HealModel

/// The application's root: every path is opened relative to the one descriptor that is held here, so that what happens to
/// the directories above it in the meantime does not matter.
final class RootDirectory: Sendable {
    let number: Int32
    /// Without symbolic links.
    let path: String

    init(_ root: String) throws(MachineError) {
        guard root.utf8.first == UInt8(ascii: "/"), !root.utf8.contains(0) else {
            throw .failed("open", root, EINVAL)
        }
        number = uninterrupted { Glibc.open(root, selfheal_o_path | O_DIRECTORY | O_CLOEXEC) }
        guard number >= 0 else { throw .failed("open", root) }
        path = resolvedLink("/proc/self/fd/\(number)", in: AT_FDCWD) ?? root
    }

    deinit { _ = close(number) }

    /// Opens what is at the path. No symbolic link on the way leads out of the root; with `O_NOFOLLOW` the last component is
    /// taken as it is. Never waits for a FIFO or a device.
    /// - Returns: `nil` only when nothing is there.
    func open(_ path: ResourcePath, _ flags: Int32) throws(MachineError) -> Descriptor? {
        let all = flags | O_CLOEXEC | (flags & selfheal_o_path == 0 ? O_NONBLOCK | O_NOCTTY : 0)
        var found: Int32
        if path.outsideRoot {
            found = uninterrupted { openat(number, path.text, all) }
        } else {
            found = beneath(path.text, all)
            if found < 0, [ENOSYS, EPERM, EXDEV].contains(errno) {
                // No openat2 here, or a link that is absolute: step by step.
                found = try ComponentWalk(root: self, subject: path.text).open(path.text, all)
            }
        }
        if found >= 0 { return Descriptor(owning: found) }
        switch errno {
        case ENOENT: return nil
        case EXDEV: throw .refused(subject: path.text, .leavesRoot)
        case ELOOP where all & O_NOFOLLOW != 0 && all & selfheal_o_path == 0:
            throw .refused(subject: path.text, .symbolicLink)
        case ENOTDIR: throw notDirectory(path)
        case let code: throw .failed("open", path.text, code)
        }
    }

    /// What a path that may lie anywhere leads to, in a single call. `nil` where it is not that easy.
    func targetOutside(_ path: ResourcePath) -> FileStatus? {
        var raw = stat()
        guard path.outsideRoot, fstatat(number, path.text, &raw, 0) == 0 else { return nil }
        return FileStatus(raw)
    }

    /// The directory that holds the path, open for what the calls with a name in it need, and for fsync.
    func openParent(of path: ResourcePath) throws(MachineError) -> Descriptor {
        guard let parent = path.parent else {
            let directory = path.isAbsolute ? "/" : "."
            let found = uninterrupted { openat(number, directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
            guard found >= 0 else { throw .failed("open", self.path) }
            return Descriptor(owning: found)
        }
        guard let found = try open(parent, O_RDONLY | O_DIRECTORY) else { throw .failed("open", parent.text, ENOENT) }
        return found
    }

    private func beneath(_ path: String, _ flags: Int32) -> Int32 {
        var attempts = 0
        while true {
            let found = uninterrupted { selfheal_openat2(number, path, flags, 0, true) }
            // EAGAIN: somebody renamed a directory on the way at that moment.
            guard found < 0, errno == EAGAIN, attempts < 100 else { return found }
            attempts += 1
        }
    }

    /// A component that should be a directory is something else: which, and what.
    private func notDirectory(_ path: ResourcePath) -> MachineError {
        for directory in path.lineage.reversed() {
            if let status = try? open(directory, selfheal_o_path)?.status(directory.text), status.kind != .directory {
                return .refused(subject: directory.text, .kind(status.kind, wanted: .directory))
            }
        }
        return .failed("open", path.text, ENOTDIR)
    }
}
