import HealKit
import HealModel

/// A virtual table that is made anew with what it holds: full-text and R*Tree tables that keep their contents themselves.
struct VirtualTableRebuild {
    /// What CREATE VIRTUAL TABLE says.
    private struct Definition {
        var module: String
        var columns: [SQLName] = []
        var options: Set<String> = []

        init?(_ code: CodeDefinition) {
            let text = SQLText(code.sql)
            guard let using = text.tokens.indices.first(where: { text.isWord($0, "using") }),
                using + 1 < text.tokens.count
            else { return nil }
            module = text.name(using + 1).asciiLowercased
            guard text.kind(using + 2) == .leftParenthesis else { return }
            let inside = using + 3..<min(text.closing(using + 2), text.tokens.count)
            for part in SQLCursor.parts(of: inside, in: text) {
                if part.contains(where: { text.source($0) == "=" }) {
                    options.insert(text.name(part.lowerBound).asciiLowercased)
                } else {
                    // R*Tree marks what it only keeps, and does not search.
                    let isMarked = text.source(part.lowerBound) == "+" && part.count > 1
                    columns.append(SQLName(text.name(part.lowerBound + (isMarked ? 1 : 0))))
                }
            }
        }

        /// Its contents are its own, and come back as they went in.
        var isCopied: Bool {
            switch module {
            case "fts5", "fts4", "fts3": !options.contains("content")
            case "rtree", "rtree_i32": true
            default: false
            }
        }
    }

    private let code: CodeDefinition
    private let wanted: Definition
    private let found: Definition

    /// - Returns: `nil` where nobody knows how to carry the contents over.
    init?(_ code: CodeDefinition, found: CodeDefinition) {
        guard let wanted = Definition(code), let other = Definition(found), wanted.isCopied, other.isCopied,
            wanted.module.prefix(3) == other.module.prefix(3)
        else { return nil }
        self.code = code
        self.wanted = wanted
        self.found = other
    }

    /// Columns whose contents would be lost.
    var lost: [SQLName] { found.columns.filter { !wanted.columns.contains($0) } }

    func rewrite(temporary: SQLName, dependents: [String]) -> PlannedChange.Rewrite {
        let table = "main.\(code.name.alwaysQuoted)"
        let kept = wanted.columns.filter(found.columns.contains)
        let isText = wanted.module.hasPrefix("fts")
        let names = (isText ? ["rowid"] : []) + kept.map(\.alwaysQuoted)
        let list = names.joined(separator: ", ")
        let digest = "SELECT selfheal_digest(\(list)) FROM \(table)"
        let text = SQLText(code.sql)
        let using = text.tokens.indices.first { text.isWord($0, "using") } ?? 0
        return PlannedChange.Rewrite(
            table: code.name,
            statements: [
                "CREATE VIRTUAL TABLE \(temporary.alwaysQuoted) \(text.written(using..<text.tokens.count))",
                "INSERT INTO \(temporary.alwaysQuoted) (\(list)) SELECT \(list) FROM \(table)",
                "DROP TABLE \(table)",
                "ALTER TABLE \(temporary.alwaysQuoted) RENAME TO \(code.name.alwaysQuoted)",
            ] + dependents,
            proofs: [
                Proof(
                    "rows of \(code.name.text.shown) (\(kept.map(\.text.shown).joined(separator: ", ")))",
                    before: digest, after: digest)
            ],
            risk: lost.isEmpty ? .medium : .high,
            losses: lost.map { "the column \($0.text.shown) goes" })
    }
}

extension ChangePlanner {
    mutating func virtualTableRemedy(
        _ code: CodeDefinition, found text: String
    ) throws(MachineError) -> PlannedChange.Remedy {
        guard let other = CodeDefinition.parse(text), let rebuild = VirtualTableRebuild(code, found: other) else {
            return .obstacles([.contentsOfModule])
        }
        // Its columns are its definition, and their places are told by number: none is carried along behind the others.
        guard rebuild.lost.isEmpty || dropsExtras else { return .obstacles([.columnsWouldGo(rebuild.lost)]) }
        return .rewrite(
            rebuild.rewrite(
                temporary: SQLName("selfheal_new_\(code.name.text)"),
                dependents: plannedDependents(of: code.name).map(\.sql)))
    }
}
