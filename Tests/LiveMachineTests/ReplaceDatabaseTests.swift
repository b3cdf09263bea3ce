import Foundation
import HealKit
import HealModel
import Subprocess
import Testing

@testable import LiveMachine

/// A damaged database is replaced in steps, any of which may be the last one of a process that is killed.
@Suite struct ReplaceDatabaseTests {
    let sandbox: Sandbox
    let machine: LiveMachine
    var file: String { sandbox.path("a.db") }
    static let folder = ".selfheal/backups/a.db"
    static let stamp = "20260131T235959.123Z"

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine()
        try sandbox.makeDirectory(Self.folder)
    }

    private func shell(_ sql: String) async throws -> String {
        try await OtherProcess.sqlite(file, sql).trimmingCharacters(in: .newlines)
    }

    private func backup(_ name: String, rows: Int) async throws {
        try await Databases.plain(sandbox.path("\(Self.folder)/\(name)"), rows: rows)
    }

    // MARK: Which backup

    @Test func theNewestThatIsSound() async throws {
        let database = try path("a.db")
        #expect(try await machine.newestVerifiedBackup(of: path("other.db")) == nil)
        #expect(try await machine.newestVerifiedBackup(of: path("../a.db", outsideRoot: true)) == nil)
        #expect(try await machine.newestVerifiedBackup(of: database) == nil)
        try await backup("20260101T000000.000Z-run1.db", rows: 10)
        try await backup("20260102T000000.000Z-run12.db", rows: 900)
        try await backup("20260103T000000.000Z-run9.db", rows: 900)
        try await backup("20260104T000000.000Z-run13.db", rows: 900)
        try await backup("20260105T000000.000Z-run14.db", rows: 10)
        // Not backups: half a copy, and something of a person.
        try await backup(".20260109T000000.000Z-run15.db.partial", rows: 10)
        try await backup("later.db", rows: 10)
        let newest = "20260105T000000.000Z-run14.db"
        #expect(try await machine.newestVerifiedBackup(of: database)?.name == newest)
        try sandbox.write("\(Self.folder)/\(newest)", "")
        try Damage.truncate(sandbox.path("\(Self.folder)/20260104T000000.000Z-run13.db"), by: 1)
        let damaged = sandbox.path("\(Self.folder)/20260103T000000.000Z-run9.db")
        try Damage.overwrite(damaged, pages: [try await Damage.leaves(of: "t", damaged)[2]])
        #expect(try await machine.newestVerifiedBackup(of: database)?.name == "20260102T000000.000Z-run12.db")
    }

    /// The backups of a database outside the root lie below it too, and two of one run and moment may be there.
    @Test(arguments: [("../far/a.db", "__/far/a.db"), ("a.db", "a.db")])
    func theNewestIsFoundWhereverItsDatabaseIs(database: String, folder: String) async throws {
        let names = [
            "20260101T000000.000Z-run1.db", "20260101T000000.000Z-run1-2.db", "20260101T000000.000Z-run1-10.db",
        ]
        for name in names {
            let place = ".selfheal/backups/\(folder)"
            try sandbox.makeDirectory(place)
            try await Databases.plain(sandbox.path("\(place)/\(name)"), rows: 10)
            #expect(try await machine.newestVerifiedBackup(of: path(database, outsideRoot: true))?.name == name)
        }
    }

    @Test(arguments: [
        ("20260131T235959.123Z-run7-2.db", true), ("20260131T235959.123Z-run7-.db", false),
        ("20260131T235959.123Z-run7-2-3.db", false), ("20260131T235959.123Z-run7.db", true),
        ("20260131T235959.123Z-run7.db-wal", false),
        ("20260131T235959Z-run7.db", false), ("20260131T235959.123Z-run.db", false),
        ("20260131T235959.123Z-runx.db", false),
        (".20260131T235959.123Z-run7.db", false), ("a.db", false), ("", false),
    ])
    func namesOfBackups(_ name: String, _ isOne: Bool) { #expect((BackupName(name) != nil) == isOne) }

    @Test(arguments: [
        (Int64(0), "19700101T000000.000Z"), (1_769_903_999_123, "20260131T235959.123Z"),
        (951_782_400_000, "20000229T000000.000Z"), (4_107_542_399_999, "21000228T235959.999Z"),
        (-1, "19691231T235959.999Z"),
    ])
    func stamps(_ now: Int64, _ text: String) { #expect(DatabaseReplacement(.salvaged, at: now).stamp == text) }

    // MARK: Restoring

    /// Whatever is wrong with the database.
    @Test(arguments: ["damaged", "truncated", "empty", "text"])
    func aBackupTakesThePlace(_ fault: String) async throws {
        try await Databases.plain(file, rows: 900)
        chmod(file, 0o640)
        let name = "20260101T000000.000Z-run1.db"
        try await backup(name, rows: 20)
        switch fault {
        case "damaged": try Damage.overwrite(file, pages: [3, 4, 5])
        case "truncated": try Damage.truncate(file, by: 5000)
        case "empty": try Damage.truncate(file, by: Int64(try Data(contentsOf: URL(filePath: file)).count))
        default: try sandbox.write("a.db", "text")
        }
        let before = try Data(contentsOf: URL(filePath: file))
        let restored = try await machine.restoreDatabase(path("a.db"), from: path("\(Self.folder)/\(name)"))
        #expect(restored.tables == [] && restored.explanation == "the damaged database is kept as \(restored.kept)")
        #expect(try Data(contentsOf: URL(filePath: sandbox.path(restored.kept.text))) == before)
        #expect(try await shell("SELECT count(*) FROM t; PRAGMA integrity_check") == "20\nok")
        #expect(fault == "text" || sandbox.mode("a.db") == 0o640)
        #expect(try sandbox.names() == [".selfheal", "a.db", restored.kept.text])
        #expect(try sandbox.names(Self.folder) == [name])
    }

    @Test func aBadBackupDoesNot() async throws {
        try sandbox.write("a.db", "text")
        let name = "\(Self.folder)/20260101T000000.000Z-run1.db"
        try await Databases.plain(sandbox.path(name), rows: 900)
        try Damage.overwrite(sandbox.path(name), pages: [try await Damage.leaves(of: "t", sandbox.path(name))[1]])
        let before = try sandbox.listing()
        guard
            case .database(name, .damaged) = await asyncFailure({
                try await machine.restoreDatabase(path("a.db"), from: path(name))
            })
        else {
            Issue.record("not refused")
            return
        }
        #expect(
            await asyncFailure { try await machine.restoreDatabase(path("a.db"), from: path("gone.db")) }
                == .database(subject: "gone.db", .missing))
        #expect(try sandbox.listing() == before)
    }

    /// A journal beside the new database would be rolled into it, a log would be moved into it.
    @Test func sideFilesStayWithTheDamagedOne() async throws {
        try await Databases.plain(file, rows: 900)
        try await Databases.killedLogWriter(file)
        try Damage.overwrite(file, pages: [3])
        // Persistent and not hot: overwritten with zeros.
        try Data(repeating: 0, count: 512).write(to: URL(filePath: file + "-journal"))
        let sides = ["-wal", "-shm", "-journal"].filter { FileManager.default.fileExists(atPath: file + $0) }
        try #require(sides.contains("-wal"))
        let before = try sides.map { try Data(contentsOf: URL(filePath: file + $0)) }
        let name = "\(Self.folder)/20260101T000000.000Z-run1.db"
        try await Databases.plain(sandbox.path(name), rows: 20)
        let kept = try await machine.restoreDatabase(path("a.db"), from: path(name)).kept.text
        #expect(try sides.map { try Data(contentsOf: URL(filePath: sandbox.path(kept + $0))) } == before)
        #expect(try await shell("SELECT count(*) FROM t; SELECT count(*) FROM sqlite_schema") == "20\n1")
        #expect(
            !FileManager.default.fileExists(atPath: file + "-wal")
                && !FileManager.default.fileExists(atPath: file + "-journal"))
    }

    // MARK: What a killed run leaves

    /// The states between two steps, in their order: what is there, and what it comes to.
    static let states: [(String, [String])] = [
        ("the new one has its name", ["ln a.db K"]),
        ("the first side file has moved", ["ln a.db K", "mv a.db-shm K-shm"]),
        ("all have", ["ln a.db K", "mv a.db-shm K-shm", "mv a.db-wal K-wal"]),
        ("no hard links here", ["mv a.db K"]),
        ("no hard links, side files moved", ["mv a.db K", "mv a.db-shm K-shm", "mv a.db-wal K-wal"]),
    ]

    @Test(arguments: states)
    func isEnded(_ name: String, _ steps: [String]) async throws {
        try await Databases.plain(file, rows: 10)
        try Data("log".utf8).write(to: URL(filePath: file + "-wal"))
        try Data("index".utf8).write(to: URL(filePath: file + "-shm"))
        let before = try Data(contentsOf: URL(filePath: file))
        let new = "a.db.salvaged-\(Self.stamp).db"
        let kept = "a.db.damaged-\(Self.stamp)"
        try await Databases.plain(sandbox.path(new), rows: 20)
        #expect(try machine.interruptedReplacement(of: path("a.db")) == nil)
        for step in steps {
            let words = step.replacing("K", with: kept).split(separator: " ").map(String.init)
            if words[0] == "ln" { link(sandbox.path(words[1]), sandbox.path(words[2])) }
            if words[0] == "mv" { rename(sandbox.path(words[1]), sandbox.path(words[2])) }
        }
        #expect(
            try machine.interruptedReplacement(of: path("a.db")) == DatabaseReplacement(.salvaged, stamp: Self.stamp))
        #expect(try await machine.finishReplacement(of: path("a.db")) == ReplacedDatabase(kept: path(kept)))
        #expect(try await shell("SELECT count(*) FROM t") == "20", "\(name)")
        #expect(try sandbox.names() == [".selfheal", "a.db", kept, kept + "-shm", kept + "-wal"])
        #expect(try Data(contentsOf: URL(filePath: sandbox.path(kept))) == before)
        #expect(try sandbox.read(kept + "-wal") == "log")
        // Nothing is left to end.
        let refusal = MachineError.refused(subject: "a.db", .changedMeanwhile)
        #expect(await asyncFailure { try await machine.finishReplacement(of: path("a.db")) } == refusal)
    }

    @Test func whatSomebodyElsePutThereIsTheirs() async throws {
        try await Databases.plain(sandbox.path("a.db.salvaged-\(Self.stamp).db"), rows: 20)
        try await Databases.plain(sandbox.path("a.db.damaged-\(Self.stamp)"), rows: 5)
        try await Databases.plain(file, rows: 3)
        let before = try sandbox.listing()
        let refusal = MachineError.refused(subject: "a.db", .changedMeanwhile)
        #expect(await asyncFailure { try await machine.finishReplacement(of: path("a.db")) } == refusal)
        #expect(try sandbox.listing() == before)
    }
}
