import CSelfHeal
import HealKit
import HealModel

/// What came of one try to get hold of a database.
enum Attempt<Value> {
    case done(Value)
    /// Another process has it locked, and nothing was done yet.
    case busy
}

extension LiveMachine {
    /// Looks into a database in one read transaction, without changing it or anything beside it.
    ///
    /// A database in WAL mode is the difficult one, because SQLite makes a `-wal` and a `-shm` file as soon as it looks into
    /// one. So: without a log it is read as it stands, without locks, and again if it was changed meanwhile. With a log, the
    /// `-shm` file that is there is read and not written; only when a live process uses the database, and its `-shm` cannot be
    /// used without writing there, is it opened as that process itself does. A log without a `-shm` file is
    /// indexed in memory.
    public func readDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try await patiently(path) { patience throws(MachineError) in
            let place = try DatabasePlace(path, in: root)
            try place.requireContent()
            return try FileUse.asDatabase(place.status, path.text) { () throws(MachineError) in
                try read(place, patience, body)
            }
        }
    }

    /// Tries again and again, without holding a thread while it waits.
    func patiently<Value>(
        _ path: ResourcePath, timeLimit: Duration? = nil, _ attempt: (Patience) throws(MachineError) -> Attempt<Value>
    ) async throws(MachineError) -> Value {
        let start = ContinuousClock.now
        var pause = Duration.milliseconds(1)
        while true {
            if interruption.isRaised { throw .cancelled }
            let patience = Patience(waitLimit: .zero, timeLimit: timeLimit, interruption: interruption)
            if case .done(let value) = try attempt(patience) { return value }
            let waited = ContinuousClock.now - start
            guard waited < waitLimit else { throw .database(subject: path.text, .busy(waited: waited)) }
            do { try await Task.sleep(for: min(pause, waitLimit - waited)) } catch { throw .cancelled }
            pause = min(pause * 2, .milliseconds(50))
        }
    }

    private func read<Value>(
        _ place: DatabasePlace, _ patience: Patience, _ body: (any SQLConnection) throws(MachineError) -> Value
    ) throws(MachineError) -> Attempt<Value> {
        let plain = try Connection(place.absolute, .readOnly, subject: place.path.text, patience: patience)
        let log = try place.side("-wal")
        // A log beside it is looked into whatever the header says.
        guard let header = DatabaseHeader(of: plain.db), header.usesWAL || log != nil else {
            return try read(through: plain, place, .inFile, body)
        }
        // Between two journal modes: opened now, it would get a log as well.
        if try place.side("-journal") != nil, place.hasJournalHeader() {
            throw .database(subject: place.path.text, .hotJournal)
        }
        guard let log, log.size > 0 else { return try readWithoutLog(place, plain, body) }
        plain.close()
        // An empty one was made by a process that was killed before it had its mode, which SQLite would see to now.
        guard let index = try place.side("-shm"), index.size > 0 else {
            return try readLogInMemory(place, patience, body)
        }
        let careful = try Connection(
            place.absolute, .readOnly, .readOnlyIndex, subject: place.path.text, patience: patience)
        do throws(MachineError) {
            return try read(through: careful, place, .inFileAndLog, body)
        } catch .database(_, .readOnly) {
            // Somebody works with the database, and its index leaves no place for a reader that may not write there.
            careful.close()
            let shared = try Connection(place.absolute, .readOnly, subject: place.path.text, patience: patience)
            return try read(through: shared, place, .inFileAndLog, body)
        }
    }

    private func readWithoutLog<Value>(
        _ place: DatabasePlace, _ plain: Connection, _ body: (any SQLConnection) throws(MachineError) -> Value
    ) throws(MachineError) -> Attempt<Value> {
        for _ in 0..<5 {
            let before = try place.stamp()
            guard before.logSize == 0 else { break }
            let still = try Connection(
                place.absolute, .readOnly, .immutable, subject: place.path.text, patience: plain.patience)
            let result: Result<Attempt<Value>, MachineError>
            do throws(MachineError) {
                result = .success(try read(through: still, place, .inFile, body))
            } catch {
                result = .failure(error)
            }
            still.close()
            if try place.stamp() == before { return try result.get() }
        }
        return try read(through: plain, place, .inFileAndLog, body)
    }

    /// With the exclusive lock SQLite keeps the log's index in memory. Nothing is written: not even the log is moved into the
    /// database at the end.
    private func readLogInMemory<Value>(
        _ place: DatabasePlace, _ patience: Patience, _ body: (any SQLConnection) throws(MachineError) -> Value
    ) throws(MachineError) -> Attempt<Value> {
        let connection = try Connection(place.absolute, .readWrite, subject: place.path.text, patience: patience)
        // The lock needs a file that may be written.
        guard !connection.isReadOnly else { throw .database(subject: place.path.text, .hotJournal) }
        selfheal_sqlite_keep_wal(connection.db)
        do throws(MachineError) {
            try connection.perform("PRAGMA query_only=ON; PRAGMA locking_mode=EXCLUSIVE")
        } catch .database(_, .busy) {
            return .busy
        }
        return try read(through: connection, place, .inFileAndLog, body)
    }

    private func read<Value>(
        through connection: Connection, _ place: DatabasePlace, _ contents: Connection.Contents,
        _ body: (any SQLConnection) throws(MachineError) -> Value
    ) throws(MachineError) -> Attempt<Value> {
        guard try connection.begin("BEGIN", contents) else { return .busy }
        connection.patience.waitLimit = waitLimit
        let value = try body(connection)
        connection.rollBack()
        return .done(value)
    }
}

extension Connection {
    /// Where a database's contents are, which is what its file's length is compared with.
    enum Contents {
        /// Nowhere yet.
        case none
        case inFile
        /// The file alone does not say how long it should be.
        case inFileAndLog
    }

    /// Begins a transaction and has SQLite read the schema, which takes the lock and tells whether this is a database at all.
    /// - Returns: false when another process has it locked.
    func begin(_ statement: String, _ contents: Contents) throws(MachineError) -> Bool {
        do throws(MachineError) {
            try perform("\(statement); PRAGMA cell_size_check=ON; SELECT 1 FROM sqlite_schema LIMIT 1")
        } catch .database(_, .busy) {
            rollBack()
            return false
        } catch .database(_, .sql(SQLITE_PROTOCOL, _, _)) {
            // Others hold on to the log's index while it is built.
            rollBack()
            return false
        } catch {
            throw verdict(on: error, contents)
        }
        // Only now: before, another process may have been writing, or a journal may have had to be rolled back.
        if contents == .inFile, let header = DatabaseHeader(of: db) {
            if header.fileSize == 0 { throw .database(subject: subject, .empty) }
            if let truncation = header.truncation {
                throw .database(subject: subject, .truncated(expected: truncation.expected, actual: truncation.actual))
            }
        }
        needsTransaction = true
        selfheal_sqlite_restrict(db, 2)
        return true
    }

    /// What is really wrong with a file that SQLite cannot read.
    func verdict(on error: MachineError, _ contents: Contents) -> MachineError {
        guard case .database(_, let fault) = error, let header = DatabaseHeader(of: db) else { return error }
        switch fault {
        case .notADatabase, .sql, .readOnly:
            return header.isNewer ? .database(subject: subject, .newerFormat) : error
        case .damaged:
            guard contents == .inFile, let truncation = header.truncation else { return error }
            return .database(subject: subject, .truncated(expected: truncation.expected, actual: truncation.actual))
        default: return error
        }
    }
}
