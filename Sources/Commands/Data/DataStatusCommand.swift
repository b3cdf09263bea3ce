import ArgumentParser
import HealModel
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

            Exit status: 0 all datasets chosen are ready; 1 a required one is not; 2 only optional ones are not, there are \
            warnings, or no dataset is declared; 64 the command line is wrong; 78 the manifest is wrong.
            """)

    @OptionGroup var view: DataViewOptions
    @OptionGroup var options: DataOptions

    @Option(help: "How it is written.")
    var format: ListFormat = .text

    @Flag(name: .shortAndLong, help: "Print only what is not as it should be.")
    var quiet = false

    @Flag(help: "Send the alerts that the manifest states for a readiness that is too low.")
    var alert = false

    func run() async throws {
        let console = Console(
            format: format.output, color: options.color, verbosity: quiet ? .quiet : .normal,
            tool: "selfheal data status")
        throw await console.answering { () async throws(DataRefusal) in
            let found = try await DataView(options, view, runsPrograms: alert)
            let renderer = ReadinessRenderer(style: console.style)
            switch format {
            case .text: console.emit(renderer.text(found.report, shown: found.chosen))
            case .json: console.emit(renderer.json(found.report, shown: found.chosen))
            }
            let status = found.exitStatus
            if alert { await DataAlerts(session: found.session, console: console).send(found.report, status) }
            return status
        }
    }
}
