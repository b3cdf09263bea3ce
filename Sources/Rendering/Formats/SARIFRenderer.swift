import HealModel

/// A report as SARIF 2.1.0, for code scanning: a result for each finding that remains, at the place in the manifest that states
/// what was expected.
///
/// What was healed, what was blocked or left out, notes and faults are notifications of the run: they are no results, and a
/// code scanner would open alerts for them.
public struct SARIFRenderer: ReportRenderer {
    /// Where editors find what describes it.
    static let schema = "https://json.schemastore.org/sarif-2.1.0.json"

    /// What is said of the rules that results refer to.
    public var explanations: [Explanation]

    public init(explanations: [Explanation] = []) { self.explanations = explanations }

    public func render(_ report: Report) -> String {
        let results = report.checks.flatMap { Self.results(of: $0, report) }
        var rules: [FindingID] = []
        for result in results where !rules.contains(result.id) { rules.append(result.id) }
        let places = Dictionary(uniqueKeysWithValues: rules.enumerated().map { ($1, $0) })
        let end = report.startedAt + report.durationMicroseconds / 1_000
        var properties = [
            JSONValue.Member("mode", .string(report.mode.rawValue)), .init("root", .string(report.root)),
            .init("manifest", .string(report.manifest)),
        ]
        if let app = report.app { properties.append(.init("app", .string(app))) }
        if let plan = report.plan { properties.append(.init("planHash", .string(plan.hash))) }
        if let run = report.run { properties.append(.init("journalRun", .integer(run))) }
        return Self.log(
            driver: driver(report.tool, report.toolVersion, rules: rules),
            invocation: .members(
                ("executionSuccessful", .bool(report.faults.isEmpty)), ("exitCode", .integer(Int64(report.exitStatus))),
                ("startTimeUtc", .string(Timestamp.iso8601(milliseconds: report.startedAt))),
                ("endTimeUtc", .string(Timestamp.iso8601(milliseconds: end))),
                ("toolExecutionNotifications", .array(Self.notifications(of: report)))),
            results: results.map { $0.value(ruleIndex: places[$0.id] ?? -1) },
            properties: properties)
    }

    public func render(_ refusal: Refusal) -> String {
        let notifications = refusal.faults.map { Self.notification("error", $0.message, at: $0.source) }
        let name =
            refusal.status == .configuration ? "toolConfigurationNotifications" : "toolExecutionNotifications"
        return Self.log(
            driver: driver(refusal.tool, refusal.toolVersion, rules: []),
            invocation: .members(
                ("executionSuccessful", .bool(false)), ("exitCode", .integer(Int64(refusal.status.rawValue))),
                (name, .array(notifications))),
            results: [], properties: [])
    }

    private static func log(
        driver: JSONValue, invocation: JSONValue, results: [JSONValue], properties: [JSONValue.Member]
    ) -> String {
        var run: [JSONValue.Member] = [
            .init("tool", .members(("driver", driver))), .init("invocations", .array([invocation])),
            .init("columnKind", .string("unicodeCodePoints")), .init("results", .array(results)),
        ]
        if !properties.isEmpty { run.append(.init("properties", .object(properties))) }
        return JSONValue.members(
            ("$schema", .string(schema)), ("version", .string("2.1.0")),
            ("runs", .array([.object(run)]))
        ).text
    }

    // MARK: Rules

