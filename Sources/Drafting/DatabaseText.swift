import HealManifest
import HealModel
import SQLiteSchema

/// What is stated of a database, as the lines that stand under `databases:`.
struct DatabaseText {
    /// How a schema is stated.
    enum Form: Equatable {
        /// Column by column.
        case tables(SchemaStatement)
        /// By a file with its SQL.
        case script(ResourcePath)
        /// There is nothing in it.
        case empty
    }

    /// The path, or a pattern.
    var key: String
    var form: Form
    var pragmas: [StatedPragma]
    /// What stands above it.
    var comments: [String] = []

    /// - Parameter strict: what is not stated is a finding, for trying it out.
    func lines(strict: Bool = false) -> [String] {
        var lines = comments.map { "  " + ManifestText.comment($0) }
        var body: [String] = []
        switch form {
        case .empty: break
        case .script(let path): body.append("    schema: \(ManifestText.value(path.text))")
        case .tables(let statement): body += Self.lines(of: statement)
        }
        if !pragmas.isEmpty {
            body.append("    pragmas:")
            body += pragmas.map { "      \($0.name): \(ManifestText.value($0.value).unquotedNumber)" }
        }
        if strict { body.append("    extras: warn") }
        lines.append("  \(ManifestText.key(key)):" + (body.isEmpty ? " {}" : ""))
        return lines + body
    }

    private static func lines(of statement: SchemaStatement) -> [String] {
        var lines: [String] = []
        if !statement.tables.isEmpty { lines.append("    tables:") }
        for table in statement.tables {
            lines.append("      \(ManifestText.key(table.name)):")
            lines.append("        columns:")
            for column in table.columns { lines += ManifestText.entry(column.name, column.body, indentation: 10) }
            if !table.constraints.isEmpty { lines.append("        constraints:") }
            lines += table.constraints.map { "          - \(ManifestText.value($0))" }
            let options = (table.isStrict ? ["strict"] : []) + (table.isWithoutRowid ? ["without_rowid"] : [])
            if !options.isEmpty { lines.append("        options: [\(options.joined(separator: ", "))]") }
            if !table.indexes.isEmpty { lines.append("        indexes:") }
            for index in table.indexes { lines += Self.lines(of: index) }
        }
        if !statement.views.isEmpty { lines.append("    views:") }
        for view in statement.views { lines += ManifestText.entry(view.name, view.body, indentation: 6) }
        if !statement.triggers.isEmpty { lines.append("    triggers:") }
        for trigger in statement.triggers { lines += ManifestText.entry(trigger.name, trigger.body, indentation: 6) }
        return lines
    }

    private static func lines(of index: SchemaStatement.Index) -> [String] {
        let terms = "[\(index.terms.map { ManifestText.value($0, inFlow: true) }.joined(separator: ", "))]"
        let name = ManifestText.key(index.name)
        guard index.isUnique || index.predicate != nil else { return ["          \(name): \(terms)"] }
        var lines = ["          \(name):", "            \"on\": \(terms)".replacing("\"on\"", with: "on")]
        if index.isUnique { lines.append("            unique: true") }
        if let predicate = index.predicate { lines.append("            where: \(ManifestText.value(predicate))") }
        return lines
    }
}

extension String {
    /// Numbers need no quotes.
    fileprivate var unquotedNumber: String {
        let inner = dropFirst().dropLast()
        return hasPrefix("\"") && Int64(inner) != nil ? String(inner) : self
    }
}
