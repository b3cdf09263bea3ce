import ArgumentParser
import ExternalPlugins
import Foundation
import HealEngine
import HealKit
import HealModel
import LiveMachine
import ManifestShape
import Rendering

/// One run of a tool, from the command line to the exit status.
struct RunRequest: Sendable, Hashable {
    var program: Program
    /// As the report names what made it, where that is not the program's own name.
    var tool: String?
    var mode: RunMode
    /// `nil`: the manifest's policy, else medium.
    var maxRisk: Risk?
    /// Whether repairs may install software.
    var installs = false
    var domains: Set<Domain>?
    var settings: RunSettings
    var notes: [String] = []

    /// The order is part of the contract: the whole manifest first, then the lock, then looking, then changing.
    func perform() async -> ExitCode {
        let console = Console(settings, tool: tool ?? program.rawValue)
        do throws(RunRefusal) {
            return console.write(try await report(console), explanations: Explanation.all)
        } catch {
            return console.refuse(error.status, error.faults)
        }
    }

    /// The same for whoever says it otherwise.
    func look() async -> Look {
        let name = tool ?? program.rawValue
        do throws(RunRefusal) {
            return .report(try await report(Console(settings, tool: name)))
        } catch {
            return .refusal(
                Refusal(tool: name, toolVersion: Program.version, status: error.status, faults: error.faults))
        }
    }

    private func report(_ console: Console) async throws(RunRefusal) -> Report {
        let place: Place
        do throws(UsageFailure) {
            place = try Place(manifest: settings.manifest, root: settings.root)
        } catch {
            throw RunRefusal(.usage, error.message)
        }
        let started = ContinuousClock.now
        let machine = try machine(place, waitLimit: settings.waitLimit, mayChange: mode == .heal)
        let startedAt = machine.now
        var (manifest, result) = try await round(on: machine, place, console, startedAt)
        if settings.wait > 0 {
            let waiting = Waiting(
                limit: .milliseconds(Int64(settings.wait * 1000)), started: started, console: console,
                interruption: Program.interruption)
            result = try await waiting.results(from: result) { awaited, left throws(RunRefusal) in
                try await look(awaited, left, place, console)
            } again: { () throws(RunRefusal) in
                let again = try await round(on: machine, place, console, startedAt)
                manifest = again.manifest
                return again.result
            }
        }
        var notes = notes + result.notes
        if result.checks.isEmpty {
            notes.append("nothing was checked: the manifest, or what was selected of it, expects nothing")
        }
        return Report(
            tool: tool ?? program.rawValue, toolVersion: Program.version, app: manifest.app, root: place.root,
            manifest: place.manifest, mode: mode, startedAt: startedAt,
            durationMicroseconds: started.microsecondsUntilNow, checks: result.checks, plan: result.plan,
            repairs: result.repairs, databases: result.databases, notes: notes, faults: result.faults, run: result.run)
    }

    private func machine(
        _ place: Place, waitLimit: Duration, mayChange: Bool
    ) throws(RunRefusal) -> LiveMachine {
        do throws(MachineError) {
            return try LiveMachine(
                root: place.root, waitLimit: waitLimit, mayChange: mayChange, interruption: Program.interruption)
        } catch {
            throw RunRefusal(.critical, error.explanation)
        }
    }

    /// The manifest, the lock, and one run of the engine.
    private func round(
        on machine: LiveMachine, _ place: Place, _ console: Console, _ startedAt: Int64
    ) async throws(RunRefusal) -> (manifest: LoadedManifest, result: RunResult) {
        let manifest = try await load(on: machine, place, console)
        let lock: RunLock
        do throws(RunLock.Failure) {
            lock = try await RunLock.acquire(
                place.root, exclusive: mode == .heal, wait: settings.waitLimit, interruption: Program.interruption,
                onWait: { console.progress("waiting for another run (\($0?.description ?? "unknown")) to finish") })
        } catch {
            throw RunRefusal(.critical, error.explanation)
        }
        let progress = TerminalProgress(console)
        let engine = Engine(
            machine: machine,
            recorder: JournalRecorder(
                machine: machine, tool: program.rawValue, app: manifest.app, manifest: place.manifest,
                startedAt: startedAt),
            observer: progress)
        let result = await engine.run(manifest.checks, options(mode, manifest))
        // The lock is held until the outcome is recorded.
        withExtendedLifetime(lock) {}
        progress.end()
        return (manifest, result)
    }

