import Foundation
import HealModel
import Testing

@Suite struct ResourcePathTests {
    @Test(arguments: [
        ("a", "a"), ("a/b", "a/b"), ("./a//b/", "a/b"), ("a/./b", "a/b"), (".env", ".env"), ("a..b/c", "a..b/c"),
    ])
    func normalised(text: String, expected: String) throws {
        #expect(try ResourcePath(text).text == expected)
    }

    @Test(arguments: [
        ("", PathProblem.empty), (".", .empty), ("./", .empty), ("/etc", .absolute), ("..", .leavesRoot),
        ("a/../../b", .leavesRoot), ("a/..", .leavesRoot), ("a\u{0}", .nul), ("a\tb", .controlCharacter),
        ("a\u{7F}", .controlCharacter),
    ])
    func refused(text: String, problem: PathProblem) {
        #expect(throws: problem) { try ResourcePath(text) }
        #expect(!problem.explanation.isEmpty)
    }

    @Test func tooLong() {
        #expect(throws: PathProblem.tooLong) { try ResourcePath(String(repeating: "a", count: 5000)) }
    }

    @Test func outsideMustBeAllowed() throws {
        let path = try ResourcePath("/srv/../data/", outsideRoot: true)
        #expect(path.text == "/srv/../data" && path.isAbsolute)
        #expect(throws: PathProblem.empty) { try ResourcePath("/", outsideRoot: true) }
    }

    @Test func family() throws {
        let path = try ResourcePath("a/b/c.db")
        #expect(path.name == "c.db" && path.parent?.text == "a/b")
        #expect(path.lineage.map(\.text) == ["a/b/c.db", "a/b", "a"])
        #expect(path.sibling(named: "d").text == "a/b/d")
        #expect(try ResourcePath("x").sibling(named: "y").text == "y")
        #expect(try ResourcePath("x").parent == nil)
        #expect(try ResourcePath("/x", outsideRoot: true).parent == nil)
    }

    @Test func codedAsText() throws {
        for text in ["a/b", "/srv/x", "../up"] {
            let path = try ResourcePath(text, outsideRoot: !text.hasPrefix("a"))
            let data = try JSONEncoder().encode([path])
            #expect(try JSONDecoder().decode([ResourcePath].self, from: data) == [path])
        }
        #expect(throws: (any Error).self) { try JSONDecoder().decode([ResourcePath].self, from: Data("[\"\"]".utf8)) }
    }
}

@Suite struct FileModeTests {
    @Test(arguments: [("0750", 0o750), ("644", 0o644), ("7777", 0o7777), ("000", 0)])
    func octal(text: String, value: UInt32) throws {
        let mode = try #require(FileMode(octal: text))
        #expect(mode.rawValue == value && mode.description.count == 4)
        #expect(try JSONDecoder().decode([FileMode].self, from: JSONEncoder().encode([mode])) == [mode])
    }

    @Test(arguments: ["", "75", "0o750", "+750", "-750", "890", "07500", "rwx"]) func refused(text: String) {
        #expect(FileMode(octal: text) == nil)
        #expect(throws: (any Error).self) {
            try JSONDecoder().decode([FileMode].self, from: Data("[\"\(text)\"]".utf8))
        }
    }
}

@Suite struct VerdictTests {
    private func result(_ severity: Severity?) -> CheckResult {
        CheckResult(check: "c", title: "", domain: .other, subject: "s", status: .ok, severity: severity)
    }

    @Test(
        arguments: [
            ([], 2), ([nil], 0), ([.information], 0), ([.warning, nil], 2), ([.warning, .critical], 1),
            ([.critical], 1),
        ] as [([Severity?], Int32)])
    func worstCounts(severities: [Severity?], expected: Int32) {
        #expect(ExitStatus.verdict(checks: severities.map(result), faults: []).rawValue == expected)
        let report = Report(
            tool: "t", toolVersion: "1", app: nil, root: "/", manifest: "m", mode: .check, startedAt: 0,
            checks: severities.map(result))
        #expect(report.exitStatus == expected)
    }

    @Test func aFaultOfTheRunIsCritical() {
        #expect(ExitStatus.verdict(checks: [result(nil)], faults: ["journal"]) == .critical)
    }

    @Test func order() {
        #expect(Severity.information < .warning && .warning < Severity.critical)
        #expect(Risk.allCases.sorted() == [.low, .medium, .high, .critical])
    }
}

@Suite struct FindingIDTests {
    @Test(arguments: [
        ("sqlite", true), ("sqlite.column", true), ("sqlite.column.missing", true), ("sql", false),
        ("sqlite.col", false),
        ("sqlite.column.missing.x", false),
    ])
    func selectors(selector: String, matches: Bool) {
        #expect(FindingID("sqlite.column.missing").matches(selector: selector) == matches)
    }

    @Test func locationsReadAsEditorsLikeThem() {
        let first = SourceLocation(file: "a.yaml", line: 3, column: 9)
        #expect(first.description == "a.yaml:3:9")
        #expect(first < SourceLocation(file: "a.yaml", line: 4, column: 1))
    }
}
