import BuiltInPlugins
import HealKit
import HealModel
import ManifestShape
import TestSupport
import Testing

@Suite struct DirectoriesTests {
    private let section = Build.list(
        Build.text("data"), Build.map(["path": Build.text("data/cache"), "mode": Build.text("0750")]),
        Build.map(["path": Build.text("code"), "writable": Build.bool(false)]))

    @Test func missingOnesAreCreatedWithTheirMode() async throws {
        let found = try await findings(DirectoriesPlugin.self, section, on: FakeMachine())
        #expect(found.map(\.id) == ["directory.missing", "directory.missing", "directory.missing"])
        #expect(found.map(\.subject) == ["data", "data/cache", "code"])
        #expect(
            try found[1].repair?.steps
                == [.createDirectory(path: ResourcePath("data/cache"), mode: FileMode(rawValue: 0o750))])
        #expect(found[0].repair?.doing == "Creating directory data/")
    }

    @Test(arguments: [
        (FakeMachine.text("x"), "data is a regular file, not a directory"),
        (.special(.fifo), "data is a FIFO, not a directory"),
        (.link(to: "gone"), "data is a symbolic link that leads nowhere, not a directory"),
    ])
    func somethingElseInPlaceIsNeverRemoved(node: FakeMachine.Node, message: String) async throws {
        let found = try await findings(
            DirectoriesPlugin.self, Build.list(Build.text("data")), on: FakeMachine(["data": node]))
        #expect(found.map(\.id) == ["directory.kind"])
        #expect(found[0].message == message && found[0].repair == nil)
    }

    @Test func modeAndWritability() async throws {
        let machine = FakeMachine([
            "data": .directory(mode: .directory), "data/cache": .directory(mode: .directory),
            "code": .directory(mode: .directory),
        ])
        machine.update { $0.unwritable = ["data", "code"] }
        let found = try await findings(DirectoriesPlugin.self, section, on: machine)
        #expect(found.map(\.id) == ["directory.not-writable", "directory.mode"])
        #expect(found[1].message == "Directory data/cache/ has mode 0755, expected 0750")
    }

    @Test func aLinkThatStaysInsideIsFollowed() async throws {
        let machine = FakeMachine(["data": .link(to: "real"), "real": .directory(mode: .directory)])
        #expect(try await findings(DirectoriesPlugin.self, Build.list(Build.text("data")), on: machine).isEmpty)
    }

    @Test func aLinkThatLeavesTheRootCannotBeLookedAt() async throws {
        let machine = FakeMachine(["data": .link(to: "/etc")])
        let check = try #require(await sectionChecks(DirectoriesPlugin.self, Build.list(Build.text("data"))).first)
        await #expect(throws: MachineError.refused(subject: "data", .leavesRoot)) { try await check.look(on: machine) }
    }

    @Test(arguments: [
        ("/etc", "outside_root"), ("../up", "leaves the root"), ("a/../../b", "leaves the root"), ("a\u{0}b", "NUL"),
        (".", "empty or names the root"), ("a\nb", "control character"),
    ])
    func pathsThatLeaveTheRootAreRefused(path: String, part: String) async {
        let faults = await faults(DirectoriesPlugin.self, Build.list(Build.text(path)))
        #expect(faults.count == 1 && faults[0].contains(part))
    }

    @Test func outsideRootMustBeSaid() async throws {
        let section = Build.list(Build.map(["path": Build.text("/srv/data"), "outside_root": Build.bool(true)]))
        let found = try await findings(DirectoriesPlugin.self, section, on: FakeMachine())
        #expect(found.map(\.subject) == ["/srv/data"])
    }

    @Test func anUnquotedModeIsRefused() async {
        let faults = await faults(
            DirectoriesPlugin.self, Build.list(Build.map(["path": Build.text("a"), "mode": Build.number(750)])))
        #expect(faults.first?.contains("in quotes") == true)
    }
}

@Suite struct FilesTests {
    private let section = Build.list(
        Build.map(["path": Build.text("etc/app.toml"), "template": Build.text("app.toml.example")]),
        Build.map(["path": Build.text("plain.txt"), "mode": Build.text("0640")]))

    @Test func missingOnesAreCopiedFromTheirTemplate() async throws {
        let machine = FakeMachine(["app.toml.example": FakeMachine.text("a = 1\n")])
        let found = try await findings(FilesPlugin.self, section, on: machine)
        #expect(found.map(\.id) == ["file.missing", "file.missing"])
        #expect(
            try found[0].repair?.steps == [
                .createDirectory(path: ResourcePath("etc"), mode: .directory),
                .copyTemplate(
                    template: ResourcePath("app.toml.example"), destination: ResourcePath("etc/app.toml"),
                    mode: .privateFile),
            ])
        #expect(found[1].repair == nil && found[1].hint?.contains("by hand") == true)
    }

    @Test func aMissingTemplateIsNamed() async throws {
        let found = try await findings(FilesPlugin.self, section, on: FakeMachine())
        #expect(found[0].repair == nil)
        #expect(found[0].hint?.contains("app.toml.example is not a file") == true)
    }

    @Test func kindModeAndReadability() async throws {
        let machine = FakeMachine(["etc/app.toml": .directory(mode: .directory), "plain.txt": FakeMachine.text("x")])
        machine.update { $0.unreadable = ["plain.txt"] }
        let found = try await findings(FilesPlugin.self, section, on: machine)
        #expect(found.map(\.id) == ["file.kind", "file.unreadable", "file.mode"])
        #expect(found[0].message == "etc/app.toml is a directory, not an ordinary file")
    }

    @Test func aLinkThatLeadsNowhereIsNotFilled() async throws {
        let machine = FakeMachine([
            "etc/app.toml": .link(to: "gone"), "plain.txt": .file([], mode: FileMode(rawValue: 0o640)),
            "app.toml.example": FakeMachine.text(""),
        ])
        let found = try await findings(FilesPlugin.self, section, on: machine)
        #expect(found.map(\.id) == ["file.kind"] && found[0].repair == nil)
    }
}
