import CSelfHeal
import Glibc
import HealKit
import HealModel

/// Where a database lies, found out without opening it.
struct DatabasePlace {
    let path: ResourcePath
    /// Without symbolic links: SQLite keeps its side files beside the file itself.
    let absolute: String
    let status: FileStatus

    /// - Throws: `.database(.missing)`, `.refused(.kind)` for anything but a regular file: SQLite would wait for a FIFO for ever.
    init(_ path: ResourcePath, in root: RootDirectory) throws(MachineError) {
        guard let file = try root.open(path, selfheal_o_path) else { throw .database(subject: path.text, .missing) }
        self.path = path
        status = try file.status(path.text)
        guard status.kind == .regular else {
            throw .refused(subject: path.text, .kind(status.kind, wanted: .regular))
        }
        absolute = file.kernelPath ?? (path.isAbsolute ? path.text : "\(root.path)/\(path.text)")
    }

    /// What of a side file is there: `-journal`, `-wal`, `-shm`.
    func side(_ suffix: String) throws(MachineError) -> FileStatus? {
        let name = path.text + suffix
        let found: FileStatus?
        do throws(MachineError) {
            found = try FileStatus.at(absolute + suffix, in: AT_FDCWD, name)
        } catch .system(_, _, ENAMETOOLONG, _) {
            // Such a file cannot be: SQLite can read a database with such a name, and never writes to it.
            return nil
        }
        guard let status = found else { return nil }
        guard status.kind == .regular else { throw .refused(subject: name, .kind(status.kind, wanted: .regular)) }
        return status
    }

    /// Whether the write-ahead log holds anything.
    func hasLog() throws(MachineError) -> Bool { try (side("-wal")?.size ?? 0) > 0 }

    /// What can be said by the sizes, and must be said before SQLite sees the file: it takes a file of no byte, or of one, for a
    /// new database, and removes the journals beside it.
    func requireContent() throws(MachineError) {
        let journal = try side("-journal")
        let log = try side("-wal")
        if log != nil { _ = try side("-shm") }
        guard status.size < DatabaseHeader.length else { return }
        if let log, log.size > 0 {
            throw .database(
                subject: path.text, .damaged("it holds \(status.size) bytes, and its write-ahead log \(log.size)"))
        }
        if status.size == 0 { throw .database(subject: path.text, .empty) }
        // A transaction that was killed while the first page was written.
        if let journal, journal.size > 0, hasJournalHeader() { throw .database(subject: path.text, .hotJournal) }
        throw .database(subject: path.text, .notADatabase)
    }

    /// Whether the rollback journal begins as one that is to be rolled back does; it is overwritten with zeros, or removed,
    /// when a transaction ends. (SQLite has no locks on journals: they may be read.)
    func hasJournalHeader() -> Bool {
        let number = uninterrupted {
            open(absolute + "-journal", O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        }
        guard number >= 0 else { return false }
        let file = Descriptor(owning: number)
        var first: UInt8 = 0
        return uninterrupted { read(file.number, &first, 1) } == 1 && first != 0
    }

    /// What changes when somebody writes to the database: to be compared before and after a look without locks.
    struct Stamp: Equatable {
        var identity: [UInt64]
        var size: Int64
        var modified: Int64
        var logSize: Int64
        var hasJournal: Bool
    }

    func stamp() throws(MachineError) -> Stamp {
        guard let now = try FileStatus.at(absolute, in: AT_FDCWD, path.text) else {
            throw .database(subject: path.text, .missing)
        }
        return Stamp(
            identity: [now.device, now.inode], size: now.size, modified: now.modified,
            logSize: try side("-wal")?.size ?? 0, hasJournal: try side("-journal") != nil)
    }
}
