import Foundation
import HealModel
import Testing

@testable import Rendering

@Suite struct JSONTests {
    private func object(_ sample: Sample) throws -> [String: Any] {
        let text = JSONRenderer().render(sample.report)
        #expect(text.hasSuffix("}\n"))
        return try #require(try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any])
    }

    /// Judged by somebody else's validator; it also takes away one member after another to see that the schema is not lax.
    @Test func everySampleIsValid() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("reports-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        var files: [String] = []
        for sample in Sample.allCases {
            let file = folder.appendingPathComponent("\(sample.rawValue).json")
            try Data(JSONRenderer().render(sample.report).utf8).write(to: file)
            files.append(file.path)
        }
        let top = Fixtures.folder.deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let validator = Process()
        validator.executableURL = URL(fileURLWithPath: "/usr/bin/python3")
        validator.arguments =
            ["-B", Fixtures.folder.appendingPathComponent("validate.py").path]
            + [top.appendingPathComponent("docs/report.schema.json").path] + files
        let output = Pipe()
        validator.standardOutput = output
        validator.standardError = output
        try validator.run()
        let said = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        validator.waitUntilExit()
        #expect(validator.terminationStatus == 0, "\(said) (python3-jsonschema must be installed)")
        #expect(said.hasPrefix("\(files.count) reports are valid"), "\(said)")
    }

    @Test func formatIsTheModels() throws {
        #expect(try object(.healthy)["format"] as? String == Report.currentFormat)
    }

    @Test func isTheSameForEveryLayoutAndStyle() {
        let style = TextStyle(color: true, width: 10, verbosity: .quiet)
        let report = Sample.failures.report
        let plain = OutputFormat.json.renderer(layout: .validation, style: .plain).render(report)
        #expect(OutputFormat.json.renderer(layout: .healing, style: style).render(report) == plain)
    }

    @Test func countsAddUp() throws {
        for sample in Sample.allCases {
            let report = sample.report
            let summary = try #require(try object(sample)["summary"] as? [String: Any])
            let totals = [
                "checks": report.checks.count, "findings": report.checks.flatMap(\.findings).count,
                "repairs": report.repairs.count, "planned": report.plan?.repairs.count ?? 0,
            ]
            for (name, total) in totals {
                var counts = try #require(summary[name] as? [String: Int])
                #expect(counts.removeValue(forKey: "total") == total, "\(sample) \(name)")
                #expect(counts.values.reduce(0, +) == total, "\(sample) \(name)")
            }
            #expect(summary["healed"] as? Int == report.checks.flatMap(\.healed).count)
        }
    }

    @Test(arguments: [(Sample.healthy, "ok"), (.missingEnv, "warnings"), (.failures, "critical")])
    func verdictIsTheReports(_ sample: Sample, _ verdict: String) throws {
        let object = try object(sample)
        #expect(object["verdict"] as? String == verdict)
        #expect(object["exitStatus"] as? Int == Int(sample.report.exitStatus))
    }

    @Test func everyStepSaysItsType() throws {
        let text = JSONRenderer().render(Sample.everyStep.report) + JSONRenderer().render(Sample.missingColumn.report)
        for type in ["createDirectory", "copyTemplate", "setMode", "createDatabase", "executeSQL", "recoverJournal"] {
            #expect(text.contains("\"type\": \"\(type)\""))
        }
        #expect(text.contains("\"mode\": \"0600\"") && text.contains("\"previous\": \"0777\""))
    }

    @Test func soDoTheStepsThatReplaceADatabase() throws {
        let database = Make.path("a.db")
        let repair = Repair(
            "Replacing a.db", done: "Replaced a.db", detail: "", risk: .high,
            steps: [
                .restoreDatabase(database: database, backup: Make.path("b.db")), .salvageDatabase(database: database),
                .finishReplacement(database: database),
                .setJournalMode(database: database, mode: .wal, previous: .delete),
            ])
        let finding = Finding(
            "sqlite.file.damaged", subject: "a.db", severity: .critical, message: "a.db is damaged", repair: repair)
        let report = Make.report(
            "selfheal", .dryRun, [Make.databaseCheck("a.db", .critical, [finding])],
            plan: [Make.planned(finding)])
        let text = JSONRenderer().render(report)
        for type in ["restoreDatabase", "salvageDatabase", "finishReplacement", "setJournalMode"] {
            #expect(text.contains("\"type\": \"\(type)\""))
        }
        #expect(text.contains("\"backup\": \"b.db\""))
        #expect(Wording.steps(repair).contains("keep a.db as a.db.damaged-<time>; copy b.db to a.db; copy what can be"))
    }

    @Test(arguments: PropertyTests.hostile) func nothingIsLost(_ text: String) throws {
        var report = Sample.empty.report
        report.notes = [text]
        let rendered = JSONRenderer().render(report)
        let object = try #require(try JSONSerialization.jsonObject(with: Data(rendered.utf8)) as? [String: Any])
        let notes = try #require(object["notes"] as? [String])
        #expect(notes.map { Array($0.unicodeScalars) } == [Array(text.unicodeScalars)])
    }
}
