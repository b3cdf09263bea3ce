import HealModel

/// A unit's key (or version) as SQLite's BINARY collation compares it: by type and bytes, and whole numbers by their value, however they
/// are stored.
struct UnitKey: Hashable, Sendable {
    private let value: SQLValue

    init(_ value: SQLValue) {
        if case .real(let number) = value, let whole = Int64(exactly: number) {
            self.value = .integer(whole)
        } else {
            self.value = value
        }
    }
}

extension SQLValue {
    /// Whether SQLite takes it for the same key.
    func isSameKey(as other: SQLValue) -> Bool { UnitKey(self) == UnitKey(other) }
}

extension String {
    /// A condition, with this as a column's quoted name: it is this parameter, byte by byte, whatever collation the column has. An index
    /// of the column has that one: it finds what is the same there, and among those it is decided.
    func isSame(as parameter: String) -> String { "\(self) = \(parameter) AND \(self) COLLATE BINARY = \(parameter)" }
}
