import ArgumentParser
import BuiltInPlugins
import HealKit
import HealModel
import LiveMachine
import ManifestShape
import Rendering
import SQLiteSchema

/// `selfheal diff`
struct DiffCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "diff",
        abstract: "Shows what databases differ in from the manifest, as a diff of SQL, and changes nothing.",
        discussion: """
            A unified diff for each table, index, view, trigger and pragma that is not as stated, from what is there (-) to \
            what is stated (+), in one form for both, so that spelling makes no difference. What the manifest does not name \
            is no difference, unless it says 'extras: warn' or 'drop'.

            Exit status: 0 all is as stated; 1 something differs, or could not be looked at; 64 the manifest names no such \
            database; 78 the manifest is wrong.
            """)

    @Argument(help: "A database, or a pattern, as the manifest names it. None: all of them.", completion: .file())
    var database: String?

    @OptionGroup var location: LocationOptions

    @Option(help: "When to colour.")
    var color: ColorChoice = .auto

    @Option(
        help: ArgumentHelp("How long to wait for a busy database or another run, in seconds.", valueName: "seconds"))
    var timeout: Double = 30

    func validate() throws {
        try Seconds.require(timeout, of: "--timeout")
    }

    func run() async throws { throw await perform() }

    private func perform() async -> ExitCode {
        let console = Console(color: color)
        let wait = Duration.milliseconds(Int64(timeout * 1000))
        do {
            let place = try location.place()
            let machine = try LiveMachine(
                root: place.root, waitLimit: wait, mayChange: false, interruption: Program.interruption)
            let loaded = try await LoadedManifest.load(place.manifest, on: machine, rootName: place.folder)
            let checks = try chosen(loaded.checks, root: place.root)
            let lock = try await RunLock.acquire(
                place.root, exclusive: false, wait: wait, interruption: Program.interruption,
                onWait: { console.progress("waiting for another run (\($0?.description ?? "unknown")) to finish") })
            var entries: [SchemaDiffEntry] = []
            var troubles: [String] = []
            for check in checks {
                do throws(MachineError) {
                    guard let diff = try await SQLitePlugin.diff(of: check, on: machine) else { continue }
                    entries += diff.objects.map { SchemaDiffEntry($0, diff) }
                    if diff.isMissing { troubles.append("\(diff.database): does not exist") }
                } catch {
                    troubles.append(error.explanation)
                }
            }
            withExtendedLifetime(lock) {}
            console.clearProgress()
            console.emit(SchemaDiffRenderer(style: console.style).render(entries))
            if !troubles.isEmpty { return console.refuse(.critical, troubles) }
            return ExitCode(entries.isEmpty ? .ok : .critical)
        } catch let problems as ManifestProblems {
            return console.refuse(.configuration, problems)
        } catch let error as UsageFailure {
            return console.refuse(.usage, [error.message])
        } catch let error as MachineError {
            return console.refuse(.critical, [error.explanation])
        } catch let error as RunLock.Failure {
            return console.refuse(.critical, [error.explanation])
        } catch {
            return console.refuse(.critical, ["\(type(of: error))"])
        }
    }

    /// The checks of the database that was named, in the order of the manifest.
    private func chosen(_ checks: [any Check], root: String) throws(UsageFailure) -> [any Check] {
        let databases = checks.filter { $0.descriptor.id == DatabaseNames.check }
        guard let database else { return databases }
        // Also by the path that a shell completes.
        let below = database.hasPrefix(root + "/") ? String(database.dropFirst(root.utf8.count + 1)) : database
        let name = (try? ResourcePath(below, outsideRoot: true))?.text ?? below
        let fitting = databases.filter { $0.subject == name || $0.pattern == name }
        guard fitting.isEmpty else { return fitting }
        let known = databases.flatMap { [$0.subject, $0.pattern].compactMap { $0 } }
        let near = NearestName.suggestion(for: name, among: known)
        let hint =
            near.map { "; did you mean '\($0)'?" }
            ?? (known.isEmpty ? "; it names none" : "; it names \(known.prefix(5).joined(separator: ", "))")
        throw UsageFailure(message: "the manifest names no database '\(name)'\(hint)")
    }

    private enum DatabaseNames {
        static let check = SQLitePlugin.checks.first?.id ?? ""
    }
}

extension SchemaDiffEntry {
    fileprivate init(_ object: ComparedObject, _ diff: DatabaseDiff) {
        self.init(
            database: diff.database.text, source: "\(diff.source.file):\(diff.source.line)",
            object: "\(object.kind) \(object.name)", found: object.found.map(UnifiedDiff.Line.init),
            desired: object.desired.map(UnifiedDiff.Line.init), notes: object.notes)
    }
}

extension UnifiedDiff.Line {
    fileprivate init(_ line: ComparedLine) { self.init(line.text, key: line.key) }
}
