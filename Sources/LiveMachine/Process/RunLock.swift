import CSelfHeal
import Glibc
import HealKit

/// The lock between runs on one root: flock(2) on the root's directory itself. Nothing is written, so it works on a root
/// that is read-only, nothing has to be deleted, and the kernel releases it however the process ends.
public final class RunLock: Sendable {
    /// Who holds a lock.
    public struct Owner: Sendable, Hashable {
        public var pid: Int32
        /// The name of its program; `nil` when it may not be seen.
        public var command: String?

        public init(pid: Int32, command: String?) {
            self.pid = pid
            self.command = command
        }
    }

    /// Why there is no lock.
    public enum Failure: Error, Sendable, Hashable {
        /// The owner is unknown where /proc is missing, or where it runs in another container.
        case held(by: Owner?, waited: Duration)
        case machine(MachineError)

        /// One sentence for people, without a full stop.
        public var explanation: String {
            switch self {
            case .held(let owner, let waited):
                "another run works on this root (\(owner?.description ?? "who is not known")); waited \(waited.inSeconds)"
            case .machine(let error): error.explanation
            }
        }
    }

    private let number: Int32

    private init(number: Int32) { self.number = number }

    deinit {
        // Explicitly: a child that was started and has not yet become its program still has the descriptor.
        _ = selfheal_flock(number, LOCK_UN)
        _ = close(number)
    }

    /// Takes the lock.
    /// - Parameters:
    ///   - root: an absolute path.
    ///   - exclusive: false when the run only looks: any number of those go on at once.
    ///   - wait: how long at most; zero asks once.
    ///   - onWait: told once, before the first wait, who holds it.
    public static func acquire(
        _ root: String, exclusive: Bool, wait: Duration, interruption: Interruption = Interruption(),
        onWait: @Sendable (Owner?) -> Void = { _ in }
    ) async throws(Failure) -> RunLock {
        let number = uninterrupted { open(root, O_RDONLY | O_DIRECTORY | O_CLOEXEC) }
        guard number >= 0 else { throw .machine(.failed("open", root)) }
        let lock = RunLock(number: number)
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(5)
        var told = false
        while true {
            let operation = (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB
            if uninterrupted({ selfheal_flock(number, operation) }) == 0 { return lock }
            guard errno == EWOULDBLOCK else { throw .machine(.failed("flock", root)) }
            let waited = ContinuousClock.now - start
            guard waited < wait else { throw .held(by: lock.owner(), waited: waited) }
            if !told {
                told = true
                onWait(lock.owner())
            }
            do { try await Task.sleep(for: min(pause, wait - waited)) } catch { throw .machine(.cancelled) }
            if interruption.isRaised { throw .machine(.cancelled) }
            pause = min(pause * 2, .milliseconds(100))
        }
    }

    /// Who holds a lock on the same directory, as the kernel lists it.
    private func owner() -> Owner? {
        var status = stat()
        guard fstat(number, &status) == 0, let table = wholeFile("/proc/locks") else { return nil }
        return Self.owner(in: table, inode: UInt64(status.st_ino)).map { pid in
            Owner(pid: pid, command: Self.command(of: pid))
        }
    }

    /// The process in a table like `1: FLOCK  ADVISORY  WRITE 4711 08:01:131 0 EOF`. The device is not compared: some
    /// file systems show another one there than stat(2) does.
    static func owner(in table: String, inode: UInt64) -> Int32? {
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard fields.count >= 6, fields[1] == "FLOCK", fields[5].split(separator: ":").last == "\(inode)",
                let pid = Int32(fields[4]), pid > 0
            else { continue }
            return pid
        }
        return nil
    }

    /// The last component of what the process was started as.
    private static func command(of pid: Int32) -> String? {
        guard let line = wholeFile("/proc/\(pid)/cmdline"),
            let word = line.split(separator: "\0", omittingEmptySubsequences: false).first
        else { return nil }
        return word.split(separator: "/").last.map(String.init)
    }
}

extension RunLock.Owner: CustomStringConvertible {
    /// `auto-heal, process 4711`.
    public var description: String { (command.map { "\($0), " } ?? "") + "process \(pid)" }
}

/// The text of a file of /proc, whose size is not known beforehand.
private func wholeFile(_ path: String) -> String? {
    let number = uninterrupted { open(path, O_RDONLY | O_CLOEXEC) }
    guard number >= 0 else { return nil }
    let file = Descriptor(owning: number)
    guard let bytes = try? file.readAll(limit: 1 << 20, expected: 4096, path) else { return nil }
    return String(decoding: bytes, as: UTF8.self)
}
