import Foundation
import HealKit
import HealModel
import ManifestShape
import Testing

/// What is planned for a damaged database, and for an index that does not hold what its table holds.
@Suite struct DamageTests {
    private static func tree(_ policy: String) -> Tree {
        ["a.db": ["tables": ["t": ["columns": ["a": "INT"]]], "on_corrupt": .scalar(policy, .string)]]
    }

    private func only(_ policy: String, _ machine: DiskMachine) async throws -> Finding {
        let findings = try await SQLitePluginTests.findings(Self.tree(policy), on: machine)
        #expect(findings.count == 1, "\(findings)")
        return try #require(findings.first)
    }

    private static let damaged = MachineError.DatabaseFault.damaged("page 3")

    /// Which repair there is for which fault, with a good backup and without one.
    @Test(
        arguments: [
            (damaged, "report", true, nil, "on_corrupt"), (damaged, "restore", true, "restore", "high"),
            (damaged, "restore", false, nil, "on_corrupt"), (damaged, "salvage", false, "salvage", "high"),
            (.truncated(expected: 2, actual: 1), "salvage", true, "salvage", "high"),
            (.empty, "salvage", true, nil, "on_corrupt"),
            (.empty, "restore", true, "restore", "high"), (.notADatabase, "salvage", true, nil, "on_corrupt"),
            (.notADatabase, "restore", true, "restore", "high"), (.newerFormat, "restore", true, nil, "newer SQLite"),
            (.permission, "restore", true, nil, "owner"),
        ] as [(MachineError.DatabaseFault, String, Bool, String?, String)])
    func repairs(
        _ fault: MachineError.DatabaseFault, _ policy: String, _ hasBackup: Bool, _ step: String?, _ hint: String
    ) async throws {
        let machine = try DiskMachine()
        try machine.sql("a.db", "CREATE TABLE t (a INT)")
        let backup = ".selfheal/backups/a.db/20260101T000000.000Z-run1.db"
        if hasBackup { try machine.sql(backup, "CREATE TABLE t (a INT)") }
        machine.make { $0.databases["a.db"] = fault }
        let finding = try await only(policy, machine)
        let database = try ResourcePath("a.db")
        switch step {
        case "restore":
            #expect(finding.repair?.steps == [.restoreDatabase(database: database, backup: try ResourcePath(backup))])
        case "salvage": #expect(finding.repair?.steps == [.salvageDatabase(database: database)])
        default: #expect(finding.repair == nil)
        }
        #expect(finding.hint?.contains(hint) == true, "\(finding.hint ?? "")")
        #expect(finding.message.contains("no good backup") == (policy == "restore" && !hasBackup))
    }

    @Test func notWhereTheFileHasAnotherName() async throws {
        let machine = try DiskMachine()
        try machine.sql("a.db", "CREATE TABLE t (a INT)")
        machine.make { $0.databases["a.db"] = Self.damaged }
        try FileManager.default.linkItem(atPath: machine.absolute("a.db"), toPath: machine.absolute("b.db"))
        #expect(try await only("salvage", machine).repair == nil)
        try FileManager.default.removeItem(atPath: machine.absolute("a.db"))
        try FileManager.default.createSymbolicLink(atPath: machine.absolute("a.db"), withDestinationPath: "b.db")
        let finding = try await only("salvage", machine)
        #expect(finding.repair == nil && finding.hint?.contains("symbolic link") == true)
    }

    /// Where the damaged database has its second name already, no empty one is made in its place.
    @Test func halfReplaced() async throws {
        let machine = try DiskMachine()
        try machine.sql("a.db.restored-20260101T000000.000Z.db", "CREATE TABLE t (a INT)")
        #expect(try await only("report", machine).id == "sqlite.file.missing")
        try machine.write("a.db.damaged-20260101T000000.000Z", "damaged")
        let finding = try await only("report", machine)
        #expect(finding.id == "sqlite.file.replacement")
        #expect(finding.repair?.steps == [.finishReplacement(database: try ResourcePath("a.db"))])
    }

    /// Of each kind of unique index the rows in the way are counted without asking the index.
    @Test(
        arguments: [
            ("CREATE UNIQUE INDEX u ON t (a)", "u", "because 2 groups"),
            ("CREATE UNIQUE INDEX u ON t (b COLLATE NOCASE)", "u", "because 1 group "),
            ("CREATE UNIQUE INDEX u ON t (a) WHERE id > 4", "u", "because 1 group "),
            ("CREATE UNIQUE INDEX u ON t (lower(b), id % 2)", "u", "because 1 group "),
            ("CREATE INDEX u ON t (a)", "u", nil), ("CREATE UNIQUE INDEX \"u \"\"1\" ON t (id)", "u \"1", nil),
        ] as [(String, String, String?)])
    func duplicates(_ sql: String, _ name: String, _ words: String?) async throws {
        let machine = try DiskMachine()
        try machine.sql("a.db", "CREATE TABLE t (id INTEGER PRIMARY KEY, a INT, b TEXT)", sql)
        let rows = "(1, 1, 'x'), (2, 1, 'y'), (3, NULL, 'X'), (5, 2, 'v'), (6, 2, 'w'), (7, NULL, NULL)"
        let quoted = name.replacing("\"", with: "\"\"")
        let root = try #require(
            try machine.rows("a.db", "SELECT rootpage FROM sqlite_schema WHERE type = 'index'").first?.first?.integer)
        // The rows are written while SQLite does not know of the index.
        try machine.sql("a.db", "PRAGMA writable_schema=ON", "DELETE FROM sqlite_schema WHERE type = 'index'")
        try machine.sql("a.db", "INSERT INTO t VALUES \(rows)")
        try machine.sql(
            "a.db", "PRAGMA writable_schema=ON",
            "INSERT INTO sqlite_schema VALUES ('index', '\(name)', 't', \(root), '\(sql.replacing("'", with: "''"))')")
        let columns: Tree = ["id": "INTEGER PRIMARY KEY", "a": "INT", "b": "TEXT"]
        let findings = try await SQLitePluginTests.findings(
            ["a.db": ["tables": ["t": ["columns": columns]], "integrity": "full"]], on: machine)
        let finding = try #require(findings.first { $0.id == "sqlite.index.broken" }, "\(findings)")
        #expect(finding.subject == "a.db.t.\(name)" && finding.severity == .critical)
        if let words {
            #expect(
                finding.message.contains(words) && finding.repair == nil && finding.hint != nil, "\(finding.message)")
        } else {
            #expect(
                finding.repair?.steps == [
                    .executeSQL(database: try ResourcePath("a.db"), statements: ["REINDEX main.\"\(quoted)\""])
                ])
            try machine.perform([finding])
            #expect(try machine.rows("a.db", "PRAGMA integrity_check") == [[.text("ok")]])
        }
    }
}
