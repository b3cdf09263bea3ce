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

/// Whether a dataset that is made as a whole has to be made.
struct WholeNeed: Sendable {
    let dataset: Dataset
    let parents: [Dataset]
    let machine: any ChangingMachine

    struct Need: Sendable {
        var isNeeded: Bool
        /// The generations of the parents that it will be made from.
        var parents: [String: Int64]
        /// Whether its rows go first.
        var replacesAll: Bool
    }

    /// - Parameter isForced: it is to be made whatever is there: it is too old, or a check does not hold.
    func look(isForced: Bool, write: WriteMode, isSQL: Bool) async throws(SourceFailure) -> Need {
        var generations: [String: Int64] = [:]
        for parent in parents {
            generations[parent.name] = try await machine.reading(parent.relation.database) {
                connection throws(MachineError) in
                try WorkLedger(parent.name, reading: connection).generation()
            }
        }
        let dataset = dataset
        // In one look: opening a database of many tables costs more than all of this.
        let known: Known
        do throws(SourceFailure) {
            known = try await machine.reading(dataset.relation.database) { connection throws(MachineError) in
                try Self.known(of: dataset, write, connection)
            }
        } catch  where error.kind == .dependency {
            // No database; making the dataset says so.
            known = Known()
        }
        return need(known, generations, isForced: isForced, write)
    }

    /// The same in a transaction, where all parents are in this database.
    /// - Parameter hasLedger: whether the ledger's tables are known to be there.
    func look(
        isForced: Bool, write: WriteMode, on connection: any SQLConnection, hasLedger: Bool
    ) throws(MachineError) -> Need {
        var generations: [String: Int64] = [:]
        for parent in parents {
            generations[parent.name] =
                try WorkLedger(parent.name, reading: connection, isThere: hasLedger).generation()
        }
        let known = try Self.known(of: dataset, write, connection, hasLedger: hasLedger)
        return need(known, generations, isForced: isForced, write)
    }

    private func need(_ known: Known, _ parents: [String: Int64], isForced: Bool, _ write: WriteMode) -> Need {
        let isShort = known.rows < dataset.volume.minimumRows
        let isUnfinished = known.entry.map { $0.state != .done } ?? false
        // Rows that were there before anything was populated are taken as they are.
        let isOutdated = known.entry != nil && known.parents != parents
        return Need(
            isNeeded: isForced || isShort || isUnfinished || isOutdated, parents: parents,
            replacesAll: write == .replace || known.areOurs)
    }

    private struct Known: Sendable {
        /// Counted only until there are enough.
        var rows = 0
        var entry: WorkLedger.Entry?
        var parents: [String: Int64] = [:]
        /// Whether all rows that are there came from here, so that they can be told apart from others'.
        var areOurs = false
    }

    private static func known(
        of dataset: Dataset, _ write: WriteMode, _ connection: any SQLConnection, hasLedger: Bool = false
    ) throws(MachineError) -> Known {
        var known = Known()
        guard let form = try TableForm(dataset.relation.table, on: connection) else { return known }
        func count(upTo limit: Int) throws(MachineError) -> Int {
            let rows = try connection.rows(
                "SELECT count(*) FROM (SELECT 1 FROM main.\(form.name.quotedName) LIMIT \(limit))")
            return Int(rows.first?.first?.integer ?? 0)
        }
        known.rows = try count(upTo: dataset.volume.minimumRows)
        let ledger = WorkLedger(dataset.name, reading: connection, isThere: hasLedger)
        guard try ledger.exists() else { return known }
        known.entry = try ledger.entry(WorkLedger.whole)
        known.parents = try ledger.rememberedParents()
        if write == .append, let entry = known.entry, entry.rowCount > 0 {
            known.areOurs = try count(upTo: entry.rowCount + 1) == entry.rowCount
        }
        return known
    }
}
