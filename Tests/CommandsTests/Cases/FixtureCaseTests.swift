import Foundation
import Testing

/// Changes of a schema that people make, each a folder of its own: what SelfHeal does with them, seen through SQLite and not
/// through our own comparison.
@Suite struct FixtureCaseTests {
    @Test func allAreRead() throws {
        for name in FixtureCase.names { _ = try FixtureCase(name: name) }
        #expect(!FixtureCase.all.isEmpty && FixtureCase.all.count == FixtureCase.names.count)
    }

    @Test(arguments: FixtureCase.all) func isDoneAsItSays(test: FixtureCase) async throws {
        let run = try CaseRun(test)
        try await run.dryRun()
        switch test.expectation.outcome {
        case .healed: try await run.isHealed()
        case .high:
            try await run.isLeftAlone(risk: "medium", status: [1, 2])
            try await run.isHealed(risk: "high")
        case .partly:
            try await run.isDoneInPart()
            try await run.isHealed(risk: "high")
        // 78: what is stated cannot be made at all.
        case .refused: try await run.isLeftAlone(risk: "high", status: [1, 2, 78])
        case .named: try await run.isLeftAlone(risk: "high", status: [2])
        case .unchanged:
            try await run.isLeftAlone(risk: "high", status: [0])
            try run.isAsStated()
        }
    }
}

/// One case, in a folder of its own.
private final class CaseRun {
    /// A database as it is at one time.
    private struct State {
        var picture: SchemaPicture
        var rows: DatabaseRows
        var faults: Set<String>
        /// Rows that reference a missing one; -1 when SQLite cannot say, because the keys do not fit.
        var orphans: Int

        init(_ database: RawDatabase) throws {
            picture = try SchemaPicture(database)
            rows = try DatabaseRows(database, picture)
            // SQLite 3.40 looks for the values of tables without rowids in the wrong columns.
            faults = Set(
                try database.rows("PRAGMA integrity_check").map { $0[0].string }.filter { !$0.contains(" value in ") })
            orphans = (try? database.rows("PRAGMA foreign_key_check").count) ?? -1
        }
    }

    private let test: FixtureCase
    private let sandbox: Sandbox
    private let start: Data?
    private let old: State?

    init(_ test: FixtureCase) throws {
        self.test = test
        sandbox = try Sandbox()
        let path = sandbox.path("case.db")
        if let before = test.before {
            try RawDatabase(path).execute(before)
            // SQLite makes no file for a database in which nothing is.
            if !sandbox.exists("case.db") { try sandbox.write("case.db", "") }
        }
        try sandbox.write("schemas.yaml", test.manifest)
        if let after = test.after { try sandbox.write("after.sql", after) }
        start = FileManager.default.contents(atPath: path)
        old = start?.isEmpty == false ? try State(RawDatabase(path)) : nil
    }

    private var bytes: Data? { FileManager.default.contents(atPath: sandbox.path("case.db")) }

    func dryRun() async throws {
        let dry = try await sandbox.heal("--dry-run", "--max-risk", "high")
        #expect(bytes == start, "a dry run changes the file: \(dry.all)")
    }

