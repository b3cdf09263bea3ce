import HealModel

/// The formats in which a report can be printed; the names are what `--format` takes.
///
/// A further format is a case here, a file with a `ReportRenderer`, and a line in `renderer(layout:style:)`.
public enum OutputFormat: String, CaseIterable, Sendable {
    /// Lines for people, as `TextStyle` says.
    case text
    /// `selfheal-report/1`, for programs. `docs/report.schema.json` describes it.
    case json

    /// The renderer for this format: the only place where formats are told apart.
    ///
    /// - Parameters:
    ///   - layout: how text is arranged; formats for programs do not depend on it.
    ///   - style: how text looks; formats for programs are always complete and plain.
    public func renderer(layout: TextLayout, style: TextStyle) -> any ReportRenderer {
        switch self {
        case .text: TextRenderer(layout: layout, style: style)
        case .json: JSONRenderer()
        }
    }
}

/// Report in, text out. A renderer neither judges nor does anything: the verdict is in the report.
public protocol ReportRenderer: Sendable {
    /// The whole output, each line ended by a newline. Empty when there is nothing to say.
    func render(_ report: Report) -> String
}
