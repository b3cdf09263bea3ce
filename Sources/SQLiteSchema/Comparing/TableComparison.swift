/// What one table differs in from the manifest's.
struct TableComparison {
    let desired: TableDefinition
    let found: TableDefinition
    /// The primary key of a table, where it is known.
    let desiredPrimaryKey: (SQLName) -> [SQLName]?
    let foundPrimaryKey: (SQLName) -> [SQLName]?
    /// Indexes of the found table that are not part of its text.
    let foundIndexes: () -> [IndexDefinition]
    /// Indexes that the manifest states for the table.
    let desiredIndexes: () -> [IndexDefinition]
    var backfills: [SQLName: String] = [:]

    private var missing: [MissingColumn] = []
    private var missingNames: Set<SQLName> = []
    private var columnAspects: [SQLName: [AspectDifference]] = [:]
    private var tableAspects: [AspectDifference] = []

    init(
        desired: TableDefinition, found: TableDefinition, desiredPrimaryKey: @escaping (SQLName) -> [SQLName]?,
        foundPrimaryKey: @escaping (SQLName) -> [SQLName]?, foundIndexes: @escaping () -> [IndexDefinition],
        desiredIndexes: @escaping () -> [IndexDefinition]
    ) {
        self.desired = desired
        self.found = found
        self.desiredPrimaryKey = desiredPrimaryKey
        self.foundPrimaryKey = foundPrimaryKey
        self.foundIndexes = foundIndexes
        self.desiredIndexes = desiredIndexes
    }

    mutating func differences() -> [SchemaDifference] {
        for column in desired.columns {
            guard let other = found.column(column.name) else {
                missing.append(missingColumn(column))
                missingNames.insert(column.name)
                continue
            }
            compare(column, other)
        }
        missing = MissingColumn.inOrder(missing, checks: desired.checks)
        compareOptions()
        comparePrimaryKeys()
        compareUniqueKeys()
        compareChecks()
        compareForeignKeys()

        var differences = missing.map(SchemaDifference.columnMissing)
        differences += desired.columns.compactMap { column in
            columnAspects[column.name].map { .columnDiffers(table: desired.name, column: column.name, $0) }
        }
        if !tableAspects.isEmpty { differences.append(.tableDiffers(table: desired.name, tableAspects)) }
        return differences
    }

    private func missingColumn(_ column: ColumnDefinition) -> MissingColumn {
        var missing = MissingColumn(table: desired.name, column: column)
        missing.backfill = backfills[column.name]
        return missing
    }

    private mutating func note(_ difference: AspectDifference, column: SQLName?) {
        if let column, found.column(column) != nil, desired.column(column) != nil {
            columnAspects[column, default: []].append(difference)
        } else {
            tableAspects.append(difference)
        }
    }

    private mutating func add(_ obstacle: Obstacle, to columns: some Sequence<SQLName>) {
        let columns = Set(columns)
        for index in missing.indices where columns.contains(missing[index].column.name) {
            if !missing[index].obstacles.contains(obstacle) { missing[index].obstacles.append(obstacle) }
        }
    }

    // MARK: Columns

    private mutating func compare(_ column: ColumnDefinition, _ other: ColumnDefinition) {
        var aspects: [AspectDifference] = []
        if column.type != other.type {
            let aliases = [desired.rowidAlias, found.rowidAlias].contains(column.name)
            let isHarmless = column.affinity == other.affinity && !aliases && !desired.isStrict && !found.isStrict
            aspects.append(
                AspectDifference(
                    .type, expected: column.type.source.orNone, found: other.type.source.orNone, isHarmless: isHarmless)
            )
        }
        if column.isNotNull != other.isNotNull || column.notNullConflict != other.notNullConflict {
            aspects.append(AspectDifference(.notNull, expected: column.notNullText, found: other.notNullText))
        }
        if column.defaultValue != other.defaultValue {
            aspects.append(
                AspectDifference(
                    .defaultValue, expected: column.defaultValue?.source, found: other.defaultValue?.source))
        }
        if column.collation != other.collation {
            aspects.append(
                AspectDifference(.collation, expected: column.collation ?? "binary", found: other.collation ?? "binary")
            )
        }
        if column.generated != other.generated {
            aspects.append(
                AspectDifference(.generated, expected: column.generated?.text, found: other.generated?.text))
        }
        if !aspects.isEmpty { columnAspects[column.name] = aspects }
    }

    // MARK: The table

    private mutating func compareOptions() {
        func difference(_ aspect: Aspect, _ expected: Bool, _ found: Bool) {
            if expected != found {
                tableAspects.append(
                    AspectDifference(aspect, expected: expected ? "on" : "off", found: found ? "on" : "off"))
            }
        }
        difference(.strict, desired.isStrict, found.isStrict)
        difference(.withoutRowid, desired.isWithoutRowid, found.isWithoutRowid)
        if !hasUnnamedKey {
            difference(
                .autoincrement, desired.primaryKey?.isAutoincrement == true, found.primaryKey?.isAutoincrement == true)
        }
        if !desired.unknownWords.haveSameBytes(as: found.unknownWords) {
            tableAspects.append(
                AspectDifference(
                    .unknown, expected: desired.unknownWords.joined(separator: " ").orNone,
                    found: found.unknownWords.joined(separator: " ").orNone))
        }
    }

