import HealKit
import HealModel

/// Finds what heals each difference, or why nothing does. Looks at rows only where it depends on them, and changes
/// nothing.
public struct ChangePlanner {
    let desired: DesiredSchema
    /// As it is once columns have the names that the manifest states.
    let found: StoredSchema
    let connection: any SQLConnection
    let dropsExtras: Bool
    private let refusals: [ColumnRename: String]

    private var tables: [SQLName: TableDefinition] = [:]
    private var tablesWithRows: [SQLName: Bool] = [:]
    private(set) var differences: [SchemaDifference] = []
    /// Columns that the plan adds, by table, in order.
    var added: [SQLName: [MissingColumn]] = [:]
    /// Columns that are missing and stay so.
    var unavailable: [SQLName: Set<SQLName>] = [:]
    /// From the names that columns will have to those they have now, by table.
    private(set) var formerNames: [SQLName: [SQLName: SQLName]] = [:]
    /// Tables whose rebuild counts on columns that another table gets before it.
    var leans: [SQLName: Set<SQLName>] = [:]
    /// What drops the columns of a table that the manifest does not name.
    var droppedColumns: [SQLName: PlannedChange.Remedy] = [:]
    /// Tables as the plan leaves them so far.
    private var planned: [SQLName: TableDefinition] = [:]
    /// Indexes and triggers as the plan leaves them so far.
    private var dependents: [SchemaObject]
    private var rewrites: [SQLName: PlannedChange.Remedy] = [:]

    /// - Parameters:
    ///   - found: what the database holds, with the names that columns have after `renames`.
    ///   - renames: the renames that differences speak of, with those that SQLite refuses.
    ///   - dropsExtras: whether what the manifest does not name is to go.
    public init(
        desired: DesiredSchema, found: StoredSchema, connection: any SQLConnection, renames: [ColumnRename] = [],
        refusals: [ColumnRename: String] = [:], dropsExtras: Bool = false
    ) {
        self.desired = desired
        self.found = found
        self.connection = connection
        self.refusals = refusals
        self.dropsExtras = dropsExtras
        dependents = found.objects.filter { $0.kind == .index || $0.kind == .trigger }
        for rename in renames where refusals[rename] == nil {
            formerNames[rename.table, default: [:]][rename.new] = rename.old
        }
    }

    /// - Parameter differences: in the order in which they are to be healed.
    public mutating func plan(_ differences: [SchemaDifference]) throws(MachineError) -> [PlannedChange] {
        let (early, late) = inOrder(differences)
        self.differences = early + late
        var changes: [PlannedChange] = []
        for difference in early { try plan(difference, &changes) }
        try planRebuilds(&changes)
        for difference in late { try plan(difference, &changes) }
        for index in changes.indices where changes[index].obstacles.isEmpty {
            changes[index].requires = requirements(of: index, in: changes)
        }
        let isComplete = changes.allSatisfy { change in
            switch change.difference {
            case .pragmaDiffers, .extra: true
            default: change.obstacles.isEmpty
            }
        }
        guard !isComplete else { return changes }
        // A version says that the whole schema is there.
        return changes.map { change in
            guard case .pragmaDiffers("user_version", _, _) = change.difference else { return change }
            return PlannedChange(change.difference, .obstacles([.waits(for: "the rest of the schema")]))
        }
    }

    private mutating func plan(
        _ difference: SchemaDifference, _ changes: inout [PlannedChange]
    ) throws(MachineError) {
        var change = PlannedChange(difference, try remedy(for: difference))
        if !change.statements.isEmpty { change.guards = guards(for: difference, after: changes) }
        changes.append(change)
    }

