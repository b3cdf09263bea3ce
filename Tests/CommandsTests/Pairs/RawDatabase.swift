import CSelfHeal
import GRDBSQLite

/// A database file, through SQLite's own interface and nothing of ours.
final class RawDatabase {
    enum Value: Hashable, CustomStringConvertible {
        case null
        case integer(Int64)
        /// By its bits.
        case real(UInt64)
        case text([UInt8])
        case blob([UInt8])

        var description: String {
            switch self {
            case .null: "NULL"
            case .integer(let number): "\(number)"
            case .real(let bits): "\(Double(bitPattern: bits))"
            case .text(let bytes): String(decoding: bytes, as: UTF8.self).debugDescription
            case .blob(let bytes): "x\(bytes)"
            }
        }

        /// The text, of values that are known to be one.
        var string: String {
            switch self {
            case .text(let bytes): String(decoding: bytes, as: UTF8.self)
            case .null: ""
            default: description
            }
        }

        var number: Int64 { if case .integer(let number) = self { number } else { 0 } }
    }

    struct Failure: Error, CustomStringConvertible {
        var sql: String
        var code: Int32
        var message: String
        var description: String { "\(message) (\(code)): \(sql)" }
    }

    private let db: OpaquePointer

    init(_ path: String = ":memory:") throws {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nil)
        guard code == SQLITE_OK, let opened else { throw Failure(sql: path, code: code, message: "cannot open") }
        db = opened
        // Rows of a test need not survive a power cut.
        try execute("PRAGMA synchronous = OFF")
    }

    deinit { sqlite3_close_v2(db) }

    func execute(_ sql: String) throws {
        let code = sqlite3_exec(db, sql, nil, nil, nil)
        guard code == SQLITE_OK else {
            throw Failure(sql: sql, code: code, message: String(cString: sqlite3_errmsg(db)))
        }
    }

    /// Why a statement is refused; `nil` when it is not.
    func refusal(of sql: String) -> String? {
        do {
            try execute(sql)
            return nil
        } catch { return "\(error)" }
    }

    func rows(_ sql: String, _ arguments: [Value] = []) throws -> [[Value]] {
        var prepared: OpaquePointer?
        var code = sqlite3_prepare_v2(db, sql, -1, &prepared, nil)
        defer { sqlite3_finalize(prepared) }
        guard code == SQLITE_OK, let statement = prepared else {
            throw Failure(sql: sql, code: code, message: String(cString: sqlite3_errmsg(db)))
        }
        for (index, argument) in arguments.enumerated() { bind(argument, Int32(index + 1), statement) }
        var rows: [[Value]] = []
        while true {
            code = sqlite3_step(statement)
            if code == SQLITE_DONE { return rows }
            guard code == SQLITE_ROW else {
                throw Failure(sql: sql, code: code, message: String(cString: sqlite3_errmsg(db)))
            }
            rows.append((0..<sqlite3_column_count(statement)).map { value(statement, $0) })
        }
    }

    private func bind(_ value: Value, _ index: Int32, _ statement: OpaquePointer) {
        switch value {
        case .null: sqlite3_bind_null(statement, index)
        case .integer(let number): sqlite3_bind_int64(statement, index, number)
        case .real(let bits): sqlite3_bind_double(statement, index, Double(bitPattern: bits))
        case .text(let bytes):
            bytes.withUnsafeBytes { buffer in
                _ = selfheal_sqlite_bind_text(
                    statement, index, buffer.bindMemory(to: CChar.self).baseAddress, Int32(bytes.count))
            }
            if bytes.isEmpty { sqlite3_bind_text(statement, index, "", 0, nil) }
        case .blob(let bytes):
            bytes.withUnsafeBytes { buffer in
                _ = selfheal_sqlite_bind_blob(statement, index, buffer.baseAddress, Int32(bytes.count))
            }
            if bytes.isEmpty { sqlite3_bind_zeroblob(statement, index, 0) }
        }
    }

    private func value(_ statement: OpaquePointer, _ column: Int32) -> Value {
        func bytes() -> [UInt8] {
            let start = sqlite3_column_blob(statement, column)
            let count = Int(sqlite3_column_bytes(statement, column))
            return start.map { [UInt8](UnsafeRawBufferPointer(start: $0, count: count)) } ?? []
        }
        return switch sqlite3_column_type(statement, column) {
        case SQLITE_INTEGER: .integer(sqlite3_column_int64(statement, column))
        case SQLITE_FLOAT: .real(sqlite3_column_double(statement, column).bitPattern)
        // Asked for as text first, it is UTF-8 in a database of UTF-16 too.
        case SQLITE_TEXT: sqlite3_column_text(statement, column) == nil ? .text([]) : .text(bytes())
        case SQLITE_BLOB: .blob(bytes())
        default: .null
        }
    }
}
