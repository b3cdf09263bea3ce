import Datasets
import HealModel

/// The graph of datasets, coloured by how they are: the output of `selfheal data graph`.
public struct DatasetGraphRenderer: Sendable {
    /// The forms that it can have; the names are what `--format` takes.
    public enum Format: String, CaseIterable, Sendable {
        case text, dot, mermaid, svg, html
    }

    public var style: TextStyle
    let graph: DatasetGraph
    let report: ReadinessReport
    /// The names of those that are shown.
    let shown: Set<String>

    /// - Parameter shown: the names of the datasets in the picture; `nil` for all.
    public init(
        _ graph: DatasetGraph, _ report: ReadinessReport, shown: Set<String>? = nil, style: TextStyle = .plain
    ) {
        self.graph = graph
        self.report = report
        self.shown = shown ?? Set(graph.names)
        self.style = style
    }

    public func render(_ format: Format) -> String {
        switch format {
        case .text: text
        case .dot: dot
        case .mermaid: mermaid
        case .svg: svg
        case .html: DatasetGraphPage(self).html
        }
    }

    var datasets: [Dataset] { graph.order.filter { shown.contains($0.name) } }

    func state(_ dataset: Dataset) -> DatasetState { report[dataset.name]?.state ?? .unknown }

    func parents(_ dataset: Dataset) -> [String] { dataset.parents.filter(shown.contains) }

    // MARK: Text

    private var text: String {
        var writer = TextWriter(style, tags: [])
        writer.heading(DatasetWording.readiness(report))
        for (number, wave) in graph.waves(of: shown).enumerated() {
            writer.heading("\(number + 1)")
            for dataset in wave {
                let state = state(dataset)
                let parents = parents(dataset)
                writer.item(
                    StateLook(state).mark,
                    "\(dataset.name) (\(state.rawValue))"
                        + (parents.isEmpty ? "" : " ← " + parents.joined(separator: ", ")))
            }
        }
        return writer.text
    }

    // MARK: Other programs' languages. A dataset's name has nothing in it that these would understand.

    private var dot: String {
        var text = """
            digraph datasets {
              rankdir=LR;
              node [shape=box, style="filled,rounded", fontname="sans-serif"];

            """
        for dataset in datasets {
            let state = state(dataset)
            let look = StateLook(state)
            text +=
                "  \"\(dataset.name)\" [label=\"\(dataset.name)\\n\(state.rawValue)\", fillcolor=\"\(look.ground)\", "
            text +=
                "color=\"\(look.ink)\", fontcolor=\"\(look.ink)\"\(dataset.isRequired ? "" : ", style=\"filled,rounded,dashed\"")];\n"
        }
        for dataset in datasets {
            for parent in parents(dataset) { text += "  \"\(parent)\" -> \"\(dataset.name)\";\n" }
        }
        return text + "}\n"
    }

    private var mermaid: String {
        var text = "flowchart LR\n"
        // Some names would be words of the language.
        var numbers: [String: Int] = [:]
        for (number, dataset) in datasets.enumerated() {
            numbers[dataset.name] = number
            let state = state(dataset)
            text += "  n\(number)[\"\(dataset.name)<br/>\(state.rawValue)\"]:::\(StateLook(state).rawValue)\n"
        }
        for dataset in datasets {
            for parent in parents(dataset) {
                text += "  n\(numbers[parent] ?? 0) --> n\(numbers[dataset.name] ?? 0)\n"
            }
        }
        for look in StateLook.allCases {
            text += "  classDef \(look.rawValue) fill:\(look.ground),stroke:\(look.ink),color:\(look.ink)\n"
        }
        return text
    }

    // MARK: Picture

    /// A picture by itself, on white.
    private var svg: String {
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"
            + picture(ground: "  <rect width=\"100%\" height=\"100%\" fill=\"#ffffff\"/>\n")
    }

    /// Colours stand in attributes, which a page's style may override by the classes.
    func picture(ground: String = "") -> String {
        let layout = GraphLayout(graph, shown: shown)
        let box = GraphLayout.box
        var text = """
            <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(layout.width) \(layout.height)" width="\(layout.width)" \
            height="\(layout.height)" role="img" font-family="system-ui, sans-serif">
              <title>\(HTMLText.escaped(DatasetWording.readiness(report)))</title>
            \(ground)
            """
        for dataset in datasets {
            guard let to = layout[dataset.name] else { continue }
            for parent in parents(dataset) {
                guard let from = layout[parent] else { continue }
                let (x, y) = (from.x + box.width, from.y + box.height / 2)
                let (endX, endY) = (to.x - 7, to.y + box.height / 2)
                let middle = (x + endX) / 2
                text += "  <path class=\"edge\" fill=\"none\" stroke=\"#57606a\" stroke-width=\"1.5\" "
                text += "d=\"M\(x) \(y) C\(middle) \(y) \(middle) \(endY) \(endX) \(endY)\"/>\n"
                text += "  <path class=\"tip\" fill=\"#57606a\" d=\"M\(endX) \(endY - 4) l7 4 l-7 4 z\"/>\n"
            }
        }
        for one in layout.boxes {
            guard let dataset = graph[one.name] else { continue }
            let state = state(dataset)
            let look = StateLook(state)
            let rows = report[one.name]?.rows.map { " · \($0) rows" } ?? ""
            let reason = report[one.name]?.reason.map { ": \($0)" } ?? ""
            let dashes = dataset.isRequired ? "" : " stroke-dasharray=\"5 3\""
            text += "  <g class=\"\(look.rawValue)\">\n"
            text += "    <title>\(HTMLText.escaped("\(one.name), \(state.rawValue)\(reason)"))</title>\n"
            text += "    <rect x=\"\(one.x)\" y=\"\(one.y)\" width=\"\(box.width)\" height=\"\(box.height)\" rx=\"8\" "
            text += "fill=\"\(look.ground)\" stroke=\"\(look.ink)\" stroke-width=\"1.5\"\(dashes)/>\n"
            text += Self.label(Self.cut(one.name, 26), one, 19, look, "font-size=\"13\" font-weight=\"600\"")
            text += Self.label(state.rawValue + rows, one, 36, look, "font-size=\"11\"")
            text += "  </g>\n"
        }
        return text + "</svg>\n"
    }

    private static func label(
        _ words: String, _ box: GraphLayout.Box, _ below: Int, _ look: StateLook, _ font: String
    ) -> String {
        "    <text x=\"\(box.x + 12)\" y=\"\(box.y + below)\" fill=\"\(look.ink)\" \(font)>\(HTMLText.escaped(words))</text>\n"
    }

    private static func cut(_ name: String, _ length: Int) -> String {
        name.count > length ? name.prefix(length - 1) + "…" : name
    }
}
