import ArgumentParser
import Datasets
import HealModel
import Rendering

/// `selfheal data plan`
struct DataPlanCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Shows what 'selfheal data heal' would populate, in which order, and why.",
        discussion: """
            Only what is missing or stale, and what becomes stale by that, in groups that can be populated at the same \
            time; with what they need, and how long they take as far as earlier runs tell. With --target, the cheapest \
            part of it that reaches a readiness. Nothing is changed.

            Exit status, as of 'selfheal data status': 0 all datasets chosen are ready; 1 a required one is not; 2 only \
            optional ones are not, or there are warnings; 64 the command line is wrong; 78 the manifest is wrong.
            """)

    @OptionGroup var view: DataViewOptions
    @OptionGroup var options: DataOptions

    @Option(help: ArgumentHelp("The readiness to be reached, from 0 to 1.", valueName: "share"))
    var target: Readiness?

    @Option(help: "How it is written.")
    var format: ListFormat = .text

    func run() async throws {
        let console = Console(format: format.output, color: options.color, tool: "selfheal data plan")
        throw await console.answering { () async throws(DataRefusal) in
            let found = try await DataView(options, view, looksAtUnits: true)
            let maker = PlanMaker(found.session.graph, found.report)
            let reaching = target.map { maker.plan(reaching: $0.share, for: found.chosen) }
            let plan = reaching?.plan ?? maker.plan(for: found.chosen)
            let renderer = PopulationPlanRenderer(style: console.style, jobs: view.jobs)
            switch format {
            case .text: console.emit(renderer.text(plan, found.report, target: reaching))
            case .json: console.emit(renderer.json(plan, found.report, target: reaching))
            }
            return found.exitStatus
        }
    }
}

/// A share from 0 to 1, as people write it: digits and a point, nothing else that a number could be.
struct Readiness: ExpressibleByArgument, Sendable, Hashable {
    var share: Double

    init?(argument: String) {
        guard !argument.isEmpty, argument.utf8.count <= 20,
            argument.utf8.allSatisfy({ (0x30...0x39).contains($0) || $0 == 0x2E }),
            let share = Double(argument), (0...1).contains(share)
        else { return nil }
        self.share = share
    }
}
