import HealModel

/// A report as one page that needs nothing else: no request, no script to be read, light and dark as the reader's system says.
public struct HTMLRenderer: ReportRenderer {
    /// What is said of kinds of findings.
    public var explanations: [Explanation]

    public init(explanations: [Explanation] = []) { self.explanations = explanations }

    public func render(_ report: Report) -> String {
        let index = ReportIndex(report)
        let verdict = Verdict(report)
        let title = report.tool + (report.app.map { ": \($0)" } ?? "")
        var body = Self.header(title, state: Self.state(verdict.tag), verdict.tag.rawValue, verdict.words)
        body += "<dl class=\"facts\">\n" + Self.facts(of: report).map(Self.fact).joined() + "</dl>\n</header>\n<main>\n"
        body += Self.list("Faults of the run itself", report.faults)
        body += Self.list("Notes", report.told)
        body += "<h2>Checks</h2>\n" + Self.controls(report) + table(index, report)
        body += Self.list("Other repairs", index.strayRecords.flatMap(CheckText.lines))
        let made = "\(report.tool) \(report.toolVersion), \(Timestamp.readable(milliseconds: report.startedAt)) UTC"
        body += "</main>\n<footer>\(HTMLText.escaped(made))</footer>\n"
        return Self.page(title, body, script: true)
    }

    public func render(_ refusal: Refusal) -> String {
        let title = refusal.tool
        var body = Self.header(title, state: "critical", Tag.error.rawValue, refusal.words) + "</header>\n"
        body += "<main id=\"main\">\n" + Self.list("What is wrong", refusal.faults.map(\.text)) + "</main>\n"
        body += "<footer>\(HTMLText.escaped("\(refusal.tool) \(refusal.toolVersion)"))</footer>\n"
        return Self.page(title, body, script: false)
    }

    // MARK: The page

    private static func page(_ title: String, _ body: String, script: Bool) -> String {
        """
        \(HTMLPage.beginning)\(HTMLPage.allowed)">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta name="color-scheme" content="light dark">
        <meta name="referrer" content="no-referrer">
        <title>\(HTMLText.escaped(title))</title>
        <style>\(HTMLPage.style)</style>
        </head>
        <body>
        \(body)\(script ? "<script>\(HTMLPage.script)</script>\n" : "")</body>
        </html>

        """
    }

    private static func header(_ title: String, state: String, _ tag: String, _ words: String) -> String {
        """
        <header>
        <a class="skip" href="#main">Skip to the checks</a>
        <h1>\(HTMLText.escaped(title))</h1>
        <p class="verdict \(state)">\(tag): <span>\(HTMLText.escaped(words))</span></p>

        """
    }

    private static func state(_ tag: Tag) -> String {
        switch tag {
        case .ok: "ok"
        case .warning: "warning"
        default: "critical"
        }
    }

    private static func facts(of report: Report) -> [(String, String)] {
        [
            ("Root", report.root), ("Manifest", report.manifest), ("Mode", mode(report.mode)),
            ("Began", Timestamp.readable(milliseconds: report.startedAt) + " UTC"),
            ("Took", Wording.duration(microseconds: report.durationMicroseconds)),
            ("Plan", report.plan.map { String($0.hash.prefix(12)) } ?? ""),
            ("Run in the journal", report.run.map(String.init) ?? ""),
        ].filter { !$0.1.isEmpty }
    }

    private static func mode(_ mode: RunMode) -> String {
        switch mode {
        case .check: "looked only"
        case .dryRun: "dry run, nothing was changed"
        case .heal: "looked and healed"
        }
    }

    private static func fact(_ name: String, _ value: String) -> String {
        "<div><dt>\(name)</dt><dd>\(HTMLText.escaped(value))</dd></div>\n"
    }

    private static func list(_ title: String, _ lines: [String]) -> String {
        guard !lines.isEmpty else { return "" }
        let items = lines.map { "<li>\(HTMLText.escaped($0))</li>\n" }.joined()
        return "<section>\n<h2>\(title)</h2>\n<ul>\n\(items)</ul>\n</section>\n"
    }

    private static func controls(_ report: Report) -> String {
        let statuses = Status.allCases.filter { status in report.checks.contains { $0.status == status } }
        let boxes = statuses.map { status in
            let count = report.checks.count { $0.status == status }
            return "<label><input type=\"checkbox\" value=\"\(status.rawValue)\" checked> "
                + "<span class=\"badge \(status.rawValue)\">\(status.rawValue) \(count)</span></label>\n"
        }.joined()
        return """
            <form class="controls" id="controls" role="search" hidden>
            <label class="search">Search <input type="search" id="search" autocomplete="off" aria-controls="checks"></label>
            <fieldset>
            <legend>Status</legend>
            \(boxes)</fieldset>
            </form>
            <p id="shown" role="status" aria-live="polite">\(Wording.count(report.checks.count, "check"))</p>

            """
    }

