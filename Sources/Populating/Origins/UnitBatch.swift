import Datasets
import HealModel

/// Pieces of work that a source is given at once.
public struct UnitBatch: Sendable, Hashable {
    /// None when the dataset is made as a whole.
    public var units: [Unit]
    /// The column of the dataset's table that says which unit a row is of; `nil` where there is none.
    public var unitColumn: String?

    public init(units: [Unit] = [], unitColumn: String? = nil) {
        self.units = units
        self.unitColumn = unitColumn
    }

    public var isWhole: Bool { units.isEmpty }
}

/// One piece of work: a row of the parent dataset.
public struct Unit: Sendable, Hashable {
    /// As the parent's table has it.
    public var key: SQLValue
    /// The parent's columns that the source is given, in their order in the table.
    public var row: [Cell]
    /// What tells whether the row has changed since; `nil` where nothing does.
    public var version: SQLValue?

    public init(key: SQLValue, row: [Cell] = [], version: SQLValue? = nil) {
        self.key = key
        self.row = row
        self.version = version
    }

    /// The value of a column of its row, by the name as SQLite compares names.
    public subscript(column: String) -> SQLValue? {
        let name = column.asciiLowercased
        return row.first { $0.column.asciiLowercased == name }?.value
    }

    /// The row as one line of JSON, without its end. Blobs are written as text in hexadecimal digits.
    public var jsonLine: String {
        JSONContent.object(row.map { JSONContent.Member($0.column, JSONContent($0.value)) }).text
    }
}

/// A column's value.
public struct Cell: Sendable, Hashable {
    public var column: String
    public var value: SQLValue

    public init(_ column: String, _ value: SQLValue) {
        self.column = column
        self.value = value
    }
}

/// A row that a source has made.
public struct SourceRow: Sendable, Hashable {
    /// The key of the unit that it comes from. `nil`: its cell for the batch's unit column says so, or there is only one unit.
    public var unit: SQLValue?
    /// In the order given. A column that is not named gets its default.
    public var cells: [Cell]

    public init(_ cells: [Cell], unit: SQLValue? = nil) {
        self.cells = cells
        self.unit = unit
    }

    /// The members of an object: lists and objects become JSON texts, truth values 1 and 0.
    /// - Returns: `nil` for anything but an object.
    public init?(_ content: JSONContent, unit: SQLValue? = nil) {
        guard case .object(let members) = content else { return nil }
        self.init(members.map { Cell($0.name, $0.value.sqlValue) }, unit: unit)
    }
}
