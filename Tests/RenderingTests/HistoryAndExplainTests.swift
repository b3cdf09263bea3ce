import Foundation
import HealModel
import Rendering
import Testing

enum OtherGoldens {
    static let files = [
        "history/list.txt", "history/list.terminal.txt", "history/list.json", "history/run.txt",
        "history/run.verbose.txt",
        "explain/kinds.txt", "explain/kinds.terminal.txt", "explain/kinds.json", "explain/kinds.md",
    ]

    static let runs = [
        HistoryEntry(
            run: 12, tool: "auto-heal", startedAt: 1_767_323_045_250, ending: .finished(exitStatus: 1), changes: 1,
            failures: 4,
            repairs: Sample.failures.report.repairs),
        HistoryEntry(
            run: 9, tool: "validate-startup", startedAt: 1_767_000_000_000, ending: .interrupted, changes: 0,
            note: "run 9 of validate-startup had been interrupted; nothing was left behind"),
        HistoryEntry(run: 13, tool: "selfheal", startedAt: 1_767_400_000_000, ending: .running, changes: 1_000),
    ]

    static let kinds = [
        Explanation(
            id: "directory.kind", title: "directories", severity: .critical, risk: nil,
            meaning: "Something that is not a directory stands where the application needs one.",
            healing: "Nothing is removed. Move what is there out of the way and run again.", blocks: true),
        Explanation(
            id: "sqlite.column.missing", title: "database schemas", severity: .critical, risk: .low,
            meaning: "A table lacks a column that the manifest names, so that statements which use it fail.",
            healing: "The column is added with `ALTER TABLE … ADD COLUMN`; rows that exist get its default."),
        Explanation(
            id: "directory.mode", title: "directories", severity: .warning, risk: .medium,
            meaning: "The directory's <permission bits> are not the stated ones.",
            healing: "They are set; the owner stays."),
    ]
}

@Suite struct HistoryTests {
    @Test func listsRuns() throws {
        try Fixtures.expect(HistoryRenderer().text(OtherGoldens.runs), in: "history/list.txt")
        let terminal = HistoryRenderer(style: TextStyle(color: true, width: 80))
        try Fixtures.expect(terminal.text(OtherGoldens.runs), in: "history/list.terminal.txt")
        try Fixtures.expect(HistoryRenderer().json(OtherGoldens.runs), in: "history/list.json")
    }

    @Test func showsOneRun() throws {
        try Fixtures.expect(HistoryRenderer().text(run: OtherGoldens.runs[0]), in: "history/run.txt")
        let verbose = HistoryRenderer(style: TextStyle(verbosity: .verbose))
        try Fixtures.expect(verbose.text(run: OtherGoldens.runs[0]), in: "history/run.verbose.txt")
        #expect(HistoryRenderer().text(run: OtherGoldens.runs[1]).contains("Note: run 9"))
    }

    @Test func saysThatThereIsNothing() {
        #expect(HistoryRenderer().text([]) == "No run has changed anything yet\n")
        #expect(HistoryRenderer(style: TextStyle(verbosity: .quiet)).text([]) == "")
        #expect(HistoryRenderer().json([]) == "{\n  \"format\": \"selfheal-history/1\",\n  \"runs\": []\n}\n")
    }
}

@Suite struct ExplainTests {
    @Test func explains() throws {
        try Fixtures.expect(ExplainRenderer().text(OtherGoldens.kinds), in: "explain/kinds.txt")
        let narrow = ExplainRenderer(style: TextStyle(color: true, width: 50))
        try Fixtures.expect(narrow.text(OtherGoldens.kinds), in: "explain/kinds.terminal.txt")
        try Fixtures.expect(ExplainRenderer().json(OtherGoldens.kinds), in: "explain/kinds.json")
        try Fixtures.expect(ExplainRenderer().markdown(OtherGoldens.kinds), in: "explain/kinds.md")
    }

    @Test func wrapsWithinTheTerminal() {
        let text = ExplainRenderer(style: TextStyle(width: 50)).text(OtherGoldens.kinds)
        #expect(text.split(separator: "\n").allSatisfy { $0.count <= 50 })
    }
}
