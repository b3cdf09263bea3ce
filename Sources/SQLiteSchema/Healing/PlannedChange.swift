import HealModel

/// What can be done about one difference.
public struct PlannedChange: Hashable, Sendable {
    public enum Remedy: Hashable, Sendable {
        /// Statements that heal it, for the transaction that heals the whole database.
        case statements([String], risk: Risk)
        /// Statements that rewrite rows, with what must come out as it went in. Several changes of one table share them.
        case rewrite(Rewrite)
        /// The file gets another journal mode, outside the transaction.
        case journalMode(JournalMode, previous: JournalMode)
        /// Why nothing is done.
        case obstacles([Obstacle])
    }

    /// What rewrites a table.
    public struct Rewrite: Hashable, Sendable {
        public var table: SQLName
        public var statements: [String]
        public var proofs: [Proof]
        public var risk: Risk
        /// What is lost by it, each as a sentence's end: `3 rows would lose …`.
        public var losses: [String] = []
    }

    public var difference: SchemaDifference
    public var remedy: Remedy
    /// The changes that must be made before this one, by their place in the plan.
    public internal(set) var requires: [Int] = []
    /// Statements that change nothing, and fail unless what the remedy builds on is there. They belong before it.
    ///
    /// SQLite takes a name in double quotes for a text when there is no such column. An index that is made over such a
    /// text, because its column could not be added before, is broken as soon as the column comes.
    public internal(set) var guards: [String] = []

    public init(_ difference: SchemaDifference, _ remedy: Remedy) {
        self.difference = difference
        self.remedy = remedy
    }

    var isRewrite: Bool {
        if case .rewrite = remedy { true } else { false }
    }

    public var statements: [String] {
        switch remedy {
        case .statements(let statements, _): statements
        case .rewrite(let rewrite): rewrite.statements
        case .journalMode, .obstacles: []
        }
    }

    public var obstacles: [Obstacle] {
        if case .obstacles(let obstacles) = remedy { obstacles } else { [] }
    }
}
