import HealKit
import HealModel

/// The file that lists the packages an application needs. Whether they are installed is for the ecosystem's own plugin to ask
/// its own tools; without that plugin the check says that it did not look.
struct PackageList: Check {
    static let descriptor = CheckDescriptor(
        id: "packages", title: "packages", domain: .dependencies,
        kinds: [
            FindingKind(
                "packages.list", .critical, risk: nil,
                meaning: "The file that lists the application's packages is missing, or is no ordinary file.",
                healing: "Restore it, or correct its path in the manifest.")
        ])

    var path: ResourcePath
    /// The plugin that can tell whether the packages are installed.
    var plugin: String
    var source: SourceLocation

    var subject: String { path.text }
    var declaredAt: SourceLocation? { source }
    var requires: [ResourcePath] { [path] }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        guard let status = try machine.target(of: path), status.kind == .regular else {
            return Observation(findings: [
                Finding(
                    "packages.list", subject: subject, severity: .critical,
                    message: "\(path), which lists the application's packages, is not there", source: source)
            ])
        }
        return Observation(skipped: "the plugin \(plugin), which asks whether they are installed, is not installed")
    }
}
