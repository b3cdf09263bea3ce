import HealModel

/// An object of a database that is not as the manifest states it.
public struct SchemaDiffEntry: Hashable, Sendable {
    /// `app/data.db`
    public var database: String
    /// Where the manifest states it: `schemas.yaml:12`.
    public var source: String
    /// `table orders`
    public var object: String
    /// As it was found; empty where there is none.
    public var found: [UnifiedDiff.Line]
    /// As it is stated; empty where the manifest does not name it.
    public var desired: [UnifiedDiff.Line]
    /// What the lines do not show.
    public var notes: [String]

    public init(
        database: String, source: String, object: String, found: [UnifiedDiff.Line], desired: [UnifiedDiff.Line],
        notes: [String]
    ) {
        self.database = database
        self.source = source
        self.object = object
        self.found = found
        self.desired = desired
        self.notes = notes
    }
}

/// The output of `selfheal diff`: a unified diff for each object, from what is there to what is stated.
public struct SchemaDiffRenderer: Sendable {
    public var style: TextStyle

    public init(style: TextStyle = .plain) { self.style = style }

    public func render(_ entries: [SchemaDiffEntry]) -> String {
        var text = ""
        func line(_ content: String, _ color: Color? = nil) {
            // White space at the beginning is what a diff's lines are told apart by.
            let safe = SafeText.line(content)
            text += color.map { style.color ? "\u{1B}[\($0.rawValue)m\(safe)\u{1B}[0m" : safe } ?? safe
            text += "\n"
        }
        for entry in entries {
            let old = entry.found.isEmpty ? "/dev/null" : "\(entry.database) \(entry.object)"
            let new = entry.desired.isEmpty ? "/dev/null" : "\(entry.database) \(entry.object) (\(entry.source))"
            line("--- \(old)", .bold)
            line("+++ \(new)", .bold)
            for hunk in UnifiedDiff(old: entry.found, new: entry.desired).hunks {
                line(hunk.header, .cyan)
                for row in hunk.rows {
                    switch row {
                    case .kept(let content): line(" " + content.text)
                    case .removed(let content): line("-" + content.text, .red)
                    case .added(let content): line("+" + content.text, .green)
                    }
                }
            }
            for note in entry.notes { line("# \(note)", .yellow) }
        }
        return text
    }
}
