import HealManifest
import HealModel
import ManifestShape
import Testing

@testable import Drafting

/// Whatever text is written, the manifest's own reader reads it back.
@Suite struct ManifestTextTests {
    static let texts = [
        "plain", "two words", "TEXT NOT NULL DEFAULT 'x'", "yes", "no", "null", "~", "1", "1.5", "0x1F", "1:30",
        "2020-01-31",
        "true", "", " ", "a ", " a", "a: b", "a #b", "#a", "- a", "? a", "[a]", "{a}", "a]", "&a", "*a", "!a", "%a",
        "@a",
        "`a`", "'", "\"", "\\", "\\n", "|", ">", "${HOME}", "$${HOME}", "$$${HOME}", "a${", "${", "$", "$$", "{$}", "é",
        "e\u{301}", "日本", "🏳️‍🌈", "\u{202E}x", "\u{2028}", "\u{FEFF}", "\t", "a\tb", "a\nb", "a\r\nb", "a\n", "\na",
        "a\n b\n\nc",
        "a\n\n", "a\n  \nb", "a\nb ${x}", "BEGIN\n\tSELECT 1;\nEND", "=", "<<", "on", "key with ' and \"", "--x",
        "a--x",
        "x\u{AD}y", "\u{E000}",
    ]

    private func read(_ text: String) throws -> ManifestDocument {
        try ManifestDocument.load(
            path: "m.yaml", sections: [], source: TextSource(path: "m.yaml", text: text), environment: ["HOME": "WRONG"]
        )
    }

    @Test(arguments: texts) func valuesComeBack(_ text: String) throws {
        for line in [
            "plugins:\n  p: \(ManifestText.value(text))",
            "plugins: {p: \(ManifestText.value(text, inFlow: true)), q: x}",
            (["plugins:"] + ManifestText.entry("p", text, indentation: 2)).joined(separator: "\n"),
            "plugins:\n  p: \(ManifestText.value(text))  # \(text.hasSuffix("\n") ? "" : "note")",
        ] {
            let document = try read("version: 1\n\(line)\n")
            let node = try #require(document.core.plugins.first).value
            guard case .scalar(let scalar) = node.content else {
                Issue.record("no scalar: \(line)")
                continue
            }
            #expect(Array(scalar.text.utf8) == Array(text.utf8), "\(line)")
            #expect(scalar.kind == .string)
        }
    }

    @Test(arguments: texts) func keysComeBack(_ text: String) throws {
        guard ManifestText.canHold(key: text) else {
            #expect(text.isEmpty || text.utf8.contains { $0 < 0x20 })
            return
        }
        let document = try read("version: 1\nplugins:\n  \(ManifestText.key(text)): x\n")
        #expect(document.core.plugins.first.map { Array($0.key.utf8) } == Array(text.utf8))
    }

    @Test func severalLinesStandAsTheyAre() {
        #expect(
            ManifestText.entry("g", "BEFORE DELETE ON t BEGIN\n  SELECT 1;\nEND", indentation: 2) == [
                "  g: |-", "    BEFORE DELETE ON t BEGIN", "      SELECT 1;", "    END",
            ])
        #expect(ManifestText.comment("a\nb\u{1B}") == "# a\u{FFFD}b\u{FFFD}")
    }
}
