import ArgumentParser
import HealModel

/// What a healing run may do: the same for `auto-heal` and for the plan of it.
struct HealingOptions: ParsableArguments, Sendable {
    @Flag(help: "Heal databases only.")
    var dbOnly = false

    @Flag(help: "Heal the file system only: environment file, directories, files.")
    var fsOnly = false

    @Option(help: "The highest risk that is taken: low, medium or high. Default: the manifest's policy, else medium.")
    var maxRisk: Risk?

    @Flag(help: "Let plugins install software too.")
    var install = false

    func validate() throws {
        if dbOnly && fsOnly { throw ValidationError("--db-only and --fs-only exclude each other") }
        if maxRisk == .critical {
            throw ValidationError("--max-risk takes low, medium or high: critical repairs are never done by themselves")
        }
    }

    func request(_ common: CommonOptions, dryRun: Bool) -> RunRequest {
        var request = RunRequest.healing(
            common.settings, dryRun: dryRun, domains: dbOnly ? [.databases] : fsOnly ? [.filesystem] : nil,
            maxRisk: maxRisk)
        request.installs = install
        return request
    }
}

/// `selfheal plan`
struct PlanCommand: AsyncParsableCommand {
    static let tool = "selfheal plan"

    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Prints every step that auto-heal would take, in full, and changes nothing.",
        discussion: """
            Each step with its SQL or path and its risk, in the order in which it would be done, what would be left and why, and \
            the plan's hash: two plans with the same hash do the same. With --format json it is the report of \
            'auto-heal --dry-run'.

            Exit status, as of 'auto-heal --dry-run': 0 all is well; 1 something critical is wrong; 2 warnings only; 64 the \
            command line is wrong; 78 the manifest is wrong, and nothing was looked at.
            """)

    @OptionGroup var common: CommonOptions
    @OptionGroup var healing: HealingOptions

    var request: RunRequest {
        var request = healing.request(common, dryRun: true)
        request.tool = Self.tool
        return request
    }

    func run() async throws { throw ExitCode(await request.perform().rawValue) }
}
