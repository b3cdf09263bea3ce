/// What the text of a CREATE TABLE says, in the one form that all its spellings share: a constraint written behind a
/// column and the same one written behind the columns are equal, what SQLite assumes when nothing is said is left out.
public struct TableDefinition: Hashable, Sendable {
    public internal(set) var name: SQLName
    /// The text as SQLite keeps it.
    public internal(set) var sql: String
    public internal(set) var columns: [ColumnDefinition] = []
    public internal(set) var primaryKey: PrimaryKey?
    public internal(set) var uniqueKeys: [UniqueKey] = []
    public internal(set) var foreignKeys: [ForeignKey] = []
    public internal(set) var checks: [CheckConstraint] = []
    public internal(set) var isStrict = false
    public internal(set) var isWithoutRowid = false
    /// Words of the text that this version does not know. Compared as they are, so that nothing goes unnoticed.
    public internal(set) var unknownWords: [String] = []

    public func column(_ name: SQLName) -> ColumnDefinition? { columns.first { $0.name == name } }

    /// The column that is another name of the rowid: `INTEGER PRIMARY KEY`.
    public var rowidAlias: SQLName? {
        primaryKey?.isRowidAlias == true ? primaryKey?.terms.first?.column : nil
    }

    /// A name under which the rowid can be asked for; `nil` when there is none, or columns have taken all its names.
    public var rowidName: String? {
        guard !isWithoutRowid else { return nil }
        return ["rowid", "_rowid_", "oid"].first { name in !columns.contains { $0.name.key == name } }
    }

    var columnKeys: Set<String> { Set(columns.map(\.name.key)) }
    var scope: NameScope { NameScope(table: name, columns: columnKeys) }
}

/// What SQLite does when a row breaks a constraint; `nil` where it is ABORT, which is what it does unless told.
public typealias ConflictResolution = String

/// One column.
public struct ColumnDefinition: Hashable, Sendable {
    public internal(set) var name: SQLName
    /// What stands behind the name, on one line and without comments.
    public internal(set) var definition: String
    /// The declared type; empty when none is.
    public internal(set) var type: SQLExpression
    /// `NOT NULL`, said or implied.
    public internal(set) var isNotNull = false
    public internal(set) var notNullConflict: ConflictResolution?
    /// What a row gets that says nothing; `nil` for NULL.
    public internal(set) var defaultValue: DefaultValue?
    /// The collating sequence in lower case; `nil` for BINARY.
    public internal(set) var collation: String?
    public internal(set) var generated: GeneratedValue?

    /// How SQLite treats values of the declared type.
    public var affinity: Affinity { Affinity(declaredType: type.source) }
}

/// `GENERATED ALWAYS AS (…)`.
public struct GeneratedValue: Hashable, Sendable {
    public internal(set) var expression: SQLExpression
    public internal(set) var isStored: Bool
}

/// One column of a primary key or UNIQUE constraint.
public struct KeyTerm: Hashable, Sendable {
    public internal(set) var column: SQLName
    /// Where it is not the column's own.
    public internal(set) var collation: String?
    public internal(set) var isDescending = false
}

public struct PrimaryKey: Hashable, Sendable {
    public internal(set) var terms: [KeyTerm]
    public internal(set) var conflict: ConflictResolution?
    /// Its one column is another name of the rowid.
    public internal(set) var isRowidAlias = false
    public internal(set) var isAutoincrement = false
}

public struct UniqueKey: Hashable, Sendable {
    public internal(set) var terms: [KeyTerm]
    public internal(set) var conflict: ConflictResolution?
}

public struct ForeignKey: Hashable, Sendable {
    public internal(set) var columns: [SQLName]
    public internal(set) var parent: SQLName
    /// `nil`: the parent's primary key.
    public internal(set) var parentColumns: [SQLName]?
    /// In lower case; `nil` for NO ACTION.
    public internal(set) var onDelete: String?
    public internal(set) var onUpdate: String?
    /// In lower case; `nil` for SIMPLE. SQLite keeps it and does nothing with it.
    public internal(set) var match: String?
    /// Checked when the transaction ends.
    public internal(set) var isDeferred = false
    /// The column behind which it was written; no part of what it means.
    public internal(set) var owner: Owner

    /// The same with the parent's columns in place of "its primary key".
    func resolved(primaryKey: [SQLName]?) -> ForeignKey {
        guard parentColumns == nil, let primaryKey, primaryKey.count == columns.count else { return self }
        var key = self
        key.parentColumns = primaryKey
        return key.ordered
    }

    /// Pairs of columns in a fixed order: `(a, b) REFERENCES t(x, y)` is `(b, a) REFERENCES t(y, x)`.
    var ordered: ForeignKey {
        guard let parentColumns, parentColumns.count == columns.count, columns.count > 1 else { return self }
        let pairs = zip(columns, parentColumns).sorted { $0.0 < $1.0 }
        var key = self
        key.columns = pairs.map(\.0)
        key.parentColumns = pairs.map(\.1)
        return key
    }
}

public struct CheckConstraint: Hashable, Sendable {
    public internal(set) var expression: SQLExpression
    public internal(set) var owner: Owner
}

/// Where a constraint was written. Two constraints that differ only in this are equal.
public struct Owner: Hashable, Sendable {
    /// `nil`: behind the columns.
    public var column: SQLName?

    public static func == (lhs: Owner, rhs: Owner) -> Bool { true }
    public func hash(into hasher: inout Hasher) {}
}
