import HealKit
import HealModel

/// A database that a run made is gone again: only while it is as it was made, and it is moved to where backups are kept.
struct CreatedDatabaseUndo: DatabaseCheck {
    static let descriptor = CheckDescriptor(
        id: "undo.new-database", title: "databases that a run made", domain: .databases,
        kinds: [
            FindingKind(
                "undo.new-database.there", .critical, risk: .medium,
                meaning: "A database that a run made is there, and nothing was written to it.",
                healing: "It is moved to where backups are kept."),
            FindingKind(
                "undo.new-database.refused", .critical, risk: nil,
                meaning: "A database that a run made is used.",
                healing: "Remove it yourself if nothing in it is needed."),
        ])

    let run: Int64
    let database: ResourcePath
    let pragmas: [String]
    let statements: [String]

    var subject: String { database.text }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        guard try machine.status(of: database) != nil else {
            return Observation(confirmations: ["\(database) is gone"])
        }
        return try await machine.readDatabase(database) { connection throws(MachineError) in
            try observe(connection)
        }
    }

    func observe(_ connection: any SQLConnection) throws(MachineError) -> Observation {
        var reasons: [String] = []
        let schema = try connection.schemaRows().filter { !$0.name.lowercased().hasPrefix("sqlite_") }
        let shadows = Set(
            try connection.rows("SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'")
                .compactMap { $0.first?.text })
        let made = schema.filter { !shadows.contains($0.table) || $0.sql.lowercased().hasPrefix("create virtual") }
        // The run gave SQLite these very texts, one statement an object.
        let texts = Set(statements.map(\.bare))
        for row in made where !texts.contains(row.sql.bare) {
            reasons.append("\(row.type) \(row.name) is not as the run made it")
        }
        if made.count < statements.count { reasons.append("something that the run made in it is gone") }
        for table in made where table.type == "table" {
            let name = "\"" + table.name.replacing("\"", with: "\"\"") + "\""
            let rows = try connection.rows("SELECT count(*) FROM main.\(name)").first?.first?.integer ?? 0
            if rows > 0 { reasons.append("table \(table.name) holds \(rows) \(rows == 1 ? "row" : "rows")") }
        }
        guard reasons.isEmpty else {
            return Observation(
                findings: [
                    Finding(
                        "undo.new-database.refused", subject: subject, severity: .critical,
                        message: "\(database) is left as it is: refused: \(reasons.joined(separator: "; "))",
                        hint: "remove it yourself if nothing in it is needed")
                ])
        }
        return Observation(
            findings: [
                Finding(
                    "undo.new-database.there", subject: subject, severity: .critical,
                    message: "\(database), which run \(run) made, is there and holds no rows",
                    repair: Repair(
                        "Removing \(database), which run \(run) made", done: "Removed \(database)",
                        detail: "it held no rows; it is kept in .selfheal/backups", risk: .medium,
                        steps: [.setAsideDatabase(path: database, statements: statements)]))
            ])
    }
}

extension String {
    /// Without what SQLite leaves out when it keeps a statement.
    fileprivate var bare: String {
        var text = Substring(self)
        while let last = text.last, last == ";" || last.isWhitespace { text = text.dropLast() }
        return String(text)
    }
}
