import HealKit
import HealModel
import TestSupport
import Testing

@testable import Drafting

/// Where databases are looked for, and how far.
@Suite struct RootSurveyTests {
    private static let database = FakeMachine.text("SQLite format 3\u{0}and more")

    private func survey(
        _ nodes: [String: FakeMachine.Node], _ change: (inout RootSurvey.Limits) -> Void = { _ in }
    ) throws -> RootSurvey {
        var all = nodes
        for path in nodes.keys {
            var parts = path.split(separator: "/").dropLast()
            while !parts.isEmpty {
                all[parts.joined(separator: "/")] = .directory(mode: .directory)
                parts.removeLast()
            }
        }
        var limits = RootSurvey.Limits()
        change(&limits)
        return try RootSurvey(FakeMachine(all), limits: limits)
    }

    @Test func databasesAreKnownByWhatTheyHold() throws {
        let survey = try survey([
            "b/store": Self.database, "a.db": Self.database, "no.db": FakeMachine.text("SQLite format 4"),
            "empty.db": FakeMachine.text(""), "notes.txt": FakeMachine.text("x"), "link.db": .link(to: "a.db"),
            "pipe.db": .special(.fifo), "x.db-wal": Self.database,
        ])
        #expect(survey.databases.map(\.text) == ["a.db", "b/store"])
        #expect(
            survey.leftOut == [
                "empty.db: an empty file, no database yet", "no.db: no SQLite database, or encrypted",
                "x.db-wal: a name that SQLite uses beside a database",
            ])
    }

    @Test(arguments: [
        ".git", "a/.hg", "node_modules", ".build", ".selfheal", "venv", "x/.venv", "__pycache__", "tmp", "Backups",
    ]) func foreignFoldersAreNotLookedInto(_ folder: String) throws {
        let survey = try survey(["\(folder)/deep/x.db": Self.database, "y.db": Self.database])
        #expect(survey.databases.map(\.text) == ["y.db"] && survey.skipped == [folder])
    }

    @Test func virtualEnvironmentsOfAnyName() throws {
        let survey = try survey(["mine/pyvenv.cfg": FakeMachine.text(""), "mine/lib/x.db": Self.database])
        #expect(survey.databases.isEmpty && survey.skipped == ["mine"])
    }

    @Test(arguments: [
        ("a.db.bak", "backup"), ("a.bak.db", "backup"), ("A.DB.OLD", "backup"), ("a.db~", "backup"),
        ("a.db.damaged-20260101T000000.000Z", "backup"), ("a.db.backup-3", "backup"), ("a.tmp", "temporary"),
        (".a.db.selfheal-12-x", "temporary"), ("a.db.part", "temporary"),
    ]) func copiesAreLeftOut(name: String, why: String) throws {
        let survey = try survey([name: Self.database])
        #expect(survey.databases.isEmpty && survey.leftOut.count == 1)
        #expect(survey.leftOut[0].hasPrefix(name + ": ") && survey.leftOut[0].contains(why))
    }

    @Test func thereIsAnEndToIt() throws {
        let deep = try survey(["1/2/3/x.db": Self.database, "1/y.db": Self.database]) { $0.depth = 2 }
        #expect(deep.databases.map(\.text) == ["1/y.db"])
        #expect(deep.leftOut == ["1/2/3/: it lies more than 2 directories deep"])
        let names = Dictionary(uniqueKeysWithValues: (1...9).map { ("\($0).db", Self.database) })
        let many = try survey(names) { $0.databases = 4 }
        #expect(many.databases.count == 4 && many.leftOut.count == 5)
        let long = try survey(names) { $0.names = 3 }
        #expect(long.databases.count == 3)
        #expect(long.leftOut == ["whatever comes after the first 3 names was not looked at"])
    }

    @Test func directoriesThatAreWrittenInto() throws {
        let survey = try survey([
            "data/x.txt": FakeMachine.text(""), "empty/.gitkeep": FakeMachine.text(""),
            "src/main.py": FakeMachine.text(""),
            "src/uploads/a": FakeMachine.text(""), ".config/cache/b": FakeMachine.text(""),
            "bare": .directory(mode: .directory),
        ])
        #expect(survey.directories.map(\.text) == ["bare", "data", "empty", "src/uploads"])
    }
}
