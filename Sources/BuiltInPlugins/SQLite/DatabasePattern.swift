import HealKit
import HealModel
import ManifestShape

/// A path with `*`, `?` or `[…]` in it: many databases with one schema.
struct DatabasePattern: Sendable, Hashable {
    /// As it stands in the manifest.
    let text: String
    let outsideRoot: Bool
    private let components: [String]
    private let isAbsolute: Bool

    static func isPattern(_ text: String) -> Bool { text.unicodeScalars.contains { "*?[".unicodeScalars.contains($0) } }

    init(_ text: String, outsideRoot: Bool) throws(ShapeFailure) {
        // A pattern obeys the rules that paths obey.
        let path = try PathText(text: text, outsideRoot: outsideRoot).resolved()
        self.text = text
        self.outsideRoot = outsideRoot
        components = path.text.split(separator: "/").map(String.init)
        isAbsolute = path.isAbsolute
    }

    /// What fits a pattern.
    struct Matches: Sendable {
        /// The files, in order, and links that leave the root on the way to one.
        var paths: [ResourcePath]
        /// What may be such a file, or hold one, and has a name that no path can hold.
        var misfits: [Misfit]
    }

    /// Something that fits and cannot be looked at, for its name's sake.
    struct Misfit: Sendable, Hashable {
        /// To be read, not to be opened: `tenants/a\x0Ab.db`.
        let path: String
        /// Why: `its name is not UTF-8`.
        let reason: String
    }

    /// Names that begin with a dot fit only when the pattern has the dot, and what SQLite keeps beside a database is none.
    func matches(on machine: any Machine) throws(MachineError) -> Matches {
        var found = [isAbsolute ? "/" : ""]
        var unreachable: [String] = []
        var misfits: [Misfit] = []
        // Of the last component, as the paths themselves: asking twice takes time where there are thousands.
        var statuses: [String: FileStatus] = [:]
        for (index, component) in components.enumerated() {
            let isLast = index == components.count - 1
            var next: [String] = []
            for base in found {
                let prefix = base.isEmpty || base == "/" ? base : base + "/"
                let listing = try listing(component, below: base, on: machine)
                // A link may lead to either.
                for entry in listing.unnamable
                where entry.kind == .symbolicLink || (entry.kind == .directory) != isLast {
                    misfits.append(Misfit(path: prefix + entry.name.shown, reason: "its name \(entry.name.fault)"))
                }
                for name in listing.names {
                    let path = prefix + name
                    let resource: ResourcePath
                    do throws(PathProblem) {
                        resource = try ResourcePath(path, outsideRoot: outsideRoot)
                    } catch {
                        misfits.append(Misfit(path: path, reason: error.explanation))
                        continue
                    }
                    do throws(MachineError) {
                        let own = isLast ? try machine.status(of: resource) : nil
                        let isLink = own.map { $0.kind == .symbolicLink } ?? true
                        guard let kind = isLink ? try machine.target(of: resource)?.kind : own?.kind else { continue }
                        if isLast ? kind != .directory : kind == .directory { next.append(path) }
                        if let own { statuses[path] = own }
                    } catch {
                        // The check on it says why; the others are looked at all the same.
                        let rest = components[(index + 1)...]
                        unreachable.append(
                            rest.contains(where: Self.isPattern) ? path : ([path] + rest).joined(separator: "/"))
                    }
                }
            }
            found = next
        }
        let paths = (found + unreachable).sorted().compactMap { try? ResourcePath($0, outsideRoot: outsideRoot) }
        return Matches(paths: withoutAliases(paths, statuses, on: machine), misfits: misfits)
    }

    /// Leaves out links to files that are there under their own name as well.
    private func withoutAliases(
        _ paths: [ResourcePath], _ known: [String: FileStatus], on machine: any Machine
    ) -> [ResourcePath] {
        // What cannot be looked at is no alias: its check says why.
        let statuses = paths.map { path in known[path.text] ?? (try? machine.status(of: path)) ?? nil }
        guard statuses.contains(where: { $0?.kind == .symbolicLink }) else { return paths }
        let own = Set(statuses.compactMap { $0 }.filter { $0.kind != .symbolicLink }.map { [$0.device, $0.inode] })
        return zip(paths, statuses).filter { path, status in
            guard status?.kind == .symbolicLink, let target = try? machine.target(of: path) else { return true }
            return !own.contains([target.device, target.inode])
        }.map(\.0)
    }

    private func listing(_ component: String, below base: String, on machine: any Machine) throws(MachineError)
        -> DirectoryListing
    {
        guard Self.isPattern(component) else { return DirectoryListing(names: [component]) }
        let directory = try? ResourcePath(base, outsideRoot: outsideRoot)
        guard base.isEmpty || directory != nil else { return DirectoryListing() }
        let pattern = Array(component.unicodeScalars)[...]
        let fits = { (name: String) in
            (!name.hasPrefix(".") || component.hasPrefix("."))
                && !DatabaseFiles.suffixes.contains { name.hasSuffix($0) }
                && Self.fits(Array(name.unicodeScalars)[...], pattern)
        }
        var listing = try machine.listing(of: directory)
        listing.names = listing.names.filter(fits)
        listing.unnamable = listing.unnamable.filter { fits($0.name.text) }
        return listing
    }

    /// Whether a name fits one component of a pattern.
    static func fits(_ name: ArraySlice<Unicode.Scalar>, _ pattern: ArraySlice<Unicode.Scalar>) -> Bool {
        var name = name
        var pattern = pattern
        // Where to go on when the last star has to take one character more.
        var retry: (name: ArraySlice<Unicode.Scalar>, pattern: ArraySlice<Unicode.Scalar>)?
        while true {
            if pattern.first == "*" {
                pattern = pattern.dropFirst()
                retry = (name, pattern)
                continue
            }
            if let character = name.first, let rest = step(character, pattern) {
                name = name.dropFirst()
                pattern = rest
                continue
            }
            if name.isEmpty, pattern.isEmpty { return true }
            guard let last = retry, !last.name.isEmpty else { return false }
            name = last.name.dropFirst()
            pattern = last.pattern
            retry = (name, pattern)
        }
    }

    /// What is left of the pattern when its beginning takes the character.
    private static func step(
        _ character: Unicode.Scalar, _ pattern: ArraySlice<Unicode.Scalar>
    ) -> ArraySlice<Unicode.Scalar>? {
        switch pattern.first {
        case nil: return nil
        case "?": return pattern.dropFirst()
        case "[":
            let rest = pattern.dropFirst()
            // A bracket that is not closed stands for itself.
            guard let close = rest.dropFirst().firstIndex(of: "]") else {
                return character == "[" ? rest : nil
            }
            var set = rest[..<close]
            let isNegated = set.first == "!"
            if isNegated { set = set.dropFirst() }
            return holds(set, character) != isNegated ? pattern[(close + 1)...] : nil
        case let wanted?: return character == wanted ? pattern.dropFirst() : nil
        }
    }

    private static func holds(_ set: ArraySlice<Unicode.Scalar>, _ character: Unicode.Scalar) -> Bool {
        var rest = set
        while let first = rest.popFirst() {
            if rest.first == "-", rest.count > 1, let last = rest.dropFirst().first {
                rest = rest.dropFirst(2)
                if first <= character, character <= last { return true }
            } else if first == character {
                return true
            }
        }
        return false
    }
}
