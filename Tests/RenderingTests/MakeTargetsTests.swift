import Datasets
import Foundation
import HealModel
import ManifestShape
import Testing

@testable import Rendering

@Suite("Datasets as targets of Make")
struct MakeTargetsTests {
    private func graph(_ datasets: [(name: String, parents: [String])]) throws -> DatasetGraph {
        let here = SourceLocation(file: "schemas.yaml", line: 1, column: 1)
        let database = try ResourcePath("a.db")
        var problems = ManifestProblems()
        let graph = DatasetGraph(
            datasets.map { dataset in
                Dataset(
                    name: dataset.name, relation: Relation(database: database, table: dataset.name),
                    dependsOn: dataset.parents.map { Located($0, here) }, location: here)
            }, &problems)
        return try #require(graph)
    }

    @Test("each has its parents' stamps before its own, and is always looked at")
    func targets() throws {
        let text = MakeTargetsRenderer().text(
            try graph([("nodes", ["entities"]), ("documents", []), ("entities", ["documents", "documents"])]))
        #expect(text.contains("\ndatasets: dataset-documents dataset-entities dataset-nodes\n"))
        #expect(
            text.contains(
                """

                dataset-entities: $(SELFHEAL_STAMPS)/entities
                $(SELFHEAL_STAMPS)/entities: $(SELFHEAL_STAMPS)/documents selfheal.look
                \t$(selfheal.one)

                """))
        #expect(text.contains("\n$(SELFHEAL_STAMPS)/documents: selfheal.look\n"))
        #expect(text.hasSuffix("\n.DEFAULT_GOAL := $(selfheal.goal)\n"))
    }

    @Test("no recipe holds more than one command")
    func recipes() throws {
        let lines = MakeTargetsRenderer().text(try graph([("a", []), ("b", ["a"])])).split(separator: "\n")
        #expect(lines.filter { $0.hasPrefix("\t") } == ["\t$(selfheal.one)", "\t$(selfheal.one)"])
    }

    @Test("what comes from outside is looked at before anything else, as in the template")
    func guarding() throws {
        let text = MakeTargetsRenderer().text(try graph([("a", [])]))
        let path = "\(#filePath)".replacing(
            "Tests/RenderingTests/MakeTargetsTests.swift", with: "templates/selfheal.mk")
        let template = try String(contentsOfFile: path, encoding: .utf8)
        #expect(template.contains("\n\(MakeText.guarding)\n# The end of the text.\n"))
        let place = try #require(text.range(of: MakeText.guarding))
        #expect(!text[..<place.lowerBound].split(separator: "\n").contains { !$0.hasPrefix("#") })
    }

    @Test(
        "the options with which the manifest was found are there again, for make and for the shell",
        arguments: [
            ("app.yaml", "app.yaml"), ("my app.yaml", "'my app.yaml'"), ("it's", "'it'\\''s'"), ("$(id)", "'$$(id)'"),
            ("a#b", "'a\\#b'"), ("", "''"), ("`id`;id", "'`id`;id'"),
        ])
    func options(_ word: String, _ shown: String) throws {
        let text = MakeTargetsRenderer(options: ["--manifest", word]).text(try graph([("a", [])]))
        #expect(text.contains("\nSELFHEAL_FLAGS := --manifest \(shown)\n"))
    }
}
