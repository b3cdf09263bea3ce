import Rendering
import Testing

@Suite struct UnifiedDiffTests {
    private func shown(_ old: [String], _ new: [String], color: Bool = false) -> String {
        let lines = { (texts: [String]) in texts.map { UnifiedDiff.Line($0, key: $0.lowercased()) } }
        let entry = SchemaDiffEntry(
            database: "d.db", source: "s.yaml:1", object: "table t", found: lines(old), desired: lines(new), notes: [])
        return SchemaDiffRenderer(style: TextStyle(color: color)).render([entry])
    }

    @Test(arguments: [
        (["a", "b", "c"], ["a", "x", "c"], "@@ -1,3 +1,3 @@\n a\n-b\n+x\n c\n"),
        ([], ["a"], "@@ -0,0 +1 @@\n+a\n"),
        (["a"], [], "@@ -1 +0,0 @@\n-a\n"),
        // Spelling is no difference, and the stated one is shown.
        (["A", "b"], ["a", "c"], "@@ -1,2 +1,2 @@\n a\n-b\n+c\n"),
        (
            ["1", "2", "3", "4", "5", "6", "7", "8", "9", "x"], ["y", "1", "2", "3", "4", "5", "6", "7", "8", "9"],
            "@@ -1,3 +1,4 @@\n+y\n 1\n 2\n 3\n@@ -7,4 +8,3 @@\n 7\n 8\n 9\n-x\n"
        ),
        (["a"], ["A"], ""),
    ]) func asDiffWouldPrintIt(old: [String], new: [String], expected: String) {
        let head =
            "--- \(old.isEmpty ? "/dev/null" : "d.db table t")\n+++ \(new.isEmpty ? "/dev/null" : "d.db table t (s.yaml:1)")\n"
        #expect(shown(old, new) == head + expected)
    }

    @Test func nothingSteersTheTerminal() {
        #expect(!shown(["\u{1B}[2J\nx"], ["b"]).contains("\u{1B}"))
        #expect(shown(["a"], ["b"], color: true).contains("\u{1B}[31m-a\u{1B}[0m\n\u{1B}[32m+b"))
    }
}
