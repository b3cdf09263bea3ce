import CSelfHeal
import HealKit
import HealModel

extension LiveMachine {
    /// Changes the journal mode that is kept in the file.
    ///
    /// SQLite does not wait for others here, whatever it is told, and leaves the mode as it is while one of them is in the way:
    /// whoever has the database open in WAL mode, and in rollback mode whoever reads or writes at this moment. An application
    /// that runs stays for long, so nobody is waited for. The change is a transaction of SQLite's own: killed in the middle, it
    /// is rolled back by the next one who opens the file.
    public func setJournalMode(
        of path: ResourcePath, to mode: JournalMode, expecting previous: JournalMode
    ) async throws(MachineError) {
        try requireChange(path)
        if interruption.isRaised { throw .cancelled }
        let patience = Patience(waitLimit: .zero, interruption: interruption)
        let place = try DatabasePlace(path, in: root)
        try place.requireContent()
        let attempt = try FileUse.asDatabase(place.status, path.text) { () throws(MachineError) in
            do throws(MachineError) {
                return try set(mode, expecting: previous, in: place, patience)
            } catch .database(_, .busy) {
                return .busy
            }
        }
        guard case .done = attempt else { throw .refused(subject: path.text, .inUse) }
    }

    private func set(
        _ mode: JournalMode, expecting previous: JournalMode, in place: DatabasePlace, _ patience: Patience
    ) throws(MachineError) -> Attempt<Void> {
        let connection = try open(place, patience)
        try connection.perform("PRAGMA synchronous=EXTRA")
        // A damaged database is left as it is.
        guard try connection.begin("BEGIN", place.hasLog() ? .inFileAndLog : .inFile) else { return .busy }
        do throws(MachineError) {
            try connection.quickCheck()
        } catch {
            connection.rollBack()
            throw error
        }
        connection.needsTransaction = false
        connection.forgetStatements()
        selfheal_sqlite_restrict(connection.db, 0)
        connection.rollBack()
        let found = try connection.journalMode()
        if found == mode { return .done(()) }
        guard found == previous else { throw .refused(subject: place.path.text, .changedMeanwhile) }
        try connection.perform("PRAGMA main.journal_mode = \(mode.rawValue)")
        guard try connection.journalMode() == mode else { throw .refused(subject: place.path.text, .notHealed) }
        return .done(())
    }
}

extension Connection {
    /// The mode that the file has; those that every connection chooses for itself are `delete` to the file.
    fileprivate func journalMode() throws(MachineError) -> JournalMode {
        forgetStatements()
        let answer = try rows("PRAGMA main.journal_mode").first?.first?.text
        forgetStatements()
        return answer == JournalMode.wal.rawValue ? .wal : .delete
    }
}
