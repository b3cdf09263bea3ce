import HealModel

/// The schema that the manifest states, as SQLite itself understood it.
public struct DesiredSchema: Sendable {
    /// As it stands in a new database.
    public let stored: StoredSchema
    /// A database as stated is nearly always equal by its text, so that nothing need be read.
    private let tables: [SQLName: Deferred<TableDefinition?>]
    /// Pragmas that are kept in the file, as the manifest or the schema file states them.
    public internal(set) var pragmas: [StatedPragma]
    /// What makes a new database, in the order of a schema file that also puts rows into it.
    private let creation: [String]?
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
        notes: [SQLName: TableNotes] = [:], creation: [String]? = nil
    ) {
        let parsed = Dictionary(parsed.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
        var tables: [SQLName: Deferred<TableDefinition?>] = [:]
        for object in stored.objects where object.kind == .table && !object.isVirtual {
            if let table = parsed[object.name], table.sql.hasSameBytes(as: object.sql) {
                tables[object.name] = Deferred(table)
            } else {
                tables[object.name] = Deferred { TableParser.parse(object.sql) }
            }
        }
        self.stored = stored
        self.tables = tables
        self.pragmas = pragmas
        self.notes = notes
        self.creation = creation
    }

    /// A table with columns of its own.
    func table(_ name: SQLName) -> TableDefinition? { tables[name]?.value }

    /// The stated indexes of a table.
    func indexes(on table: SQLName) -> [IndexDefinition] {
        stored.objects.filter { $0.kind == .index && $0.table == table }.compactMap(index)
    }

    func index(_ object: SchemaObject) -> IndexDefinition? {
        IndexDefinition.parse(object.sql, on: table(object.table))
    }

    /// The names of the tables, in the order in which they are stated.
    public var tableNames: [SQLName] {
        stored.objects.filter { $0.kind == .table }.map(\.name)
    }

    /// What makes a new database: tables first, then what needs them. A schema file that also fills it is followed as it is.
    public var statements: [String] {
        if let creation { return creation }
        let order: [SchemaObject.Kind] = [.table, .index, .view, .trigger]
        return order.flatMap { kind in stored.objects.filter { $0.kind == kind }.map(\.sql) }
    }
}