    /// Looks at what is waited for alone, as it is in the manifest now: a pattern may have found its databases meanwhile.
    private func look(
        _ awaited: [Awaited], _ left: Duration, _ place: Place, _ console: Console
    ) async throws(RunRefusal) -> Prospect {
        let machine = try machine(place, waitLimit: min(settings.waitLimit, left), mayChange: false)
        let manifest = try await load(on: machine, place, console)
        let keys = Set(awaited.map(\.check))
        let engine = Engine(machine: machine, recorder: NoRecorder())
        return await engine.run(
            manifest.checks.filter { keys.contains($0.awaitedKey) }, options(.check, manifest)
        ).prospect
    }

    private func options(_ mode: RunMode, _ manifest: LoadedManifest) -> RunOptions {
        RunOptions(
            mode: mode, maxRisk: maxRisk ?? manifest.maxRisk ?? .medium, installs: installs,
            selection: Selection(
                only: settings.only, skip: settings.skip, domains: domains, severities: manifest.severities),
            jobs: settings.jobs, backupsKept: manifest.backupsKept ?? LoadedManifest.backupsKept,
            awaitedKinds: settings.wait > 0 ? Waiting.kinds : [])
    }

    /// The manifest, when all of it is right and the command line fits it.
    private func load(
        on machine: LiveMachine, _ place: Place, _ console: Console
    ) async throws(RunRefusal) -> LoadedManifest {
        let manifest: LoadedManifest
        do {
            let search = try PluginSearch(settings.pluginPath, place, machine)
            manifest = try await LoadedManifest.load(
                place.manifest, on: machine, plugins: search, root: machine.rootPath, rootName: place.folder,
                runsPrograms: mode == .heal, waitLimit: settings.waitLimit)
        } catch let error as UsageFailure {
            throw RunRefusal(.usage, error.message)
        } catch {
            throw RunRefusal(error as? ManifestProblems ?? ManifestProblems())
        }
        if let fault = place.fault(of: console.outputs, manifest.checks) {
            throw RunRefusal(.usage, fault)
        }
        for selector in [settings.only, settings.skip] {
            guard let wrong = Selection.unknownSelector(in: selector, among: manifest.descriptors) else {
                continue
            }
            let hint = wrong.suggestion.map { "; did you mean '\($0)'?" } ?? "; 'selfheal explain' lists them"
            throw RunRefusal(.usage, "there is no finding '\(wrong.selector)'\(hint)")
        }
        return manifest
    }
}

/// For runs that only look, and need not say what killed ones left behind.
struct NoRecorder: RunRecorder {
    func interrupted() async throws(RecorderFailure) -> [InterruptedRun] { [] }
    func close(_ interrupted: InterruptedRun, note: String) async throws(RecorderFailure) {}
    func begin(_ plan: Plan) async throws(RecorderFailure) -> Int64 {
        throw RecorderFailure("this run only looks")
    }
    func finish(
        _ run: Int64, records: [RepairRecord], changes: [DatabaseChange], exitStatus: Int32
    ) async throws(RecorderFailure) {}
}

/// Why a command line cannot be followed.
struct UsageFailure: Error {
    var message: String
}

/// Where the manifest and the application are.
struct Place: Sendable {
    /// As the user named it, so that error messages can be clicked where they stand.
    var manifest: String
    /// The root as the user named it, or the manifest's folder.
    var folder: String
    /// Absolute, without symbolic links.
    var root: String

