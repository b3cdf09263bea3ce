import Datasets

/// Where the datasets of a picture are: a column for each wave, and in it those close to each other that depend on the same.
struct GraphLayout {
    struct Box {
        var name: String
        var x: Int
        var y: Int
    }

    static let box = (width: 190, height: 46)
    private static let gap = (x: 70, y: 18)
    static let margin = 16

    /// In the order in which they are drawn.
    private(set) var boxes: [Box] = []
    private(set) var width = 0
    private(set) var height = 0
    private var places: [String: Int] = [:]

    init(_ graph: DatasetGraph, shown: Set<String>) {
        let waves = graph.waves(of: shown)
        // The vertical place of each in its column, from 0 to 1.
        var heights: [String: Double] = [:]
        let tallest = waves.map(\.count).max() ?? 0
        for (column, wave) in waves.enumerated() {
            let wanted = wave.enumerated().map { index, dataset in
                let parents = dataset.parents.compactMap { heights[$0] }
                let mean = parents.isEmpty ? Double(index) : parents.reduce(0, +) / Double(parents.count)
                return (dataset: dataset, mean: mean, index: index)
            }.sorted { ($0.mean, $0.index) < ($1.mean, $1.index) }
            let free = tallest - wave.count
            for (row, one) in wanted.enumerated() {
                let step = Self.box.height + Self.gap.y
                let y = Self.margin + row * step + free * step / 2
                heights[one.dataset.name] = Double(y)
                places[one.dataset.name] = boxes.count
                boxes.append(
                    Box(name: one.dataset.name, x: Self.margin + column * (Self.box.width + Self.gap.x), y: y))
            }
        }
        width = max(Self.box.width, waves.count * (Self.box.width + Self.gap.x) - Self.gap.x) + 2 * Self.margin
        height = max(Self.box.height, tallest * (Self.box.height + Self.gap.y) - Self.gap.y) + 2 * Self.margin
    }

    subscript(name: String) -> Box? { places[name].map { boxes[$0] } }
}
