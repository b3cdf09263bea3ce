import CSelfHeal
import Glibc
import HealKit
import HealModel

/// An open file descriptor, closed when it goes out of scope. Always close-on-exec, so that no child inherits it.
struct Descriptor: ~Copyable {
    let number: Int32

    init(owning number: Int32) { self.number = number }

    // The descriptor is gone even when close reports EINTR or EIO; what was written was synced before.
    deinit { _ = close(number) }

    func status(_ subject: String) throws(MachineError) -> FileStatus {
        var raw = stat()
        guard fstat(number, &raw) == 0 else { throw .failed("fstat", subject) }
        return FileStatus(raw)
    }

    /// Whether the effective user and groups may do this; false where the kernel does not say.
    func permits(_ access: Int32) -> Bool {
        faccessat(number, "", access, selfheal_at_empty_path | AT_EACCESS) == 0
    }

    /// Everything from here to the end.
    /// - Throws: `.refused(.tooLarge)` past `limit` bytes.
    func readAll(limit: Int, expected: Int, _ subject: String) throws(MachineError) -> [UInt8] {
        var bytes: [UInt8] = []
        // One byte more than expected, so that the end is seen without another round.
        var room = max(1, min(expected, limit)) + 1
        while true {
            var count = 0
            var failure: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: room) { buffer, filled in
                count = uninterrupted { read(number, buffer.baseAddress, buffer.count) }
                if count < 0 { failure = errno }
                filled = max(0, count)
            }
            guard count >= 0 else { throw .failed("read", subject, failure) }
            if count == 0 { return bytes }
            if bytes.isEmpty { bytes = chunk } else { bytes += chunk }
            guard bytes.count <= limit else { throw .refused(subject: subject, .tooLarge(limit: limit)) }
            room = 65536
        }
    }

    /// What comes next, at most `count` bytes; nothing at the end.
    func readSome(upTo count: Int, _ subject: String) throws(MachineError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            let got = uninterrupted { read(number, buffer.baseAddress, buffer.count) }
            if got < 0 { failure = errno }
            filled = max(0, got)
        }
        guard failure == 0 else { throw .failed("read", subject, failure) }
        return bytes
    }

    /// Writes everything, however little the system takes at a time.
    func writeAll(_ bytes: [UInt8], _ subject: String) throws(MachineError) {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                uninterrupted { write(number, buffer.baseAddress.map { $0 + written }, buffer.count - written) }
            }
            guard count >= 0 else { throw .failed("write", subject) }
            written += count
        }
    }

    /// To the disk, not only to the system's memory.
    func sync(_ subject: String) throws(MachineError) {
        guard uninterrupted({ fsync(number) }) == 0 else { throw .failed("fsync", subject) }
    }

    func setMode(_ mode: FileMode, _ subject: String) throws(MachineError) {
        guard uninterrupted({ fchmod(number, mode.rawValue) }) == 0 else { throw .failed("fchmod", subject) }
    }

    /// The absolute path by which the kernel knows what is open here; `nil` without /proc.
    var kernelPath: String? { resolvedLink("/proc/self/fd/\(number)", in: AT_FDCWD) }
}

/// What the symbolic link holds; `nil` when it cannot be read.
func resolvedLink(_ path: String, in directory: Int32) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: Int(PATH_MAX)) { buffer in
        let count = buffer.baseAddress.map { readlinkat(directory, path, $0, buffer.count) } ?? -1
        guard count > 0, count < buffer.count else { return nil }
        return String(decoding: UnsafeRawBufferPointer(buffer).prefix(count), as: UTF8.self)
    }
}
