import HealManifest
import ManifestShape
import Testing

/// Files made to hurt: each is refused with its reason, and soon. The bound is generous because tests run beside one
/// another in a build without optimisation; a reader that expands what it should count would need hours.
struct LimitsTests {
    static let bound = Duration.seconds(20)
    static let size = 1_000_000

    private func refused(_ text: String, _ reason: String) {
        let clock = ContinuousClock()
        let started = clock.now
        let found = faults(text)
        #expect(clock.now - started < Self.bound)
        #expect(found.contains(reason), "\(found.prefix(300))")
    }

    @Test func size() throws {
        let filling = String(repeating: "#", count: ManifestLimits.bytes - 11)
        #expect(try load("version: 1\n" + filling).core.version == 1)
        #expect(
            faults("version: 1\n#" + filling)
                == "schemas.yaml:1:1: the manifest is too large: a manifest and its included files may hold 4194304 bytes together"
        )
    }

    @Test func sizeOfAllFilesTogether() {
        let half = String(repeating: "#", count: ManifestLimits.bytes / 2)
        let source = MemorySource([
            "schemas.yaml": "version: 1\ninclude: [a.yaml]\n" + half, "a.yaml": "app: x\n" + half,
        ])
        #expect(faults(source: source).hasPrefix("schemas.yaml:2:11: 'a.yaml' is too large"))
    }

    @Test func depth() throws {
        func nested(_ levels: Int) -> String {
            "version: 1\nplugins: {x: " + String(repeating: "[", count: levels) + String(repeating: "]", count: levels)
                + "}\n"
        }
        #expect(try load(nested(ManifestLimits.depth - 2)).core.plugins.count == 1)
        #expect(faults(nested(ManifestLimits.depth - 1)) == "schemas.yaml:2:76: nested deeper than 64 levels")
    }

    @Test func nodes() throws {
        // version, 1, plugins, x and two collections are nodes too, and the root.
        let ones = repeatElement("1", count: ManifestLimits.nodes - 7).joined(separator: ",")
        #expect(try load("version: 1\nplugins: {x: [\(ones)]}\n").core.plugins.count == 1)
        refused("version: 1\nplugins: {x: [\(ones),1]}\n", "the manifest holds more than 100000 keys and values")
    }

    @Test func nodesOfAllFilesTogether() {
        let ones = "x: [" + repeatElement("1", count: 60_000).joined(separator: ",") + "]\n"
        let source = MemorySource(["schemas.yaml": "version: 1\ninclude: [a.yaml]\n" + ones, "a.yaml": ones])
        #expect(faults(source: source).contains("a.yaml:1:"))
    }

    @Test func textThroughAliases() {
        let text = String(repeating: "a", count: 100_000)
        refused(
            "version: 1\nplugins:\n  x: &x \(text)\n" + (0..<50).map { "  y\($0): *x\n" }.joined(),
            "the values are larger than 4194304 bytes together")
    }

    @Test func textThroughVariables() {
        let text =
            "version: 1\nplugins:\n  x: [" + repeatElement("\"${BIG}\"", count: 50).joined(separator: ",") + "]\n"
        #expect(
            faults(text, environment: ["BIG": String(repeating: "a", count: 100_000)])
                .hasSuffix("the values are larger than 4194304 bytes together, aliases and variables expanded"))
    }

    @Test func files() {
        var files = ["schemas.yaml": "version: 1\ninclude: [\"*/a.yaml\"]\n"]
        for number in 0...ManifestLimits.files { files["\(number)/a.yaml"] = "version: 1\n" }
        #expect(faults(source: MemorySource(files)) == "schemas.yaml:2:11: more than 256 files are included")
    }

    @Test func faultsAreCounted() {
        let found = faults("version: 1\n" + (0..<150).map { "xxxxxx\($0): 1\n" }.joined())
        #expect(found.split(separator: "\n").count == ManifestProblems.limit + 1)
        #expect(found.hasSuffix("\nand 50 more"))
    }

    @Test(arguments: [1, 4, 10, 30])
    func bombs(_ width: Int) {
        var text = "version: 1\nx0: &x0 [x, x, x, x, x, x, x, x, x, x]\n"
        for level in 1...60 {
            let aliases = repeatElement("*x\(level - 1)", count: max(width, 2)).joined(separator: ", ")
            text += "x\(level): &x\(level) [\(aliases)]\n"
        }
        refused(text, "the manifest holds more than 100000 keys and values, aliases expanded")
    }

    @Test func bombOfMappings() {
        var text = "version: 1\nx0: &x0 {a: 1, b: 2}\n"
        for level in 1...60 { text += "x\(level): &x\(level) {a: *x\(level - 1), b: *x\(level - 1)}\n" }
        refused(text, "the manifest holds more than 100000 keys and values, aliases expanded")
    }

    @Test func chainOfAliases() {
        var text = "version: 1\nx0: &x0 [x]\n"
        for level in 1...70 { text += "x\(level): &x\(level) [*x\(level - 1)]\n" }
        refused(text, "nested deeper than 64 levels")
    }

    @Test(arguments: [
        ("[", "nested deeper than 64 levels"),
        ("{", "nested deeper than 64 levels"),
        ("- ", "nested deeper than 64 levels"),
        ("? ", "nested deeper than 64 levels"),
        ("[a, {b: ", "nested deeper than 64 levels"),
        ("a,", "a manifest is a mapping"),
        ("- *a\n", "there is no anchor"),
        ("&a ", "text after the end of the document"),
        ("!!str ", "text after the end of the document"),
        ("---\n", "a second document begins here"),
        ("%TAG ! a:\n", "YAML directives"),
        ("#\n", "the file is empty"),
        ("\n", "the file is empty"),
        (" ", "the file is empty"),
        ("\t", "indent with spaces"),
        ("a", "a manifest is a mapping"),
        ("a: 1\n", "the key 'a' is given twice"),
        ("a: ", "mapping values are not allowed in this context"),
        ("'", ""),
        ("\"", ""),
        ("|\n", ""),
        ("${", ""),
        ("\u{1F600}", "a manifest is a mapping"),
        (":", ""),
        ("? a\n", "the key 'a' is given twice"),
        ("<<: {}\n", "merge keys"),
    ])
    func onePieceAgainAndAgain(_ piece: String, _ reason: String) {
        refused(String(repeating: piece, count: Self.size / piece.utf8.count), reason)
    }

    @Test(arguments: ["[", "{a: ", "- ", "${A", "'", "\\u0041", "1:", "1_", "x ", "2020-01-01", "\n ", "*", "&"])
    func onePieceInAValue(_ piece: String) {
        let many = String(repeating: piece, count: 250_000 / piece.utf8.count)
        for text in ["x: \(many)", "x: \"\(many)\"", "\(many): x", "? \(many)\n: x"] {
            let clock = ContinuousClock()
            let started = clock.now
            #expect(!faults("version: 1\n" + text).isEmpty)
            #expect(clock.now - started < Self.bound)
        }
    }
}
