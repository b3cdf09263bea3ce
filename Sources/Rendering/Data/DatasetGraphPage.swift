import Datasets
import HealModel

/// The graph as one page that needs nothing else: the picture, and below it a table of the same.
struct DatasetGraphPage {
    /// Base64 of the SHA-256 of `style`: beside that of all reports, the page's policy allows this and nothing else. A test
    /// compares.
    static let styleHash = "IN8zg0SbIvYPaKVvjWgOfCgkP5+YvO929Z3EK1cXgOY="

    /// The picture in the colours of the page, light and dark.
    static let style = """
        .picture { overflow-x: auto; background: var(--card); border: 1px solid var(--line); border-radius: 0.5rem; }
        .picture svg { display: block; }
        .picture .edge { stroke: var(--soft); }
        .picture .tip { fill: var(--soft); }
        .picture .good rect { fill: var(--ok-back); stroke: var(--ok); }
        .picture .good text { fill: var(--ok); }
        .picture .soft rect { fill: var(--warn-back); stroke: var(--warn); }
        .picture .soft text { fill: var(--warn); }
        .picture .bad rect { fill: var(--bad-back); stroke: var(--bad); }
        .picture .bad text { fill: var(--bad); }
        .picture .other rect { fill: var(--other-back); stroke: var(--other); }
        .picture .other text { fill: var(--other); }

        """

    private let renderer: DatasetGraphRenderer

    init(_ renderer: DatasetGraphRenderer) { self.renderer = renderer }

    var html: String {
        let report = renderer.report
        let verdict = DatasetWording.verdict(report)
        let state = verdict.tag == .ok ? "ok" : verdict.tag == .warning ? "warning" : "critical"
        let facts = [
            ("Looked at", Timestamp.readable(milliseconds: report.time) + " UTC"),
            ("Datasets", "\(renderer.datasets.count)"),
        ]
        return """
            \(HTMLPage.beginning) style-src 'sha256-\(HTMLPage.styleHash)' 'sha256-\(Self.styleHash)'; base-uri 'none'; form-action 'none'">
            <meta name="viewport" content="width=device-width, initial-scale=1">
            <meta name="color-scheme" content="light dark">
            <meta name="referrer" content="no-referrer">
            <title>Datasets</title>
            <style>\(HTMLPage.style)</style>
            <style>\(Self.style)</style>
            </head>
            <body>
            <header>
            <a class="skip" href="#main">Skip to the table</a>
            <h1>\(HTMLText.escaped(DatasetWording.readiness(report)))</h1>
            <p class="verdict \(state)">\(verdict.tag.rawValue): <span>\(HTMLText.escaped(verdict.words))</span></p>
            <dl class="facts">
            \(facts.map { "<div><dt>\($0.0)</dt><dd>\(HTMLText.escaped($0.1))</dd></div>\n" }.joined())</dl>
            </header>
            <main>
            <h2>What depends on what</h2>
            <div class="picture" tabindex="0" role="region" aria-label="The graph of datasets">
            \(renderer.picture())</div>
            \(blocking)<h2 id="main">Datasets</h2>
            <div class="scroll" tabindex="0" role="region" aria-label="The table of datasets">
            <table>
            <thead><tr><th scope="col">Dataset</th><th scope="col">State</th><th scope="col">Rows</th>\
            <th scope="col">Updated (UTC)</th><th scope="col">Health</th><th scope="col">Remarks</th></tr></thead>
            <tbody>
            \(renderer.datasets.compactMap { report[$0.name] }.map(row).joined())</tbody>
            </table>
            </div>
            </main>
            <footer>selfheal data graph</footer>
            </body>
            </html>

            """
    }

    private var blocking: String {
        let all = renderer.report.blocking.filter { renderer.shown.contains($0.name) }
        guard !all.isEmpty else { return "" }
        let items = all.map { "<li>\(HTMLText.escaped(DatasetWording.blocking($0)))</li>\n" }
        return "<h2>Blocking, and for a person to mend</h2>\n<ul>\n\(items.joined())</ul>\n"
    }

    private func row(_ status: DatasetStatus) -> String {
        let relation = status.dataset.relation.description + (status.dataset.isRequired ? "" : ", optional")
        let cells = [
            "<th scope=\"row\">\(HTMLText.escaped(status.name))<small>\(HTMLText.escaped(relation))</small></th>",
            "<td><span class=\"badge \(StateLook(status.state).badge)\">\(status.state.rawValue)</span></td>",
            "<td class=\"number\">\(status.rows?.description ?? "–")</td>",
            "<td>\(DatasetWording.updated(status))</td>",
            "<td>\(HTMLText.escaped(DatasetWording.health(status.health)))</td>",
            "<td>\(HTMLText.escaped(DatasetWording.remarks(status).joined(separator: "; ")))</td>",
        ]
        return "<tr>\(cells.joined())</tr>\n"
    }
}
