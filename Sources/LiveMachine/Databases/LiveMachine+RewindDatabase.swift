import CSelfHeal
import Glibc
import HealKit
import HealModel

extension LiveMachine {
    /// Copies the pages of the copy over those of the database, through SQLite's backup interface.
    ///
    /// That interface begins and ends the transaction itself, so what the body sees is seen in a transaction before it. In
    /// between the database's data version is kept: when it has changed by the time the copying holds its locks, nothing is
    /// copied, and the body looks again.
    public func rewindDatabase<Value: Sendable>(
        _ path: ResourcePath, to copy: ResourcePath,
        _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try requireChange(path)
        return try await patiently(path) { patience throws(MachineError) in
            let source = try DatabasePlace(copy, in: root)
            let place = try DatabasePlace(path, in: root)
            try place.requireContent()
            return try FileUse.asDatabase(source.status, copy.text) { () throws(MachineError) in
                let from = try stillCopy(source, patience)
                try from.requireIntegrity()
                return try FileUse.asDatabase(place.status, path.text) { () throws(MachineError) in
                    try rewind(place, to: from, patience, body)
                }
            }
        }
    }

    private func rewind<Value>(
        _ place: DatabasePlace, to copy: Connection, _ patience: Patience,
        _ body: (any ChangingConnection) throws(MachineError) -> Value
    ) throws(MachineError) -> Attempt<Value> {
        let connection = try open(place, patience)
        let contents: Connection.Contents = try place.hasLog() ? .inFileAndLog : .inFile
        do throws(MachineError) {
            try connection.perform("PRAGMA synchronous=EXTRA")
        } catch .database(_, .busy) {
            return .busy
        } catch {
            throw connection.verdict(on: error, contents)
        }
        guard try connection.begin("BEGIN IMMEDIATE", contents) else { return .busy }
        guard !connection.isReadOnly else { throw .database(subject: place.path.text, .newerFormat) }
        let value: Value
        do throws(MachineError) {
            value = try body(OpenTransaction(connection: connection, machine: self, place: place))
        } catch {
            connection.rollBack()
            throw error
        }
        connection.needsTransaction = false
        connection.forgetStatements()
        selfheal_sqlite_restrict(connection.db, 0)
        var version: UInt32 = 0
        selfheal_sqlite_data_version(connection.db, &version)
        connection.rollBack()
        patience.waitLimit = waitLimit
        var changed: Int32 = 0
        let code = selfheal_sqlite_rewind(connection.db, copy.db, version, &changed)
        guard code == SQLITE_OK else { throw connection.failure(code, message: String(cString: sqlite3_errstr(code))) }
        return changed == 0 ? .done(value) : .busy
    }

    /// A copy that nobody writes to, opened without locks, and without the files that SQLite would make beside it. One that has
    /// a journal of its own is not such a copy.
    private func stillCopy(_ place: DatabasePlace, _ patience: Patience) throws(MachineError) -> Connection {
        try place.requireContent()
        for suffix in ["-wal", "-journal"] {
            if let side = try place.side(suffix), side.size > 0 {
                throw .refused(subject: place.path.text + suffix, .exists)
            }
        }
        return try Connection(
            place.absolute, .readOnly, .immutable, subject: place.path.text, patience: patience)
    }

    /// The copy is complete and synced under another name before what is there is moved.
    public func placeDatabase(_ path: ResourcePath, copying backup: ResourcePath) async throws(MachineError) {
        try requireChange(path)
        if interruption.isRaised { throw .cancelled }
        let source = try DatabasePlace(backup, in: root)
        let patience = Patience(waitLimit: .zero, interruption: interruption)
        let ending = ".damaged-\(Timestamp.compact(milliseconds: now))"
        let mode = try status(of: path)?.mode ?? .privateFile
        try FileUse.asDatabase(source.status, backup.text) { () throws(MachineError) in
            let from = try stillCopy(source, patience)
            try from.requireIntegrity()
            try makeFile(
                path, mode: mode,
                clearing: { parent throws(MachineError) in try keep(path, ending: ending, in: parent) }
            ) { folder, temporary throws(MachineError) in
                try requireSpace(for: try from.size(), in: folder, path)
                try fill("\(folder.kernelPath ?? "")/\(temporary)", from, path, patience)
            }
        }
    }

