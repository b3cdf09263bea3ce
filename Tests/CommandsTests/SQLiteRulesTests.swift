import Foundation
import Testing

/// docs/sqlite-rules.md names tests; they exist.
@Suite struct SQLiteRulesTests {
    @Test func everyRuleIsHeldByTestsThatExist() throws {
        let page = try String(
            contentsOf: URL(filePath: Sandbox.package + "/docs/sqlite-rules.md"), encoding: .utf8)
        let tests = try Self.tests()
        var rules = 0
        for line in page.split(separator: "\n") where line.hasPrefix("| ") && !line.hasPrefix("| ---") {
            let cells = line.split(separator: " | ")
            guard let last = cells.last, cells.count > 1, !last.hasPrefix("tests ") else { continue }
            rules += 1
            let names = last.split(separator: "`").filter { $0.contains(".") }.map(String.init)
            #expect(!names.isEmpty, "no test holds: \(line)")
            for name in names {
                #expect(
                    tests.contains(name),
                    "docs/sqlite-rules.md names \(name), which is not there: rename it there as well")
            }
        }
        #expect(rules >= 29)
    }

    /// `Suite.function`, and `file.function` of Python.
    private static func tests() throws -> Set<String> {
        var tests: Set<String> = []
        let folder = Sandbox.package + "/Tests"
        let files = try #require(FileManager.default.enumerator(atPath: folder))
        for case let file as String in files where file.hasSuffix(".swift") || file.hasSuffix(".py") {
            let text = try String(contentsOf: URL(filePath: folder + "/" + file), encoding: .utf8)
            let isSwift = file.hasSuffix(".swift")
            var suite = isSwift ? "" : String(file.split(separator: "/").last?.dropLast(3) ?? "")
            var isTest = !isSwift
            for line in text.split(separator: "\n") {
                let words = line.split { !$0.isLetter && !$0.isNumber && $0 != "_" && $0 != "@" }
                if isSwift, words.first == "@Suite",
                    let index = words.firstIndex(where: { $0 == "struct" || $0 == "class" })
                {
                    suite = String(words[index + 1])
                }
                if words.contains("@Test") { isTest = true }
                guard isTest, let index = words.firstIndex(of: isSwift ? "func" : "def"), index + 1 < words.count else {
                    continue
                }
                tests.insert("\(suite).\(words[index + 1])")
                isTest = !isSwift
            }
        }
        return tests
    }
}
