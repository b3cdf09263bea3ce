import HealKit
import HealModel
import Synchronization

/// All changes of a run to one database that exists: one transaction, planned again inside it.
struct DatabaseTransaction: Sendable {
    var machine: any ChangingMachine
    var check: any DatabaseCheck
    var maxRisk: Risk
    var observer: any RunObserver
    var backups: NewBackups

    /// What became of the tasks, and what was changed.
    struct Result: Sendable {
        var records: [RepairRecord]
        /// `nil` when nothing was changed.
        var change: DatabaseChange?
    }

    /// Performs the tasks; each is healed, or taken back and said why. What does not verify is excluded and the rest done again.
    func perform(_ tasks: [RepairTask]) async -> Result {
        var excluded: [Finding.Key: (outcome: Outcome, reason: String)] = [:]
        var attempt = 1
        while true {
            let wanted = Set(tasks.flatMap(\.keys)).subtracting(excluded.keys)
            let failure = Failure()
            var records: [Finding.Key: RepairRecord] = [:]
            var change: DatabaseChange?
            if !wanted.isEmpty {
                do throws(MachineError) {
                    let (number, path) = (attempt, check.database)
                    let pass = try await machine.changeDatabase(path) { connection throws(MachineError) in
                        var pass = DatabasePass(self, connection, wanted: wanted, attempt: number)
                        do throws(MachineError) {
                            try pass.run()
                        } catch {
                            failure.set(unhealed: pass.unhealed, backup: pass.change.backup)
                            throw error
                        }
                        guard pass.hasChanged || pass.records.isEmpty else {
                            // What was tried is taken back, but a commit would write to the file all the same.
                            failure.set(unhealed: [], backup: pass.change.backup, records: pass.records)
                            throw .refused(subject: path.text, .notHealed)
                        }
                        if !pass.hasChanged { failure.set(unhealed: [], backup: pass.change.backup) }
                        return Result(records: pass.records, change: pass.hasChanged ? pass.change : nil)
                    }
                    for record in pass.records {
                        for key in record.findings { records[key] = record }
                    }
                    change = pass.change
                    discard(failure.backup)
                } catch {
                    discard(failure.backup)
                    for record in failure.records {
                        for key in record.findings { records[key] = record }
                    }
                    let keys = failure.unhealed
                    guard keys.isEmpty else {
                        for key in keys { excluded[key] = (.undone, "it did not heal the fault") }
                        attempt += 1
                        continue
                    }
                    if failure.records.isEmpty {
                        for key in wanted { excluded[key] = (.failed, error.explanation) }
                    }
                }
            }
            return Result(records: tasks.map { $0.record(records, excluded) }, change: change)
        }
    }

    /// Removes the backup of a database that was not changed after all. One that stays does no harm.
    private func discard(_ backup: Backup?) {
        if let backup { try? machine.removeOwnFile(backup.path) }
    }

    /// What is known of a pass that was rolled back, or that changed nothing.
    private final class Failure: Sendable {
        private struct State {
            var unhealed: [Finding.Key] = []
            var backup: Backup?
            var records: [RepairRecord] = []
        }

        private let state = Mutex(State())
        var unhealed: [Finding.Key] { state.withLock(\.unhealed) }
        var backup: Backup? { state.withLock(\.backup) }
        /// What was tried, none of it with success.
        var records: [RepairRecord] { state.withLock(\.records) }

        func set(unhealed: [Finding.Key], backup: Backup?, records: [RepairRecord] = []) {
            state.withLock { $0 = State(unhealed: unhealed, backup: backup, records: records) }
        }
    }
}

extension RepairTask {
    fileprivate func record(
        _ records: [Finding.Key: RepairRecord], _ excluded: [Finding.Key: (outcome: Outcome, reason: String)]
    ) -> RepairRecord {
        let key = finding.key
        if var record = records[key] {
            // The plan made again inside the transaction may have joined others.
            record.finding = key
            record.also = planned.also
            return record
        }
        let reason = keys.compactMap { excluded[$0] }.first
        return RepairRecord(
            finding: key, also: planned.also, repair: planned.repair, outcome: reason?.outcome ?? .unneeded,
            reason: reason?.reason ?? "another process had done it", before: finding.message)
    }
}
