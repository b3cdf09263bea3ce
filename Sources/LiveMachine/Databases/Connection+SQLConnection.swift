import CSelfHeal
import Glibc
import HealKit
import HealModel

extension Connection: SQLConnection {
    func execute(_ sql: String) throws(MachineError) {
        var text = SQLText(sql)
        while let statement = try text.next(on: self) {
            try requireTransaction()
            while try statement.step(on: self) {}
        }
    }

    func execute(_ sql: String, named values: [String: SQLValue]) throws(MachineError) -> Int {
        var text = SQLText(sql)
        var changes: Int64 = 0
        while let statement = try text.next(on: self) {
            try requireTransaction()
            try statement.bind(named: values, on: self)
            let before = sqlite3_total_changes64(db)
            while try statement.step(on: self) {}
            // Of a statement that changes no rows, the number is that of the one before.
            if sqlite3_total_changes64(db) > before { changes += sqlite3_changes64(db) }
        }
        return Int(changes)
    }

    func queryColumns(_ sql: String) throws(MachineError) -> [String]? {
        var text = SQLText(sql)
        guard let statement = try text.next(on: self), let columns = statement.queryColumns,
            // Of further ones it does not matter whether they would compile: they may need what the first one makes.
            text.isAtEnd
        else { return nil }
        return columns
    }

    func rows(_ sql: String, _ arguments: [SQLValue]) throws(MachineError) -> [[SQLValue]] {
        try requireTransaction()
        if let answer = knownAnswer(sql) { return answer }
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind(arguments, on: self)
        var rows: [[SQLValue]] = []
        while try statement.step(on: self) { rows.append(statement.row()) }
        return rows
    }

    func firstRow(
        _ sql: String, _ arguments: [SQLValue], within limit: Duration
    ) throws(MachineError) -> [SQLValue]? {
        try requireTransaction()
        if let answer = knownAnswer(sql) { return answer.first }
        let statement = try statement(sql)
        defer { statement.reset() }
        try statement.bind(arguments, on: self)
        return try patience.limited(to: limit) { () throws(MachineError) in
            try statement.step(on: self) ? statement.row() : nil
        }
    }

    func compile(_ sql: String) throws(MachineError) {
        var text = SQLText(sql)
        while try text.next(on: self) != nil {}
    }

    // MARK: Failures

    /// What a result code of SQLite means. SQLite's message is kept, without the SQL's text: it may hold what a person may
    /// not see.
    /// - Parameter offset: where in the SQL's text, in bytes.
    func failure(_ code: Int32, message given: String? = nil, offset: Int? = nil) -> MachineError {
        let message = given ?? Self.short(String(cString: sqlite3_errmsg(db)))
        let fault: MachineError.DatabaseFault
        switch code & 0xFF {
        case SQLITE_BUSY, SQLITE_LOCKED:
            if patience.isInterrupted { return .cancelled }
            fault = .busy(waited: patience.waited)
        case SQLITE_INTERRUPT:
            if patience.ranOut, let limit = patience.limitThatEnded { return .timedOut(subject: subject, after: limit) }
            return .cancelled
        case SQLITE_CORRUPT: fault = .damaged(message)
        case SQLITE_NOTADB: fault = .notADatabase
        case SQLITE_READONLY: fault = code == sqliteReadOnlyRollback ? .hotJournal : .readOnly
        case SQLITE_FULL: fault = .diskFull
        case SQLITE_PERM: fault = .permission
        case SQLITE_CANTOPEN, SQLITE_IOERR:
            switch selfheal_sqlite_errno(db) {
            case ENOSPC, EDQUOT, EFBIG: fault = .diskFull
            case EACCES, EPERM: fault = .permission
            case EROFS: fault = .readOnly
            default: fault = .io(message)
            }
        case SQLITE_AUTH:
            let why = "it would end the transaction, reach another file or change how the database is kept"
            fault = .sql(code: code, message: "not allowed here: \(why)", offset: offset)
        default: fault = .sql(code: code, message: message, offset: offset)
        }
        return .database(subject: subject, fault)
    }

    /// Some messages quote the SQL from the error to its end.
    private static func short(_ message: String) -> String {
        guard message.unicodeScalars.count > 200 else { return message }
        return String(String.UnicodeScalarView(message.unicodeScalars.prefix(200))) + "…"
    }
}

/// SQLITE_READONLY_ROLLBACK: a journal must be rolled back, and this connection may not.
private let sqliteReadOnlyRollback = SQLITE_READONLY | (3 << 8)
