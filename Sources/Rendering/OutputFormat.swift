import HealModel

/// The formats in which a report can be printed; the names are what `--format` takes.
///
/// A further format is a case here, a file with a `ReportRenderer`, and a line in `renderer(layout:style:explanations:)`.
/// `docs/formats.md` says what each makes of a report.
public enum OutputFormat: String, CaseIterable, Sendable {
    /// Lines for people, as `TextStyle` says.
    case text
    /// `selfheal-report/1`, for programs. `docs/report.schema.json` describes it.
    case json
    /// The XML that CI servers read test results from.
    case junit
    /// Test Anything Protocol, version 14.
    case tap
    /// SARIF 2.1.0, for code scanning.
    case sarif
    /// Annotations of GitHub Actions.
    case github
    /// One line for Nagios and its relatives.
    case nagios
    /// Metrics for the textfile collector of Prometheus' node_exporter.
    case prometheus
    /// GitHub flavoured Markdown.
    case markdown
    /// One page that needs nothing else.
    case html

    /// The renderer for this format: the only place where formats are told apart.
    ///
    /// - Parameters:
    ///   - layout: how text is arranged; formats for programs do not depend on it.
    ///   - style: how text looks; formats for programs are always complete and plain.
    ///   - explanations: what there is to know about kinds of findings, for formats that say so.
    public func renderer(
        layout: TextLayout, style: TextStyle, explanations: @autoclosure () -> [Explanation] = []
    ) -> any ReportRenderer {
        switch self {
        case .text: TextRenderer(layout: layout, style: style)
        case .json: JSONRenderer()
        case .junit: JUnitRenderer()
        case .tap: TAPRenderer()
        case .sarif: SARIFRenderer(explanations: explanations())
        case .github: GitHubRenderer()
        case .nagios: NagiosRenderer()
        case .prometheus: PrometheusRenderer()
        case .markdown: MarkdownRenderer()
        case .html: HTMLRenderer(explanations: explanations())
        }
    }

    /// How every file of this format begins, whatever made it: one of these.
    public var beginnings: [String] {
        switch self {
        case .text: []
        case .json: ["{\n  \"format\": \"selfheal-"]
        case .junit: ["<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites name="]
        case .tap: ["TAP version 14\n"]
        case .sarif: ["{\n  \"$schema\": \"\(SARIFRenderer.schema)\""]
        case .github: GitHubRenderer.beginnings
        case .nagios: ["SELFHEAL "]
        case .prometheus: ["# HELP selfheal_"]
        case .markdown: ["# validate-startup", "# auto-heal", "# selfheal"]
        case .html: [HTMLPage.beginning]
        }
    }
}

/// Report in, text out. A renderer neither judges nor does anything: the verdict is in the report.
public protocol ReportRenderer: Sendable {
    /// The whole output, each line ended by a newline. Empty when there is nothing to say.
    func render(_ report: Report) -> String
    /// The output of a run that looked at nothing. Empty where standard error says it already.
    func render(_ refusal: Refusal) -> String
}

extension ReportRenderer {
    /// Text for people has nothing to add to what standard error says.
    public func render(_ refusal: Refusal) -> String { "" }
}
