import BuiltInPlugins
import HealKit
import HealModel
import ManifestShape
import TestSupport
import Testing

@Suite struct EnvFileTests {
    private func section(_ variables: KeyValuePairs<String, ManifestNode>) -> ManifestNode {
        Build.map(["template": Build.text(".env.example"), "variables": Build.map(variables)])
    }

    private func type(_ name: String, required: Bool = false) -> ManifestNode {
        Build.map(["type": Build.text(name), "required": Build.bool(required)])
    }

    @Test func aMissingFileIsMadeFromItsTemplate() async throws {
        let machine = FakeMachine([".env.example": FakeMachine.text("A=1\n")])
        let found = try await findings(EnvFilePlugin.self, section([:]), on: machine)
        #expect(found.map(\.id) == ["env.file.missing"])
        #expect(found[0].repair?.doing == "Creating .env from .env.example")
        #expect(
            try found[0].repair?.steps == [
                .copyTemplate(
                    template: ResourcePath(".env.example"), destination: ResourcePath(".env"), mode: .privateFile)
            ])
    }

    @Test func withoutATemplateAPersonIsAsked() async throws {
        let found = try await findings(EnvFilePlugin.self, section([:]), on: FakeMachine())
        #expect(found[0].repair == nil && found[0].hint?.contains(".env.example") == true)
    }

    @Test func missingVariables() async throws {
        let hint = "Configure API keys in .env for full functionality"
        let machine = FakeMachine([".env": FakeMachine.text("EMPTY=\nGOOD=x\n")])
        let found = try await findings(
            EnvFilePlugin.self,
            section([
                "OPENAI_API_KEY": Build.map(["secret": Build.bool(true), "hint": Build.text(hint)]),
                "EMPTY": Build.map(["required": Build.bool(true)]), "GOOD": Build.map([:]),
                "PORT": Build.map(["default": Build.number(8000)]),
            ]), on: machine)
        #expect(found.map(\.subject) == ["OPENAI_API_KEY", "EMPTY", "PORT"])
        #expect(found.map(\.severity) == [.warning, .critical, .warning])
        #expect(found[0].message == "\(hint) (OPENAI_API_KEY is not set in .env)")
        #expect(found[1].message == "EMPTY is not set in .env")
        #expect(found[2].hint == "the manifest's default is 8000")
    }

    @Test func aRefusedLineHidesNothingElse() async throws {
        let machine = FakeMachine([".env": FakeMachine.text("A=1\nB=${\nPORT=x\n'\n")])
        let found = try await findings(
            EnvFilePlugin.self,
            section(["A": Build.map([:]), "B": Build.map([:]), "PORT": type("port"), "C": Build.map([:])]), on: machine)
        #expect(found.filter { $0.id == "env.file.invalid" }.map(\.subject) == [".env:2", ".env:4"])
        // B is on a line that is refused: whether it is set is not known.
        #expect(found.filter { $0.id != "env.file.invalid" }.map(\.subject) == ["PORT", "C"])
    }

    /// What may be a secret is not shown, whether or not the manifest says that it is one.
    @Test(arguments: [
        ("SETTING", "sk-canary0123456789", false), ("API_KEY", "canary", false), ("db_password", "canary", false),
        ("URL", "postgres://me:canary@host/db", false), ("SALT", "aB3dE5gH7jK9mN1pQ3sT", false),
        ("URL", "postgres://host/canary", true), ("MONKEY", "canary", true),
        ("NAME", "canary-of-the-coal-mine-number-3", true),
    ])
    func defaultsThatLookLikeCredentials(name: String, value: String, isShown: Bool) async throws {
        let found = try await findings(
            EnvFilePlugin.self, section([name: Build.map(["default": Build.text(value)])]),
            on: FakeMachine([".env": FakeMachine.text("X=1\n")]))
        #expect(found.map(\.id) == ["env.variable.missing"])
        #expect("\(found)".contains(value) == isShown)
    }

    @Test func whatASecretLooksLikeIsNotShown() async throws {
        let found = try await findings(
            EnvFilePlugin.self,
            section([
                "A": Build.map(["secret": Build.bool(true), "pattern": Build.text("^canary-[0-9]+$")]),
                "B": Build.map([
                    "secret": Build.bool(true), "type": Build.text("enum"),
                    "values": Build.list(Build.text("canary-9")),
                ]),
            ]), on: FakeMachine([".env": FakeMachine.text("A=x\nB=y\n")]))
        #expect(found.map(\.id) == ["env.variable.pattern", "env.variable.type"])
        #expect(!"\(found)".contains("canary"))
    }

    @Test(arguments: [
        ("int", "42", true), ("int", "4 2", false), ("int", "-3", true), ("int", "+3", false), ("float", "1e3", true),
        ("float", "inf", false), ("float", "x", false), ("bool", "Yes", true), ("bool", "maybe", false),
        ("port", "8000", true),
        ("port", "0", false), ("port", "65536", false), ("port", "080x", false),
        ("url", "https://example.org/x?y", true),
        ("url", "sqlite:///data.db", true), ("url", "example.org", false), ("url", "http://", false),
        ("url", "mailto:a@b", true),
        ("url", "3d:abc", false), ("email", "a@example.org", true), ("email", "a@b@c.d", false),
        ("email", "a@localhost", false),
        ("path", "/tmp/x", true), ("string", "anything", true),
    ])
    func types(type name: String, value: String, holds: Bool) async throws {
        let machine = FakeMachine([".env": FakeMachine.text("X='\(value)'\n")])
        let found = try await findings(EnvFilePlugin.self, section(["X": type(name, required: true)]), on: machine)
        #expect(found.map(\.id) == (holds ? [] : ["env.variable.type"]))
        #expect(found.allSatisfy { $0.severity == .critical && !$0.message.contains("'\(value)'") })
    }

    @Test(arguments: [("red", true), ("green", false)]) func enums(value: String, holds: Bool) async throws {
        let machine = FakeMachine([".env": FakeMachine.text("X=\(value)\n")])
        let shape = Build.map(["type": Build.text("enum"), "values": Build.list(Build.text("red"), Build.text("blue"))])
        let found = try await findings(EnvFilePlugin.self, section(["X": shape]), on: machine)
        #expect(found.map(\.message) == (holds ? [] : ["X in .env is not one of red, blue"]))
    }

    @Test(arguments: [("sqlite:///a", true), ("postgres://", false)]) func patterns(value: String, holds: Bool)
        async throws
    {
        let machine = FakeMachine([".env": FakeMachine.text("DATABASE_URL=\(value)\n")])
        let found = try await findings(
            EnvFilePlugin.self, section(["DATABASE_URL": Build.map(["pattern": Build.text("^sqlite:")])]), on: machine)
        #expect(found.map(\.id) == (holds ? [] : ["env.variable.pattern"]))
    }

    @Test func aSecretLeftAsInTheTemplateIsSaid() async throws {
        let machine = FakeMachine([
            ".env": FakeMachine.text("KEY=change-me\nOTHER=real-secret\n"),
            ".env.example": FakeMachine.text("KEY=change-me\nOTHER=change-me\n"),
        ])
        let secret = Build.map(["secret": Build.bool(true)])
        let found = try await findings(EnvFilePlugin.self, section(["KEY": secret, "OTHER": secret]), on: machine)
        #expect(found.map(\.id) == ["env.variable.placeholder"])
    }

    @Test(arguments: [
        (FakeMachine.Node.directory(mode: .directory), "env.file.kind"), (.special(.fifo), "env.file.kind"),
        (.link(to: "gone"), "env.file.kind"), (.link(to: "real.env"), "env.file.link"),
    ])
    func whatIsNoOrdinaryFile(node: FakeMachine.Node, id: String) async throws {
        let machine = FakeMachine([
            ".env": node, "real.env": FakeMachine.text("A=1\n"), ".env.example": FakeMachine.text(""),
        ])
        let found = try await findings(EnvFilePlugin.self, section([:]), on: machine)
        #expect(found.map(\.id.rawValue) == [id])
        #expect(found[0].repair == nil)
    }

    @Test func aLineThatTheDialectRefusesIsNamedWithoutItsText() async throws {
        let machine = FakeMachine([".env": FakeMachine.text("A=1\nB='hunter2\n")])
        let node = Build.map(["dialect": Build.text("compose")])
        let found = try await findings(EnvFilePlugin.self, node, on: machine)
        #expect(found.map(\.id) == ["env.file.invalid"])
        #expect(!"\(found)".contains("hunter2"))
    }

    @Test func theDialectDecidesWhatIsRead() async throws {
        let text = FakeMachine.text("PORT=8000 # the port\n")
        let shape = ["PORT": type("port")] as KeyValuePairs
        for (dialect, holds) in [("compose", true), ("node", true), ("python", true), ("shell", true)] {
            let node = Build.map(["dialect": Build.text(dialect), "variables": Build.map(shape)])
            #expect(try await findings(EnvFilePlugin.self, node, on: FakeMachine([".env": text])).isEmpty == holds)
        }
        // Only the shell takes a space before = for a command.
        let spaced = FakeMachine([".env": FakeMachine.text("PORT = 8000\n")])
        let shell = Build.map(["dialect": Build.text("shell"), "variables": Build.map(shape)])
        #expect(try await !findings(EnvFilePlugin.self, shell, on: spaced).isEmpty)
        let node = Build.map(["dialect": Build.text("node"), "variables": Build.map(shape)])
        #expect(try await findings(EnvFilePlugin.self, node, on: spaced).map(\.id) == ["env.file.portability"])
    }

    @Test func sectionsThatAreWrong() async {
        #expect(
            await faults(EnvFilePlugin.self, section(["1A": Build.map([:])])).first?.contains("begin with a digit")
                == true)
        #expect(
            await faults(EnvFilePlugin.self, section(["A": Build.map(["type": Build.text("enum")])])) == [
                "an enum needs its allowed 'values'"
            ])
        #expect(
            await faults(EnvFilePlugin.self, section(["A": Build.map(["values": Build.list(Build.text("x"))])])).count
                == 1)
        #expect(
            await faults(EnvFilePlugin.self, section(["A": Build.map(["pattern": Build.text("(")])])).first?.contains(
                "regular expression") == true)
        #expect(
            await faults(EnvFilePlugin.self, section(["A": Build.map(["requierd": Build.bool(true)])])).first?.contains(
                "did you mean 'required'") == true)
        #expect(await faults(EnvFilePlugin.self, Build.map(["file": Build.text("../.env")])).count == 1)
    }
}
