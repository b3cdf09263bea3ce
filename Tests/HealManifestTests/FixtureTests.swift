import Foundation
import HealManifest
import ManifestShape
import Testing

/// Each folder of `Fixtures` is a manifest and what it must give: the faults of an invalid one, the tree of a valid
/// one.
///
/// To write what is given now, look at the difference, and keep it or not:
/// `SELFHEAL_RECORD_FIXTURES=1 swift test --filter FixtureTests`
struct FixtureTests {
    static let environment = [
        "NAME": "shop", "EMPTY": "", "KEEP": "7", "RISK": "high", "DECLINED": "no", "CONTROL": "a\u{1B}[31mb",
    ]

    @Test(arguments: cases("invalid"))
    func faultsAreNamed(_ name: String) throws {
        let folder = "\(Self.root)/invalid/\(name)"
        let found = faults(
            path: folder + "/schemas.yaml", source: DiskManifestSource(), environment: Self.environment
        ).replacing(folder + "/", with: "")
        #expect(!found.isEmpty)
        try compare(found + "\n", with: "invalid/\(name)/expected.txt")
    }

    @Test(arguments: cases("valid"))
    func treeIsAsWritten(_ name: String) throws {
        let path = "\(Self.root)/valid/\(name)/schemas.yaml"
        let document = try ManifestDocument.load(
            path: path, sections: Sample.sections, environment: Self.environment)
        try compare(outline(document.entries), with: "valid/\(name)/expected.txt")
        var problems = ManifestProblems()
        Sample.decode(document, &problems)
        #expect(problems.isEmpty, "\(problems)")
    }

    /// A fault's text is seen by people and logs: it never holds a value.
    @Test(arguments: cases("invalid"))
    func valuesAreNotShown(_ name: String) throws {
        let expected = try String(contentsOfFile: "\(Self.root)/invalid/\(name)/expected.txt", encoding: .utf8)
        for value in ["sk-very-secret", "@shop", "online", "apply:os.system", "\u{1B}"] {
            #expect(!expected.contains(value))
        }
    }

    private func compare(_ text: String, with name: String) throws {
        if ProcessInfo.processInfo.environment["SELFHEAL_RECORD_FIXTURES"] == "1" {
            let source = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Fixtures/\(name)")
            try Data(text.utf8).write(to: source)
        } else {
            #expect(text == (try String(contentsOfFile: "\(Self.root)/\(name)", encoding: .utf8)))
        }
    }

    private static let root = Bundle.module.bundlePath + "/Fixtures"

    private static func cases(_ kind: String) -> [String] {
        let names = try? FileManager.default.contentsOfDirectory(atPath: "\(root)/\(kind)")
        return (names ?? []).sorted()
    }

    @Test func thereAreFixtures() {
        #expect(Self.cases("invalid").count > 100)
        #expect(Self.cases("valid").count > 8)
    }
}
