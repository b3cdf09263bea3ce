import HealKit
import HealManifest
import HealModel
import SQLiteSchema

/// A manifest for what is there: a commented text, and the schema files that it names.
public struct ManifestDraft: Sendable {
    public private(set) var text = ""
    public private(set) var files: [(path: ResourcePath, text: String)] = []
    /// The texts of the schema files by their paths.
    public var schemaFiles: [ResourcePath: String] {
        Dictionary(files.map { ($0.path, $0.text) }, uniquingKeysWith: { first, _ in first })
    }
    /// What is not in it, and why, as sentences.
    public private(set) var leftOut: [String] = []
    /// What a check will say of what is in it, although it is as stated.
    public private(set) var remarks: [String] = []
    /// Directories that were not looked into.
    public private(set) var skipped: [String] = []
    /// What is in it, in words; empty when nothing is.
    public private(set) var contents: [String] = []

    /// Looks at what is below the root and states it. Changes nothing.
    ///
    /// - Parameter app: the application's name, if it has one that a report can show.
    /// - Throws: when the root itself cannot be read.
    public init(
        of machine: any Machine, app: String?, limits: RootSurvey.Limits = RootSurvey.Limits()
    ) async throws(MachineError) {
        let survey = try RootSurvey(machine, limits: limits)
        skipped = survey.skipped
        leftOut = survey.leftOut
        var sections: [[String]] = []
        if let environment = await usable(EnvironmentDraft(machine), on: machine) { sections.append(environment) }
        let databases = await self.databases(survey, on: machine)
        let directories = await self.directories(survey, on: machine)
        if !directories.isEmpty { sections.append(directories) }
        if !databases.isEmpty { sections.append(databases) }
        var lines = Self.head
        lines.append("version: 1")
        if let app, ManifestText.canHold(key: app) { lines.append("app: \(ManifestText.value(app))") }
        for section in sections { lines += [""] + section }
        if !leftOut.isEmpty {
            lines += ["", "# Not stated here:"]
            lines += leftOut.map { ManifestText.comment("- \($0)") }
        }
        text = lines.joined(separator: "\n") + "\n"
        if case .findings(let findings) = await Trial(machine: machine).outcome(of: text, files: schemaFiles) {
            remarks = findings.map(\.message)
        }
    }

    private static let head = [
        "# What this application expects to find when it starts, as 'selfheal init' found it: read it through, and take out",
        "# whatever need not be so. 'validate-startup --check-only' looks, 'auto-heal' mends. What is not named is never touched.",
        "# For completion in an editor: selfheal schema > schemas.schema.json, and in the first line",
        "# yaml-language-server: $schema=./schemas.schema.json",
    ]

    // MARK: Sections

    private mutating func usable(_ draft: EnvironmentDraft?, on machine: any Machine) async -> [String]? {
        guard let draft else { return nil }
        leftOut += draft.leftOut
        guard draft.lines.first == "env:" else { return draft.lines.isEmpty ? nil : draft.lines }
        let trial = "version: 1\n" + draft.lines.joined(separator: "\n") + "\n"
        switch await Trial(machine: machine).outcome(of: trial) {
        case .findings(let findings) where findings.allSatisfy({ $0.id == "env.variable.placeholder" }): break
        case .findings(let findings):
            leftOut.append(".env: \(findings.first?.message ?? "")")
            return nil
        case .refused, .unknown:
            leftOut.append(".env: nothing could be stated that its reader takes")
            return nil
        }
        var lines = [
            "# The variables of .env. One that is missing is a warning; 'required: true' makes it critical, and 'hint' says what to do."
        ]
        lines += draft.lines
        if !draft.placeholders.isEmpty {
            lines += [
                "",
                ManifestText.comment(
                    "Still as in the template: \(draft.placeholders.joined(separator: ", ")). Set them, and take this out."
                ),
                "policy:", "  severity: {env.variable.placeholder: information}",
            ]
        }
        contents.append(".env with \(draft.variables) variable\(draft.variables == 1 ? "" : "s")")
        return lines
    }

