import HealKit
import HealModel

/// Compares what the manifest states with what a database holds.
///
/// What the manifest does not name makes no difference. Neither do the order of columns, the case of names, quotes,
/// white space, comments, the names of constraints, and whether a constraint stands behind its column or behind all of
/// them.
public struct SchemaComparison: Sendable {
    public let desired: DesiredSchema
    public let found: StoredSchema

    public init(desired: DesiredSchema, found: StoredSchema) {
        self.desired = desired
        self.found = found
    }

    /// The differences in the order in which they can be healed: tables, columns, indexes, views, triggers.
    public func differences() -> [SchemaDifference] {
        var tables: [SchemaDifference] = []
        var columns: [SchemaDifference] = []
        var others: [SchemaDifference] = []
        for object in desired.stored.objects where object.kind == .table {
            for difference in self.differences(ofTable: object) {
                switch difference {
                case .columnMissing: columns.append(difference)
                case .columnDiffers, .tableDiffers: others.append(difference)
                default: tables.append(difference)
                }
            }
        }
        return tables + columns + others + differencesOfIndexes() + differencesOfCode()
    }

    private func differences(ofTable object: SchemaObject) -> [SchemaDifference] {
        guard let other = found.tableOrView(object.name) else {
            guard let table = desired.table(object.name) else {
                return CodeDefinition.parse(object.sql).map { [.virtualTableMissing($0)] } ?? []
            }
            // Where something else has its name, an index is a difference of its own.
            let indexes = desired.indexes(on: table.name).filter { !found.has($0.name) }
            return [.tableMissing(table, indexes: indexes)]
        }
        if object.kind == other.kind, object.sql.hasSameBytes(as: other.sql) { return [] }
        guard other.kind == .table, other.isVirtual == object.isVirtual else {
            return [
                .nameTaken(
                    object.name, expected: object.isVirtual ? "virtual table" : "table",
                    found: other.isVirtual ? "virtual table" : other.kind.rawValue)
            ]
        }
        if object.isVirtual, let definition = CodeDefinition.parse(object.sql) {
            let actual = CodeDefinition.parse(other.sql)
            return actual == definition ? [] : [.virtualTableDiffers(definition, found: other.sql)]
        }
        guard let table = desired.table(object.name), let actual = TableParser.parse(other.sql) else { return [] }
        var comparison = TableComparison(
            desired: table, found: actual,
            desiredPrimaryKey: { desired.table($0)?.primaryKey?.terms.map(\.column) },
            foundPrimaryKey: { found.table($0)?.primaryKey?.terms.map(\.column) },
            foundIndexes: { found.indexes(on: actual) },
            desiredIndexes: { desired.indexes(on: table.name) })
        comparison.backfills = desired.notes[table.name]?.backfills ?? [:]
        return comparison.differences()
    }

    private func differencesOfIndexes() -> [SchemaDifference] {
        desired.stored.objects.compactMap { object in
            guard object.kind == .index else { return nil }
            guard let other = found.index(object.name) else {
                if let taken = found.tableOrView(object.name) {
                    return .nameTaken(object.name, expected: "index", found: taken.kind.rawValue)
                }
                // Made together with its table.
                guard found.tableOrView(object.table) != nil else { return nil }
                return desired.index(object).map { .indexMissing($0) }
            }
            if object.sql.hasSameBytes(as: other.sql) { return nil }
            // What an index inherits from its table's columns is the table's matter: both are read as on the table
            // that is there.
            let table = found.table(other.table)
            let wanted = IndexDefinition.parse(object.sql, on: table)
            guard wanted != IndexDefinition.parse(other.sql, on: table) else { return nil }
            return desired.index(object).map { .indexDiffers($0, found: other.sql) }
        }
    }

    private func differencesOfCode() -> [SchemaDifference] {
        let views = desired.stored.objects.filter { $0.kind == .view }
        let triggers = desired.stored.objects.filter { $0.kind == .trigger }
        return views.compactMap { object in
            let other = found.tableOrView(object.name)
            if let other, other.kind != .view {
                return .nameTaken(object.name, expected: "view", found: other.kind.rawValue)
            }
            return difference(object, other, missing: { .viewMissing($0) }, differs: { .viewDiffers($0, found: $1) })
        }
            + triggers.compactMap { object in
                difference(
                    object, found.trigger(object.name), missing: { .triggerMissing($0) },
                    differs: { .triggerDiffers($0, found: $1) })
            }
    }

    private func difference(
        _ object: SchemaObject, _ other: SchemaObject?, missing: (CodeDefinition) -> SchemaDifference,
        differs: (CodeDefinition, String) -> SchemaDifference
    ) -> SchemaDifference? {
        if let other, object.sql.hasSameBytes(as: other.sql) { return nil }
        guard let definition = CodeDefinition.parse(object.sql) else { return nil }
        guard let other else { return missing(definition) }
        return CodeDefinition.parse(other.sql) == definition ? nil : differs(definition, other.sql)
    }

    /// What the file's own properties differ in.
    public func differencesOfPragmas(_ connection: any SQLConnection) throws(MachineError) -> [SchemaDifference] {
        var differences: [SchemaDifference] = []
        for pragma in desired.pragmas {
            let value = try pragma.found(in: connection)
            guard value != pragma.value else { continue }
            let numbers = (expected: Int64(pragma.value) ?? 0, found: Int64(value) ?? 0)
            switch pragma.pragma {
            case .userVersion where numbers.found > numbers.expected:
                differences.append(.newerApplication(expected: numbers.expected, found: numbers.found))
            case .applicationID where numbers.found != 0:
                differences.append(.foreignApplication(expected: numbers.expected, found: numbers.found))
            default:
                differences.append(.pragmaDiffers(name: pragma.name, expected: pragma.value, found: value))
            }
        }
        return differences
    }
}
