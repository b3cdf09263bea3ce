import HealKit
import HealModel

// Rows that would reference a row that does not exist.

extension ChangePlanner {
    /// What is true of the rows of a table that a foreign key would lead nowhere, once the plan so far is done; `nil` where
    /// only the proof can tell.
    ///
    /// A parent's column that nothing brings holds no value: SQLite itself is asked only about columns that are there, since it
    /// takes the names of others for errors, or for texts.
    /// - Parameters:
    ///   - own: the columns of the child as it will be.
    ///   - rows: its rows as they will be.
    mutating func orphans(
        _ key: ForeignKey, of child: SQLName, columns own: Set<SQLName>, rows: RowSource
    ) throws(MachineError) -> String? {
        let values = key.columns.map { "\(child.alwaysQuoted).\($0.alwaysQuoted)" }
        let set = values.map { "\($0) IS NOT NULL" }.joined(separator: " AND ")
        let isOwn = key.parent == child
        guard let parent = table(key.parent) else { return set }
        let keyColumns =
            key.parentColumns ?? desired.table(key.parent)?.primaryKey?.terms.map(\.column)
            ?? parent.primaryKey?.terms.map(\.column)
        guard let keyColumns, keyColumns.count == values.count else { return nil }
        let former = formerNames[key.parent] ?? [:]
        let there = Set(parent.columns.map(\.name))
        if keyColumns.allSatisfy(there.contains), !isOwn || formerNames[child] == nil {
            let pairs = zip(keyColumns, values).map { "parent.\((former[$0] ?? $0).alwaysQuoted) = \($1)" }
            return "\(set) AND NOT EXISTS (SELECT 1 FROM main.\(key.parent.alwaysQuoted) AS parent "
                + "WHERE \(pairs.joined(separator: " AND ")))"
        }
        let coming = (added[key.parent] ?? []).filter { !there.contains($0.column.name) }
        let columns = isOwn ? own : there.union(coming.map(\.column.name))
        guard keyColumns.allSatisfy(columns.contains) else { return set }
        let source = isOwn ? rows : source(key.parent, adding: coming)
        if !isOwn { leans[child, default: []].insert(key.parent) }
        let pairs = zip(keyColumns, values).map { "parent.\($0.alwaysQuoted) = \($1)" }
        return "\(set) AND NOT EXISTS (SELECT 1 FROM (SELECT * FROM \(source.sql)) AS parent "
            + "WHERE \(pairs.joined(separator: " AND ")))"
    }

    /// Parents before their children, as far as they do not reference each other in a circle.
    func parentsFirst(_ names: [SQLName]) -> [SQLName] {
        var order: [SQLName] = []
        var seen: Set<SQLName> = []
        func visit(_ name: SQLName) {
            guard seen.insert(name).inserted else { return }
            for key in desired.table(name)?.foreignKeys ?? [] where names.contains(key.parent) { visit(key.parent) }
            order.append(name)
        }
        names.forEach(visit)
        return order
    }
}
