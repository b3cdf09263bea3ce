import Datasets
import HealKit
import HealModel

/// Rows of a batch that refer to rows of their own table, which may come later: whether they are there shows when all are written.
///
/// Those that refer to nothing are not written when all is done once more, and neither are those that refer to them, which shows then:
/// one layer each time. Whoever has more layers than are worth that must name rows before it refers to them.
struct OwnReferences {
    /// So often all is done once more.
    static let layers = 16

    private let rows: RowWriter
    /// Rows, by their numbers, that refer to nothing.
    private var dangling: [Int: RowWriter.BadRow] = [:]
    /// Rows that were written and referred to nothing yet, in their order.
    private var waiting: [Int] = []
    private var passes = 0

    init(_ rows: RowWriter) { self.rows = rows }

    /// All of the rows are written (again).
    mutating func begin() {
        waiting = []
        passes += 1
    }

    /// Why a row is not to be written.
    func refusal(_ number: Int, _ cells: [Cell]) throws(MachineError) -> RowWriter.BadRow? {
        if let known = dangling[number] { return known }
        return passes > Self.layers ? try rows.missingOwnRow(cells, isWritten: false) : nil
    }

    /// A row was written.
    mutating func note(_ number: Int, _ cells: [Cell]) throws(MachineError) {
        if try rows.missingOwnRow(cells) != nil { waiting.append(number) }
    }

    /// Whether nobody has to look at the rows again.
    var isSettled: Bool { waiting.isEmpty }

    /// All are written: looks again at those that referred to nothing when they were.
    /// - Parameter row: the rows with such a number, in the order of the numbers.
    /// - Returns: whether they refer to something now.
    mutating func settle(_ row: (Int) throws(PopulationError) -> [Cell]?) throws(PopulationError) -> Bool {
        let before = dangling.count
        for number in waiting {
            guard let cells = try row(number) else { continue }
            do throws(MachineError) {
                if let bad = try rows.missingOwnRow(cells) { dangling[number] = bad }
            } catch {
                throw .machine(error)
            }
        }
        return dangling.count == before
    }
}

extension RowWriter {
    /// What is wrong with a row's references to its own table, as that is now.
    /// - Parameter isWritten: whether the row is in it; else it may refer to itself all the same.
    func missingOwnRow(_ cells: [Cell], isWritten: Bool = true) throws(MachineError) -> BadRow? {
        guard !form.ownKeys.isEmpty, isWritten || !refersToItself(cells) else { return nil }
        return try missingReference(form.ownKeys, in: target, cells.map(\.column), cells.map(\.value))
    }

    /// Whether each reference of a row to its own table is to the row itself.
    private func refersToItself(_ cells: [Cell]) -> Bool {
        func value(_ column: String) -> SQLValue? {
            cells.first { $0.column.asciiLowercased == column.asciiLowercased }?.value
        }
        return form.ownKeys.allSatisfy { key in zip(key.columns, key.targets).allSatisfy { value($0) == value($1) } }
    }
}
