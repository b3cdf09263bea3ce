import Crypto
import Foundation
import HealModel
import Testing

@testable import Rendering

/// What each format makes of a report, where the golden files do not say why.
@Suite struct FormatTests {
    private static func check(
        _ status: Status, _ severity: Severity? = nil, _ findings: [Finding] = [], subject: String = "a.db"
    ) -> CheckResult {
        Make.databaseCheck(subject, status, findings, severity: severity, blockedBy: ["app"], reason: "is locked")
    }

    private static func report(_ checks: CheckResult...) -> Report { Make.report("validate-startup", .check, checks) }

    // MARK: JUnit

    @Test(arguments: [
        (Status.ok, Severity?.none, ""), (.healed, nil, ""), (.warning, .warning, ""),
        (.critical, .critical, "<failure "), (.unknown, .critical, "<error "), (.unknown, .warning, "<skipped "),
        (.unknown, nil, "<skipped "), (.blocked, nil, "<skipped "), (.skipped, nil, "<skipped "),
    ]) func onlyWhatIsCriticalFailsInJUnit(_ status: Status, _ severity: Severity?, _ element: String) {
        let text = JUnitRenderer().render(Self.report(Self.check(status, severity)))
        for name in ["<failure ", "<error ", "<skipped "] {
            #expect(text.contains(name) == (name == element), "\(text)")
        }
    }

