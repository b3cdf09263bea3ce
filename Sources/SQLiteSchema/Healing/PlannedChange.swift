import HealModel

/// What can be done about one difference.
public struct PlannedChange: Hashable, Sendable {
    public enum Remedy: Hashable, Sendable {
        /// Statements that heal it, for the transaction that heals the whole database.
        case statements([String], risk: Risk)
        /// Why nothing is done.
        case obstacles([Obstacle])
    }

    public var difference: SchemaDifference
    public var remedy: Remedy

    public init(_ difference: SchemaDifference, _ remedy: Remedy) {
        self.difference = difference
        self.remedy = remedy
    }

    public var statements: [String] {
        if case .statements(let statements, _) = remedy { statements } else { [] }
    }

    public var obstacles: [Obstacle] {
        if case .obstacles(let obstacles) = remedy { obstacles } else { [] }
    }
}
