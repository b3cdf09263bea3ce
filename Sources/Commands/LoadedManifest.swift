import BuiltInPlugins
import Datasets
import ExternalPlugins
import Glibc
import HealEngine
import HealKit
import HealManifest
import HealModel
import ManifestShape

/// A manifest that is right, as the checks it asks for.
struct LoadedManifest: Sendable {
    var app: String?
    var maxRisk: Risk?
    /// How many backups of each database are kept; `nil` when the manifest says nothing.
    var backupsKept: Int?
    var severities: [FindingID: Severity]
    var checks: [any Check]
    var plugins: [ExternalPlugin] = []
    /// `nil` when it names none.
    var datasets: DatasetGraph?
    var readiness = ReadinessSettings()

    /// How many backups of each database are kept when the manifest says nothing.
    static let backupsKept = 5
    static let sections = PluginRegistry.builtIn.map { ManifestSection($0.key, $0.sectionSchema) }
    static let descriptors = PluginRegistry.builtIn.flatMap { $0.checks }
    /// What no external plugin may be called.
    static let takenNames = Set(PluginRegistry.builtIn.map { $0.key } + ManifestCore.keys + descriptors.map(\.id))

    /// What findings can be named by: those of what is built in, and of the plugins that the manifest names.
    var descriptors: [CheckDescriptor] { Self.descriptors + plugins.map(\.description.descriptor) }

    /// Reads and validates everything; nothing of the application is looked at before all of it is right.
    ///
    /// - Parameters:
    ///   - search: where external plugins are; `nil` when none of them takes part, and nothing is populated.
    ///   - runsPrograms: whether programs that fill datasets, or are told of them, may be run.
    ///   - populatesAtStart: whether checks of datasets may be asked to populate them.
    ///   - waitLimit: how long another run that works on the data is waited for.
    static func load(
        _ path: String, on machine: any Machine, plugins search: PluginSearch? = nil, root: String = "",
        rootName: String = ".", runsPrograms: Bool = true, populatesAtStart: Bool = true,
        waitLimit: Duration = .seconds(30),
        source: any ManifestSource = DiskManifestSource()
    ) async throws(ManifestProblems) -> LoadedManifest {
        var problems = ManifestProblems()
        let document = ManifestDocument.read(
            path: path, sections: sections, source: source, environment: machine.environment, &problems)
        guard let document else { throw problems.sorted }
        var checks: [any Check] = []
        let context = PluginContext(machine: machine, rootName: rootName)
        for plugin in PluginRegistry.builtIn {
            guard let section = document.section(plugin.key) else { continue }
            checks += await plugin.makeChecks(from: section, context: context, problems: &problems)
        }
        refuseSharedPaths(checks, on: machine, &problems)
        refuseOwnPaths(checks, &problems)
        let datasets = checks.lazy.compactMap { $0 as? RequiredDataset }.first?.graph
        // What is wrong with it is among the problems by now.
        var known = ManifestProblems()
        let readiness = document.decode(ReadinessSettings.shape, at: ReadinessPlugin.key, &known) ?? ReadinessSettings()
        var plugins: [ExternalPlugin] = []
        if let search {
            let entries = document.core.plugins + packagePlugins(document.core.plugins, search, &checks)
            let programs = runsPrograms ? [datasets?.firstProgram, readiness.firstProgram] : []
            let first = ([entries.first.map { ("no plugin", $0.location) }] + programs).lazy.compactMap { $0 }.first
            if let (what, place) = first, let fault = safetyFault(of: document, what, place, search) {
                problems.add(fault)
            }
            plugins = externalPlugins(entries, search, root, checks, machine, &problems)
            checks += plugins.filter { $0.description.capabilities.contains(.check) }.map(\.check)
            let known = descriptors + plugins.map(\.description.descriptor)
            refuseUnknownFindings(document.core.policy.severities, among: known, &problems)
        }
        guard problems.isEmpty else { throw problems.sorted }
        if search != nil, populatesAtStart, let datasets {
            checks = StartPopulation.checks(
                checks, graph: datasets, statedTables: StatedTables.names(in: checks), plugins: plugins, root: root,
                waitLimit: waitLimit)
        }
        let severities = document.core.policy.severities.map { (FindingID(rawValue: $0.key), $0.value) }
        return LoadedManifest(
            app: document.core.app, maxRisk: document.core.policy.maxRisk,
            backupsKept: document.core.policy.backupsKept,
            severities: Dictionary(severities, uniquingKeysWith: { first, _ in first }), checks: checks,
            plugins: plugins, datasets: datasets, readiness: readiness)
    }

    /// Why nothing that the manifest names may be run.
    private static func safetyFault(
        of document: ManifestDocument, _ what: String, _ place: SourceLocation, _ search: PluginSearch
    ) -> ManifestProblem? {
        let files = document.files.compactMap { file -> String? in
            guard let path = realpath(file, nil) else { return nil }
            defer { free(path) }
            return String(cString: path)
        }
        do throws(PluginSearch.Refusal) {
            try search.requireSafety(ofManifests: files)
            return nil
        } catch {
            return ManifestProblem(place, "\(what) is run: \(error.reason)")
        }
    }

