import DotEnv
import HealKit
import HealModel
import ManifestShape

/// The variables that are not in the environment file and have a default in the manifest, as lines for the end of the file.
struct EnvironmentAddition {
    private var repair: Repair?
    private var names: Set<String> = []
    /// Why a variable cannot be added, by its name.
    private var refusals: [String: String] = [:]

    /// - Parameters:
    ///   - missing: variables that the file does not name.
    ///   - bytes: the file.
    init(_ missing: [Keyed<EnvFilePlugin.Variable>], to bytes: [UInt8], of file: EnvironmentFile) {
        var added: [(name: String, value: String)] = []
        var whole = bytes
        for variable in missing {
            // A secret's default is a placeholder at best.
            guard let value = variable.value.defaultValue, !value.isEmpty, !variable.isConfidential else { continue }
            do throws(NotPortable) {
                whole = try DotEnvWriter.appending(variables: [(variable.key, value)], to: whole)
                added.append((variable.key, value))
            } catch {
                refusals[variable.key] = "it is not added by itself: \(error)"
            }
        }
        guard !added.isEmpty else { return }
        names = Set(added.map(\.name))
        let text = String(decoding: whole.dropFirst(bytes.count), as: UTF8.self)
        let list = added.map(\.name).joined(separator: ", ")
        let lines = text.split(separator: "\n", omittingEmptySubsequences: true).joined(separator: "; ")
        repair = Repair(
            "Adding \(list) to \(file.path)", done: "Added \(list) to \(file.path)", detail: lines, risk: .medium,
            steps: [.appendText(path: file.path, text: text, length: Int64(bytes.count))])
    }

    /// Gives the finding the repair, or says why there is none.
    func offer(to finding: inout Finding, _ name: String) {
        if names.contains(name) {
            finding.repair = repair
        } else if let refusal = refusals[name] {
            finding.hint = [finding.hint, refusal].compactMap { $0 }.joined(separator: "; ")
        }
    }
}
