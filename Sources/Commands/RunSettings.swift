import ArgumentParser
import HealModel
import Rendering

/// What both tools take from their command lines, as plain values.
struct RunSettings: Sendable, Hashable {
    var manifest: String?
    var root: String?
    var only: [String] = []
    var skip: [String] = []
    /// `nil` when the command line does not say it.
    var format: OutputFormat?
    var outputs: [OutputTarget] = []
    var quiet = false
    var verbose = false
    var color = ColorChoice.auto
    /// Folders in which plugins are looked for after the one beside the manifest.
    var pluginPath: [String] = []
    var jobs = 8
    var timeout = 30.0
    /// For how many seconds it is run again while what is wrong may still come.
    var wait = 0.0

    var verbosity: Verbosity { quiet ? .quiet : verbose ? .verbose : .normal }
    var waitLimit: Duration { .milliseconds(Int64(timeout * 1000)) }
}

/// The command lines that need no explanation, read without the argument parser.
///
/// A healthy check takes a few milliseconds, and the argument parser, which builds itself from types at run time, takes two of
/// them. So what is plainly right is read here, and everything else (help, abbreviations, mistakes, rarely used options) is left
/// to it. A test holds the two together.
enum PlainCommandLine {
    /// The run that the arguments plainly ask for; `nil` when the argument parser is to have its say.
    static func request(of program: Program, _ arguments: [String]) -> RunRequest? {
        var settings = RunSettings()
        var flags: Set<String> = []
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--quiet", "-q": settings.quiet = true
            case "--verbose", "-v": settings.verbose = true
            case "--check-only", "--dry-run", "--db-only", "--fs-only": flags.insert(argument)
            case "--manifest", "--root", "--format", "--only", "--skip":
                // What begins with a dash may be a forgotten value: that is for the argument parser to say.
                guard let value = rest.popFirst(), !value.isEmpty, !value.hasPrefix("-") else { return nil }
                switch argument {
                case "--manifest": settings.manifest = value
                case "--root": settings.root = value
                case "--only": settings.only.append(value)
                case "--skip": settings.skip.append(value)
                default:
                    guard let format = OutputFormat(rawValue: value) else { return nil }
                    settings.format = format
                }
            default: return nil
            }
        }
        if settings.quiet && settings.verbose { return nil }
        return request(of: program, settings, flags)
    }

    /// The command that the first arguments name, with the rest of them, read as if it were alone: the argument parser builds those
    /// above it, too, where it is given all.
    /// - Returns: `nil` when it is to have its say: there is no such command, something is wrong, or help is asked for.
    static func command(
        below root: any ParsableCommand.Type, _ arguments: [String]
    ) -> (any ParsableCommand)? {
        var type = root
        var rest = arguments[...]
        while let word = rest.first,
            let next = type.configuration.subcommands.first(where: { $0.configuration.commandName == word })
        {
            type = next
            rest = rest.dropFirst()
        }
        guard type != root, type.configuration.subcommands.isEmpty, let command = try? type.parseAsRoot(Array(rest))
        else { return nil }
        return Swift.type(of: command) == type ? command : nil
    }

    private static func request(of program: Program, _ settings: RunSettings, _ flags: Set<String>) -> RunRequest? {
        switch program {
        case .validateStartup:
            guard flags.isSubset(of: ["--check-only"]) else { return nil }
            return .validation(settings, checkOnly: !flags.isEmpty)
        case .autoHeal:
            guard flags.isSubset(of: ["--dry-run", "--db-only", "--fs-only"]),
                !flags.isSuperset(of: ["--db-only", "--fs-only"])
            else { return nil }
            let domains: Set<Domain>? =
                flags.contains("--db-only") ? [.databases] : flags.contains("--fs-only") ? [.filesystem] : nil
            return .healing(settings, dryRun: flags.contains("--dry-run"), domains: domains)
        case .selfheal: return nil
        }
    }
}

extension RunRequest {
    static func validation(_ settings: RunSettings, checkOnly: Bool) -> RunRequest {
        RunRequest(
            program: .validateStartup, mode: checkOnly ? .check : .heal, maxRisk: .low, domains: nil, settings: settings
        )
    }

    static func healing(
        _ settings: RunSettings, dryRun: Bool, domains: Set<Domain>?, maxRisk: Risk? = nil
    ) -> RunRequest {
        RunRequest(
            program: .autoHeal, mode: dryRun ? .dryRun : .heal, maxRisk: maxRisk, domains: domains, settings: settings)
    }
}
