import HealModel
import Testing

@testable import SQLiteSchema

/// Properties that are kept in the file.
@Suite struct PragmaTests {
    @Test(arguments: [
        ("user_version", "3", "3"), ("USER_VERSION", "-1", "-1"), ("application_id", "0x1F", "31"),
        ("application_id", "0xFFFFFFFF", "-1"), ("journal_mode", "WAL", "wal"), ("journal_mode", "delete", "delete"),
        ("page_size", "8192", "8192"), ("auto_vacuum", "incremental", "2"), ("auto_vacuum", "1", "1"),
        ("encoding", "utf8", "UTF-8"), ("encoding", "UTF-16LE", "UTF-16le"),
    ])
    func accepted(name: String, value: String, canonical: String) throws {
        let pragma = try StatedPragma(name: name, value: value)
        #expect(pragma.value == canonical)
        try database().execute(pragma.statement)
    }

    @Test(arguments: [
        ("user_version", "three", "a whole number"), ("user_version", "5000000000", "a whole number"),
        ("journal_mode", "memory", "wal or delete"), ("journal_mode", "wal; DROP TABLE t", "wal or delete"),
        ("page_size", "1000", "power of two"), ("page_size", "256", "power of two"), ("auto_vacuum", "3", "none, full"),
        ("encoding", "latin1", "UTF-8"), ("foreign_keys", "on", "not kept in the database file"),
        ("user_version = 3; DROP TABLE t; --", "1", "not kept"),
    ])
    func refused(name: String, value: String, part: String) {
        let fault = #expect(throws: StatedPragma.Fault.self) { try StatedPragma(name: name, value: value) }
        #expect(fault?.message.contains(part) == true)
    }

    private func schema(_ pragmas: (String, String)...) throws -> DesiredSchema {
        var declaration = SchemaDeclaration(location: at(1))
        declaration.pragmas = try pragmas.map { try StatedPragma(name: $0.0, value: $0.1) }
        guard case .schema(let schema) = try SchemaBuilder.build(declaration, on: try TestConnection()) else {
            throw MachineFailure()
        }
        return schema
    }

    private struct MachineFailure: Error {}

    private func short(_ schema: DesiredSchema, _ connection: TestConnection) throws -> [String] {
        try plan(schema, connection).map { "\($0.difference.short) \($0.remedy)" }
    }

    @Test func equalIsNoDifference() throws {
        let connection = try database("PRAGMA user_version = 3; PRAGMA application_id = 31")
        let same = try schema(
            ("user_version", "3"), ("application_id", "0x1f"), ("page_size", "4096"), ("encoding", "utf-8"))
        #expect(try short(same, connection) == [])
    }

    @Test func aVersionIsRaisedAndNeverLowered() throws {
        let three = try schema(("user_version", "3"))
        let raised = PlannedChange.Remedy.statements(["PRAGMA user_version = 3"], risk: .medium)
        #expect(try short(three, database()) == ["pragma differs user_version: 0 for 3 \(raised)"])
        let owner = PlannedChange.Remedy.obstacles([.foreignOwner])
        #expect(try short(three, database("PRAGMA user_version = 4")) == ["newer application: 4 over 3 \(owner)"])
    }

    @Test func aVersionWaitsForTheSchema() throws {
        var declaration = SchemaDeclaration(location: at(1))
        declaration.pragmas = [try StatedPragma(name: "user_version", value: "3")]
        var table = TableDeclaration(name: SourcedText("t", at(1)))
        table.columns = [NamedDeclaration(name: SourcedText("a", at(1)), body: SourcedText("INT", at(1)))]
        declaration.tables = [table]
        guard case .schema(let schema) = try SchemaBuilder.build(declaration, on: try TestConnection()) else { return }
        let differing = try plan(schema, try database("CREATE TABLE t (a TEXT)"))
        #expect(differing.map(\.obstacles) == [[], []] && differing.map(\.requires) == [[], [0]])
        let taken = "CREATE VIEW t AS SELECT 1 AS a; CREATE TRIGGER g INSTEAD OF INSERT ON t BEGIN SELECT 1; END"
        #expect(
            try plan(schema, try database(taken)).map(\.obstacles) == [
                [.nameTaken], [.waits(for: "the rest of the schema")],
            ])
        let missing = try plan(schema, try database())
        #expect(missing.map(\.obstacles) == [[], []])
    }

    @Test func anotherApplicationsFileIsLeftAlone() throws {
        let mine = try schema(("application_id", "7"))
        let set = PlannedChange.Remedy.statements(["PRAGMA application_id = 7"], risk: .medium)
        #expect(try short(mine, database()) == ["pragma differs application_id: 0 for 7 \(set)"])
        let owner = PlannedChange.Remedy.obstacles([.foreignOwner])
        #expect(try short(mine, database("PRAGMA application_id = 8")) == ["foreign application: 8 for 7 \(owner)"])
    }

    @Test func whatOnlyANewFileCanHaveIsLeftToAPerson() throws {
        let stated = try schema(
            ("page_size", "8192"), ("auto_vacuum", "full"), ("encoding", "UTF-16le"))
        let changes = try plan(stated, try database("CREATE TABLE t (a)"))
        #expect(changes.count == 3)
        #expect(
            changes.allSatisfy { change in
                if case .inUse = change.obstacles.first { true } else { false }
            })
    }
}
