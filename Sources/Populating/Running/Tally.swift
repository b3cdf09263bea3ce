import Datasets
import HealModel
import Synchronization

/// What is known of the work on one dataset while several batches of it are made at once.
final class Tally: Sendable {
    private struct State {
        var progress = Progress()
        var failure: SourceFailure?
        /// Concerns all that is left: nothing more is begun.
        var isFatal = false
        var retries: [FailureClass: Int] = [:]
        var halvings = 0
        var probes = 0
        var slowest: Int?
        var skippedRows = 0
        var untried = 0
        var notes: [String] = []
        var reasons = RowReasons()
        /// Units that failed by themselves since the last one was done.
        var failedInARow = 0
        var isGivenUp = false
        var lastFailure: Int64?
    }

    /// So many units in a row may fail, or as many as were done before, where that is more: what fails for so many will hardly do the
    /// next one.
    static let failuresInARow = 20

    private let state = Mutex(State())

    var progress: Progress { state.withLock { $0.progress } }
    var failure: SourceFailure? { state.withLock { $0.failure } }
    var isFatal: Bool { state.withLock { $0.isFatal } }

    func begin(total: Int?) { state.withLock { $0.progress.total = total } }

    func add(_ result: BatchResult, elapsed: Duration) -> Progress {
        state.withLock { state in
            state.progress.finished += result.doneUnits + result.failedUnits.count
            state.progress.rows += result.rows
            state.progress.quarantinedRows += result.quarantinedRows
            state.progress.failedUnits += result.failedUnits.count
            state.skippedRows += result.skippedRows
            state.reasons.add(result.reasons)
            if let last = result.failedUnits.last { state.failure = last.failure }
            state.progress.elapsed = elapsed
            return state.progress
        }
    }

    /// Counts units that failed by themselves, and ends the work when there were too many in a row.
    func giveUp(after result: BatchResult) {
        state.withLock { state in
            if result.doneUnits > 0 { state.failedInARow = 0 }
            guard let failure = result.failedUnits.last?.failure, result.doneUnits == 0, !state.isFatal else { return }
            state.failedInARow += result.failedUnits.count
            let done = state.progress.finished - state.progress.failedUnits
            guard state.failedInARow >= max(Self.failuresInARow, done) else { return }
            state.failure = failure
            state.isFatal = true
            state.isGivenUp = true
            state.notes.append(
                "\(state.failedInARow) units in a row failed, so that nothing more of it was tried in this run")
        }
    }

    /// What was left when the work was given up is untried.
    func end() {
        state.withLock { state in
            guard state.isGivenUp, let total = state.progress.total else { return }
            state.untried = max(state.untried, total - state.progress.finished)
        }
    }

    /// Units failed before this run at that moment, at the latest (milliseconds since 1970).
    func begin(afterFailureAt moment: Int64?) { state.withLock { $0.lastFailure = moment } }

    /// What is noted now of a unit that failed in this run: later than what was noted before it, whatever the clock says.
    func time(_ now: Int64) -> Int64 { state.withLock { max(now, ($0.lastFailure ?? .min) &+ 1) } }

    func fail(_ failure: SourceFailure, isFatal: Bool = false) {
        state.withLock { state in
            // The first one that concerns everything is the one to be told.
            if !state.isFatal { state.failure = failure }
            state.isFatal = state.isFatal || isFatal
        }
    }

    /// Why rows did not fit.
    var reasons: RowReasons { state.withLock { $0.reasons } }

    func noteRetry(_ kind: FailureClass) { state.withLock { $0.retries[kind, default: 0] += 1 } }
    func noteHalving() { state.withLock { $0.halvings += 1 } }
    func noteProbe() { state.withLock { $0.probes += 1 } }
    func noteSlower(_ concurrency: Int) { state.withLock { $0.slowest = concurrency } }
    func noteUntried(_ units: Int) { state.withLock { $0.untried += units } }
    func note(_ text: String) { state.withLock { $0.notes.append(text) } }

    /// What was tried against failures, in words.
    var tried: [String] {
        state.withLock { state in
            var words = state.notes
            for (kind, count) in state.retries.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                words.append("tried again \(CountWords.times(count)) after '\(kind.rawValue)'")
            }
            if state.halvings > 0 {
                words.append("halved batches \(CountWords.times(state.halvings))")
            }
            if state.probes > 0 {
                words.append(
                    "waited for its source and asked again \(state.probes) \(state.probes == 1 ? "time" : "times")")
            }
            if let slowest = state.slowest { words.append("went down to \(slowest) at once") }
            let aside = state.progress.quarantinedRows
            func misfits(_ count: Int) -> String {
                CountWords.rows(count) + (count == 1 ? " that does not fit" : " that do not fit")
            }
            if aside > 0 { words.append("set \(misfits(aside)) aside") }
            if state.skippedRows > 0 { words.append("left out \(misfits(state.skippedRows))") }
            if state.untried > 0 {
                words.append("did not try \(state.untried) further \(state.untried == 1 ? "unit" : "units")")
            }
            return words
        }
    }
}

/// What came of one batch.
struct BatchResult: Sendable {
    struct FailedUnit: Sendable {
        var unit: Unit
        var failure: SourceFailure
    }

    var doneUnits = 0
    var rows = 0
    var quarantinedRows = 0
    var skippedRows = 0
    var failedUnits: [FailedUnit] = []
    /// Of the rows that were set aside or left out.
    var reasons = RowReasons()
}

/// Why rows did not fit, and how many for which reason.
struct RowReasons: Sendable, Hashable {
    /// Messages hold no values, so that there are few; what comes after so many is not counted.
    private static let limit = 100

    private var counts: [String: Int] = [:]

    mutating func add(_ reason: String, _ count: Int = 1) {
        guard counts[reason] != nil || counts.count < Self.limit else { return }
        counts[reason, default: 0] += count
    }

    mutating func add(_ others: RowReasons) {
        for (reason, count) in others.counts { add(reason, count) }
    }

    /// The reason of most of them, and in brackets of how many, where there are others.
    var main: String? {
        guard let main = counts.max(by: { ($0.value, $1.key) < ($1.value, $0.key) }) else { return nil }
        return counts.count == 1 ? main.key : "\(main.key) (\(CountWords.rows(main.value)))"
    }
}

/// A number that a transaction's body finds out.
final class RowCounter: Sendable {
    private let number = Mutex(0)
    var value: Int { number.withLock { $0 } }
    func set(_ value: Int) { number.withLock { $0 = value } }
}
