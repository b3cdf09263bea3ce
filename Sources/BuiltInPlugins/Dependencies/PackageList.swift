import HealKit
import HealModel
import ManifestShape

/// The file that lists the packages an application needs. Whether they are installed is for the ecosystem's own plugin to ask
/// its own tools; without that plugin the check says that it did not look.
public struct PackageList: Check {
    public static let descriptor = CheckDescriptor(
        id: "packages", title: "packages", domain: .dependencies,
        kinds: [
            FindingKind(
                "packages.list", .critical, risk: nil,
                meaning: "The file that lists the application's packages is missing, or is no ordinary file.",
                healing: "Restore it, or correct its path in the manifest.")
        ])

    public let path: ResourcePath
    /// The plugin that can tell whether the packages are installed.
    public let plugin: String
    public let source: SourceLocation
    /// Whether that plugin takes part.
    public var isAsked = false

    init(path: ResourcePath, plugin: String, source: SourceLocation) {
        self.path = path
        self.plugin = plugin
        self.source = source
    }

    public var subject: String { path.text }
    public var declaredAt: SourceLocation? { source }
    public var requires: [ResourcePath] { [path] }

    /// The settings with which the plugin looks at what this file lists.
    public var settings: ManifestNode {
        let text = { (text: String) in
            ManifestNode(.scalar(ManifestNode.Scalar(text: text, kind: .string)), at: source)
        }
        let entry: (key: String, value: ManifestNode) =
            plugin == DependenciesPlugin.nodePlugin
            ? ("directory", text(path.parent?.text ?? "."))
            : ("requirements", ManifestNode(.sequence([text(path.text)]), at: source))
        return ManifestNode(
            .mapping([ManifestNode.Entry(key: entry.key, keyLocation: source, value: entry.value)]), at: source)
    }

    public func look(on machine: any Machine) async throws(MachineError) -> Observation {
        guard let status = try machine.target(of: path), status.kind == .regular else {
            return Observation(findings: [
                Finding(
                    "packages.list", subject: subject, severity: .critical,
                    message: "\(path), which lists the application's packages, is not there", source: source)
            ])
        }
        if isAsked { return Observation(confirmations: ["\(path), which lists packages, is there"]) }
        return Observation(skipped: "the plugin \(plugin), which asks whether they are installed, is not installed")
    }
}
