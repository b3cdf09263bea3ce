import Glibc
import HealKit
import HealModel

extension FileStatus {
    init(_ raw: stat) {
        self.init(
            kind: Kind(mode: raw.st_mode), mode: FileMode(rawValue: raw.st_mode), size: Int64(raw.st_size),
            modified: Int64(raw.st_mtim.tv_sec) * 1_000_000_000 + Int64(raw.st_mtim.tv_nsec),
            changed: Int64(raw.st_ctim.tv_sec) * 1_000_000_000 + Int64(raw.st_ctim.tv_nsec),
            links: UInt64(raw.st_nlink), device: UInt64(raw.st_dev), inode: UInt64(raw.st_ino),
            owner: raw.st_uid, isForeign: raw.st_uid != 0 && raw.st_uid != geteuid())
    }

    /// What is at the path itself, relative to an open directory; `nil` only when nothing is there.
    static func at(_ path: String, in directory: Int32, _ subject: String) throws(MachineError) -> FileStatus? {
        var raw = stat()
        if fstatat(directory, path, &raw, AT_SYMLINK_NOFOLLOW) == 0 { return FileStatus(raw) }
        if errno == ENOENT { return nil }
        throw .failed("lstat", subject)
    }
}

extension FileStatus.Kind {
    init(mode: mode_t) {
        self =
            switch mode & S_IFMT {
            case S_IFREG: .regular
            case S_IFDIR: .directory
            case S_IFLNK: .symbolicLink
            case S_IFIFO: .fifo
            case S_IFSOCK: .socket
            case S_IFCHR: .characterDevice
            case S_IFBLK: .blockDevice
            default: .other
            }
    }
}
