import HealManifest
import HealModel
import ManifestShape
import Testing

struct DocumentTests {
    @Test func coreIsTyped() throws {
        let document = try load(
            """
            version: 1
            app: shop
            policy:
              max_risk: high
              severity: {sqlite.index.missing: warning}
              backups: {keep: 5}
            plugins:
              disk-space: {minimum_free: 500MB}
            """)
        #expect(document.core.app == "shop")
        #expect(document.core.policy.maxRisk == .high)
        #expect(document.core.policy.severities.map(\.value) == [.warning])
        #expect(
            document.core.policy.severities[0].location
                == HealModel.SourceLocation(file: "schemas.yaml", line: 5, column: 14))
        #expect(document.core.policy.backupsKept == 5)
        #expect(document.core.plugins.map(\.key) == ["disk-space"])
        #expect(document.path == "schemas.yaml")
        #expect(document.files == ["schemas.yaml"])
        #expect(ManifestCore.keys == ["version", "app", "include", "plugins", "policy"])
    }

    @Test(arguments: [("low", Risk.low), ("medium", .medium), ("high", .high)])
    func risks(_ word: String, _ risk: Risk) throws {
        #expect(try load("version: 1\npolicy: {max_risk: \(word)}\n").core.policy.maxRisk == risk)
    }

    @Test func nothingSaidIsNothing() throws {
        let core = try load("version: 1\n").core
        #expect(core == ManifestCore())
        #expect(core.policy.maxRisk == nil && core.policy.backupsKept == nil)
    }

    @Test func sectionsAreDecodedByTheirShapes() throws {
        let document = try load("version: 1\ndirectories: [data, {path: cache, mode: \"0750\"}]\n")
        var problems = ManifestProblems()
        let directories = try #require(document.decode(Sample.directories, at: "directories", &problems))
        #expect(directories.map(\.path) == ["data", "cache"])
        #expect(directories.map(\.mode) == [nil, FileMode(rawValue: 0o750)])
        #expect(document.decode(Sample.env, at: "env", &problems) == nil)
        #expect(problems.isEmpty)
        #expect(document.section("env") == nil)
        #expect(document.section("directories")?.location.column == 14)
    }

    @Test func faultsOfTheTopAndOfSectionsComeTogether() {
        #expect(
            faults("version: 1\nenv: {fil: x}\npolicy: {max_risk: none}\nextra: 1\n") == """
                schemas.yaml:2:7: unknown key 'fil'; did you mean 'file'?
                schemas.yaml:3:20: expected one of low, medium, high
                schemas.yaml:4:1: unknown key 'extra'; known here: version, app, include, plugins, policy, env, directories, databases
                """)
    }

    @Test func faultsThroughAnAliasAreNamedOnce() {
        #expect(
            faults("version: 1\ndirectories: [&d {pat: x}, *d, *d]\n") == """
                schemas.yaml:2:15: the key 'path' is missing
                schemas.yaml:2:19: unknown key 'pat'; did you mean 'path'?
                """)
    }

    @Test(arguments: [
        ("conf/schemas.yaml", "conf/parts/a.yaml"), ("/schemas.yaml", "/parts/a.yaml"),
        ("./schemas.yaml", "./parts/a.yaml"), ("/srv/x/schemas.yaml", "/srv/x/parts/a.yaml"),
        ("schemas.yaml", "parts/a.yaml"),
    ])
    func includedFilesAreNamedAsTheManifestIs(_ path: String, _ included: String) throws {
        for pattern in ["parts/a.yaml", "parts/*.yaml", "./parts/a.yaml", "*/a.yaml"] {
            let source = MemorySource([path: "version: 1\ninclude: [\"\(pattern)\"]\n", included: "app: shop\n"])
            // The memory's folders are the paths as they are asked for, without a leading point.
            guard !path.hasPrefix("./") || !pattern.hasPrefix("*") else { continue }
            let document = try ManifestDocument.load(path: path, sections: [], source: source, environment: [:])
            #expect(document.files == [path, included], "\(pattern)")
            #expect(document.core.app == "shop")
        }
    }

    @Test func unreadableFolderOfAPattern() {
        struct Refusing: ManifestSource {
            func read(_ path: String, within folder: String?, limit: Int) throws(ManifestSourceError) -> [UInt8] {
                Array("version: 1\ninclude: [\"x/*.yaml\"]\n".utf8)
            }
            func list(_ path: String, within folder: String) throws(ManifestSourceError) -> [ManifestSourceItem] {
                throw .unreadable(code: 13, meaning: "Permission denied")
            }
        }
        #expect(
            faults(source: Refusing())
                == "schemas.yaml:2:11: the folder of the pattern cannot be read: Permission denied")
    }

    @Test func tooManyNames() {
        struct Endless: ManifestSource {
            func read(_ path: String, within folder: String?, limit: Int) throws(ManifestSourceError) -> [UInt8] {
                Array("version: 1\ninclude: [\"*/*/*.yaml\"]\n".utf8)
            }
            func list(_ path: String, within folder: String) throws(ManifestSourceError) -> [ManifestSourceItem] {
                (0..<2000).map { ManifestSourceItem(name: "d\($0)", isDirectory: true) }
            }
        }
        #expect(faults(source: Endless()).contains("more than 100000 names to look at"))
    }

    /// A section that has a short way of writing too is joined where both files write it as a mapping.
    @Test func sectionsWithTwoFormsAreJoined() throws {
        let long = Sample.env.schema
        let section = ManifestSection("env", JSONSchema(anyOf: [JSONSchema(.string), JSONSchema(anyOf: [long])]))
        func joined(_ other: String) throws(ManifestProblems) -> ManifestDocument {
            try ManifestDocument.load(
                path: "schemas.yaml", sections: [section],
                source: MemorySource([
                    "schemas.yaml": "version: 1\ninclude: [a.yaml]\nenv: {file: x}\n", "a.yaml": other,
                ]),
                environment: [:])
        }
        let document = try joined("env: {template: y}\n")
        guard case .mapping(let entries) = try #require(document.section("env")).content else {
            Issue.record("not a mapping")
            return
        }
        #expect(entries.map(\.key) == ["file", "template"])
        #expect(throws: ManifestProblems.self) { try joined("env: y\n") }
    }
}
