import HealKit
import HealModel

/// What a database holds, in the pieces in which a manifest states it.
public struct SchemaStatement: Sendable, Hashable {
    /// A name and what stands behind it.
    public struct Piece: Sendable, Hashable {
        public var name: String
        public var body: String
    }

    public struct Index: Sendable, Hashable {
        public var name: String
        public var terms: [String]
        public var isUnique: Bool
        public var predicate: String?
    }

    public struct Table: Sendable, Hashable {
        public var name: String
        public var columns: [Piece]
        public var constraints: [String]
        public var isStrict: Bool
        public var isWithoutRowid: Bool
        public var indexes: [Index]
    }

    public private(set) var tables: [Table] = []
    public private(set) var views: [Piece] = []
    public private(set) var triggers: [Piece] = []

    /// - Returns: `nil` where these pieces cannot say it: virtual tables, and words that this version does not know.
    public init?(_ schema: StoredSchema) {
        for object in schema.objects where object.kind == .table {
            guard !object.isVirtual, let table = Table(object, in: schema) else { return nil }
            tables.append(table)
        }
        for object in schema.objects where object.kind == .view || object.kind == .trigger {
            guard let body = Self.body(of: object) else { return nil }
            let piece = Piece(name: object.name.text, body: body)
            if object.kind == .view { views.append(piece) } else { triggers.append(piece) }
        }
    }

    /// What stands behind the name of a view or trigger, as it was written.
    private static func body(of object: SchemaObject) -> String? {
        let text = SQLText(object.sql)
        var cursor = SQLCursor(text)
        cursor.skip(2)
        if cursor.areWords("if", "not") { cursor.skip(3) }
        guard cursor.qualifiedName() != nil else { return nil }
        if object.kind == .view { _ = cursor.take("as") }
        return cursor.isAtEnd ? nil : text.written(cursor.index..<cursor.end)
    }
}

extension SchemaStatement.Table {
    fileprivate init?(_ object: SchemaObject, in schema: StoredSchema) {
        let text = SQLText(object.sql)
        guard let definition = TableParser.parse(object.sql), definition.unknownWords.isEmpty,
            let open = text.tokens.firstIndex(where: { $0.kind == .leftParenthesis })
        else { return nil }
        let parts = SQLCursor.parts(of: open + 1..<text.closing(open), in: text)
        let first = parts.firstIndex { text.startsConstraint($0.lowerBound) } ?? parts.endIndex
        columns = parts[..<first].map { part in
            SchemaStatement.Piece(name: text.name(part.lowerBound), body: text.oneLine(part.dropFirst()))
        }
        guard columns.count == definition.columns.count else { return nil }
        name = object.name.text
        constraints = parts[first...].map { text.oneLine($0) }
        isStrict = definition.isStrict
        isWithoutRowid = definition.isWithoutRowid
        indexes = []
        for index in schema.objects where index.kind == .index && index.table == object.name {
            guard let index = SchemaStatement.Index(index) else { return nil }
            indexes.append(index)
        }
    }
}

extension SchemaStatement.Index {
    fileprivate init?(_ object: SchemaObject) {
        let text = SQLText(object.sql)
        var cursor = SQLCursor(text)
        guard cursor.take("create") else { return nil }
        isUnique = cursor.take("unique")
        guard cursor.take("index") else { return nil }
        if cursor.areWords("if", "not") { cursor.skip(3) }
        guard cursor.qualifiedName() != nil, cursor.take("on"), cursor.name() != nil,
            let list = cursor.parenthesised()
        else { return nil }
        name = object.name.text
        terms = SQLCursor.parts(of: list, in: text).map { text.oneLine($0) }
        predicate = nil
        if cursor.take("where") { predicate = text.oneLine(cursor.index..<cursor.end) }
    }
}

/// A database as it was found, to be stated as it is.
public struct FoundSchema: Sendable, Hashable {
    /// What it holds, without what SQLite, its modules and litestream keep for themselves.
    public let schema: StoredSchema
    /// Properties of the file that are not what a new one has.
    public let pragmas: [StatedPragma]

    private static let usual: [PersistentPragma: String] = [
        .pageSize: "4096", .encoding: "UTF-8", .autoVacuum: "0", .journalMode: "delete", .applicationID: "0",
        .userVersion: "0",
    ]

    public init(reading connection: any SQLConnection) throws(MachineError) {
        let stored = try StoredSchema(reading: connection).withoutShadowTables(connection)
        schema = StoredSchema(stored.objects.filter { !$0.name.isKeptByOthers })
        var pragmas: [StatedPragma] = []
        for pragma in PersistentPragma.allCases {
            guard let value = pragma.canonical(try StatedPragma(pragma, "").found(in: connection)),
                value != Self.usual[pragma]
            else { continue }
            pragmas.append(StatedPragma(pragma, value))
        }
        self.pragmas = pragmas
    }

    private init(_ schema: StoredSchema, _ pragmas: [StatedPragma]) {
        self.schema = schema
        self.pragmas = pragmas
    }

    /// The same without some of its objects.
    public func without(_ left: [SchemaObject]) -> FoundSchema {
        FoundSchema(StoredSchema(schema.objects.filter { !left.contains($0) }), pragmas)
    }

    /// The statements that make it, tables first, as a schema file, with the line on which each object begins.
    public var script: (text: String, lines: [(line: Int, object: SchemaObject)]) {
        var text = ""
        var lines: [(line: Int, object: SchemaObject)] = []
        var line = 1
        let order: [SchemaObject.Kind] = [.table, .index, .view, .trigger]
        for object in order.flatMap({ kind in schema.objects.filter { $0.kind == kind } }) {
            if !text.isEmpty {
                text += "\n"
                line += 1
            }
            lines.append((line, object))
            // A comment at the end would swallow the semicolon.
            let ending =
                SQLText(object.sql).tokens.last.map { $0.end < object.sql.utf8.count } == true ? "\n;\n" : ";\n"
            let statement = object.sql + ending
            text += statement
            line += statement.utf8.count { $0 == UInt8(ascii: "\n") }
        }
        return (text, lines)
    }
}
