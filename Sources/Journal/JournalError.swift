import GRDB
import HealKit

/// Why the journal cannot be used. A run that cannot record what it is about to do does nothing.
public enum JournalError: Error, Sendable, Hashable {
    /// Its folder or its files cannot be made or removed.
    case machine(MachineError)
    /// Its database cannot be read or written.
    case database(MachineError.DatabaseFault)
    /// A newer version of these tools has written it.
    case newer
    /// The file is a database of something else.
    case foreign
    /// An entry is not in the form it was written in.
    case unreadable(run: Int64)

    /// One sentence for people, without a full stop.
    public var explanation: String {
        switch self {
        case .machine(let error): error.explanation
        case .database(let fault) where fault.isLasting:
            "\(Journal.databasePath): \(fault.explanation); rename it, and a new one is begun"
        case .database(let fault): "\(Journal.databasePath): \(fault.explanation)"
        case .newer: "\(Journal.databasePath) was written by a newer version; use that one"
        case .foreign: "\(Journal.databasePath) is not a journal of these tools; rename it, and a new one is begun"
        case .unreadable(let run): "\(Journal.databasePath): the entry of run \(run) cannot be read"
        }
    }
}

extension MachineError.DatabaseFault {
    /// It does not go away by itself.
    fileprivate var isLasting: Bool {
        switch self {
        case .notADatabase, .damaged, .truncated: true
        default: false
        }
    }
}

extension JournalError {
    /// From what GRDB throws: its code and message. Its description holds the SQL with its values, and goes nowhere.
    init(_ error: any Error, waited: Duration = .zero) {
        switch error {
        case let error as JournalError: self = error
        case let error as MachineError: self = .machine(error)
        case let error as DatabaseError: self = .database(Self.fault(error, waited))
        default: self = .database(.io("\(type(of: error))"))
        }
    }

    private static func fault(_ error: DatabaseError, _ waited: Duration) -> MachineError.DatabaseFault {
        switch error.resultCode {
        case .SQLITE_NOTADB: .notADatabase
        case .SQLITE_CORRUPT: .damaged(error.message ?? "malformed")
        case .SQLITE_BUSY, .SQLITE_LOCKED: .busy(waited: waited)
        case .SQLITE_READONLY: error.extendedResultCode == .SQLITE_READONLY_ROLLBACK ? .hotJournal : .readOnly
        case .SQLITE_FULL: .diskFull
        case .SQLITE_CANTOPEN, .SQLITE_PERM: .permission
        case .SQLITE_IOERR: .io(error.message ?? "failed")
        default: .sql(code: error.extendedResultCode.rawValue, message: error.message ?? "failed", offset: nil)
        }
    }
}
