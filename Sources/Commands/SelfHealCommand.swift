import ArgumentParser
import BuiltInPlugins
import HealEngine
import HealKit
import HealManifest
import HealModel
import Journal
import LiveMachine
import Rendering

/// `selfheal`: everything that is not one of the two main tools, and these too.
struct SelfHealCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: Program.selfheal.rawValue,
        abstract: "Looks after an application's surroundings: its environment file, directories, databases and tools.",
        version: Program.version,
        subcommands: [
            InitCommand.self, ValidateStartupCommand.self, AutoHealCommand.self, PlanCommand.self, DiffCommand.self,
            HistoryCommand.self,
            UndoCommand.self,
            RestoreCommand.self, DataCommand.self, PluginsCommand.self, ServeCommand.self, ExplainCommand.self,
            SchemaCommand.self,
        ])
}

/// `selfheal explain`
struct ExplainCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "explain", abstract: "Says what a finding means, how it is healed, and at what risk.")

    @Argument(
        help: "A finding's identifier, or the beginning of several: sqlite.column. None: all findings.",
        completion: .findings)
    var id: String?

    @Option(help: "How it is written.")
    var format: ListFormat = .text

    @Flag(help: "Write the documentation's page of all findings.")
    var markdown = false

    func run() async throws {
        let console = Console(format: format.output)
        let chosen = Explanation.all.filter { explanation in id.map { explanation.id.matches(selector: $0) } ?? true }
        if chosen.isEmpty, let id {
            let wrong = Selection.unknownSelector(in: [id], among: LoadedManifest.descriptors)
            let hint = wrong?.suggestion.map { "; did you mean '\($0)'?" } ?? "; without an argument, all are listed"
            throw ExitCode(console.refuse(.usage, ["there is no finding '\(id)'\(hint)"]).rawValue)
        }
        let renderer = ExplainRenderer(style: console.style)
        if markdown {
            console.emit(renderer.markdown(chosen))
        } else {
            switch format {
            case .text: console.emit(renderer.text(chosen))
            case .json: console.emit(renderer.json(chosen))
            }
        }
    }
}

extension Explanation {
    /// What there is to know about everything that can be found.
    static var all: [Explanation] {
        LoadedManifest.descriptors.flatMap { descriptor in
            descriptor.allKinds.map { Explanation($0, title: descriptor.title) }
        }
    }

    init(_ kind: FindingKind, title: String) {
        self.init(
            id: kind.id, title: title, severity: kind.severity, risk: kind.risk, meaning: kind.meaning,
            healing: kind.healing,
            blocks: kind.blocks)
    }
}

extension CheckDescriptor {
    /// What it can find, and what the engine reports when it could not look.
    var allKinds: [FindingKind] {
        kinds + [
            FindingKind(
                unknownID, .critical, risk: nil,
                meaning: "It could not be looked at, for the reason that the report gives.",
                healing:
                    "Mend what kept it from looking: permissions, a lock that is never released, a program that hangs.",
                blocks: true)
        ]
    }
}

/// `selfheal schema`
struct SchemaCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "schema", abstract: "Prints the manifest's JSON Schema, for editors and other checkers.")

    func run() async throws { Console().emit(ManifestSchema.render(sections: LoadedManifest.sections)) }
}