    /// Gives a database, and what SQLite keeps beside it, another ending.
    private func keep(
        _ path: ResourcePath, ending: String, in parent: borrowing Descriptor
    ) throws(MachineError) {
        // Journals first: beside the new database they would be taken for its own.
        for suffix in DatabaseFiles.suffixes + [""] {
            let name = path.text + suffix
            guard let old = try FileStatus.at(path.name + suffix, in: parent.number, name) else { continue }
            guard old.kind == .regular else { throw .refused(subject: name, .kind(old.kind, wanted: .regular)) }
            let aside = path.name + ending + suffix
            guard renameat(parent.number, path.name + suffix, parent.number, aside) == 0 else {
                throw .failed("rename", name)
            }
        }
    }

    private func fill(
        _ absolute: String, _ from: Connection, _ path: ResourcePath, _ patience: Patience
    ) throws(MachineError) {
        let copy = try Connection(absolute, .readWrite, subject: path.text, patience: patience)
        try copy.perform("PRAGMA synchronous=OFF; PRAGMA journal_mode=MEMORY")
        let code = selfheal_sqlite_copy(from.db, copy.db)
        guard code == SQLITE_OK else { throw copy.failure(code) }
        try copy.quickCheck()
    }

    /// Moved while SQLite holds its exclusive lock, and never removed: should a process have it open that only sleeps, what it
    /// writes later is not lost either.
    public func setAsideDatabase(
        _ path: ResourcePath, to aside: ResourcePath,
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError) {
        try requireChange(path)
        guard !aside.outsideRoot, aside.text.hasPrefix(".selfheal/") else {
            throw .refused(subject: aside.text, .leavesRoot)
        }
        try await patiently(path) { patience throws(MachineError) -> Attempt<Void> in
            let place = try DatabasePlace(path, in: root)
            try place.requireContent()
            return try FileUse.asDatabase(place.status, path.text) { () throws(MachineError) in
                try setAside(place, to: aside, patience, body)
            }
        }
    }

    private func setAside(
        _ place: DatabasePlace, to aside: ResourcePath, _ patience: Patience,
        _ body: (any SQLConnection) throws(MachineError) -> Void
    ) throws(MachineError) -> Attempt<Void> {
        let connection = try open(place, patience)
        let contents: Connection.Contents = try place.hasLog() ? .inFileAndLog : .inFile
        do throws(MachineError) {
            // Keeps the lock until the connection is closed, and refuses a log that somebody else has open.
            try connection.perform("PRAGMA locking_mode=EXCLUSIVE")
            guard try connection.begin("BEGIN EXCLUSIVE", contents) else { return .busy }
        } catch .database(_, .busy) {
            return .busy
        }
        do throws(MachineError) {
            try body(connection)
        } catch {
            connection.rollBack()
            throw error
        }
        connection.needsTransaction = false
        connection.forgetStatements()
        selfheal_sqlite_restrict(connection.db, 0)
        connection.rollBack()
        // All of it into the one file that is moved.
        try connection.perform("PRAGMA wal_checkpoint(TRUNCATE)")
        let from = try root.openParent(of: place.path)
        let to = try root.openParent(of: aside)
        try requireNothing(at: aside, in: to)
        if renameat(from.number, place.path.name, to.number, aside.name) != 0 {
            guard errno == EXDEV else { throw .failed("rename", place.path.text) }
            // On another file system than the root: it stays there, under another name.
            let name = "\(place.path.name).undone-\(Timestamp.compact(milliseconds: now))"
            guard renameat(from.number, place.path.name, from.number, name) == 0 else {
                throw .failed("rename", place.path.text)
            }
        }
        connection.close()
        try from.sync(place.path.text)
        try to.sync(aside.text)
        return .done(())
    }
}

extension Connection {
    /// - Throws: `.database(.damaged)` with the first fault that SQLite's full examination finds in pages and indexes.
    func requireIntegrity() throws(MachineError) {
        let report = try IntegrityReport(examining: self, .full)
        if let fault = report.damage.first { throw .database(subject: subject, .damaged(fault)) }
        if let index = report.indexes.keys.min() {
            throw .database(subject: subject, .damaged("the index \(index) does not hold what its table holds"))
        }
    }
}
