import Foundation
import HealModel
import Testing

@testable import Rendering

@Suite struct SafeTextTests {
    @Test(arguments: [
        ("plain", "plain"), ("naïve – 日本", "naïve – 日本"), ("a\tb", "a b"), ("\u{1B}[1m", "\\u{1B}[1m"),
        ("CREATE TABLE t (\n    id INTEGER,\r\n\tx TEXT\n)", "CREATE TABLE t ( id INTEGER, x TEXT )"),
        ("\n\na\n\n", "a"),
        ("a \n \n b", "a b"), ("\u{202E}x", "\\u{202E}x"), ("👩‍💻", "👩‍💻"), ("\u{85}", "\\u{85}"), ("", ""), ("\n", ""),
    ])
    func becomesOneHarmlessLine(_ text: String, _ line: String) {
        #expect(SafeText.line(text) == line)
    }

    @Test func widths() {
        #expect(DisplayWidth.of("abc") == 3)
        #expect(DisplayWidth.of("日本") == 4)
        #expect(DisplayWidth.of("e\u{301}") == 1)
        #expect(DisplayWidth.of("\u{200D}é") == 1)
        #expect(DisplayWidth.of("👩‍💻🚀") == 4)
    }

    @Test(arguments: [
        ("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 5, "日本…"), ("日本語", 4, "日…"), ("ab", 1, "…"), ("ab", 0, ""),
    ])
    func cuts(_ text: String, _ width: Int, _ cut: String) {
        #expect(DisplayWidth.cut(text, to: width) == cut)
        #expect(DisplayWidth.of(cut) <= width)
    }
}

@Suite struct WordingTests {
    private func repair(_ doing: String, done: String = "Did it") -> Repair {
        Repair(doing, done: done, detail: "", risk: .low, steps: [])
    }

    @Test(arguments: [
        ("Adding column 'updated_at' to t", "Adding column updated_at to t"), ("Moving 'a' and 'b'", "Moving a and b"),
        ("Setting Bob's table", "Setting Bob's table"), ("Adding column 'a b' to t", "Adding column 'a b' to t"),
        ("Setting '' in t", "Setting '' in t"), ("Plain", "Plain"),
    ])
    func namesAreBareInSummaries(_ doing: String, _ bare: String) {
        #expect(Wording.bare(repair(doing)) == bare)
    }

    @Test func templateIsSaidOnce() {
        let copy = Step.copyTemplate(template: Make.path("a"), destination: Make.path("b"), mode: .privateFile)
        let once = Repair("Creating b from a template", done: "", detail: "", risk: .low, steps: [copy])
        #expect(Wording.doing(once) == "Creating b from a template")
        #expect(Wording.doing(repair("Creating b from a")) == "Creating b from a")
    }

    @Test(arguments: [("Added x", "added x"), ("SQL was run", "SQL was run"), ("", ""), ("A", "a")])
    func sentencesGoOn(_ text: String, _ words: String) {
        #expect(Wording.lowercasedFirst(text) == words)
    }

    @Test(
        arguments: [
            (0, "0 µs"), (999, "999 µs"), (1_000, "1.0 ms"), (3_250, "3.2 ms"), (999_999, "999.9 ms"),
            (3_200_000, "3.2 s"),
            (59_999_999, "59.9 s"), (125_000_000, "2 min 5 s"),
        ] as [(Int64, String)])
    func durations(_ microseconds: Int64, _ text: String) {
        #expect(Wording.duration(microseconds: microseconds) == text)
    }

    @Test func lists() {
        #expect(Wording.list(["a", "b", "c"]) == "a, b, c")
        #expect(Wording.list(["a", "b", "c", "d", "e"]) == "a, b, c and 2 more")
        #expect(Wording.count(1, "check") == "1 check")
        #expect(Wording.count(0, "check") == "0 checks")
    }

    @Test func stepsSayWhatIsToBeDone() {
        let steps = Sample.everyStep.report.repairs.map { Wording.steps($0.repair) }
        #expect(
            steps == [
                "copy .env.example to .env (mode 0600)", "chmod 0750 data (now 0777)",
                "mkdir data (mode 0755); create data/market.db; PRAGMA journal_mode = WAL; "
                    + "CREATE TABLE pricing_list (id INTEGER PRIMARY KEY)",
                "open data/chat.db for writing, so that SQLite rolls back",
            ])
    }
}

