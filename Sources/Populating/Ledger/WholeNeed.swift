import Datasets
import HealKit
import HealModel

/// Whether a dataset that is made as a whole has to be made.
struct WholeNeed: Sendable {
    let dataset: Dataset
    let parents: [Dataset]
    let machine: any ChangingMachine

    struct Need: Sendable {
        var isNeeded: Bool
        /// The generations of the parents that it will be made from.
        var parents: [String: Generation]
        /// Whether its rows go first; with `append` only where all of them came from here, which is looked at in the transaction that
        /// takes them away.
        var replacesAll: Bool
    }

    /// - Parameter isForced: it is to be made whatever is there: it is too old, or a check does not hold.
    func look(isForced: Bool, write: WriteMode, isSQL: Bool) async throws(SourceFailure) -> Need {
        var generations: [String: Generation] = [:]
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
        var generations: [String: Generation] = [:]
        for parent in parents {
            generations[parent.name] =
                try WorkLedger(parent.name, reading: connection, isThere: hasLedger).generation()
        }
        let known = try Self.known(of: dataset, write, connection, hasLedger: hasLedger)
        return need(known, generations, isForced: isForced, write)
    }

    private func need(_ known: Known, _ parents: [String: Generation], isForced: Bool, _ write: WriteMode) -> Need {
        let isShort = known.rows < dataset.volume.minimumRows
        let isUnfinished = known.entry.map { $0.state != .done } ?? false
        // Rows that were there before anything was populated are taken as they are.
        let isOutdated = known.entry != nil && parents.contains { $0.value.isNewer(than: known.parents[$0.key]) }
        return Need(
            isNeeded: isForced || isShort || isUnfinished || isOutdated, parents: parents,
            replacesAll: write == .replace || known.hasOurs)
    }

    private struct Known: Sendable {
        /// Counted only until there are enough.
        var rows = 0
        var entry: WorkLedger.Entry?
        var parents: [String: Generation] = [:]
        /// Whether rows are there, and rows were written from here: then some are ours.
        var hasOurs = false
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
        known.parents = try ledger.memory().parents
        if write == .append, let entry = known.entry, entry.rowCount > 0 { known.hasOurs = try count(upTo: 1) > 0 }
        return known
    }

    /// Whether its rows may be taken away; asked before a source is, which costs more.
    func requireOwnRows() async throws(SourceFailure) {
        let dataset = dataset
        let failure = try await machine.reading(dataset.relation.database) { connection throws(MachineError) in
            try Self.foreignRows(of: dataset, connection)
        }
        if let failure { throw failure }
    }

    /// Why rows may not be taken away with `append`: not all are as they were written here. `nil` when they may.
    static func foreignRows(
        of dataset: Dataset, _ connection: any SQLConnection, hasLedger: Bool = false
    ) throws(MachineError) -> SourceFailure? {
        guard let form = try TableForm(dataset.relation.table, on: connection) else { return nil }
        let isThere = try connection.rows("SELECT EXISTS (SELECT 1 FROM main.\(form.name.quotedName))")
        guard isThere.first?.first?.integer == 1 else { return nil }
        let ways = "state 'write: replace' or 'merge', or make it anew with --force"
        guard let proof = try WorkLedger(dataset.name, reading: connection, isThere: hasLedger).memory().proof else {
            return SourceFailure(
                .configuration,
                "it is not known which rows of '\(form.name)' were written here, and 'write: append' deletes no others: "
                    + ways)
        }
        guard try !proof.holds(of: form, on: connection) else { return nil }
        return SourceFailure(
            .configuration,
            "rows of '\(form.name)' were changed since they were written, and 'write: append' deletes only what is as it was "
                + "written: \(ways)")
    }
}
