/// One thing in which a database is not what the manifest says.
public enum SchemaDifference: Hashable, Sendable {
    /// With the indexes that are made together with it.
    case tableMissing(TableDefinition, indexes: [IndexDefinition])
    case virtualTableMissing(CodeDefinition)
    case columnMissing(MissingColumn)
    /// It has its old name.
    case columnRenamed(ColumnRename)
    case indexMissing(IndexDefinition)
    case viewMissing(CodeDefinition)
    case triggerMissing(CodeDefinition)
    case columnDiffers(table: SQLName, column: SQLName, [AspectDifference])
    case tableDiffers(table: SQLName, [AspectDifference])
    case virtualTableDiffers(CodeDefinition, found: String)
    case indexDiffers(IndexDefinition, found: String)
    case viewDiffers(CodeDefinition, found: String)
    case triggerDiffers(CodeDefinition, found: String)
    /// Something else has the name: a view where a table is wanted.
    case nameTaken(SQLName, expected: String, found: String)
    case pragmaDiffers(name: String, expected: String, found: String)
    /// `user_version` is above the stated one: a newer application has been here.
    case newerApplication(expected: Int64, found: Int64)
    /// `application_id` is that of another application.
    case foreignApplication(expected: Int64, found: Int64)
    /// Something that the manifest does not name.
    case extra(SchemaExtra)
}

/// Something that the manifest does not name.
public struct SchemaExtra: Hashable, Sendable {
    public enum Kind: String, Hashable, Sendable { case table, column, index, view, trigger }

    public var kind: Kind
    public var name: SQLName
    /// The table of a column, index or trigger.
    public var table: SQLName?
}

/// A column that the table has not, with what the manifest says of it behind the columns.
public struct MissingColumn: Hashable, Sendable {
    public internal(set) var table: SQLName
    public internal(set) var column: ColumnDefinition
    /// Every CHECK that needs it and can be added with it.
    public internal(set) var checks: [CheckConstraint] = []
    /// Every foreign key that starts at it.
    public internal(set) var foreignKeys: [ForeignKey] = []
    /// Why no ALTER TABLE can add it, whatever the rows are.
    public internal(set) var obstacles: [Obstacle] = []
    /// What rows that exist get, as SQL.
    public internal(set) var backfill: String?
}

/// What a column or table differs in.
public enum Aspect: String, Hashable, Sendable, CaseIterable {
    case type, collation, generated, check, references, unique, constraint
    case notNull = "not null"
    case defaultValue = "default"
    case primaryKey = "primary key"
    case autoincrement = "AUTOINCREMENT"
    case strict = "STRICT"
    case withoutRowid = "WITHOUT ROWID"
    case unknown = "other words"
}

public struct AspectDifference: Hashable, Sendable {
    public var aspect: Aspect
    /// As SQL, or `none`.
    public var expected: String
    public var found: String
    /// SQLite treats both the same: only the words differ.
    public var isHarmless = false

    init(_ aspect: Aspect, expected: String?, found: String?, isHarmless: Bool = false) {
        self.aspect = aspect
        self.expected = expected ?? Self.none
        self.found = found ?? Self.none
        self.isHarmless = isHarmless
    }

    public static let none = "none"

    /// `type is TEXT, expected REAL`.
    public var explanation: String { "\(aspect.rawValue) is \(found), expected \(expected)" }
}