    @Test func xmlHoldsNoCharacterThatItDoesNotKnow() {
        #expect(
            XMLText.escaped("a\u{0}b\u{FFFE}\u{FFFF}]]><&\"\u{1}")
                == "a\\u{0}b\\u{FFFE}\\u{FFFF}]]&gt;&lt;&amp;&quot;\\u{1}")
    }

    // MARK: TAP

    @Test(arguments: [
        (Status.ok, Severity?.none, "ok 1 - database schemas: a\\#b\n"),
        (.critical, .critical, "not ok 1 - database schemas: a\\#b\n"),
        (.warning, .warning, "not ok 1 - database schemas: a\\#b # TODO "),
        (.unknown, .critical, "not ok 1 - database schemas: a\\#b\n"),
        (.unknown, .warning, "not ok 1 - database schemas: a\\#b # TODO "),
        (.blocked, nil, "ok 1 - database schemas: a\\#b # SKIP Blocked by app\n"),
    ]) func testPoints(_ status: Status, _ severity: Severity?, _ line: String) {
        let text = TAPRenderer().render(Self.report(Self.check(status, severity, subject: "a#b")))
        #expect(text.contains("\n" + line), "\(text)")
    }

    @Test(arguments: [
        ("a # SKIP b", "a \\\\u{23} SKIP b"), ("a #todo", "a \\\\u{23}todo"), ("#", "\\#"),
        ("##skip", "\\#\\\\u{23}skip"),
        ("a\\# skip", "a\\\\\\\\u{23} skip"), ("# x", "\\# x"),
    ]) func noNameIsADirective(_ name: String, _ expected: String) {
        let text = TAPRenderer().render(Self.report(Self.check(.critical, .critical, subject: name)))
        #expect(text.contains("\nnot ok 1 - database schemas: \(expected)\n"), "\(text)")
    }

    // MARK: Nagios

    @Test(arguments: [
        ([check(.ok)], NagiosState.ok), ([check(.warning, .warning)], .warning),
        ([check(.critical, .critical)], .critical), ([check(.unknown, .critical)], .unknown),
        ([check(.unknown, .warning)], .warning),
        ([check(.unknown, .critical), check(.critical, .critical)], .critical),
        ([], .warning),
    ]) func nagiosHasItsOwnNumbers(_ checks: [CheckResult], _ state: NagiosState) {
        let report = Make.report("validate-startup", .check, checks)
        #expect(NagiosState(report) == state)
        #expect(NagiosRenderer().render(report).hasPrefix("SELFHEAL dynamic-pricing \(state.name) - "))
        #expect(NagiosState.allCases.map(\.rawValue) == [0, 1, 2, 3])
    }

    @Test func aFaultOfTheRunIsCriticalForNagios() {
        let report = Make.report("auto-heal", .heal, [Self.check(.unknown, .critical)], faults: ["the disk is full"])
        #expect(NagiosState(report) == .critical)
        #expect(NagiosRenderer().render(report).contains("the disk is full"))
    }

    @Test func nagiosGetsOneLineWhoseDataIsNotCut() throws {
        let long = String(repeating: "long | and ", count: 500)
        let finding = Finding("a.b", subject: "x", severity: .critical, message: long)
        let text = NagiosRenderer().render(Self.report(Self.check(.critical, .critical, [finding])))
        #expect(text.utf8.count < 1_024 && text.count { $0 == "\n" } == 1)
        let data = try #require(text.split(separator: "|").last)
        #expect(text.count { $0 == "|" } == 1 && data.contains(" critical=1;;;0;1 "))
    }

    // MARK: GitHub

    @Test func commandsCannotBeForged() {
        let text = "x,line=1::%\n::set-env name=A::B\r##[add-mask]y:z"
        let place = SourceLocation(file: text, line: 2, column: 3)
        let finding = Finding(
            FindingID(rawValue: text), subject: text, severity: .warning, message: text, source: place)
        var report = Self.report(Self.check(.warning, .warning, [finding], subject: text))
        report.notes = [text]
        report.repairs = [
            RepairRecord(
                finding: finding.key, repair: Repair(text, done: text, detail: text, risk: .low, steps: []),
                outcome: .failed,
                reason: text)
        ]
        let lines = GitHubRenderer().render(report).split(separator: "\n")
        let commands = lines.filter { $0.hasPrefix("::") }
        #expect(commands.count == 1 && lines.count == 4)
        #expect(
            commands.first?.hasPrefix(
                "::warning file=x%2Cline=1%3A%3A%25 %3A%3Aset-env name=A%3A%3AB ##[add-mask]y%3Az,line=2,col=3,title=")
                == true)
        for line in lines where !line.hasPrefix("::") { #expect(line.hasPrefix("[") && !line.contains("##[")) }
    }

    // MARK: Prometheus

    @Test func labelsAreEscaped() {
        var report = Self.report(Self.check(.ok))
        report.app = "a\"b\\c\nd"
        #expect(PrometheusRenderer().render(report).contains("selfheal_exit_status{app=\"a\\\"b\\\\c d\","))
    }

    @Test func theNumberOfSeriesDoesNotGrowWithTheResources() {
        let few = PrometheusRenderer().render(Self.report(Self.check(.ok)))
        let many = PrometheusRenderer().render(
            Make.report("validate-startup", .check, (0..<500).map { Self.check(.ok, subject: "\($0).db") }))
        #expect(few.split(separator: "\n").count == many.split(separator: "\n").count)
    }

    // MARK: Markdown

    @Test(arguments: [
        ("Column updated_at of t is missing", "Column `updated_at` of t is missing"),
        ("see www.example.org.", "see `www.example.org`."), ("@you #1 :tada:", "`@you #1 :tada`:"),
        ("1. one", "`1`. one"), ("- one", "`-` one"), ("--- x", "`---` x"), ("1) one", "`1`) one"),
        ("a | b", "a `|` b"), ("<b>x</b>", "`<b>x</b>`"), ("a ``b` c", "a ``` ``b` ``` c"), ("\\", "`\\`"),
        ("[x](http://y)", "`[x](http://y)`"), ("Was 5, is 7: bad.", "Was 5, is 7: bad."), ("", ""),
        ("it (a/b) x (rowids 1)", "it (`a/b`) x (rowids 1)"), ("f(x_y) (z_", "`f(x_y)` (`z_`"), ("() 1", "`()` 1"),
        ("don't (ever) well-known", "don't (ever) well-known"),
    ]) func nothingIsMarkup(_ text: String, _ expected: String) { #expect(MarkdownText.prose(text) == expected) }

    @Test func aBarEndsNoCell() {
        var report = Self.report(Self.check(.ok))
        report.checks[0].title = "a|b `c|"
        let row = MarkdownRenderer().render(report).split(separator: "\n").first { $0.contains("a¦b") } ?? ""
        #expect(row.count { $0 == "|" } == 4, "\(row)")
    }

    // MARK: SARIF

    @Test(arguments: [
        ("schemas.yaml", "\"uri\": \"schemas.yaml\""), ("./a b/ü#%.yaml", "\"uri\": \"a%20b/%C3%BC%23%25.yaml\""),
        ("/srv/x.yaml", "\"uri\": \"file:///srv/x.yaml\""), ("a:b.yaml", "\"uri\": \"a%3Ab.yaml\""),
    ]) func filesAreURIs(_ file: String, _ expected: String) {
        let finding = Finding(
            "a.b", subject: "x", severity: .critical, message: "m",
            source: SourceLocation(file: file, line: 1, column: 1))
        #expect(SARIFRenderer().render(Self.report(Self.check(.critical, .critical, [finding]))).contains(expected))
    }

    @Test func aMessageMakesNoLink() {
        let finding = Finding("a.b", subject: "x", severity: .critical, message: "see [this](http://evil)")
        let text = SARIFRenderer().render(Self.report(Self.check(.critical, .critical, [finding])))
        #expect(text.contains("see \\\\[this\\\\](http://evil)"), "\(text)")
    }

    @Test func fingerprintsAreOfWhatWasFound() {
        #expect(Fingerprint.of(["a", "b"]) == Fingerprint.of(["a", "b"]))
        #expect(Fingerprint.of(["a", "b"]) != Fingerprint.of(["ab"]) && Fingerprint.of(["a"]).count == 16)
        // The published value of FNV-1a for a text that ends in a zero byte.
        #expect(Fingerprint.of([""]) == "af63bd4c8601b7df")
    }

    // MARK: HTML

    @Test func thePolicyAllowsTheStyleAndTheScriptAndNothingElse() {
        let pairs = [(HTMLPage.style, HTMLPage.styleHash), (HTMLPage.script, HTMLPage.scriptHash)]
        for (text, hash) in pairs {
            #expect(Data(SHA256.hash(data: Data(text.utf8))).base64EncodedString() == hash)
        }
        let page = HTMLRenderer().render(Sample.failures.report)
        #expect(
            page.contains("<style>\(HTMLPage.style)</style>") && page.contains("<script>\(HTMLPage.script)</script>"))
        #expect(page.contains("default-src 'none'") && !page.contains("unsafe"))
    }

    // MARK: All of them

    private static let refusal = Refusal(
        tool: "auto-heal", toolVersion: "0.1.0", status: .configuration,
        faults: [
            .init("unknown key 'colums'", source: SourceLocation(file: "schemas.yaml", line: 7, column: 9)),
            .init("there is no finding 'x'"),
        ])

    @Test(arguments: OutputFormat.allCases.filter { $0 != .text && $0 != .prometheus })
    func aRefusalSaysWhatIsWrong(_ format: OutputFormat) {
        let text = format.renderer(layout: .healing, style: .plain).render(Self.refusal)
        let seen = text.replacing("&#39;", with: "'").replacing("`", with: "")
        #expect(seen.contains("unknown key 'colums'") && seen.contains("schemas.yaml"), "\(text)")
        #expect(format == .nagios || seen.contains("there is no finding 'x'"), "\(text)")
    }

    @Test(arguments: OutputFormat.allCases) func everyFileBeginsAsItsFormatDoes(_ format: OutputFormat) {
        let renderer = format.renderer(layout: .healing, style: .plain)
        let texts = Sample.allCases.map { renderer.render($0.report) } + [renderer.render(Self.refusal)]
        for text in texts where format != .text {
            #expect(format.beginnings.contains { text.hasPrefix($0) }, "\(text.prefix(80))")
        }
    }
}
