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
                    switch try forget(form, prepared.unitColumn, ledger, connection) {
                    case .success(let count): prepared.forgotten = count
                    case .failure(let failure): return .failure(failure)
                    }
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

    /// - Returns: how many units are pending again, or why nothing may be done: rows would be there twice, or go for another unit's.
    private func forget(
        _ form: TableForm, _ unitColumn: String?, _ ledger: WorkLedger, _ connection: any ChangingConnection
    ) throws(MachineError) -> Result<Int, SourceFailure> {
        let table = "main.\(form.name.quotedName)"
        let hasRows = try connection.rows("SELECT EXISTS (SELECT 1 FROM \(table))").first?.first?.integer == 1
        let gone: Int
        if !hasRows {
            gone = try connection.rows(
                """
                DELETE FROM _selfheal_units WHERE dataset = ?1 AND state <> 'quarantined' AND EXISTS (
                  SELECT 1 FROM _selfheal_units WHERE dataset = ?1 AND row_count > 0)
                RETURNING 1
                """, [.text(dataset.name)]
            ).count
        } else if let unitColumn, population.keepsUnits(by: unitColumn, primaryKey: form.primaryKey) {
            let column = KeyColumn(unitColumn, of: form, on: connection)
            let losses = try column.losses(of: dataset.name)
            if let failure = losses.failure(column) { return .failure(failure) }
            gone = losses.units > 0 ? try column.forgetLost(of: dataset.name) : 0
        } else {
            gone = 0
        }
        if gone > 0 {
            try ledger.recount()
            try ledger.raiseGeneration()
        }
        return .success(gone)
    }
}

extension KeyColumn.Losses {
    /// Why no unit may be done (again); `nil` when what is lost is lost for sure.
    fileprivate func failure(_ column: KeyColumn) -> SourceFailure? {
        let table = column.form.name
        if mixed > 0 {
            return SourceFailure(
                .configuration,
                "the column '\(column.name)' of '\(table)' does not keep keys of units apart: \(mixed) are stored alike"
            )
        }
        guard units > 0, strangers > 0 else { return nil }
        return SourceFailure(
            .configuration,
            "the rows of \(CountWords.units(units)) are not found in '\(table)' by '\(column.name)', and "
                + "\(CountWords.rows(strangers)) there may be theirs: something has changed their keys, or others have written rows; "
                + "nothing is done, so that none is there twice: take these rows away, or make all anew with --force")
    }
}
