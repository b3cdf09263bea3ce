import HealKit
import HealModel

// A schema file: plain SQL, as the application keeps it.

extension SchemaBuilder {
    mutating func run(_ script: SourcedText) throws(MachineError) {
        let file = script.location.file
        var places: [CompileProbe.Target: SourceLocation] = [:]
        let content = SQLScript(script.text)
        if let place = content.illegal {
            return fault(
                SourceLocation(file: file, line: place.line, column: place.column),
                "a quote that is not closed, or a character that SQL does not know")
        }
        var kept = KeptStatements()
        for statement in content.statements {
            let start = SourceLocation(file: file, line: statement.line, column: statement.column)
            if Self.refused.contains(statement.firstWord) {
                return fault(start, "\(statement.firstWord.uppercased()) has no place in a schema")
            }
            guard try !isMadeBySQLite(statement) else { continue }
            do throws(MachineError) {
                try connection.execute(statement.text)
            } catch {
                guard case .database(_, .sql(_, let message, let offset)) = error else { throw error }
                // What follows would only fail because of this.
                return fault(offset.map { statement.location(ofByte: $0, file: file) } ?? start, message.shown)
            }
            kept.add(statement)
            if statement.firstWord == "create", let target = CompileProbe.Target(creating: statement.text) {
                places[target] = start
            }
            if statement.firstWord == "create", let name = try misspelt(statement.text) {
                fault(start, "no such column: \(name.shown)")
            }
        }
        for pragma in [PersistentPragma.applicationID, .userVersion]
        where !pragmas.contains(where: { $0.pragma == pragma }) {
            let stated = StatedPragma(pragma, try StatedPragma(pragma, "").found(in: connection))
            if stated.value != "0" { pragmas.append(stated) }
        }
        try compileScript(places, SourceLocation(file: file, line: 1, column: 1))
        if kept.fills { creation = kept.statements }
    }

    /// Whether a dump prints a table here that SQLite makes by itself: its own ones, and those of virtual tables.
    private func isMadeBySQLite(_ statement: SQLScript.Statement) throws(MachineError) -> Bool {
        guard statement.firstWord == "create", let made = SQLText(statement.text).createdName, made.isTable else {
            return false
        }
        if Self.tablesOfSQLite.contains(made.name.key) { return true }
        let shadows = try connection.rows(
            "SELECT 1 FROM pragma_table_list(\(made.name.alwaysQuoted)) WHERE schema = 'main' AND type = 'shadow'")
        return !shadows.isEmpty
    }

    private static let tablesOfSQLite: Set<String> = [
        "sqlite_sequence", "sqlite_stat1", "sqlite_stat2", "sqlite_stat3", "sqlite_stat4",
    ]
    private static let refused: Set<String> = ["attach", "detach", "vacuum"]

    /// Views and triggers of a script must work.
    private mutating func compileScript(
        _ places: [CompileProbe.Target: SourceLocation], _ beginning: SourceLocation
    ) throws(MachineError) {
        let failures = try CompileProbe(connection: connection).failures(in: StoredSchema(reading: connection))
        for (target, message) in failures.sorted(by: { $0.key.description < $1.key.description }) {
            fault(
                places[target] ?? beginning,
                "\(target.kind.rawValue) '\(target.name.text.shown)' does not work: \(message.shown)")
        }
    }

    /// A column in quotes that the indexed table has not: SQLite takes it for a text, and the index is of no use.
    private func misspelt(_ sql: String) throws(MachineError) -> String? {
        guard let index = IndexDefinition.parse(sql, on: nil), index.terms.contains(where: \.isQuotedAlone) else {
            return nil
        }
        return misspelt(IndexDefinition.parse(sql, on: try StoredSchema(reading: connection).table(index.table)))
    }

    private func misspelt(_ index: IndexDefinition?) -> String? {
        let term = index?.terms.first { $0.isQuotedAlone && $0.expression.tokens.first?.hasPrefix("'") == true }
        return term.map { SQLText($0.expression.source).name(0) }
    }
}

extension CompileProbe.Target {
    /// The view or trigger that a statement makes.
    fileprivate init?(creating sql: String) {
        guard let name = CodeDefinition.parse(sql)?.name else { return nil }
        let text = SQLText(sql)
        let isTrigger = text.tokens.indices.prefix(3).contains { text.isWord($0, "trigger") }
        self.init(kind: isTrigger ? .trigger : .view, name: name)
    }
}

/// The statements of a script that make a new database and fill it, without those that it takes back itself.
private struct KeptStatements {
    private(set) var statements: [String] = []
    /// Whether rows are put into what is made.
    var fills: Bool { statements.contains { Self.filling.contains(Self.word($0)) } }
    private var begun: Int?

    private static let filling: Set<String> = ["insert", "replace", "update", "delete", "with"]
    private static let making: Set<String> = ["create", "alter", "drop", "analyze"]

    mutating func add(_ statement: SQLScript.Statement) {
        switch statement.firstWord {
        case "begin": begun = statements.count
        case "commit", "end": begun = nil
        case "rollback":
            if let begun { statements.removeLast(statements.count - begun) }
            begun = nil
        case let word where Self.filling.contains(word) || Self.making.contains(word): statements.append(statement.text)
        default: break
        }
    }

    private static func word(_ statement: String) -> String {
        statement.prefix { $0.isASCII && $0.isLetter }.lowercased()
    }
}
