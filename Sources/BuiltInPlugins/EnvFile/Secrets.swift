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
        return secrets + secrets.compactMap(password)
    }

    /// The password in `scheme://user:password@host`, which may be shown by itself.
    private static func password(in value: String) -> String? {
        guard let scheme = value.firstRange(of: "://") else { return nil }
        let authority = value[scheme.upperBound...].prefix { $0 != "/" && $0 != "?" && $0 != "#" }
        guard let at = authority.lastIndex(of: "@"), let colon = authority[..<at].firstIndex(of: ":") else {
            return nil
        }
        return String(authority[..<at][authority.index(after: colon)...])
    }

    /// The texts in a plugin's settings that stand under a name of credentials, or look like one.
    public static func values(in settings: ManifestNode) -> [String] {
        let secrets = values(in: settings, under: "")
        return secrets + secrets.compactMap(password)
    }

    private static func values(in node: ManifestNode, under name: String) -> [String] {
        switch node.content {
        case .scalar(let scalar):
            scalar.kind != .boolean && scalar.kind != .null && Credential.isLikely(name: name, value: scalar.text)
                ? [scalar.text] : []
        case .sequence(let nodes):
            // A command's `--password x` and `--password=x`.
            nodes.indices.flatMap { index -> [String] in
                let option = index > 0 ? optionName(nodes[index - 1]) : nil
                let parts = text(nodes[index]).map { $0.split(separator: "=", maxSplits: 1).map(String.init) } ?? []
                if parts.count == 2, let name = optionName(nodes[index]),
                    Credential.isLikely(name: name, value: parts[1])
                {
                    return [parts[1]]
                }
                return values(in: nodes[index], under: option ?? name)
            }
        case .mapping(let entries):
            // What stands anywhere below `credentials` is one.
            entries.flatMap { values(in: $0.value, under: name.isEmpty ? $0.key : name + "_" + $0.key) }
        }
    }

    private static func text(_ node: ManifestNode) -> String? {
        if case .scalar(let scalar) = node.content { scalar.text } else { nil }
    }

    /// `password` of `--password` and `--password=x`.
    private static func optionName(_ node: ManifestNode) -> String? {
        guard let text = text(node), text.hasPrefix("--") else { return nil }
        return text.dropFirst(2).prefix { $0 != "=" }.map { $0 == "-" ? "_" : String($0) }.joined()
    }

    private static func isSecret(_ name: String, _ value: String, _ marked: Set<String>) -> Bool {
        marked.contains(name) || Credential.isLikely(name: name, value: value)
    }

    /// Names that only look like those of credentials: the shell's working directory, a socket's path.
    private static func isHarmless(_ name: String) -> Bool { ["PWD", "OLDPWD", "SSH_AUTH_SOCK"].contains(name) }
}
