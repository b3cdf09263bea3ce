import ArgumentParser
import HealModel
import Rendering

extension OutputFormat: ExpressibleByArgument {}
extension Risk: ExpressibleByArgument {}

/// When to colour.
enum ColorChoice: String, CaseIterable, ExpressibleByArgument, Sendable {
    case auto, always, never
}

/// How a report is written, and where it goes.
struct OutputOptions: ParsableArguments, Sendable {
    @Option(help: "How the report is written. Default: text.")
    var format: OutputFormat?

    @Option(
        help: ArgumentHelp(
            "Write the report to this file instead of standard output, or, with a format, to this file too: "
                + "junit=report.xml. Can be repeated; - is standard output.",
            valueName: "[format=]file"), completion: .file(),
        transform: OutputTarget.init)
    var output: [OutputTarget] = []

    func validate() throws {
        if let fault = Outputs.fault(format: format, output) { throw ValidationError(fault) }
    }
}

/// What both tools understand.
struct CommonOptions: ParsableArguments, Sendable {
    @OptionGroup var location: LocationOptions

    @Option(
        help: ArgumentHelp(
            "Look only for these findings, or groups of them: sqlite, env.variable.missing.", valueName: "id"),
        completion: .findings)
    var only: [String] = []

    @Option(help: ArgumentHelp("Leave these findings out.", valueName: "id"), completion: .findings)
    var skip: [String] = []

    @OptionGroup var outputs: OutputOptions

    @Flag(name: .shortAndLong, help: "Print only what was changed and what is wrong.")
    var quiet = false

    @Flag(name: .shortAndLong, help: "Print evidence, identifiers and durations too.")
    var verbose = false

    @OptionGroup var plugins: PluginOptions

    @Option(help: "When to colour.")
    var color: ColorChoice = .auto

    @Option(help: ArgumentHelp("How many checks look at once (1 to 256).", valueName: "n"))
    var jobs: Int = 8

    @Option(
        help: ArgumentHelp(
            "How long to wait for a busy database, a lock or another run, in seconds.", valueName: "seconds"))
    var timeout: Double = 30

    @Option(
        help: ArgumentHelp(
            "Run again for so long while what is wrong may still come: a locked database, a server that starts.",
            discussion: "Default: 0, once.", valueName: "seconds"))
    var wait: Double = 0

    func validate() throws {
        if quiet && verbose { throw ValidationError("--quiet and --verbose exclude each other") }
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs takes a whole number from 1 to 256") }
        try Seconds.require(timeout, of: "--timeout")
        try Seconds.require(wait, of: "--wait")
    }

    var settings: RunSettings {
        RunSettings(
            manifest: location.manifest, root: location.root, only: only, skip: skip, format: outputs.format,
            outputs: outputs.output,
            quiet: quiet, verbose: verbose, color: color, pluginPath: plugins.pluginPath, jobs: jobs, timeout: timeout,
            wait: wait)
    }
}
