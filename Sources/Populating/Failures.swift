import Datasets
import HealKit

extension SourceFailure {
    /// What the machine says, with its class.
    public init(_ error: MachineError) { self.init(FailureClass(error), error.explanation) }

    /// How a program ended that did not end well.
    /// - Parameters:
    ///   - status: its exit code, or 128 + the signal's number.
    ///   - detail: what it said last.
    public init(exitCode status: Int32, detail: String?) {
        let how =
            status > 128 ? "it was ended by signal \(status - 128)" : "it ended with exit code \(status)"
        self.init(FailureClass(exitCode: status), how + (detail.map { ": \($0)" } ?? ""))
    }
}

extension FailureClass {
    /// By the codes of sysexits.h, where programs use them.
    public init(exitCode: Int32) {
        self =
            switch exitCode {
            // EX_USAGE, EX_CONFIG, and a shell that finds no such program or may not run it.
            case 64, 78, 126, 127: .configuration
            // EX_DATAERR, EX_PROTOCOL
            case 65, 76: .parse
            // EX_NOINPUT
            case 66: .dependency
            // EX_NOUSER, EX_NOPERM
            case 67, 77: .authentication
            // EX_NOHOST, EX_UNAVAILABLE, EX_TEMPFAIL
            case 68, 69, 75: .connection
            // EX_OSERR, EX_CANTCREAT, EX_IOERR, and SIGKILL, with which the kernel makes room in memory.
            case 71, 73, 74, 137: .resource
            default: .unknown
            }
    }

    public init(_ error: MachineError) {
        self =
            switch error {
            case .system(_, _, let errno, _): FailureClass(errno: errno)
            case .refused(_, let refusal):
                switch refusal {
                case .noSpace: .resource
                case .changedMeanwhile, .inUse: .lock
                default: .configuration
                }
            case .database(_, let fault): FailureClass(fault)
            case .timedOut: .timeout
            case .malfunction, .cancelled: .unknown
            }
    }

    /// The numbers are those of Linux, as `MachineError.system` has them.
    private init(errno: Int32) {
        self =
            switch errno {
            // EPERM, ENOENT, ENOEXEC, EACCES, ENOTDIR, EISDIR, EROFS, ELOOP
            case 1, 2, 8, 13, 20, 21, 30, 40: .configuration
            // E2BIG, EAGAIN, ENOMEM, ENFILE, EMFILE, EFBIG, ENOSPC, EDQUOT
            case 7, 11, 12, 23, 24, 27, 28, 122: .resource
            // EPIPE, ENETDOWN to ECONNRESET, ECONNREFUSED to EHOSTUNREACH
            case 32, 100...104, 111...113: .connection
            // ETIMEDOUT
            case 110: .timeout
            default: .unknown
            }
    }

    private init(_ fault: MachineError.DatabaseFault) {
        self =
            switch fault {
            case .missing, .empty: .dependency
            case .notADatabase, .damaged, .truncated: .corruption
            case .newerFormat, .readOnly, .permission: .configuration
            case .busy, .hotJournal: .lock
            case .diskFull, .io: .resource
            case .sql(let code, _, _): FailureClass(sqlite: code)
            }
    }

    /// By SQLite's result code; what is above its lowest byte says more and changes nothing.
    private init(sqlite code: Int32) {
        guard code != MachineError.DatabaseFault.errorWhileRunning else {
            self = .constraint
            return
        }
        self =
            switch code & 0xFF {
            // ABORT (a trigger rolled the transaction back), TOOBIG, CONSTRAINT, MISMATCH
            case 4, 18, 19, 20: .constraint
            // BUSY, LOCKED, PROTOCOL, SCHEMA (somebody else changed it meanwhile)
            case 5, 6, 15, 17: .lock
            // NOMEM, IOERR, FULL
            case 7, 10, 13: .resource
            // CORRUPT, NOTADB
            case 11, 26: .corruption
            // ERROR (no such table, a syntax error: it cannot be compiled), PERM, READONLY, CANTOPEN, MISUSE, AUTH, RANGE
            case 1, 3, 8, 14, 21, 23, 25: .configuration
            default: .unknown
            }
    }
}

extension MachineError {
    /// Whether a row is at fault, and another one may be written.
    var isAboutRow: Bool {
        guard case .database(_, .sql(let code, _, _)) = self else { return false }
        // TOOBIG, CONSTRAINT, MISMATCH
        return code == MachineError.DatabaseFault.errorWhileRunning || [18, 19, 20].contains(code & 0xFF)
    }

    /// What is wrong with the row, without the database's name.
    var rowMessage: String {
        guard case .database(_, .sql(_, let message, _)) = self else { return explanation }
        return message
    }
}
