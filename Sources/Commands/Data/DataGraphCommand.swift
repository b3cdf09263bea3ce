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

    @OptionGroup var view: DataViewOptions
    @OptionGroup var options: DataOptions

    @Option(help: "How it is written.")
    var format: DatasetGraphRenderer.Format = .text

    @Option(help: ArgumentHelp("Write it to this file.", valueName: "file"), completion: .file())
    var output: String?

    func run() async throws {
        let console = Console(color: options.color, tool: "selfheal data graph")
        throw await console.answering { () async throws(DataRefusal) in
            let found = try await DataView(options, view)
            let isFile = output.map { $0 != OutputTarget.standardOutput } ?? false
            let picture = DatasetGraphRenderer(
                found.session.graph, found.report, shown: found.chosen, style: isFile ? .plain : console.style)
            if let output, isFile {
                try write(picture.render(format), to: output, found.session)
            } else {
                console.emit(picture.render(format))
            }
            return found.exitStatus
        }
    }

    private func write(_ text: String, to output: String, _ session: DataSession) throws(DataRefusal) {
        if let fault = session.place.fault(ofOutput: output, session.manifest.checks) {
            throw DataRefusal(.usage, "--output \(output): \(fault)")
        }
        if let trouble = ReportFile(path: output, format: .html).write(text) {
            throw DataRefusal(.critical, "\(output): \(trouble)")
        }
    }
}
