import Datasets
import HealManifest
import HealModel
import ManifestShape
import Testing

/// A manifest in memory.
struct MemorySource: ManifestSource {
    var text: String

    func read(_ path: String, within folder: String?, limit: Int) throws(ManifestSourceError) -> [UInt8] {
        Array(text.utf8)
    }

    func list(_ path: String, within folder: String) throws(ManifestSourceError) -> [ManifestSourceItem] { [] }
}

/// What stands under `datasets:` in a manifest whose first line is `datasets:`, and what is wrong with it.
func datasets(_ text: String) -> (datasets: [Dataset]?, problems: [String]) {
    var problems = ManifestProblems()
    let document = ManifestDocument.read(
        path: "schemas.yaml", sections: [ManifestSection("datasets", Dataset.shape.schema)],
        source: MemorySource(text: text + "\nversion: 1\n"), environment: [:], &problems)
    guard let section = document?.section("datasets") else { return (nil, problems.sorted.all.map(\.description)) }
    let datasets = Dataset.shape.decode(section, &problems)
    return (datasets, problems.sorted.all.map(\.description))
}

/// The dataset that a manifest has one of.
func dataset(_ lines: String) throws -> Dataset {
    let (found, problems) = datasets("datasets:\n  d:\n    relation: {database: app.db, table: d}\n" + lines)
    #expect(problems == [])
    return try #require(found?.first)
}

/// A dataset of which only the name and the parents matter. Its place is the line `line`.
func node(_ name: String, _ parents: [String] = [], line: Int = 1) throws -> Dataset {
    let place = SourceLocation(file: "m.yaml", line: line, column: 1)
    return Dataset(
        name: name, relation: Relation(database: try ResourcePath("app.db"), table: name),
        dependsOn: parents.map { Located($0, SourceLocation(file: "m.yaml", line: line, column: 20)) }, location: place)
}

/// Datasets in short: `b<a c<a,b` is b, which depends on a, and c, which depends on a and b.
func nodes(_ text: String) throws -> [Dataset] {
    try text.split(separator: " ").enumerated().map { index, word in
        let parts = word.split(separator: "<")
        return try node(
            String(parts[0]), parts.count > 1 ? parts[1].split(separator: ",").map(String.init) : [], line: index + 1)
    }
}

func graph(_ text: String) throws -> DatasetGraph {
    var problems = ManifestProblems()
    let graph = DatasetGraph(try nodes(text), &problems)
    #expect(problems.all == [])
    return try #require(graph)
}
