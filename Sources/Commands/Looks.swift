import HealEngine
import HealModel
import LiveMachine
import Rendering

/// What a look gave: a report, or why there is none.
enum Look: Sendable {
    case report(Report)
    case refusal(Refusal)

    var status: ExitStatus {
        switch self {
        case .report(let report): ExitStatus(rawValue: report.exitStatus) ?? .critical
        case .refusal(let refusal): refusal.status
        }
    }
}

/// Looks when somebody asks, one look at a time, and answers all who ask meanwhile, or shortly afterwards, with the same.
actor Looks {
    private let request: RunRequest
    /// How long an answer is good.
    private let freshness: Duration
    private let console: Console
    private let interruption: Interruption
    /// Looks wait for locks, and the threads that tasks share have to answer others meanwhile.
    private let pool: WorkerPool
    private var kept: (look: Look, since: ContinuousClock.Instant)?
    private var running: Task<Look, Never>?

    init(
        request: RunRequest, freshness: Duration, console: Console, interruption: Interruption, threads: Int
    ) {
        self.request = request
        self.freshness = freshness
        self.console = console
        self.interruption = interruption
        pool = WorkerPool(threads: threads)
    }

    func current() async -> Look {
        if let kept, kept.since.duration(to: .now) < freshness { return kept.look }
        if let running { return await running.value }
        let task = Task(executorPreference: pool) { [request, interruption] in
            await Program.$interruption.withValue(interruption) { await request.look() }
        }
        running = task
        let look = await task.value
        running = nil
        if look.status != kept?.look.status { tell(look) }
        kept = (look, .now)
        return look
    }

    /// Waits for the look that is going on, but not for ever.
    func finish(within limit: Duration) async {
        guard let running else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { _ = await running.value }
            group.addTask { try? await Task.sleep(for: limit) }
            await group.next()
            group.cancelAll()
        }
    }

    /// For the log of whoever started the server: when the verdict changes, and to what.
    private func tell(_ look: Look) {
        switch look {
        case .report(let report):
            let subjects = report.checks.filter { $0.severity == .critical }.map(\.subject)
            console.inform(
                subjects.isEmpty ? "The application can start" : "Critical: \(subjects.joined(separator: ", "))")
        case .refusal(let refusal): console.inform(refusal.faults.map(\.text).joined(separator: "; "))
        }
    }
}
