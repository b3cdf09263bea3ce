import ArgumentParser
import Drafting
import Foundation
import HealKit
import HealModel
import LiveMachine
import ManifestShape
import Rendering

/// `selfheal init`
struct InitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "init",
        abstract: "Writes a manifest from what is there: databases with their schemas, .env, directories.",
        discussion: """
            Databases are found by what they hold, not by their names, and are only looked at. Their schemas are stated table by \
            table, or, where that cannot say everything, by a file with their SQL in schemas/. Values of .env are never copied. \
            What is left out (version control, dependencies, backups, temporary files, what cannot be read) is named.

            Exit status: 0 written, and the application is as it says; 1 it could not be written; 64 there is a manifest \
            already: --force replaces it and keeps the old one beside it, --print shows what would be written.
            """)

    @OptionGroup var location: LocationOptions

    @Flag(help: "Replace a manifest that is there; it is kept beside the new one.")
    var force = false

    @Flag(help: "Print what would be written, and write nothing.")
    var print = false

    @Option(
        help: ArgumentHelp("How long to wait for a busy database or another run, in seconds.", valueName: "seconds"))
    var timeout: Double = 5

    func validate() throws {
        try Seconds.require(timeout, of: "--timeout")
    }

    func run() async throws { throw await perform() }

    private func perform() async -> ExitCode {
        let console = Console()
        do {
            let place = try location.place()
            if !print { try refuseWhatIsThere(place.manifest) }
            let wait = Duration.milliseconds(Int64(timeout * 1000))
            let machine = try LiveMachine(
                root: place.root, waitLimit: wait, mayChange: false, interruption: Program.interruption)
            let lock = try await RunLock.acquire(
                place.root, exclusive: !print, wait: wait, interruption: Program.interruption,
                onWait: { console.progress("waiting for another run (\($0?.description ?? "unknown")) to finish") })
            console.progress("looking for databases")
            let draft = try await ManifestDraft(
                of: machine, app: place.root.split(separator: "/").last.map(String.init))
            console.clearProgress()
            // What is written is what these tools will read.
            _ = try await LoadedManifest.load(
                place.manifest, on: OverlayMachine(machine, files: draft.schemaFiles),
                source: TextSource(path: place.manifest, text: draft.text))
            if print {
                console.emit(draft.text + draft.files.map(Self.asComment).joined())
            } else {
                try write(draft, place, console)
            }
            withExtendedLifetime(lock) {}
            for reason in draft.leftOut { console.remark("left out: \(reason)") }
            for remark in draft.remarks { console.remark(remark) }
            if !draft.skipped.isEmpty { console.remark("not looked into: \(draft.skipped.joined(separator: ", "))") }
            if draft.contents.isEmpty {
                console.remark(
                    "nothing was found that could be stated: 'validate-startup' will say that nothing was checked")
            }
            return .success
        } catch let error as UsageFailure {
            return console.refuse(.usage, [error.message])
        } catch let error as NewFile.Failure {
            return console.refuse(.critical, [error.message])
        } catch let error as MachineError {
            return console.refuse(.critical, [error.explanation])
        } catch let error as RunLock.Failure {
            return console.refuse(.critical, [error.explanation])
        } catch let problems as ManifestProblems {
            // Nothing was written; what was drafted has a fault of ours.
            return console.refuse(.critical, problems)
        } catch {
            return console.refuse(.critical, ["\(type(of: error))"])
        }
    }

    private func refuseWhatIsThere(_ path: String) throws(UsageFailure) {
        switch NewFile(path: path, text: "").presence {
        case .nothing: return
        case .unfit(let what): throw UsageFailure(message: "\(path) \(what); name another file with --manifest")
        case .same, .other:
            guard !force else { return }
            throw UsageFailure(
                message:
                    "\(path) is there already; --force replaces it and keeps the old one beside it, --print shows what "
                    + "would be written")
        }
    }

    /// The schema files first: no manifest ever names a file that is not there yet.
    private func write(_ draft: ManifestDraft, _ place: Place, _ console: Console) throws {
        let ending = ".old-" + Timestamp.compact(milliseconds: Int64(Date().timeIntervalSince1970 * 1000))
        let files = draft.files.map { NewFile(path: "\(place.root)/\($0.path)", text: $0.text) }
        var needed: [NewFile] = []
        for file in files {
            switch file.presence {
            case .same: continue
            case .nothing: needed.append(file)
            case .unfit(let what): throw UsageFailure(message: "\(file.path) \(what)")
            case .other:
                guard force else {
                    throw UsageFailure(
                        message: "\(file.path) is there already and differs; --force replaces it and keeps the old one "
                            + "beside it")
                }
                needed.append(file)
            }
        }
        let machine = try LiveMachine(root: place.root, mayChange: true, interruption: Program.interruption)
        for directory in Set(draft.files.flatMap { $0.path.lineage.dropFirst() }).sorted() {
            _ = try machine.createDirectory(directory, mode: .directory)
        }
        var said: [String] = []
        for file in needed + [NewFile(path: place.manifest, text: draft.text)] {
            let kept = try file.write(keepingOld: force ? ending : nil)
            said.append("Wrote \(file.path)" + (kept.map { "; the old one is \($0)" } ?? ""))
        }
        said.append("It states: " + (draft.contents.isEmpty ? "nothing" : draft.contents.joined(separator: ", ")))
        said.append("Read it through, then: validate-startup --check-only")
        console.emit(said.map { $0.printable + "\n" }.joined())
    }

    private static func asComment(_ file: (path: ResourcePath, text: String)) -> String {
        let lines = file.text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
        return "\n# \(file.path) would hold:\n" + lines.map { line in "#   \(line)\n" }.joined()
    }
}