    private func driver(_ tool: String, _ version: String, rules: [FindingID]) -> JSONValue {
        let known = Dictionary(explanations.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        return .members(
            ("name", .string("SelfHeal")), ("fullName", .string("SelfHeal \(tool)")), ("version", .string(version)),
            ("semanticVersion", .string(version)),
            ("rules", .array(rules.map { Self.rule($0, known[$0]) })))
    }

    private static func rule(_ id: FindingID, _ explanation: Explanation?) -> JSONValue {
        var members: [JSONValue.Member] = [.init("id", .string(id.rawValue))]
        guard let explanation else { return .object(members) }
        let help = "\(explanation.meaning)\n\n\(explanation.healing)"
        let repair = explanation.risk.map { "repair of \($0.rawValue) risk" } ?? "healed only by a person"
        members += [
            .init("shortDescription", message("\(explanation.title): \(id.rawValue)")),
            .init("fullDescription", message(explanation.meaning)),
            .init(
                "help",
                .members(
                    ("text", .string(plain(help))),
                    (
                        "markdown",
                        .string(
                            MarkdownText.prose(explanation.meaning) + "\n\n**Healing:** "
                                + MarkdownText.prose(explanation.healing))
                    ))),
            .init("defaultConfiguration", .members(("level", .string(level(explanation.severity))))),
            .init("properties", .members(("tags", .strings([explanation.title, repair])))),
        ]
        return .object(members)
    }

    // MARK: Results

    private struct Result {
        var id: FindingID
        var subject: String
        var level: String
        var text: String
        var source: SourceLocation?
        var properties: [JSONValue.Member]

        func value(ruleIndex: Int) -> JSONValue {
            .members(
                ("ruleId", .string(id.rawValue)), ("ruleIndex", .number(ruleIndex)), ("level", .string(level)),
                ("message", message(text)),
                ("locations", .array([location(source, subject: subject)])),
                (
                    "partialFingerprints",
                    .members(
                        // The name that GitHub compares. It depends on what was found, not on the manifest's lines.
                        ("primaryLocationLineHash", .string(Fingerprint.of([id.rawValue, subject]) + ":1")),
                        ("finding/v1", .string("\(id.rawValue)|\(subject)")))
                ),
                ("properties", .object(properties)))
        }
    }

    private static func results(of check: CheckResult, _ report: Report) -> [Result] {
        // Where nothing else is known, the manifest as a whole.
        let manifest =
            report.manifest.isEmpty ? nil : SourceLocation(file: report.manifest, line: 1, column: 1)
        if check.status == .unknown {
            return [
                Result(
                    id: FindingID(rawValue: "\(check.check).unknown"), subject: check.subject,
                    level: level(check.severity ?? .information),
                    text: "Could not look at \(check.subject): \(Wording.reason(check))",
                    source: check.source ?? manifest, properties: [.init("status", .string(check.status.rawValue))])
            ]
        }
        return check.findings.map { finding in
            var text = finding.message
            if let hint = finding.hint { text += ". Hint: \(hint)" }
            var properties: [JSONValue.Member] = [
                .init("subject", .string(finding.subject)), .init("severity", .string(finding.severity.rawValue)),
            ]
            for evidence in finding.evidence where !properties.contains(where: { $0.name == evidence.name }) {
                properties.append(.init(evidence.name, .string(evidence.value)))
            }
            if let repair = finding.repair {
                properties += [.init("repair", .string(repair.doing)), .init("risk", .string(repair.risk.rawValue))]
            }
            return Result(
                id: finding.id, subject: finding.subject, level: level(finding.severity), text: text,
                source: finding.source ?? check.source ?? manifest, properties: properties)
        }
    }

    // MARK: Notifications

    private static func notifications(of report: Report) -> [JSONValue] {
        var all = report.faults.map { notification("error", $0, at: nil) }
        all += report.told.map { notification("note", $0, at: nil) }
        for check in report.checks {
            switch check.status {
            case .blocked:
                let words = "\(check.subject): blocked by \(check.blockedBy.joined(separator: ", "))"
                all.append(notification("note", words, at: check.source))
            case .skipped:
                all.append(notification("note", "\(check.subject): \(Wording.reason(check))", at: check.source))
            case .ok, .healed, .warning, .critical, .unknown: break
            }
        }
        for record in report.repairs {
            let failed = Wording.failure(record) != nil
            all.append(
                notification(
                    failed ? "warning" : "note", CheckText.lines(record).first ?? record.repair.doing, at: nil))
        }
        return all
    }

    private static func notification(_ level: String, _ text: String, at source: SourceLocation?) -> JSONValue {
        var members: [JSONValue.Member] = [.init("level", .string(level)), .init("message", message(text))]
        if let source { members.append(.init("locations", .array([location(source, subject: nil)]))) }
        return .object(members)
    }

    // MARK: Parts

    private static func location(_ source: SourceLocation?, subject: String?) -> JSONValue {
        var members: [JSONValue.Member] = []
        if let source {
            members.append(
                .init(
                    "physicalLocation",
                    .members(
                        ("artifactLocation", artifact(source.file)),
                        (
                            "region",
                            .members(
                                ("startLine", .number(max(1, source.line))),
                                ("startColumn", .number(max(1, source.column))))
                        ))))
        }
        if let subject {
            members.append(
                .init(
                    "logicalLocations",
                    .array([.members(("fullyQualifiedName", .string(plain(subject))), ("kind", .string("resource")))])))
        }
        return .object(members)
    }

    /// A file as it was named: relative to the folder that the tool ran in, which code scanning takes for the repository.
    private static func artifact(_ file: String) -> JSONValue {
        if file.hasPrefix("/") { return .members(("uri", .string("file://" + URIText.path(file)))) }
        var path = file[...]
        while path.hasPrefix("./") { path = path.dropFirst(2) }
        return .members(("uri", .string(URIText.path(String(path)))), ("uriBaseId", .string("%SRCROOT%")))
    }

    private static func message(_ text: String) -> JSONValue { .members(("text", .string(plain(text)))) }

    /// Brackets that would make a link of `[text](destination)` are only that.
    private static func plain(_ text: String) -> String {
        guard text.contains("](") else { return text }
        return text.replacing("\\", with: "\\\\").replacing("[", with: "\\[").replacing("]", with: "\\]")
    }

    private static func level(_ severity: Severity) -> String {
        switch severity {
        case .critical: "error"
        case .warning: "warning"
        case .information: "note"
        }
    }
}

/// Paths as they stand in a URI.
enum URIText {
    /// Every byte but those that never mean anything else, percent-encoded.
    static func path(_ path: String) -> String {
        var text = ""
        for byte in path.utf8 {
            switch byte {
            case UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "a")...UInt8(ascii: "z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "~"), UInt8(ascii: "/"):
                text.unicodeScalars.append(Unicode.Scalar(byte))
            default:
                let digits = String(byte, radix: 16, uppercase: true)
                text += "%" + (digits.utf8.count == 1 ? "0" : "") + digits
            }
        }
        return text
    }
}

/// What makes two findings of two runs the same one, in 16 digits: FNV-1a. It tells them apart; it protects nothing.
enum Fingerprint {
    static func of(_ parts: [String]) -> String {
        var hash: UInt64 = 0xCBF2_9CE4_8422_2325
        for part in parts {
            for byte in Array(part.utf8) + [0] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.utf8.count) + digits
    }
}
