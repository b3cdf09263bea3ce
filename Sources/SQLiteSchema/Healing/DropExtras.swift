import HealKit
import HealModel

// What the manifest does not name, and is to go.

extension ChangePlanner {
    mutating func extraRemedy(_ extra: SchemaExtra) throws(MachineError) -> PlannedChange.Remedy {
        guard dropsExtras else { return .obstacles([.notAutomatic]) }
        switch extra.kind {
        case .column:
            guard let name = extra.table, let desired = desired.table(name), let current = planned(name) else {
                return .obstacles([.notAutomatic])
            }
            if let rename = refusedRename(of: name) { return .obstacles([rename.obstacle]) }
            // All of a table's go at once.
            if let remedy = droppedColumns[name] { return remedy }
            let names = Set(current.columns.map(\.name)).subtracting(desired.columns.map(\.name))
            let remedy = try rebuildRemedy(desired, current, replaced: [], dropping: names)
            droppedColumns[name] = remedy
            return remedy
        case .table, .view, .index, .trigger:
            if extra.kind == .table {
                let children = try children(of: extra.name)
                if !children.isEmpty { return .obstacles([.referenced(by: children)]) }
            }
            if let kind = SchemaObject.Kind(rawValue: extra.kind.rawValue) { noteDropped(kind, extra.name) }
            return .statements(
                ["DROP \(extra.kind.rawValue.uppercased()) main.\(extra.name.alwaysQuoted)"], risk: .high)
        }
    }

    /// Tables that stay, and reference one that goes as the plan leaves them: nothing could be written to them any more.
    private mutating func children(of parent: SQLName) throws(MachineError) -> [SQLName] {
        var children: [SQLName] = []
        for object in found.objects where object.kind == .table && desired.stored.tableOrView(object.name) != nil {
            var table = planned(object.name)
            // Without the columns that go with it.
            if case .rewrite = droppedColumns[object.name], let current = table,
                let desired = desired.table(object.name)
            {
                let names = Set(current.columns.map(\.name)).subtracting(desired.columns.map(\.name))
                table = TargetTable(desired, keeping: current, dropping: names)?.definition
            }
            if table?.foreignKeys.contains(where: { $0.parent == parent }) == true { children.append(object.name) }
        }
        return children
    }

    // MARK: What is in the way of a STRICT table

    /// All columns of a table that the manifest does not name, where they are to go and the table cannot become STRICT before
    /// one of them has gone.
    func columnsInTheWay(of desired: TableDefinition, _ current: TableDefinition) -> Set<SQLName> {
        guard dropsExtras, desired.isStrict, !current.isStrict else { return [] }
        let unnamed = current.columns.filter { desired.column($0.name) == nil }
        let isInTheWay = unnamed.contains { !Self.strictTypes.contains($0.type.tokens.joined(separator: " ")) }
        return isInTheWay ? Set(unnamed.map(\.name)) : []
    }

    /// The differences with the indexes, views and triggers that are to go before the rebuilds, where one of these drops
    /// columns: they may speak of them.
    func inOrder(_ differences: [SchemaDifference]) -> (early: [SchemaDifference], late: [SchemaDifference]) {
        let dropsEarly = differences.contains { difference in
            guard case .extra(let extra) = difference, extra.kind == .column, let name = extra.table,
                let desired = desired.table(name), let current = found.table(name)
            else { return false }
            return !columnsInTheWay(of: desired, current).isEmpty
        }
        let isEarly = { (difference: SchemaDifference) in
            !difference.comesAfterRebuilds || dropsEarly && difference.isExtraCode
        }
        return (differences.filter(isEarly), differences.filter { !isEarly($0) })
    }
}

extension SchemaDifference {
    fileprivate var isExtraCode: Bool {
        guard case .extra(let extra) = self else { return false }
        return [.index, .view, .trigger].contains(extra.kind)
    }
}