    private mutating func directories(_ survey: RootSurvey, on machine: any Machine) async -> [String] {
        var paths = Set(survey.directories)
        // A directory that holds a database is needed to make it.
        paths.formUnion(stated.compactMap(\.parent))
        var lines: [String] = []
        for path in paths.sorted() {
            guard ManifestText.canHold(key: path.text) else {
                leftOut.append("\(path)/: a manifest cannot hold this name")
                continue
            }
            let isWritable = (try? machine.permits(.write, to: path)) ?? false
            let text = ManifestText.value(path.text, inFlow: !isWritable)
            lines.append(isWritable ? "  - \(text)" : "  - {path: \(text), writable: false}")
        }
        guard !lines.isEmpty else { return [] }
        contents.append("\(lines.count) director\(lines.count == 1 ? "y" : "ies")")
        return ["# Directories that are made when they are missing. 'mode' states their permissions.", "directories:"]
            + lines
    }

    /// The databases that are in it.
    private var stated: [ResourcePath] = []

    private mutating func databases(_ survey: RootSurvey, on machine: any Machine) async -> [String] {
        var found: [(path: ResourcePath, schema: FoundSchema)] = []
        for path in survey.databases {
            do throws(MachineError) {
                let schema = try await machine.readDatabase(path) { connection throws(MachineError) in
                    try FoundSchema(reading: connection)
                }
                found.append((path, schema))
            } catch {
                leftOut.append(error.explanation)
            }
        }
        var lines: [String] = []
        var tables = 0
        func add(_ draft: DatabaseDraft, _ paths: [ResourcePath], to manifest: inout ManifestDraft) {
            if !lines.isEmpty { lines.append("") }
            lines += draft.text.lines()
            tables += draft.tables
            manifest.stated += paths
            manifest.leftOut += draft.notes
            if let file = draft.file { manifest.files.append(file) }
        }
        let fleets = Fleets(found, files: survey.files)
        for fleet in fleets.all {
            if case .stated(let draft) = await DatabaseDraft.make(
                fleet.members[0], key: fleet.pattern, found: fleet.schema, on: machine)
            {
                add(draft, fleet.members, to: &self)
                found.removeAll { fleet.members.contains($0.path) }
            }
        }
        for (path, schema) in found {
            switch await DatabaseDraft.make(path, found: schema, on: machine) {
            case .stated(let draft): add(draft, [path], to: &self)
            case .leftOut(let reason): leftOut.append(reason)
            }
        }
        guard !lines.isEmpty else { return [] }
        contents.append(
            "\(stated.count) database\(stated.count == 1 ? "" : "s") with \(tables) table\(tables == 1 ? "" : "s")")
        return [
            "# Databases. A column that is stated here and missing there is added; 'extras: warn' also names what is not stated.",
            "databases:",
        ] + lines
    }
}

/// Databases of one folder that are all of one schema: stated once, by a pattern.
private struct Fleets {
    struct Fleet {
        var pattern: String
        var members: [ResourcePath]
        var schema: FoundSchema
    }

    private(set) var all: [Fleet] = []
    /// Fewer are no pattern yet.
    private static let fewest = 3

    init(_ found: [(path: ResourcePath, schema: FoundSchema)], files: [String: [String]]) {
        let groups = Dictionary(grouping: found.filter { $0.path.ending != nil }) { entry in
            (entry.path.parent?.text ?? "") + "/" + (entry.path.ending ?? "")
        }
        for (_, members) in groups.sorted(by: { $0.key < $1.key }) where members.count >= Self.fewest {
            guard let first = members.first, let ending = first.path.ending,
                members.allSatisfy({ $0.schema == first.schema }), !first.schema.schema.objects.isEmpty
            else { continue }
            let folder = first.path.parent
            // Whatever else the pattern would fit is none of them.
            let fitting = (files[folder?.text ?? ""] ?? []).filter { !$0.hasPrefix(".") && $0.hasSuffix(ending) }
            guard fitting.count == members.count else { continue }
            let pattern = (folder.map { $0.asPattern + "/" } ?? "") + "*" + ending
            all.append(Fleet(pattern: pattern, members: members.map(\.path), schema: first.schema))
        }
    }
}

extension ResourcePath {
    /// `.db`: what follows the last dot of the name; `nil` without one, and for hidden files.
    fileprivate var ending: String? {
        guard let dot = name.lastIndex(of: "."), !name.hasPrefix("."),
            !name[dot...].contains(where: { "*?[".contains($0) })
        else { return nil }
        return String(name[dot...])
    }
}
