import CSelfHeal
import Glibc

/// What a process does before anything else.
public enum ProcessSetup {
    /// Opens what is closed of descriptors 0 to 2, so that no message lands in a file that gets their number; ignores SIGPIPE
    /// and SIGXFSZ, so that a reader that went away or a limit does not kill a heal in the middle; makes what is created
    /// private; and from now on SIGTERM, SIGINT and SIGHUP only raise the interruption that is returned.
    public static func prepare() -> Interruption {
        openStandardDescriptors()
        selfheal_ignore_signal(SIGPIPE)
        selfheal_ignore_signal(SIGXFSZ)
        // Whoever started us may have ignored it, and then nobody hears how a child ended.
        selfheal_default_signal(SIGCHLD)
        umask(0o077)
        selfheal_note_signals()
        return Interruption(followsSignals: true)
    }

    /// Tells how many lines of the terminal on standard error are drawn over, down to the one that the cursor is in: a signal that ends
    /// the process at once takes them away.
    public static func noteDrawnLines(_ count: Int) { selfheal_note_drawn_lines(Int32(clamping: count)) }

    static func openStandardDescriptors() {
        for number: Int32 in 0...2 where fcntl(number, F_GETFD) == -1 && errno == EBADF {
            // The lowest free number is this one: those below are open by now.
            _ = open("/dev/null", O_RDWR)
        }
    }
}
