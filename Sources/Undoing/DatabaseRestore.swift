import HealKit
import HealModel

/// A database holds what a backup holds.
public struct DatabaseRestore: Check {
    public static let descriptor = CheckDescriptor(
        id: "restore", title: "databases to restore", domain: .databases,
        kinds: [
            FindingKind(
                "restore.differs", .information, risk: .high,
                meaning: "A database holds something else than its backup.",
                healing: "It is backed up, and the backup is copied into it."),
            FindingKind(
                "restore.unusable", .information, risk: .high, meaning: "A database is missing or damaged.",
                healing: "The backup is copied in its place; what is there is kept under another name."),
        ])

    let database: ResourcePath
    let backup: ResourcePath

    public init(database: ResourcePath, backup: ResourcePath) {
        self.database = database
        self.backup = backup
    }

    public var subject: String { database.text }

    public func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let wanted = try await state(of: backup, on: machine)
        do throws(MachineError) {
            if try await state(of: database, on: machine) == wanted {
                return Observation(confirmations: ["\(database) holds what \(backup) holds"])
            }
        } catch .database(let subject, let fault) where fault.isUnusable {
            return found(
                "restore.unusable", MachineError.database(subject: subject, fault).explanation,
                "Copying \(backup) to \(database)", "what was there is kept beside it",
                .placeDatabase(database: database, backup: backup))
        }
        return found(
            "restore.differs", "\(database) holds something else than \(backup)",
            "Restoring \(database) from \(backup)", "from the backup \(backup); what it held is backed up",
            .rewindDatabase(database: database, backup: backup, expecting: nil))
    }

    private func found(
        _ id: FindingID, _ message: String, _ doing: String, _ detail: String, _ step: Step
    ) -> Observation {
        Observation(
            findings: [
                Finding(
                    id, subject: subject, severity: .information, message: message,
                    repair: Repair(
                        doing, done: "Restored \(database)", detail: detail, risk: .high, steps: [step]))
            ])
    }

    /// Everything that a database is.
    private struct State: Equatable {
        var schema: [SchemaRow]
        var numbers: [Int64]
        var contents: [String: String]
    }

    private func state(of path: ResourcePath, on machine: any Machine) async throws(MachineError) -> State {
        try await machine.readDatabase(path) { connection throws(MachineError) in
            guard try connection.isSound() else {
                throw .database(subject: path.text, .damaged("SQLite's integrity check finds faults"))
            }
            return State(
                schema: try connection.schemaRows(), numbers: try connection.schemaNumbers(),
                contents: try connection.contents())
        }
    }

    /// The newest of several backups that is sound, with what is wrong with those that are newer.
    public static func newestSound(
        of backups: [ResourcePath], on machine: any Machine
    ) async throws(MachineError) -> (backup: ResourcePath?, notes: [String]) {
        var notes: [String] = []
        for backup in backups {
            do throws(MachineError) {
                let isSound = try await machine.readDatabase(backup) { connection throws(MachineError) in
                    try connection.isSound()
                }
                if isSound { return (backup, notes) }
                notes.append("\(backup) is damaged and was passed over")
            } catch .cancelled {
                throw .cancelled
            } catch {
                notes.append("\(error.explanation); it was passed over")
            }
        }
        return (nil, notes)
    }
}

extension MachineError.DatabaseFault {
    /// The database must be replaced: nothing can be read of it, or not all.
    fileprivate var isUnusable: Bool {
        switch self {
        case .missing, .notADatabase, .damaged, .truncated, .empty: true
        default: false
        }
    }
}
