import HealModel
import Synchronization

/// Lets the changes of many databases with the same schema share one copy of it in memory.
final class SchemaPool: Sendable {
    private let schemas = Mutex<[[SchemaRow]: [SchemaRow]]>([:])

    /// How many different schemas are remembered; others are right all the same.
    private static let limit = 64

    func sharing(_ change: DatabaseChange?) -> DatabaseChange? {
        guard var change else { return nil }
        change.schemaBefore = shared(change.schemaBefore)
        change.schemaAfter = shared(change.schemaAfter)
        return change
    }

    private func shared(_ rows: [SchemaRow]) -> [SchemaRow] {
        schemas.withLock { schemas in
            if let known = schemas[rows] { return known }
            if schemas.count < Self.limit { schemas[rows] = rows }
            return rows
        }
    }
}
