import CSelfHeal
import HealKit
import HealModel

extension LiveMachine {
    /// One `BEGIN IMMEDIATE` transaction on a database that exists.
    ///
    /// `synchronous=EXTRA`, because with FULL a power cut can bring back the rollback journal of a transaction that was reported
    /// as done; in WAL mode it is the same as FULL. The journal mode is never changed, and foreign keys stay off, as they are by
    /// default: a healer that cascades loses rows.
    public func changeDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try await changeDatabase(path, timeLimit: nil, body)
    }

    public func changeDatabase<Value: Sendable>(
        _ path: ResourcePath, timeLimit: Duration?,
        _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try requireChange(path)
        return try await patiently(path, timeLimit: timeLimit) { patience throws(MachineError) in
            let place = try DatabasePlace(path, in: root)
            try place.requireContent()
            return try FileUse.asDatabase(place.status, path.text) { () throws(MachineError) in
                try change(place, patience, body)
            }
        }
    }

    /// Opens the database for writing once, so that SQLite rolls back what a killed writer left in its journal.
    public func recoverJournal(of path: ResourcePath) async throws(MachineError) {
        try requireChange(path)
        try await patiently(path) { patience throws(MachineError) in
            let place = try DatabasePlace(path, in: root)
            do throws(MachineError) {
                try place.requireContent()
            } catch .database(_, .hotJournal) {
                // That is what we are here for.
            }
            return try FileUse.asDatabase(place.status, path.text) { () throws(MachineError) in
                try recover(place, patience)
            }
        }
    }

    private func recover(_ place: DatabasePlace, _ patience: Patience) throws(MachineError) -> Attempt<Void> {
        let connection = try open(place, patience)
        do throws(MachineError) {
            // Reading is enough, and leaves a database that has lost its only transaction as it is: an empty file.
            guard try connection.begin("BEGIN", place.hasLog() ? .inFileAndLog : .inFile) else { return .busy }
        } catch .database(_, .empty) {
            // The next look says so.
        }
        connection.rollBack()
        return .done(())
    }

    private func change<Value>(
        _ place: DatabasePlace, _ patience: Patience, _ body: (any ChangingConnection) throws(MachineError) -> Value
    ) throws(MachineError) -> Attempt<Value> {
        let connection = try open(place, patience)
        let contents: Connection.Contents = try place.hasLog() ? .inFileAndLog : .inFile
        do throws(MachineError) {
            // A second thread sorts while the first reads what becomes an index.
            try connection.perform("PRAGMA synchronous=EXTRA; PRAGMA threads=1")
        } catch .database(_, .busy) {
            return .busy
        } catch {
            throw connection.verdict(on: error, contents)
        }
        guard try connection.begin("BEGIN IMMEDIATE", contents) else { return .busy }
        // Of a format that only a newer SQLite may write, which shows only now: the transaction is one for reading.
        guard !connection.isReadOnly else { throw .database(subject: place.path.text, .newerFormat) }
        patience.waitLimit = waitLimit
        return .done(
            try connection.completing { _ throws(MachineError) in
                try body(OpenTransaction(connection: connection, machine: self, place: place))
            })
    }

    func open(_ place: DatabasePlace, _ patience: Patience) throws(MachineError) -> Connection {
        let connection = try Connection(place.absolute, .readWrite, subject: place.path.text, patience: patience)
        // SQLite opens what it may not write for reading.
        guard !connection.isReadOnly else { throw .database(subject: place.path.text, .readOnly) }
        return connection
    }
}

extension Connection {
    /// Runs the body in the transaction that has begun, and commits it; rolls back when anything fails.
    func completing<Value>(
        _ body: (any SQLConnection) throws(MachineError) -> Value
    ) throws(MachineError) -> Value {
        do throws(MachineError) {
            let value = try body(self)
            try requireTransaction()
            needsTransaction = false
            selfheal_sqlite_restrict(db, 0)
            try perform("COMMIT")
            return value
        } catch {
            selfheal_sqlite_restrict(db, 0)
            rollBack()
            throw error
        }
    }
}
