import ArgumentParser
import HealModel
import Rendering

extension DatasetGraphRenderer.Format: ExpressibleByArgument {}

/// `selfheal data graph`
struct DataGraphCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "graph",
        abstract: "Draws which dataset depends on which, coloured by how they are.",
        discussion: """
            As text, for Graphviz (dot) or Mermaid, as a picture (svg), or as one page with picture and table that needs \
            nothing else (html).

            Exit status, as of 'selfheal data status': 0 all datasets chosen are ready; 1 a required one is not, or the \
            file could not be written; 2 only optional ones are not, or there are warnings; 64 the command line is wrong; \
            78 the manifest is wrong.
            """)

    @OptionGroup var options: DataOptions

    @Option(help: "How it is written.")
    var format: DatasetGraphRenderer.Format = .text

    @Option(help: ArgumentHelp("Write it to this file.", valueName: "file"), completion: .file())
    var output: String?

    func run() async throws { throw await perform() }

    private func perform() async -> ExitCode {
        let console = Console(color: options.color, tool: "selfheal data graph")
        do {
            let session = try await DataSession.open(options, console: console)
            let style = output == nil ? console.style : .plain
            let text = DatasetGraphRenderer(session.graph, session.report, shown: session.chosen, style: style)
                .render(format)
            guard let output, output != OutputTarget.standardOutput else {
                console.emit(text)
                return ExitCode(session.exitStatus)
            }
            if let fault = session.place.fault(ofOutput: output, session.checks) {
                return console.refuse(.usage, ["--output \(output): \(fault)"])
            }
            if let trouble = ReportFile(path: output, format: .html).write(text) {
                return console.refuse(.critical, ["\(output): \(trouble)"])
            }
            return ExitCode(session.exitStatus)
        } catch {
            return DataSession.refuse(error, console)
        }
    }
}
