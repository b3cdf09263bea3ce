import Datasets
import Foundation
import HealKit
import HealModel
import LiveMachine
import Testing

@Suite struct StatusTests {
    @Test(arguments: [
        ("", DatasetState.ready, "3+", String?.none),
        ("    volume: {min_rows: 3}\n", .ready, "3+", String?.none),
        ("    volume: {min_rows: 4}\n", .short, "3", "it has 3 rows, fewer than 4"),
        ("    volume: {expected_rows: 10}\n", .ready, "3", String?.none),
        ("    volume: {mode: exact}\n", .ready, "3", String?.none),
        ("    volume: {mode: exact, min_rows: 5}\n", .short, "3", "it has 3 rows, fewer than 5"),
        ("    volume: {mode: estimate}\n", .ready, "~7", String?.none),
        ("    volume: {mode: estimate, min_rows: 8}\n", .short, "~7", "it has ~7 rows, fewer than 8"),
    ])
    func rows(_ lines: String, _ state: DatasetState, _ rows: String, _ reason: String?) async throws {
        let place = try Place()
        // The highest rowid says more than there are.
        try await place.make("app.db", "CREATE TABLE t (x); INSERT INTO t (rowid, x) VALUES (1, 1), (2, 2), (7, 3)")
        let status = try await place.status(lines.replacing("3+", with: ""))
        #expect(status.state == state)
        #expect(status.reason == reason)
        let shown = rows == "3+" && lines.isEmpty ? "1+" : rows
        #expect(status.rows?.description == shown)
        #expect(status.isPopulated == (state == .ready))
    }

    @Test func statistics() async throws {
        let place = try Place()
        try await place.make(
            "app.db",
            """
            CREATE TABLE t (x PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES (1), (2), (3);
            CREATE INDEX i ON t (x)
            """)
        // Neither statistics nor a rowid: counted after all, up to what is needed.
        #expect(try await place.status("    volume: {mode: estimate, min_rows: 2}\n").rows == .moreThan(2))
        try await place.change("app.db", "ANALYZE; INSERT INTO t VALUES (4)")
        #expect(try await place.status("    volume: {mode: estimate}\n").rows == .about(3))
        try await place.change("app.db", "DELETE FROM t")
        #expect(try await place.status("    volume: {mode: estimate}\n").state == .empty)
    }

    @Test(arguments: [
        ("CREATE TABLE t (x)", DatasetState.empty, "it has no rows" as String?),
        ("CREATE TABLE other (x)", .missing, "there is no table or view 't' in app.db"),
        ("CREATE TABLE T (x); INSERT INTO t VALUES (1)", .ready, String?.none),
        ("CREATE TABLE u (x); INSERT INTO u VALUES (1); CREATE VIEW t AS SELECT * FROM u", .ready, String?.none),
        ("CREATE VIEW t AS SELECT * FROM gone", .unknown, "its rows cannot be counted: no such table: main.gone"),
        ("CREATE VIRTUAL TABLE t USING fts5(x); INSERT INTO t VALUES ('a')", .ready, String?.none),
        ("CREATE TABLE t (x PRIMARY KEY) WITHOUT ROWID; INSERT INTO t VALUES (1)", .ready, String?.none),
    ])
    func relations(_ sql: String, _ state: DatasetState, _ reason: String?) async throws {
        let place = try Place()
        try await place.make("app.db", sql)
        let status = try await place.status()
        #expect(status.state == state)
        #expect(status.reason == reason)
    }

    @Test func noDatabase() async throws {
        let place = try Place()
        let status = try await place.status()
        #expect(status.state == .missing)
        #expect(status.reason == "the database app.db does not exist")
        #expect(status.isDatabaseMissing)
        #expect(status.health?.value == 0)
        #expect(!status.isPopulated)
    }

    @Test func notADatabase() async throws {
        let place = try Place()
        try Data(repeating: 65, count: 5000).write(to: URL(filePath: place.root + "/app.db"))
        let status = try await place.status()
        #expect(status.state == .unknown)
        #expect(status.reason == "app.db: is not a SQLite database (or is encrypted)")
        #expect(status.health == nil)
    }

