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
            guard let table = desired.tables[object.name] else {
                return desired.code[object.name].map { [.virtualTableMissing($0)] } ?? []
            }
            return [.tableMissing(table, indexes: desired.indexes.filter { $0.table == table.name })]
        }
        if object.kind == other.kind, object.sql.hasSameBytes(as: other.sql) { return [] }
        guard other.kind == .table, other.isVirtual == object.isVirtual else {
            return [
                .nameTaken(
                    object.name, expected: object.isVirtual ? "virtual table" : "table",
                    found: other.isVirtual ? "virtual table" : other.kind.rawValue)
            ]
        }
        if let definition = desired.code[object.name] {
            let actual = CodeDefinition.parse(other.sql)
            return actual == definition ? [] : [.virtualTableDiffers(definition, found: other.sql)]
        }
        guard let table = desired.tables[object.name], let actual = TableParser.parse(other.sql) else { return [] }
        var comparison = TableComparison(
            desired: table, found: actual,
            desiredPrimaryKey: { desired.tables[$0]?.primaryKey?.terms.map(\.column) },
            foundPrimaryKey: { found.table($0)?.primaryKey?.terms.map(\.column) },
            foundIndexes: { found.indexes(on: actual) },
            desiredIndexes: desired.indexes.filter { $0.isUnique && $0.table == table.name })
        let notes = desired.notes[table.name]
        comparison.renames = notes?.formerNames ?? [:]
        comparison.backfills = notes?.backfills ?? [:]
        return comparison.differences()
    }

    private func differencesOfIndexes() -> [SchemaDifference] {
        desired.indexes.compactMap { index in
            guard let other = found.index(index.name) else {
                if let taken = found.tableOrView(index.name) {
                    return .nameTaken(index.name, expected: "index", found: taken.kind.rawValue)
                }
                // Made together with its table.
                return found.tableOrView(index.table) == nil ? nil : .indexMissing(index)
            }
            if index.sql.hasSameBytes(as: other.sql) { return nil }
            // What an index inherits from its table's columns is the table's matter: both are read as on the table that
            // is there.
            let table = found.table(other.table)
            let same = IndexDefinition.parse(index.sql, on: table) == IndexDefinition.parse(other.sql, on: table)
            return same ? nil : .indexDiffers(index, found: other.sql)
        }
    }

    private func differencesOfCode() -> [SchemaDifference] {
        var differences: [SchemaDifference] = []
        for object in desired.stored.objects where object.kind == .view {
            guard let definition = desired.code[object.name] else { continue }
            guard let other = found.tableOrView(object.name) else {
                differences.append(.viewMissing(definition))
                continue
            }
            if other.kind != .view {
                differences.append(.nameTaken(object.name, expected: "view", found: other.kind.rawValue))
            } else if !object.sql.hasSameBytes(as: other.sql), CodeDefinition.parse(other.sql) != definition {
                differences.append(.viewDiffers(definition, found: other.sql))
            }
        }
        for object in desired.stored.objects where object.kind == .trigger {
            guard let definition = desired.triggers[object.name] else { continue }
            guard let other = found.trigger(object.name) else {
                differences.append(.triggerMissing(definition))
                continue
            }
            if !object.sql.hasSameBytes(as: other.sql), CodeDefinition.parse(other.sql) != definition {
                differences.append(.triggerDiffers(definition, found: other.sql))
            }
        }
        return differences
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
