import Datasets
import HealKit
import HealModel

/// Fills a new table beside a dataset's, looks whether it holds what it must, and only then puts its rows in the place of the old ones.
struct Replacing: Sendable {
    /// The work on the new table.
    let work: DatasetWork

    private var dataset: Dataset { work.dataset }
    private var tools: PopulationTools { work.tools }

    func perform() async -> DatasetOutcome {
        var outcome: DatasetOutcome
        do throws(SourceFailure) {
            try await makeTable()
            outcome = await work.perform()
            if outcome.result == .unneeded { outcome.result = .done }
            let parents = work.population.unit == nil ? try await parentGenerations() : [:]
            if outcome.result == .done {
                outcome.progress.rows = try await swap(parents)
                return outcome
            }
            // Where there is nothing to lose, what could be done is kept, as it is without a new table.
            if outcome.result == .incomplete, let rows = try? await swap(parents, isComplete: false) {
                outcome.progress.rows = rows
                return outcome
            }
            outcome.tried.append("kept the rows that were there")
        } catch {
            outcome = DatasetOutcome(
                dataset.name, error == .stopped ? .interrupted : .failed, failure: tools.redacted(error),
                tried: work.tally.tried + ["kept the rows that were there"])
        }
        await dropTable()
        return outcome
    }

    private func parentGenerations() async throws(SourceFailure) -> [String: Generation] {
        try await WholeNeed(dataset: dataset, parents: work.parents, machine: tools.machine)
            .look(isForced: true, write: .replace, isSQL: false).parents
    }

    // MARK: The new table

    private func makeTable() async throws(SourceFailure) {
        if case .sql(let sql) = work.population.source {
            try await changing { connection throws(MachineError) in
                try connection.queryColumns(sql) == nil
                    ? SourceFailure(
                        .configuration,
                        "its SQL writes to the table itself, so that no new one can be filled: state it as a SELECT")
                    : nil
            }
        }
        let halfMade = HalfMadeTable(work: work)
        let parents = try await parentGenerations()
        let mayGoOn = try await !halfMade.hasLostUnits()
        try await changing { connection throws(MachineError) in
            guard let form = try TableForm(dataset.relation.table, on: connection), !form.isView else {
                return SourceFailure(.dependency, "the table '\(dataset.relation.table)' does not exist")
            }
            let signature = try halfMade.signature(form, parents: parents, connection)
            if mayGoOn, let finished = try halfMade.finishedUnits(signature, connection) {
                if finished > 0 { work.tally.note("went on with \(finished) units that a killed run had made") }
                return nil
            }
            try work.place.discard(connection)
            // SQLite itself says how the table would be stated under another name.
            try connection.execute(
                "SAVEPOINT selfheal_new; PRAGMA legacy_alter_table=ON; "
                    + "ALTER TABLE main.\(form.name.quotedName) RENAME TO \(work.place.table.quotedName)")
            let statement = try connection.rows(
                "SELECT sql FROM main.sqlite_schema WHERE type = 'table' AND name = ?", [.text(work.place.table)]
            ).first?.first?.text
            try connection.execute(
                "ROLLBACK TO selfheal_new; RELEASE selfheal_new; PRAGMA legacy_alter_table=OFF")
            guard let statement else {
                return SourceFailure(.configuration, "no new table can be made beside '\(form.name)'")
            }
            try connection.execute(statement)
            try makeIndexes(form, connection)
            try WorkLedger(work.place.ledger, writing: connection).remember(.init(parents: signature))
            return nil
        }
    }

    /// What tells rows apart belongs to the table as much as its constraints do. Indexes on expressions, and partial ones, show when the
    /// rows are put in their place.
    private func makeIndexes(_ form: TableForm, _ connection: any ChangingConnection) throws(MachineError) {
        let indexes = try connection.rows(
            """
            SELECT name FROM pragma_index_list(?, 'main') WHERE "unique" AND origin = 'c' AND NOT partial
            """, [.text(form.name)])
        for (number, index) in indexes.compactMap({ $0.first?.text }).enumerated() {
            let columns = try connection.rows(
                "SELECT name, coll FROM pragma_index_xinfo(?, 'main') WHERE key ORDER BY seqno", [.text(index)])
            guard columns.allSatisfy({ $0[0].text != nil }) else { continue }
            let list = columns.map { row in
                (row[0].text ?? "").quotedName + (row[1].text.map { " COLLATE \($0.quotedName)" } ?? "")
            }.joined(separator: ", ")
            let name = "\(work.place.table)_\(number)"
            try connection.execute(
                "CREATE UNIQUE INDEX main.\(name.quotedName) ON \(work.place.table.quotedName) (\(list))")
        }
    }

    /// What was set aside stays, so that people can see why.
    private func dropTable() async {
        do throws(SourceFailure) {
            try await changing { connection throws(MachineError) in
                try work.place.discard(connection, keepsAside: true)
                return nil
            }
        } catch {
            // The next run does it.
        }
    }

    // MARK: In its place

