import HealKit
import HealModel
import Synchronization

/// Compares one desired schema with those of many databases, and those that are the same byte by byte only once.
public final class ComparisonMemory: Sendable {
    public let desired: DesiredSchema
    /// The schema that was seen first, which is that of most databases: asked without a lock, for which the threads of a fleet
    /// would wait.
    private let first = AtomicLazyReference<Known>()
    private let others = Mutex<[Known]>([])

    /// What came of a comparison: all that depends on nothing but the rows of `sqlite_schema`.
    public struct Outcome: Sendable {
        public let found: StoredSchema
        public let renames: [ColumnRename]
        /// Empty while columns are to be renamed: what there is afterwards is compared then.
        public let differences: [SchemaDifference]
    }

    private final class Known: Sendable {
        let rows: [[SQLValue]]
        let outcome: Outcome

        init(_ rows: [[SQLValue]], _ outcome: Outcome) {
            self.rows = rows
            self.outcome = outcome
        }
    }

    /// How many different schemas are remembered: the databases of a fleet are of a few versions.
    private static let limit = 16

    public init(_ desired: DesiredSchema) { self.desired = desired }

    public func outcome(reading connection: any SQLConnection) throws(MachineError) -> Outcome {
        let rows = try StoredSchema.rows(of: connection)
        if let first = first.load(), Self.areSame(first.rows, rows) { return first.outcome }
        let all = others.withLock { $0 }
        if let same = all.first(where: { Self.areSame($0.rows, rows) }) { return same.outcome }
        let found = StoredSchema(rows: rows)
        let renames = desired.renames(in: found)
        let comparison = SchemaComparison(desired: desired, found: found)
        let outcome = Outcome(
            found: found, renames: renames, differences: renames.isEmpty ? comparison.differences() : [])
        let new = Known(rows, outcome)
        guard first.storeIfNil(new) !== new else { return outcome }
        others.withLock { others in
            if others.count < Self.limit { others.append(new) }
        }
        return outcome
    }

    private static func areSame(_ left: [[SQLValue]], _ right: [[SQLValue]]) -> Bool {
        guard left.count == right.count else { return false }
        return zip(left, right).allSatisfy { left, right in
            left.count == right.count
                && zip(left, right).allSatisfy { left, right in
                    if case .text(let left) = left, case .text(let right) = right {
                        return left.hasSameBytes(as: right)
                    }
                    return left == right
                }
        }
    }
}