    /// A damaged page of one table says nothing about another.
    @Test func damagedTable() async throws {
        let place = try Place()
        try await place.make(
            "app.db",
            """
            CREATE TABLE t (x); CREATE TABLE u (x); INSERT INTO u VALUES (1);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO t SELECT printf('%0200d', i) FROM n
            """)
        let size = 4096
        let file = try FileHandle(forUpdating: URL(filePath: place.root + "/app.db"))
        // Page 2 is the root of t.
        try file.seek(toOffset: UInt64(size))
        try file.write(contentsOf: Data(repeating: 0xAA, count: size))
        try file.close()
        let report = try await place.report(
            """
              t:
                relation: {database: app.db, table: t}
              u:
                relation: {database: app.db, table: u}
            """)
        #expect(report["t"]?.state == .unknown)
        #expect(report["t"]?.reason?.hasPrefix("its rows cannot be counted: is damaged") == true)
        #expect(report["u"]?.state == .ready)
    }

    @Test func lockedDatabase() async throws {
        let place = try Place()
        try await place.make("app.db", "CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        try await place.make("other.db", "CREATE TABLE o (x); INSERT INTO o VALUES (1)")
        let blocker = try Process.holding(place.root + "/app.db")
        defer { blocker.terminate() }
        let report = try await place.report(
            """
              d:
                relation: {database: app.db, table: t}
              o:
                relation: {database: other.db, table: o}
            """)
        #expect(report["d"]?.state == .unknown)
        #expect(report["d"]?.reason?.hasPrefix("app.db: is locked by another process") == true)
        #expect(report["o"]?.state == .ready)
    }

    /// Names that only quotes make names, in every statement that is made of them.
    @Test(arguments: [
        #"a "b" c"#, "select", "x'y", "t; DROP TABLE t", "日本", "-- no", "a\\b",
    ])
    func quoting(_ name: String) async throws {
        let place = try Place()
        let quoted = "\"" + name.replacing("\"", with: "\"\"") + "\""
        try await place.make(
            "app.db",
            "CREATE TABLE \(quoted) (id INTEGER PRIMARY KEY, \(quoted) TEXT NOT NULL); INSERT INTO \(quoted) VALUES "
                + "(1, '2023-11-14 22:00:00'), (2, '2023-11-14 21:00:00')")
        let yaml = "'" + name.replacing("'", with: "''") + "'"
        for mode in VolumeExpectation.Mode.allCases {
            let report = try await place.report(
                """
                  d:
                    relation: {database: app.db, table: \(yaml)}
                    volume: {mode: \(mode.rawValue), expected_rows: 9}
                    freshness: {loaded_at_field: \(yaml), error_after: 9000d}
                    checks: [{unique: [\(yaml)]}, {not_null: [\(yaml)]}]
                """)
            let status = try #require(report["d"])
            #expect(status.state == .ready, "\(status.reason ?? "")")
            #expect(status.lastUpdated == 1_699_999_200_000)
            #expect(status.checks.allSatisfy { $0.holds })
        }
    }

    // MARK: Freshness

    @Test(arguments: [
        ("'2023-11-14 22:13:20'", Int64?(1_700_000_000_000)),
        ("'2023-11-14T22:13:20.250Z'", 1_700_000_000_250),
        ("'2023-11-14'", 1_699_920_000_000),
        ("1700000000", 1_700_000_000_000),
        ("1700000000.5", 1_700_000_000_500),
        ("1700000000250", 1_700_000_000_250),
        ("'1700000000'", 1_700_000_000_000),
        ("NULL", Int64?.none),
        ("'yesterday'", Int64?.none),
        ("x'00'", Int64?.none),
    ])
    func moments(_ literal: String, _ expected: Int64?) async throws {
        let place = try Place()
        try await place.make("app.db", "CREATE TABLE t (at); INSERT INTO t VALUES (\(literal))")
        let status = try await place.status("    freshness: {loaded_at_field: at, error_after: 1h}\n")
        #expect(status.lastUpdated == expected)
        #expect(status.state == (expected == nil ? .unknown : .stale))
        if expected == nil { #expect(status.reason == "none of its rows says when it came") }
    }

    @Test(arguments: [
        (10, DatasetState.ready, 1.0, []),
        (5400, .ready, 0.75, ["its newest row is 90m old, past 1h"]),
        (9000, .stale, 0.5, []),
        // A clock that is ahead does no harm.
        (-500, .ready, 1, []),
    ])
    func ages(_ seconds: Int64, _ state: DatasetState, _ health: Double, _ warnings: [String]) async throws {
        let place = try Place()
        let at = place.machine.now - seconds * 1000
        try await place.make("app.db", "CREATE TABLE t (at); INSERT INTO t VALUES (\(at)), (5)")
        let status = try await place.status(
            "    freshness: {loaded_at_query: SELECT max(at) FROM t, warn_after: 1h, error_after: 2h}\n")
        #expect(status.state == state)
        #expect(status.health?.value == health)
        #expect(status.warnings == warnings)
        if state == .stale { #expect(status.reason == "its newest row is 2h old, past 2h") }
    }

    @Test(arguments: [
        ("loaded_at_field: nosuch", "how old it is cannot be told: no such column: here.nosuch"),
        ("loaded_at_query: SELECT nosuch FROM t", "how old it is cannot be told: no such column: nosuch"),
        ("loaded_at_query: SELECT 1 WHERE 0", "none of its rows says when it came"),
    ])
    func noAge(_ source: String, _ reason: String) async throws {
        let place = try Place()
        try await place.make("app.db", "CREATE TABLE t (at); INSERT INTO t VALUES (1)")
        let status = try await place.status("    freshness: {\(source), error_after: 1h}\n")
        #expect(status.state == .unknown)
        #expect(status.reason == reason)
        // Where only a warning hangs on it, it is no more than that.
        #expect(try await place.status("    freshness: {\(source), warn_after: 1h}\n").state == .ready)
    }

    // MARK: Checks

    @Test(arguments: [
        ("{sql: SELECT count(*) > 1 FROM t}", true), ("{sql: SELECT 0}", false), ("{sql: SELECT NULL}", false),
        ("{sql: SELECT 1 WHERE 0}", false), ("{sql: SELECT 0.5}", true), ("{sql: \"SELECT '0'\"}", false),
        ("{sql: \"SELECT '2 '\"}", false), ("{sql: \"SELECT 1; \"}", true),
        ("{unique: [id]}", true), ("{unique: [kind]}", false), ("{unique: [kind, name]}", true),
        ("{unique: [rare]}", true), ("{unique: [NAME]}", true),
        ("{not_null: [id, name]}", true), ("{not_null: [rare]}", false),
    ])
    func checks(_ check: String, _ holds: Bool) async throws {
        let place = try Place()
        try await place.make(
            "app.db",
            """
            CREATE TABLE t (id INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, kind TEXT, rare);
            INSERT INTO t VALUES (1, 'a', 'x', NULL), (2, 'b', 'x', NULL), (3, 'c', 'y', 5)
            """)
        let status = try await place.status("    checks: [\(check)]\n")
        #expect(status.checks.map(\.holds) == [holds])
        #expect(status.checks[0].reason == nil)
        #expect(status.state == (holds ? .ready : .invalid))
        #expect(status.health?.parts.map(\.value) == [1, holds ? 1 : 0])
        let mild = try await place.status("    checks: [\(check.dropLast()), severity: warning}]\n")
        #expect(mild.state == .ready)
        #expect(mild.warnings.count == (holds ? 0 : 1))
    }

    @Test(arguments: [
        ("{sql: SELECT nosuch FROM t, name: c}", "no such column: nosuch"),
        ("{sql: DELETE FROM t, name: c}", "the SQL would write"),
        ("{sql: WITH a AS (SELECT 1) DELETE FROM t, name: c}", "the SQL would write"),
        ("{sql: 'SELECT 1; SELECT 2', name: c}", "there is more than one statement in the SQL text"),
        (
            "{sql: COMMIT, name: c}",
            "not allowed here: it would end the transaction, reach another file or change how the database is kept"
        ),
        ("{unique: [nosuch], name: c}", "no such column: here.nosuch"),
        ("{unique: [id, nosuch], name: c}", "no such column: here.nosuch"),
        ("{not_null: [nosuch], name: c}", "no such column: here.nosuch"),
        ("{sql: SELECT 'a' || ? FROM t, name: c}", "the number of arguments is not that of the statement's parameters"),
    ])
    func checksThatCannotBeLookedAt(_ check: String, _ reason: String) async throws {
        let place = try Place()
        try await place.make("app.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, a UNIQUE); INSERT INTO t VALUES (1, 2)")
        let status = try await place.status("    checks: [\(check)]\n")
        #expect(status.state == .unknown)
        #expect(status.reason == "the check 'c' cannot be looked at: \(reason)")
        #expect(try await place.status().state == .ready)
    }

    /// It would go on for ever. What comes after it is looked at all the same.
    @Test(.timeLimit(.minutes(1))) func endlessCheck() async throws {
        let place = try Place()
        try await place.make("app.db", "CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        let status = try await place.status(
            "    checks: [{sql: \(endless), name: endless}, {sql: SELECT 1}]\n",
            StatusOptions(timeLimit: .milliseconds(200)))
        #expect(status.state == .unknown)
        #expect(status.reason == "the check 'endless' cannot be looked at: took longer than 0.2 s; an index may help")
        #expect(status.checks.map(\.holds) == [false, true])
    }

    // MARK: Together

    @Test func dependencies() async throws {
        let place = try Place()
        try await place.make(
            "app.db",
            "CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x); INSERT INTO b VALUES (1); CREATE VIEW fine AS SELECT * FROM b"
        )
        let report = try await place.report(
            """
              c: {relation: {database: app.db, table: c}, depends_on: [b], required: false}
              b: {relation: {database: app.db, table: b}, depends_on: [a, gone], weight: 3}
              a: {relation: {database: app.db, table: a}}
              gone: {relation: {database: no.db, table: x}, required: false}
              fine: {relation: {database: app.db, table: fine}, weight: 4}
            """)
        #expect(report.statuses.map(\.name) == ["a", "gone", "fine", "b", "c"])
        #expect(report["b"]?.state == .waiting)
        #expect(report["b"]?.reason == "'a' and 1 more is not ready")
        #expect(report["b"]?.waitsFor == ["a", "gone"])
        // Its own fault comes first.
        #expect(report["c"]?.state == .empty)
        #expect(report["c"]?.areDependenciesMet == false)
        #expect(report.readiness == 0.5)
        #expect(report.readyCount == 1)
        #expect(report.required.count == 3)
        #expect(report.missing == ["a", "b"])
        #expect(
            report.blocking == [
                ReadinessReport.Blocking(
                    name: "a", reason: "it has no rows, and nothing is stated that populates it", blocks: ["b", "c"]),
                ReadinessReport.Blocking(
                    name: "gone", reason: "the database no.db does not exist, and nothing is stated that populates it",
                    blocks: ["b", "c"]),
                ReadinessReport.Blocking(
                    name: "c", reason: "it has no rows, and nothing is stated that populates it", blocks: []),
            ])
    }

    /// Never 100 % of nothing.
    @Test(arguments: [
        ("  d: {relation: {database: app.db, table: t}, required: false}\n", Double?.none),
        ("  d: {relation: {database: app.db, table: t}, weight: 0}\n", 1.0),
        (
            "  d: {relation: {database: app.db, table: t}, weight: 0}\n"
                + "  e: {relation: {database: app.db, table: e}, weight: 0}\n", 0.5
        ),
    ])
    func readiness(_ manifest: String, _ expected: Double?) async throws {
        let place = try Place()
        try await place.make("app.db", "CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        #expect(try await place.report(manifest).readiness == expected)
    }

    /// Sums of tenths are not quite one.
    @Test func allIsOne() async throws {
        let place = try Place()
        let tables = (0..<10).map { "CREATE TABLE t\($0) (x); INSERT INTO t\($0) VALUES (1);" }.joined()
        try await place.make("app.db", tables)
        let all = (0..<10).map { "  d\($0): {relation: {database: app.db, table: t\($0)}, weight: 0.1}\n" }.joined()
        #expect(try await place.report(all).readiness == 1)
    }

    /// Looking leaves no trace.
    @Test(arguments: ["DELETE", "WAL"]) func nothingIsChanged(_ mode: String) async throws {
        let place = try Place()
        try await place.make("app.db", "CREATE TABLE t (x); INSERT INTO t VALUES (1)")
        if mode == "WAL" {
            try await place.machine.setJournalMode(of: try ResourcePath("app.db"), to: .wal, expecting: .delete)
        }
        let path = place.root + "/app.db"
        let before = try Data(contentsOf: URL(filePath: path))
        #expect(try await place.status("    checks: [{unique: [x]}, {sql: DELETE FROM t}]\n").state == .unknown)
        #expect(try Data(contentsOf: URL(filePath: path)) == before)
        #expect(try FileManager.default.contentsOfDirectory(atPath: place.root).sorted() == ["app.db"])
    }
}

extension Process {
    /// Holds an exclusive lock on a database until it is ended.
    static func holding(_ path: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/python3")
        process.arguments = [
            "-c",
            """
            import sqlite3, sys, time
            connection = sqlite3.connect(sys.argv[1], isolation_level=None)
            connection.execute("BEGIN EXCLUSIVE")
            print("ready", flush=True)
            time.sleep(60)
            """, path,
        ]
        let output = Pipe()
        process.standardOutput = output
        try process.run()
        _ = output.fileHandleForReading.availableData
        return process
    }
}
