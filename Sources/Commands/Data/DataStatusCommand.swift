import ArgumentParser
import Rendering

/// `selfheal data status`
struct DataStatusCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "status",
        abstract: "Shows which datasets are filled, fresh and valid, and how ready all are together.",
        discussion: """
            A dataset is ready when its table is there, has the rows it must have, is fresh, its critical checks hold, and \
            all that it depends on is ready. The readiness is the weighted share of ready ones among those that are \
            required. Nothing is changed, and no table is read further than it takes to know.

            Exit status: 0 all datasets chosen are ready; 1 a required one is not; 2 only optional ones are not, or there \
            are warnings; 64 the command line is wrong; 78 the manifest is wrong.
            """)

    @OptionGroup var options: DataOptions

    @Option(help: "How it is written.")
    var format: ListFormat = .text

    @Flag(name: .shortAndLong, help: "Print only what is not as it should be.")
    var quiet = false

    func run() async throws { throw await perform() }

    private func perform() async -> ExitCode {
        let console = Console(
            format: format.output, color: options.color, verbosity: quiet ? .quiet : .normal,
            tool: "selfheal data status")
        do {
            let session = try await DataSession.open(options, console: console)
            let renderer = ReadinessRenderer(style: console.style)
            switch format {
            case .text: console.emit(renderer.text(session.report, shown: session.chosen))
            case .json: console.emit(renderer.json(session.report, shown: session.chosen))
            }
            return ExitCode(session.exitStatus)
        } catch {
            return DataSession.refuse(error, console)
        }
    }
}
