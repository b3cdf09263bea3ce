import Foundation
import HealEngine
import HealModel
import Synchronization

/// Shows on a terminal what a long repair is doing and since when, and how far a run has come that goes through many
/// resources; what is short is never shown.
final class TerminalProgress: RunObserver {
    private struct State {
        var current: (doing: String, since: ContinuousClock.Instant)?
        /// What goes through many resources; while there is one, single repairs are not shown.
        var stage: (stage: RunStage, done: Int, since: ContinuousClock.Instant)?
        /// Who looks at the moment, and since when.
        var looks: [RunLook: ContinuousClock.Instant] = [:]
        var shown = false
        var isTicking = false
    }

    private let console: Console
    private let state = Mutex(State())

    /// From how many resources on it is shown at once how far a run has come.
    private static let many = 100
    /// From when on a check that still looks is named.
    private static let slow = Duration.seconds(2)

    init(_ console: Console) { self.console = console }

    func begins(_ repair: Repair) {
        change { $0.current = (repair.doing, .now) }
    }

    func ends(_ repair: Repair, outcome: Outcome) {
        let isOneOfMany = state.withLock { state in
            state.current = nil
            return state.stage != nil
        }
        if !isOneOfMany { clear() }
    }

    func begins(_ stage: RunStage) {
        change { $0.stage = (stage, 0, .now) }
    }

    func advances() {
        guard console.showsProgress else { return }
        state.withLock { $0.stage?.done += 1 }
    }

    func endsStage() {
        state.withLock { $0.stage = nil }
        clear()
    }

    func begins(_ look: RunLook) {
        change { $0.looks[look] = .now }
    }

    func ends(_ look: RunLook) {
        guard console.showsProgress else { return }
        state.withLock { $0.looks[look] = nil }
    }

    private func change(_ body: (inout State) -> Void) {
        guard console.showsProgress else { return }
        state.withLock { state in
            body(&state)
            guard !state.isTicking else { return }
            state.isTicking = true
            // A thread of its own: checks that wait for a lock keep the threads that tasks share.
            Thread { [weak self] in while self?.tick() ?? false { usleep(200_000) } }.start()
        }
    }

    func end() {
        state.withLock { state in
            state.isTicking = false
            state.looks = [:]
            state.current = nil
            state.stage = nil
        }
        clear()
    }

    private func clear() {
        let wasShown = state.withLock { state in
            defer { state.shown = false }
            return state.shown
        }
        if wasShown { console.clearProgress() }
    }

    /// - Returns: whether there may be more to show.
    private func tick() -> Bool {
        state.withLock { state in
            if state.isTicking { show(&state) }
            return state.isTicking
        }
    }

    /// Under the lock, so that nothing is drawn over what was cleared meanwhile.
    private func show(_ state: inout State) {
        if let (look, since) = state.looks.min(by: { $0.value < $1.value }), since.duration(to: .now) >= Self.slow {
            let others = state.looks.count { $0.value.duration(to: .now) >= Self.slow } - 1
            let more = others > 0 ? " and \(others) more" : ""
            state.shown = true
            console.progress(
                waitingFor: "\(look.title) on \(look.subject)\(more)", elapsed: since.duration(to: .now))
            return
        }
        if let (stage, done, since) = state.stage {
            let elapsed = since.duration(to: .now)
            guard stage.count >= Self.many || elapsed > .seconds(1), stage.count > 1 else { return }
            state.shown = true
            console.progress(
                stage.work == .healing ? "healing" : "looking at", done, of: stage.count,
                stage.areDatabases ? "databases" : "resources", elapsed: elapsed)
        } else if let current = state.current {
            let elapsed = current.since.duration(to: .now)
            guard elapsed > .milliseconds(500) else { return }
            state.shown = true
            console.progress(current.doing, elapsed: elapsed)
        }
    }
}
