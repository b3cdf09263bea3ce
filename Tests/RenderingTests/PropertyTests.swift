import HealModel
import Rendering
import Testing

/// What holds for every report, layout and style.
@Suite struct PropertyTests {
    /// Texts that try to steer a terminal, to forge a line, or to hide.
    static let hostile = [
        "\u{1B}[2J\u{1B}]0;owned\u{7}", "a\n[OK] All 14 checks passed", "a\r[OK] fine", "\u{9B}31m", "\u{202E}txt.exe",
        "\u{2066}x\u{2069}", "tab\there", "\u{0}\u{7F}\u{8}", "\u{2028}line\u{2029}", "\u{FEFF}\u{200B}", "\u{E0041}",
        "🏳️‍🌈 é 日本", "\"\\/ '`$(x)", "",
    ]

    struct Look: Sendable {
        var layout: TextLayout
        var style: TextStyle
    }

    static let looks: [Look] = TextLayout.allCases.flatMap { layout in
        Verbosity.allCases.flatMap { verbosity in
            [nil, 0, 10, 80].map { Look(layout: layout, style: TextStyle(width: $0, verbosity: verbosity)) }
        }
    }

    /// A report all of whose texts hold `text`.
    static func report(_ text: String, _ mode: RunMode, _ outcome: Outcome) -> Report {
        let repair = Repair(
            text + "doing", done: text + "done", detail: text + "detail", risk: .low,
            steps: [.executeSQL(database: Make.path("a.db"), statements: [text])])
        let findings = Severity.allCases.map { severity in
            Finding(
                FindingID(rawValue: text + "id"), subject: text + severity.rawValue, severity: severity,
                message: text + "message" + severity.rawValue, evidence: [Evidence(text, text)], hint: text + "hint",
                source: SourceLocation(file: text, line: 1, column: 1), repair: repair)
        }
        let checks = Status.allCases.map { status in
            CheckResult(
                check: text, title: text + "title", domain: .other, subject: text + "subject", status: status,
                severity: .critical, findings: findings, healed: findings, confirmations: [text], blockedBy: [text],
                reason: text + "reason")
        }
        var report = Make.report(
            text, mode, checks,
            plan: findings.map {
                PlannedRepair(finding: $0.key, repair: repair, withheld: $0.severity == .warning ? text : nil)
            },
            repairs: findings.map { finding in
                RepairRecord(
                    finding: finding.key, repair: repair, outcome: outcome, reason: text, before: text, after: text)
            }, notes: [text], faults: [text])
        report.app = text
        report.root = text
        report.plan?.hash = text
        return report
    }

    private static func harmful(in text: String) -> [Unicode.Scalar] {
        text.unicodeScalars.filter { scalar in
            switch scalar.properties.generalCategory {
            case .control: scalar != "\n"
            case .format: scalar.value != 0x200D
            case .lineSeparator, .paragraphSeparator: true
            default: false
            }
        }
    }

    @Test(arguments: hostile, looks) func nothingSteersTheTerminal(_ text: String, _ look: Look) {
        for mode in [RunMode.check, .dryRun, .heal] {
            for outcome in [Outcome.applied, .unneeded, .refused, .failed, .undone] {
                let output = TextRenderer(layout: look.layout, style: look.style).render(
                    Self.report(text, mode, outcome))
                #expect(Self.harmful(in: output).isEmpty)
                let lines = output.split(separator: "\n")
                #expect(!lines.contains { $0.hasPrefix("[OK] All") || $0.hasPrefix("[OK] fine") })
            }
        }
    }

