import HealKit
import HealModel

extension ChangePlanner {
    /// ALTER TABLE … ADD COLUMN, where SQLite takes it for this table and these rows and no harm comes of it.
    mutating func columnRemedy(_ missing: MissingColumn) throws(MachineError) -> PlannedChange.Remedy {
        let obstacles = try obstacles(to: missing)
        guard obstacles.isEmpty else {
            unavailable[missing.table, default: []].insert(missing.column.name)
            return .obstacles(obstacles)
        }
        added[missing.table, default: []].append(missing)
        var statements = ["ALTER TABLE \(missing.table.quoted) ADD COLUMN \(missing.text)"]
        if let backfill = missing.backfill, try hasRows(missing.table) {
            statements.append("UPDATE \(missing.table.quoted) SET \(missing.column.name.quoted) = \(backfill)")
        }
        return .statements(statements, risk: .low)
    }

    private mutating func obstacles(to missing: MissingColumn) throws(MachineError) -> [Obstacle] {
        guard missing.obstacles.isEmpty, let table = table(missing.table) else { return missing.obstacles }
        if let wanted = missing.needs(of: unavailable[missing.table] ?? []).first {
            return [.waits(for: "the column \(wanted)")]
        }
        let column = missing.column
        let type = column.type.tokens.joined(separator: " ")
        if table.isStrict, !Self.strictTypes.contains(type) { return [.typeInStrictTable(column.type.source)] }
        guard try hasRows(missing.table) else { return [] }
        var obstacles = column.generated == nil ? obstaclesOfDefault(missing, in: table) : []
        if column.generated?.isStored == true { obstacles.append(.storedGenerated) }
        guard obstacles.isEmpty else { return obstacles }

        let others = added[missing.table] ?? []
        let fresh = source(missing.table, adding: others + [missing.withoutBackfill])
        if column.generated != nil, column.isNotNull,
            let rows = try rows(of: fresh, where: "\(column.name.alwaysQuoted) IS NULL")
        {
            obstacles.append(.notNullFails(rows: rows.count))
        }
        if !missing.checks.isEmpty {
            let broken = missing.checks.map { "NOT (\($0.expression.source))" }.joined(separator: " OR ")
            // SQLite looks at the default first, whatever comes in its place.
            if let rows = try rows(of: fresh, where: broken) {
                obstacles.append(.checkFails(rows: rows.count))
            } else if missing.backfill != nil,
                let rows = try rows(of: source(missing.table, adding: others + [missing]), where: broken)
            {
                obstacles.append(.checkFails(rows: rows.count))
            }
        }
        return obstacles + (try obstaclesOfBackfill(missing, others))
    }

    private mutating func obstaclesOfBackfill(
        _ missing: MissingColumn, _ others: [MissingColumn]
    ) throws(MachineError) -> [Obstacle] {
        guard missing.backfill != nil else { return [] }
        var obstacles: [Obstacle] = []
        let triggers = updateTriggers(of: missing)
        if !triggers.isEmpty { obstacles.append(.backfillFiresTriggers(triggers)) }
        let source = source(missing.table, adding: others + [missing])
        let columns = Set(((table(missing.table)?.columns ?? []) + (others + [missing]).map(\.column)).map(\.name))
        for key in missing.foreignKeys {
            let condition = try orphans(key, of: missing.table, columns: columns, rows: source)
            guard let condition else { continue }
            if let rows = try rows(of: source, where: condition) { obstacles.append(.orphans(rows: rows.count)) }
        }
        return obstacles
    }

