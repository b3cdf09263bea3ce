import HealKit
import HealModel
import ManifestShape

/// Commands the application needs on PATH, in versions it can use.
public enum DependenciesPlugin: Plugin {
    public static let key = "dependencies"
    public static let checks = [RequiredCommand.descriptor, PackageList.descriptor]

    public struct Command: Sendable, Hashable {
        var version: VersionRange?
        var severity = RequirementSeverity.critical
        var hint: String?
        var arguments: [String]?
    }

    /// How much a missing command matters.
    public enum RequirementSeverity: String, Sendable, CaseIterable {
        case critical, warning
    }

    public struct Settings: Sendable, Hashable {
        var commands: [Keyed<Command>] = []
        var python: Located<ResourcePath>?
        var node: Located<ResourcePath>?
    }

    private static let range = Shape<String>.text.map { (text: String) throws(ShapeFailure) -> VersionRange in
        guard let range = VersionRange(text) else {
            throw ShapeFailure("expected conditions on a version, such as \">=3.8\" or \">=18, <23\"")
        }
        return range
    }

    private static let command: Shape<Command> = {
        let short = range.map { (range: VersionRange) throws(ShapeFailure) -> Command in Command(version: range) }
        let long = Shape.object(
            "A command the application needs.", Command(),
            [
                Field(
                    "version", { $0.version = $1 }, range.optional,
                    "Conditions on its version, all of which must hold: \">=3.8\"."),
                Field(
                    "severity", { $0.severity = $1 }, .choice, "How much it matters; critical unless said otherwise."),
                Field("hint", { $0.hint = $1 }, Shape.text.optional, "What a person is told when it is missing."),
                Field(
                    "arguments", { $0.arguments = $1 }, Shape.list(of: .text).optional,
                    "How it is asked for its version; --version unless said otherwise."),
            ])
        return Shape.either(short: short, long: long)
    }()

    public static let shape: Shape<Settings> = Shape.object(
        "What must be installed.", Settings(),
        [
            Field(
                "commands", { $0.commands = $1 }, .dictionary(of: command, keyFault: commandNameFault),
                "Commands on PATH, by name."),
            Field(
                "python", { $0.python = $1 },
                list("requirements", "A Python application's requirements file.").optional, ""),
            Field("node", { $0.node = $1 }, list("package", "A Node application's package file.").optional, ""),
        ])

    private struct ListSettings: Sendable {
        var file = Located(PathText(), SourceLocation(file: "", line: 0, column: 0))
    }

    /// The file that lists an ecosystem's packages, under the key that the ecosystem's people expect.
    private static func list(_ key: String, _ meaning: String) -> Shape<Located<ResourcePath>> {
        Shape.object(
            meaning, ListSettings(),
            [
                Field(
                    key, { $0.file = Located(PathText(text: $1.value), $1.location) }, Shape<String>.name.located,
                    required: true, "The file, below the application's root.")
            ]
        ).map { (settings: ListSettings) throws(ShapeFailure) -> Located<ResourcePath> in
            Located(try settings.file.value.resolved(), settings.file.location)
        }
    }

    private static func commandNameFault(_ name: String) -> String? {
        let plain =
            !name.isEmpty && !name.hasPrefix("-") && name.utf8.allSatisfy { $0 > 0x20 && $0 != 0x7F && $0 != 0x2F }
        return plain ? nil : "a command's name has no slash, no blank, and does not begin with -"
    }

    /// The plugins that ask for an ecosystem's packages.
    static let pythonPlugin = "python-packages"
    static let nodePlugin = "node-modules"

    public static func makeChecks(
        _ settings: Settings, context: PluginContext, problems: inout ManifestProblems
    ) async -> [any Check] {
        var checks: [any Check] = settings.commands.map {
            RequiredCommand(name: $0.key, settings: $0.value, source: $0.location)
        }
        for (list, plugin) in [(settings.python, pythonPlugin), (settings.node, nodePlugin)] {
            guard let list else { continue }
            checks.append(PackageList(path: list.value, plugin: plugin, source: list.location))
        }
        return checks
    }
}
