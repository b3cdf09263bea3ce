import Datasets
import HealModel
import ManifestShape
import Testing

@Suite struct DatasetGraphTests {
    @Test(arguments: [
        ("a", "a"),
        ("a b c", "a b c"),
        ("c<b b<a a", "a b c"),
        // Within a wave as the manifest has them, not as their parents do.
        ("p q c<q d<p", "p q c d"),
        ("z<y,x y<x x", "x y z"),
        // A parent named twice is one parent.
        ("b<a,a a", "a b"),
    ])
    func order(_ text: String, _ expected: String) throws {
        #expect(try graph(text).names.joined(separator: " ") == expected)
    }

    @Test(arguments: [
        ("a b<a c<a d<b,c", "a b c d", "a|b c|d"),
        // What does not take part passes on what comes before it.
        ("a b<a c<b d", "a c d", "a d|c"),
        ("a b<a c<b", "b c", "b|c"),
        ("a b<a c<b", "", ""),
        // A child of a late and an early one waits for the late one.
        ("a b<a c<b d<a,c", "a b c d", "a|b|c|d"),
    ])
    func waves(_ text: String, _ names: String, _ expected: String) throws {
        let waves = try graph(text).waves(of: Set(names.split(separator: " ").map(String.init)))
        #expect(waves.map { $0.map(\.name).joined(separator: " ") }.joined(separator: "|") == expected)
    }

    @Test(arguments: [
        ("d", "a b c", ""), ("a", "", "b c d"), ("b", "a", "d"), ("nobody", "", ""),
    ])
    func relatives(_ name: String, _ ancestors: String, _ descendants: String) throws {
        let graph = try graph("a b<a c<a d<b,c e")
        #expect(graph.ancestors(of: name).sorted().joined(separator: " ") == ancestors)
        #expect(graph.descendants(of: name).sorted().joined(separator: " ") == descendants)
    }

    @Test("To SQLite, these are two tables") func otherLetters() throws {
        #expect(try graph("Ä ä").names == ["Ä", "ä"])
    }

    @Test func lookUp() throws {
        let graph = try graph("a b<a")
        #expect(graph["b"]?.parents == ["a"])
        #expect(graph["x"] == nil)
        #expect(graph.children(of: "a").map(\.name) == ["b"])
        #expect(graph.children(of: "b").isEmpty)
    }

    @Test(arguments: [
        ("a<a", ["m.yaml:1:20: 'a' depends on itself"]),
        ("a b<aa", ["m.yaml:2:20: there is no dataset 'aa'; did you mean 'a'?"]),
        ("a b<qqqqq", ["m.yaml:2:20: there is no dataset 'qqqqq'"]),
        ("a a", ["m.yaml:2:1: there are two datasets 'a'"]),
        ("a b<a A", ["m.yaml:3:1: 'A' and 'a' are of one table, app.db.A; first at m.yaml:1:1"]),
        ("a<b b<a", ["m.yaml:1:1: the datasets depend on each other in a circle: 'a' → 'b' → 'a'"]),
        (
            "x a<x,b b<c c<a",
            ["m.yaml:2:1: the datasets depend on each other in a circle: 'a' → 'b' → 'c' → 'a'"]
        ),
        // Where a tail leads into the circle, only the circle is named.
        ("t<a a<b b<a", ["m.yaml:2:1: the datasets depend on each other in a circle: 'a' → 'b' → 'a'"]),
        // All that is wrong, at once.
        (
            "a<a b<nothing",
            ["m.yaml:1:20: 'a' depends on itself", "m.yaml:2:20: there is no dataset 'nothing'"]
        ),
    ])
    func refusals(_ text: String, _ expected: [String]) throws {
        var problems = ManifestProblems()
        let graph = DatasetGraph(try nodes(text), &problems)
        #expect(graph == nil)
        #expect(problems.sorted.all.map(\.description) == expected)
    }

    static let many = 10_000
    static let misspelt = 1_000

    /// Neither quadratic nor recursive: a graph of this length would take minutes, or the stack.
    @Test(.timeLimit(.minutes(1))) func longChain() throws {
        let chain = try (0..<Self.many).map { try node("n\($0)", $0 == 0 ? [] : ["n\($0 - 1)"]) }
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(chain.reversed(), &problems))
        let start = ContinuousClock.now
        #expect(graph.names.first == "n0")
        #expect(graph.names.last == "n\(Self.many - 1)")
        #expect(graph.ancestors(of: "n\(Self.many - 1)").count == Self.many - 1)
        #expect(graph.descendants(of: "n0").count == Self.many - 1)
        #expect(graph.waves(of: Set(graph.names)).count == Self.many)
        #expect(ContinuousClock.now - start < .seconds(5))
    }

    @Test(.timeLimit(.minutes(1))) func longCircle() throws {
        let chain = try (0..<Self.many).map { try node("n\($0)", ["n\(($0 + 1) % Self.many)"]) }
        var problems = ManifestProblems()
        #expect(DatasetGraph(chain, &problems) == nil)
        let message = try #require(problems.all.first?.message)
        #expect(
            message.hasSuffix(
                "'n0' → 'n1' → 'n2' → 'n3' → … 9992 more … → 'n9996' → 'n9997' → 'n9998' → 'n9999' → 'n0'"))
    }

    /// Every parent is misspelt: the search for what was meant is not done for what nobody reads.
    @Test(.timeLimit(.minutes(1))) func manyUnknownNames() throws {
        let all = try (0..<Self.misspelt).map { try node("dataset-number-\($0)", ["dataset_number_x\($0)"]) }
        var problems = ManifestProblems()
        #expect(DatasetGraph(all, &problems) == nil)
        #expect(problems.all.count == ManifestProblems.limit)
        #expect(problems.omitted == Self.misspelt - ManifestProblems.limit)
    }

    @Test func wide() throws {
        let leaves = try (0..<Self.many).map { try node("n\($0)") }
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(leaves + [node("all", leaves.map(\.name))], &problems))
        #expect(graph.waves(of: Set(graph.names)).map(\.count) == [Self.many, 1])
    }
}
