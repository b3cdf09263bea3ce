import HealKit
import HealModel

/// Brings tables back to the definition that they had before a run.
struct TableInverses {
    private let performed: [SQLText]
    private let renamed: StoredSchema
    private let connection: any SQLConnection
    /// What stays of the schema while tables are changed.
    private let kept: StoredSchema

    private(set) var statements: [String] = []
    private(set) var proofs: [Proof] = []
    private(set) var refusals: [String] = []

    init(performed: [String], open: [InversePlan.Change], renamed: StoredSchema, connection: any SQLConnection) {
        self.performed = performed.map(SQLText.init)
        self.renamed = renamed
        self.connection = connection
        kept = StoredSchema(
            renamed.objects.filter { object in
                object.kind == .table || !open.contains { $0.kind == object.kind && $0.name == object.name }
            })
    }

    /// - Parameter renames: what is done to the table's columns before.
    mutating func plan(
        _ before: SchemaObject, _ after: SchemaObject, renames: [ColumnRename]
    ) throws(MachineError) {
        let name = before.name.text.shown
        guard !before.isVirtual, !after.isVirtual, let old = TableParser.parse(before.sql),
            let current = renamed.table(before.name)
        else {
            refusals.append("the run rebuilt the table \(name), and only the backup can bring it back")
            return
        }
        let gone = old.columns.filter { current.column($0.name) == nil }
        guard gone.isEmpty else {
            let names = gone.map(\.name.text.shown).joined(separator: ", ")
            refusals.append("the run dropped \(names) of table \(name), and the values are only in the backup")
            return
        }
        let added = current.columns.filter { old.column($0.name) == nil }
        for column in added { try guardValues(of: column, in: current) }
        guardFilledIn(old, current)
        guard refusals.isEmpty else { return }
        if !renames.isEmpty, added.isEmpty, renamed.means(before, asIn: renamed.tableOrView(before.name), of: renamed) {
            return
        }
        if isAdditionOnly(before, old, current, added) {
            let list = old.columns.filter { $0.generated == nil }.map(\.name)
            proofs += Self.proofs(of: old, as: current, columns: list)
            statements += added.reversed().map {
                "ALTER TABLE main.\(old.name.alwaysQuoted) DROP COLUMN \($0.name.alwaysQuoted)"
            }
            return
        }
        try rebuild(old, current, added, renames)
    }

    /// Whether the columns alone make the difference, and SQLite can drop each.
    private func isAdditionOnly(
        _ before: SchemaObject, _ old: TableDefinition, _ current: TableDefinition, _ added: [ColumnDefinition]
    ) -> Bool {
        let names = Set(added.map(\.name))
        let tied =
            current.uniqueKeys.contains { $0.terms.contains { names.contains($0.column) } }
            || current.primaryKey?.terms.contains { names.contains($0.column) } == true
            || current.foreignKeys.contains { $0.columns.contains(where: names.contains) }
            || current.checks.contains { !$0.expression.mentions(of: names).isEmpty }
        guard !added.isEmpty, !tied else { return false }
        let alone = DesiredSchema(StoredSchema([before]))
        return SchemaComparison(desired: alone, found: renamed).differences().isEmpty
    }

    private mutating func rebuild(
        _ old: TableDefinition, _ current: TableDefinition, _ added: [ColumnDefinition], _ renames: [ColumnRename]
    ) throws(MachineError) {
        let desired = DesiredSchema(
            StoredSchema([
                SchemaObject(
                    kind: .table, name: old.name.text, table: old.name.text, sql: old.sql)
            ]))
        var planner = ChangePlanner(desired: desired, found: kept, connection: connection, renames: renames)
        let remedy = try planner.rebuildRemedy(old, current, replaced: [], dropping: Set(added.map(\.name)))
        let name = old.name.text.shown
        switch remedy {
        case .rewrite(let rewrite):
            // Those of the added columns hold nothing that the run had not put there.
            let losses = rewrite.losses.dropLast(added.count)
            guard losses.isEmpty else {
                refusals += losses.map { "in table \(name) \($0)" }
                return
            }
            statements += rewrite.statements
            proofs += rewrite.proofs
        case .obstacles(let obstacles):
            refusals += obstacles.map { "table \(name) cannot be brought back: \($0.explanation)" }
        case .statements, .journalMode: break
        }
    }

    // MARK: What the run put there

