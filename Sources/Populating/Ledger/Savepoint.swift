import HealKit

extension SQLConnection {
    /// Begins what may have to be undone by itself: a statement that fails does not always undo what it has done (`RAISE(FAIL)`, `ON
    /// CONFLICT FAIL`).
    func begin(_ savepoint: String) throws(MachineError) { _ = try rows("SAVEPOINT \(savepoint)") }

    /// Keeps what was done since.
    func keep(_ savepoint: String) throws(MachineError) { _ = try rows("RELEASE \(savepoint)") }

    /// Undoes what was done since.
    /// - Returns: `false` when the transaction itself has ended (`RAISE(ROLLBACK)`, `ON CONFLICT ROLLBACK`): then all of it is undone,
    ///   and nothing more can be done in it.
    func undo(_ savepoint: String) throws(MachineError) -> Bool {
        do throws(MachineError) {
            _ = try rows("ROLLBACK TO \(savepoint)")
            _ = try rows("RELEASE \(savepoint)")
            return true
        } catch  where error.isEndOfTransaction {
            return false
        }
    }
}

extension MachineError {
    /// SQLITE_ABORT, which is said of every statement after the one that ended the transaction.
    fileprivate var isEndOfTransaction: Bool {
        guard case .database(_, .sql(let code, _, _)) = self else { return false }
        return code & 0xFF == 4
    }
}
