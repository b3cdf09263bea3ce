import Datasets
import HealKit
import HealModel

/// Writes what came of one batch: rows, ledger and counters in one transaction.
struct BatchWriter: Sendable {
    let dataset: Dataset
    let population: Population
    let machine: any ChangingMachine
    /// For messages.
    let redact: @Sendable (String) -> String
    /// For contents.
    let hide: @Sendable (String) -> String
    /// What is written to: another table than the dataset's, while a new one is filled beside it.
    var place: WorkPlace

    /// What is written, and how it came about.
    struct Work: Sendable {
        var batch: UnitBatch
        var attempts = 1
        /// How long the source took.
        var took: Duration = .zero
        /// The generations of the parents that a dataset is made from as a whole.
        var parents: [String: Generation] = [:]
        /// Whether a dataset that is made as a whole loses its rows first.
        var replacesAll = false
        /// What has ended the transaction before.
        let ending = EndingRows()
    }

    /// Rows that a source has made.
    func write(_ spool: RowSpool, _ work: Work) async throws(SourceFailure) -> BatchResult {
        try await transaction(work) { session throws(PopulationError) in
            try session.write(spool)
        }
    }

    /// What SQL makes inside the database.
    func perform(_ sql: String, _ work: Work) async throws(SourceFailure) -> BatchResult {
        try await transaction(work) { session throws(PopulationError) in
            try session.perform(sql)
        }
    }

    private func transaction(
        _ work: Work, _ body: @escaping @Sendable (borrowing WriteSession) throws(PopulationError) -> BatchResult
    ) async throws(SourceFailure) -> BatchResult {
        while true {
            let result: Result<BatchResult, SourceFailure>
            do throws(MachineError) {
                result = try await machine.changeDatabase(dataset.relation.database, timeLimit: population.timeout) {
                    connection throws(MachineError) in
                    try write(work, connection, body)
                }
            } catch .cancelled {
                throw .stopped
            } catch {
                guard work.ending.takeFound() else { throw SourceFailure(error) }
                continue
            }
            return try result.get()
        }
    }
}

extension BatchWriter {
    /// Within a transaction: rows, ledger and counters of a batch, or none of them.
    /// - Parameter hasLedger: whether the ledger's tables are known to be there.
    func write(
        _ work: Work, _ connection: any ChangingConnection, hasLedger: Bool = false,
        _ body: (borrowing WriteSession) throws(PopulationError) -> BatchResult
    ) throws(MachineError) -> Result<BatchResult, SourceFailure> {
        try connection.execute("SAVEPOINT selfheal_batch")
        do throws(PopulationError) {
            let session = try WriteSession(self, work, connection, hasLedger: hasLedger)
            let result = try body(session)
            try session.requireReferences()
            try session.record(result)
            try session.run { () throws(MachineError) in try connection.execute("RELEASE selfheal_batch") }
            return .success(result)
        } catch {
            switch error {
            case .machine(let error), .ended(let error): throw error
            case .failure(let failure):
                try connection.execute("ROLLBACK TO selfheal_batch; RELEASE selfheal_batch")
                return .failure(failure)
            }
        }
    }
}

/// Where rows go, and under which name the ledger speaks of them.
struct WorkPlace: Sendable, Hashable {
    var ledger: String
    var table: String
    /// Whether it is a new table, which will take the place of the dataset's when it is complete.
    var isNew: Bool

    /// The dataset's own table.
    init(_ dataset: Dataset) {
        ledger = dataset.name
        table = dataset.relation.table
        isNew = false
    }

    /// A new table beside it.
    init(newFor dataset: Dataset) {
        ledger = LedgerTables.newTable + dataset.name
        table = LedgerTables.prefix + "new_" + dataset.relation.table
        isNew = true
    }

    /// Drops a new table, and forgets what was made of it.
    /// - Parameter keepsAside: whether what was set aside on the way is kept for people to look at.
    func discard(_ connection: any ChangingConnection, keepsAside: Bool = false) throws(MachineError) {
        guard isNew else { return }
        try connection.execute("DROP TABLE IF EXISTS main.\(table.quotedName)")
        try WorkLedger(ledger, writing: connection).erase(keepsAside: keepsAside)
    }
}
