import HealKit
import HealModel

/// A column that has another name than the manifest states, because the manifest says what it was called.
public struct ColumnRename: Hashable, Sendable {
    public let table: SQLName
    public let old: SQLName
    public let new: SQLName

    /// SQLite rewrites what speaks of the column: indexes, views, triggers, other tables' foreign keys.
    var statement: String {
        "ALTER TABLE \(table.quoted) RENAME COLUMN \(old.quoted) TO \(new.quoted)"
    }
}

extension DesiredSchema {
    /// The columns that are to be renamed: the old name is there, and the new one is not.
    public func renames(in found: StoredSchema) -> [ColumnRename] {
        guard notes.contains(where: { !$0.value.formerNames.isEmpty }) else { return [] }
        return tableNames.flatMap { name -> [ColumnRename] in
            guard let former = notes[name]?.formerNames, !former.isEmpty, let table = found.table(name) else {
                return []
            }
            return former.sorted { $0.key < $1.key }.compactMap { new, old in
                guard table.column(new) == nil, table.column(old) != nil, self.table(name)?.column(old) == nil else {
                    return nil
                }
                return ColumnRename(table: name, old: old, new: new)
            }
        }
    }
}

extension StoredSchema {
    /// The schema as it will be after the renames: SQLite itself says so.
    /// - Parameter connection: one that holds this schema and may be written. Everything is taken back there.
    /// - Returns: the schema, and for each rename that SQLite refuses why.
    public func renaming(
        _ renames: [ColumnRename], on connection: any SQLConnection
    ) throws(MachineError) -> (schema: StoredSchema, refusals: [ColumnRename: String]) {
        var refusals: [ColumnRename: String] = [:]
        try connection.execute("SAVEPOINT renaming")
        for rename in renames {
            do throws(MachineError) {
                try connection.execute(rename.statement)
            } catch {
                refusals[rename] = try error.sqlMessage
            }
        }
        let schema = try StoredSchema(reading: connection)
        try connection.execute("ROLLBACK TO renaming")
        try connection.execute("RELEASE renaming")
        // What a copy could not make stays as it is.
        let known = Set(schema.objects.map { "\($0.kind) \($0.name.key)" })
        let rest = objects.filter { !known.contains("\($0.kind) \($0.name.key)") }
        return (rest.isEmpty ? schema : StoredSchema(schema.objects + rest), refusals)
    }

    /// The same on a copy of the schema.
    /// - Parameter scratch: an empty database in memory.
    public func renaming(
        _ renames: [ColumnRename], copiedInto scratch: any SQLConnection
    ) throws(MachineError) -> (schema: StoredSchema, refusals: [ColumnRename: String]) {
        _ = try Rehearsal(copying: self, into: scratch)
        return try renaming(renames, on: scratch)
    }
}