@Suite struct TimestampTests {
    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (-1, "1969-12-31T23:59:59.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"),
            (1_767_323_045_250, "2026-01-02T03:04:05.250Z"), (4_107_542_399_000, "2100-02-28T23:59:59.000Z"),
            (4_107_542_400_000, "2100-03-01T00:00:00.000Z"), (-62_167_219_200_001, "-0001-12-31T23:59:59.999Z"),
        ] as [(Int64, String)])
    func isInUTC(_ milliseconds: Int64, _ text: String) {
        #expect(Timestamp.iso8601(milliseconds: milliseconds) == text)
    }

    /// Every fifth day of two centuries, against somebody else's calendar.
    @Test func agreesWithFoundation() {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for day in stride(from: Int64(-36_525), to: 36_525, by: 5) {
            let milliseconds = day * 86_400_000 + 45_296_250  // a quarter of a second is exact in binary
            let date = Date(timeIntervalSince1970: Double(milliseconds) / 1_000)
            #expect(Timestamp.iso8601(milliseconds: milliseconds) == style.format(date))
        }
    }
}

@Suite struct ProgressLineTests {
    @Test func showsWhatTakesLong() {
        let line = ProgressLine(width: 40).show("Creating index idx", elapsed: .milliseconds(3_200))
        #expect(line == "\rCreating index idx… 3.2 s              ")
        #expect(ProgressLine(width: 40).clear == "\r" + String(repeating: " ", count: 39) + "\r")
    }

    @Test(arguments: 0..<60) func neverFillsTheLastColumn(_ width: Int) {
        let line = ProgressLine(width: width).show("Creating index 索引 on a large table", elapsed: .seconds(75))
        #expect(DisplayWidth.of(line.dropFirst()) == max(0, width - 1))
        #expect(width < 20 || line.contains("1 min 15 s"))
    }
}

@Suite struct VerdictTests {
    private func words(
        _ sample: Sample, _ layout: TextLayout = .validation, _ change: (inout Report) -> Void = { _ in }
    ) -> String {
        var report = sample.report
        change(&report)
        let verdict = Verdict(report: report, layout: layout)
        return "[\(verdict.tag.rawValue)] \(verdict.words)"
    }

    @Test func isTheReportsWhateverItHolds() {
        #expect(words(.healthy) { $0.exitStatus = 1 } == "[ERROR] Something critical is wrong")
        #expect(
            words(.healthy) { $0.exitStatus = 2 }
                == "[WARNING] Something is not as it should be: the application can run")
        #expect(words(.failures) { $0.exitStatus = 0 }.hasPrefix("[OK] 0 of 5 checks passed"))
    }

    @Test func saysWhatToDoNext() {
        #expect(words(.missingColumn).hasSuffix("; run auto-heal"))
        #expect(words(.missingColumn, .healing).hasSuffix("; run auto-heal"))
        #expect(words(.dryRun, .healing).hasSuffix("; run again without --dry-run"))
        #expect(words(.medium, .healing).hasSuffix("; run auto-heal --max-risk medium"))
        #expect(words(.failures, .healing).hasSuffix("; see above"))
        #expect(words(.faults, .healing) == "[ERROR] 1 critical finding: data; 1 fault of the run itself")
        let risky = words(.missingColumn) { $0.checks[1].findings[0].repair?.risk = .high }
        #expect(risky.hasSuffix("; run auto-heal --max-risk high"))
        func installing(_ report: inout Report) {
            for check in report.checks.indices {
                for finding in report.checks[check].findings.indices {
                    report.checks[check].findings[finding].repair?.steps = [.askPlugin(plugin: "p", installs: true)]
                }
            }
        }
        #expect(words(.missingColumn, .validation, installing).hasSuffix("; run auto-heal --install"))
        #expect(words(.medium, .healing, installing).hasSuffix("; run auto-heal --install --max-risk medium"))
        let forPeople = words(.missingColumn) { $0.checks[1].findings[0].repair?.risk = .critical }
        #expect(forPeople.hasSuffix("; see above"))
    }

    @Test func countsInTheSingularAndPlural() {
        #expect(words(.healthy) == "[OK] All 4 checks passed")
        #expect(words(.missingEnv) == "[WARNING] 1 warning: the application can run")
        #expect(words(.empty) == "[WARNING] Nothing was checked")
    }
}
