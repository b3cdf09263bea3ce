/// One row of `sqlite_schema`, as it stood before or after a run.
public struct SchemaRow: Hashable, Sendable, Codable {
    /// `table`, `index`, `view`, `trigger`.
    public var type: String
    public var name: String
    public var table: String
    public var sql: String

    public init(type: String, name: String, table: String, sql: String) {
        self.type = type
        self.name = name
        self.table = table
        self.sql = sql
    }
}

/// A copy of a database, made and checked before something in it was rewritten.
public struct Backup: Hashable, Sendable, Codable {
    public var path: ResourcePath
    /// How large it is, in bytes.
    public var size: Int64

    public init(path: ResourcePath, size: Int64) {
        self.path = path
        self.size = size
    }
}

/// What a run changed in one database that existed: enough to take it back.
public struct DatabaseChange: Hashable, Sendable, Codable {
    public var database: ResourcePath
    /// Made in the transaction of the change, before it: what is in it is exactly what was there.
    public var backup: Backup?
    public var schemaBefore: [SchemaRow]
    public var schemaAfter: [SchemaRow]
    /// `user_version` and `application_id`, before and after.
    public var numbersBefore: [Int64]
    public var numbersAfter: [Int64]
    /// Rows that referenced a row that does not exist, before and after; `nil` where nothing was rewritten.
    public var orphansBefore: Int64?
    public var orphansAfter: Int64?
    /// What every table held after the run, as a digest of its rows; `nil` where nothing was rewritten. As long as a database
    /// holds exactly this, its backup takes the run back without losing anything.
    public var contentsAfter: [String: String]?

    public init(database: ResourcePath) {
        self.database = database
        schemaBefore = []
        schemaAfter = []
        numbersBefore = []
        numbersAfter = []
    }
}
