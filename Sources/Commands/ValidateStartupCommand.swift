import ArgumentParser
import HealModel

/// `validate-startup`
struct ValidateStartupCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Program.validateStartup.rawValue,
        abstract: "Says whether the application can start, as its manifest states it.",
        discussion: """
            Repairs what is of low risk in passing (it creates what is missing), says so, and looks again before its verdict.

            Exit status: 0 all is well; 1 critical: something the application needs is wrong; 2 warnings only; 64 the command \
            line is wrong; 78 the manifest is wrong, and nothing was looked at. With --format nagios they are Nagios' own: 0 ok; \
            1 warning; 2 critical; 3 unknown.
            """,
        version: Program.version)

    @OptionGroup var common: CommonOptions

    @Flag(help: "Change nothing at all, not even the journal.")
    var checkOnly = false

    var request: RunRequest { .validation(common.settings, checkOnly: checkOnly) }

    func run() async throws { throw ExitCode(await request.perform().rawValue) }
}

/// `auto-heal`
struct AutoHealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Program.autoHeal.rawValue,
        abstract: "Makes the application's surroundings what its manifest states, without ever losing a row.",
        discussion: """
            Goes up to medium risk unless told otherwise: nothing that can discard or alter data is done by itself.

            Exit status: 0 all is well; 1 something critical remains; 2 warnings remain; 64 the command line is wrong; 78 the \
            manifest is wrong, and nothing was looked at. With --format nagios they are Nagios' own: 0 ok; 1 warning; 2 critical; \
            3 unknown.
            """,
        version: Program.version)

    @OptionGroup var common: CommonOptions

    @OptionGroup var healing: HealingOptions

    @Flag(help: "Print exactly what would be done, and change nothing.")
    var dryRun = false

    var request: RunRequest { healing.request(common, dryRun: dryRun) }

    func run() async throws { throw ExitCode(await request.perform().rawValue) }
}
