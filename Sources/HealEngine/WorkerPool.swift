import Dispatch
import Foundation
import Synchronization

/// Threads of its own for work that blocks: SQLite reads, locks and syncs.
///
/// The threads that Swift's tasks share are as many as there are processors. Work that waits for a disk on one of them keeps
/// everything else from it: the other databases, the progress line, a request to stop.
public final class WorkerPool: TaskExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        /// Where in `jobs` the first one is that nobody has taken.
        var first = 0
        var isClosed = false

        mutating func take() -> UnownedJob? {
            guard first < jobs.count else { return nil }
            let job = jobs[first]
            first += 1
            if first == jobs.count {
                jobs.removeAll(keepingCapacity: true)
                first = 0
            }
            return job
        }
    }

    private let state = Mutex(State())
    private let available = DispatchSemaphore(value: 0)
    private let threads: Int

    /// - Parameter threads: how many; they end with `close`.
    public init(threads: Int) {
        self.threads = threads
        for _ in 0..<threads {
            let thread = Thread { [self] in work() }
            thread.name = "selfheal"
            thread.start()
        }
    }

    /// Ends the threads, once all tasks that prefer this pool are over.
    public func close() {
        state.withLock { $0.isClosed = true }
        for _ in 0..<threads { available.signal() }
    }

    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        available.signal()
    }

    private func work() {
        while true {
            available.wait()
            let (job, isClosed) = state.withLock { ($0.take(), $0.isClosed) }
            if let job {
                job.runSynchronously(on: asUnownedTaskExecutor())
            } else if isClosed {
                return
            }
        }
    }
}

/// How many things a run does at once, and on which threads.
struct Workers: Sendable {
    var jobs: Int
    /// `nil`: the threads that all tasks share.
    var pool: WorkerPool?

    /// From how many databases on threads of their own are worth their making.
    static let fleet = 16

    /// What the body makes of each element, in order; at most `jobs` of them are at work at a time.
    func map<Input: Sendable, Output: Sendable>(
        _ inputs: [Input], _ body: @escaping @Sendable (Input) async -> Output
    ) async -> [Output] {
        // A group costs more than a few looks at files: one is done directly.
        if inputs.count == 1 { return [await body(inputs[0])] }
        let next = Counter()
        return await withTaskGroup(of: [(index: Int, output: Output)].self) { group in
            for _ in 0..<min(jobs, inputs.count) {
                group.addTask(executorPreference: pool) {
                    var outputs: [(index: Int, output: Output)] = []
                    while case let index = next.take(), index < inputs.count {
                        outputs.append((index, await body(inputs[index])))
                    }
                    return outputs
                }
            }
            var ordered: [Output?] = Array(repeating: nil, count: inputs.count)
            for await outputs in group {
                for (index, output) in outputs { ordered[index] = output }
            }
            return ordered.compactMap { $0 }
        }
    }

    private final class Counter: Sendable {
        private let value = Atomic(0)
        func take() -> Int { value.add(1, ordering: .relaxed).oldValue }
    }
}
