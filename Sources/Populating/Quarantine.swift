import Datasets
import HealKit
import HealModel

/// What was set aside because it does not fit: rows, and units that no rows could be made of.
public struct Quarantine: Sendable {
    public struct Item: Sendable, Hashable {
        public var dataset: String
        /// Counted in each database by itself.
        public var id: Int64
        public var unit: SQLValue
        /// Whether it is a whole unit; else one of its rows.
        public var isUnit: Bool
        public var kind: FailureClass
        public var message: String
        /// The row, as a JSON object in which `{"blob": "00ff"}` is a blob and `{"real": "Infinity"}` infinity; of a unit, the parent's row. Secrets are taken out: see
        /// `QuarantinedContent`.
        public var content: String
        /// Milliseconds since 1970.
        public var time: Int64
        /// Whether it was set aside on the way to a new table that was to take the place of the dataset's.
        public var isOfNewTable: Bool

        /// The name under which the ledger speaks of it.
        fileprivate var ledger: String { (isOfNewTable ? LedgerTables.newTable : "") + dataset }

        /// As people choose it: `parts/12`.
        public var name: String { "\(dataset)/\(id)" }
    }

    /// What became of an item that was tried again.
    public enum Replay: Sendable, Hashable {
        case written
        /// The unit is pending again, and done with the next `heal`.
        case pending
        case refused(String)
    }

    private let graph: DatasetGraph
    private let machine: any ChangingMachine
    private let redact: @Sendable (String) -> String

    public init(
        _ graph: DatasetGraph, on machine: any ChangingMachine,
        redact: @escaping @Sendable (String) -> String = { $0 }
    ) {
        self.graph = graph
        self.machine = machine
        self.redact = { SafeText.line(redact($0)) }
    }

    /// What is set aside of these datasets, oldest first.
    /// - Parameter limit: at most so many of each dataset.
    public func items(of names: Set<String>, limit: Int = 10_000) async throws(SourceFailure) -> [Item] {
        let (items, unknown) = try await look(at: names, limit: limit)
        if let first = unknown.first { throw first.failure }
        return items
    }

    /// What is set aside of these datasets, oldest first, and those of which that cannot be known, with the reason: one damaged database
    /// hides nothing of the others.
    public func look(
        at names: Set<String>, limit: Int = 10_000
    ) async throws(SourceFailure) -> (items: [Item], unknown: [(dataset: String, failure: SourceFailure)]) {
        var items: [Item] = []
        var unknown: [(dataset: String, failure: SourceFailure)] = []
        for dataset in graph.order where names.contains(dataset.name) {
            do throws(SourceFailure) {
                items += try await machine.reading(dataset.relation.database) { connection throws(MachineError) in
                    try Self.items(of: dataset.name, limit, connection)
                }
            } catch {
                if error == .stopped { throw error }
                // Else there is no database, and nothing in it.
                if error.kind != .dependency { unknown.append((dataset.name, error)) }
            }
        }
        return (items, unknown)
    }

    private static func items(
        of dataset: String, _ limit: Int, _ connection: any SQLConnection
    ) throws(MachineError) -> [Item] {
        guard try WorkLedger(dataset, reading: connection).exists() else { return [] }
        let rows = try connection.rows(
            """
            SELECT q.id, q.unit, q.class, q.message, q.content, q.created_at, coalesce(u.state = 'quarantined', 0),
              q.dataset <> ?1
            FROM _selfheal_quarantine q LEFT JOIN _selfheal_units u ON u.dataset = q.dataset AND u.unit = q.unit
            WHERE q.dataset IN (?1, ?2) ORDER BY q.id LIMIT ?3
            """, [.text(dataset), .text(LedgerTables.newTable + dataset), .integer(Int64(limit))])
        return rows.map { row in
            Item(
                dataset: dataset, id: row[0].integer ?? 0, unit: row[1], isUnit: row[6].integer == 1,
                kind: row[2].text.flatMap(FailureClass.init) ?? .unknown, message: row[3].text ?? "",
                content: row[4].text ?? "", time: row[5].integer ?? 0, isOfNewTable: row[7].integer == 1)
        }
    }

    /// Writes a row after all, now that the table or the row's parent is otherwise; makes a unit pending.
    public func replay(_ item: Item) async throws(SourceFailure) -> Replay {
        guard let dataset = graph[item.dataset], let population = dataset.populate else {
            throw SourceFailure(.configuration, "nothing populates '\(item.dataset)'")
        }
        if item.isOfNewTable {
            throw SourceFailure(
                .configuration,
                "it is of a new table that has not taken the place of the old one; 'selfheal data heal \(item.dataset) --force' "
                    + "makes it anew")
        }
        if !item.isUnit, let reason = try await absence(of: item.unit, population) { return .refused(reason) }
        let now = machine.now
        let redact = redact
        let result = try await changing(dataset) { connection throws(MachineError) -> Result<Replay, SourceFailure> in
            try connection.execute("SAVEPOINT selfheal_replay")
            let result = try Self.replay(item, dataset, population, connection, redact, now)
            if case .failure = result { try connection.execute("ROLLBACK TO selfheal_replay") }
            try connection.execute("RELEASE selfheal_replay")
            return result
        }
        return try result.get()
    }