    private mutating func remedy(for difference: SchemaDifference) throws(MachineError) -> PlannedChange.Remedy {
        switch difference {
        case .tableMissing(let table, let indexes):
            note(indexes.map { SchemaObject(kind: .index, name: $0.name.text, table: table.name.text, sql: $0.sql) })
            return .statements([table.sql] + indexes.map(\.sql), risk: .low)
        case .virtualTableMissing(let code), .viewMissing(let code): return .statements([code.sql], risk: .low)
        case .triggerMissing(let code): return triggerRemedy(code)
        case .columnMissing(let column):
            guard let rename = refusedRename(of: column.table, to: column.column.name) else {
                return try columnRemedy(column)
            }
            unavailable[column.table, default: []].insert(column.column.name)
            return .obstacles([rename.obstacle])
        case .columnRenamed(let rename):
            if let refusal = refusals[rename] { return .obstacles([.renameRefused(refusal)]) }
            return .statements([rename.statement], risk: .medium)
        case .indexMissing(let index): return try indexRemedy(index)
        case .columnDiffers, .tableDiffers: return .obstacles([.definedDifferently])
        case .virtualTableDiffers(let code, let found): return try virtualTableRemedy(code, found: found)
        case .indexDiffers(let index, _): return try replacement(of: index)
        case .viewDiffers(let view, _): return replacement(ofView: view)
        case .triggerDiffers(let trigger, _): return replacement(ofTrigger: trigger)
        case .nameTaken(let name, let expected, let found): return nameRemedy(name, expected: expected, found: found)
        case .pragmaDiffers(let name, let expected, let found):
            return pragmaRemedy(name, expected: expected, found: found)
        case .newerApplication, .foreignApplication: return .obstacles([.foreignOwner])
        case .extra(let extra): return try extraRemedy(extra)
        }
    }

    /// A rename that SQLite does not make now. Until it does, nothing takes the column's place, and it does not go.
    func refusedRename(of table: SQLName, to new: SQLName? = nil) -> ColumnRename? {
        refusals.keys.filter { $0.table == table && (new == nil || $0.new == new) }.min { $0.new < $1.new }
    }

    // MARK: Tables that are rebuilt

    /// Everything that needs it is done to a table at once.
    private mutating func planRebuilds(_ changes: inout [PlannedChange]) throws(MachineError) {
        var names: [SQLName] = []
        for change in changes where change.obstacles.contains(where: \.needsRebuild) {
            guard let table = change.difference.rebuiltTable, !names.contains(table) else { continue }
            names.append(table)
        }
        names = parentsFirst(names)
        for name in names {
            guard let desired = desired.table(name), let current = planned(name) else { continue }
            if let rename = refusedRename(of: name) {
                for index in changes.indices
                where changes[index].difference.rebuiltTable == name && !changes[index].obstacles.isEmpty {
                    changes[index].remedy = .obstacles([rename.obstacle])
                }
                continue
            }
            let replaced = try replacedDependents(of: name)
            let dropping = columnsInTheWay(of: desired, current)
            let remedy = try rebuildRemedy(desired, current, replaced: replaced, dropping: dropping)
            var isRewrite = false
            if case .rewrite = remedy { isRewrite = true }
            for index in changes.indices
            where changes[index].difference.rebuiltTable == name && !changes[index].obstacles.isEmpty {
                // What waits for a column comes with it.
                guard isRewrite || changes[index].obstacles.contains(where: \.needsRebuild) else { continue }
                changes[index].remedy = remedy
                if case .columnMissing(let missing) = changes[index].difference, case .rewrite = remedy {
                    unavailable[name]?.remove(missing.column.name)
                    added[name, default: []].append(missing)
                }
            }
            guard isRewrite else { continue }
            rewrites[name] = remedy
            note(replaced)
            planned[name] = TargetTable(desired, keeping: current, dropping: dropping)?.definition
            if !dropping.isEmpty { droppedColumns[name] = remedy }
        }
        // A rebuild copies what is added before.
        let tables = changes.filter(\.isRewrite).compactMap(\.difference.rebuiltTable)
        let order = Dictionary(
            parentsFirst(tables).enumerated().map { ($1, $0) }, uniquingKeysWith: { first, _ in first })
        let rewrites = changes.filter(\.isRewrite).enumerated().sorted {
            let places = [$0, $1].map { $0.element.difference.rebuiltTable.flatMap { order[$0] } ?? -1 }
            return (places[0], $0.offset) < (places[1], $1.offset)
        }
        changes = changes.filter { !$0.isRewrite } + rewrites.map(\.element)
    }

    /// Indexes and triggers of a table that are defined differently, as they are to be: they are made again with it.
    private mutating func replacedDependents(of table: SQLName) throws(MachineError) -> [SchemaObject] {
        var replaced: [SchemaObject] = []
        for difference in differences {
            switch difference {
            case .indexDiffers(let index, _) where index.table == table && isThere(.index, index.name, on: table):
                guard case .statements = try replacement(of: index) else { continue }
                replaced.append(
                    SchemaObject(kind: .index, name: index.name.text, table: table.text, sql: index.sql))
            case .triggerDiffers(let trigger, _)
            where trigger.table == table && isThere(.trigger, trigger.name, on: table):
                replaced.append(
                    SchemaObject(kind: .trigger, name: trigger.name.text, table: table.text, sql: trigger.sql))
            default: break
            }
        }
        return replaced
    }

