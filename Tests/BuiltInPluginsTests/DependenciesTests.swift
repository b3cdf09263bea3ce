import BuiltInPlugins
import HealKit
import HealModel
import ManifestShape
import TestSupport
import Testing

@Suite struct DependenciesTests {
    private func section(_ version: String, severity: String = "critical") -> ManifestNode {
        Build.map([
            "commands": Build.map([
                "tool": Build.map(["version": Build.text(version), "severity": Build.text(severity)])
            ])
        ])
    }

    private func machine(_ output: String, onError: Bool = false, path: String = "/usr/bin/tool") -> FakeMachine {
        let machine = FakeMachine(environment: ["PATH": "/usr/bin", "SECRET": "hunter2", "HOME": "/home/u"])
        let bytes = Array(output.utf8)
        let answer = CommandAnswer(status: 0, standardOutput: onError ? [] : bytes, standardError: onError ? bytes : [])
        machine.update { $0.commands["tool"] = (path, answer) }
        return machine
    }

    @Test func missing() async throws {
        let found = try await findings(DependenciesPlugin.self, section(">=1"), on: FakeMachine())
        #expect(found.map(\.id) == ["dependency.missing"] && found[0].severity == .critical)
        let mild = try await findings(DependenciesPlugin.self, section(">=1", severity: "warning"), on: FakeMachine())
        #expect(mild[0].severity == .warning)
    }

    @Test(arguments: [
        ("Python 3.11.7\n", ">=3.8", true), ("v20.20.2", ">=18, <23", true), ("git version 2.39.5", ">=2.40", false),
        ("tool 18", "^18", true), ("openjdk version \"17.0.15\" 2025-04-15", ">=11 <18", true), ("1.4.9", "~1.4", true),
        ("1.5.0", "~1.4", false), ("1.5.0", "~=1.4", true), ("2.0", "~=1.4", false), ("0.3.0", "^0.2.3", false),
        ("3.9", "!=3.9", false), ("3.9.0", "==3.9", true), ("3.10", ">3.9", true), ("3.10", "<=3.9", false),
        ("SQLite 3.40.1 2022-12-28", "=3.40.1", true), ("1.9", "^1.2", true), ("0.0.3", "^0.0.3", true),
    ])
    func versionRanges(output: String, range: String, holds: Bool) async throws {
        let found = try await findings(DependenciesPlugin.self, section(range), on: machine(output))
        #expect(found.map(\.id) == (holds ? [] : ["dependency.version"]))
    }

    @Test func theAnswerMayComeOnStandardError() async throws {
        #expect(
            try await findings(DependenciesPlugin.self, section(">=2"), on: machine("Python 2.7.18", onError: true))
                .isEmpty)
    }

    @Test func anAnswerWithoutAVersionIsSaid() async throws {
        let found = try await findings(DependenciesPlugin.self, section(">=2"), on: machine("hello"))
        #expect(found.map(\.id) == ["dependency.version-unreadable"])
    }

    @Test func theAnswerIsRememberedUntilTheExecutableChanges() async throws {
        let machine = machine("tool 1.0")
        for _ in 0..<3 { _ = try await findings(DependenciesPlugin.self, section(">=1"), on: machine) }
        #expect(machine.update { $0.commandRuns } == 1)
        machine.update { $0.commands["tool"]?.path = "/opt/bin/tool" }
        _ = try await findings(DependenciesPlugin.self, section(">=1"), on: machine)
        #expect(machine.update { $0.commandRuns } == 2)
        #expect(machine.update { $0.memory.keys.allSatisfy { !$0.contains("hunter2") } })
    }

    @Test func aShimIsAskedAgainWhenTheChosenVersionChanges() async throws {
        let machine = machine("tool 1.0", path: "/home/u/.pyenv/shims/tool")
        _ = try await findings(DependenciesPlugin.self, section(">=1"), on: machine)
        _ = try await findings(DependenciesPlugin.self, section(">=1"), on: machine)
        #expect(machine.update { $0.commandRuns } == 1)
        machine.update { $0.nodes["/home/u/.pyenv/version"] = FakeMachine.text("3.12") }
        _ = try await findings(DependenciesPlugin.self, section(">=1"), on: machine)
        #expect(machine.update { $0.commandRuns } == 2)
    }

    @Test func aCommandThatHangsIsUnknown() async throws {
        let machine = machine("tool 1.0")
        machine.update { $0.failures["run /usr/bin/tool"] = .timedOut(subject: "tool", after: .seconds(10)) }
        let check = try #require(await sectionChecks(DependenciesPlugin.self, section(">=1")).first)
        await #expect(throws: MachineError.self) { try await check.look(on: machine) }
    }

    @Test(arguments: ["3.8", ">= ", "latest", ">=3.x", "~=3", ">=3 or <2", ""])
    func rangesThatCannotBeReadAreRefused(range: String) async {
        #expect(await faults(DependenciesPlugin.self, section(range)).count == 1)
    }

    @Test(arguments: ["/usr/bin/tool", "-rf", "a b", ""]) func namesThatAreNoCommandsAreRefused(name: String) async {
        let node = Build.map(["commands": Build.map([name: Build.map([:])])])
        #expect(await faults(DependenciesPlugin.self, node).count == 1)
    }

    @Test func hugeNumbersDoNotOverflow() throws {
        #expect(VersionNumber("99999999999999999999") == nil)
        let range = try #require(VersionRange("^9223372036854775807"))
        #expect(try !range.contains(#require(VersionNumber("9223372036854775807"))))
    }

    @Test func listsOfPackagesAreNotPassedOver() async throws {
        let node = Build.map([
            "python": Build.map(["requirements": Build.text("requirements.txt")]),
            "node": Build.map(["package": Build.text("web/package.json")]),
        ])
        let machine = FakeMachine(["requirements.txt": FakeMachine.text("flask\n")])
        let checks = await sectionChecks(DependenciesPlugin.self, node, on: machine)
        #expect(checks.count == 2)
        #expect(try await checks[0].look(on: machine).skipped?.contains("python-packages") == true)
        #expect(try await checks[1].look(on: machine).findings.map(\.id) == ["packages.list"])
    }
}