    /// Rows are of units that there are.
    /// - Returns: why there is no such unit.
    private func absence(of key: SQLValue, _ population: Population) async throws(SourceFailure) -> String? {
        guard let unit = population.unit, let parent = graph[unit.parent] else { return nil }
        let isThere = try await machine.reading(parent.relation.database) { connection throws(MachineError) in
            let name = unit.key.quotedName
            return try !connection.rows(
                """
                SELECT 1 FROM main.\(parent.relation.table.quotedName) AS here
                WHERE here.\(name) = ?1 AND here.\(name) COLLATE BINARY = ?1 LIMIT 1
                """, [key]
            ).isEmpty
        }
        return isThere ? nil : "it names a unit that '\(parent.name)' does not have"
    }

    private static func replay(
        _ item: Item, _ dataset: Dataset, _ population: Population, _ connection: any ChangingConnection,
        _ redact: (String) -> String, _ now: Int64
    ) throws(MachineError) -> Result<Replay, SourceFailure> {
        let ledger = try WorkLedger(dataset.name, writing: connection)
        guard try Self.take(item, connection) else {
            return .failure(SourceFailure(.constraint, "'\(item.name)' is not set aside any more"))
        }
        if item.isUnit {
            var entry = try ledger.entry(item.unit) ?? WorkLedger.Entry(state: .pending)
            entry.state = .pending
            entry.nextAttempt = nil
            try ledger.set(item.unit, entry, at: now)
            try ledger.recount()
            return .success(.pending)
        }
        // What is taken so is put back: whoever replays is in a savepoint.
        guard !QuarantinedContent.isRedacted(item.content) else {
            return .failure(
                SourceFailure(
                    .configuration,
                    "the row held the value of a secret, which is not kept; it stays set aside until its unit is made again"
                ))
        }
        guard let form = try TableForm(dataset.relation.table, on: connection) else {
            return .failure(SourceFailure(.dependency, "the table '\(dataset.relation.table)' does not exist"))
        }
        guard let row = KeptRow.read(item.content) else {
            return .failure(SourceFailure(.parse, "what is kept of '\(item.name)' is no row"))
        }
        do throws(SourceFailure) {
            let writer = try RowWriter(form, population, on: connection)
            let column =
                try population.unit.map { unit throws(SourceFailure) in
                    try RowWriter.unitColumn(unit, in: form)
                } ?? nil
            let isAppended = population.unit == nil && population.write == .append
            return try Self.write(row, item, column, writer, ledger, redact, now) { () throws(MachineError) in
                if isAppended { try Self.addToProof(form, ledger, connection) }
            }
        } catch {
            return .failure(error)
        }
    }

    private static func write(
        _ row: SourceRow, _ item: Item, _ unitColumn: String?, _ writer: RowWriter, _ ledger: WorkLedger,
        _ redact: (String) -> String, _ now: Int64, _ note: () throws(MachineError) -> Void
    ) throws(SourceFailure) -> Result<Replay, SourceFailure> {
        do throws(MachineError) {
            var cells = row.cells
            if let unitColumn { cells.set(unitColumn, item.unit) }
            var bad = try writer.missingOwnRow(cells, isWritten: false)
            if bad == nil {
                switch try writer.write(cells) {
                case .written: break
                case .leftOut:
                    bad = RowWriter.BadRow(kind: .constraint, message: "a trigger of the table leaves it out")
                case .bad(let reason): bad = reason
                }
            }
            if let bad {
                try ledger.quarantine(item.unit, bad.kind, redact(bad.message), content: item.content, at: item.time)
                return .success(.refused(redact(bad.message)))
            }
            try note()
            if var entry = try ledger.entry(item.unit) {
                entry.rowCount += 1
                try ledger.set(item.unit, entry, at: now)
            }
            try ledger.raiseGeneration()
            try ledger.recount()
            return .success(.written)
        } catch {
            throw SourceFailure(error)
        }
    }

    /// The row that was just written is one of ours.
    private static func addToProof(
        _ form: TableForm, _ ledger: WorkLedger, _ connection: any SQLConnection
    ) throws(MachineError) {
        var memory = try ledger.memory()
        guard var proof = memory.proof else { return }
        memory.proof = try proof.addLastRow(of: form, on: connection) ? proof : nil
        try ledger.remember(memory)
    }

    /// Gives an item up: a unit then counts as done, without rows.
    public func discard(_ item: Item) async throws(SourceFailure) {
        guard let dataset = graph[item.dataset] else { return }
        let now = machine.now
        try await changing(dataset) { connection throws(MachineError) in
            // That a new table was begun must not be said of one that is gone.
            let ledger =
                item.isOfNewTable
                ? WorkLedger(item.ledger, reading: connection)
                : try WorkLedger(dataset.name, writing: connection)
            guard try Self.take(item, connection) else { return }
            if item.isUnit, try !ledger.isKnown() {
                try ledger.forget(item.unit)
            } else if item.isUnit, var entry = try ledger.entry(item.unit) {
                entry.state = .done
                try ledger.set(item.unit, entry, at: now)
            }
            try ledger.recount()
        }
    }

    private static func take(_ item: Item, _ connection: any SQLConnection) throws(MachineError) -> Bool {
        try !connection.rows(
            "DELETE FROM _selfheal_quarantine WHERE id = ? AND dataset = ? RETURNING id",
            [.integer(item.id), .text(item.ledger)]
        ).isEmpty
    }

    private func changing<Value: Sendable>(
        _ dataset: Dataset, _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(SourceFailure) -> Value {
        do throws(MachineError) {
            return try await machine.changeDatabase(dataset.relation.database, body)
        } catch {
            throw error == .cancelled ? .stopped : SourceFailure(error)
        }
    }
}
