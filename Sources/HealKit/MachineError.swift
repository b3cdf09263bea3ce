import HealModel

/// Why the machine could not look or change. Carries facts; the sentence is made by `explanation`.
public enum MachineError: Error, Sendable, Hashable {
    /// A system call failed: its name, what it was about, and `errno`.
    case system(operation: String, subject: String, errno: Int32, meaning: String)
    /// It could have been done, but must not be.
    case refused(subject: String, Refusal)
    case database(subject: String, DatabaseFault)
    /// A command did not end in time and was killed with all its children.
    case timedOut(subject: String, after: Duration)
    /// A program of somebody else did not do what it is for: its name and what it did instead.
    case malfunction(subject: String, reason: String)
    /// The run was asked to stop (SIGTERM, SIGINT).
    case cancelled

    public enum Refusal: Sendable, Hashable {
        /// Something else is there.
        case kind(FileStatus.Kind, wanted: FileStatus.Kind)
        case leavesRoot
        case symbolicLink
        case tooLarge(limit: Int)
        case exists
        /// What was there when the plan was made has changed since.
        case changedMeanwhile
        case notEmpty
        case readOnlyRun
        /// A change was made and the fault was still there, so it was rolled back.
        case notHealed
        /// The file system has less room than is needed, in bytes.
        case noSpace(needed: Int64, free: Int64)
        /// The file has further names (hard links): what is done under one is not seen under the others.
        case hardLinked
        /// Nothing of a damaged database could be read: there is nothing to put in its place.
        case nothingReadable
        /// Another process has the database open, and what is to be changed can only change while none has.
        case inUse
        /// No path can lead to it: why.
        case unnamable(String)
    }

    public enum DatabaseFault: Sendable, Hashable {
        case missing
        case notADatabase
        /// Pages are malformed: SQLITE_CORRUPT.
        case damaged(String)
        /// The file is shorter than its own header says, in bytes.
        case truncated(expected: Int64, actual: Int64)
        case empty
        /// Written by a newer SQLite than this one.
        case newerFormat
        case busy(waited: Duration)
        case readOnly
        case permission
        /// A killed writer's journal must be rolled back first, and this run may not write.
        case hotJournal
        case diskFull
        case io(String)
        /// SQL that failed: SQLite's extended result code, its message, the byte offset of the error in the text if known.
        case sql(code: Int32, message: String, offset: Int?)

        /// SQLITE_ERROR of a statement that could be compiled, so that what it met is at fault: a number too large, a text that is no
        /// JSON. SQLite has the one code for both; this one it has not.
        public static let errorWhileRunning: Int32 = 1 | (0x7F << 8)
    }
}

extension MachineError {
    /// One sentence for people, without a full stop. Holds no values from files.
    public var explanation: String {
        switch self {
        case .system(let operation, let subject, _, let meaning): "\(subject): \(meaning) (\(operation))"
        case .refused(let subject, let refusal): "\(subject): \(refusal.explanation)"
        case .database(let subject, let fault): "\(subject): \(fault.explanation)"
        case .timedOut(let subject, let after): "\(subject): no answer within \(after.inSeconds)"
        case .malfunction(let subject, let reason): "\(subject): \(reason)"
        case .cancelled: "stopped on request"
        }
    }
}

extension MachineError.Refusal {
    public var explanation: String {
        switch self {
        case .kind(let found, let wanted): "is a \(found.rawValue), not a \(wanted.rawValue)"
        case .leavesRoot: "a symbolic link on the way leaves the application's root"
        case .symbolicLink: "is a symbolic link, and nothing is written through one"
        case .tooLarge(let limit): "is larger than \(limit) bytes"
        case .exists: "exists already"
        case .changedMeanwhile: "was changed by somebody else meanwhile"
        case .notEmpty: "is not empty"
        case .readOnlyRun: "this run may not change anything"
        case .notHealed: "the change did not heal the fault and was taken back"
        case .noSpace(let needed, let free): "needs \(needed) bytes, and the file system has \(free) left"
        case .hardLinked: "has more than one name (hard links)"
        case .nothingReadable: "nothing in it can be read any more, so it is left as it is"
        case .inUse: "another process uses it, so this cannot be changed now; try again when it is stopped"
        case .unnamable(let reason): "cannot be looked at: \(reason); rename it"
        }
    }
}

extension MachineError.DatabaseFault {
    public var explanation: String {
        switch self {
        case .missing: "does not exist"
        case .notADatabase: "is not a SQLite database (or is encrypted)"
        case .damaged(let detail): "is damaged: \(detail)"
        case .truncated(let expected, let actual):
            "is truncated: \(actual) bytes are there, its header says \(expected)"
        case .empty: "is a file of zero bytes, not a database"
        case .newerFormat: "has a file format newer than this SQLite can use"
        case .busy(let waited): "is locked by another process; waited \(waited.inSeconds)"
        case .readOnly: "is read-only"
        case .permission: "may not be opened: permission denied"
        case .hotJournal: "holds an unfinished transaction of a killed process that must be rolled back first"
        case .diskFull: "the disk is full"
        case .io(let detail): "input/output error: \(detail)"
        case .sql(_, let message, _): message
        }
    }
}

extension Duration {
    /// `30 s`, `1.5 s`.
    public var inSeconds: String {
        let tenths = components.seconds * 10 + components.attoseconds / 100_000_000_000_000_000
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }
}
