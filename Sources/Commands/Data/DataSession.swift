import ArgumentParser
import BuiltInPlugins
import Datasets
import ExternalPlugins
import Glibc
import HealKit
import HealManifest
import HealModel
import Journal
import LiveMachine
import ManifestShape
import Populating
import Rendering

/// What the commands about data take from their command lines.
struct DataOptions: ParsableArguments, Sendable {
    @OptionGroup var location: LocationOptions
    @OptionGroup var plugins: PluginOptions

    @Option(help: "When to colour.")
    var color: ColorChoice = .auto

    @Option(help: ArgumentHelp("How long to wait for a busy database, in seconds.", valueName: "seconds"))
    var timeout: Double = 30

    func validate() throws { try Seconds.require(timeout, of: "--timeout") }

    var waitLimit: Duration { .milliseconds(Int64(timeout * 1000)) }
}

/// Why a command about data ends before its work.
struct DataRefusal: Error {
    var status: ExitStatus
    var faults: [Refusal.Fault]

    init(_ status: ExitStatus, _ message: String) {
        self.status = status
        faults = [Refusal.Fault(message)]
    }

    init(_ problems: ManifestProblems) {
        status = .configuration
        faults = problems.all.map { Refusal.Fault($0.message, source: $0.location) }
    }
}

/// The manifest's datasets, and the machine that they are on.
struct DataSession: Sendable {
    let place: Place
    let machine: LiveMachine
    let manifest: LoadedManifest
    let graph: DatasetGraph
    let redactor: Redactor

    /// - Parameters:
    ///   - needsDatasets: whether a manifest that names none is a mistake.
    ///   - runsPrograms: whether programs that the manifest names may be run.
    init(
        _ options: DataOptions, mayChange: Bool, runsPrograms: Bool = false, needsDatasets: Bool = true
    ) async throws(DataRefusal) {
        do {
            place = try options.location.place()
            machine = try LiveMachine(
                root: place.root, waitLimit: options.waitLimit, mayChange: mayChange,
                interruption: Program.interruption)
            let search = try PluginSearch(options.plugins.pluginPath, place, machine)
            manifest = try await LoadedManifest.load(
                place.manifest, on: machine, plugins: search, root: machine.rootPath, rootName: place.folder,
                runsPrograms: runsPrograms, populatesAtStart: false)
        } catch let error as UsageFailure {
            throw DataRefusal(.usage, error.message)
        } catch let error as MachineError {
            throw DataRefusal(.critical, error.explanation)
        } catch let error as ManifestProblems {
            throw DataRefusal(error)
        } catch {
            throw DataRefusal(.critical, "\(type(of: error))")
        }
        graph = manifest.datasets ?? DatasetGraph()
        if needsDatasets && graph.order.isEmpty {
            throw DataRefusal(.usage, "\(place.manifest) names no datasets")
        }
        redactor = Redactor(populating: graph, checks: manifest.checks, on: machine)
    }

    /// Who else works on the data waits, or hears who it is.
    func lock(
        tool: String, wait: Duration?, onWait: @escaping @Sendable (DataLock.Owner?) -> Void
    ) async throws(DataRefusal) -> DataLock {
        do throws(JournalError) {
            try Journal(machine: machine, root: machine.rootPath).prepare()
        } catch {
            throw DataRefusal(.critical, error.explanation)
        }
        do throws(DataLock.Failure) {
            return try await DataLock.acquire(
                machine.rootPath, owner: DataLock.Owner(tool: tool, pid: getpid(), since: machine.now), wait: wait,
                interruption: Program.interruption, onWait: onWait)
        } catch {
            switch error {
            case .held(let owner):
                throw DataRefusal(.critical, "\(Self.words(owner)): nothing was done")
            case .machine(let error): throw DataRefusal(.critical, error.explanation)
            }
        }
    }

    /// `selfheal data heal, process 4711, works on the data since 12:00:00 UTC`
    static func words(_ owner: DataLock.Owner?) -> String {
        guard let owner else { return "another run works on the data" }
        return "\(owner) works on the data since \(Timestamp.readable(milliseconds: owner.since)) UTC"
    }

    func tools(observe: @escaping @Sendable (PopulationEvent) -> Void) -> PopulationTools {
        PopulationTools(machine: machine, plugins: manifest.plugins, redactor: redactor, observe: observe)
    }
}

extension Redactor {
    /// What must not be shown of what sources and programs say.
    init(populating graph: DatasetGraph, checks: [any Check], on machine: any Machine) {
        let tokens = graph.order.compactMap { $0.populate?.source.secretVariable }
        self.init(Secrets.values(of: checks, on: machine) + tokens.compactMap { machine.environment[$0] })
    }
}

extension PopulationTools {
    /// Those of a manifest, for a run that ends when the process is asked to.
    init(
        machine: any ChangingMachine, plugins: [ExternalPlugin], redactor: Redactor,
        observe: @escaping @Sendable (PopulationEvent) -> Void = { _ in }
    ) {
        let interruption = Program.interruption
        self.init(
            machine: machine, isStopped: { interruption.isRaised }, redact: { redactor($0) }, observe: observe,
            makeSource: { dataset, source throws(SourceFailure) in
                switch source {
                case .plugin(let name):
                    guard let plugin = plugins.first(where: { $0.description.name == name }) else {
                        throw SourceFailure(
                            .configuration, "there is no plugin '\(name)' among the manifest's 'plugins'")
                    }
                    return try PluginRowSource(plugin)
                default: return try PopulationTools.builtInSource(dataset, source)
                }
            })
    }
}

extension Console {
    /// Says why there was no work, if so.
    /// - Returns: the exit status.
    func answering(_ body: () async throws(DataRefusal) -> ExitStatus) async -> ExitCode {
        do throws(DataRefusal) {
            return ExitCode(try await body().rawValue)
        } catch {
            return refuse(error.status, error.faults)
        }
    }
}