    /// Whether the database has an index or trigger of that name on the table, and not on another.
    func isThere(_ kind: SchemaObject.Kind, _ name: SQLName, on table: SQLName?) -> Bool {
        found.objects.contains { $0.kind == kind && $0.name == name && $0.table == table }
    }

    /// What heals an index or trigger that differs, where its table is rebuilt anyway and it is made again with it.
    func rewrite(of table: SQLName?, making sql: String) -> PlannedChange.Remedy? {
        guard let remedy = table.flatMap({ rewrites[$0] }), case .rewrite(let rewrite) = remedy,
            rewrite.statements.contains(where: { $0.hasSameBytes(as: sql) })
        else { return nil }
        return remedy
    }

    // MARK: The plan so far

    /// The table as the plan leaves it.
    mutating func planned(_ name: SQLName) -> TableDefinition? {
        if let table = planned[name] { return table }
        guard var table = table(name) else { return nil }
        for missing in added[name] ?? [] { table.add(missing) }
        return table
    }

    /// Takes note of indexes and triggers that the plan makes.
    mutating func note(_ objects: [SchemaObject]) {
        for object in objects {
            dependents.removeAll { $0.kind == object.kind && $0.name == object.name }
            dependents.append(object)
        }
    }

    /// Takes note of something that the plan drops.
    mutating func noteDropped(_ kind: SchemaObject.Kind, _ name: SQLName) {
        dependents.removeAll { $0.kind == kind && $0.name == name }
    }

    /// The indexes and triggers of a table or view as the plan leaves them, indexes first.
    func plannedDependents(of table: SQLName) -> [SchemaObject] {
        let own = dependents.filter { $0.table == table }
        return own.filter { $0.kind == .index } + own.filter { $0.kind == .trigger }
    }

    private mutating func triggerRemedy(_ trigger: CodeDefinition) -> PlannedChange.Remedy {
        if let owner = trigger.table {
            let exists = found.tableOrView(owner) != nil || desired.stored.tableOrView(owner) != nil
            guard exists else { return .obstacles([.waits(for: "the table or view \(owner)")]) }
            note([SchemaObject(kind: .trigger, name: trigger.name.text, table: owner.text, sql: trigger.sql)])
        }
        return .statements([trigger.sql], risk: .low)
    }

    private func pragmaRemedy(_ name: String, expected: String, found: String) -> PlannedChange.Remedy {
        switch PersistentPragma(rawValue: name) {
        // Rewrites what an application says of its data, and perhaps goes by.
        case .userVersion, .applicationID: .statements(["PRAGMA \(name) = \(expected)"], risk: .medium)
        case .journalMode:
            if let mode = JournalMode(rawValue: expected), let previous = JournalMode(rawValue: found) {
                .journalMode(mode, previous: previous)
            } else {
                .obstacles([.inUse("nobody keeps a database in that mode")])
            }
        case .encoding: .obstacles([.inUse("a database keeps the encoding that it was made with")])
        case .pageSize, .autoVacuum, nil:
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

extension SchemaDifference {
    /// The table that can be rebuilt to heal it.
    var rebuiltTable: SQLName? {
        switch self {
        case .columnMissing(let missing): missing.table
        case .columnDiffers(let table, _, _), .tableDiffers(let table, _): table
        default: nil
        }
    }

    /// Indexes and code are made on tables as they are to be.
    var comesAfterRebuilds: Bool {
        switch self {
        case .tableMissing, .virtualTableMissing, .columnMissing, .columnRenamed, .columnDiffers, .tableDiffers,
            .virtualTableDiffers, .nameTaken:
            false
        default: true
        }
    }
}

extension ColumnRename {
    /// Why something else is not done, when it is not made.
    var obstacle: Obstacle { .waits(for: "the column \(new.text.shown), which is still called \(old.text.shown),") }
}

extension TableDefinition {
    /// As ADD COLUMN leaves it.
    mutating func add(_ missing: MissingColumn) {
        columns.append(missing.column)
        checks += missing.checks
        foreignKeys += missing.foreignKeys
    }
}
