import Glibc
import HealKit
import Synchronization

/// Keeps SQLite and ordinary file calls of this process away from the same file at the same time.
///
/// POSIX locks belong to the process: closing any descriptor of a file drops all locks that the process holds on it, also
/// those of SQLite. A text file and a database are the same file only when a manifest is wrong or a hard link was made, so
/// nothing waits here: whoever comes second is refused.
enum FileUse {
    /// How a file is used.
    private enum Manner {
        case plainly, asDatabase
    }

    private struct Identity: Hashable {
        var device: UInt64
        var inode: UInt64
    }

    private struct Users {
        var manner: Manner
        var count: Int
    }

    // Global because the locks are: they belong to the process, not to a machine.
    private static let users = Mutex<[Identity: Users]>([:])

    /// Opens, uses and closes a file by ordinary calls inside the closure.
    static func plainly<Value>(
        _ status: FileStatus, _ subject: String, _ body: () throws(MachineError) -> Value
    ) throws(MachineError) -> Value {
        try hold(status, subject, .plainly, body)
    }

    /// Opens, uses and closes a database through SQLite inside the closure. Several at a time are fine: SQLite knows about
    /// its own descriptors.
    static func asDatabase<Value>(
        _ status: FileStatus, _ subject: String, _ body: () throws(MachineError) -> Value
    ) throws(MachineError) -> Value {
        try hold(status, subject, .asDatabase, body)
    }

    private static func hold<Value>(
        _ status: FileStatus, _ subject: String, _ manner: Manner, _ body: () throws(MachineError) -> Value
    ) throws(MachineError) -> Value {
        let identity = Identity(device: status.device, inode: status.inode)
        let free = users.withLock { users in
            let current = users[identity]
            guard current == nil || current?.manner == manner else { return false }
            users[identity] = Users(manner: manner, count: (current?.count ?? 0) + 1)
            return true
        }
        guard free else { throw .failed("open", subject, EBUSY) }
        defer {
            users.withLock { users in
                guard let current = users[identity] else { return }
                users[identity] = current.count > 1 ? Users(manner: manner, count: current.count - 1) : nil
            }
        }
        return try body()
    }
}
