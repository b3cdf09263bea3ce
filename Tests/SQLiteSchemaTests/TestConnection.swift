import CSelfHeal
import GRDBSQLite
import HealKit
import HealModel

/// SQLite itself behind the protocol: in memory unless a path is given.
final class TestConnection: SQLConnection {
    private let db: OpaquePointer
    /// Every statement that was executed, in order.
    private(set) var executed: [String] = []

    init(_ path: String = ":memory:", foreignKeys: Bool = false) throws(MachineError) {
        var opened: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_EXRESCODE
        guard sqlite3_open_v2(path, &opened, flags, nil) == SQLITE_OK, let opened else {
            throw .database(subject: path, .io("cannot open"))
        }
        db = opened
        guard selfheal_sqlite_add_functions(db) == SQLITE_OK else {
            throw .database(subject: path, .io("cannot add functions"))
        }
        sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0)
        // As the machine opens databases.
        try execute("PRAGMA foreign_keys = \(foreignKeys ? "ON" : "OFF"); PRAGMA trusted_schema = OFF")
        executed = []
    }

    deinit { sqlite3_close_v2(db) }

    func execute(_ sql: String) throws(MachineError) {
        executed.append(sql)
        try forEachStatement(of: sql) { statement throws(MachineError) in
            while true {
                let code = sqlite3_step(statement)
                if code == SQLITE_DONE { return }
                guard code == SQLITE_ROW else { throw failure(code) }
            }
        }
    }

    func rows(_ sql: String, _ arguments: [SQLValue]) throws(MachineError) -> [[SQLValue]] {
        var rows: [[SQLValue]] = []
        try forEachStatement(of: sql) { statement throws(MachineError) in
            for (index, argument) in arguments.enumerated() { bind(argument, Int32(index + 1), statement) }
            while true {
                let code = sqlite3_step(statement)
                if code == SQLITE_DONE { return }
                guard code == SQLITE_ROW else { throw failure(code) }
                rows.append((0..<sqlite3_column_count(statement)).map { value(statement, $0) })
            }
        }
        return rows
    }

    func compile(_ sql: String) throws(MachineError) {
        try forEachStatement(of: sql) { _ throws(MachineError) in }
    }

    private func forEachStatement(
        of sql: String, _ body: (OpaquePointer) throws(MachineError) -> Void
    ) throws(MachineError) {
        let bytes = sql.utf8CString
        var offset = 0
        while offset < bytes.count - 1 {
            var statement: OpaquePointer?
            var end = offset
            let code = bytes.withUnsafeBufferPointer { buffer -> Int32 in
                guard let start = buffer.baseAddress else { return SQLITE_ERROR }
                var tail: UnsafePointer<CChar>?
                let code = sqlite3_prepare_v2(db, start + offset, -1, &statement, &tail)
                end = tail.map { $0 - start } ?? buffer.count
                return code
            }
            guard code == SQLITE_OK else { throw failure(code) }
            offset = end
            guard let statement else { continue }
            defer { sqlite3_finalize(statement) }
            try body(statement)
        }
    }

    private func failure(_ code: Int32) -> MachineError {
        let offset = sqlite3_error_offset(db)
        let message = String(cString: sqlite3_errmsg(db))
        return .database(
            subject: "test", .sql(code: code, message: message, offset: offset < 0 ? nil : Int(offset)))
    }

    private func bind(_ value: SQLValue, _ index: Int32, _ statement: OpaquePointer) {
        let transient = unsafeBitCast(-1, to: sqlite3_destructor_type.self)
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .real(let number): sqlite3_bind_double(statement, index, number)
        case .text(let text): sqlite3_bind_text(statement, index, text, -1, transient)
        case .blob(let bytes): sqlite3_bind_blob(statement, index, bytes, Int32(bytes.count), transient)
        }
    }

    private func value(_ statement: OpaquePointer, _ column: Int32) -> SQLValue {
        switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(statement, column))
        case SQLITE_TEXT: .text(sqlite3_column_text(statement, column).map { String(cString: $0) } ?? "")
        case SQLITE_BLOB: .blob([])
        default: .null
        }
    }
}
