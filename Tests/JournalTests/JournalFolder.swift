import Foundation
import HealKit
import HealModel
import LiveMachine

@testable import Journal

/// A root with a journal, for one test.
final class JournalFolder: Sendable {
    let root: URL

    init() throws {
        let name = "selfheal-journal-\(UInt64.random(in: .min ... .max))"
        root = URL(filePath: NSTemporaryDirectory()).resolvingSymlinksInPath().appending(path: name)
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: root) }

    func journal(mayChange: Bool = true, runLimit: Int64 = Journal.runLimit) throws -> Journal {
        let machine = try LiveMachine(root: root.path, mayChange: mayChange, environment: [:])
        return Journal(machine: machine, root: root.path, runLimit: runLimit, waitLimit: .milliseconds(200))
    }

    func path(_ name: String) -> String { root.appending(path: name).path }

    func names(_ name: String = ".selfheal") throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: path(name)).sorted()
    }

    /// Every file with its size, time and contents.
    func listing() throws -> [String] {
        guard let names = FileManager.default.enumerator(atPath: root.path) else { return [] }
        var lines: [String] = []
        for case let name as String in names {
            var raw = stat()
            guard lstat(path(name), &raw) == 0 else { continue }
            let bytes = FileManager.default.contents(atPath: path(name))?.hashValue ?? 0
            lines.append("\(name) \(raw.st_mode) \(raw.st_size) \(raw.st_mtim.tv_sec).\(raw.st_mtim.tv_nsec) \(bytes)")
        }
        return lines.sorted()
    }

    func mode(_ name: String) -> UInt32? {
        var raw = stat()
        return lstat(path(name), &raw) == 0 ? raw.st_mode & 0o7777 : nil
    }

    /// Runs a Python script to its end, in another process.
    @discardableResult
    func python(_ script: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(filePath: "/usr/bin/env")
        process.arguments = ["python3", "-c", script, path(".selfheal/journal.db")]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }
}

enum Example {
    static let header = RunHeader(
        tool: "auto-heal", toolVersion: "1.2", app: "pricing", mode: .heal, manifest: "schemas.yaml", planHash: "abc",
        startedAt: 1_700_000_000_000, pid: 42)

    static func path(_ text: String) throws -> ResourcePath {
        try ResourcePath(text, outsideRoot: text.hasPrefix("/"))
    }

    /// One repair of every kind of step.
    static func intents() throws -> [PlannedRepair] {
        let steps: [Step] = [
            .createDirectory(path: try path("data/cache"), mode: .directory),
            .copyTemplate(template: try path(".env.example"), destination: try path(".env"), mode: .privateFile),
            .setMode(path: try path("/srv/x"), mode: .directory, previous: .privateFile),
            .createDatabase(
                path: try path("a.db"), pragmas: ["PRAGMA user_version=1"], statements: ["CREATE TABLE t (x)"]),
            .executeSQL(database: try path("b.db"), statements: ["ALTER TABLE \"t\" ADD COLUMN 'ü' TEXT", "SELECT 1"]),
            .recoverJournal(database: try path("c.db")),
            .setJournalMode(database: try path("c.db"), mode: .wal, previous: .delete),
            .restoreDatabase(database: try path("d.db"), backup: try path(".selfheal/backups/d.db/x.db")),
            .salvageDatabase(database: try path("e.db")), .finishReplacement(database: try path("f.db")),
        ]
        return steps.enumerated().map { index, step in
            PlannedRepair(
                finding: Finding.Key(id: "sqlite.column.missing", subject: "thing \(index)"),
                repair: Repair("Doing \(index)", done: "Done \(index)", detail: "ALTER …", risk: .low, steps: [step]))
        }
    }

    static func record(_ intent: PlannedRepair, _ outcome: Outcome = .applied, reason: String? = nil) -> RepairRecord {
        RepairRecord(
            finding: intent.finding, repair: intent.repair, outcome: outcome, reason: reason, before: "before",
            after: "after",
            durationMicroseconds: 1234)
    }
}

func failure<Value>(_ body: () throws -> Value) -> JournalError? {
    do {
        _ = try body()
        return nil
    } catch { return error as? JournalError }
}
