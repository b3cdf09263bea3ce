import HealKit
import HealModel
import Testing

@testable import Undoing

@Suite struct UndoOrderTests {
    @Test func theLastThingComesFirst() throws {
        let directory = try ResourcePath("data")
        let database = try ResourcePath("data/a.db")
        let run = UndoneRun(
            run: 3,
            steps: [
                .createDirectory(path: directory, mode: .directory),
                .copyTemplate(template: try ResourcePath("t"), destination: try ResourcePath("f"), mode: .privateFile),
                .createDatabase(path: database, pragmas: [], statements: ["CREATE TABLE t(x)"]),
                .executeSQL(database: try ResourcePath("b.db"), statements: ["CREATE TABLE t(x)"]),
                .recoverJournal(database: try ResourcePath("b.db")),
                .setJournalMode(database: try ResourcePath("c.db"), mode: .wal, previous: .delete),
            ],
            changes: [DatabaseChange(database: try ResourcePath("b.db"))])
        #expect(Undoing.checks(for: run).map(\.subject) == ["b.db", "c.db", "data/a.db", "f", "data"])
        #expect(Undoing.isPossible(for: run))
        #expect(
            !Undoing.isPossible(
                for: UndoneRun(run: 4, steps: [.recoverJournal(database: database)], changes: [])))
    }
}
