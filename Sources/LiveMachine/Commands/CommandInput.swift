import CSelfHeal
import Glibc
import HealKit
import HealModel
import SystemPackage

/// What a command is given on standard input: a file in memory, because nobody then has to write while it runs, and it may close
/// its input whenever it likes. A supervisor also adds its report to it.
final class CommandInput: Sendable {
    let descriptor: FileDescriptor
    private let size: Int

    init(_ command: CommandRequest) throws(MachineError) {
        let number =
            command.input.isEmpty && command.supervision == nil
            ? Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
            : selfheal_memory_file(command.input, Int64(command.input.count))
        guard number >= 0 else { throw .failed("make the input of", command.executable) }
        descriptor = FileDescriptor(rawValue: number)
        size = command.input.count
    }

    deinit { try? descriptor.close() }

    /// More than a supervisor ever says.
    private static let limit = 65536

    /// What was added to it.
    var added: String {
        let bytes = [UInt8](unsafeUninitializedCapacity: Self.limit) { buffer, filled in
            filled = max(0, pread(descriptor.rawValue, buffer.baseAddress, buffer.count, off_t(size)))
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
