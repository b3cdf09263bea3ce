import CSelfHeal
import Glibc
import HealKit

/// What a connection waits for and how long: asked by SQLite while it waits for a lock and while it works.
///
/// Used by one thread, as its connection.
final class Patience {
    /// How long a lock is waited for, each time; zero while somebody else does the waiting.
    var waitLimit: Duration
    /// How long the connection may work in all; `nil` for as long as it takes.
    let timeLimit: Duration?
    private let interruption: Interruption
    private let start = ContinuousClock.now
    private var waitingSince: ContinuousClock.Instant?
    private(set) var waited = Duration.zero
    private(set) var ranOut = false
    /// For the statement that runs now: how long it may take, and since when it does.
    private var statement: (limit: Duration, start: ContinuousClock.Instant)?

    init(waitLimit: Duration, timeLimit: Duration? = nil, interruption: Interruption) {
        self.waitLimit = waitLimit
        self.timeLimit = timeLimit
        self.interruption = interruption
    }

    /// Which limit it was that ended a statement.
    var limitThatEnded: Duration? { statement?.limit ?? timeLimit }

    /// Within the body, what runs also has this limit. Another statement may be run afterwards.
    func limited<Value>(
        to limit: Duration, _ body: () throws(MachineError) -> Value
    ) throws(MachineError) -> Value {
        statement = (limit, .now)
        defer {
            statement = nil
            ranOut = false
        }
        return try body()
    }

    var isInterrupted: Bool { interruption.isRaised }

    /// Has SQLite ask this object for as long as it lives; whoever installs it keeps both alive.
    func install(in db: OpaquePointer) {
        let context = Unmanaged.passUnretained(self).toOpaque()
        sqlite3_busy_handler(
            db,
            { context, count in
                guard let context else { return 0 }
                return Unmanaged<Patience>.fromOpaque(context).takeUnretainedValue().waits(afterTries: count) ? 1 : 0
            }, context)
        // Some tenths of a millisecond of work.
        sqlite3_progress_handler(
            db, 4000,
            { context in
                guard let context else { return 0 }
                return Unmanaged<Patience>.fromOpaque(context).takeUnretainedValue().stops() ? 1 : 0
            }, context)
    }

    private func waits(afterTries count: Int32) -> Bool {
        guard waitLimit > .zero else { return false }
        let now = ContinuousClock.now
        if count == 0 { waitingSince = now }
        waited = now - (waitingSince ?? now)
        guard waited < waitLimit, !interruption.isRaised else { return false }
        var pause = timespec(tv_sec: 0, tv_nsec: min(25, 1 << min(Int(count), 5)) * 1_000_000)
        nanosleep(&pause, nil)
        return true
    }

    private func stops() -> Bool {
        if interruption.isRaised { return true }
        let now = ContinuousClock.now
        if let statement, now - statement.start > statement.limit {
            ranOut = true
        } else if let timeLimit, now - start > timeLimit {
            statement = nil
            ranOut = true
        }
        return ranOut
    }
}
