import Foundation
import Testing

/// What `selfheal init` takes from environment files.
@Suite struct InitEnvironmentTests {
    private static let canary = "CANARY-7f3a9c-hunter2"

    @Test func noValueOfTheEnvironmentFileIsCopied() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(
            ".env.example",
            "API_KEY=changeme\nPORT=8000\nDEBUG=false\nNAME=\(Self.canary)\nPIN=1234\nONLY_HERE=5\nMODE=demo\n")
        try sandbox.write(
            ".env",
            """
            API_KEY=\(Self.canary)
            PORT=9123
            DEBUG=true
            NAME=\(Self.canary)
            PIN=771177
            MODE=\(Self.canary)
            DATABASE_URL=postgres://me:\(Self.canary)@host/db
            MAX_RETRIES=424242
            EMPTY=
            SITE=https://\(Self.canary).example/
            """)
        let answer = try await sandbox.tool("selfheal", ["init"])
        #expect(answer.status == 0, "\(answer.all)")
        let text = try sandbox.read("schemas.yaml")
        for value in [Self.canary, "9123", "771177", "424242", "1234", "changeme", "demo"] {
            #expect(!(text + answer.all).contains(value), "\(value) in \(text)")
        }
        for line in [
            "    API_KEY: {secret: true}\n", "    PORT: {type: port}  # 8000 in .env.example\n",
            "    DEBUG: {type: bool}  # false in .env.example\n", "    NAME: {secret: true}\n",
            "    PIN: {secret: true}\n",
            "    DATABASE_URL: {secret: true}\n", "    MAX_RETRIES: {type: int}\n", "    SITE: {type: url}\n",
            "    # EMPTY: {}  # empty\n", "    # ONLY_HERE: {}  # only in .env.example\n", "  template: .env.example\n",
        ] {
            #expect(text.contains(line), "\(line) in \(text)")
        }
        #expect(try await sandbox.validate("--check-only").status == 0)
    }

    @Test func templatesPlaceholdersAndOddFiles() async throws {
        let sandbox = try Sandbox()
        try sandbox.write(".env.example", "SECRET_KEY=changeme\nPORT=1\n")
        try sandbox.write("data/.gitkeep", "")
        // Only a template: nothing that a check would call missing.
        #expect(try await sandbox.tool("selfheal", ["init"]).status == 0)
        #expect(try sandbox.read("schemas.yaml").contains("\n# env:\n"))
        #expect(try await sandbox.validate("--check-only").status == 0)
        // The template's values are still there.
        try sandbox.write(".env", "SECRET_KEY=changeme\nPORT=1\n")
        let placeholder = try await sandbox.tool("selfheal", ["init", "--force"])
        #expect(placeholder.errors.contains("SECRET_KEY in .env still has the template's value"))
        let check = try await sandbox.validate("--check-only")
        #expect(check.status == 0 && !check.all.contains("changeme"), "\(check.all)")
        // A file that only some readers take.
        try sandbox.write(".env", "A=1\nthis is no line of compose\nB='x\n")
        let odd = try await sandbox.tool("selfheal", ["init", "--force"])
        #expect(odd.status == 0, "\(odd.all)")
        #expect(try await sandbox.validate("--check-only").status == 0)
    }
}
