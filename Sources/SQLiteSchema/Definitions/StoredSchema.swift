import HealKit
import HealModel

/// One row of `sqlite_schema`: an object with the text that made it.
public struct SchemaObject: Hashable, Sendable {
    public enum Kind: String, Sendable { case table, index, view, trigger }

    public var kind: Kind
    public var name: SQLName
    /// The table that it belongs to; for a table itself its own name.
    public var table: SQLName
    public var sql: String

    public init(kind: Kind, name: String, table: String, sql: String) {
        self.kind = kind
        self.name = SQLName(name)
        self.table = SQLName(table)
        self.sql = sql
    }

    /// A virtual table: kept by a module, in shadow tables of its own.
    public var isVirtual: Bool {
        guard kind == .table, sql.utf8.count > 14 else { return false }
        let start = sql.utf8.index(sql.utf8.startIndex, offsetBy: 7)
        return sql.utf8[start...].prefix(7).map(\.asciiLowercased).elementsEqual("virtual".utf8)
    }
}

/// What a database holds, as it stands in its `sqlite_schema`. Reading it costs one query; nothing is parsed.
public struct StoredSchema: Hashable, Sendable {
    /// In the order in which they were made, without what SQLite keeps for itself.
    public let objects: [SchemaObject]
    private let tablesAndViews: [SQLName: Int]
    private let indexes: [SQLName: Int]
    private let triggers: [SQLName: Int]

    public init(_ objects: [SchemaObject]) {
        self.objects = objects
        var tablesAndViews: [SQLName: Int] = [:]
        var indexes: [SQLName: Int] = [:]
        var triggers: [SQLName: Int] = [:]
        for (index, object) in objects.enumerated() {
            switch object.kind {
            case .table, .view: tablesAndViews[object.name] = index
            case .index: indexes[object.name] = index
            case .trigger: triggers[object.name] = index
            }
        }
        self.tablesAndViews = tablesAndViews
        self.indexes = indexes
        self.triggers = triggers
    }

    public init(reading connection: any SQLConnection) throws(MachineError) {
        self.init(rows: try Self.rows(of: connection))
    }

    static func rows(of connection: any SQLConnection) throws(MachineError) -> [[SQLValue]] {
        try connection.rows("SELECT type, name, tbl_name, sql FROM main.sqlite_schema")
    }

    init(rows: [[SQLValue]]) {
        var objects: [SchemaObject] = []
        objects.reserveCapacity(rows.count)
        for row in rows {
            // Indexes without a text belong to constraints, tables without one cannot be.
            guard row.count == 4, let kind = row[0].text.flatMap(SchemaObject.Kind.init), let name = row[1].text,
                let table = row[2].text, let sql = row[3].text
            else { continue }
            let object = SchemaObject(kind: kind, name: name, table: table, sql: sql)
            if !object.name.isReserved { objects.append(object) }
        }
        self.init(objects)
    }

    public func tableOrView(_ name: SQLName) -> SchemaObject? { tablesAndViews[name].map { objects[$0] } }
    public func index(_ name: SQLName) -> SchemaObject? { indexes[name].map { objects[$0] } }
    public func trigger(_ name: SQLName) -> SchemaObject? { triggers[name].map { objects[$0] } }

    /// Whether an index can no longer have that name.
    func has(_ name: SQLName) -> Bool { tablesAndViews[name] != nil || indexes[name] != nil }

    /// The table of that name, if it is one with columns of its own.
    public func table(_ name: SQLName) -> TableDefinition? {
        guard let object = tableOrView(name), object.kind == .table else { return nil }
        return TableParser.parse(object.sql)
    }

    /// The indexes of a table that are not part of its text.
    public func indexes(on table: TableDefinition) -> [IndexDefinition] {
        objects.filter { $0.kind == .index && $0.table == table.name }
            .compactMap { IndexDefinition.parse($0.sql, on: table) }
    }

    /// The same without the tables that virtual tables keep their contents in.
    func withoutShadowTables(_ connection: any SQLConnection) throws(MachineError) -> StoredSchema {
        guard objects.contains(where: \.isVirtual) else { return self }
        let shadows = try connection.rows(
            "SELECT name FROM pragma_table_list WHERE schema = 'main' AND type = 'shadow'")
        let names = Set(shadows.compactMap { $0.first?.text.map(SQLName.init) })
        return StoredSchema(objects.filter { !names.contains($0.table) || $0.isVirtual })
    }
}
