import ArgumentParser
import HealKit
import HealModel

/// What shells offer as values of options and arguments; the scripts come from `--generate-completion-script`.
extension CompletionKind {
    /// A manifest.
    static var manifest: CompletionKind { .file(extensions: ["yaml", "yml"]) }

    /// Identifiers of findings. Asked of the program when they are needed, so that they cannot be out of date.
    static var findings: CompletionKind {
        .custom { _, _, _ in
            let all = LoadedManifest.descriptors.flatMap { descriptor in
                [descriptor.id] + descriptor.allKinds.map(\.id.rawValue)
            }
            return Set(all).sorted()
        }
    }
}
