import HealEngine
import HealModel
import Synchronization

/// Shows on a terminal what a long repair is doing and since when; short ones are never shown.
final class TerminalProgress: RunObserver {
    private struct State {
        var current: (doing: String, since: ContinuousClock.Instant)?
        var shown = false
        var ticker: Task<Void, Never>?
    }

    private let console: Console
    private let state = Mutex(State())

    init(_ console: Console) { self.console = console }

    func begins(_ repair: Repair) {
        guard console.showsProgress else { return }
        state.withLock { state in
            state.current = (repair.doing, .now)
            if state.ticker == nil { state.ticker = Task { [weak self] in await self?.tick() } }
        }
    }

    func ends(_ repair: Repair, outcome: Outcome) {
        state.withLock { $0.current = nil }
        clear()
    }

    func end() {
        state.withLock { state in
            state.ticker?.cancel()
            state.ticker = nil
            state.current = nil
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
            let line: (String, Duration)? = state.withLock { state in
                guard let current = state.current else { return nil }
                let elapsed = current.since.duration(to: .now)
                guard elapsed > .milliseconds(500) else { return nil }
                state.shown = true
                return (current.doing, elapsed)
            }
            if let line { console.progress(line.0, elapsed: line.1) }
        }
    }
}
