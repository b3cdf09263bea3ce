import HealKit
import HealModel

/// Which views and triggers of a database work, as far as compiling tells. Runs nothing.
struct CompileProbe {
    /// A view or trigger.
    struct Target: Hashable, Sendable {
        var kind: SchemaObject.Kind
        var name: SQLName
        var description: String { "\(kind.rawValue) \(name)" }
    }

    let connection: any SQLConnection

    /// What does not work, with what SQLite says of it.
    func failures(in schema: StoredSchema) throws(MachineError) -> [Target: String] {
        var failures: [Target: String] = [:]
        for object in schema.objects where object.kind == .view || object.kind == .trigger {
            let target = Target(kind: object.kind, name: object.name)
            failures[target] = try failure(of: object)
        }
        return failures
    }

    /// What SQLite says when it compiles a statement that needs the object; `nil` when it works.
    func failure(of object: SchemaObject) throws(MachineError) -> String? {
        switch object.kind {
        case .table, .index: nil
        case .view: try failure("SELECT * FROM main.\(object.name.alwaysQuoted) LIMIT 0")
        case .trigger: try failure(firing: object)
        }
    }

    /// A trigger is compiled with a statement that fires it.
    private func failure(firing object: SchemaObject) throws(MachineError) -> String? {
        let head = (CodeDefinition.parse(object.sql)?.body.tokens ?? []).prefix { $0 != "begin" }
        let table = "main.\(object.table.alwaysQuoted)"
        if head.contains("insert") { return try failure("INSERT INTO \(table) DEFAULT VALUES") }
        if head.contains("delete") { return try failure("DELETE FROM \(table)") }
        let columns: [String]
        do throws(MachineError) {
            // Hidden: 1 belongs to virtual tables, 2 and 3 are generated.
            columns = try connection.rows(
                "SELECT name FROM pragma_table_xinfo(?) WHERE hidden = 0", [.text(object.table.text)]
            )
            .compactMap { $0.first?.text }
        } catch {
            return try error.sqlMessage
        }
        guard !columns.isEmpty else { return nil }
        let assignments = columns.map { SQLName($0).alwaysQuoted }.map { "\($0) = \($0)" }
        return try failure("UPDATE \(table) SET \(assignments.joined(separator: ", "))")
    }

    private func failure(_ sql: String) throws(MachineError) -> String? {
        do throws(MachineError) {
            try connection.compile(sql)
            return nil
        } catch {
            return try error.sqlMessage
        }
    }
}

extension SQLConnection {
    /// Lets triggers and views of a database in memory use virtual tables, as they do where the application runs: with
    /// a schema that is not trusted, SQLite refuses every trigger that keeps a full-text index up to date. Nothing is
    /// run there but what makes the schema.
    func trustSchema() throws(MachineError) { try execute("PRAGMA trusted_schema = ON") }
}

extension MachineError {
    /// SQLite's message, when it is the SQL that failed; anything else is thrown on.
    var sqlMessage: String {
        get throws(MachineError) {
            guard case .database(_, .sql(_, let message, _)) = self else { throw self }
            return message
        }
    }
}
