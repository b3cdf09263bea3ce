/// A table as it is stated and as it is, line by line: equal parts stand beside each other whatever their order and
/// spelling, as `TableComparison` sees them.
struct ComparedTable {
    private let desired: TableDefinition
    private let found: TableDefinition
    private let keepsExtras: Bool
    private var pairs: [(desired: ComparedLine?, found: ComparedLine?)] = []

    init(
        desired: TableDefinition, found: TableDefinition, comparison: SchemaComparison, renames: [ColumnRename],
        keepsExtras: Bool
    ) {
        self.desired = desired
        self.found = found
        self.keepsExtras = keepsExtras
        addColumns(renames)
        addPrimaryKeys()
        addUniqueKeys(
            foundIndexes: comparison.found.indexes(on: found),
            desiredIndexes: comparison.desired.indexes(on: desired.name))
        addChecks()
        addForeignKeys(comparison)
    }

    var desiredLines: [ComparedLine] { Self.whole(desired, pairs.compactMap(\.desired)) }
    var foundLines: [ComparedLine] { Self.whole(found, pairs.compactMap(\.found)) }

    private static func whole(_ table: TableDefinition, _ lines: [ComparedLine]) -> [ComparedLine] {
        let options = (table.isStrict ? ["STRICT"] : []) + (table.isWithoutRowid ? ["WITHOUT ROWID"] : [])
        let end = ([")"] + (options.isEmpty ? [] : [options.joined(separator: ", ")])).joined(separator: " ")
        let body = lines.enumerated().map { index, line in
            ComparedLine("    \(line.text)\(index == lines.count - 1 ? "" : ",")", key: line.key)
        }
        return [ComparedLine("CREATE TABLE \(table.name.quoted) (", key: "create \(table.name.key)")] + body
            + [ComparedLine(end + ";", key: ([end] + table.unknownWords).joined(separator: " "))]
    }

    /// Something that both sides have, or only one.
    private mutating func add(_ desired: String?, _ found: String?, key: String) {
        pairs.append((desired.map { ComparedLine($0, key: key) }, found.map { ComparedLine($0, key: key) }))
    }

    /// Something that only the found table has. What concerns columns that the manifest does not name is on both sides.
    private mutating func addFound(_ text: String, key: String, columns: some Sequence<SQLName>) {
        let isUnnamed = columns.contains { desired.column($0) == nil }
        add(isUnnamed && keepsExtras ? text : nil, text, key: key)
    }

    // MARK: Parts

    private mutating func addColumns(_ renames: [ColumnRename]) {
        for column in desired.columns {
            let old = renames.first { $0.new == column.name }?.old
            let other = found.column(column.name) ?? old.flatMap(found.column)
            pairs.append((desired.line(column), other.map(found.line)))
        }
        let former = Set(renames.map(\.old))
        for column in found.columns where desired.column(column.name) == nil && !former.contains(column.name) {
            pairs.append((keepsExtras ? found.line(column) : nil, found.line(column)))
        }
    }

    private mutating func addPrimaryKeys() {
        let wanted = desired.primaryKey.flatMap { $0.isInline ? nil : $0 }
        let actual = found.primaryKey.flatMap { $0.isInline ? nil : $0 }
        if let wanted { add(wanted.line, wanted == actual ? wanted.line : nil, key: wanted.line) }
        guard let actual, actual != wanted else { return }
        if desired.primaryKey == nil {
            addFound(actual.line, key: actual.line, columns: actual.terms.map(\.column))
        } else {
            add(nil, actual.line, key: actual.line)
        }
    }

    private mutating func addUniqueKeys(foundIndexes: [IndexDefinition], desiredIndexes: [IndexDefinition]) {
        for key in desired.uniqueKeys {
            let isThere =
                found.uniqueKeys.contains(key)
                || key.conflict == nil && foundIndexes.contains { $0.isEquivalent(to: key, in: found) }
            add(key.text, isThere ? key.text : nil, key: key.text)
        }
        for key in found.uniqueKeys where !desired.uniqueKeys.contains(key) {
            let isIndex = desiredIndexes.contains { $0.isEquivalent(to: key, in: desired) }
            if isIndex {
                add(key.text, key.text, key: key.text)
            } else {
                addFound(key.text, key: key.text, columns: key.terms.map(\.column))
            }
        }
    }

    private mutating func addChecks() {
        for check in desired.checks {
            let isThere = found.checks.contains(check)
            add(check.text, isThere ? check.text : nil, key: check.key)
        }
        for check in found.checks where !desired.checks.contains(check) {
            addFound(check.text, key: check.key, columns: check.expression.mentions(of: found.columns.map(\.name)))
        }
    }

    private mutating func addForeignKeys(_ comparison: SchemaComparison) {
        func primaryKey(_ table: SQLName) -> [SQLName]? {
            let definition = comparison.desired.table(table) ?? comparison.found.table(table)
            return definition?.primaryKey?.terms.map(\.column)
        }
        let wanted = desired.foreignKeys.map { $0.resolved(primaryKey: primaryKey($0.parent)) }
        let actual = found.foreignKeys.map { $0.resolved(primaryKey: primaryKey($0.parent)) }
        for key in wanted { add(key.text, actual.contains(key) ? key.text : nil, key: key.text) }
        for key in actual where !wanted.contains(key) { addFound(key.text, key: key.text, columns: key.columns) }
    }
}

extension TableDefinition {
    /// A column with all that belongs to it alone.
    fileprivate func line(_ column: ColumnDefinition) -> ComparedLine {
        var text = column.name.quoted
        var key = [column.name.key] + column.type.tokens
        func add(_ part: String?, _ tokens: [String]) {
            guard let part else { return }
            text += " " + part
            key.append("\u{2}" + tokens.joined(separator: "\u{1}"))
        }
        if !column.type.source.isEmpty { text += " " + column.type.source }
        add(
            column.generated.map(\.text),
            (column.generated?.expression.tokens ?? []) + [column.generated?.isStored == true ? "stored" : ""])
        add(column.collation.map { "COLLATE \(SQLName($0).quoted)" }, ["collate", column.collation ?? ""])
        add(column.notNullText, [column.notNullText ?? ""])
        add(column.defaultValue.map { "DEFAULT " + $0.source }, ["default"] + (column.defaultValue?.folded ?? []))
        if let primaryKey, primaryKey.isInline, primaryKey.terms.first?.column == column.name {
            let words =
                "PRIMARY KEY" + (primaryKey.terms[0].isDescending ? " DESC" : "")
                + (primaryKey.conflict.map { " ON CONFLICT \($0.uppercased())" } ?? "")
                + (primaryKey.isAutoincrement ? " AUTOINCREMENT" : "")
            add(words, [words, primaryKey.isRowidAlias ? "rowid" : ""])
        }
        return ComparedLine(text, key: key.joined(separator: "\u{1}"))
    }
}

extension PrimaryKey {
    /// Whether it can stand behind its only column.
    fileprivate var isInline: Bool { terms.count == 1 && terms[0].collation == nil }

    fileprivate var line: String {
        "PRIMARY KEY (\(terms.map(\.text).joined(separator: ", ")))"
            + (conflict.map { " ON CONFLICT \($0.uppercased())" } ?? "")
    }
}

extension CheckConstraint {
    fileprivate var key: String { "check " + expression.tokens.joined(separator: "\u{1}") }
}
