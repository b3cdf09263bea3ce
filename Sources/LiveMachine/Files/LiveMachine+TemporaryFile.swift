import Glibc
import HealKit
import HealModel
import Synchronization

extension LiveMachine {
    /// In `TMPDIR`, else in `/var/tmp`, which is on a disk where `/tmp` often is in memory.
    public func temporaryFile() throws(MachineError) -> any TemporaryFile {
        let folders = [environment["TMPDIR"] ?? "", "/var/tmp", "/tmp"].filter { $0.hasPrefix("/") }
        var failure = MachineError.failed("create", "a temporary file", ENOENT)
        for folder in folders {
            let number = Self.namelessFile(in: folder)
            if number >= 0 { return NamelessFile(owning: number, folder: folder) }
            failure = .failed("create a file in", folder)
        }
        throw failure
    }

    private static func namelessFile(in folder: String) -> Int32 {
        // O_TMPFILE, which C's macros hide from Swift: O_DIRECTORY and a bit of its own.
        let nameless: Int32 = 0o20_000_000 | O_DIRECTORY
        let number = uninterrupted { Glibc.open(folder, O_RDWR | O_CLOEXEC | nameless, 0o600) }
        guard number < 0, errno == EOPNOTSUPP || errno == EISDIR || errno == ENOENT else { return number }
        // A file system that has no nameless files.
        let name = folder + "/" + TemporaryName(for: "rows").text
        let named = uninterrupted { Glibc.open(name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600) }
        if named >= 0 { removeTemporary(name, in: AT_FDCWD) }
        return named
    }
}

/// A file that has no name any more.
final class NamelessFile: TemporaryFile {
    private let file: Descriptor
    private let folder: String
    private let end = Mutex<Int64>(0)

    init(owning number: Int32, folder: String) {
        file = Descriptor(owning: number)
        self.folder = folder
    }

    var size: Int64 { end.withLock { $0 } }

    func append(_ bytes: [UInt8]) throws(MachineError) {
        let failure = end.withLock { end -> Int32? in
            var written = 0
            while written < bytes.count {
                let count = bytes.withUnsafeBytes { buffer in
                    uninterrupted {
                        pwrite(
                            file.number, buffer.baseAddress.map { $0 + written }, buffer.count - written,
                            off_t(end) + off_t(written))
                    }
                }
                guard count >= 0 else { return errno }
                written += count
            }
            end += Int64(written)
            return nil
        }
        if let failure { throw .failed("write to a temporary file in", folder, failure) }
    }

    func read(at offset: Int64, count: Int) throws(MachineError) -> [UInt8] {
        var failure: Int32 = 0
        let bytes = [UInt8](unsafeUninitializedCapacity: max(1, count)) { buffer, filled in
            let got = uninterrupted { pread(file.number, buffer.baseAddress, count, off_t(offset)) }
            if got < 0 { failure = errno }
            filled = max(0, got)
        }
        guard failure == 0 else { throw .failed("read a temporary file in", folder, failure) }
        return bytes
    }
}
