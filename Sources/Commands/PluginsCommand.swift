import ArgumentParser
import ExternalPlugins
import Foundation
import HealKit
import HealManifest
import HealModel
import LiveMachine
import ManifestShape
import Rendering

extension PluginLanguage: ExpressibleByArgument {}

/// `selfheal plugins`
struct PluginsCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plugins",
        abstract: "Lists external plugins, begins a new one, or tries one out.",
        subcommands: [List.self, New.self, Try.self], defaultSubcommand: List.self)

    /// `selfheal plugins [list]`
    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "list",
            abstract:
                "Lists the plugins that are found, which of them the manifest uses, and what was passed over and why.",
            discussion: """
                Only what the manifest names under 'plugins' is ever run.

                Exit status: 0 every plugin that the manifest uses can be used; 1 one of them cannot; 64 the command \
                line is wrong.
                """)

        @OptionGroup var location: LocationOptions

        @OptionGroup var plugins: PluginOptions

        @Flag(help: "Write JSON.")
        var json = false

        /// One line of the list.
        struct Entry: Encodable {
            var name: String
            /// `used`, `available` or `refused`.
            var state: String
            var reason: String?
            var kind: String?
            var version: String?
            var description: String?
            var capabilities: [String]
            var folder: String
            /// Whether its check can be kept from writing.
            var confined: Bool
            /// Whether good answers are kept until what it reads changes.
            var cached: Bool
        }

        private struct Listing: Encodable {
            var format = "selfheal-plugins/1"
            var folders: [String]
            var plugins: [Entry]
        }

        func run() async throws {
            let console = Console(format: json ? .json : .text)
            do {
                let place = try location.place()
                let machine = try LiveMachine(root: place.root, mayChange: false)
                let search = try PluginSearch(plugins.pluginPath, place, machine)
                var problems = ManifestProblems()
                // A list needs no manifest; and one that is wrong is another command's business.
                let core = ManifestDocument.read(
                    path: place.manifest, sections: LoadedManifest.sections, environment: machine.environment, &problems
                )?.core
                let entries = Self.entries(search, core?.plugins ?? [])
                if json {
                    let encoder = JSONEncoder()
                    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                    let listing = Listing(folders: search.folders, plugins: entries)
                    console.emit(String(decoding: try encoder.encode(listing), as: UTF8.self) + "\n")
                } else {
                    console.emit(Self.text(entries, search))
                }
                let isBroken = entries.contains { $0.state == "unusable" }
                throw ExitCode(isBroken ? ExitStatus.critical.rawValue : 0)
            } catch let error as UsageFailure {
                throw ExitCode(console.refuse(.usage, [error.message]).rawValue)
            } catch let error as MachineError {
                throw ExitCode(console.refuse(.critical, [error.explanation]).rawValue)
            }
        }

        private static func entries(_ search: PluginSearch, _ named: [Keyed<ManifestNode>]) -> [Entry] {
            let names = Set(named.map(\.key))
            var entries = search.all().map { name, folder, outcome in
                var entry = Entry(
                    name: name, state: names.contains(name) ? "used" : "available", capabilities: [], folder: folder,
                    confined: false, cached: false)
                switch outcome {
                case .success(let found):
                    let description = found.description
                    entry.kind = description.kind.rawValue
                    entry.version = description.version
                    entry.description = description.summary
                    entry.capabilities = description.capabilities.map(\.rawValue)
                    entry.confined = description.kind == .selfheal && description.isConfined && PluginSearch.canConfine
                    entry.cached = description.reads != nil
                case .failure(let refusal):
                    entry.state =
                        names.contains(name) && !refusal.reason.hasSuffix("comes first") ? "unusable" : "refused"
                    entry.reason = ([refusal.reason] + refusal.problems.all.map(\.description)).joined(separator: "; ")
                }
                return entry
            }
            for entry in named where !entries.contains(where: { $0.name == entry.key }) {
                let kind = entry.value.text(of: "kind")
                let isCommand = kind == PluginDescription.Kind.nagios.rawValue
                entries.append(
                    Entry(
                        name: entry.key, state: isCommand ? "used" : "unusable",
                        reason: isCommand ? nil : "\(entry.location): it is in none of the folders", kind: kind,
                        capabilities: isCommand ? ["check"] : [], folder: "", confined: false, cached: false))
            }
            return entries.sorted { ($0.name, $0.folder) < ($1.name, $1.folder) }
        }

        private static func text(_ entries: [Entry], _ search: PluginSearch) -> String {
            if entries.isEmpty { return "No plugins in \(search.folders.joined(separator: ", ")).\n" }
            var text = ""
            for entry in entries {
                let version = entry.version.map { " \($0)" } ?? ""
                let what = entry.description.flatMap { $0.isEmpty ? nil : ": \($0)" } ?? ""
                text += "\(entry.name.printable)\(version) (\(entry.state))\(what.printable)\n"
                if !entry.folder.isEmpty { text += "    \(entry.folder.printable)\n" }
                if let reason = entry.reason { text += "    \(reason.printable)\n" }
            }
            return text
        }
    }

    /// `selfheal plugins new`
    struct New: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "new", abstract: "Makes a plugin that works, to be turned into the one that is wanted.",
            discussion: "It wants a file and can make it. Nothing that exists is touched.")

        @Argument(help: "Its name: small letters, digits and -.")
        var name: String

        @Option(help: "bash, python or swift.")
        var language: PluginLanguage = .bash

        @Option(help: ArgumentHelp("The folder that it is made in.", valueName: "dir"), completion: .directory)
        var `in`: String = "plugins"

        func validate() throws {
            guard PluginDescription.isName(name) else {
                throw ValidationError("a plugin's name holds small letters, digits and -, and does not begin with -")
            }
            guard !LoadedManifest.takenNames.contains(name) else { throw ValidationError("'\(name)' is built in") }
        }

        func run() async throws {
            let console = Console()
            let folder = "\(`in`)/\(name)"
            let manager = FileManager.default
            guard !manager.fileExists(atPath: folder) else {
                throw ExitCode(console.refuse(.usage, ["\(folder) exists already"]).rawValue)
            }
            do {
                let template = PluginTemplate(name: name, language: language)
                for file in template.files {
                    let path = "\(folder)/\(file.path)"
                    let parent = URL(filePath: path).deletingLastPathComponent()
                    // Modes are said, because what a group may write is refused, and umask may allow it.
                    try manager.createDirectory(
                        at: parent, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
                    _ = try NewFile(path: path, text: file.text).write(keepingOld: nil)
                    if file.isExecutable {
                        try manager.setAttributes([.posixPermissions: 0o755], ofItemAtPath: path)
                    }
                }
                var text = "Made \(folder)."
                text += template.nextStep.map { " Build it: \($0) \(folder)\n" } ?? "\n"
                text += """
                    Try it:  selfheal plugins test \(folder)
                    Use it:  plugins: {\(name): {}}  in the manifest

                    """
                console.emit(text)
            } catch let error as NewFile.Failure {
                throw ExitCode(console.refuse(.critical, [error.message]).rawValue)
            } catch {
                throw ExitCode(console.refuse(.critical, ["\(folder): \(error.localizedDescription)"]).rawValue)
            }
        }
    }

    /// `selfheal plugins test`
    struct Try: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "test", abstract: "Tries a plugin against what the protocol asks for.",
            discussion: """
                It runs in a folder of its own: an empty one, or a copy of the one given with --in. What it heals there is \
                healed in the copy only, unless the plugin changes things elsewhere.

                Exit status: 0 it does what the protocol asks for; 1 it does not; 64 the command line is wrong.
                """)

        @Argument(help: "The plugin's folder.", completion: .directory)
        var folder: String

        @Option(help: ArgumentHelp("Its settings, as YAML: 'file: a.txt'.", valueName: "yaml"))
        var settings: String = "{}"

        @Option(help: ArgumentHelp("Try it in a copy of this folder.", valueName: "dir"), completion: .directory)
        var `in`: String?

        @Flag(help: "Write JSON.")
        var json = false

        private struct Outcome: Encodable {
            var rule: String
            var verdict: PluginTrial.Result.Verdict
            var detail: String?
        }

        private struct Results: Encodable {
            var format = "selfheal-plugin-test/1"
            var plugin: String
            var results: [Outcome]
        }

        func run() async throws {
            let console = Console(format: json ? .json : .text)
            let manager = FileManager.default
            let root = manager.temporaryDirectory.appending(path: "selfheal-trial-\(UUID().uuidString)")
            defer { try? manager.removeItem(at: root) }
            do {
                if let source = `in` {
                    guard manager.fileExists(atPath: source) else {
                        throw UsageFailure(message: "--in \(source): no such directory")
                    }
                    try manager.copyItem(at: URL(filePath: source).resolvingSymlinksInPath(), to: root)
                } else {
                    try manager.createDirectory(at: root, withIntermediateDirectories: true)
                }
                let path = root.resolvingSymlinksInPath().path
                let machine = try LiveMachine(root: path, mayChange: true, cacheFolder: path + ".cache")
                let place = URL(filePath: folder).standardizedFileURL.resolvingSymlinksInPath()
                let name = place.lastPathComponent
                let search = PluginSearch(
                    folders: [place.deletingLastPathComponent().path], taken: LoadedManifest.takenNames,
                    machine: machine)
                var problems = ManifestProblems()
                let node = YAMLFile.node(Array(settings.utf8), file: "--settings", &problems)
                let source = SourceLocation(file: "--settings", line: 1, column: 1)
                let plugin = node.flatMap { node in
                    PluginEntry(Keyed(name, source, node), &problems)?.plugin(
                        in: search, root: path, machine: machine, &problems, resolve: { _ in [] },
                        redactor: { _ in Redactor([]) })
                }
                guard let plugin, problems.isEmpty else { throw problems }
                let results = await PluginTrial.run(plugin, on: machine)
                write(results, name, console)
                throw ExitCode(results.contains { $0.verdict == .failed } ? ExitStatus.critical.rawValue : 0)
            } catch let error as ExitCode {
                throw error
            } catch let error as UsageFailure {
                throw ExitCode(console.refuse(.usage, [error.message]).rawValue)
            } catch let error as ManifestProblems {
                throw ExitCode(console.refuse(.critical, error).rawValue)
            } catch let error as MachineError {
                throw ExitCode(console.refuse(.critical, [error.explanation]).rawValue)
            } catch {
                throw ExitCode(console.refuse(.usage, [error.localizedDescription]).rawValue)
            }
        }

        private func write(_ results: [PluginTrial.Result], _ name: String, _ console: Console) {
            if json {
                let encoder = JSONEncoder()
                encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
                let all = Results(
                    plugin: name,
                    results: results.map { Outcome(rule: $0.rule, verdict: $0.verdict, detail: $0.detail) })
                let text = (try? encoder.encode(all)).map { String(decoding: $0, as: UTF8.self) } ?? "{}"
                console.emit(text + "\n")
                return
            }
            var text = ""
            for result in results {
                let tag =
                    switch result.verdict {
                    case .passed: "[OK]"
                    case .failed: "[ERROR]"
                    case .skipped: "[SKIPPED]"
                    }
                text += "\(tag) \(result.rule)" + (result.detail.map { ": \($0.printable)" } ?? "") + "\n"
            }
            let failed = results.count { $0.verdict == .failed }
            let passed = results.count { $0.verdict == .passed }
            text += "\(name): \(passed) passed, \(failed) failed, \(results.count - passed - failed) skipped\n"
            console.emit(text)
        }
    }
}

extension ManifestNode {
    /// The text under a key of a mapping.
    fileprivate func text(of key: String) -> String? {
        guard case .mapping(let entries) = content, let value = entries.first(where: { $0.key == key })?.value,
            case .scalar(let scalar) = value.content
        else { return nil }
        return scalar.text
    }
}
