import HealModel

/// A report as lines for people.
public struct TextRenderer: ReportRenderer {
    public var layout: TextLayout
    public var style: TextStyle

    public init(layout: TextLayout, style: TextStyle = .plain) {
        self.layout = layout
        self.style = style
    }

    public func render(_ report: Report) -> String {
        switch layout {
        case .validation: ValidationText(report: report, style: style).text
        case .healing: HealingText(report: report, style: style).text
        }
    }
}
