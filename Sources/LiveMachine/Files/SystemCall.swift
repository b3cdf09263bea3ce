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

/// Removes a temporary file of our own. A removal may fail for a moment, on a full or a failing disk: it is tried again, and one that
/// is not there any more counts as removed.
/// - Returns: whether it is gone; if not, `errno` is of the last attempt.
@discardableResult
func removeTemporary(_ name: String, in directory: Int32) -> Bool {
    for _ in 0..<3 where unlinkat(directory, name, 0) == 0 || errno == ENOENT { return true }
    return false
}

extension MachineError {
    /// The failure of the system call that has just returned.
    static func failed(_ operation: String, _ subject: String, _ code: Int32 = errno) -> MachineError {
        .system(
            operation: operation, subject: subject, errno: code, meaning: String(cString: selfheal_errno_text(code)))
    }
}
