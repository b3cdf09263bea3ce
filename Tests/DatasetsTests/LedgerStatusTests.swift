import Datasets
import HealKit
import HealModel
import Testing

/// What the work ledger adds to what rows say.
@Suite struct LedgerStatusTests {
    static let manifest = """
          docs:
            relation: {database: app.db, table: docs}
          items:
            relation: {database: app.db, table: items}
            depends_on: [docs]
            populate: {command: [make]}
            unit: {parent: docs, key: id, version: v}
        """

    /// Ten documents, and rows made of some of them.
    private func place(done: Int = 0, failed: Int = 0, rowsWritten: Int = 0, rows: Int = 1) async throws -> Place {
        let place = try Place()
        try await place.make(
            "app.db",
            """
            CREATE TABLE docs (id TEXT PRIMARY KEY, v INTEGER); CREATE TABLE items (doc);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
            INSERT INTO docs SELECT 'd' || i, 1 FROM n;
            INSERT INTO items SELECT id FROM docs LIMIT \(rows)
            """)
        try await place.ledger(
            "app.db",
            """
            INSERT INTO _selfheal_datasets (dataset, generation, populated_at, done, failed, rows_written)
            VALUES ('items', 1, 1700000000000, \(done), \(failed), \(rowsWritten));
            INSERT INTO _selfheal_units (dataset, unit, state, row_count, version, changed_at)
            SELECT 'items', id, CASE WHEN rowid <= \(done) THEN 'done' ELSE 'failed' END, 1, v, 0
            FROM docs WHERE rowid <= \(done + failed)
            """)
        return place
    }

    @Test(arguments: [
        (10, 0, 10, 10, DatasetState.ready, String?.none, 1.0),
        (6, 0, 6, 6, .incomplete, "4 units are pending", 0.6),
        (6, 1, 6, 6, .incomplete, "3 units are pending, 1 have failed", 0.6),
        (9, 1, 9, 9, .incomplete, "1 have failed", 0.9),
        // Its rows are gone, whatever was done.
        (10, 0, 10, 0, .empty, "it has no rows", 0.0),
    ])
    func coverage(
        _ done: Int, _ failed: Int, _ written: Int, _ rows: Int, _ state: DatasetState, _ reason: String?,
        _ coverage: Double
    ) async throws {
        let place = try await place(done: done, failed: failed, rowsWritten: written, rows: rows)
        let status = try #require(
            try await place.report(Self.manifest, StatusOptions(looksAtUnits: true))["items"])
        #expect(status.state == state)
        #expect(status.reason == reason)
        let part = try #require(status.health?.parts.first { $0.dimension == .coverage })
        #expect(part.value == coverage)
        #expect(status.units?.isCounted == true)
        #expect(status.lastUpdated == 1_700_000_000_000)
        if rows == 0 { #expect(status.units?.pending == 10) }
    }

    /// Without looking at each unit, as many parents' rows are counted as tell that there is one more.
    @Test func counters() async throws {
        let place = try await place(done: 6, rowsWritten: 6, rows: 6)
        let status = try #require(try await place.report(Self.manifest)["items"])
        #expect(status.state == .incomplete)
        #expect(status.reason == "1 or more units are pending")
        #expect(status.units == UnitProgress(done: 6, failed: 0, pending: 1, isCounted: false))
        try await place.change("app.db", "DELETE FROM docs WHERE rowid > 6")
        #expect(try await place.report(Self.manifest)["items"]?.state == .ready)
    }

    /// A look at the counters does not see them; a look at the units does.
    @Test(arguments: [
        ("UPDATE docs SET v = 2 WHERE rowid <= 2", 2),
        ("DELETE FROM docs WHERE rowid <= 3; INSERT INTO docs VALUES ('new1', 1), ('new2', 1)", 2),
        ("UPDATE _selfheal_units SET state = 'running' WHERE unit = 'd1'", 1),
        ("UPDATE _selfheal_units SET version = NULL WHERE unit = 'd1'", 1),
        // A row without a key is no unit, but nothing is made of it.
        ("INSERT INTO docs VALUES (NULL, 1)", 0),
    ])
    func changedUnits(_ sql: String, _ pending: Int) async throws {
        let place = try await place(done: 10, rowsWritten: 10, rows: 10)
        try await place.change("app.db", sql)
        let status = try #require(try await place.report(Self.manifest, StatusOptions(looksAtUnits: true))["items"])
        #expect(status.units?.pending == pending)
        #expect(status.state == (pending == 0 ? .invalid : .incomplete))
        #expect(status.keys == (pending == 0 ? KeyFaults(keyless: 1) : nil))
    }

