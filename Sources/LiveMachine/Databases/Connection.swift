import CSelfHeal
import Glibc
import HealKit
import HealModel

/// One connection to SQLite, for one thread. Closed when it goes out of scope.
///
/// Directly on SQLite's C interface rather than through GRDB, whose queue for one connection costs as much again as the
/// whole look at a database (its dispatch queue, functions, collations and observers are not needed here), ends the process
/// when SQL leaves a transaction open, and does not say where in the SQL an error is.
final class Connection {
    enum Access: Equatable {
        case readOnly, readWrite, memory
    }

    enum Parameter: String {
        /// Neither locks nor looks for a log: for a database that keeps one, and has none just now.
        case immutable = "immutable=1"
        /// Reads the log's index and does not write there.
        case readOnlyIndex = "readonly_shm=1"
    }

    let db: OpaquePointer
    let subject: String
    let patience: Patience
    /// Whether everything here belongs to one transaction that the machine ends: when it is gone (an error of SQLite or a
    /// trigger's RAISE can end it), nothing may be done outside of it.
    var needsTransaction = false
    /// Whether SQLite was told that nobody changes the file, and ignores that the database keeps a log: it would answer
    /// `PRAGMA journal_mode` with `delete`.
    private let isImmutable: Bool
    /// Compiled statements of `rows`, by their SQL.
    private var compiled: [String: Statement] = [:]

    /// - Parameters:
    ///   - path: absolute, without symbolic links: one that appears on the way is refused.
    ///   - parameter: what SQLite is told in the URI.
    init(
        _ path: String, _ access: Access, _ parameter: Parameter? = nil, subject: String, patience: Patience
    ) throws(MachineError) {
        // Extended result codes (0x02000000) and no mutexes: this connection stays on one thread.
        var flags: Int32 = SQLITE_OPEN_NOMUTEX | 0x0200_0000
        switch access {
        case .readOnly: flags |= SQLITE_OPEN_READONLY | SQLITE_OPEN_NOFOLLOW
        case .readWrite: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOFOLLOW
        case .memory: flags |= SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MEMORY
        }
        var name = path
        if let parameter {
            flags |= SQLITE_OPEN_URI
            name = "file:" + Self.percentEncoded(path) + "?" + parameter.rawValue
        }
        selfheal_sqlite_prepare()
        var opened: OpaquePointer?
        let code = sqlite3_open_v2(name, &opened, flags, nil)
        guard code == SQLITE_OK, let opened else {
            let system = opened.map { sqlite3_system_errno($0) } ?? ENOMEM
            sqlite3_close_v2(opened)
            throw Self.cannotOpen(code, errno: system, subject)
        }
        db = opened
        isImmutable = parameter == .immutable
        self.subject = subject
        self.patience = patience
        patience.install(in: db)
        let configured = selfheal_sqlite_configure(db)
        guard configured == SQLITE_OK else { throw failure(configured) }
    }

    deinit { close() }

    private var isClosed = false

    /// Closes now instead of at the end of the scope.
    func close() {
        guard !isClosed else { return }
        isClosed = true
        compiled = [:]
        sqlite3_close_v2(db)
    }

    /// What a URI's path may hold as it is; everything else by its bytes.
    private static func percentEncoded(_ path: String) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var encoded: [UInt8] = []
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "/"), UInt8(ascii: "."), UInt8(ascii: "-"),
                UInt8(ascii: "_"), UInt8(ascii: "~"):
                encoded.append(byte)
            default: encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: encoded, as: UTF8.self)
    }

    private static func cannotOpen(_ code: Int32, errno: Int32, _ subject: String) -> MachineError {
        // SQLITE_CANTOPEN_SYMLINK
        if code == SQLITE_CANTOPEN | (6 << 8) || errno == ELOOP {
            return .refused(subject: subject, .symbolicLink)
        }
        switch errno {
        case EACCES, EPERM: return .database(subject: subject, .permission)
        case ENOENT: return .database(subject: subject, .missing)
        default: return .database(subject: subject, .io(String(cString: sqlite3_errstr(code))))
        }
    }

    // MARK: Statements of our own

    /// Runs SQL of ours that gives no rows.
    func perform(_ sql: String) throws(MachineError) {
        let code = sqlite3_exec(db, sql, nil, nil, nil)
        guard code == SQLITE_OK else { throw failure(code) }
    }

    var isInTransaction: Bool { sqlite3_get_autocommit(db) == 0 }

    var isReadOnly: Bool { sqlite3_db_readonly(db, "main") == 1 }

    func requireTransaction() throws(MachineError) {
        guard !needsTransaction || isInTransaction else {
            throw failure(SQLITE_ABORT, message: "the transaction was rolled back by the statement before")
        }
    }

    /// Rolls back if a transaction is still open: some errors have ended it already.
    func rollBack() {
        guard isInTransaction else { return }
        _ = sqlite3_exec(db, "ROLLBACK", nil, nil, nil)
    }

    /// What SQLite would answer wrongly on this connection; `nil` for everything that it may be asked.
    func knownAnswer(_ sql: String) -> [[SQLValue]]? {
        guard isImmutable, sql.utf8.count < 60 else { return nil }
        let words = sql.lowercased().split { $0.isWhitespace || $0 == ";" }
        guard words == ["pragma", "journal_mode"] || words == ["pragma", "main.journal_mode"] else { return nil }
        return DatabaseHeader(of: db)?.usesWAL == true ? [[.text("wal")]] : nil
    }

    // MARK: Compiled statements

    /// Lets go of the statements that are kept: SQLite's backup interface wants none in use.
    func forgetStatements() { compiled = [:] }

    func statement(_ sql: String) throws(MachineError) -> Statement {
        if let statement = compiled[sql] { return statement }
        var text = SQLText(sql)
        guard let first = try text.next(on: self) else {
            throw failure(SQLITE_MISUSE, message: "there is no statement in the SQL text")
        }
        guard try text.next(on: self) == nil else {
            throw failure(SQLITE_MISUSE, message: "there is more than one statement in the SQL text")
        }
        if compiled.count >= 32 { compiled = [:] }
        compiled[sql] = first
        return first
    }
}
