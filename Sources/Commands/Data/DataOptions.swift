import ArgumentParser
import Datasets
import HealKit
import HealModel
import LiveMachine
import ManifestShape
import Rendering

/// What all commands on datasets understand.
struct DataOptions: ParsableArguments, Sendable {
    @Argument(
        help: ArgumentHelp(
            "Datasets: a name, +name (and all it depends on), name+ (and all that depends on it), tag:…, status:…; * and ? "
                + "stand for any characters. None: all of them.",
            valueName: "selector"))
    var selectors: [String] = []

    @Option(
        help: ArgumentHelp("The manifest.", discussion: "Default: schemas.yaml in the root.", valueName: "file"),
        completion: .manifest)
    var manifest: String?

    @Option(
        help: ArgumentHelp("The application's root.", discussion: "Default: the manifest's folder.", valueName: "dir"),
        completion: .directory)
    var root: String?

    @Option(help: ArgumentHelp("How many databases, or datasets, are worked on at once (1 to 256).", valueName: "n"))
    var jobs: Int = 4

    @Option(
        help: ArgumentHelp("How long to wait for a busy database or another run, in seconds.", valueName: "seconds"))
    var timeout: Double = 30

    @Option(help: "When to colour.")
    var color: ColorChoice = .auto

    func validate() throws {
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs takes a whole number from 1 to 256") }
        guard timeout.isFinite, timeout >= 0, timeout <= 86_400 else {
            throw ValidationError("--timeout takes seconds from 0 to 86400")
        }
    }

    var waitLimit: Duration { .milliseconds(Int64(timeout * 1000)) }
}

/// The datasets of a manifest, how they are, and which of them were chosen.
struct DataSession: Sendable {
    var graph: DatasetGraph
    var report: ReadinessReport
    /// The names of the datasets that were chosen; `nil` when nothing was said.
    var chosen: Set<String>?
    var place: Place
    /// All checks of the manifest: no output goes where they look.
    var checks: [any Check]

    /// - Parameter looksAtUnits: for plans.
    /// - Throws: what `DataSession.refuse` puts into words.
    static func open(_ options: DataOptions, console: Console, looksAtUnits: Bool = false) async throws -> DataSession {
        let place = try Place(manifest: options.manifest, root: options.root)
        let machine = try LiveMachine(
            root: place.root, waitLimit: options.waitLimit, mayChange: false, interruption: Program.interruption)
        let loaded = try await LoadedManifest.load(place.manifest, on: machine, rootName: place.folder)
        let graph = try loaded.datasets()
        let selection: DatasetSelection
        do throws(DatasetSelection.Problem) {
            selection = try DatasetSelection(options.selectors, in: graph)
        } catch {
            throw UsageFailure(message: error.message)
        }
        let status = StatusOptions(jobs: options.jobs, looksAtUnits: looksAtUnits)
        let report = try await StatusReader(graph, on: machine, status).read()
        return DataSession(
            graph: graph, report: report,
            chosen: selection.isEverything ? nil : selection.names(in: graph, report), place: place,
            checks: loaded.checks)
    }

    /// Says why there is no session.
    static func refuse(_ error: any Error, _ console: Console) -> ExitCode {
        switch error {
        case let problems as ManifestProblems: console.refuse(.configuration, problems)
        case let error as UsageFailure: console.refuse(.usage, [error.message])
        case let error as MachineError: console.refuse(.critical, [error.explanation])
        default: console.refuse(.critical, ["\(type(of: error))"])
        }
    }

    /// 0 when all that were chosen are ready, 1 when a required one of them is not, 2 when only optional ones are not, or there
    /// are warnings.
    var exitStatus: ExitStatus {
        let all = report.statuses.filter { chosen?.contains($0.name) ?? true }
        if all.contains(where: { $0.dataset.isRequired && !$0.isReady }) { return .critical }
        return all.contains { !$0.isReady || !$0.warnings.isEmpty } ? .warnings : .ok
    }
}

extension LoadedManifest {
    /// The datasets that the manifest declares; none when it has no such section.
    func datasets() throws(ManifestProblems) -> DatasetGraph {
        if let check = checks.lazy.compactMap({ $0 as? RequiredDataset }).first { return check.graph }
        var problems = ManifestProblems()
        guard let empty = DatasetGraph([], &problems) else { throw problems }
        return empty
    }
}
