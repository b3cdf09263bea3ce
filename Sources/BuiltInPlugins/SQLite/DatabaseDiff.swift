import HealKit
import HealModel
import SQLiteSchema

/// What one database differs in from the manifest, as SQL.
public struct DatabaseDiff: Sendable {
    public var database: ResourcePath
    /// The pattern in the manifest that it fits, where it is not named by itself.
    public var pattern: String?
    /// Where the manifest states it.
    public var source: SourceLocation
    /// The objects that differ; none when the database is as stated.
    public var objects: [ComparedObject]
    /// There is no such file: everything that is stated is missing.
    public var isMissing: Bool
}

extension SQLitePlugin {
    /// Compares a database with what is stated of it, and changes nothing.
    ///
    /// - Returns: `nil` when the check is not about a database, or about one of a pattern that was removed meanwhile.
    /// - Throws: what kept it from looking: damage, a lock, a file of another kind.
    public static func diff(of check: any Check, on machine: any Machine) async throws(MachineError) -> DatabaseDiff? {
        if let unnamed = check as? DatabaseNameCheck {
            throw .refused(subject: unnamed.subject, .unnamable(unnamed.misfit.reason))
        }
        guard let check = check as? DatabaseSchemaCheck else { return nil }
        var diff = DatabaseDiff(
            database: check.database, pattern: check.pattern, source: check.source, objects: [], isMissing: false)
        guard let status = try machine.target(of: check.database) else {
            if check.pattern != nil { return nil }
            diff.isMissing = true
            diff.objects = SchemaComparison.ofNothing(check.schema)
            return diff
        }
        guard status.kind == .regular else {
            throw .refused(subject: check.subject, .kind(status.kind, wanted: .regular))
        }
        let (schema, extras) = (check.schema, check.extras)
        diff.objects = try await machine.readDatabase(check.database) { connection throws(MachineError) in
            let comparison = SchemaComparison(desired: schema, found: try StoredSchema(reading: connection))
            var differences = comparison.differences() + (try comparison.differencesOfPragmas(connection))
            if extras != .ignore { differences += try comparison.extras(connection).map(SchemaDifference.extra) }
            return comparison.objects(
                of: differences, renames: schema.renames(in: comparison.found), keepsExtras: extras == .ignore)
        }
        return diff
    }
}
