import HealKit
import HealModel

/// A database has the journal mode that it had before a run.
struct JournalModeUndo: Check {
    static let descriptor = CheckDescriptor(
        id: "undo.journal-mode", title: "journal modes that a run changed", domain: .databases,
        kinds: [
            FindingKind(
                "undo.journal-mode.changed", .critical, risk: .medium,
                meaning: "A database has the journal mode that a run gave it.",
                healing: "It gets the one back that it had, unless somebody uses it: then undo again.")
        ])

    let run: Int64
    let database: ResourcePath
    /// What the run set, and what was there before.
    let mode: JournalMode
    let previous: JournalMode

    var subject: String { database.text }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let found = try await machine.readDatabase(database) { connection throws(MachineError) in
            try connection.rows("PRAGMA main.journal_mode").first?.first?.text
        }
        guard (found == JournalMode.wal.rawValue) == (mode == .wal) else {
            return Observation(confirmations: ["\(database) has its journal mode back"])
        }
        return Observation(
            findings: [
                Finding(
                    "undo.journal-mode.changed", subject: subject, severity: .critical,
                    message: "\(database) has the journal mode \(mode.rawValue) that run \(run) gave it",
                    repair: Repair(
                        "Giving \(database) its journal mode \(previous.rawValue) back",
                        done: "\(database) has its journal mode \(previous.rawValue) back",
                        detail: "PRAGMA journal_mode = \(previous.rawValue)", risk: .medium,
                        steps: [.setJournalMode(database: database, mode: previous, previous: mode)]))
            ])
    }
}
