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

/// The completion scripts of the tools that have no commands.
enum CompletionScript {
    /// The argument parser offers a command `help` of every program, and where there are no commands that is an error.
    static func withoutHelpCommand(_ script: String) -> String {
        var kept: [Substring] = []
        // What ends the part that is being left out.
        var end: String?
        for line in script.split(separator: "\n", omittingEmptySubsequences: false) {
            if let last = end {
                if line == last { end = nil }
            } else if let last = parts[String(line)] ?? (line.hasSuffix("_help() {") ? "}" : nil) {
                end = last
            } else if !isOffer(line) {
                kept.append(line)
            }
        }
        return kept.joined(separator: "\n")
    }

    /// Parts that are about commands, by their first lines, with their last ones.
    private static let parts = [
        "    # Offer subcommand / subcommand argument completions": "    esac",  // bash
        "    case \"${state}\" in": "    esac",  // zsh
        "        switch $unparsed_tokens[1]": "        end",  // fish
    ]

    private static func isOffer(_ line: Substring) -> Bool {
        ["        '(-): :->command'", "        '(-)*:: :->arg'"].contains(line)  // zsh
            || line.hasPrefix("complete -c ") && (line.contains(" help\" ") || line.contains(" -fa 'help' "))  // fish
    }
}
