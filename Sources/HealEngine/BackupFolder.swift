import HealKit
import HealModel

/// Where backups of databases are kept, below the application's root, and how they are called:
/// `.selfheal/backups/<path of the database>/<UTC>-run<N>.db`.
public struct BackupFolder: Sendable {
    static let path = ".selfheal/backups"

    var run: Int64
    /// Milliseconds since 1970.
    var now: Int64

    /// The folder that holds the backups of one database, with those above it, outermost first.
    static func folders(for database: ResourcePath) throws(MachineError) -> [ResourcePath] {
        // A path outside the root gets a place inside.
        let parts = database.text.split(separator: "/").map { $0 == ".." ? "__" : String($0) }
        do {
            let whole = try ResourcePath("\(path)/\(parts.joined(separator: "/"))")
            return whole.lineage.reversed()
        } catch {
            throw .refused(subject: database.text, .leavesRoot)
        }
    }

    /// `20260131T120000.250Z-run12.db`
    func name(attempt: Int) -> String {
        let suffix = attempt > 1 ? "-\(attempt)" : ""
        return "\(Timestamp.compact(milliseconds: now))-run\(run)\(suffix).db"
    }

    /// A path for a new backup, in a folder that is there.
    func makePlace(
        for database: ResourcePath, attempt: Int = 1, on machine: any ChangingMachine
    ) throws(MachineError) -> ResourcePath {
        let folders = try Self.folders(for: database)
        for folder in folders { _ = try machine.createDirectory(folder, mode: FileMode(rawValue: 0o700)) }
        guard let folder = folders.last else { throw .refused(subject: database.text, .leavesRoot) }
        return try Self.file(name(attempt: attempt), in: folder)
    }

    private static func file(_ name: String, in folder: ResourcePath) throws(MachineError) -> ResourcePath {
        do {
            return try ResourcePath("\(folder)/\(name)")
        } catch {
            throw .refused(subject: folder.text, .leavesRoot)
        }
    }

    // MARK: What is there

    /// The backups of a database, the newest first.
    public static func backups(
        of database: ResourcePath, on machine: any Machine
    ) throws(MachineError) -> [ResourcePath] {
        guard let folder = try folders(for: database).last, try machine.target(of: folder)?.kind == .directory else {
            return []
        }
        var backups: [(stamp: BackupName, path: ResourcePath)] = []
        for name in try machine.names(in: folder) {
            guard let stamp = BackupName(name) else { continue }
            backups.append((stamp, try file(name, in: folder)))
        }
        return backups.sorted { $0.stamp > $1.stamp }.map(\.path)
    }

    /// Removes the oldest backups of a database, so that the newest `kept` stay: at least one, which is what the last run is
    /// taken back with.
    static func prune(
        _ database: ResourcePath, keeping kept: Int, on machine: any ChangingMachine
    ) throws(MachineError) {
        for backup in try backups(of: database, on: machine).dropFirst(max(1, kept)) {
            try machine.removeOwnFile(backup)
        }
    }
}

/// The name of a backup, ordered by when it was made.
struct BackupName: Comparable {
    let time: String
    let run: Int64
    let attempt: Int64

    /// - Returns: `nil` for every other name.
    init?(_ name: String) {
        guard name.hasSuffix(".db") else { return nil }
        let parts = name.dropLast(3).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts[1].hasPrefix("run"),
            let run = Self.number(parts[1].dropFirst(3)), let attempt = parts.count == 3 ? Self.number(parts[2]) : 1,
            // `20260131T120000.250Z`
            parts[0].map({ $0.isASCII && $0.isNumber ? "0" : String($0) }).joined() == "00000000T000000.000Z"
        else { return nil }
        time = String(parts[0])
        self.run = run
        self.attempt = attempt
    }

    private static func number(_ text: Substring) -> Int64? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int64(text) : nil
    }

    static func < (lhs: BackupName, rhs: BackupName) -> Bool {
        (lhs.time, lhs.run, lhs.attempt) < (rhs.time, rhs.run, rhs.attempt)
    }
}
