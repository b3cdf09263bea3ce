import Datasets
import HealKit
import HealModel

/// What was done of a dataset's work, in the database that its rows are in, and in the transaction that they are written in.
struct WorkLedger {
    /// As `_selfheal_units.state`.
    enum State: String, Sendable {
        case pending, running, done, failed, quarantined
    }

    /// What is known of a unit.
    struct Entry: Sendable, Hashable {
        var state: State
        var rowCount = 0
        var attempts = 0
        var failure: FailureClass?
        var message: String?
        /// Milliseconds since 1970.
        var nextAttempt: Int64?
        var version: SQLValue = .null
    }

    /// The unit of a dataset that is made as a whole.
    static let whole = SQLValue.text("")

    let dataset: String
    private let connection: any SQLConnection
    /// Whether the tables are known to be there: looking for them takes longer than most of what they are asked.
    private let isThere: Bool

    /// A ledger that is there, or is not: then nothing is known of any unit.
    init(_ dataset: String, reading connection: any SQLConnection, isThere: Bool = false) {
        self.dataset = dataset
        self.connection = connection
        self.isThere = isThere
    }

    /// Makes the tables if they are missing, and what earlier versions did not make of them.
    init(
        _ dataset: String, writing connection: any ChangingConnection, isThere: Bool = false
    ) throws(MachineError) {
        self.init(dataset, reading: connection, isThere: isThere)
        switch try shape() {
        case .none: for statement in LedgerTables.statements { try connection.execute(statement) }
        case .old: try Self.complete(connection)
        case .current: break
        }
        // One that is there stays what it is, also without an incarnation: children remember it so.
        _ = try connection.rows(
            "INSERT OR IGNORE INTO _selfheal_datasets (dataset, incarnation) VALUES (?, lower(hex(randomblob(8))))",
            [.text(dataset)])
    }

    private static func complete(_ connection: any ChangingConnection) throws(MachineError) {
        let there = try connection.rows("SELECT name FROM pragma_table_info(?, 'main')", [.text(LedgerTables.datasets)])
            .compactMap { $0.first?.text }
        for addition in LedgerTables.additions where !there.contains(addition.column) {
            try connection.execute(
                "ALTER TABLE main.\(LedgerTables.datasets) ADD COLUMN \(addition.column) \(addition.definition)")
        }
    }

    /// Whether it was ever said that something is done of it.
    func isKnown() throws(MachineError) -> Bool {
        guard try exists() else { return false }
        return try !connection.rows("SELECT 1 FROM _selfheal_datasets WHERE dataset = ?", [.text(dataset)]).isEmpty
    }

    enum Shape {
        case none
        /// As earlier versions made it: without some columns.
        case old
        case current
    }

    func shape() throws(MachineError) -> Shape {
        if isThere { return .current }
        let found = try connection.rows(LedgerTables.query).first ?? []
        guard found.first?.integer == 3 else { return .none }
        return found.last?.integer == 1 ? .current : .old
    }

    func exists() throws(MachineError) -> Bool { try shape() != .none }

    // MARK: Units

    /// - Returns: `nil` when it was never done, nor tried.
    func entry(_ unit: SQLValue) throws(MachineError) -> Entry? {
        let found = try connection.rows(
            """
            SELECT state, row_count, attempts, class, message, next_attempt, version FROM _selfheal_units
            WHERE dataset = ? AND unit = ?
            """, [.text(dataset), unit])
        guard let row = found.first, let state = row[0].text.flatMap(State.init) else { return nil }
        return Entry(
            state: state, rowCount: Int(row[1].integer ?? 0), attempts: Int(row[2].integer ?? 0),
            failure: row[3].text.flatMap(FailureClass.init), message: row[4].text, nextAttempt: row[5].integer,
            version: row[6])
    }

    /// Notes what became of a unit, and keeps the counters: what is set aside counts as done, since nothing is left to do for it.
    func set(_ unit: SQLValue, _ entry: Entry, at now: Int64) throws(MachineError) {
        let before = try self.entry(unit)
        _ = try connection.rows(
            """
            INSERT INTO _selfheal_units
              (dataset, unit, state, row_count, attempts, class, message, next_attempt, version, changed_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
            ON CONFLICT (dataset, unit) DO UPDATE SET
              state = excluded.state, row_count = excluded.row_count, attempts = excluded.attempts,
              class = excluded.class, message = excluded.message, next_attempt = excluded.next_attempt,
              version = excluded.version, changed_at = excluded.changed_at
            """,
            [
                .text(dataset), unit, .text(entry.state.rawValue), .integer(Int64(entry.rowCount)),
                .integer(Int64(entry.attempts)), entry.failure.map { .text($0.rawValue) } ?? .null,
                entry.message.map { .text($0) } ?? .null, entry.nextAttempt.map { .integer($0) } ?? .null,
                entry.version, .integer(now),
            ])
        try count(
            done: Self.change(before, entry, [.done, .quarantined]), failed: Self.change(before, entry, [.failed]),
            rows: entry.rowCount - (before?.rowCount ?? 0))
    }