    /// What `dependencies` says of packages is asked of the plugins for that, where they are, unless the manifest names them itself.
    private static func packagePlugins(
        _ named: [Keyed<ManifestNode>], _ search: PluginSearch, _ checks: inout [any Check]
    ) -> [Keyed<ManifestNode>] {
        var entries: [Keyed<ManifestNode>] = []
        for (index, check) in checks.enumerated() {
            guard var list = check as? PackageList else { continue }
            list.isAsked = named.contains { $0.key == list.plugin }
            // One that is refused is named, too: as a fault of the manifest.
            if !list.isAsked, search.contains(list.plugin) {
                entries.append(Keyed(list.plugin, list.source, list.settings))
                list.isAsked = true
            }
            checks[index] = list
        }
        return entries
    }

    private static func externalPlugins(
        _ entries: [Keyed<ManifestNode>], _ search: PluginSearch, _ root: String, _ checks: [any Check],
        _ machine: any Machine, _ problems: inout ManifestProblems
    ) -> [ExternalPlugin] {
        let named = Set(entries.map(\.key))
        return entries.compactMap { entry in
            PluginEntry(entry, &problems)?.plugin(
                in: search, root: root, machine: machine, &problems,
                resolve: { word in
                    if let builtIn = PluginRegistry.builtIn.first(where: { $0.key == word }) {
                        return builtIn.checks.map(\.id)
                    }
                    return named.contains(word) || descriptors.contains { $0.id == word } ? [word] : nil
                }, redactor: { Redactor(Secrets.values(of: checks, on: $0) + Secrets.values(in: entry.value)) })
        }
    }

    /// One file in two roles would be healed twice, in two ways. A database may also have two names, through a link: SQLite
    /// looks for the journal beside the name it is opened by.
    private static func refuseSharedPaths(
        _ checks: [any Check], on machine: any Machine, _ problems: inout ManifestProblems
    ) {
        var owners: [ResourcePath: any Check] = [:]
        var files: [[UInt64]: any Check] = [:]
        func add(_ message: String, _ check: any Check, _ other: any Check) {
            let first = other.declaredAt.map { "; first at \($0)" } ?? ""
            problems.add(check.declaredAt ?? SourceLocation(file: check.subject, line: 1, column: 1), message + first)
        }
        for check in checks {
            for path in check.provides {
                if let other = owners.updateValue(check, forKey: path) {
                    add("'\(path)' is named twice", check, other)
                } else if let status = try? machine.target(of: path), status.kind == .regular, status.inode != 0 {
                    // What cannot be looked at here is looked at by its check.
                    guard let other = files.updateValue(check, forKey: [status.device, status.inode]),
                        check is any DatabaseCheck || other is any DatabaseCheck,
                        check.pattern == nil || check.pattern != other.pattern
                    else { continue }
                    add("'\(path)' and '\(other.subject)' are one file", check, other)
                }
            }
        }
    }

    /// What these tools keep, and what SQLite keeps beside a database, is nobody else's.
    private static func refuseOwnPaths(_ checks: [any Check], _ problems: inout ManifestProblems) {
        let databases = Set(checks.filter { $0 is any DatabaseCheck }.flatMap(\.provides).map(\.text))
        for check in checks {
            for path in check.provides {
                let here = check.declaredAt ?? SourceLocation(file: path.text, line: 1, column: 1)
                let base = DatabaseFiles.suffixes.first(where: path.text.hasSuffix).map {
                    String(path.text.dropLast($0.count))
                }
                if path.isOurs {
                    problems.add(here, "'\(path)' is where these tools keep their journal and backups")
                } else if let base,
                    check is any DatabaseCheck || databases.contains(base) || DatabaseFiles.isLikely(base)
                {
                    problems.add(here, "'\(path)' is a name that SQLite itself uses beside a database")
                }
            }
        }
    }

    private static func refuseUnknownFindings(
        _ severities: [Keyed<Severity>], among descriptors: [CheckDescriptor], _ problems: inout ManifestProblems
    ) {
        for entry in severities {
            guard let wrong = Selection.unknownSelector(in: [entry.key], among: descriptors) else { continue }
            let hint = wrong.suggestion.map { "; did you mean '\($0)'?" } ?? ""
            problems.add(entry.location, "there is no finding '\(wrong.selector)'\(hint)")
        }
    }
}

extension DatasetGraph {
    /// Where a program is named that populates one, and what to say when it may not.
    fileprivate var firstProgram: (String, SourceLocation)? {
        order.lazy.compactMap { dataset in
            guard let population = dataset.populate else { return nil }
            return switch population.source {
            case .command(let command):
                (
                    "neither '\(command.arguments.first ?? "")', which fills '\(dataset.name)', nor another program",
                    population.location
                )
            case .plugin(let name):
                (
                    "neither the plugin '\(name)', which fills '\(dataset.name)', nor another program",
                    population.location
                )
            case .sql, .http, .llm: nil
            }
        }.first
    }
}

extension ReadinessSettings {
    /// Where a program is named that is told, and what to say when it may not be run.
    fileprivate var firstProgram: (String, SourceLocation)? {
        alerts.lazy.compactMap { alert in
            guard case .command(let command) = alert.recipient, let location = alert.programLocation else { return nil }
            return ("neither the alert '\(command.arguments.first ?? "")' nor another program", location)
        }.first
    }
}

extension ResourcePath {
    /// Whether it lies in the folder of these tools, whatever way it takes there.
    fileprivate var isOurs: Bool {
        var components: [Substring] = []
        for component in text.split(separator: "/") {
            if component == "..", components.last.map({ $0 != ".." }) == true {
                components.removeLast()
            } else {
                components.append(component)
            }
        }
        return !isAbsolute && components.first == ".selfheal"
    }
}
