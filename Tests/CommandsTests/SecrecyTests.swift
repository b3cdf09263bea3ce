import Foundation
import Testing

/// What the manifest itself says of secrets reaches no output, no log and no journal.
@Suite struct SecrecyTests {
    /// In the manifest wherever something may be shown: every one of them must stay there.
    private static let canaries = [
        "sk-canary1aBcDeFgHiJkLmNoP", "ghp_canary2aBcDeFgHiJkLmNoPqRsTuVw", "AKIACANARY3ABCDEFGHI",
        "q9Zx3vR7tLw2Kp8NbY4mCd6HgJ5fSaUeT1oWiQ0x", "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08",
        "canary4", "canary5", "canary6", "canary7", "canary8", "canary9", "canary10",
        "canary11", "canary12",
    ]

    private static let manifest = """
        version: 1
        env:
          template: .env.example
          variables:
            A: {default: \(canaries[0])}
            B: {default: \(canaries[1])}
            C: {default: \(canaries[2])}
            D: {default: \(canaries[3])}
            E: {default: \(canaries[4])}
            F: {default: "postgres://app:canary4@db/x"}
            MY_API_KEY: {default: canary5}
            session_secret: {default: canary6}
            TokenOne: {default: canary7}
            ADMIN_PASSWORD: {type: enum, values: [canary8, other]}
            P: {secret: true, pattern: "^canary9$"}
            Q: {secret: true, type: enum, values: [canary10, other]}
            DB_PASSWORD: {pattern: "^canary11$"}
            R: {pattern: "^sk-canary1aBcDeFgHiJkLmNoP$"}
            S: {secret: true, default: canary12}
            PORT: {type: port, default: 8000}
            STAGE: {type: enum, values: [test, live]}
            NAME: {pattern: "^[a-z]+$"}
        directories: [made]

        """

    @Test(arguments: ["validate-startup", "auto-heal"]) func nothingOfThemIsShown(tool: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", Self.manifest)
        try sandbox.write(".env.example", "STAGE=x\nNAME=1\nADMIN_PASSWORD=x\nP=x\nQ=x\nDB_PASSWORD=x\nR=x\n")
        var said = ""
        for arguments in [[], ["--verbose"], ["--quiet"], ["--format", "json"], ["--format", "json", "--verbose"]] {
            said += try await sandbox.tool(tool, arguments).all
        }
        for arguments in [["history"], ["history", "1"], ["history", "1", "--format", "json"]] {
            said += try await sandbox.tool("selfheal", arguments).all
        }
        #expect(said.contains("8000"), "\(said)")
        #expect(said.contains("one of test, live") && said.contains("the pattern ^[a-z]+$"), "\(said)")
        for name in ["ADMIN_PASSWORD", "DB_PASSWORD", "P in", "Q in", "R in", "session_secret"] {
            #expect(said.contains(name), "\(said)")
        }
        var places = ["what was said": Data(said.utf8)]
        for (name, entry) in try sandbox.listing() where name != "schemas.yaml" {
            places[name] = Data(base64Encoded: String(entry.split(separator: " ").last ?? "")) ?? Data()
        }
        #expect(places.keys.contains(".selfheal/journal.db"))
        for (name, bytes) in places {
            for canary in Self.canaries { #expect(bytes.range(of: Data(canary.utf8)) == nil, "\(canary) in \(name)") }
        }
    }
}
