import HealModel

/// A report as JUnit XML, in the form that Jenkins' schema describes and GitLab reads: a suite for each group, a test case for
/// each check.
///
/// A critical check fails. A warning does not, because a CI server has only one kind of failure: it is in the output of a test
/// that passes. What could not be looked at is an error, unless the manifest says that this does not matter; then, like what
/// was blocked or left out, it is skipped.
public struct JUnitRenderer: ReportRenderer {
    public init() {}

    public func render(_ report: Report) -> String {
        let index = ReportIndex(report)
        var suites = index.groups.map { group in
            Suite(
                name: group.title, properties: Self.properties(of: report),
                cases: group.entries.map { entry in
                    Case(CheckText(entry: entry, withheld: index.withheld, mode: report.mode), entry.check)
                })
        }
        let faults = report.faults.enumerated().map { number, fault in
            Case(name: "fault \(number + 1)", classname: "selfheal.run", outcome: .error(fault, type: "fault"))
        }
        let strays = index.strayRecords.map { record in
            let lines = CheckText.lines(record).map(SafeText.line)
            return Case(
                name: "\(record.finding.id) on \(record.finding.subject)", classname: "selfheal.repair",
                outcome: Wording.failure(record) == nil ? .passed : .failure(lines[0], type: record.outcome.rawValue),
                lines: lines)
        }
        if !faults.isEmpty || !strays.isEmpty || !report.told.isEmpty {
            suites.append(
                Suite(name: "the run itself", properties: [], cases: faults + strays, notes: report.told))
        }
        return Self.document(suites, report.tool, startedAt: report.startedAt, took: report.durationMicroseconds)
    }

    public func render(_ refusal: Refusal) -> String {
        let cases = refusal.faults.map { fault in
            Case(
                name: fault.source?.description ?? "the run itself", classname: "selfheal.run",
                outcome: .error(fault.message, type: refusal.status == .configuration ? "manifest" : "run"),
                lines: [fault.text, refusal.words])
        }
        let suite = Suite(name: "the run itself", properties: [], cases: cases)
        return Self.document([suite], refusal.tool, startedAt: nil, took: nil)
    }

    private static func properties(of report: Report) -> [(String, String)] {
        [
            ("tool", "\(report.tool) \(report.toolVersion)"), ("app", report.app ?? ""), ("root", report.root),
            ("manifest", report.manifest), ("mode", report.mode.rawValue), ("exit status", String(report.exitStatus)),
        ].filter { !$0.1.isEmpty }
    }

    private static func document(_ suites: [Suite], _ tool: String, startedAt: Int64?, took: Int64?) -> String {
        var text = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
        let cases = suites.flatMap(\.cases)
        text += "<testsuites name=\"\(XMLText.escaped(tool))\" \(counts(cases))"
        text += took.map { " time=\"\(seconds($0, digits: 3))\"" } ?? ""
        text += ">\n"
        for suite in suites { write(suite, startedAt, to: &text) }
        return text + "</testsuites>\n"
    }

    private static func write(_ suite: Suite, _ startedAt: Int64?, to text: inout String) {
        let took = suite.cases.reduce(0) { $0 + ($1.durationMicroseconds ?? 0) }
        let skipped = suite.cases.count { $0.outcome.kind == .skipped }
        text += "  <testsuite name=\"\(XMLText.escaped(suite.name))\" \(counts(suite.cases)) skipped=\"\(skipped)\""
        text += " time=\"\(seconds(took, digits: 3))\""
        // In UTC, without saying so, and without a fraction: that is how Jenkins reads it.
        if let startedAt {
            text += " timestamp=\"\(Timestamp.iso8601(milliseconds: startedAt).prefix(while: { $0 != "." }))\""
        }
        text += ">\n"
        if !suite.properties.isEmpty {
            text += "    <properties>\n"
            for (name, value) in suite.properties {
                text += "      <property name=\"\(XMLText.escaped(name))\" value=\"\(XMLText.escaped(value))\"/>\n"
            }
            text += "    </properties>\n"
        }
        for item in suite.cases { write(item, to: &text) }
        element("system-out", [], suite.notes.map(SafeText.line), indentation: "    ", to: &text)
        text += "  </testsuite>\n"
    }

    private static func write(_ item: Case, to text: inout String) {
        text += "    <testcase classname=\"\(XMLText.escaped(item.classname))\" name=\"\(XMLText.escaped(item.name))\""
        text += item.durationMicroseconds.map { " time=\"\(seconds($0, digits: 6))\"" } ?? ""
        guard item.outcome != .passed || !item.lines.isEmpty else {
            text += "/>\n"
            return
        }
        text += ">\n"
        switch item.outcome {
        case .passed: element("system-out", [], item.lines, indentation: "      ", to: &text)
        case .failure(let message, let type):
            element("failure", [("type", type), ("message", message)], item.lines, indentation: "      ", to: &text)
        case .error(let message, let type):
            element("error", [("type", type), ("message", message)], item.lines, indentation: "      ", to: &text)
        case .skipped(let message):
            element("skipped", [("message", message)], [], indentation: "      ", to: &text)
            element("system-out", [], item.lines, indentation: "      ", to: &text)
        }
        text += "    </testcase>\n"
    }

    private static func element(
        _ name: String, _ attributes: [(String, String)], _ lines: [String], indentation: String, to text: inout String
    ) {
        guard !attributes.isEmpty || !lines.isEmpty else { return }
        text += indentation + "<" + name
        for (name, value) in attributes { text += " \(name)=\"\(XMLText.escaped(value))\"" }
        guard !lines.isEmpty else {
            text += "/>\n"
            return
        }
        text += ">" + lines.map(XMLText.escaped).joined(separator: "\n") + "</\(name)>\n"
    }

    private static func counts(_ cases: [Case]) -> String {
        let failures = cases.count { $0.outcome.kind == .failure }
        let errors = cases.count { $0.outcome.kind == .error }
        return "tests=\"\(cases.count)\" failures=\"\(failures)\" errors=\"\(errors)\""
    }

    private static func seconds(_ microseconds: Int64, digits: Int) -> String {
        Decimals.seconds(microseconds: microseconds, digits: digits)
    }

    private struct Suite {
        var name: String
        var properties: [(String, String)]
        var cases: [Case]
        var notes: [String] = []
    }

    private struct Case {
        enum Kind { case passed, failure, error, skipped }

        enum Outcome: Hashable {
            case passed
            case failure(String, type: String)
            case error(String, type: String)
            case skipped(String)

            var kind: Kind {
                switch self {
                case .passed: .passed
                case .failure: .failure
                case .error: .error
                case .skipped: .skipped
                }
            }
        }

        var name: String
        var classname: String
        var outcome: Outcome
        var lines: [String] = []
        var durationMicroseconds: Int64?

        init(name: String, classname: String, outcome: Outcome, lines: [String] = []) {
            self.name = name
            self.classname = classname
            self.outcome = outcome
            self.lines = lines
        }

        init(_ text: CheckText, _ check: CheckResult) {
            name = check.subject
            classname = "selfheal.\(check.check)"
            durationMicroseconds = check.durationMicroseconds
            lines = text.lines
            let worst = check.findings.max { $0.severity < $1.severity }?.id.rawValue
            switch check.status {
            case .ok, .healed, .warning: outcome = .passed
            case .critical: outcome = .failure(text.headline, type: worst ?? check.check)
            case .unknown where check.severity == .critical:
                outcome = .error(text.headline, type: "\(check.check).unknown")
            case .blocked, .skipped, .unknown: outcome = .skipped(text.headline)
            }
        }
    }
}
