import HealModel

/// The schema that the manifest states, as SQLite itself understood it.
public struct DesiredSchema: Sendable {
    /// As it stands in a new database.
    public let stored: StoredSchema
    /// By name, with their parsed texts.
    let tables: [SQLName: TableDefinition]
    /// In the order in which they are made.
    let indexes: [IndexDefinition]
    let code: [SQLName: CodeDefinition]
    let triggers: [SQLName: CodeDefinition]
    /// Pragmas that are kept in the file, as the manifest or the schema file states them.
    public internal(set) var pragmas: [StatedPragma]
    /// What the manifest says beyond the schema, by table.
    let notes: [SQLName: TableNotes]

    /// What the manifest says of a table for the case that it is old.
    struct TableNotes: Sendable {
        /// From the new name to the old one.
        var formerNames: [SQLName: SQLName] = [:]
        /// From a column to an SQL expression.
        var backfills: [SQLName: String] = [:]
    }

    /// - Parameter parsed: tables that were read already, from the same texts.
    init(
        _ stored: StoredSchema, parsed: [TableDefinition] = [], pragmas: [StatedPragma] = [],
        notes: [SQLName: TableNotes] = [:]
    ) {
        let parsed = Dictionary(parsed.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var tables: [SQLName: TableDefinition] = [:]
        var indexes: [IndexDefinition] = []
        var code: [SQLName: CodeDefinition] = [:]
        var triggers: [SQLName: CodeDefinition] = [:]
        for object in stored.objects {
            switch object.kind {
            case .table where !object.isVirtual:
                if let table = parsed[object.name], table.sql.hasSameBytes(as: object.sql) {
                    tables[object.name] = table
                } else {
                    tables[object.name] = TableParser.parse(object.sql)
                }
            case .table, .view: code[object.name] = CodeDefinition.parse(object.sql)
            case .trigger: triggers[object.name] = CodeDefinition.parse(object.sql)
            case .index: break
            }
        }
        for object in stored.objects where object.kind == .index {
            if let index = IndexDefinition.parse(object.sql, on: tables[object.table]) { indexes.append(index) }
        }
        self.stored = stored
        self.tables = tables
        self.indexes = indexes
        self.code = code
        self.triggers = triggers
        self.pragmas = pragmas
        self.notes = notes
    }

    /// The names of the tables, in the order in which they are stated.
    public var tableNames: [SQLName] {
        stored.objects.filter { $0.kind == .table }.map(\.name)
    }

    /// What makes a new database: tables first, then what needs them.
    public var statements: [String] {
        let order: [SchemaObject.Kind] = [.table, .index, .view, .trigger]
        return order.flatMap { kind in stored.objects.filter { $0.kind == kind }.map(\.sql) }
    }
}