    // MARK: The table

    private func table(_ index: ReportIndex, _ report: Report) -> String {
        let known = Dictionary(explanations.map { ($0.id, $0) }, uniquingKeysWith: { first, _ in first })
        let rows = index.groups.flatMap(\.entries).map { entry in
            row(CheckText(entry: entry, withheld: index.withheld, mode: report.mode), entry, known)
        }
        let empty = "<tr><td colspan=\"4\">Nothing was checked</td></tr>\n"
        return """
            <div class="scroll" id="main" role="region" aria-labelledby="caption" tabindex="0">
            <table id="checks">
            <caption id="caption">What was looked at, in groups, and what was found</caption>
            <thead>
            <tr><th scope="col">Status</th><th scope="col">Resource</th><th scope="col">What was found</th>\
            <th scope="col">Took</th></tr>
            </thead>
            <tbody>
            \(rows.isEmpty ? empty : rows.joined())</tbody>
            </table>
            </div>

            """
    }

    private func row(_ words: CheckText, _ entry: ReportIndex.Entry, _ known: [FindingID: Explanation]) -> String {
        let check = entry.check
        let status = check.status.rawValue
        var items = check.findings.map { finding(finding: $0, words, known) }
        items += check.healed.map { "<p>\(Self.badge("healed")) \(HTMLText.escaped($0.message))</p>" }
        items += entry.records.map(Self.repair)
        if words.mode == .dryRun {
            items += entry.planned.filter { $0.withheld == nil }.map {
                "<p>\(Self.badge("planned", as: "information")) \(HTMLText.escaped(Wording.would($0.repair)))</p>"
            }
        }
        if items.isEmpty || [.blocked, .skipped, .unknown].contains(check.status) {
            items.insert("<p>\(HTMLText.escaped(words.headline))</p>", at: 0)
        }
        let found =
            items.count == 1 ? items[0] : "<ul>\n" + items.map { "<li>\($0)</li>\n" }.joined() + "</ul>"
        return """
            <tr data-status="\(status)">
            <td>\(Self.badge(status))</td>
            <th scope="row">\(HTMLText.escaped(check.subject))<small>\(HTMLText.escaped(check.title))</small></th>
            <td>\(found)</td>
            <td class="number">\(Wording.duration(microseconds: check.durationMicroseconds))</td>
            </tr>

            """
    }

    private func finding(finding: Finding, _ words: CheckText, _ known: [FindingID: Explanation]) -> String {
        var text = "<p>\(Self.badge(finding.severity.rawValue)) \(HTMLText.escaped(finding.message))</p>"
        var about = [("finding", Self.code(finding.id.rawValue) + " on " + Self.code(finding.subject))]
        if let place = words.place(of: finding) { about.append(("stated at", Self.code(place.description))) }
        about += finding.evidence.map { (HTMLText.escaped($0.name), Self.code($0.value)) }
        if let hint = finding.hint { about.append(("hint", HTMLText.escaped(hint))) }
        if let withheld = words.withheld[finding.key], let repair = finding.repair {
            let doing = Wording.lowercasedFirst(repair.doing)
            about.append(("not done", HTMLText.escaped("\(doing), because \(withheld)")))
        }
        text += "\n<dl class=\"about\">" + about.map { "<dt>\($0.0)</dt><dd>\($0.1)</dd>" }.joined() + "</dl>"
        if let explanation = known[finding.id] {
            text += "\n<details><summary>What this means</summary><p>\(HTMLText.escaped(explanation.meaning))</p>"
            text += "<p>\(HTMLText.escaped(explanation.healing))</p></details>"
        }
        return text
    }

    private static func repair(_ record: RepairRecord) -> String {
        let look = Wording.failure(record) == nil ? "ok" : "critical"
        var text = "<p>\(badge(record.outcome.rawValue, as: look)) \(HTMLText.escaped(CheckText.words(record)))</p>"
        if record.outcome == .applied, !record.repair.detail.isEmpty {
            text += "\n<dl class=\"about\"><dt>how</dt><dd>\(code(record.repair.detail))</dd></dl>"
        }
        return text
    }

    private static func badge(_ word: String, as look: String? = nil) -> String {
        "<span class=\"badge \(look ?? word)\">\(word)</span>"
    }

    private static func code(_ text: String) -> String { "<code>\(HTMLText.escaped(text))</code>" }
}
