import DotEnv
import HealKit
import HealModel
import ManifestShape

/// The values that must not come to light, wherever they turn up.
public enum Secrets {
    /// The values of variables that are marked secret, or that look like credentials, in the environment file and in the
    /// environment of this process. What cannot be read is not known: nothing that was read from it can come to light either.
    public static func values(of checks: [any Check], on machine: any Machine) -> [String] {
        var secrets: [String] = []
        let files = checks.compactMap { $0 as? EnvironmentFile }
        let marked = Set(files.flatMap(\.variables).filter(\.value.secret).map(\.key))
        for file in files {
            guard let bytes = try? machine.contents(of: file.path, limit: EnvironmentFile.sizeLimit) else { continue }
            // One refused line must not hide the secrets on the others.
            let lines = bytes.split(separator: UInt8(ascii: "\n")).map { Array($0) }
            for text in [bytes] + lines {
                guard
                    let parsed = try? DotEnvFile.parse(text, dialect: file.dialect, environment: machine.environment)
                else { continue }
                for (name, assignment) in parsed.effective {
                    guard let value = assignment.value, isSecret(name, value, marked) else { continue }
                    secrets.append(value)
                }
            }
        }
        for (name, value) in machine.environment where isSecret(name, value, marked) && !isHarmless(name) {
            secrets.append(value)
        }
        return secrets
    }

    /// The texts in a plugin's settings that stand under a name of credentials, or look like one.
    public static func values(in settings: ManifestNode) -> [String] { values(in: settings, under: "") }

    private static func values(in node: ManifestNode, under name: String) -> [String] {
        switch node.content {
        case .scalar(let scalar):
            scalar.kind == .string && Credential.isLikely(name: name, value: scalar.text) ? [scalar.text] : []
        case .sequence(let nodes): nodes.flatMap { values(in: $0, under: name) }
        case .mapping(let entries): entries.flatMap { values(in: $0.value, under: $0.key) }
        }
    }

    private static func isSecret(_ name: String, _ value: String, _ marked: Set<String>) -> Bool {
        marked.contains(name) || Credential.isLikely(name: name, value: value)
    }

    /// Names that only look like those of credentials: the shell's working directory, a socket's path.
    private static func isHarmless(_ name: String) -> Bool { ["PWD", "OLDPWD", "SSH_AUTH_SOCK"].contains(name) }
}
