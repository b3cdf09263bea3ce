import HealKit
import HealModel
import SQLiteSchema

/// The tables that are made when they are missing.
public enum StatedTables {
    /// - Returns: the names of the tables that checks state, by database.
    public static func names(in checks: [any Check]) -> [ResourcePath: [String]] {
        var names: [ResourcePath: [String]] = [:]
        for case let check as DatabaseSchemaCheck in checks {
            names[check.database, default: []] += check.schema.tableNames.map(\.text)
        }
        return names
    }
}
