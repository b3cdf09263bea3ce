import HealKit
import HealModel

/// Where one run puts its backups.
struct NewBackups: Sendable {
    var run: Int64
    /// Milliseconds since 1970.
    var now: Int64

    /// `20260131T120000.250Z-run12.db`
    func name(attempt: Int) -> String {
        let suffix = attempt > 1 ? "-\(attempt)" : ""
        return "\(Timestamp.compact(milliseconds: now))-run\(run)\(suffix).db"
    }

    /// A path for a new backup, in a folder that is there.
    func makePlace(
        for database: ResourcePath, attempt: Int = 1, on machine: any ChangingMachine
    ) throws(MachineError) -> ResourcePath {
        let folders = try DatabaseBackups.folders(for: database)
        for folder in folders { _ = try machine.createDirectory(folder, mode: FileMode(rawValue: 0o700)) }
        guard let folder = folders.last else { throw .refused(subject: database.text, .leavesRoot) }
        do {
            return try ResourcePath("\(folder)/\(name(attempt: attempt))")
        } catch {
            throw .refused(subject: folder.text, .leavesRoot)
        }
    }

    /// Removes the oldest backups of a database, so that the newest `kept` stay: at least one, which is what the last run is
    /// taken back with.
    static func prune(
        _ database: ResourcePath, keeping kept: Int, on machine: any ChangingMachine
    ) throws(MachineError) {
        for backup in try DatabaseBackups.all(of: database, on: machine).dropFirst(max(1, kept)) {
            try machine.removeOwnFile(backup)
        }
    }
}
