import HealModel
import ManifestShape
import Testing

struct ProblemTests {
    private func place(_ file: String, _ line: Int, _ column: Int) -> HealModel.SourceLocation {
        HealModel.SourceLocation(file: file, line: line, column: column)
    }

    @Test func sortedAndOnce() {
        var problems = ManifestProblems()
        #expect(problems.isEmpty)
        problems.add(place("b", 1, 1), "third")
        problems.add(place("a", 2, 1), "second")
        problems.add(ManifestProblem(place("a", 1, 9), "first"))
        problems.add(place("a", 2, 1), "second")
        problems.add(place("a", 2, 1), "another")
        #expect(problems.sorted.description == "a:1:9: first\na:2:1: second\na:2:1: another\nb:1:1: third")
        #expect(problems.all.count == 5)
    }

    @Test func noMoreThanAPersonReads() {
        var problems = ManifestProblems()
        for line in 1...150 { problems.add(place("a", line, 1), "x") }
        #expect(problems.all.count == ManifestProblems.limit)
        #expect(problems.omitted == 50)
        #expect(problems.description.hasSuffix("a:100:1: x\nand 50 more"))
        var more = ManifestProblems([ManifestProblem(place("b", 1, 1), "y")])
        more.add(contentsOf: problems)
        #expect(more.all.count == ManifestProblems.limit)
        #expect(more.omitted == 51)
        #expect(more.sorted.omitted == 51)
    }

    @Test(arguments: [
        ("databses", "databases"), ("evn", "env"), ("EnV", "env"), ("dircetories", "directories"), ("polic", "policy"),
        ("x", nil), ("kubernetes", nil), ("", nil), ("envv", "env"), ("ne", nil),
    ])
    func nearestName(_ word: String, _ expected: String?) {
        #expect(
            NearestName.suggestion(for: word, among: ["env", "directories", "databases", "policy"]) == expected)
    }

    @Test func nearestNameOfManyIsTheFirstByName() {
        #expect(NearestName.suggestion(for: "cat", among: ["rat", "bat"]) == "bat")
        #expect(NearestName.suggestion(for: "cat", among: []) == nil)
    }

    @Test func longWordsHaveNoNearestName() {
        let long = String(repeating: "a", count: 100_000)
        #expect(NearestName.suggestion(for: long, among: ["env"]) == nil)
        #expect(NearestName.unknownKey(long, known: ["env"]).utf8.count < 200)
    }

    @Test func keysAreShownWithoutHarm() {
        #expect("a\u{1B}[31mb\u{7F}\n".shown == "a[31mb")
        #expect(String(repeating: "é", count: 61).shown == String(repeating: "é", count: 60) + "…")
        #expect(String(repeating: "é", count: 60).shown == String(repeating: "é", count: 60))
    }
}