    init(manifest: String?, root: String?) throws(UsageFailure) {
        for text in [manifest, root].compactMap({ $0 }) where text.isEmpty || text.utf8.contains(0) {
            throw UsageFailure(message: "a path on the command line is empty or holds a NUL")
        }
        let folder = root ?? manifest.map(Place.folder) ?? "."
        self.folder = folder
        self.manifest = manifest ?? (folder == "." ? "schemas.yaml" : folder + "/schemas.yaml")
        guard let resolved = try Place.real(folder) else {
            throw UsageFailure(message: "\(folder): no such directory")
        }
        var status = stat()
        guard stat(resolved, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else {
            throw UsageFailure(message: "\(folder) is not a directory")
        }
        self.root = resolved
    }

    /// Why reports must not be written where they are meant to go.
    func fault(of outputs: Outputs, _ checks: [any Check]) -> String? {
        var targets: [String: String] = [:]
        for file in outputs.files {
            if let fault = fault(ofOutput: file.path, checks) { return "--output \(file.path): \(fault)" }
            // A pipe or a device may take several.
            var status = stat()
            guard stat(file.path, &status) != 0 || status.st_mode & S_IFMT == S_IFREG else { continue }
            if let other = targets.updateValue(file.path, forKey: Place.target(of: file.path)) {
                return "--output \(file.path): it is the same file as \(other)"
            }
        }
        return nil
    }

    /// The path of a file that may not be there yet, without symbolic links.
    private static func target(of path: String) -> String {
        let name = path.split(separator: "/").last.map(String.init) ?? ""
        if let target = try? real(path) { return target }
        return (try? real(folder(of: path))).map { $0 + "/" + name } ?? path
    }

    /// A stamp may lie below `.selfheal/stamps`, where a report may not.
    func fault(ofStamp stamp: String, _ checks: [any Check]) -> String? {
        let isOurs = Place.target(of: stamp).hasPrefix(root + "/.selfheal/stamps/")
        return isOurs ? nil : fault(ofOutput: stamp, checks)
    }

    /// It would replace something that the run is about, or cannot be written at all.
    func fault(ofOutput output: String, _ checks: [any Check]) -> String? {
        let folder = Place.folder(of: output)
        do throws(UsageFailure) {
            guard try Place.real(folder) != nil else { return "there is no directory \(folder)" }
        } catch {
            return error.message
        }
        let target = Place.target(of: output)
        var status = stat()
        if stat(target, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return "it is a directory" }
        if target.hasPrefix(root + "/.selfheal/") { return "the journal's folder is not for reports" }
        let paths =
            [manifest]
            + checks.flatMap { $0.provides + $0.requires }.map { $0.isAbsolute ? $0.text : root + "/" + $0.text }
        for path in paths.map({ (try? Place.real($0)) ?? $0 })
        where ([""] + DatabaseFiles.suffixes).contains(where: { target == path + $0 }) {
            return "the manifest names this file"
        }
        return nil
    }

    /// The path without symbolic links; `nil` when nothing is there.
    /// - Throws: when it leads to where no text can.
    static func real(_ path: String) throws(UsageFailure) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        guard let text = String(validatingCString: resolved) else {
            let shown = UnnamableName.show(Array(UnsafeRawBufferPointer(start: resolved, count: strlen(resolved))))
            throw UsageFailure(message: "\(path) is \(shown), and that path is not UTF-8; rename what is in it")
        }
        return text
    }

    private static func folder(of path: String) -> String {
        guard let slash = path.lastIndex(of: "/") else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }
}

extension ContinuousClock.Instant {
    var microsecondsUntilNow: Int64 {
        let (seconds, attoseconds) = duration(to: .now).components
        return seconds * 1_000_000 + attoseconds / 1_000_000_000_000
    }
}
