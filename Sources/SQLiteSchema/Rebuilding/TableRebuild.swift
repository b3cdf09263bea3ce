import HealModel

/// A table that is made anew under another name, with its rows, and then takes its own name
/// (<https://sqlite.org/lang_altertable.html#otheralter>).
///
/// The old table is dropped and the new one renamed, not the other way round: renaming the old one would take other tables'
/// references along. Foreign keys are off, so that nothing is cascaded away.
struct TableRebuild {
    /// As the table is when the rebuild begins.
    let current: TableDefinition
    let target: TargetTable
    /// From a column to an SQL expression, for rows that have no value there.
    let backfills: [SQLName: String]
    /// A name that nothing has.
    let temporary: SQLName
    /// The statements that make the table's indexes and triggers again.
    var dependents: [String] = []
    /// Whether SQLite keeps statistics of tables here, which are lost with a table that is dropped.
    var hasStatistics = false

    var name: SQLName { target.definition.name }

    /// How a column of the new table comes by its values.
    struct Source {
        let column: ColumnDefinition
        /// The column of the old table, if there is one.
        let old: ColumnDefinition?
        /// As SQL over the old table; `nil` where the column's default, or what generates it, gives the value.
        let expression: String?
        /// How values change when they are stored in the new column; `nil` where they stay as they are.
        let conversion: Affinity?
        /// How the new column stores what the expression gives; `nil` where that is in its form already.
        let storage: Affinity?
        /// Whether every row keeps the value that it has.
        let isKept: Bool
    }

    var sources: [Source] { target.definition.columns.map(source) }

    private func source(_ column: ColumnDefinition) -> Source {
        let old = current.column(column.name)
        if column.generated != nil {
            return Source(column: column, old: old, expression: nil, conversion: nil, storage: nil, isKept: false)
        }
        let backfill = backfills[column.name].map { "(\($0))" }
        guard let old else {
            let isRowid = target.definition.rowidAlias == column.name
            let expression = backfill ?? (isRowid ? current.rowidName : nil)
            return Source(
                column: column, old: nil, expression: expression, conversion: nil,
                storage: backfill.map { _ in target.definition.storage(of: column) }, isKept: false)
        }
        let affinity = target.definition.storage(of: column)
        let conversion = current.storage(of: old) == affinity ? nil : affinity
        let name = column.name.alwaysQuoted
        // A backfill is for rows that have nothing where something must be.
        guard let backfill, column.isNotNull, !old.isNotNull else {
            return Source(
                column: column, old: old, expression: name, conversion: conversion, storage: conversion, isKept: true)
        }
        return Source(
            column: column, old: old, expression: "coalesce(\(name), \(backfill))", conversion: conversion,
            storage: affinity, isKept: !SQLText(backfill).isVolatile)
    }

    /// The rowid that is kept although no column shows it: its names in the new and in the old table.
    private var rowid: (new: String, old: String)? {
        target.definition.rowidAlias == nil ? rowidNames : nil
    }

    private var rowidNames: (new: String, old: String)? {
        guard let new = target.definition.rowidName, let old = current.rowidName else { return nil }
        return (new, old)
    }

    // MARK: Statements

    var statements: [String] {
        let table = "main.\(name.alwaysQuoted)"
        var statements = ["CREATE TABLE \(temporary.alwaysQuoted) \(target.body)"]
        let copied = sources.filter { $0.expression != nil }
        var into = copied.map(\.column.name.alwaysQuoted)
        var from = copied.compactMap(\.expression)
        if let rowid {
            into.insert(rowid.new, at: 0)
            from.insert(rowid.old, at: 0)
        }
        if !into.isEmpty {
            statements.append(
                "INSERT INTO \(temporary.alwaysQuoted) (\(into.joined(separator: ", "))) "
                    + "SELECT \(from.joined(separator: ", ")) FROM \(table)")
        }
        let names = (new: temporary.text.sqlLiteral, old: name.text.sqlLiteral)
        if current.primaryKey?.isAutoincrement == true, target.definition.primaryKey?.isAutoincrement == true {
            // A number that was given once is not given again, also when its row is gone.
            statements += [
                "DELETE FROM sqlite_sequence WHERE name = \(names.new)",
                "INSERT INTO sqlite_sequence (name, seq) SELECT \(names.new), seq FROM sqlite_sequence "
                    + "WHERE name = \(names.old) COLLATE NOCASE",
            ]
        }
        if hasStatistics {
            statements.append("UPDATE sqlite_stat1 SET tbl = \(names.new) WHERE tbl = \(names.old) COLLATE NOCASE")
        }
        statements += [
            "DROP TABLE \(table)",
            "PRAGMA legacy_alter_table = ON",
            "ALTER TABLE \(temporary.alwaysQuoted) RENAME TO \(name.alwaysQuoted)",
            "PRAGMA legacy_alter_table = OFF",
        ]
        if hasStatistics {
            statements.append("UPDATE sqlite_stat1 SET tbl = \(names.old) WHERE tbl = \(names.new)")
        }
        return statements + dependents
    }

