import CSelfHeal
import HealKit
import HealModel
import LiveMachine
import Synchronization

@testable import Populating

extension Bed {
    struct CannotOpen: Error { var code: Int32 }

    /// Another process's connection, as far as SQLite is concerned.
    final class Holder: Sendable {
        private nonisolated(unsafe) let db: OpaquePointer
        private let mutex = Mutex(())

        init(_ path: String) throws {
            var opened: OpaquePointer?
            let code = sqlite3_open_v2(path, &opened, SQLITE_OPEN_READWRITE, nil)
            guard code == SQLITE_OK, let opened else { throw CannotOpen(code: code) }
            db = opened
        }

        deinit { sqlite3_close_v2(db) }

        func lock() { mutex.withLock { _ in _ = sqlite3_exec(db, "BEGIN IMMEDIATE", nil, nil, nil) } }
        func unlock() { mutex.withLock { _ in _ = sqlite3_exec(db, "ROLLBACK", nil, nil, nil) } }
        func execute(_ sql: String) -> Int32 { mutex.withLock { _ in sqlite3_exec(db, sql, nil, nil, nil) } }
    }

    static func executeNow(_ sql: String, _ path: String) throws {
        // Whoever has it locked just now is waited for: what is to happen happens.
        let code = try Holder(path).execute("PRAGMA busy_timeout = 5000; " + sql)
        guard code == SQLITE_OK else { throw CannotOpen(code: code) }
    }

    /// The same root, for a run that was not asked to stop.
    static func reopen(_ bed: Bed) async throws -> Reader { try Reader(bed) }

    struct Reader {
        let machine: LiveMachine
        private let bed: Bed

        init(_ bed: Bed) throws {
            self.bed = bed
            machine = try LiveMachine(root: bed.root, mayChange: true, cacheFolder: bed.root + "/cache")
        }

        func rows(_ sql: String) async throws -> [String] {
            try await machine.readDatabase(try .init("app.db")) { connection throws(MachineError) in
                try connection.rows(sql).map { row in row.map(\.shown).joined(separator: "|") }
            }
        }
    }
}

extension Bed {
    /// The first value of a query, as an integer, through a connection of its own.
    static func valueNow(_ sql: String, _ path: String) throws -> Int64 {
        try now(sql, path, SQLITE_OPEN_READONLY) { sqlite3_column_int64($0, 0) }
    }

    /// The same as a text; it may also write.
    static func textNow(_ sql: String, _ path: String) throws -> String {
        try now(sql, path, SQLITE_OPEN_READWRITE) { sqlite3_column_text($0, 0).map { String(cString: $0) } ?? "" }
    }

    private static func now<Value>(
        _ sql: String, _ path: String, _ flags: Int32, _ value: (OpaquePointer) -> Value
    ) throws -> Value {
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(path, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else { throw CannotOpen(code: code) }
        defer { sqlite3_close_v2(opened) }
        sqlite3_busy_timeout(opened, 2000)
        var statement: OpaquePointer?
        guard sqlite3_prepare_v2(opened, sql, -1, &statement, nil) == SQLITE_OK, let statement else {
            throw CannotOpen(code: -1)
        }
        defer { sqlite3_finalize(statement) }
        let step = sqlite3_step(statement)
        guard step == SQLITE_ROW else { throw CannotOpen(code: step) }
        let found = value(statement)
        // To its end, so that what it writes is kept.
        while sqlite3_step(statement) == SQLITE_ROW {}
        return found
    }
}
