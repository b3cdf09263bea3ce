import HealKit
import HealModel

extension ChangePlanner {
    mutating func indexRemedy(_ index: IndexDefinition) throws(MachineError) -> PlannedChange.Remedy {
        guard table(index.table) != nil || isMade(index.table) else {
            return .obstacles([.waits(for: "the table \(index.table)")])
        }
        let missing = (unavailable[index.table] ?? []).sorted()
        if let wanted = index.mentions(of: missing).first {
            return .obstacles([.waits(for: "the column \(wanted)")])
        }
        if let duplicates = try duplicates(index) { return .obstacles([duplicates]) }
        note([SchemaObject(kind: .index, name: index.name.text, table: index.table.text, sql: index.sql)])
        return .statements([index.sql], risk: .low)
    }

    /// Rows in the way of a unique index; counted before the first change, and their values are not shown.
    private mutating func duplicates(_ index: IndexDefinition) throws(MachineError) -> Obstacle? {
        // A table that the plan makes has no rows.
        guard index.isUnique, var names = table(index.table) else { return nil }
        // Collations are those of the table that is there.
        let columns = (added[index.table] ?? []).filter { names.column($0.column.name) == nil }
        names.columns += columns.map(\.column)
        guard let index = IndexDefinition.parse(index.sql, on: names) else { return nil }
        return try duplicates(
            of: index.terms.map { ($0.expression.source, $0.collation) }, in: source(index.table, adding: columns),
            where: index.predicate?.source)
    }

    // MARK: What is there and defined differently

    mutating func replacement(of index: IndexDefinition) throws(MachineError) -> PlannedChange.Remedy {
        if let remedy = rewrite(of: index.table, making: index.sql) { return remedy }
        let owner = unnamedOwner(of: .index, index.name)
        if let owner, !mayDrop(owner) { return .obstacles([.belongs(to: owner)]) }
        let remedy = try indexRemedy(index)
        guard case .statements(let statements, _) = remedy else { return remedy }
        return .statements(
            ["DROP INDEX main.\(index.name.alwaysQuoted)"] + statements, risk: owner == nil ? .medium : .high)
    }

    /// A view holds no rows; the triggers that stand in for writing to it go with it, and are made again.
    mutating func replacement(ofView view: CodeDefinition) -> PlannedChange.Remedy {
        .statements(
            ["DROP VIEW main.\(view.name.alwaysQuoted)", view.sql] + plannedDependents(of: view.name).map(\.sql),
            risk: .medium)
    }

    mutating func replacement(ofTrigger trigger: CodeDefinition) -> PlannedChange.Remedy {
        if let remedy = rewrite(of: trigger.table, making: trigger.sql) { return remedy }
        let owner = unnamedOwner(of: .trigger, trigger.name)
        if let owner, !mayDrop(owner) { return .obstacles([.belongs(to: owner)]) }
        if let table = trigger.table {
            note([SchemaObject(kind: .trigger, name: trigger.name.text, table: table.text, sql: trigger.sql)])
        }
        return .statements(
            ["DROP TRIGGER main.\(trigger.name.alwaysQuoted)", trigger.sql], risk: owner == nil ? .medium : .high)
    }

    /// The table or view that an index or trigger is on, where the manifest does not name it: what is on it belongs to somebody
    /// else.
    private func unnamedOwner(of kind: SchemaObject.Kind, _ name: SQLName) -> SQLName? {
        let object = kind == .index ? found.index(name) : found.trigger(name)
        return object.flatMap { desired.stored.tableOrView($0.table) == nil ? $0.table : nil }
    }

    private func mayDrop(_ owner: SQLName) -> Bool { dropsExtras && !owner.isKeptByOthers }

    /// Whether the plan makes the table.
    private func isMade(_ name: SQLName) -> Bool {
        differences.contains { if case .tableMissing(let table, _) = $0 { table.name == name } else { false } }
    }

    /// A view in a table's place holds no rows of its own. Nothing else makes room.
    mutating func nameRemedy(_ name: SQLName, expected: String, found: String) -> PlannedChange.Remedy {
        guard found == "view", expected == "table", plannedDependents(of: name).isEmpty, let table = desired.table(name)
        else { return .obstacles([.nameTaken]) }
        return .statements(
            ["DROP VIEW main.\(name.alwaysQuoted)", table.sql]
                + desired.indexes(on: name).filter { !self.found.has($0.name) }.map(\.sql),
            risk: .medium)
    }
}