    // MARK: Proofs

    /// A function of SQLite takes at most 127 arguments.
    private static let columnsOfADigest = 100

    /// What must come out as it went in: every row, and in every kept column how many values there are of which type, and
    /// which.
    var proofs: [Proof] {
        let kept = sources.filter(\.isKept)
        var chunks: [ArraySlice<Source>] = []
        var rest = kept[...]
        repeat {
            chunks.append(rest.prefix(Self.columnsOfADigest))
            rest = rest.dropFirst(Self.columnsOfADigest)
        } while !rest.isEmpty
        let table = "main.\(name.alwaysQuoted)"
        // Also where a column shows it: asked alike, the digest of what the table holds need not be made twice.
        let rowid = target.definition.rowidAlias == current.rowidAlias ? rowidNames : self.rowid
        let proofs = chunks.map { chunk in
            var before = chunk.map { source -> String in
                let value = source.expression ?? "NULL"
                return source.storage.map { "selfheal_stored(\(value), '\($0.rawValue)')" } ?? value
            }
            var after = chunk.map(\.column.name.alwaysQuoted)
            var shown = chunk.map(\.column.name.text.shown)
            if let rowid {
                before.insert(rowid.old, at: 0)
                after.insert(rowid.new, at: 0)
                shown.insert("rowid", at: 0)
            }
            return Proof(
                "rows of \(name.text.shown) (\(shown.joined(separator: ", ")))",
                before: "SELECT selfheal_digest(\(before.joined(separator: ", "))) FROM \(table)",
                after: "SELECT selfheal_digest(\(after.joined(separator: ", "))) FROM \(table)")
        }
        return proofs + [
            Proof(
                "integrity of \(name.text.shown)", before: "SELECT 'ok'",
                after: integrity)
        ]
    }

    /// `ok`, or what SQLite finds wrong with the table.
    private var integrity: String {
        guard target.definition.isWithoutRowid else { return "SELECT selfheal_integrity(\(name.text.sqlLiteral))" }
        // SQLite 3.40 looks for the columns of such tables in the wrong places, and says "NULL value in t.a" of rows that are
        // as they should be. That values fit their columns is looked at when they are written.
        return "SELECT coalesce(min(integrity_check), 'ok') FROM pragma_integrity_check(\(name.text.sqlLiteral)) "
            + "WHERE integrity_check <> 'ok' AND integrity_check NOT GLOB '* value in *'"
    }
}

extension TableDefinition {
    /// How values are converted when they are stored in a column. INTEGER and NUMERIC store alike.
    func storage(of column: ColumnDefinition) -> Affinity {
        if isStrict, column.type.tokens == ["any"] { return .blob }
        let affinity = column.affinity
        return affinity == .numeric ? .integer : affinity
    }
}

extension SQLText {
    /// Whether asking twice may give two answers.
    fileprivate var isVolatile: Bool {
        let functions: Set<String> = [
            "random", "randomblob", "current_timestamp", "current_date", "current_time", "date", "time", "datetime",
            "julianday", "strftime", "unixepoch", "changes", "total_changes", "last_insert_rowid",
        ]
        return tokens.indices.contains { functions.contains(folded($0)) }
    }

}