    /// A column that the run added may hold what the run put there, or what its default gives, and nothing else.
    private mutating func guardValues(
        of column: ColumnDefinition, in table: TableDefinition
    ) throws(MachineError) {
        guard column.generated == nil else { return }
        let name = column.name.alwaysQuoted
        // The number that a row has anyway.
        if table.rowidAlias == column.name { return }
        var conditions = ["\(name) IS (\(MissingColumn(table: table.name, column: column).value))"]
        if let filled = filling(of: column.name, in: table.name) { conditions.append("\(name) IS (\(filled))") }
        let query =
            "SELECT count(*) FROM main.\(table.name.alwaysQuoted) WHERE NOT (\(conditions.joined(separator: " OR ")))"
        let rows: Int64
        do throws(MachineError) {
            rows = try connection.rows(query).first?.first?.integer ?? 0
        } catch {
            // What filled it speaks of what is no longer there.
            _ = try error.sqlMessage
            rows =
                try connection.rows("SELECT count(*) FROM main.\(table.name.alwaysQuoted)").first?.first?.integer ?? 0
        }
        if rows > 0 {
            refusals.append(
                "\(InversePlan.count(rows)) of table \(table.name.text.shown) \(rows == 1 ? "has a value" : "have values") "
                    + "in \(column.name.text.shown) that the run did not put there")
        }
    }

    /// The expression that the run filled a column with, other than its default.
    private func filling(of column: SQLName, in table: SQLName) -> String? {
        for text in performed {
            var cursor = SQLCursor(text)
            if cursor.take("update"), cursor.name() == table, cursor.take("set"), cursor.name() == column,
                cursor.kind == .operator
            {
                cursor.skip()
                return text.oneLine(cursor.index..<cursor.end)
            }
            if let expression = copied(column, of: table, by: text) { return expression }
        }
        return nil
    }

    /// From `INSERT INTO new (columns) SELECT expressions FROM main.table`, of a rebuild.
    private func copied(_ column: SQLName, of table: SQLName, by text: SQLText) -> String? {
        var cursor = SQLCursor(text)
        guard cursor.take("insert"), cursor.take("into"), cursor.name() != nil, let into = cursor.parenthesised(),
            cursor.take("select"), cursor.end >= cursor.index + 4
        else { return nil }
        // `FROM main.table` at the end.
        let tail = cursor.end - 4
        var source = SQLCursor(text, tail..<cursor.end)
        guard source.take("from"), source.qualifiedName() == table else { return nil }
        let names = SQLCursor.parts(of: into, in: text).map { SQLName(text.name($0.lowerBound)) }
        let values = SQLCursor.parts(of: cursor.index..<tail, in: text)
        guard names.count == values.count, let index = names.firstIndex(of: column) else { return nil }
        return text.oneLine(values[index])
    }

    /// Where NULLs were filled in, only the backup knows which.
    private mutating func guardFilledIn(_ old: TableDefinition, _ current: TableDefinition) {
        for column in old.columns where !column.isNotNull && current.column(column.name)?.isNotNull == true {
            for text in performed {
                guard let expression = copied(column.name, of: old.name, by: text),
                    expression.lowercased().hasPrefix("coalesce")
                else { continue }
                refusals.append(
                    "the run filled in \(column.name.text.shown) of table \(old.name.text.shown) where it had no value, and "
                        + "only the backup knows where")
                return
            }
        }
    }

    /// - Parameter current: as the table is before; a column that goes may be called rowid.
    private static func proofs(
        of table: TableDefinition, as current: TableDefinition, columns: [SQLName]
    ) -> [Proof] {
        var proofs: [Proof] = []
        var rest = columns[...]
        repeat {
            let part = rest.prefix(100)
            rest = rest.dropFirst(100)
            let queries = [current, table].map { definition in
                let key = definition.rowidName.map { [$0] } ?? []
                let terms = (key + part.map(\.alwaysQuoted)).joined(separator: ", ")
                return "SELECT selfheal_digest(\(terms)) FROM main.\(table.name.alwaysQuoted)"
            }
            let shown = ((table.rowidName == nil ? [] : ["rowid"]) + part.map(\.text.shown)).joined(separator: ", ")
            proofs.append(
                Proof("rows of \(table.name.text.shown) (\(shown))", before: queries[0], after: queries[1]))
        } while !rest.isEmpty
        return proofs
    }
}
