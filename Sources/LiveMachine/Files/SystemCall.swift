import CSelfHeal
import Glibc
import HealKit

/// Calls again for as long as a signal interrupts; -1 and `errno` as from the call itself.
@inline(__always)
func uninterrupted<Result: SignedInteger>(_ call: () -> Result) -> Result {
    while true {
        let result = call()
        if result != -1 || errno != EINTR { return result }
    }
}

extension MachineError {
    /// The failure of the system call that has just returned.
    static func failed(_ operation: String, _ subject: String, _ code: Int32 = errno) -> MachineError {
        .system(
            operation: operation, subject: subject, errno: code, meaning: String(cString: selfheal_errno_text(code)))
    }
}
