import Foundation
import HealKit
import HealModel
import Testing

/// What stands in the place of a database is told apart, and nothing is done where something could be lost.
@Suite struct DatabaseFileTests {
    static let tree: Tree = ["app/data.db": ["tables": ["t": ["columns": ["a": "INT", "b": "TEXT"]]]]]

    private func only(_ machine: DiskMachine) async throws -> Finding {
        let findings = try await SQLitePluginTests.findings(Self.tree, on: machine)
        #expect(findings.count == 1, "\(findings)")
        return try #require(findings.first)
    }

    @Test(arguments: [
        (MachineError.DatabaseFault.empty, "sqlite.file.empty", false),
        (.notADatabase, "sqlite.file.not-a-database", false),
        (.truncated(expected: 8192, actual: 5000), "sqlite.file.truncated", false),
        (.damaged("page 3"), "sqlite.file.damaged", false),
        (.newerFormat, "sqlite.file.newer-format", false), (.permission, "sqlite.file.permission", false),
        (.hotJournal, "sqlite.file.journal", true), (.missing, "sqlite.file.missing", true),
    ])
    func faults(fault: MachineError.DatabaseFault, id: FindingID, isHealed: Bool) async throws {
        let machine = try DiskMachine()
        try machine.sql("app/data.db", "CREATE TABLE t (a INT, b TEXT)")
        machine.make { $0.databases["app/data.db"] = fault }
        let finding = try await only(machine)
        #expect(finding.id == id && finding.severity == .critical && finding.subject == "app/data.db")
        #expect((finding.repair != nil) == isHealed && (isHealed || finding.hint != nil))
        #expect(finding.message.contains("app/data.db"))
    }

    @Test func aJournalIsRolledBack() async throws {
        let machine = try DiskMachine()
        try machine.sql("app/data.db", "CREATE TABLE t (a INT)")
        machine.make { $0.databases["app/data.db"] = .hotJournal }
        let finding = try await only(machine)
        #expect(finding.repair?.steps == [.recoverJournal(database: try ResourcePath("app/data.db"))])
    }

    @Test(arguments: [
        MachineError.DatabaseFault.busy(waited: .seconds(30)), .readOnly, .diskFull, .io("disk I/O error"),
        .sql(code: 1, message: "no such table", offset: nil),
    ])
    func whatSaysNothingOfTheDatabaseIsThrown(fault: MachineError.DatabaseFault) async throws {
        let machine = try DiskMachine()
        try machine.sql("app/data.db", "CREATE TABLE t (a INT)")
        machine.make { $0.databases["app/data.db"] = fault }
        let (checks, _) = await SQLitePluginTests.checks(Self.tree, on: machine)
        await #expect(throws: MachineError.database(subject: "app/data.db", fault)) {
            _ = try await checks.first?.look(on: machine)
        }
    }

    @Test(arguments: [
        (FileStatus.Kind.directory, "app/data.db is a directory, not a database"),
        (.fifo, "app/data.db is a FIFO, not a database"),
        (.socket, "app/data.db is a socket, not a database"), (.other, "app/data.db is a special file, not a database"),
    ])
    func somethingElse(kind: FileStatus.Kind, message: String) async throws {
        let machine = try DiskMachine()
        try machine.write("app/data.db", "x")
        machine.make { $0.kinds["app/data.db"] = kind }
        let finding = try await only(machine)
        #expect(finding.id == "sqlite.file.kind" && finding.message == message && finding.repair == nil)
    }

    @Test func aLinkThatLeadsNowhere() async throws {
        let machine = try DiskMachine()
        try machine.write("app/x", "")
        try FileManager.default.createSymbolicLink(
            atPath: machine.absolute("app/data.db"), withDestinationPath: "gone.db")
        #expect(try await only(machine).message == "app/data.db is a symbolic link that leads nowhere, not a database")
    }

    @Test func aFileWhereTheDirectoryBelongs() async throws {
        let machine = try DiskMachine()
        try machine.write("app", "a file")
        let finding = try await only(machine)
        #expect(
            finding.id == "sqlite.file.kind" && finding.message == "app, where app/data.db belongs, is a regular file")
    }

    @Test func onlyMissingDirectoriesAreMade() async throws {
        let machine = try DiskMachine()
        #expect(try await only(machine).repair?.steps.count == 2)
        try machine.write("app/x", "")
        #expect(try await only(machine).repair?.steps.count == 1)
    }

    @Test func permissions() async throws {
        let machine = try DiskMachine()
        try machine.sql("app/data.db", "CREATE TABLE t (a INT)")
        machine.make { $0.unreadable = ["app/data.db"] }
        #expect(try await only(machine).id == "sqlite.file.permission")
        for path in ["app/data.db", "app"] {
            machine.make { ($0.unreadable, $0.unwritable) = ([], [path]) }
            let findings = try await SQLitePluginTests.findings(Self.tree, on: machine)
            #expect(findings.map(\.id) == ["sqlite.column.missing", "sqlite.file.read-only"])
            // What cannot be written is not planned.
            #expect(findings.allSatisfy { $0.repair == nil && $0.hint != nil } && findings[1].severity == .warning)
        }
    }

    @Test func aHardLinkedDatabaseIsNotChanged() async throws {
        let machine = try DiskMachine()
        try machine.sql("app/data.db", "CREATE TABLE t (a INT)")
        try FileManager.default.linkItem(
            atPath: machine.absolute("app/data.db"), toPath: machine.absolute("app/other.db"))
        let findings = try await SQLitePluginTests.findings(Self.tree, on: machine)
        #expect(findings.map(\.id) == ["sqlite.column.missing", "sqlite.file.hard-linked"])
        #expect(findings.allSatisfy { $0.repair == nil })
    }

    @Test func aDatabaseAloneIsEnough() async throws {
        let machine = try DiskMachine()
        let tree: Tree = ["empty.db": [:]]
        let findings = try await SQLitePluginTests.findings(tree, on: machine)
        #expect(findings.first?.repair?.detail == "Created empty empty.db")
        #expect(findings.first?.repair?.steps.count == 1)
        try machine.sql("empty.db", "PRAGMA user_version = 0")
        let (checks, _) = await SQLitePluginTests.checks(tree, on: machine)
        #expect(try await checks.first?.look(on: machine).confirmations == ["empty.db is a database"])
        #expect(checks.first?.requires == [])
    }

    /// A newer or another application's database: named, and nothing else is done to it.
    @Test(arguments: [
        ("user_version = 9", FindingID("sqlite.newer-application")), ("application_id = 9", "sqlite.other-application"),
    ])
    func foreignOwners(pragma: String, id: FindingID) async throws {
        let machine = try DiskMachine()
        try machine.sql("app/data.db", "CREATE TABLE t (a INT)", "PRAGMA \(pragma)")
        let tree: Tree = [
            "app/data.db": [
                "tables": ["t": ["columns": ["a": "INT", "b": "TEXT"]]],
                "pragmas": ["user_version": 3, "application_id": 7],
            ]
        ]
        let findings = try await SQLitePluginTests.findings(tree, on: machine)
        #expect(findings.contains { $0.id == id && $0.severity == .critical })
        #expect(findings.allSatisfy { $0.repair == nil })
    }
}
