import ArgumentParser
import HealModel
import Rendering

/// `selfheal data make-targets`
struct DataMakeTargetsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "make-targets",
        abstract: "Prints a Make target for each dataset, to be included in a Makefile.",
        discussion: """
            Each target depends on those of the datasets that its own is made from, and stands for a stamp file below \
            .selfheal/stamps that is written when rows were. The recipe runs every time: whether there is something to do \
            is seen in the database, not by times of files.

            Exit status: 0 they are printed or written; 1 the file could not be written; 64 the command line is wrong, or the manifest names no \
            datasets; 78 the manifest is wrong.
            """)

    @OptionGroup var options: DataOptions

    @Option(help: ArgumentHelp("Write them to this file.", valueName: "file"), completion: .file())
    var output: String?

    func run() async throws {
        let console = Console(color: options.color, tool: "selfheal data make-targets")
        throw await console.answering { () async throws(DataRefusal) in
            let session = try await DataSession(options, mayChange: false)
            let words =
                (options.location.manifest.map { ["--manifest", $0] } ?? [])
                + (options.location.root.map { ["--root", $0] } ?? [])
                + options.plugins.pluginPath.flatMap { ["--plugin-path", $0] }
            // A line of a Makefile cannot hold one.
            guard !words.contains(where: { $0.contains(where: \.isNewline) }) else {
                throw DataRefusal(.usage, "a path with a line break in it cannot stand in a Makefile")
            }
            let text = MakeTargetsRenderer(options: words).text(session.graph)
            guard let output, output != OutputTarget.standardOutput else {
                console.emit(text)
                return .ok
            }
            if let fault = session.place.fault(ofOutput: output, session.manifest.checks) {
                throw DataRefusal(.usage, "--output \(output): \(fault)")
            }
            if let trouble = ReportFile(path: output, format: .prometheus).write(text) {
                throw DataRefusal(.critical, "\(output): \(trouble)")
            }
            return .ok
        }
    }
}