    private func obstaclesOfDefault(_ missing: MissingColumn, in table: TableDefinition) -> [Obstacle] {
        let column = missing.column
        guard let value = column.defaultValue else { return column.isNotNull ? [.notNullWithoutDefault] : [] }
        if !value.isConstant { return [.defaultNotConstant] }
        if !missing.foreignKeys.isEmpty { return [.referencesWithDefault] }
        // SQLite takes a default of the wrong type, and then calls the table damaged.
        if table.isStrict, !value.fits(strictType: column.type.tokens.first ?? "any") {
            return [.defaultOfWrongType(column.type.source)]
        }
        // As the table is and as it is to be: one that becomes STRICT keeps ANY otherwise.
        let tables = [table, desired.table(missing.table)].compactMap { $0 }
        return tables.allSatisfy { value.isAddedAlike(to: $0.storage(of: column)) } ? [] : [.defaultStoredOtherwise]
    }

    private func updateTriggers(of missing: MissingColumn) -> [SQLName] {
        found.objects.filter { object in
            guard object.kind == .trigger, object.table == missing.table,
                let tokens = CodeDefinition.parse(object.sql)?.body.tokens
            else { return false }
            let head = tokens.prefix { $0 != "begin" }
            guard let update = head.firstIndex(of: "update") else { return false }
            guard update + 1 < head.endIndex, head[update + 1] == "of" else { return true }
            return head[(update + 2)...].prefix { $0 != "on" }.contains(missing.column.name.folded)
        }.map(\.name)
    }

    /// The types that a STRICT table knows.
    static let strictTypes: Set<String> = ["int", "integer", "real", "text", "blob", "any"]
}

extension MissingColumn {
    /// What stands behind ADD COLUMN: the definition, and what the manifest says of the column behind all columns.
    var text: String {
        var text = column.name.quoted
        if !column.definition.isEmpty { text += " " + column.definition }
        for key in foreignKeys where key.owner.column != column.name { text += " " + key.references }
        for check in checks where check.owner.column != column.name { text += " " + check.text }
        return text
    }

    /// Which of these columns its definition speaks of.
    func needs(of columns: Set<SQLName>) -> [SQLName] {
        let others = columns.subtracting([column.name]).sorted()
        var needs = checks.flatMap { $0.expression.mentions(of: others) }
        if let generated = column.generated { needs += generated.expression.mentions(of: others) }
        return needs
    }

    /// As ALTER TABLE leaves it.
    fileprivate var withoutBackfill: MissingColumn {
        var column = self
        column.backfill = nil
        return column
    }

    /// What rows that exist get, as an SQL expression with the column's affinity and collation where it can have them.
    var value: String {
        if let generated = column.generated { return "(\(generated.expression.source))" }
        if let backfill { return "(\(backfill))" }
        let literal = column.defaultValue?.literal ?? "NULL"
        let isStoredAsIs = column.defaultValue.map { !$0.isCast(to: column.affinity) } ?? false
        let value = isStoredAsIs ? literal : "CAST(\(literal) AS \(column.affinity.castType))"
        return value + (column.collation.map { " COLLATE \(SQLName($0).alwaysQuoted)" } ?? "")
    }
}

extension Affinity {
    /// A type that CAST understands, whatever words the declaration uses.
    fileprivate var castType: String { rawValue.uppercased() }
}

extension DefaultValue {
    /// Whether CAST to the affinity does the same as storing in a column that has it.
    fileprivate func isCast(to affinity: Affinity) -> Bool {
        switch affinity {
        case .integer, .numeric: form == .integer || (form == .text && isWholeNumberText)
        case .real: form == .integer || form == .real || (form == .text && isWholeNumberText)
        case .text: form == .text || form == .integer
        case .blob: form == .blob
        }
    }

    /// Whether a column of a STRICT table takes the value.
    func fits(strictType: String) -> Bool {
        switch strictType {
        case "any": true
        case "int", "integer": form == .integer || (form == .text && isWholeNumberText)
        case "real": form == .integer || form == .real || (form == .text && isWholeNumberText)
        case "text": form != .blob
        case "blob": form == .blob
        default: false
        }
    }

    private var isWholeNumberText: Bool {
        let digits = literal.utf8.dropFirst().dropLast()
        return !digits.isEmpty && digits.count < 18 && digits.allSatisfy(\.isDigit)
    }
}