    /// A key over columns that the manifest does not name is not the manifest's matter.
    private var hasUnnamedKey: Bool {
        desired.primaryKey == nil && found.primaryKey?.terms.contains { desired.column($0.column) == nil } == true
    }

    private mutating func comparePrimaryKeys() {
        var expected = desired.primaryKey
        var actual = found.primaryKey
        expected?.isAutoincrement = false
        actual?.isAutoincrement = false
        guard expected != actual else { return }
        if hasUnnamedKey { return }
        let wanting = expected?.terms.map(\.column).filter(missingNames.contains) ?? []
        guard wanting.isEmpty else { return add(.primaryKey, to: wanting) }
        let columns = Set((expected?.terms ?? []).map(\.column) + (actual?.terms ?? []).map(\.column))
        note(
            AspectDifference(.primaryKey, expected: expected?.text, found: actual?.text),
            column: columns.count == 1 ? columns.first : nil)
    }

    private mutating func compareUniqueKeys() {
        var surplus = Set(found.uniqueKeys).subtracting(desired.uniqueKeys)
        for key in desired.uniqueKeys where !found.uniqueKeys.contains(key) {
            let wanting = key.terms.map(\.column).filter(missingNames.contains)
            guard wanting.isEmpty else {
                add(key.terms.count == 1 ? .unique : .tableConstraint(key.text), to: wanting)
                continue
            }
            // A unique index over the same columns does what the constraint does.
            if key.conflict == nil, foundIndexes().contains(where: { $0.isEquivalent(to: key, in: found) }) { continue }
            let similar = surplus.first { $0.terms.map(\.column) == key.terms.map(\.column) }
            if let similar { surplus.remove(similar) }
            let single = key.terms.count == 1 ? key.terms[0].column : nil
            note(
                AspectDifference(single == nil ? .constraint : .unique, expected: key.text, found: similar?.text),
                column: single)
        }
        for key in found.uniqueKeys where surplus.contains(key) {
            // What concerns a column that the manifest does not name is not the manifest's matter.
            guard key.terms.allSatisfy({ desired.column($0.column) != nil }) else { continue }
            if desiredIndexes().contains(where: { $0.isEquivalent(to: key, in: desired) }) { continue }
            let single = key.terms.count == 1 ? key.terms[0].column : nil
            note(
                AspectDifference(single == nil ? .constraint : .unique, expected: nil, found: key.text), column: single)
        }
    }

    private mutating func compareChecks() {
        var surplus = found.checks.filter { check in
            !desired.checks.contains(check)
                && check.expression.mentions(of: found.columns.map(\.name)).allSatisfy { desired.column($0) != nil }
        }
        for check in desired.checks where !found.checks.contains(check) {
            let owner = check.owner.column
            // It comes with its own column, or with the last one that it needs.
            let wanting = Set(check.expression.mentions(of: missing.map(\.column.name)))
            let own = missing.firstIndex { $0.column.name == owner }
            if let index = own ?? missing.lastIndex(where: { wanting.contains($0.column.name) }) {
                missing[index].checks.append(check)
                continue
            }
            let similar = surplus.firstIndex { $0.owner.column == owner && owner != nil }.map { surplus.remove(at: $0) }
            note(
                AspectDifference(
                    owner == nil ? .constraint : .check, expected: check.text, found: similar?.text), column: owner)
        }
        for check in surplus {
            let owner = check.owner.column
            note(AspectDifference(owner == nil ? .constraint : .check, expected: nil, found: check.text), column: owner)
        }
    }

    private mutating func compareForeignKeys() {
        guard desired.foreignKeys != found.foreignKeys else { return }
        // A parent that only one side knows is the same for both.
        let expected = desired.foreignKeys.map {
            $0.resolved(primaryKey: desiredPrimaryKey($0.parent) ?? foundPrimaryKey($0.parent))
        }
        let actual = found.foreignKeys.map {
            $0.resolved(primaryKey: foundPrimaryKey($0.parent) ?? desiredPrimaryKey($0.parent))
        }
        var surplus = actual.filter { key in
            !expected.contains(key) && key.columns.allSatisfy { desired.column($0) != nil }
        }
        for key in expected where !actual.contains(key) {
            let wanting = key.columns.filter(missingNames.contains)
            guard wanting.isEmpty else {
                if key.columns.count == 1, let index = missing.firstIndex(where: { $0.column.name == key.columns[0] }) {
                    missing[index].foreignKeys.append(key)
                } else {
                    add(.tableConstraint(key.text), to: wanting)
                }
                continue
            }
            let similar = surplus.firstIndex { $0.columns == key.columns }.map { surplus.remove(at: $0) }
            let single = key.columns.count == 1 ? key.columns[0] : nil
            note(
                AspectDifference(single == nil ? .constraint : .references, expected: key.text, found: similar?.text),
                column: single)
        }
        for key in surplus {
            let single = key.columns.count == 1 ? key.columns[0] : nil
            note(
                AspectDifference(single == nil ? .constraint : .references, expected: nil, found: key.text),
                column: single)
        }
    }
}
