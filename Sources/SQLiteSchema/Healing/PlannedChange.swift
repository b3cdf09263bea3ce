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
    /// Statements that change nothing, and fail unless what the remedy builds on is there. They belong before it.
    ///
    /// SQLite takes a name in double quotes for a text when there is no such column. An index that is made over such a
    /// text, because its column could not be added before, is broken as soon as the column comes.
    public internal(set) var guards: [String] = []

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
