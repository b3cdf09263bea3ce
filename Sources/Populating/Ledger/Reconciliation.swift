import Datasets
import HealKit
import HealModel

/// Makes the ledger fit what is really there, before work begins.
struct Reconciliation: Sendable {
    let dataset: Dataset
    let population: Population
    let place: WorkPlace
    let machine: any ChangingMachine

    struct Prepared: Sendable {
        /// The dataset's column that says which unit a row is of.
        var unitColumn: String?
        /// Units that were done and are pending again, because their rows are gone.
        var forgotten = 0
        /// Units that nothing is left to do for.
        var finished = 0
    }

    func perform() async throws(SourceFailure) -> Prepared {
        let result: Result<Prepared, SourceFailure>
        do throws(MachineError) {
            result = try await machine.changeDatabase(dataset.relation.database) { connection throws(MachineError) in
                guard let form = try TableForm(dataset.relation.table, on: connection) else {
                    return .failure(
                        SourceFailure(
                            .dependency, "the table '\(dataset.relation.table)' does not exist; auto-heal makes it"))
                }
                if form.isView {
                    return .failure(
                        SourceFailure(.configuration, "'\(form.name)' is a view: nothing can be written to it"))
                }
                var prepared = Prepared()
                do throws(SourceFailure) {
                    prepared.unitColumn =
                        try population.unit.map { unit throws(SourceFailure) in
                            try RowWriter.unitColumn(unit, in: form)
                        } ?? nil
                    _ = try RowWriter(form, population, on: connection)
                } catch {
                    return .failure(error)
                }
                let ledger = try WorkLedger(place.ledger, writing: connection)
                try ledger.release(at: machine.now)
                if population.unit != nil, !place.isNew {
                    prepared.forgotten = try forget(form, prepared.unitColumn, ledger, connection)
                }
                let finished = try connection.rows(
                    """
                    SELECT count(*) FROM _selfheal_units WHERE dataset = ? AND state IN ('done', 'quarantined')
                    """, [.text(place.ledger)])
                prepared.finished = Int(finished.first?.first?.integer ?? 0)
                return .success(prepared)
            }
        } catch .cancelled {
            throw .stopped
        } catch {
            throw SourceFailure(error)
        }
        return try result.get()
    }

    /// - Returns: how many units are pending again.
    private func forget(
        _ form: TableForm, _ unitColumn: String?, _ ledger: WorkLedger, _ connection: any ChangingConnection
    ) throws(MachineError) -> Int {
        let table = "main.\(form.name.quotedName)"
        let hasRows = try connection.rows("SELECT EXISTS (SELECT 1 FROM \(table))").first?.first?.integer == 1
        let gone: [[SQLValue]]
        if !hasRows {
            gone = try connection.rows(
                """
                DELETE FROM _selfheal_units WHERE dataset = ?1 AND state <> 'quarantined' AND EXISTS (
                  SELECT 1 FROM _selfheal_units WHERE dataset = ?1 AND row_count > 0)
                RETURNING 1
                """, [.text(dataset.name)])
        } else if let unitColumn, canTell(unitColumn, form) {
            let column = unitColumn.quotedName
            gone = try connection.rows(
                """
                DELETE FROM _selfheal_units WHERE dataset = ? AND state = 'done' AND row_count > 0
                  AND unit NOT IN (SELECT \(column) FROM \(table) WHERE \(column) IS NOT NULL)
                RETURNING 1
                """, [.text(dataset.name)])
        } else {
            gone = []
        }
        if !gone.isEmpty {
            try ledger.recount()
            try ledger.raiseGeneration()
        }
        return gone.count
    }

    /// Merged rows may have gone over to another unit, unless the key says which unit a row is of.
    private func canTell(_ unitColumn: String, _ form: TableForm) -> Bool {
        guard population.write == .merge else { return true }
        let key = population.mergeKey.isEmpty ? form.primaryKey : population.mergeKey
        return key.contains { $0.asciiLowercased == unitColumn.asciiLowercased }
    }
}
