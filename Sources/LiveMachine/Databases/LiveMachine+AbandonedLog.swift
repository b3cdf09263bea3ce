import Glibc
import HealKit
import HealModel

extension LiveMachine {
    /// Whoever has a database in WAL mode open holds a lock on it for as long; a log without such a lock was left behind.
    public func abandonedLog(of path: ResourcePath) throws(MachineError) -> Int64? {
        let place: DatabasePlace
        do throws(MachineError) {
            place = try DatabasePlace(path, in: root)
        } catch .database(_, .missing) {
            return nil
        }
        guard let log = try place.side("-wal"), log.size > 0 else { return nil }
        do throws(MachineError) {
            return try FileUse.plainly(place.status, path.text) { () throws(MachineError) in
                guard let file = try root.open(path, O_RDONLY) else { return nil }
                var lock = flock.onDatabase(Int16(F_WRLCK))
                guard fcntl(file.number, F_GETLK, &lock) == 0 else { throw .failed("fcntl", path.text) }
                return lock.l_type == Int16(F_UNLCK) ? log.size : nil
            }
        } catch .system("open", _, EBUSY, _) {
            // This very process uses it.
            return nil
        }
    }
}

extension flock {
    /// A lock on what SQLite locks of a database file: PENDING_BYTE, RESERVED_BYTE and the 510 bytes that readers share.
    static func onDatabase(_ type: Int16) -> flock {
        var lock = flock()
        lock.l_type = type
        lock.l_whence = Int16(SEEK_SET)
        lock.l_start = 0x4000_0000
        lock.l_len = 512
        return lock
    }
}
