import HealKit
import HealModel
import Synchronization

/// All changes of a run to one database that exists: one transaction, planned again inside it.
struct DatabaseTransaction: Sendable {
    var machine: any ChangingMachine
    var check: any DatabaseCheck
    var selection: Selection
    var maxRisk: Risk
    var observer: any RunObserver

    /// Performs the tasks; each is healed, or taken back and said why. What does not verify is excluded and the rest done again.
    func perform(_ tasks: [RepairTask]) async -> [RepairRecord] {
        var excluded: [Finding.Key: (outcome: Outcome, reason: String)] = [:]
        while true {
            let wanted = Set(tasks.map(\.finding.key)).subtracting(excluded.keys)
            let unhealed = Unhealed()
            var records: [Finding.Key: RepairRecord] = [:]
            if !wanted.isEmpty {
                do throws(MachineError) {
                    let pass = try await machine.changeDatabase(check.database) { connection throws(MachineError) in
                        try self.pass(wanted, connection, unhealed)
                    }
                    for record in pass { records[record.finding] = record }
                } catch {
                    let keys = unhealed.keys
                    guard keys.isEmpty else {
                        for key in keys { excluded[key] = (.undone, "it did not heal the fault") }
                        continue
                    }
                    for key in wanted { excluded[key] = (.failed, error.explanation) }
                }
            }
            return tasks.map { task in
                if let record = records[task.finding.key] { return record }
                let reason = excluded[task.finding.key]
                return RepairRecord(
                    finding: task.finding.key, repair: task.planned.repair, outcome: reason?.outcome ?? .unneeded,
                    reason: reason?.reason ?? "another process had done it", before: task.finding.message)
            }
        }
    }

    private final class Unhealed: Sendable {
        private let state = Mutex<[Finding.Key]>([])
        var keys: [Finding.Key] { state.withLock { $0 } }
        func set(_ keys: [Finding.Key]) { state.withLock { $0 = keys } }
    }

    /// Inside the transaction: look, change what is still wrong, look again.
    private func pass(
        _ wanted: Set<Finding.Key>, _ connection: any SQLConnection, _ unhealed: Unhealed
    ) throws(MachineError) -> [RepairRecord] {
        var records: [RepairRecord] = []
        for finding in try check.observe(connection).findings where wanted.contains(finding.key) {
            guard let repair = finding.repair, repair.risk <= maxRisk else { continue }
            let start = ContinuousClock.now
            observer.begins(repair)
            var record = RepairRecord(
                finding: finding.key, repair: repair, outcome: .applied, before: finding.message, after: repair.done)
            // A savepoint each: one that SQLite refuses does not cost the others.
            try connection.execute("SAVEPOINT selfheal")
            do throws(MachineError) {
                for step in repair.steps {
                    guard case .executeSQL(_, let statements) = step else { continue }
                    for statement in statements { try connection.execute(statement) }
                }
            } catch {
                guard case .database(_, .sql) = error else { throw error }
                try connection.execute("ROLLBACK TO selfheal")
                record.outcome = .failed
                record.reason = error.explanation
                record.after = ""
            }
            try connection.execute("RELEASE selfheal")
            record.durationMicroseconds = start.microsecondsSince
            observer.ends(repair, outcome: record.outcome)
            records.append(record)
        }
        let applied = Set(records.filter { $0.outcome == .applied }.map(\.finding))
        guard !applied.isEmpty else { return records }
        let remaining = try check.observe(connection).findings.map(\.key).filter(applied.contains)
        if !remaining.isEmpty {
            unhealed.set(remaining)
            throw .refused(subject: check.database.text, .notHealed)
        }
        return records
    }
}