    func isLeftAlone(risk: String, status: Set<Int32>) async throws {
        let heal = try await sandbox.heal("--verbose", "--max-risk", risk)
        #expect(status.contains(heal.status), "\(heal.status): \(heal.all)")
        #expect(bytes == start, "the file is not as it was: \(heal.all)")
        if let says = test.expectation.says { #expect(heal.all.contains(says), "\(heal.all)") }
    }

    func isDoneInPart() async throws {
        let heal = try await sandbox.heal("--verbose")
        #expect([1, 2].contains(heal.status) && bytes != start, "\(heal.status): \(heal.all)")
        if let says = test.expectation.says { #expect(heal.all.contains(says), "\(heal.all)") }
    }

    func isHealed(risk: String = "medium") async throws {
        let heal = try await sandbox.heal("--verbose", "--max-risk", risk)
        #expect(heal.status == 0, "\(heal.all)")
        if let says = test.expectation.says, risk == "medium" { #expect(heal.all.contains(says), "\(heal.all)") }
        let healed = bytes
        #expect(healed != start, "nothing was done: \(heal.all)")
        try isAsStated()

        let again = try await sandbox.heal("--max-risk", "high")
        #expect(again.status == 0 && again.all.contains(" 0 actions taken"), "\(again.all)")
        #expect(bytes == healed, "a second run changes the file: \(again.all)")
        try await isTakenBack()
    }

    /// The schema is that of a new database, and the rows are the expected ones.
    func isAsStated() throws {
        let database = try RawDatabase(sandbox.path("case.db"))
        let new = try State(database)
        let fresh = try RawDatabase()
        try fresh.execute(#require(test.result ?? test.after, "there is no result.sql or after.sql"))
        let differences = try new.picture.lacks(
            of: SchemaPicture(fresh), exactly: true, old: old?.picture ?? SchemaPicture(fresh))
        #expect(differences == [], "\(differences.joined(separator: "\n"))")
        #expect(new.faults.subtracting(old?.faults ?? ["ok"]) == [])
        if let old { #expect(new.orphans <= max(old.orphans, 0)) }
        if !test.manifest.contains("backfill") { #expect(losses(new) == []) }
        for rows in test.expectation.rows ?? [] {
            let found = try database.rows(rows.sql).map { $0.map(\.literal).joined(separator: "|") }
            #expect(found == rows.gives, "\(rows.sql)")
        }
    }

    /// Tables whose rows are not what they were, in columns that are of the same type as before.
    private func losses(_ new: State) -> [String] {
        var losses: [String] = []
        for (name, before) in old?.rows.tables ?? [:] {
            guard let after = new.rows.tables[name], let was = old?.picture.tables[name],
                let became = new.picture.tables[name], !became.isVirtual, was.isStrict == became.isStrict
            else { continue }
            let columns = before.columns.filter { column in
                guard let a = was.columns[column], let b = became.columns[column] else { return false }
                return a.type == b.type && a.hidden == 0 && b.hidden == 0
            }
            // A column that becomes the rowid takes its values along: SQLite then needs no index for the key.
            let hasKeyIndex = [was, became].map { $0.facts.contains { $0.contains("\"pk\"") } }
            let keys = [was, became].map { table in table.columns.filter { $0.value.key > 0 }.mapValues(\.type) }
            let withRowids =
                before.rowids != nil && after.rowids != nil
                && (keys[0] == keys[1] && hasKeyIndex[0] == hasKeyIndex[1] || keys[1].isEmpty)
            let contents = [before, after].map { table in
                let places = columns.compactMap { table.columns.firstIndex(of: $0) }
                return table.rows.enumerated().map { index, row in
                    "\(withRowids ? table.rowids?[index] ?? 0 : 0) \(places.map { row[$0] })"
                }.sorted()
            }
            if contents[0] != contents[1] { losses.append("\(name): \(contents[1]), before \(contents[0])") }
        }
        return losses
    }

    private func isTakenBack() async throws {
        if let refusal = test.expectation.undo {
            let healed = bytes
            let undo = try await sandbox.tool("selfheal", ["undo"])
            #expect(undo.status == 1 && undo.all.contains(refusal), "\(undo.all)")
            return #expect(bytes == healed)
        }
        var said = ""
        // What a heal did in several rounds is taken back round by round, the last one first.
        for _ in 0..<6 {
            let undo = try await sandbox.tool("selfheal", ["undo"])
            said += undo.all
            if try undo.status != 0 || isAsBefore() { break }
        }
        #expect(try isAsBefore(), "\(said)")
    }

    private func isAsBefore() throws -> Bool {
        guard let old else { return bytes == start }
        let back = try State(RawDatabase(sandbox.path("case.db")))
        return back.picture == old.picture && back.rows.tables == old.rows.tables
    }
}
