import HealKit
import HealModel

/// Brings one database back to the contents of a backup, after a backup of what it holds now.
struct DatabaseRewind: Sendable {
    var machine: any ChangingMachine
    var observer: any RunObserver
    var backups: NewBackups

    func perform(_ task: RepairTask) async -> DatabaseTransaction.Result {
        let start = ContinuousClock.now
        observer.begins(task.planned.repair)
        var change: DatabaseChange?
        var record: RepairRecord
        do throws(MachineError) {
            for case .rewindDatabase(let database, let backup, let expected) in task.planned.repair.steps {
                change = try await rewind(database, to: backup, expecting: expected)
            }
            record = task.record(.applied, nil)
        } catch {
            let isRefused = if case .refused = error { true } else { false }
            record = task.record(isRefused ? .refused : .failed, error.explanation)
        }
        record.durationMicroseconds = start.microsecondsSince
        observer.ends(task.planned.repair, outcome: record.outcome)
        return DatabaseTransaction.Result(records: [record], change: change)
    }

    private func rewind(
        _ database: ResourcePath, to backup: ResourcePath, expecting expected: [String: String]?
    ) async throws(MachineError) -> DatabaseChange {
        let place = try backups.makePlace(for: database, on: machine)
        var change: DatabaseChange
        do throws(MachineError) {
            change = try await machine.rewindDatabase(database, to: backup) { connection throws(MachineError) in
                if let expected, try connection.contents() != expected {
                    throw .refused(subject: database.text, .changedMeanwhile)
                }
                var change = DatabaseChange(database: database)
                change.schemaBefore = try connection.schemaRows()
                change.numbersBefore = try connection.schemaNumbers()
                // Somebody wrote between the two transactions: the backup of the first is not the state that is rewound.
                try machine.removeOwnFile(place)
                change.backup = Backup(path: place, size: try connection.backUp(to: place))
                return change
            }
        } catch {
            // Nothing was changed, so that nothing need be kept.
            try? machine.removeOwnFile(place)
            throw error
        }
        (change.schemaAfter, change.numbersAfter) = try await machine.readDatabase(backup) {
            connection throws(MachineError) in
            (try connection.schemaRows(), try connection.schemaNumbers())
        }
        return change
    }
}

extension RepairTask {
    var isRewind: Bool {
        planned.repair.steps.contains { step in
            if case .rewindDatabase = step { true } else { false }
        }
    }
}
