// Constraints as SQL, for messages and for ALTER TABLE.

extension ColumnDefinition {
    var notNullText: String? {
        guard isNotNull else { return nil }
        return "NOT NULL" + notNullConflict.onConflict
    }
}

extension GeneratedValue {
    var text: String { "AS (\(expression.source)) \(isStored ? "STORED" : "VIRTUAL")" }
}

extension KeyTerm {
    var text: String {
        column.quoted + (collation.map { " COLLATE \(SQLName($0).quoted)" } ?? "") + (isDescending ? " DESC" : "")
    }
}

extension PrimaryKey {
    var text: String {
        "PRIMARY KEY (\(terms.map(\.text).joined(separator: ", ")))" + conflict.onConflict
            + (isRowidAlias ? " as the rowid" : "")
    }
}

extension UniqueKey {
    var text: String { "UNIQUE (\(terms.map(\.text).joined(separator: ", ")))" + conflict.onConflict }
}

extension CheckConstraint {
    var text: String { "CHECK (\(expression.source))" }
}

extension ForeignKey {
    /// As it is written behind the columns.
    var text: String { "FOREIGN KEY (\(columns.map(\.quoted).joined(separator: ", "))) \(references)" }

    /// As it is written behind its one column.
    var references: String {
        var text = "REFERENCES \(parent.quoted)"
        if let parentColumns { text += "(\(parentColumns.map(\.quoted).joined(separator: ", ")))" }
        if let onDelete { text += " ON DELETE \(onDelete.uppercased())" }
        if let onUpdate { text += " ON UPDATE \(onUpdate.uppercased())" }
        if let match { text += " MATCH \(match.uppercased())" }
        if isDeferred { text += " DEFERRABLE INITIALLY DEFERRED" }
        return text
    }
}

extension ConflictResolution? {
    fileprivate var onConflict: String { map { " ON CONFLICT \($0.uppercased())" } ?? "" }
}

extension String {
    /// `nil` when there is nothing to show.
    var orNone: String? { isEmpty ? nil : self }
}

extension IndexDefinition {
    /// Whether it keeps rows unique in the same way.
    func isEquivalent(to key: UniqueKey, in table: TableDefinition) -> Bool {
        guard isUnique, predicate == nil, terms.count == key.terms.count else { return false }
        return zip(terms, key.terms).allSatisfy { term, wanted in
            term.column(of: table)?.name == wanted.column && term.collation == wanted.collation
        }
    }
}