    /// Keys keep their type.
    @Test func keysOfNumbers() async throws {
        let place = try Place()
        try await place.make(
            "app.db",
            "CREATE TABLE docs (id INTEGER PRIMARY KEY, v); CREATE TABLE items (doc); INSERT INTO docs VALUES "
                + "(1, 1), (2, 1); INSERT INTO items VALUES (1)")
        try await place.ledger(
            "app.db",
            """
            INSERT INTO _selfheal_datasets (dataset, done, rows_written) VALUES ('items', 2, 1);
            INSERT INTO _selfheal_units (dataset, unit, state, version, changed_at)
            VALUES ('items', 1, 'done', 1, 0), ('items', 2, 'done', 1, 0)
            """)
        let status = try #require(try await place.report(Self.manifest, StatusOptions(looksAtUnits: true))["items"])
        #expect(status.units == UnitProgress(done: 2, failed: 0, pending: 0, isCounted: true))
        #expect(status.state == .ready)
    }

    @Test func quarantine() async throws {
        let place = try await place(done: 9, rowsWritten: 9, rows: 9)
        try await place.change(
            "app.db",
            """
            INSERT INTO _selfheal_units (dataset, unit, state, version, changed_at)
            VALUES ('items', 'd10', 'quarantined', 1, 0);
            INSERT INTO _selfheal_quarantine (dataset, unit, class, message, content, created_at)
            VALUES ('items', 'd10', 'parse', 'm', '{}', 0), ('items', 'd1', 'constraint', 'm', '{}', 0);
            -- What is set aside counts as done.
            UPDATE _selfheal_datasets SET quarantined = 2, done = 10 WHERE dataset = 'items'
            """)
        for looks in [false, true] {
            let status = try #require(
                try await place.report(Self.manifest, StatusOptions(looksAtUnits: looks))["items"])
            #expect(status.state == .ready)
            #expect(status.units == UnitProgress(done: 9, failed: 0, quarantined: 1, pending: 0, isCounted: looks))
            #expect(status.warnings == ["2 in quarantine"])
        }
    }

    /// The parent's rows are in another file.
    @Test func otherDatabase() async throws {
        let place = try Place()
        try await place.make(
            "docs.db",
            """
            CREATE TABLE docs (id TEXT PRIMARY KEY, v INTEGER);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10)
            INSERT INTO docs SELECT 'd' || i, 1 FROM n
            """)
        try await place.make("app.db", "CREATE TABLE items (doc); INSERT INTO items VALUES (1)")
        try await place.ledger(
            "app.db", "INSERT INTO _selfheal_datasets (dataset, done, rows_written) VALUES ('items', 7, 1)")
        let manifest = Self.manifest.replacing(
            "{database: app.db, table: docs}", with: "{database: docs.db, table: docs}")
        #expect(try await place.report(manifest)["items"]?.reason == "1 or more units are pending")
        try await place.change("app.db", "UPDATE _selfheal_datasets SET done = 10")
        #expect(try await place.report(manifest)["items"]?.state == .ready)
    }

    /// Whoever filled it without us keeps no ledger, and owes none.
    @Test func noLedger() async throws {
        let place = try Place()
        try await place.make(
            "app.db",
            "CREATE TABLE docs (id, v); CREATE TABLE items (doc); INSERT INTO docs VALUES (1, 1); "
                + "INSERT INTO items VALUES (1)")
        let status = try #require(try await place.report(Self.manifest)["items"])
        #expect(status.state == .ready)
        #expect(status.units == nil && status.ledger == nil && status.lastUpdated == nil)
    }

    @Test(arguments: [
        (#"{"a": 3, "b": 1}"#, 3, 1, DatasetState.ready, String?.none),
        (#"{"a": 2, "b": 1}"#, 3, 1, .stale, "'a' got new rows since it was made"),
        (#"{"a": 2}"#, 3, 1, .stale, "'a' and 1 more got new rows since it was made"),
        (#"{}"#, 0, 0, .ready, String?.none),
        ("not JSON", 1, 0, .stale, "'a' got new rows since it was made"),
    ])
    func generations(
        _ parents: String, _ a: Int, _ b: Int, _ state: DatasetState, _ reason: String?
    ) async throws {
        let place = try Place()
        try await place.make(
            "app.db",
            "CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x); INSERT INTO a VALUES (1); "
                + "INSERT INTO b VALUES (1); INSERT INTO c VALUES (1)")
        try await place.ledger(
            "app.db",
            """
            INSERT INTO _selfheal_datasets (dataset, generation, populated_at, parents)
            VALUES ('a', \(a), 1, '{}'), ('b', \(b), 1, '{}'), ('c', 1, 1, '\(parents)')
            """)
        let report = try await place.report(
            """
              a: {relation: {database: app.db, table: a}}
              b: {relation: {database: app.db, table: b}}
              c:
                relation: {database: app.db, table: c}
                depends_on: [a, b]
                populate: {sql: SELECT 1}
            """)
        #expect(report["c"]?.state == state)
        #expect(report["c"]?.reason == reason)
    }
}
