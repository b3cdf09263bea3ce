import HealKit
import HealModel

extension ChangePlanner {
    /// The rebuild of a table as the manifest states it, with everything else that it has; or the rows in the way.
    /// - Parameters:
    ///   - current: as the table is when the rebuild begins.
    ///   - replaced: its indexes and triggers that are made differently than they are.
    ///   - dropping: columns that go.
    mutating func rebuildRemedy(
        _ desired: TableDefinition, _ current: TableDefinition, replaced: [SchemaObject], dropping: Set<SQLName>
    ) throws(MachineError) -> PlannedChange.Remedy {
        guard let target = TargetTable(desired, keeping: current, dropping: dropping) else {
            return .obstacles([.definedDifferently])
        }
        var rebuild = TableRebuild(
            current: current, target: target, backfills: self.desired.notes[desired.name]?.backfills ?? [:],
            temporary: unusedName(for: desired.name))
        let obstacles = try RowsInTheWay(of: rebuild).obstacles(&self)
        guard obstacles.isEmpty else { return .obstacles(obstacles) }
        var losses = try RowsInTheWay(of: rebuild).losses(&self)
        losses += dropping.sorted().map { "the column \($0.text.shown) goes" }

        let new = Dictionary(
            replaced.map { ("\($0.kind) \($0.name.key)", $0.sql) }, uniquingKeysWith: { first, _ in first })
        rebuild.dependents = plannedDependents(of: desired.name).filter { !$0.speaks(of: dropping) }
            .map { new["\($0.kind) \($0.name.key)"] ?? $0.sql }
        rebuild.dependents += try views(speakingOf: desired.name)
        rebuild.hasStatistics = try count("SELECT 1 FROM main.sqlite_schema WHERE name = 'sqlite_stat1'") != nil
        return .rewrite(
            PlannedChange.Rewrite(
                table: desired.name, statements: rebuild.statements, proofs: rebuild.proofs,
                risk: losses.isEmpty ? .medium : .high, losses: losses))
    }

    private func unusedName(for table: SQLName) -> SQLName {
        var name = SQLName("selfheal_new_\(table.text)")
        var number = 1
        while found.tableOrView(name) != nil || desired.stored.tableOrView(name) != nil || found.index(name) != nil {
            number += 1
            name = SQLName("selfheal_new\(number)_\(table.text)")
        }
        return name
    }

    /// Statements that fail unless the views that work now, and speak of the table, still do.
    private func views(speakingOf table: SQLName) throws(MachineError) -> [String] {
        let probe = CompileProbe(connection: connection)
        var statements: [String] = []
        for view in found.objects where view.kind == .view {
            let speaks = CodeDefinition.parse(view.sql)?.body.mentions(of: [table]).isEmpty == false
            if speaks, try probe.failure(of: view) == nil {
                statements.append("SELECT * FROM main.\(view.name.alwaysQuoted) LIMIT 0")
            }
        }
        return statements
    }
}

extension SchemaObject {
    /// Whether an index or trigger is about one of the columns.
    fileprivate func speaks(of columns: Set<SQLName>) -> Bool {
        guard kind == .index, !columns.isEmpty else { return false }
        return IndexDefinition.parse(sql, on: nil)?.mentions(of: Array(columns)).isEmpty == false
    }
}

/// Looks for rows that a rebuild would refuse or change: before the first change, and without showing their values.
private struct RowsInTheWay {
    let rebuild: TableRebuild
    private let target: TableDefinition
    private let current: TableDefinition
    private let sources: [TableRebuild.Source]

    init(of rebuild: TableRebuild) {
        self.rebuild = rebuild
        target = rebuild.target.definition
        current = rebuild.current
        sources = rebuild.sources
    }

    /// What is in the way whatever the risk.
    func obstacles(_ planner: inout ChangePlanner) throws(MachineError) -> [Obstacle] {
        guard try planner.hasRows(target.name) else { return [] }
        let source = source(&planner)
        var obstacles: [Obstacle] = []
        for (condition, phrase) in try conditions(&planner, source) {
            guard let rows = try planner.rows(of: source, where: condition) else { continue }
            obstacles.append(.rows(rows.count, rowids: rows.rowids, phrase: phrase))
        }
        for terms in keysToCheck {
            let pairs = terms.map { term in
                (
                    term.column.alwaysQuoted,
                    term.collation ?? target.column(term.column)?.collation ?? "binary" as String?
                )
            }
            if let duplicates = try planner.duplicates(of: pairs, in: source) { obstacles.append(duplicates) }
        }
        return obstacles
    }

