import HealModel
import ManifestShape

/// Reads a manifest and what it includes, and joins them.
struct ManifestLoader {
    private let path: String
    /// What files are read relative to, and must stay in: the manifest's folder.
    private let folder: String
    private let sections: [ManifestSection]
    private let source: any ManifestSource
    private let environment: [String: String]
    private var budget = ManifestBudget()
    private(set) var problems = ManifestProblems()
    private(set) var files: [String] = []
    /// Where each included file was asked for, by its path below the manifest's folder.
    private var askedFor: [String: SourceLocation] = [:]
    /// The mappings of all files, in the order read.
    private var parts: [[ManifestNode.Entry]] = []

    init(path: String, sections: [ManifestSection], source: any ManifestSource, environment: [String: String]) {
        self.path = path
        self.folder = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        self.sections = sections
        self.source = source
        self.environment = environment
    }

    /// Everything at the top of all files, and where the manifest itself begins; `nil` when there is nothing to go on
    /// with.
    mutating func load() -> (entries: [ManifestNode.Entry], location: SourceLocation)? {
        let start = SourceLocation(file: path, line: 1, column: 1)
        let bytes: [UInt8]
        do throws(ManifestSourceError) {
            bytes = try source.read(path, within: nil, limit: ManifestLimits.bytes)
        } catch {
            problems.add(start, "the manifest \(error.explanation)")
            return nil
        }
        guard let root = mapping(bytes, file: path) else { return nil }
        if let fault = versionFault(root.entries) {
            // Another version's rules are not known, so whatever else seems wrong may be right there.
            problems = ManifestProblems([fault])
            return nil
        }
        let ownName = String(path[(path.lastIndex(of: "/").map(path.index(after:)) ?? path.startIndex)...])
        add(root.entries, of: Place(relative: ownName, ancestors: [ownName]))
        // Only several files have to be joined.
        if parts.count == 1 { return (parts[0], root.location) }
        var schema = JSONSchema(.object)
        schema.properties =
            ManifestCore.fields.map { JSONSchema.Property(name: $0.name, schema: $0.schema) }
            + sections.map { JSONSchema.Property(name: $0.key, schema: $0.schema) }
        var merge = ManifestMerge()
        let entries = merge.join(parts, schema)
        problems.add(contentsOf: merge.problems)
        return (entries, root.location)
    }

    /// A file that is being read: its path below the manifest's folder, and those of the files that led to it, itself
    /// last.
    private struct Place {
        var relative: String
        var ancestors: [String]

        var folder: String { relative.lastIndex(of: "/").map { String(relative[..<$0]) } ?? "" }
    }

    // MARK: - One file

    private mutating func mapping(
        _ bytes: [UInt8], file: String
    ) -> (entries: [ManifestNode.Entry], location: SourceLocation)? {
        files.append(file)
        budget.bytes += bytes.count
        let outcome = Composer.compose(bytes, file: file, environment: environment, budget: budget)
        budget = outcome.budget
        problems.add(contentsOf: outcome.problems)
        guard let root = outcome.root else {
            if outcome.problems.isEmpty { addEmpty(SourceLocation(file: file, line: 1, column: 1)) }
            return nil
        }
        switch root.content {
        case .mapping(let entries): return (entries, root.location)
        case .scalar(let scalar) where scalar.kind == .null: addEmpty(root.location)
        default:
            problems.add(
                root.location, "a manifest is a mapping of keys such as 'version: 1', not \(root.kindWithArticle)")
        }
        return nil
    }

    private mutating func addEmpty(_ location: SourceLocation) {
        problems.add(location, "the file is empty; the smallest manifest is the line 'version: 1'")
    }

    private func versionFault(_ entries: [ManifestNode.Entry]) -> ManifestProblem? {
        guard let version = entries.first(where: { $0.key == "version" }) else { return nil }
        guard case .scalar(let scalar) = version.value.content, scalar.kind == .integer else {
            return ManifestProblem(
                version.value.location,
                "the version must be the number 1 without quotes, found \(version.value.kindWithArticle)")
        }
        guard Int(scalar.text) == 1 else {
            return ManifestProblem(version.value.location, "this tool reads manifests of version 1 only")
        }
        return nil
    }

