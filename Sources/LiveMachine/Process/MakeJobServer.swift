import Glibc
import HealKit

/// The job server of the GNU Make that started this process, as `MAKEFLAGS` describes it: a pipe or FIFO with a byte for each
/// further job.
public final class MakeJobServer: JobServer {
    /// What `MAKEFLAGS` says.
    public struct Description: Sendable, Hashable {
        public enum Channel: Sendable, Hashable {
            case descriptors(read: Int32, write: Int32)
            case fifo(String)
        }

        /// The number of `-j8`.
        public var jobs: Int?
        public var channel: Channel?

        public init(flags: String) {
            // What follows '--' are variables of somebody's; the last of two options counts.
            for word in flags.split(separator: " ").prefix(while: { $0 != "--" }) {
                if let value = word.value(after: "--jobserver-auth=") ?? word.value(after: "--jobserver-fds=") {
                    channel = Self.channel(value)
                } else if let value = word.value(after: "-j"), let number = Int(value), number > 0 {
                    jobs = number
                }
            }
        }

        private static func channel(_ value: Substring) -> Channel? {
            if let path = value.value(after: "fifo:") { return path.isEmpty ? nil : .fifo(String(path)) }
            let numbers = value.split(separator: ",", omittingEmptySubsequences: false).map { Int32($0) }
            guard numbers.count == 2, let read = numbers[0], let write = numbers[1], read > 2, write > 2 else {
                return nil
            }
            return .descriptors(read: read, write: write)
        }
    }

    private let input: Int32
    private let output: Int32

    /// `nil` when there is none: make has no -j, or the recipe's line does not begin with a `+`.
    public init?(_ description: Description) {
        switch description.channel {
        case nil: return nil
        case .fifo(let path):
            guard Self.isPipe(path: path) else { return nil }
            input = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC)
            output = input
        case .descriptors(let read, let write):
            let (readPath, writePath) = ("/proc/self/fd/\(read)", "/proc/self/fd/\(write)")
            guard Self.isPipe(path: readPath), Self.isPipe(path: writePath) else { return nil }
            // Anew: whether reading waits is a property that all who share a descriptor share.
            input = open(readPath, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
            output = open(writePath, O_WRONLY | O_CLOEXEC)
        }
        if input < 0 || output < 0 {
            closeAll()
            return nil
        }
    }

    deinit { closeAll() }

    public func take() -> UInt8? {
        var byte: UInt8 = 0
        return read(input, &byte, 1) == 1 ? byte : nil
    }

    public func give(_ token: UInt8) {
        var byte = token
        while write(output, &byte, 1) < 0, errno == EINTR {}
    }

    private static func isPipe(path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFIFO
    }

    private func closeAll() {
        if input >= 0 { close(input) }
        if output >= 0, output != input { close(output) }
    }
}

extension Substring {
    fileprivate func value(after prefix: String) -> Substring? { hasPrefix(prefix) ? dropFirst(prefix.count) : nil }
}
