import CSelfHeal
import HealKit
import HealModel

/// One compiled statement; finalized when it goes out of scope, which is before its connection is closed.
final class Statement {
    let pointer: OpaquePointer

    init(owning pointer: OpaquePointer) { self.pointer = pointer }

    deinit { sqlite3_finalize(pointer) }

    /// - Returns: whether there is a row.
    func step(on connection: Connection) throws(MachineError) -> Bool {
        switch sqlite3_step(pointer) {
        case SQLITE_ROW: return true
        case SQLITE_DONE: return false
        case SQLITE_ERROR: throw connection.failure(MachineError.DatabaseFault.errorWhileRunning)
        case let code: throw connection.failure(code)
        }
    }

    /// Ends the statement's hold on the database.
    func reset() {
        sqlite3_reset(pointer)
        sqlite3_clear_bindings(pointer)
    }

    func bind(_ arguments: [SQLValue], on connection: Connection) throws(MachineError) {
        guard Int(sqlite3_bind_parameter_count(pointer)) == arguments.count else {
            let message = "the number of arguments is not that of the statement's parameters"
            throw connection.failure(SQLITE_RANGE, message: message)
        }
        for (index, argument) in arguments.enumerated() { try bind(argument, at: Int32(index) + 1, on: connection) }
    }

    /// Gives `:name` its value, wherever it stands.
    func bind(named values: [String: SQLValue], on connection: Connection) throws(MachineError) {
        for index in 0..<sqlite3_bind_parameter_count(pointer) {
            let name = sqlite3_bind_parameter_name(pointer, index + 1).map { String(cString: $0) } ?? "?"
            guard name.hasPrefix(":"), let value = values[String(name.dropFirst())] else {
                throw connection.failure(SQLITE_RANGE, message: "nothing is known of the parameter \(name)")
            }
            try bind(value, at: index + 1, on: connection)
        }
    }

    /// The names of its columns, if all it does is to read.
    var queryColumns: [String]? {
        let count = sqlite3_column_count(pointer)
        guard count > 0, sqlite3_stmt_readonly(pointer) != 0 else { return nil }
        return (0..<count).map { sqlite3_column_name(pointer, $0).map { String(cString: $0) } ?? "" }
    }

    private func bind(_ argument: SQLValue, at index: Int32, on connection: Connection) throws(MachineError) {
        let code: Int32
        switch argument {
        case .null: code = sqlite3_bind_null(pointer, index)
        case .integer(let value): code = sqlite3_bind_int64(pointer, index, value)
        case .real(let value): code = sqlite3_bind_double(pointer, index, value)
        case .text(var value):
            code = value.withUTF8 { bytes in
                bytes.withMemoryRebound(to: CChar.self) { characters in
                    // A null pointer would bind NULL instead of an empty text.
                    guard let start = characters.baseAddress else {
                        return selfheal_sqlite_bind_text(pointer, index, "", 0)
                    }
                    return selfheal_sqlite_bind_text(pointer, index, start, Int32(clamping: characters.count))
                }
            }
        case .blob(let value):
            code = value.withUnsafeBytes { bytes in
                bytes.isEmpty
                    ? sqlite3_bind_zeroblob(pointer, index, 0)
                    : selfheal_sqlite_bind_blob(pointer, index, bytes.baseAddress, Int32(clamping: bytes.count))
            }
        }
        guard code == SQLITE_OK else { throw connection.failure(code) }
    }

    /// The values of the row that `step` has found.
    func row() -> [SQLValue] {
        (0..<sqlite3_column_count(pointer)).map(value)
    }

    private func value(_ column: Int32) -> SQLValue {
        switch sqlite3_column_type(pointer, column) {
        case SQLITE_INTEGER: return .integer(sqlite3_column_int64(pointer, column))
        case SQLITE_FLOAT: return .real(sqlite3_column_double(pointer, column))
        case SQLITE_TEXT:
            // By its length: a text may hold NULs.
            let start = sqlite3_column_text(pointer, column)
            let count = start == nil ? 0 : Int(sqlite3_column_bytes(pointer, column))
            return .text(String(decoding: UnsafeBufferPointer(start: start, count: count), as: UTF8.self))
        case SQLITE_BLOB:
            let start = sqlite3_column_blob(pointer, column)
            let count = start == nil ? 0 : Int(sqlite3_column_bytes(pointer, column))
            return .blob([UInt8](UnsafeRawBufferPointer(start: start, count: count)))
        default: return .null
        }
    }
}

/// A text of several statements, compiled one after the other: a later one may need what an earlier one has made.
struct SQLText {
    private let bytes: ContiguousArray<CChar>
    private var position = 0

    init(_ sql: String) { bytes = sql.utf8CString }

    /// Whether nothing is left but white space, semicolons and comments.
    var isAtEnd: Bool {
        var rest = bytes[position..<max(position, bytes.count - 1)]
        func isOne(_ character: CChar?, _ of: String) -> Bool {
            character.map { of.utf8.contains(UInt8(bitPattern: $0)) } ?? false
        }
        while let first = rest.first {
            let second = rest.dropFirst().first
            if isOne(first, "; \t\r\n\u{0C}") {
                rest = rest.dropFirst()
            } else if isOne(first, "-"), isOne(second, "-") {
                rest = rest.drop { !isOne($0, "\n") }
            } else if isOne(first, "/"), isOne(second, "*") {
                rest = rest.dropFirst(2)
                while let last = rest.first, !(isOne(last, "*") && isOne(rest.dropFirst().first, "/")) {
                    rest = rest.dropFirst()
                }
                rest = rest.dropFirst(2)
            } else {
                return false
            }
        }
        return true
    }

    /// - Returns: `nil` at the end of the text.
    mutating func next(on connection: Connection) throws(MachineError) -> Statement? {
        // SQLite would take the text as ended at a NUL.
        if let nul = bytes.firstIndex(of: 0), nul < bytes.count - 1 {
            throw connection.failure(SQLITE_MISUSE, message: "the SQL text holds a NUL character", offset: nul)
        }
        while position < bytes.count - 1 {
            var statement: OpaquePointer?
            let start = position
            let (code, next) = bytes.withUnsafeBufferPointer { buffer -> (Int32, Int) in
                guard let text = buffer.baseAddress.map({ $0 + start }) else { return (SQLITE_MISUSE, start) }
                var tail: UnsafePointer<CChar>?
                let length = Int32(clamping: buffer.count - start)
                let code = sqlite3_prepare_v2(connection.db, text, length, &statement, &tail)
                return (code, start + (tail.map { $0 - text } ?? 0))
            }
            guard code == SQLITE_OK else {
                let offset = selfheal_sqlite_error_offset(connection.db)
                throw connection.failure(code, offset: offset < 0 ? nil : start + Int(offset))
            }
            position = next
            // White space and comments compile to nothing.
            if let statement { return Statement(owning: statement) }
            if next == start { break }
        }
        return nil
    }
}
