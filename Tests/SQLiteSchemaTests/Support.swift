import HealKit
import HealModel
import Testing

@testable import SQLiteSchema

/// An empty database in memory, after some statements.
func database(_ statements: String..., foreignKeys: Bool = false) throws -> TestConnection {
    let connection = try TestConnection(foreignKeys: foreignKeys)
    for statement in statements { try connection.execute(statement) }
    return connection
}

/// What SQLite keeps of some statements, read as a desired schema.
func desired(_ sql: String) throws -> DesiredSchema {
    let connection = try database(sql)
    return DesiredSchema(try StoredSchema(reading: connection).withoutShadowTables(connection))
}

func stored(_ sql: String) throws -> StoredSchema { try StoredSchema(reading: try database(sql)) }

/// The differences between two schemas, given as SQL.
func differences(_ expected: String, _ found: String) throws -> [SchemaDifference] {
    SchemaComparison(desired: try desired(expected), found: try stored(found)).differences()
}

/// Only table of some SQL.
func parsed(_ sql: String, _ name: String = "t") throws -> TableDefinition {
    try #require(try stored(sql).table(SQLName(name)))
}

extension SchemaDifference {
    /// Short, for tables of cases: `column differs t.a: type, default`.
    var short: String {
        switch self {
        case .tableMissing(let table, _): "table missing \(table.name)"
        case .virtualTableMissing(let code): "virtual table missing \(code.name)"
        case .columnMissing(let missing): "column missing \(missing.table).\(missing.column.name)"
        case .columnRenamed(let rename): "column renamed \(rename.table).\(rename.old): \(rename.new)"
        case .indexMissing(let index): "index missing \(index.name)"
        case .viewMissing(let view): "view missing \(view.name)"
        case .triggerMissing(let trigger): "trigger missing \(trigger.name)"
        case .columnDiffers(let table, let column, let aspects): "column differs \(table).\(column): \(aspects.short)"
        case .tableDiffers(let table, let aspects): "table differs \(table): \(aspects.short)"
        case .virtualTableDiffers(let code, _): "virtual table differs \(code.name)"
        case .indexDiffers(let index, _): "index differs \(index.name)"
        case .viewDiffers(let view, _): "view differs \(view.name)"
        case .triggerDiffers(let trigger, _): "trigger differs \(trigger.name)"
        case .nameTaken(let name, let expected, let found): "name taken \(name): \(found) for \(expected)"
        case .pragmaDiffers(let name, let expected, let found): "pragma differs \(name): \(found) for \(expected)"
        case .newerApplication(let expected, let found): "newer application: \(found) over \(expected)"
        case .foreignApplication(let expected, let found): "foreign application: \(found) for \(expected)"
        case .extra(let extra): "extra \(extra.kind) \(extra.table.map { "\($0)." } ?? "")\(extra.name)"
        }
    }
}

extension [AspectDifference] {
    var short: String { map(\.aspect.rawValue).joined(separator: ", ") }
}

/// Where things stand in the declarations that tests build: line by line.
func at(_ line: Int) -> HealModel.SourceLocation {
    HealModel.SourceLocation(file: "schemas.yaml", line: line, column: 1)
}

/// Numbers that are the same in every run.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(_ seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
