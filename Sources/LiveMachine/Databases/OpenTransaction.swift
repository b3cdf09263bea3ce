import CSelfHeal
import Glibc
import HealKit
import HealModel

/// A database inside the one transaction that changes it.
struct OpenTransaction: ChangingConnection {
    let connection: Connection
    let machine: LiveMachine
    let place: DatabasePlace

    func execute(_ sql: String) throws(MachineError) { try connection.execute(sql) }

    func rows(_ sql: String, _ arguments: [SQLValue]) throws(MachineError) -> [[SQLValue]] {
        try connection.rows(sql, arguments)
    }

    func firstRow(
        _ sql: String, _ arguments: [SQLValue], within limit: Duration
    ) throws(MachineError) -> [SQLValue]? {
        try connection.firstRow(sql, arguments, within: limit)
    }

    func compile(_ sql: String) throws(MachineError) { try connection.compile(sql) }

    func queryColumns(_ sql: String) throws(MachineError) -> [String]? { try connection.queryColumns(sql) }

    func execute(_ sql: String, named values: [String: SQLValue]) throws(MachineError) -> Int {
        try connection.execute(sql, named: values)
    }

    func requireSoundness() throws(MachineError) {
        // What is added to a damaged database would be called healed, and make saving it harder.
        try connection.quickCheck()
    }

    /// Through a second connection, which sees what was committed: as long as nothing has been changed here, that is what
    /// this transaction began with, and nobody else can write meanwhile.
    func backUp(to path: ResourcePath) throws(MachineError) -> Int64 {
        try machine.makeFile(path) { folder, temporary throws(MachineError) in
            let source = try Connection(
                place.absolute, .readOnly, subject: place.path.text, patience: connection.patience)
            try machine.requireSpace(for: try source.size(), in: folder, path)
            let copy = try Connection(
                "\(folder.kernelPath ?? "")/\(temporary)", .readWrite, subject: path.text, patience: connection.patience
            )
            // Until it has its name nobody misses it: synced once, at the end.
            try copy.perform("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY")
            let code = selfheal_sqlite_copy(source.db, copy.db)
            guard code == SQLITE_OK else { throw copy.failure(code) }
            source.close()
            try copy.quickCheck()
            let size = try copy.size()
            copy.close()
            return size
        }
    }
}

extension Connection {
    /// An index that does not fit its table, or a row that breaks a constraint, is in nobody's way.
    /// - Throws: `.database(.damaged)` with the first fault of a page.
    func quickCheck() throws(MachineError) {
        if let fault = try IntegrityReport(examining: self, .quick).damage.first {
            throw .database(subject: subject, .damaged(fault))
        }
    }

    /// How large the database is, in bytes.
    func size() throws(MachineError) -> Int64 {
        var size: Int64 = 1
        for pragma in ["page_count", "page_size"] {
            let statement = try statement("PRAGMA \(pragma)")
            defer { statement.reset() }
            if try statement.step(on: self) { size *= statement.row().first?.integer ?? 0 }
        }
        return size
    }
}

extension LiveMachine {
    /// Makes a file for SQLite to fill: under a temporary name, mode 0600; when the body has closed it, it is synced and gets
    /// its name, unless something has got there meanwhile. Whatever fails, the temporary file and those that SQLite keeps
    /// beside it are removed.
    /// - Parameter clear: makes place for it, when the file is complete; without it nothing may be there from the beginning.
    func makeFile<Value>(
        _ path: ResourcePath, mode: FileMode = .privateFile,
        clearing clear: ((borrowing Descriptor) throws(MachineError) -> Void)? = nil,
        _ fill: (borrowing Descriptor, String) throws(MachineError) -> Value
    ) throws(MachineError) -> Value {
        let parent = try root.openParent(of: path)
        if clear == nil { try requireNothing(at: path, in: parent) }
        let temporary = TemporaryName(for: path.name).text
        let made = uninterrupted {
            openat(parent.number, temporary, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        }
        guard made >= 0 else { throw .failed("create", path.text) }
        do throws(MachineError) {
            let file = Descriptor(owning: made)
            // Nobody else knows this file, so its locks do not matter, and the descriptor may be closed at any time.
            try file.setMode(mode, path.text)
            let value = try fill(parent, temporary)
            for suffix in DatabaseFiles.suffixes {
                let left = try FileStatus.at(temporary + suffix, in: parent.number, path.text + suffix)
                if suffix == "-wal", let left, left.size > 0 {
                    throw .database(subject: path.text, .io("the write-ahead log could not be moved into the database"))
                }
                removeTemporary(temporary + suffix, in: parent.number)
            }
            try file.sync(path.text)
            try clear?(parent)
            try giveName(path, to: temporary, in: parent)
            return value
        } catch {
            for suffix in [""] + DatabaseFiles.suffixes { removeTemporary(temporary + suffix, in: parent.number) }
            throw error
        }
    }

    /// - Throws: `.refused(.noSpace)` where the file system of a folder has less room than is needed.
    func requireSpace(for size: Int64, in folder: borrowing Descriptor, _ path: ResourcePath) throws(MachineError) {
        var space = statvfs()
        guard fstatvfs(folder.number, &space) == 0 else { throw .failed("fstatvfs", path.text) }
        let free = Int64(
            clamping: UInt64(space.f_bavail).multipliedReportingOverflow(by: UInt64(space.f_frsize)).partialValue)
        guard free >= size else { throw .refused(subject: path.text, .noSpace(needed: size, free: free)) }
    }
}
