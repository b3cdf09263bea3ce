import HealKit
import HealModel

/// Lets SQLite make a declared schema in an empty database in memory, and reads back what it understood. There is no
/// second grammar: what SQLite does not take is a fault of the manifest.
public struct SchemaBuilder {
    let connection: any SQLConnection
    let declaration: SchemaDeclaration
    var faults: [SchemaFault] = []
    var pragmas: [StatedPragma]
    /// The tables of the declaration as they were read so far.
    var parsed: [TableDefinition] = []
    /// What makes a new database where the schema file also fills it.
    var creation: [String]?

    private init(_ declaration: SchemaDeclaration, on connection: any SQLConnection) {
        self.declaration = declaration
        self.connection = connection
        pragmas = declaration.pragmas
    }

    public enum Outcome: Sendable {
        case schema(DesiredSchema)
        case faults([SchemaFault])

        /// The schema, if nothing is wrong.
        public var schema: DesiredSchema? {
            if case .schema(let schema) = self { schema } else { nil }
        }
    }

    /// - Parameter connection: an empty database in memory. Only where there is a script is it not empty afterwards.
    public static func build(
        _ declaration: SchemaDeclaration, on connection: any SQLConnection
    ) throws(MachineError) -> Outcome {
        let early = declaration.faults()
        guard early.isEmpty else { return .faults(early) }
        var builder = SchemaBuilder(declaration, on: connection)
        try connection.trustSchema()
        // A script may hold transactions of its own.
        guard declaration.script == nil else { return try builder.run() }
        try connection.execute("BEGIN")
        let result: Outcome
        do throws(MachineError) {
            result = try builder.run()
        } catch {
            try connection.execute("ROLLBACK")
            throw error
        }
        try connection.execute("ROLLBACK")
        return result
    }

    /// The schema of a declaration that SQLite has taken before, without asking it again.
    /// - Returns: `nil` where only SQLite can tell: a schema file may do anything.
    public static func trusted(_ declaration: SchemaDeclaration) -> DesiredSchema? {
        guard declaration.script == nil else { return nil }
        var objects: [SchemaObject] = []
        for table in declaration.tables {
            let name = table.name.text
            objects.append(SchemaObject(kind: .table, name: name, table: name, sql: TableText(table).sql))
            for index in table.indexes {
                objects.append(
                    SchemaObject(kind: .index, name: index.name.text, table: name, sql: index.sql(on: table.name)))
            }
        }
        for view in declaration.views {
            objects.append(
                SchemaObject(kind: .view, name: view.name.text, table: view.name.text, sql: view.viewSQL))
        }
        for trigger in declaration.triggers {
            guard let table = CodeDefinition.parse(trigger.sql)?.table else { return nil }
            objects.append(
                SchemaObject(kind: .trigger, name: trigger.name.text, table: table.text, sql: trigger.sql))
        }
        return DesiredSchema(StoredSchema(objects), pragmas: declaration.pragmas, notes: declaration.notes)
    }

    private mutating func run() throws(MachineError) -> Outcome {
        if let script = declaration.script { try run(script) }
        for table in declaration.tables { try make(table) }
        for view in declaration.views { try make(view.viewSQL, "view", view) }
        if faults.isEmpty { try compileViews() }
        if faults.isEmpty {
            for trigger in declaration.triggers { try make(trigger.sql, "trigger", trigger) }
        }
        guard faults.isEmpty else { return .faults(faults) }
        let stored = try StoredSchema(reading: connection).withoutShadowTables(connection)
        let schema = DesiredSchema(
            stored, parsed: parsed, pragmas: pragmas, notes: declaration.notes, creation: creation)
        try verify(schema)
        return faults.isEmpty ? .schema(schema) : .faults(faults)
    }

    mutating func fault(_ location: SourceLocation, _ message: String) {
        faults.append(SchemaFault(location, message))
    }

    // MARK: Views and triggers

    private mutating func make(_ sql: String, _ kind: String, _ code: NamedDeclaration) throws(MachineError) {
        if let failure = try failure(of: sql) {
            return fault(code.body.location, "\(kind) '\(code.name.shown)': \(failure.message.shown)")
        }
        guard kind == "trigger", let trigger = CodeDefinition.parse(sql), let table = trigger.table else { return }
        let object = SchemaObject(kind: .trigger, name: code.name.text, table: table.text, sql: sql)
        if let message = try CompileProbe(connection: connection).failure(of: object) {
            fault(code.body.location, "trigger '\(code.name.shown)': \(message.shown)")
        }
    }

    private mutating func compileViews() throws(MachineError) {
        for view in declaration.views {
            let object = SchemaObject(kind: .view, name: view.name.text, table: view.name.text, sql: "")
            if let message = try CompileProbe(connection: connection).failure(of: object) {
                fault(view.body.location, "view '\(view.name.shown)': \(message.shown)")
            }
        }
    }

    // MARK: The whole

    /// Foreign keys must lead to a primary key or unique columns, or every later INSERT fails.
    private mutating func verify(_ schema: DesiredSchema) throws(MachineError) {
        for table in declaration.tables {
            let name = SQLName(table.name.text)
            guard schema.table(name)?.foreignKeys.isEmpty == false else { continue }
            do throws(MachineError) {
                _ = try connection.rows("PRAGMA foreign_key_check(\(name.alwaysQuoted))")
            } catch {
                fault(table.name.location, "table '\(table.name.shown)': \(try error.sqlMessage.shown)")
            }
        }
    }

    func failure(of sql: String) throws(MachineError) -> (message: String, offset: Int?)? {
        do throws(MachineError) {
            try connection.execute(sql)
            return nil
        } catch {
            guard case .database(_, .sql(_, let message, let offset)) = error else { throw error }
            return (message, offset)
        }
    }
}

extension SchemaDeclaration {
    fileprivate var notes: [SQLName: DesiredSchema.TableNotes] {
        var notes: [SQLName: DesiredSchema.TableNotes] = [:]
        for table in tables where !table.formerNames.isEmpty || !table.backfills.isEmpty {
            var note = DesiredSchema.TableNotes()
            for former in table.formerNames { note.formerNames[SQLName(former.body.text)] = SQLName(former.name.text) }
            for backfill in table.backfills { note.backfills[SQLName(backfill.name.text)] = backfill.body.expression }
            notes[SQLName(table.name.text)] = note
        }
        return notes
    }
}

extension SourcedText {
    /// An expression as it can stand behind `=`.
    var expression: String {
        let text = SQLText(text)
        let line = text.oneLine(text.tokens.indices)
        return text.tokens.count == 1 ? line : "(\(line))"
    }
}