    private static func change(_ before: Entry?, _ after: Entry, _ states: [State]) -> Int {
        (states.contains(after.state) ? 1 : 0) - (before.map { states.contains($0.state) } == true ? 1 : 0)
    }

    private func count(done: Int, failed: Int, rows: Int) throws(MachineError) {
        guard done != 0 || failed != 0 || rows != 0 else { return }
        _ = try connection.rows(
            """
            UPDATE _selfheal_datasets SET done = max(0, done + ?), failed = max(0, failed + ?),
              rows_written = max(0, rows_written + ?) WHERE dataset = ?
            """, [.integer(Int64(done)), .integer(Int64(failed)), .integer(Int64(rows)), .text(dataset)])
    }

    /// Says that units are being worked on. What is known of them stays.
    func claim(_ units: [Unit], at now: Int64) throws(MachineError) {
        for unit in units {
            var entry = try entry(unit.key) ?? Entry(state: .running)
            entry.state = .running
            try set(unit.key, entry, at: now)
        }
    }

    /// Units that nobody works on any more, because their run ended or was killed, are pending again.
    func release(at now: Int64) throws(MachineError) {
        _ = try connection.rows(
            "UPDATE _selfheal_units SET state = 'pending', changed_at = ? WHERE dataset = ? AND state = 'running'",
            [.integer(now), .text(dataset)])
    }

    /// Forgets what was done, so that all of it is pending again.
    func forgetAll() throws(MachineError) {
        _ = try connection.rows(
            "DELETE FROM _selfheal_units WHERE dataset = ? AND state <> 'quarantined'", [.text(dataset)])
        try recount()
    }

    /// Forgets everything, and that the dataset was ever populated.
    /// - Parameter keepsAside: whether what was set aside stays.
    func erase(keepsAside: Bool = false) throws(MachineError) {
        let others = keepsAside ? " AND state <> 'quarantined'" : ""
        _ = try connection.rows("DELETE FROM main.\(LedgerTables.units) WHERE dataset = ?\(others)", [.text(dataset)])
        for table in keepsAside ? [LedgerTables.datasets] : [LedgerTables.quarantine, LedgerTables.datasets] {
            _ = try connection.rows("DELETE FROM main.\(table) WHERE dataset = ?", [.text(dataset)])
        }
    }

    /// Forgets a unit that was set aside, of a table that is not there any more.
    func forget(_ unit: SQLValue) throws(MachineError) {
        _ = try connection.rows(
            "DELETE FROM _selfheal_units WHERE dataset = ? AND unit = ?", [.text(dataset), unit])
    }

    /// Takes over what is noted of the work on a new table.
    func take(over other: String) throws(MachineError) {
        for table in [LedgerTables.units, LedgerTables.quarantine] {
            _ = try connection.rows("DELETE FROM main.\(table) WHERE dataset = ?", [.text(dataset)])
            _ = try connection.rows(
                "UPDATE main.\(table) SET dataset = ? WHERE dataset = ?", [.text(dataset), .text(other)])
        }
        _ = try connection.rows(
            """
            UPDATE _selfheal_datasets SET (populated_at, unit_microseconds, unit_count) = (
              SELECT n.populated_at, _selfheal_datasets.unit_microseconds + n.unit_microseconds,
                _selfheal_datasets.unit_count + n.unit_count
              FROM _selfheal_datasets n WHERE n.dataset = ?2)
            WHERE dataset = ?1 AND EXISTS (SELECT 1 FROM _selfheal_datasets WHERE dataset = ?2)
            """, [.text(dataset), .text(other)])
        _ = try connection.rows("DELETE FROM _selfheal_datasets WHERE dataset = ?", [.text(other)])
        try recount()
    }

    /// Counts anew what the counters speak of.
    func recount() throws(MachineError) {
        _ = try connection.rows(
            """
            UPDATE _selfheal_datasets SET (done, failed, rows_written) = (
              SELECT count(*) FILTER (WHERE state IN ('done', 'quarantined')), count(*) FILTER (WHERE state = 'failed'),
                coalesce(sum(row_count), 0)
              FROM _selfheal_units WHERE dataset = ?1),
              quarantined = (SELECT count(*) FROM _selfheal_quarantine WHERE dataset = ?1)
            WHERE dataset = ?1
            """, [.text(dataset)])
    }

    /// Units that had failed before a run began, and were not to be tried then.
    /// - Returns: how many they are, when all of them may be tried, and of which class the failure is of the one that waits longest.
    func waiting(since began: Int64) throws(MachineError) -> (count: Int, until: Int64, kind: FailureClass)? {
        guard try exists() else { return nil }
        let found = try connection.rows(
            """
            SELECT count(*), max(next_attempt), class FROM _selfheal_units
            WHERE dataset = ? AND state = 'failed' AND changed_at < ? AND next_attempt > ?
            """, [.text(dataset), .integer(began), .integer(began)])
        guard let row = found.first, let count = row[0].integer, count > 0, let until = row[1].integer else {
            return nil
        }
        return (Int(count), until, row[2].text.flatMap(FailureClass.init) ?? .unknown)
    }

