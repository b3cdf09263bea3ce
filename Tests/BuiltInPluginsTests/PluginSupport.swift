import BuiltInPlugins
import HealKit
import HealModel
import ManifestShape
import TestSupport
import Testing

/// Builds manifest nodes in code, so that plugins are tested without YAML.
enum Build {
    static let here = SourceLocation(file: "schemas.yaml", line: 1, column: 1)

    static func text(_ text: String) -> ManifestNode {
        ManifestNode(.scalar(ManifestNode.Scalar(text: text, kind: .string)), at: here)
    }

    static func number(_ value: Int) -> ManifestNode {
        ManifestNode(.scalar(ManifestNode.Scalar(text: "\(value)", kind: .integer)), at: here)
    }

    static func bool(_ value: Bool) -> ManifestNode {
        ManifestNode(.scalar(ManifestNode.Scalar(text: "\(value)", kind: .boolean)), at: here)
    }

    static func list(_ nodes: ManifestNode...) -> ManifestNode { ManifestNode(.sequence(nodes), at: here) }

    static func map(_ entries: KeyValuePairs<String, ManifestNode>) -> ManifestNode {
        ManifestNode(
            .mapping(entries.map { ManifestNode.Entry(key: $0.key, keyLocation: here, value: $0.value) }), at: here)
    }
}

/// The checks of a section that is right.
func sectionChecks<P: Plugin>(_ plugin: P.Type, _ section: ManifestNode, on machine: FakeMachine = FakeMachine()) async
    -> [any Check]
{
    var problems = ManifestProblems()
    let checks = await plugin.makeChecks(from: section, context: PluginContext(machine: machine), problems: &problems)
    #expect(problems.all == [])
    return checks
}

/// What is wrong with a section.
func faults<P: Plugin>(_ plugin: P.Type, _ section: ManifestNode) async -> [String] {
    var problems = ManifestProblems()
    _ = await plugin.makeChecks(from: section, context: PluginContext(machine: FakeMachine()), problems: &problems)
    return problems.all.map(\.message)
}

func findings<P: Plugin>(_ plugin: P.Type, _ section: ManifestNode, on machine: FakeMachine) async throws -> [Finding] {
    var all: [Finding] = []
    for check in await sectionChecks(plugin, section, on: machine) { all += try await check.look(on: machine).findings }
    for finding in all {
        // What is found is described, so that `explain` and the documentation know it, and a repair is of the stated risk.
        let kind = try #require(plugin.checks.compactMap { $0.kind(finding.id) }.first)
        if let repair = finding.repair { #expect(repair.risk == kind.risk) }
    }
    return all
}
