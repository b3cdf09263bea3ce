import Datasets
import HealKit
import HealModel
import Synchronization

/// Datasets of one database that a SELECT makes as a whole, in one transaction: looking at each, and having the disk keep each by
/// itself, takes many times as long as what they do.
///
/// It does what goes well at once, and each of them wholly or not at all, with its ledger. What does not go well leaves no trace here,
/// and is left to whoever does it alone, with all that is tried there.
struct SQLSeries: Sendable {
    /// What came of it. Datasets of which nothing is said have not begun.
    struct Result: Sendable {
        var outcomes: [DatasetOutcome] = []
        /// To be done each by itself.
        var alone: Set<String> = []
    }

    /// After so long nothing more is begun: what is done is kept, others get their turn at the database, and children elsewhere theirs.
    static let pause = Duration.milliseconds(100)
    /// Whoever is at work after so long is no small dataset.
    static let limit = Duration.seconds(1)

    let database: ResourcePath
    /// Parents before children.
    let works: [DatasetWork]
    let tools: PopulationTools
    let limits: SharedLimits
    let forced: Set<String>

    /// Whether a dataset can be one of a series: nothing but its database is needed for it.
    static func canHold(_ dataset: Dataset, parents: [Dataset]) -> Bool {
        guard let population = dataset.populate, case .sql(let sql) = population.source, population.unit == nil,
            population.concurrency.pool == nil, population.timeout >= limit
        else { return false }
        // Whether it is one SELECT, SQLite says when its turn comes.
        let first = sql.prefix { $0 != "(" && $0 != "\n" }.split(separator: " ").first?.lowercased() ?? ""
        return ["select", "with", "values"].contains(first)
            && parents.allSatisfy { $0.relation.database == dataset.relation.database }
    }

    func perform() async -> Result {
        // Always in this order, so that nobody waits in a circle.
        let ticket = await limits.jobs.take()
        let queue = await limits.queue(database.text)
        await queue.take()
        let result = await performNow()
        await queue.give()
        await limits.jobs.give(ticket)
        return result
    }

    // MARK: The transaction

    private struct Made: Sendable {
        struct Member: Sendable {
            var work: DatasetWork
            /// `nil`: there was nothing to do.
            var result: BatchResult?
            var took: Duration
        }

        var members: [Member] = []
        var alone: Set<String> = []
    }

    /// Who is at work, for when that ends the transaction.
    private final class Turn: Sendable {
        private let name = Mutex<String?>(nil)
        var current: String? {
            get { name.withLock { $0 } }
            set { name.withLock { $0 = newValue } }
        }
    }

    private func performNow() async -> Result {
        var result = Result()
        var works = works[...]
        // A second time without the one that ended the transaction.
        for _ in 0..<2 {
            let turn = Turn()
            let all = works
            do throws(MachineError) {
                let made = try await tools.machine.changeDatabase(database, timeLimit: Self.limit) {
                    connection throws(MachineError) in try make(all, connection, turn)
                }
                result.alone.formUnion(made.alone)
                result.outcomes = made.members.map(tell)
                return result
            } catch {
                guard error != .cancelled, let name = turn.current,
                    let place = works.firstIndex(where: { $0.dataset.name == name })
                else { break }
                result.alone.insert(name)
                works = works[..<place]
                if works.isEmpty { return result }
            }
        }
        // Whatever is wrong with the database, each of them says so.
        return Result(alone: Set(self.works.map(\.dataset.name)))
    }

    private func make(
        _ works: ArraySlice<DatasetWork>, _ connection: any ChangingConnection, _ turn: Turn
    ) throws(MachineError) -> Made {
        var made = Made()
        let began = tools.clock.now
        var look = Look()
        var missing: Set<String> = []
        for work in works {
            let start = tools.clock.now
            if tools.isStopped() || (start - began > Self.pause && !made.members.isEmpty) { break }
            let name = work.dataset.name
            guard !work.dataset.parents.contains(where: missing.contains) else {
                missing.insert(name)
                continue
            }
            turn.current = name
            guard let done = try perform(work, connection, &look) else {
                missing.insert(name)
                made.alone.insert(name)
                continue
            }
            made.members.append(Made.Member(work: work, result: done.result, took: tools.clock.now - start))
        }
        // What goes wrong now is nobody's fault.
        turn.current = nil
        return made
    }

    /// What is known of the database.
    private struct Look {
        var hasLedger = false
        /// Those that have enough rows.
        var ready: Set<String> = []
    }

    private struct Done {
        var result: BatchResult?
    }

    /// - Returns: `nil` when that has to be done alone: nothing of it is left.
    private func perform(
        _ work: DatasetWork, _ connection: any ChangingConnection, _ look: inout Look
    ) throws(MachineError) -> Done? {
        var done: Done?
        try connection.execute("SAVEPOINT selfheal_member")
        do throws(MachineError) {
            done = try attempt(work, connection, &look)
        } catch .database(_, .sql) {
            // Unless it has ended the transaction, which the next statement notices.
        }
        guard let done else {
            try connection.execute("ROLLBACK TO selfheal_member; RELEASE selfheal_member")
            return nil
        }
        try connection.execute("RELEASE selfheal_member")
        look.ready.insert(work.dataset.name)
        if done.result != nil { look.hasLedger = true }
        return done
    }

    private func attempt(
        _ work: DatasetWork, _ connection: any ChangingConnection, _ look: inout Look
    ) throws(MachineError) -> Done? {
        for parent in work.parents where !look.ready.contains(parent.name) {
            guard try Population.countRows(of: parent, connection) >= parent.volume.minimumRows else { return nil }
            look.ready.insert(parent.name)
        }
        if !look.hasLedger {
            look.hasLedger = try WorkLedger(work.dataset.name, reading: connection).shape() == .current
        }
        let need = try WholeNeed(dataset: work.dataset, parents: work.parents, machine: tools.machine).look(
            isForced: forced.contains(work.dataset.name), write: work.population.write, on: connection,
            hasLedger: look.hasLedger)
        guard need.isNeeded else { return Done() }
        guard case .sql(let sql) = work.population.source, try connection.queryColumns(sql) != nil else { return nil }
        let task = BatchWriter.Work(batch: UnitBatch(), parents: need.parents, replacesAll: need.replacesAll)
        let written = try work.writer.write(task, connection, hasLedger: look.hasLedger) {
            session throws(PopulationError) in try session.perform(sql)
        }
        guard case .success(let result) = written else { return nil }
        let least = work.dataset.volume.minimumRows
        if work.population.write == .merge || result.rows < least {
            guard try Population.countRows(of: work.dataset, connection) >= least else { return nil }
        }
        return Done(result: result)
    }

    // MARK: Afterwards

    /// Only what is on the disk is told of.
    private func tell(_ member: Made.Member) -> DatasetOutcome {
        if let result = member.result {
            member.work.tally.begin(total: 1)
            tools.observe(.begins(dataset: member.work.dataset.name, total: 1))
            let progress = member.work.tally.add(result, elapsed: member.took)
            tools.observe(.advances(dataset: member.work.dataset.name, progress))
        }
        return member.work.told
    }
}