    /// Old rows are given up only for all of the new ones.
    /// - Parameter isComplete: whether no unit has failed.
    /// - Returns: how many rows the table has now.
    private func swap(
        _ parents: [String: Generation], isComplete: Bool = true
    ) async throws(SourceFailure) -> Int {
        let rows = RowCounter()
        try await changing { connection throws(MachineError) in
            guard let form = try TableForm(dataset.relation.table, on: connection) else {
                return SourceFailure(.dependency, "the table '\(dataset.relation.table)' does not exist any more")
            }
            let new = work.place.table.quotedName
            let count = try connection.rows("SELECT count(*) FROM main.\(new)").first?.first?.integer ?? 0
            guard count >= Int64(dataset.volume.minimumRows) else {
                return SourceFailure(
                    .constraint,
                    "the new table has \(count) of the \(dataset.volume.minimumRows) rows that it must have")
            }
            let old = try connection.rows("SELECT EXISTS (SELECT 1 FROM main.\(form.name.quotedName))")
            if old.first?.first?.integer != 0 {
                if let misfits = try HalfMadeTable(work: work).misfits(connection) { return misfits }
                guard isComplete else { return SourceFailure(.constraint, "not all of the new rows could be made") }
            }
            let names = form.names.map(\.quotedName).joined(separator: ", ")
            let references = try ReferenceWatch(form.name, on: connection, looksAlone: true)
            let swap = "selfheal_swap"
            try connection.begin(swap)
            let written: Int64
            do throws(MachineError) {
                try connection.execute("DELETE FROM main.\(form.name.quotedName)")
                try connection.execute(
                    "INSERT OR ABORT INTO main.\(form.name.quotedName) (\(names)) SELECT \(names) FROM main.\(new)")
                written = try connection.rows("SELECT changes()").first?.first?.integer ?? 0
            } catch  where error.isAboutRow {
                guard try connection.undo(swap) else { throw error }
                return SourceFailure(error)
            }
            var failure: SourceFailure?
            if written == count {
                failure = try references?.failure()
                if failure == nil { failure = try unheldCheck(form, connection) }
                if failure == nil { failure = try unkeptKeys(form, connection) }
            } else {
                // A trigger may leave rows out without a word.
                failure = SourceFailure(
                    .constraint, "a trigger of '\(form.name)' left out \(count - written) of the \(count) new rows")
            }
            if let failure {
                guard try connection.undo(swap) else {
                    throw .malfunction(subject: dataset.name, reason: failure.message)
                }
                return failure
            }
            try connection.execute("DROP TABLE main.\(new); RELEASE \(swap)")
            let ledger = try WorkLedger(dataset.name, writing: connection)
            try ledger.take(over: work.place.ledger)
            try ledger.raiseGeneration()
            let isAppended = work.population.unit == nil && work.population.write == .append
            try ledger.remember(
                .init(parents: parents, proof: isAppended ? try TableProof(of: form, on: connection) : nil))
            rows.set(Int(count))
            return nil
        }
        return rows.value
    }

    /// Triggers of the table that the rows are put into may change their keys.
    private func unkeptKeys(_ form: TableForm, _ connection: any ChangingConnection) throws(MachineError)
        -> SourceFailure?
    {
        guard let unit = work.population.unit, let name = form.column(unit.column ?? unit.key),
            work.population.keepsUnits(by: name, primaryKey: form.primaryKey)
        else { return nil }
        let column = KeyColumn(name, of: form, on: connection)
        guard try column.hasTriggers() else { return nil }
        return try column.losses(of: work.place.ledger).units > 0 ? column.unkept : nil
    }

    /// The first critical check that does not hold of the table as it is now. Nobody else can write meanwhile, so that none may take long.
    private func unheldCheck(
        _ form: TableForm, _ connection: any ChangingConnection
    ) throws(MachineError) -> SourceFailure? {
        let limit = work.options.checkTimeLimit
        for check in dataset.checks where check.severity == .critical {
            let sql = sql(check.rule, form)
            do throws(MachineError) {
                guard try connection.queryColumns(sql) != nil else {
                    return SourceFailure(.configuration, "the check '\(check.name)' would write")
                }
                let value = try connection.firstRow(sql, [], within: limit)?.first ?? .null
                let holds = try connection.rows("SELECT ? IS TRUE", [value]).first?.first?.integer == 1
                if !holds {
                    return SourceFailure(.constraint, "the check '\(check.name)' does not hold of the new rows")
                }
            } catch .timedOut {
                return SourceFailure(.timeout, "the check '\(check.name)' took longer than \(limit.inSeconds)")
            } catch .database(_, .sql(_, let message, _)) {
                return SourceFailure(.configuration, "the check '\(check.name)': \(message)")
            }
        }
        return nil
    }

    /// A query whose first value is true where a check holds.
    private func sql(_ rule: DatasetCheck.Rule, _ form: TableForm) -> String {
        let unheld: String
        switch rule {
        case .sql(let sql): return sql
        case .unique(let columns):
            let list = columns.map(\.quotedName).joined(separator: ", ")
            let filled = columns.map { "\($0.quotedName) IS NOT NULL" }.joined(separator: " AND ")
            unheld = "\(filled) GROUP BY \(list) HAVING count(*) > 1"
        case .notNull(let columns):
            unheld = columns.map { "\($0.quotedName) IS NULL" }.joined(separator: " OR ")
        }
        return "SELECT NOT EXISTS (SELECT 1 FROM main.\(form.name.quotedName) WHERE \(unheld))"
    }

    /// One transaction; when the body returns a failure, it has changed nothing.
    private func changing(
        _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> SourceFailure?
    ) async throws(SourceFailure) {
        let queue = await work.limits.queue(dataset.relation.database.text)
        await queue.take()
        let failure: SourceFailure?
        do throws(MachineError) {
            failure = try await tools.machine.changeDatabase(dataset.relation.database, body)
        } catch {
            failure = error == .cancelled ? .stopped : SourceFailure(error)
        }
        await queue.give()
        if let failure { throw failure }
    }
}