    /// Adds a file's mapping to the parts, then those of the files it includes.
    private mutating func add(_ entries: [ManifestNode.Entry], of place: Place) {
        parts.append(entries.filter { $0.key != "include" && (place.ancestors.count == 1 || $0.key != "version") })
        guard let include = entries.first(where: { $0.key == "include" }) else { return }
        guard
            let patterns = ManifestCore.includeShape.decode(
                include.value, &problems)
        else {
            return
        }
        var seen: Set<String> = []
        let faulty = Set(problems.all.map(\.location))
        for pattern in patterns where !faulty.contains(pattern.location) {
            for file in matches(pattern, from: place) where seen.insert(file).inserted {
                addIncluded(file, at: pattern.location, from: place)
            }
        }
    }

    private mutating func addIncluded(_ relative: String, at location: SourceLocation, from place: Place) {
        if place.ancestors.contains(relative) {
            return problems.add(
                location, "the file includes itself: \((place.ancestors + [relative]).joined(separator: " → "))")
        }
        if let first = askedFor.updateValue(location, forKey: relative) {
            askedFor[relative] = first
            return problems.add(location, "the file '\(relative)' is included twice; first at \(first)")
        }
        guard place.ancestors.count <= ManifestLimits.includeDepth else {
            return problems.add(location, "files include one another more than \(ManifestLimits.includeDepth) deep")
        }
        guard files.count <= ManifestLimits.files else {
            return problems.add(location, "more than \(ManifestLimits.files) files are included")
        }
        let bytes: [UInt8]
        do throws(ManifestSourceError) {
            bytes = try source.read(full(relative), within: folder, limit: ManifestLimits.bytes - budget.bytes)
        } catch {
            return problems.add(location, "'\(relative)' \(error.explanation)")
        }
        guard let root = mapping(bytes, file: full(relative)) else { return }
        if let fault = versionFault(root.entries) { return problems.add(fault) }
        add(root.entries, of: Place(relative: relative, ancestors: place.ancestors + [relative]))
    }

    // MARK: - Patterns

    /// Paths below the manifest's folder, sorted.
    private mutating func matches(_ text: Located<String>, from place: Place) -> [String] {
        let pattern: GlobPattern
        do throws(GlobFault) {
            pattern = try GlobPattern(text.value)
        } catch {
            problems.add(text.location, error.explanation)
            return []
        }
        let faults = problems.all.count
        var found = [place.folder]
        var listing = false
        for (index, component) in pattern.components.enumerated() {
            let isLast = index == pattern.components.count - 1
            switch component {
            // Behind a wildcard it is a question which folders hold the name; before one it has to be there.
            case .literal(let name) where !listing: found = found.map { Self.joined($0, name) }
            case .literal, .wildcard:
                listing = true
                do throws(ManifestSourceError) {
                    found = try names(below: found, matching: component.elements, directories: !isLast, text.location)
                } catch {
                    problems.add(text.location, "the folder of the pattern \(error.explanation)")
                    return []
                }
            }
        }
        // A folder's own manifest may lie among the files that its pattern matches.
        if pattern.hasWildcard { found.removeAll { $0 == place.relative } }
        if found.isEmpty, problems.all.count == faults { problems.add(text.location, "the pattern matches no file") }
        return found.sorted { $0.unicodeScalars.lexicographicallyPrecedes($1.unicodeScalars) }
    }

    private mutating func names(
        below folders: [String], matching elements: [GlobPattern.Element], directories: Bool, _ location: SourceLocation
    ) throws(ManifestSourceError) -> [String] {
        var found: [String] = []
        for below in folders {
            let items: [ManifestSourceItem]
            do throws(ManifestSourceError) {
                items = try source.list(full(below), within: folder)
            } catch .missing {
                continue
            }
            budget.listedNames += items.count
            guard budget.listedNames <= ManifestLimits.listedNames else {
                problems.add(location, "more than \(ManifestLimits.listedNames) names to look at; name the folders")
                return []
            }
            for item in items where item.isDirectory == directories && elements.matches(item.name) {
                if let unnamable = item.unnamable {
                    // Left out, it would be a part of the manifest that nobody misses.
                    let path = Self.joined(below, unnamable.shown)
                    problems.add(
                        location, "'\(path)' fits the pattern, but its name \(unnamable.fault); rename it")
                } else {
                    found.append(Self.joined(below, item.name))
                }
            }
        }
        return found
    }

    /// A path below the manifest's folder as it is read and shown.
    private func full(_ relative: String) -> String {
        switch folder {
        case "." where !path.hasPrefix("./"): relative.isEmpty ? "." : relative
        case "/": "/" + relative
        default: Self.joined(folder, relative)
        }
    }

    private static func joined(_ folder: String, _ name: String) -> String {
        if folder.isEmpty { return name }
        return name.isEmpty ? folder : folder + "/" + name
    }
}
