import Foundation
import Testing

/// Where `selfheal init` writes, and what it leaves as it is.
@Suite struct InitPlacesTests {
    @Test func aManifestThatIsThereStays() async throws {
        let sandbox = try Sandbox()
        _ = try await sandbox.sqlite("d.db", "CREATE VIRTUAL TABLE f USING fts5(a)")
        try sandbox.write("schemas.yaml", "version: 1\n")
        let before = try sandbox.listing()
        let refused = try await sandbox.tool("selfheal", ["init"])
        #expect(refused.status == 64 && refused.errors.contains("--force") && refused.errors.contains("--print"))
        #expect(try sandbox.listing() == before)
        #expect(
            try await sandbox.tool("selfheal", ["init", "--print"]).output.contains("# schemas/d.db.sql would hold:\n"))
        #expect(try sandbox.listing() == before)
        let forced = try await sandbox.tool("selfheal", ["init", "--force"])
        #expect(forced.status == 0, "\(forced.all)")
        let kept = try sandbox.listing().keys.filter { $0.hasPrefix("schemas.yaml.old-") }
        #expect(kept.count == 1)
        #expect(try sandbox.read(kept[0]) == "version: 1\n")
        #expect(try await sandbox.validate("--check-only").status == 0)
        // A schema file of somebody else.
        try sandbox.remove("schemas.yaml")
        try sandbox.write("schemas/d.db.sql", "-- mine\n")
        let other = try await sandbox.tool("selfheal", ["init"])
        #expect(other.status == 64 && other.errors.contains("schemas/d.db.sql is there already"), "\(other.all)")
        #expect(!sandbox.exists("schemas.yaml"))
        // Nothing is written through a link, forced or not.
        try FileManager.default.createSymbolicLink(
            atPath: sandbox.path("schemas.yaml"), withDestinationPath: "elsewhere")
        #expect(try await sandbox.tool("selfheal", ["init", "--force"]).status == 64)
        #expect(!sandbox.exists("elsewhere"))
        #expect(try sandbox.listing().keys.filter { $0.hasSuffix(".tmp") }.isEmpty)
    }

    @Test func otherPlaces() async throws {
        let sandbox = try Sandbox()
        try sandbox.write("my app/.keep", "")
        _ = try await sandbox.sqlite("my app/d.db", "CREATE TABLE t(a)")
        let answer = try await sandbox.tool("selfheal", ["init", "--root", "my app", "--manifest", "else.yaml"])
        #expect(answer.status == 0 && !sandbox.exists("my app/schemas.yaml"), "\(answer.all)")
        let text = try sandbox.read("else.yaml")
        #expect(text.contains("app: my app\n"), "\(text)")
        #expect(try await sandbox.validate("--check-only", "--root", "my app", "--manifest", "else.yaml").status == 0)
        #expect(try await sandbox.tool("selfheal", ["init", "--root", "none"]).status == 64)
        #expect(try await sandbox.tool("selfheal", ["init", "--manifest", "none/x.yaml", "--root", "."]).status == 1)
        #expect(try await sandbox.tool("selfheal", ["init", "--timeout", "-1"]).status == 64)
    }

    @Test func nothingThere() async throws {
        let sandbox = try Sandbox()
        let answer = try await sandbox.tool("selfheal", ["init"])
        #expect(answer.status == 0 && answer.errors.contains("nothing was found"), "\(answer.all)")
        #expect(try await sandbox.validate("--check-only").status == 2)
    }
}
