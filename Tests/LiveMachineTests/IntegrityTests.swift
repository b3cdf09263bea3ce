import HealKit
import HealModel
import Testing

@testable import LiveMachine

/// What SQLite's examination says is told apart by what it means.
@Suite struct IntegrityTests {
    @Test func sentences() {
        let report = IntegrityReport([
            "*** in database main ***\nOn tree page 4 cell 35: Rowid 1 out of order\nPage 7 is never used",
            "row 6 missing from index a b", "row 20 missing from index a b", "wrong # of entries in index u",
            "non-unique entry in index u", "rowid not at end-of-record for row 7 of index late",
            "row 5 values differ from index x", "NULL value in t.a", "non-INTEGER value in t.b",
            "CHECK constraint failed in t", "row not in PRIMARY KEY order for w", "something new", "ok",
        ])
        #expect(report.indexes == ["a b": 2, "u": 2, "late": 1, "x": 1])
        #expect(report.rows == ["NULL value in t.a", "non-INTEGER value in t.b", "CHECK constraint failed in t"])
        #expect(
            report.damage == [
                "On tree page 4 cell 35: Rowid 1 out of order", "Page 7 is never used",
                "row not in PRIMARY KEY order for w", "something new",
            ])
        #expect(!report.isSound && !report.isReadable)
        #expect(IntegrityReport(["ok"]).isSound && IntegrityReport([]).isSound)
        #expect(IntegrityReport(["row 6 missing from index i"]).isReadable)
    }

    /// As SQLite itself says it, of a database made for it.
    @Test(arguments: IntegrityReport.Depth.allCases) func whatSQLiteSays(_ depth: IntegrityReport.Depth) async throws {
        let sandbox = try Sandbox()
        let file = sandbox.path("a.db")
        try await Databases.plain(file, rows: 100)
        try await OtherProcess.sqlite(
            file,
            """
            CREATE INDEX i ON t (text);
            CREATE TABLE c (a); INSERT INTO c VALUES (NULL), (NULL);
            PRAGMA writable_schema=ON; UPDATE sqlite_schema SET sql = 'CREATE TABLE c (a NOT NULL)' WHERE name = 'c';
            """)
        try await Damage.breakIndex("i", in: file, meanwhile: "DELETE FROM t WHERE id < 4")
        let report = try await sandbox.machine().readDatabase(path("a.db")) { connection throws(MachineError) in
            try IntegrityReport(examining: connection, depth)
        }
        #expect(report.rows == ["NULL value in c.a", "NULL value in c.a"])
        #expect(report.damage == [] && (report.indexes["i"] != nil) == (depth == .full))
    }

    /// Neither a broken index nor a row that breaks a constraint keeps anything else from being healed.
    @Test func whatIsNoDamageIsNotInTheWay() async throws {
        let sandbox = try Sandbox()
        let file = sandbox.path("a.db")
        try await Databases.plain(file, rows: 100)
        try await OtherProcess.sqlite(
            file,
            """
            CREATE INDEX i ON t (text);
            CREATE TABLE c (a CHECK (a > 0)); PRAGMA ignore_check_constraints=ON; INSERT INTO c VALUES (-1), (-2);
            """)
        try await Damage.breakIndex("i", in: file, meanwhile: "DELETE FROM t WHERE id < 4")
        let reports = try await sandbox.machine().changeDatabase(path("a.db")) { connection throws(MachineError) in
            let before = try IntegrityReport(examining: connection, .full)
            try connection.execute("REINDEX main.i")
            return [before, try IntegrityReport(examining: connection, .full)]
        }
        #expect(reports.map { $0.indexes.isEmpty } == [false, true])
        #expect(reports.allSatisfy { $0.isReadable && $0.rows.count == 2 })
    }
}
