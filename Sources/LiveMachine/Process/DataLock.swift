import CSelfHeal
import Glibc
import HealKit

/// The lock between runs that populate datasets: flock(2) on a file of its own, because a check at start must not wait for an hour of
/// populating. The kernel releases it however the process ends; what stands in the file only tells others who holds it.
public final class DataLock: Sendable {
    /// Below the root.
    public static let path = ".selfheal/data.lock"

    /// Who holds it.
    public struct Owner: Sendable, Hashable, CustomStringConvertible {
        public var tool: String
        public var pid: Int32
        /// Milliseconds since 1970.
        public var since: Int64

        public init(tool: String, pid: Int32, since: Int64) {
            self.tool = tool
            self.pid = pid
            self.since = since
        }

        /// As it stands in the file.
        var text: String { "\(pid)\n\(since)\n\(tool)\n" }

        init?(_ text: String) {
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
            guard lines.count >= 3, let pid = Int32(lines[0]), let since = Int64(lines[1]) else { return nil }
            self.init(tool: String(lines[2].prefix(100)), pid: pid, since: since)
        }

        /// `selfheal data heal, process 4711`
        public var description: String { "\(tool), process \(pid)" }
    }

    /// Why there is no lock.
    public enum Failure: Error, Sendable, Hashable {
        case held(by: Owner?)
        case machine(MachineError)
    }

    private let number: Int32

    private init(number: Int32) { self.number = number }

    deinit {
        _ = ftruncate(number, 0)
        _ = selfheal_flock(number, LOCK_UN)
        _ = close(number)
    }

    /// Takes the lock. The folder `.selfheal` must be there.
    /// - Parameters:
    ///   - root: an absolute path.
    ///   - owner: who we are.
    ///   - wait: how long at most; `nil` for as long as it takes, zero asks once.
    ///   - onWait: told before the first wait who holds it.
    public static func acquire(
        _ root: String, owner: Owner, wait: Duration?, interruption: Interruption = Interruption(),
        onWait: @Sendable (Owner?) -> Void = { _ in }
    ) async throws(Failure) -> DataLock {
        let folder = uninterrupted { open(root + "/.selfheal", O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC) }
        guard folder >= 0 else { throw .machine(.failed("open", ".selfheal")) }
        defer { close(folder) }
        let number = uninterrupted {
            openat(folder, "data.lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK, 0o600)
        }
        guard number >= 0 else { throw .machine(.failed("open", path)) }
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(5)
        var told = false
        while uninterrupted({ selfheal_flock(number, LOCK_EX | LOCK_NB) }) != 0 {
            guard errno == EWOULDBLOCK else {
                let failure = MachineError.failed("flock", path)
                close(number)
                throw .machine(failure)
            }
            let waited = ContinuousClock.now - start
            if let wait, waited >= wait {
                let owner = Self.owner(number)
                close(number)
                throw .held(by: owner)
            }
            if !told {
                told = true
                onWait(Self.owner(number))
            }
            try? await Task.sleep(for: pause)
            if interruption.isRaised || Task.isCancelled {
                close(number)
                throw .machine(.cancelled)
            }
            pause = min(pause * 2, .milliseconds(100))
        }
        let lock = DataLock(number: number)
        let text = Array(owner.text.utf8)
        guard ftruncate(number, 0) == 0,
            text.withUnsafeBytes({ bytes in uninterrupted { pwrite(number, bytes.baseAddress, bytes.count, 0) } })
                == text.count
        else { throw .machine(.failed("write", path)) }
        return lock
    }

    private static func owner(_ number: Int32) -> Owner? {
        let bytes = [UInt8](unsafeUninitializedCapacity: 300) { buffer, filled in
            filled = max(0, uninterrupted { pread(number, buffer.baseAddress, buffer.count, 0) })
        }
        return Owner(String(decoding: bytes, as: UTF8.self))
    }
}
