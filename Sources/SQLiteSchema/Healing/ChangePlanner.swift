import HealKit
import HealModel

/// Finds what heals each difference, or why nothing does. Looks at rows only where it depends on them, and changes
/// nothing.
public struct ChangePlanner {
    let desired: DesiredSchema
    let found: StoredSchema
    let connection: any SQLConnection

    private var tables: [SQLName: TableDefinition] = [:]
    private var tablesWithRows: [SQLName: Bool] = [:]
    /// Columns that the plan adds, by table, in order.
    var added: [SQLName: [MissingColumn]] = [:]
    /// Columns that are missing and stay so.
    var unavailable: [SQLName: Set<SQLName>] = [:]

    public init(desired: DesiredSchema, found: StoredSchema, connection: any SQLConnection) {
        self.desired = desired
        self.found = found
        self.connection = connection
    }

    /// - Parameter differences: in the order in which they are to be healed.
    public mutating func plan(_ differences: [SchemaDifference]) throws(MachineError) -> [PlannedChange] {
        var changes: [PlannedChange] = []
        for difference in differences {
            var change = PlannedChange(difference, try remedy(for: difference))
            if !change.statements.isEmpty { change.guards = guards(for: difference, after: changes) }
            changes.append(change)
        }
        let isComplete = changes.allSatisfy { change in
            if case .pragmaDiffers = change.difference { true } else { change.obstacles.isEmpty }
        }
        guard !isComplete else { return changes }
        // A version says that the whole schema is there.
        return changes.map { change in
            guard case .pragmaDiffers("user_version", _, _) = change.difference else { return change }
            return PlannedChange(change.difference, .obstacles([.waits(for: "the rest of the schema")]))
        }
    }

    private mutating func remedy(for difference: SchemaDifference) throws(MachineError) -> PlannedChange.Remedy {
        switch difference {
        case .tableMissing(let table, let indexes): .statements([table.sql] + indexes.map(\.sql), risk: .low)
        case .virtualTableMissing(let code), .viewMissing(let code): .statements([code.sql], risk: .low)
        case .triggerMissing(let code): triggerRemedy(code)
        case .columnMissing(let column): try columnRemedy(column)
        case .indexMissing(let index): try indexRemedy(index)
        case .columnDiffers, .tableDiffers, .virtualTableDiffers: .obstacles([.definedDifferently])
        case .indexDiffers, .viewDiffers, .triggerDiffers: .obstacles([.mustBeReplaced])
        case .nameTaken: .obstacles([.nameTaken])
        case .pragmaDiffers(let name, let expected, _): pragmaRemedy(name, expected: expected)
        case .newerApplication, .foreignApplication: .obstacles([.foreignOwner])
        case .extra: .obstacles([.notAutomatic])
        }
    }

    /// What fails while something that the plan makes before is not there.
    private func guards(for difference: SchemaDifference, after changes: [PlannedChange]) -> [String] {
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

    private func triggerRemedy(_ trigger: CodeDefinition) -> PlannedChange.Remedy {
        guard let owner = trigger.table else { return .statements([trigger.sql], risk: .low) }
        let exists = found.tableOrView(owner) != nil || desired.stored.tableOrView(owner) != nil
        return exists
            ? .statements([trigger.sql], risk: .low) : .obstacles([.waits(for: "the table or view \(owner)")])
    }

    private func pragmaRemedy(_ name: String, expected: String) -> PlannedChange.Remedy {
        switch PersistentPragma(rawValue: name) {
        // Rewrites what an application says of its data, and perhaps goes by.
        case .userVersion, .applicationID: .statements(["PRAGMA \(name) = \(expected)"], risk: .medium)
        case .journalMode: .obstacles([.inUse("it can only be changed while nobody else uses the database")])
        default:
            .obstacles([
                .inUse("it only takes effect in a new file, or with VACUUM while nobody else uses the database")
            ])
        }
    }

    // MARK: What the found database holds

    mutating func table(_ name: SQLName) -> TableDefinition? {
        if let table = tables[name] { return table }
        let table = found.table(name)
        tables[name] = table
        return table
    }

    mutating func hasRows(_ table: SQLName) throws(MachineError) -> Bool {
        if let known = tablesWithRows[table] { return known }
        let rows = try connection.rows("SELECT EXISTS(SELECT 1 FROM main.\(table.alwaysQuoted))")
        let hasRows = rows.first?.first?.integer != 0
        tablesWithRows[table] = hasRows
        return hasRows
    }

    /// The table as a source of rows, with the columns that the plan adds.
    func source(_ table: SQLName, adding columns: [MissingColumn]) -> String {
        let name = table.alwaysQuoted
        var source = "main.\(name) AS \(name)"
        for column in columns {
            source = "(SELECT *, \(column.value) AS \(column.column.name.alwaysQuoted) FROM \(source)) AS \(name)"
        }
        return source
    }

    /// A number from the database; `nil` when SQLite cannot even compile the question, so that the answer stays open.
    func count(_ sql: String) throws(MachineError) -> Int64? {
        do throws(MachineError) {
            return try connection.rows(sql).first?.first?.integer
        } catch {
            guard case .database(_, .sql) = error else { throw error }
            return nil
        }
    }
}
