import HealEngine
import HealKit
import HealModel
import LiveMachine
import ManifestShape
import Rendering

/// Runs again while what is wrong may still come, until all is well or the time is over.
///
/// In between only what is waited for is looked at, without the lock between runs: whoever brings it about may be one.
struct Waiting: Sendable {
    /// How long in all, from `started`.
    var limit: Duration
    var started: ContinuousClock.Instant
    var console: Console
    var interruption: Interruption

    /// What findings others may bring about: a migration, a job that fills a volume, another start-up tool.
    static let kinds: Set<FindingID> = [
        "directory.missing", "env.file.missing", "file.missing", "sqlite.column.missing", "sqlite.file.empty",
        "sqlite.file.journal", "sqlite.file.missing", "sqlite.file.truncated", "sqlite.index.missing",
        "sqlite.pattern.unmatched", "sqlite.table.missing", "sqlite.trigger.missing", "sqlite.view.missing",
    ]

    private static let firstPause = Duration.milliseconds(100)
    private static let longestPause = Duration.seconds(1)
    /// More of them would hide what changes.
    private static let namesShown = 3

    private var left: Duration { limit - started.duration(to: .now) }

    /// - Parameters:
    ///   - first: what a run gave.
    ///   - look: looks again at what is waited for, and changes nothing. Given how long it may wait for a lock.
    ///   - again: the whole run again.
    /// - Returns: what the last run gave, after those before it.
    func results(
        from first: RunResult, look: ([Awaited], Duration) async throws(RunRefusal) -> Prospect,
        again: () async throws(RunRefusal) -> RunResult
    ) async throws(RunRefusal) -> RunResult {
        var result = first
        var told: [Awaited] = []
        while case .awaiting(let awaited) = result.prospect, left > .zero, !interruption.isRaised {
            tell(awaited, &told)
            var now = Prospect.awaiting(awaited)
            var pause = Self.firstPause
            // Any change counts: what has come may be all that a heal needs, or bring something else to light.
            while case .awaiting(let still) = now, Set(still.map(\.finding)) == Set(awaited.map(\.finding)),
                left > .zero
            {
                await sleep(min(pause, left), for: awaited)
                if interruption.isRaised { return result }
                pause = min(pause * 2, Self.longestPause)
                now = try await look(awaited, max(left, .zero))
            }
            // Also when the time is over: the verdict is about what is there then.
            result = try await again().following(result)
        }
        console.clearProgress()
        if !told.isEmpty {
            result.notes.append("waited \(started.duration(to: .now).inSeconds) for what was not there at once")
        }
        return result
    }

    /// Names what is waited for, and afterwards only what has changed in that.
    private func tell(_ awaited: [Awaited], _ told: inout [Awaited]) {
        let isFirst = told.isEmpty
        guard Set(awaited.map(\.finding)) != Set(told.map(\.finding)) else { return }
        told = awaited
        console.clearProgress()
        var text = awaited.prefix(Self.namesShown).map(\.message).joined(separator: "; ")
        if awaited.count > Self.namesShown { text += "; and \(awaited.count - Self.namesShown) more" }
        let seconds = max(left, .zero).inSeconds
        console.inform(isFirst ? "Waiting up to \(seconds): \(text)" : "Still waiting, \(seconds) left: \(text)")
    }

    /// Wakes up often enough to end at once when asked to, and to show that it goes on.
    private func sleep(_ pause: Duration, for awaited: [Awaited]) async {
        let end = ContinuousClock.now + pause
        while case let rest = ContinuousClock.now.duration(to: end), rest > .zero, !interruption.isRaised {
            let names = awaited.prefix(Self.namesShown).map(\.check.subject).joined(separator: ", ")
            console.progress(waitingFor: names, elapsed: started.duration(to: .now))
            try? await Task.sleep(for: min(rest, .milliseconds(100)))
        }
    }
}

/// Why a run looked at nothing.
struct RunRefusal: Error {
    var status: ExitStatus
    var faults: [Refusal.Fault]

    init(_ status: ExitStatus, _ messages: String...) {
        self.status = status
        faults = messages.map { Refusal.Fault($0) }
    }

    init(_ problems: ManifestProblems) {
        status = .configuration
        faults = problems.all.map { Refusal.Fault($0.message, source: $0.location) }
    }
}
