import HealModel
import Synchronization

/// What has ended a batch's transaction, so that the batch can be written once more without it.
final class EndingRows: Sendable {
    /// A row by its place and what it holds: what SQL reads may be another thing the next time. Without cells, what a unit's statements
    /// do.
    struct Place: Hashable {
        var unit: SQLValue
        var number: Int64 = 0
        var cells: [Cell] = []
    }

    private struct State {
        var rows: [Place: RowWriter.BadRow] = [:]
        var isOneByOne = false
        var hasFound = false
    }

    /// How many are found in this way: each costs all that was written before it.
    static let limit = 20

    private let state = Mutex(State())

    /// Whether nobody knows yet which of the rows it is, so that they are written one by one.
    var isOneByOne: Bool { state.withLock { $0.isOneByOne } }

    /// Why a row is not even tried.
    func reason(_ place: @autoclosure () -> Place) -> RowWriter.BadRow? {
        state.withLock { state in state.rows.isEmpty ? nil : state.rows[place()] }
    }

    func note(_ place: Place, _ reason: RowWriter.BadRow) {
        state.withLock { state in
            guard state.rows.count < Self.limit, state.rows.updateValue(reason, forKey: place) == nil else { return }
            state.hasFound = true
        }
    }

    /// One of several that were written at once.
    func noteSome() {
        state.withLock { state in
            state.hasFound = !state.isOneByOne
            state.isOneByOne = true
        }
    }

    /// Whether more is known than at the last time, so that it is worth to begin once more.
    func takeFound() -> Bool {
        state.withLock { state in
            defer { state.hasFound = false }
            return state.hasFound
        }
    }
}
