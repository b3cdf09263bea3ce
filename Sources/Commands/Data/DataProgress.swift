import Foundation
import LiveMachine
import Populating
import Rendering
import Synchronization

/// Shows how far the work on datasets is: on a terminal as a block of bars that moves while one step is long, elsewhere as a line
/// for each of them from time to time. What else is written goes through it, so that neither is written over the other.
final class DataProgress: Sendable {
    /// A terminal that can be drawn over.
    struct Terminal: Sendable {
        var style: ProgressBlock.Style
        /// As they are now: a window changes its size.
        var size: @Sendable () -> (columns: Int, rows: Int)
        var draw: @Sendable (String) -> Void
        /// Told how many rows the block takes, whenever it was drawn or taken away.
        var note: @Sendable (Int) -> Void = { _ in }
    }

    enum Mode: Sendable {
        case block(Terminal)
        case lines(every: Duration)
        case nothing
    }

    private struct State {
        var block: ProgressBlock
        var screen = BlockScreen()
        var isTicking = false
        /// When each is next told of.
        var due: [String: Duration] = [:]
    }

    /// How often each dataset at work is told of where there is no terminal.
    static let interval = Duration.seconds(30)
    private static let frame = Duration.milliseconds(100)

    private let mode: Mode
    private let emit: @Sendable (String) -> Void
    private let now: @Sendable () -> Duration
    private let state: Mutex<State>

    /// - Parameters:
    ///   - emit: writes a whole line, or several, to where the output goes.
    ///   - now: since any fixed moment.
    init(_ mode: Mode, emit: @escaping @Sendable (String) -> Void, now: @escaping @Sendable () -> Duration) {
        self.mode = mode
        self.emit = emit
        self.now = now
        let style = if case .block(let terminal) = mode { terminal.style } else { ProgressBlock.Style() }
        state = Mutex(State(block: ProgressBlock(style: style)))
    }

    convenience init(_ mode: Mode, emit: @escaping @Sendable (String) -> Void) {
        let start = ContinuousClock.now
        self.init(mode, emit: emit) { ContinuousClock.now - start }
    }

    deinit { end() }

    /// - Parameter text: what is written of it.
    func note(_ event: PopulationEvent, saying text: String? = nil) {
        state.withLock { state in
            change(&state, event)
            if let text {
                say(text, &state)
            } else if !event.isStep {
                // Steps may be thousands a second; the next frame shows them.
                draw(&state)
            }
            startTicking(&state)
        }
    }

    func say(_ text: String) {
        state.withLock { say(text, &$0) }
    }

    /// Takes the block away. Nothing is shown afterwards, until work begins anew.
    func end() {
        state.withLock { state in
            for name in state.block.names { state.block.end(name) }
            state.due = [:]
            clear(&state)
        }
    }

    // MARK: What happens

    private func change(_ state: inout State, _ event: PopulationEvent) {
        let now = now()
        switch event {
        case .begins(let name, let total):
            state.block.begin(name, total: total, at: now)
            if case .lines(let interval) = mode { state.due[name] = now + interval }
        case .advances(let name, let progress):
            let count = ProgressBlock.Count(
                done: progress.finished, total: progress.total, rows: progress.rows, failed: progress.failedUnits)
            state.block.advance(name, count, at: now)
        case .retries(let name, let attempt, let most, _, _, let delay):
            state.block.wait(name, attempt: attempt, of: most, until: now + delay)
        case .ends(let outcome):
            state.block.end(outcome.dataset)
            state.due[outcome.dataset] = nil
        case .halves, .slows, .needs, .opens, .closes: break
        }
    }

    // MARK: What is seen

    /// A thread of its own: while one step is long, those that tasks share may all be at work.
    private func startTicking(_ state: inout State) {
        let pause: Duration
        switch mode {
        case .block: pause = Self.frame
        case .lines(let interval): pause = min(max(interval / 10, .milliseconds(1)), .milliseconds(500))
        case .nothing: return
        }
        guard !state.isTicking, !state.block.isEmpty else { return }
        state.isTicking = true
        let microseconds = UInt32(pause / .microseconds(1))
        Thread { [weak self] in while self?.tick() ?? false { usleep(microseconds) } }.start()
    }

    /// - Returns: whether there may be more to show.
    private func tick() -> Bool {
        state.withLock { state in
            state.isTicking = !state.block.isEmpty
            guard state.isTicking else { return false }
            switch mode {
            case .block: draw(&state)
            case .lines(let interval): tell(&state, interval)
            case .nothing: break
            }
            return true
        }
    }

    private func tell(_ state: inout State, _ interval: Duration) {
        let now = now()
        for name in state.block.names {
            guard let due = state.due[name], due <= now else { continue }
            // What was missed while the machine slept is not made up for.
            state.due[name] = max(due + interval, now + interval / 2)
            if let words = state.block.remark(on: name, at: now) { emit("[HEALING] \(words)\n") }
        }
    }

    private func say(_ text: String, _ state: inout State) {
        clear(&state)
        emit(text)
        draw(&state)
    }

    private func draw(_ state: inout State) {
        guard case .block(let terminal) = mode else { return }
        let size = terminal.size()
        let lines = state.block.lines(at: now(), width: size.columns, height: size.rows)
        let text = state.screen.draw(lines, columns: size.columns)
        guard !text.isEmpty else { return }
        terminal.draw(text)
        terminal.note(state.screen.rows(size.columns))
    }

    private func clear(_ state: inout State) {
        guard case .block(let terminal) = mode, !state.screen.isEmpty else { return }
        terminal.draw(state.screen.clear(columns: terminal.size().columns))
        terminal.note(0)
    }
}

extension PopulationEvent {
    fileprivate var isStep: Bool { if case .advances = self { true } else { false } }
}

extension DataProgress.Mode {
    /// What suits where output goes. The block is on standard error.
    init(_ console: Console, environment: [String: String] = ProcessInfo.processInfo.environment) {
        let isKnown = !(environment["TERM"] ?? "").isEmpty
        guard console.showsProgress, isKnown, !Self.standardOutputIsPipe else {
            self = .lines(every: DataProgress.interval)
            return
        }
        let style = ProgressBlock.Style(
            isUnicode: ProgressBlock.Style.isUnicode(environment), color: console.colorsErrors)
        self = .block(
            DataProgress.Terminal(
                style: style, size: { Console.terminalSize(environment) }, draw: { console.drawOver($0) },
                note: { ProcessSetup.noteDrawnLines($0) }))
    }

    /// What goes through a pipe may come out on the same terminal (`| tee log`), in the middle of a block.
    private static var standardOutputIsPipe: Bool {
        var status = stat()
        guard fstat(STDOUT_FILENO, &status) == 0 else { return false }
        return [S_IFIFO, S_IFSOCK].contains(status.st_mode & S_IFMT)
    }
}
