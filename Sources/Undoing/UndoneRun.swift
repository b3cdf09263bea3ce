import HealModel

/// A run that is to be taken back, as the journal knows it.
public struct UndoneRun: Sendable {
    public var run: Int64
    /// The steps that it performed, in order.
    public var steps: [Step]
    /// What it changed in databases that existed.
    public var changes: [DatabaseChange]

    public init(run: Int64, steps: [Step], changes: [DatabaseChange]) {
        self.run = run
        self.steps = steps
        self.changes = changes
    }

    /// The statements that it performed on a database, in order.
    func statements(on database: ResourcePath) -> [String] {
        steps.flatMap { step -> [String] in
            switch step {
            case .executeSQL(database, let statements), .rewriteDatabase(database, let statements, _): statements
            default: []
            }
        }
    }
}