    /// What a person must have accepted.
    func losses(_ planner: inout ChangePlanner) throws(MachineError) -> [String] {
        guard try planner.hasRows(target.name) else { return [] }
        let rows = planner.source(target.name, adding: notYetThere(&planner))
        var losses: [String] = []
        for source in sources {
            let name = source.column.name
            if let conversion = source.conversion {
                // Not of what fills it: that is stated.
                let condition = "selfheal_loss(\(name.alwaysQuoted), '\(conversion.rawValue)')"
                if let lost = try planner.rows(of: rows, where: condition) {
                    let obstacle = Obstacle.rows(
                        lost.count, rowids: lost.rowids,
                        phrase:
                            "would lose something of \(lost.count == 1 ? "its" : "their") value in \(name.text.shown)")
                    losses.append(obstacle.explanation)
                }
            }
            if let generated = source.column.generated, source.old != nil, source.old?.generated == nil {
                let condition = "\(name.alwaysQuoted) IS NOT (\(generated.expression.source))"
                if let lost = try planner.rows(of: rows, where: condition) {
                    let obstacle = Obstacle.rows(
                        lost.count, rowids: lost.rowids, phrase: "would get another value in \(name.text.shown)")
                    losses.append(obstacle.explanation)
                }
            }
        }
        return losses
    }

    // MARK: Rows as they will be

    /// Columns that the plan adds before and that are not there while it is made.
    private func notYetThere(_ planner: inout ChangePlanner) -> [MissingColumn] {
        let there = planner.table(target.name)
        return (planner.added[target.name] ?? []).filter { there?.column($0.column.name) == nil }
    }

    private func source(_ planner: inout ChangePlanner) -> RowSource {
        var source = planner.source(target.name, adding: notYetThere(&planner))
        var columns = sources.compactMap { source -> String? in
            let name = source.column.name.alwaysQuoted
            guard source.column.generated == nil else { return nil }
            guard let expression = source.expression else {
                return "\(MissingColumn(table: target.name, column: source.column).value) AS \(name)"
            }
            return source.storage.map { "selfheal_stored(\(expression), '\($0.rawValue)') AS \(name)" }
                ?? "\(expression) AS \(name)"
        }
        if let rowid = source.rowid { columns.insert("\(rowid) AS selfheal_rowid", at: 0) }
        source.sql = "(SELECT \(columns.joined(separator: ", ")) FROM \(source.sql)) AS \(target.name.alwaysQuoted)"
        for column in target.columns {
            guard let generated = column.generated else { continue }
            source.sql =
                "(SELECT *, (\(generated.expression.source)) AS \(column.name.alwaysQuoted) FROM \(source.sql)) "
                + "AS \(target.name.alwaysQuoted)"
        }
        if source.rowid != nil { source.rowid = "selfheal_rowid" }
        return source
    }

    // MARK: What rows may not be

    private func conditions(
        _ planner: inout ChangePlanner, _ rows: RowSource
    ) throws(MachineError) -> [(condition: String, phrase: String)] {
        var conditions: [(String, String)] = []
        for source in sources {
            let column = source.column
            let (name, shown) = (column.name.alwaysQuoted, column.name.text.shown)
            if target.rowidAlias == column.name {
                if source.old != nil, current.rowidAlias != column.name {
                    conditions.append(("typeof(\(name)) <> 'integer'", "hold no whole number in \(shown)"))
                }
                continue
            }
            if column.isNotNull, source.old?.isNotNull != true || source.conversion != nil {
                conditions.append(("\(name) IS NULL", "have no \(shown)"))
            }
            if target.isStrict, let types = Self.types[column.type.tokens.joined()],
                !current.isStrict || source.old?.type != column.type
            {
                conditions.append(
                    ("typeof(\(name)) NOT IN ('null', \(types))", "hold no \(column.type.source.shown) in \(shown)"))
            }
        }
        for check in target.checks where !current.checks.contains(check) || !isUnchanged(by: check) {
            conditions.append(("NOT (\(check.expression.source))", "break CHECK (\(check.expression.source.shown))"))
        }
        for key in target.foreignKeys where !current.foreignKeys.contains(key) {
            if let condition = try planner.orphans(
                key, of: target.name, columns: Set(target.columns.map(\.name)), rows: rows)
            {
                conditions.append((condition, "reference a row of \(key.parent.text.shown) that does not exist"))
            }
        }
        return conditions
    }

    /// What a STRICT column of a type may hold.
    private static let types = [
        "int": "'integer'", "integer": "'integer'", "real": "'real', 'integer'", "text": "'text'", "blob": "'blob'",
    ]

    private func isUnchanged(by check: CheckConstraint) -> Bool {
        let changed = sources.filter { $0.conversion != nil || $0.old?.collation != $0.column.collation }.map(
            \.column.name)
        return check.expression.mentions(of: changed).isEmpty
    }

    /// Keys that are new, or whose columns compare differently than before.
    private var keysToCheck: [[KeyTerm]] {
        var keys = target.uniqueKeys.map { (terms: $0.terms, isNew: !current.uniqueKeys.contains($0)) }
        if let key = target.primaryKey {
            keys.append((key.terms, key.terms.map(\.column) != current.primaryKey?.terms.map(\.column)))
        }
        let changed = Set(
            sources.filter { $0.conversion != nil || $0.old?.collation != $0.column.collation }.map(\.column.name))
        return keys.filter { $0.isNew || $0.terms.contains { changed.contains($0.column) } }.map(\.terms)
            .filter { terms in !(terms.count == 1 && isFreshRowid(terms[0].column)) }
    }

    /// A column that takes over the rowid, which is unique.
    private func isFreshRowid(_ column: SQLName) -> Bool {
        target.rowidAlias == column && current.column(column) == nil
    }
}
