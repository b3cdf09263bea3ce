import HealModel

// What must have happened before a change can be made.

extension ChangePlanner {
    /// The changes that one needs, by their place in the plan.
    func requirements(of index: Int, in changes: [PlannedChange]) -> [Int] {
        let change = changes[index]
        let others = changes.indices.filter { $0 != index }
        switch change.difference {
        case .indexMissing(let wanted), .indexDiffers(let wanted, _):
            return others.filter { other in
                if case .tableMissing(let table, _) = changes[other].difference { return table.name == wanted.table }
                return changes[other].makes(oneOf: wanted.table) { !wanted.mentions(of: [$0]).isEmpty }
            }
        case .columnMissing(let missing) where !change.isRewrite:
            return others.filter { changes[$0].makes(oneOf: missing.table) { !missing.needs(of: [$0]).isEmpty } }
        case .columnMissing, .columnDiffers, .tableDiffers:
            guard let table = change.difference.rebuiltTable else { return [] }
            let parents = leans[table] ?? []
            // The rebuild copies what the plan has added and renamed by then.
            return others.filter { other in
                !changes[other].isRewrite && changes[other].makes(oneOf: table) { _ in true }
                    || parents.contains { changes[other].makes(oneOf: $0) { _ in true } }
            }
        case .viewMissing(let code), .viewDiffers(let code, _), .triggerMissing(let code), .triggerDiffers(let code, _):
            return others.filter { other in
                switch changes[other].difference {
                case .tableMissing(let table, _): code.speaks(of: table.name)
                case .virtualTableMissing(let table): code.speaks(of: table.name)
                // A trigger that stands in for writing to it. A view can be made before what it speaks of.
                case .viewMissing(let view), .viewDiffers(let view, _): code.table == view.name
                default:
                    changes[other].table.map { table in
                        code.speaks(of: table)
                            && changes[other].makes(oneOf: table) { !code.body.mentions(of: [$0]).isEmpty }
                    } ?? false
                }
            }
        case .pragmaDiffers("user_version", _, _):
            // A version says that the whole schema is there.
            return others.filter { other in
                switch changes[other].difference {
                case .pragmaDiffers, .extra: false
                default: true
                }
            }
        case .extra(let extra) where extra.kind == .column:
            return others.filter { changes[$0].isRewrite && changes[$0].table == extra.table && !changes[$0].isExtra }
        case .extra(let extra) where extra.kind == .table:
            // A table that references it must have been rebuilt without that.
            return others.filter { other in
                guard changes[other].isRewrite, let child = changes[other].table else { return false }
                return found.table(child)?.foreignKeys.contains { $0.parent == extra.name } == true
            }
        default: return []
        }
    }

    /// What fails while something that the plan makes before is not there.
    func guards(for difference: SchemaDifference, after changes: [PlannedChange]) -> [String] {
        switch difference {
        case .indexMissing(let index):
            return guards(index.table, index.mentions(of: (added[index.table] ?? []).map(\.column.name)))
        case .columnMissing(let missing):
            return guards(missing.table, missing.needs(of: Set((added[missing.table] ?? []).map(\.column.name))))
        case .pragmaDiffers:
            // A version says that the whole schema is there.
            return changes.flatMap { change -> [String] in
                switch change.difference {
                case .tableMissing(let table, _): guards(table.name, table.columns.prefix(1).map(\.name))
                case .columnMissing(let missing): guards(missing.table, [missing.column.name])
                default: []
                }
            }
        default: return []
        }
    }

    private func guards(_ table: SQLName, _ columns: [SQLName]) -> [String] {
        columns.map { "SELECT \(table.alwaysQuoted).\($0.alwaysQuoted) FROM main.\(table.alwaysQuoted) LIMIT 0" }
    }
}

extension PlannedChange {
    fileprivate var isExtra: Bool {
        if case .extra = difference { true } else { false }
    }

    /// The table whose columns it is about.
    fileprivate var table: SQLName? {
        switch difference {
        case .columnMissing(let missing): missing.table
        case .columnRenamed(let rename): rename.table
        case .columnDiffers(let table, _, _), .tableDiffers(let table, _): table
        case .extra(let extra): extra.table
        default: nil
        }
    }

    /// Whether a column comes with it that is wanted.
    fileprivate func makes(oneOf table: SQLName, _ isWanted: (SQLName) -> Bool) -> Bool {
        switch difference {
        case .columnMissing(let missing): missing.table == table && isWanted(missing.column.name)
        case .columnRenamed(let rename): rename.table == table && isWanted(rename.new)
        default: false
        }
    }
}

extension CodeDefinition {
    fileprivate func speaks(of table: SQLName) -> Bool {
        self.table == table || !body.mentions(of: [table]).isEmpty
    }
}
