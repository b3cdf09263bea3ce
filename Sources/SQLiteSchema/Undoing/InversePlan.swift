import HealKit
import HealModel

/// What takes a run's changes to the schema of one database back and keeps every row, also those written since; or why that
/// cannot be done.
///
/// Only what the run changed is looked at, and only while it is still as the run left it. What the run added must hold nothing
/// but what the run put there.
public struct InversePlan: Sendable {
    /// What must be done before rows are looked at again: what the run made is dropped, columns get their old names back.
    public private(set) var first: [String] = []
    /// The rest, and what must come out of it as it went in.
    public private(set) var second: [String] = []
    public private(set) var proofs: [Proof] = []
    /// Why nothing is done, a sentence each, without a full stop.
    public private(set) var refusals: [String] = []

    /// Whether the database is, in what the run changed, as it was before it.
    public var isTakenBack: Bool { first.isEmpty && second.isEmpty && refusals.isEmpty }

    /// A change of one object of the schema.
    struct Change {
        var kind: SchemaObject.Kind
        var name: SQLName
        var before: SchemaObject?
        var after: SchemaObject?
    }

    /// - Parameters:
    ///   - change: what the journal says of the database.
    ///   - performed: the statements that the run performed on it.
    ///   - renamed: the schema that is there, with the columns renamed back, as `StoredSchema.renaming` gives it.
    ///   - connection: the database; only read.
    public init(
        of change: DatabaseChange, performed: [String], renamed: StoredSchema, on connection: any SQLConnection
    ) throws(MachineError) {
        let found = try StoredSchema(reading: connection)
        let open = changes(of: change, in: found)
        guard refusals.isEmpty else { return }
        planNumbers(change, try connection.schemaNumbers())
        drop(open)
        var tables = TableInverses(performed: performed, open: open, renamed: renamed, connection: connection)
        let renames = Self.renames(in: performed)
        for entry in open where entry.kind == .table {
            guard let before = entry.before else {
                try dropTable(entry, connection)
                continue
            }
            guard let after = entry.after else {
                refusals.append(
                    "the run dropped the table \(before.name.text.shown), and its rows are only in the backup")
                continue
            }
            let own = renames.filter { $0.table == entry.name }
            first += own.map(\.statement)
            try tables.plan(before, after, renames: own)
        }
        second = tables.statements + second
        proofs = tables.proofs
        refusals += tables.refusals
        let order: [SchemaObject.Kind] = [.index, .view, .trigger]
        let made = order.flatMap { kind in open.filter { $0.kind == kind }.compactMap(\.before?.sql) }
        // Numbers last: they say that the schema is there.
        second += made + numbers
        if !refusals.isEmpty { (first, second, proofs) = ([], [], []) }
    }

    private var numbers: [String] = []

    // MARK: What is open

    /// What the run changed and is not as before yet; refuses what is neither as before nor as the run left it.
    private mutating func changes(of change: DatabaseChange, in found: StoredSchema) -> [Change] {
        let before = StoredSchema(change.schemaBefore)
        let after = StoredSchema(change.schemaAfter)
        var keys: [(SchemaObject.Kind, SQLName)] = []
        for object in before.objects + after.objects where !keys.contains(where: { $0 == (object.kind, object.name) }) {
            keys.append((object.kind, object.name))
        }
        var open: [Change] = []
        for (kind, name) in keys {
            let (old, new) = (before.object(kind, name), after.object(kind, name))
            if Self.isSame(old, new) || after.isShadow(name) || before.isShadow(name) { continue }
            let now = found.object(kind, name)
            if Self.isSame(old, now) || before.means(old, asIn: now, of: found) { continue }
            guard Self.isSame(new, now) else {
                let what = "\(kind.rawValue) \(name.text.shown)"
                refusals.append("the \(what) was \(now == nil ? "dropped" : "changed") by somebody else since")
                continue
            }
            open.append(Change(kind: kind, name: name, before: old, after: new))
        }
        return open
    }

    private static func isSame(_ first: SchemaObject?, _ second: SchemaObject?) -> Bool {
        guard let first, let second else { return first == nil && second == nil }
        return first.sql.hasSameBytes(as: second.sql)
    }

