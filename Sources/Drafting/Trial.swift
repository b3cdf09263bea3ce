import BuiltInPlugins
import HealKit
import HealManifest
import HealModel
import ManifestShape

/// A manifest that is on no disk, read and looked at as it will be.
struct Trial {
    /// What came of it.
    enum Outcome {
        case findings([Finding])
        /// The manifest is wrong.
        case refused(ManifestProblems)
        /// It is right, and something could not be looked at.
        case unknown(MachineError)
    }

    let machine: any Machine
    static let path = "schemas.yaml"

    func outcome(of text: String, files: [ResourcePath: String] = [:]) async -> Outcome {
        let overlay = OverlayMachine(machine, files: files)
        var problems = ManifestProblems()
        let sections = PluginRegistry.builtIn.map { ManifestSection($0.key, $0.sectionSchema) }
        let document = ManifestDocument.read(
            path: Self.path, sections: sections, source: TextSource(path: Self.path, text: text),
            environment: [:], &problems)
        guard let document else { return .refused(problems.sorted) }
        var checks: [any Check] = []
        let context = PluginContext(machine: overlay)
        for plugin in PluginRegistry.builtIn {
            guard let section = document.section(plugin.key) else { continue }
            checks += await plugin.makeChecks(from: section, context: context, problems: &problems)
        }
        guard problems.isEmpty else { return .refused(problems.sorted) }
        var findings: [Finding] = []
        do throws(MachineError) {
            for check in checks { findings += try await check.look(on: overlay).findings }
        } catch {
            return .unknown(error)
        }
        return .findings(findings.filter { $0.severity != .information })
    }
}

/// One text as a manifest.
public struct TextSource: ManifestSource {
    private let path: String
    private let text: String

    /// - Parameter path: the only file that there is.
    public init(path: String, text: String) {
        self.path = path
        self.text = text
    }

    public func read(_ path: String, within folder: String?, limit: Int) throws(ManifestSourceError) -> [UInt8] {
        guard path == self.path else { throw .missing }
        guard text.utf8.count <= limit else { throw .tooLarge }
        return Array(text.utf8)
    }

    public func list(_ path: String, within folder: String) throws(ManifestSourceError) -> [ManifestSourceItem] {
        throw .missing
    }
}
