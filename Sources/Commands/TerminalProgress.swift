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
        var shown = false
        var ticker: Task<Void, Never>?
    }

    private let console: Console
    private let state = Mutex(State())

    /// From how many resources on it is shown at once how far a run has come.
    private static let many = 100

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

    private func change(_ body: (inout State) -> Void) {
        guard console.showsProgress else { return }
        state.withLock { state in
            body(&state)
            if state.ticker == nil { state.ticker = Task { [weak self] in await self?.tick() } }
        }
    }

    func end() {
        state.withLock { state in
            state.ticker?.cancel()
            state.ticker = nil
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

    private func tick() async {
        while !Task.isCancelled {
            try? await Task.sleep(for: .milliseconds(200))
            state.withLock { state in show(&state) }
        }
    }

    /// Under the lock, so that nothing is drawn over what was cleared meanwhile.
    private func show(_ state: inout State) {
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