    @Test(arguments: hostile) func neitherInOtherOutputs(_ text: String) {
        let report = Self.report(text, .heal, .failed)
        let entry = HistoryEntry(
            run: 1, tool: text, startedAt: 0, ending: .interrupted, changes: 0, note: text, repairs: report.repairs)
        let kind = Explanation(
            id: FindingID(rawValue: text), title: text, severity: .warning, risk: nil, meaning: text, healing: text,
            blocks: true)
        let outputs = [
            JSONRenderer().render(report), HistoryRenderer().text([entry]), HistoryRenderer().text(run: entry),
            HistoryRenderer().json([entry]), ExplainRenderer().text([kind]), ExplainRenderer().json([kind]),
            ExplainRenderer().markdown([kind]), PlanRenderer().render(report),
            String(ProgressLine(width: 40).show(text, elapsed: .seconds(1)).dropFirst()),
        ]
        for output in outputs { #expect(Self.harmful(in: output).isEmpty) }
    }

    @Test(arguments: hostile, OutputFormat.allCases) func norInAnyFormat(_ text: String, _ format: OutputFormat) {
        let renderer = format.renderer(layout: .healing, style: .plain)
        for mode in [RunMode.check, .dryRun, .heal] {
            for outcome in [Outcome.applied, .unneeded, .refused, .failed, .undone] {
                #expect(Self.harmful(in: renderer.render(Self.report(text, mode, outcome))).isEmpty)
            }
        }
        let place = SourceLocation(file: text, line: 1, column: 1)
        let refusal = Refusal(
            tool: text, toolVersion: text, status: .configuration, faults: [.init(text), .init(text, source: place)])
        #expect(Self.harmful(in: renderer.render(refusal)).isEmpty)
    }

    /// What a reader of the format sees.
    private static func read(_ text: String, as format: OutputFormat) -> String {
        switch format {
        case .markdown: text.replacing("`", with: "")
        case .html, .junit:
            text.replacing("&#39;", with: "'").replacing("&quot;", with: "\"").replacing("&lt;", with: "<")
                .replacing("&gt;", with: ">").replacing("&amp;", with: "&")
        default: text
        }
    }

    @Test(arguments: Sample.allCases) func everyMessageIsShown(_ sample: Sample) {
        let report = sample.report
        let findings = report.checks.flatMap(\.findings)
        // One line, or numbers, cannot hold everything.
        for format in OutputFormat.allCases where format != .nagios && format != .prometheus {
            for look in format == .text ? Self.looks : Array(Self.looks.prefix(1)) {
                let rendered = format.renderer(layout: look.layout, style: look.style).render(report)
                let output = Self.read(rendered, as: format)
                for finding in findings where finding.severity != .information || look.style.verbosity != .quiet {
                    #expect(output.contains(finding.message), "\(format) \(look)")
                }
                for fault in report.faults { #expect(output.contains(fault)) }
                for record in report.repairs where record.outcome == .failed || record.outcome == .undone {
                    #expect(record.reason.map { output.contains($0.split(separator: ": ").last ?? "") } ?? true)
                }
            }
        }
    }

    @Test(arguments: [Sample.healthy, .long, .dryRunHealthy], TextLayout.allCases)
    func quietAndHealthyIsEmpty(_ sample: Sample, _ layout: TextLayout) {
        let style = TextStyle(color: true, width: 80, verbosity: .quiet)
        #expect(TextRenderer(layout: layout, style: style).render(sample.report).isEmpty)
    }

    @Test(arguments: Sample.allCases) func plainTagsAreFollowedByOneSpace(_ sample: Sample) {
        for layout in TextLayout.allCases {
            for line in TextRenderer(layout: layout).render(sample.report).split(separator: "\n")
            where line.hasPrefix("[") {
                let rest = line.drop { $0 != "]" }.dropFirst()
                #expect(rest.hasPrefix(" ") && !rest.hasPrefix("  "), "\(line)")
            }
        }
    }

    @Test(arguments: Sample.allCases) func textsLineUpOnATerminal(_ sample: Sample) {
        let lines = TextRenderer(layout: .validation, style: TextStyle(width: 100)).render(sample.report)
            .split(separator: "\n")
        for line in lines { #expect(line.dropFirst(9).hasPrefix(" ") && !line.dropFirst(10).hasPrefix(" "), "\(line)") }
    }

    @Test(arguments: Sample.allCases) func colourChangesNothingButColour(_ sample: Sample) {
        for look in Self.looks {
            var style = look.style
            style.color = true
            let coloured = TextRenderer(layout: look.layout, style: style).render(sample.report)
            let plain = TextRenderer(layout: look.layout, style: look.style).render(sample.report)
            #expect(coloured.replacing(/\u{1B}\[[0-9]+m/, with: "") == plain)
            #expect(plain.isEmpty || coloured.contains("\u{1B}["))
        }
    }

    @Test(arguments: Sample.allCases) func dryRunsClaimNothing(_ sample: Sample) {
        var report = sample.report
        report.mode = .dryRun
        report.repairs = []
        for look in Self.looks {
            let output = TextRenderer(layout: look.layout, style: look.style).render(report)
            for word in ["[HEALING]", "[AUTO-HEAL]", "Successfully", "Created ", "Added ", "Copied ", " successful"] {
                #expect(!output.contains(word), "\(word) in \(output)")
            }
        }
    }
}