    // MARK: The dataset

    /// Notes that rows were written, or are gone: children that were made of them as a whole are stale.
    func raiseGeneration() throws(MachineError) {
        _ = try connection.rows(
            "UPDATE _selfheal_datasets SET generation = generation + 1 WHERE dataset = ?", [.text(dataset)])
    }

    /// Notes that work was done, and how long it took.
    func notePopulated(at now: Int64, units: Int, took: Duration) throws(MachineError) {
        let microseconds = took.components.seconds * 1_000_000 + took.components.attoseconds / 1_000_000_000_000
        _ = try connection.rows(
            """
            UPDATE _selfheal_datasets SET populated_at = ?, unit_microseconds = unit_microseconds + ?,
              unit_count = unit_count + ? WHERE dataset = ?
            """, [.integer(now), .integer(microseconds), .integer(Int64(units)), .text(dataset)])
    }

    /// The generation of the rows that are there.
    func generation() throws(MachineError) -> Generation {
        let shape = try shape()
        guard shape != .none else { return Generation() }
        let found = try connection.rows(
            "SELECT generation, \(shape == .current ? "incarnation" : "NULL") FROM _selfheal_datasets WHERE dataset = ?",
            [.text(dataset)])
        return Generation(found.first?.first?.integer ?? 0, of: found.first?.last?.text)
    }

    /// What is remembered of a dataset that was made as a whole.
    struct Memory: Sendable, Hashable {
        /// The generations of the parents.
        var parents: [String: Generation] = [:]
        /// What its rows were; `nil` where not all of them came from here.
        var proof: TableProof?
    }

    func memory() throws(MachineError) -> Memory {
        let shape = try shape()
        var memory = Memory()
        guard shape != .none else { return memory }
        let columns = shape == .current ? "parents, parent_incarnations, proof" : "parents, NULL, NULL"
        let row =
            try connection.rows("SELECT \(columns) FROM _selfheal_datasets WHERE dataset = ?", [.text(dataset)])
            .first ?? [.null, .null, .null]
        for member in Self.members(row[0]) {
            if case .integer(let number) = member.value { memory.parents[member.name] = Generation(number) }
        }
        for member in Self.members(row[1]) {
            if case .text(let incarnation) = member.value.sqlValue {
                memory.parents[member.name]?.incarnation = incarnation
            }
        }
        memory.proof = row[2].text.flatMap { TableProof($0) }
        return memory
    }

    private static func members(_ value: SQLValue) -> [JSONContent.Member] {
        guard let text = value.text, case .object(let members)? = try? JSONReader.read(text) else { return [] }
        return members
    }

    func remember(_ memory: Memory) throws(MachineError) {
        let parents = memory.parents.sorted { $0.key < $1.key }
        let numbers = parents.map { JSONContent.Member($0.key, .integer($0.value.number)) }
        let incarnations = parents.compactMap { name, generation in
            generation.incarnation.map { JSONContent.Member(name, JSONContent(.text($0))) }
        }
        _ = try connection.rows(
            "UPDATE _selfheal_datasets SET parents = ?, parent_incarnations = ?, proof = ? WHERE dataset = ?",
            [
                .text(JSONContent.object(numbers).text), .text(JSONContent.object(incarnations).text),
                memory.proof.map { .text($0.text) } ?? .null, .text(dataset),
            ])
    }

    // MARK: Quarantine

    /// Sets a row (or, with a unit's row, the whole unit) aside.
    func quarantine(
        _ unit: SQLValue, _ kind: FailureClass, _ message: String, content: String, at now: Int64
    ) throws(MachineError) {
        _ = try connection.rows(
            """
            INSERT INTO _selfheal_quarantine (dataset, unit, class, message, content, created_at)
            VALUES (?, ?, ?, ?, ?, ?)
            """, [.text(dataset), unit, .text(kind.rawValue), .text(message), .text(content), .integer(now)])
        try countQuarantined(1)
    }

    /// Whether the same row is set aside already.
    func isAside(_ unit: SQLValue, _ content: String) throws(MachineError) -> Bool {
        try !connection.rows(
            "SELECT 1 FROM _selfheal_quarantine WHERE dataset = ? AND unit = ? AND content = ? LIMIT 1",
            [.text(dataset), unit, .text(content)]
        ).isEmpty
    }

    /// What was set aside of a unit that is done again.
    func clearQuarantine(of unit: SQLValue) throws(MachineError) {
        let gone = try connection.rows(
            "DELETE FROM _selfheal_quarantine WHERE dataset = ? AND unit = ? RETURNING id", [.text(dataset), unit])
        try countQuarantined(-gone.count)
    }

    private func countQuarantined(_ change: Int) throws(MachineError) {
        guard change != 0 else { return }
        _ = try connection.rows(
            "UPDATE _selfheal_datasets SET quarantined = max(0, quarantined + ?) WHERE dataset = ?",
            [.integer(Int64(change)), .text(dataset)])
    }
}
