import HealKit

/// So many at once; the others wait for their turn.
actor Slots {
    private var limit: Int
    private var taken = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ limit: Int) { self.limit = limit }

    func take() async {
        if taken < limit {
            taken += 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func give() {
        // A slot is handed on, unless there are fewer now.
        if taken <= limit, !waiting.isEmpty {
            waiting.removeFirst().resume()
        } else {
            taken -= 1
        }
    }

    /// Half as many from now on, at least one.
    /// - Returns: how many that are; `nil` when it is one already.
    func halve() -> Int? {
        guard limit > 1 else { return nil }
        limit = max(1, limit / 2)
        return limit
    }
}

/// What all datasets of a run share.
actor SharedLimits {
    private var pools: [String: Slots]
    private var queues: [String: Slots] = [:]
    private var turns: [String: Slots] = [:]
    /// Batches of all datasets together.
    let jobs: JobSlots

    /// - Parameter pools: the limits of the pools that datasets name.
    init(jobs: Int, server: (any JobServer)? = nil, pools: [String: Int]) {
        self.jobs = JobSlots(jobs, server: server)
        self.pools = pools.mapValues { Slots($0) }
    }

    func pool(_ name: String?) -> Slots? { name.flatMap { pools[$0] } }

    /// For those who work on a dataset.
    func turn(of dataset: String) -> Slots {
        if let turn = turns[dataset] { return turn }
        let turn = Slots(1)
        turns[dataset] = turn
        return turn
    }

    /// For those who write to a database: SQLite lets only one at a time, and has the others come again and again.
    func queue(_ database: String) -> Slots {
        if let queue = queues[database] { return queue }
        let queue = Slots(1)
        queues[database] = queue
        return queue
    }
}