    private mutating func planNumbers(_ change: DatabaseChange, _ found: [Int64]) {
        guard found.count == 2, change.numbersBefore.count == 2, change.numbersAfter.count == 2 else { return }
        for (index, name) in ["user_version", "application_id"].enumerated() {
            let (before, after) = (change.numbersBefore[index], change.numbersAfter[index])
            if before == after || found[index] == before { continue }
            if found[index] == after {
                numbers.append("PRAGMA \(name) = \(before)")
            } else {
                refusals.append("\(name) was set to \(found[index]) by somebody else since")
            }
        }
    }

    /// Triggers and views first: they speak of what is changed.
    private mutating func drop(_ open: [Change]) {
        for kind in [SchemaObject.Kind.trigger, .view, .index] {
            for entry in open where entry.kind == kind && entry.after != nil {
                first.append("DROP \(kind.rawValue.uppercased()) main.\(entry.name.alwaysQuoted)")
            }
        }
    }

    private mutating func dropTable(_ entry: Change, _ connection: any SQLConnection) throws(MachineError) {
        let name = entry.name.alwaysQuoted
        let rows = try connection.rows("SELECT count(*) FROM main.\(name)").first?.first?.integer ?? 0
        guard rows == 0 else {
            refusals.append("table \(entry.name.text.shown), which the run made, holds \(Self.count(rows))")
            return
        }
        second.append("DROP TABLE main.\(name)")
    }

    static func count(_ rows: Int64) -> String { "\(rows) \(rows == 1 ? "row" : "rows")" }

    // MARK: Renames

    /// What gives the columns that a run renamed their old names back, the last one first.
    public static func renames(in performed: [String]) -> [ColumnRename] {
        performed.reversed().compactMap { statement in
            guard statement.hasPrefix("ALTER TABLE ") else { return nil }
            var cursor = SQLCursor(SQLText(statement))
            cursor.skip(2)
            guard let table = cursor.name(), cursor.take("rename"), cursor.take("column"), let old = cursor.name(),
                cursor.take("to"), let new = cursor.name()
            else { return nil }
            return ColumnRename(table: table, old: new, new: old)
        }
    }
}

extension StoredSchema {
    /// From the journal.
    public init(_ rows: [SchemaRow]) {
        self.init(
            rows.compactMap { row in
                guard let kind = SchemaObject.Kind(rawValue: row.type), !SQLName(row.name).isReserved else {
                    return nil
                }
                return SchemaObject(kind: kind, name: row.name, table: row.table, sql: row.sql)
            })
    }

    func object(_ kind: SchemaObject.Kind, _ name: SQLName) -> SchemaObject? {
        switch kind {
        case .index: index(name)
        case .trigger: trigger(name)
        case .table, .view: tableOrView(name).flatMap { $0.kind == kind ? $0 : nil }
        }
    }

    /// Whether a virtual table keeps its contents in a table of this name.
    func isShadow(_ name: SQLName) -> Bool {
        objects.contains { $0.isVirtual && name.key.hasPrefix($0.name.key + "_") }
    }

    /// Whether two texts of one object say the same, whatever the words.
    func means(_ object: SchemaObject?, asIn other: SchemaObject?, of schema: StoredSchema) -> Bool {
        guard let object, let other, object.kind == other.kind else { return false }
        switch object.kind {
        case .view, .trigger:
            return CodeDefinition.parse(object.sql).map { $0 == CodeDefinition.parse(other.sql) } ?? false
        case .index:
            let table = schema.table(other.table)
            return IndexDefinition.parse(object.sql, on: table).map {
                $0 == IndexDefinition.parse(other.sql, on: table)
            } ?? false
        case .table:
            guard !object.isVirtual, !other.isVirtual, let mine = TableParser.parse(object.sql),
                let theirs = TableParser.parse(other.sql), mine.columnKeys == theirs.columnKeys
            else { return false }
            return [(self, schema), (schema, self)].allSatisfy { desired, found in
                let alone = StoredSchema([desired.tableOrView(object.name)].compactMap { $0 })
                return SchemaComparison(desired: DesiredSchema(alone), found: found).differences().isEmpty
            }
        }
    }
}
