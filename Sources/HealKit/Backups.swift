import HealModel

/// Where the backups of databases lie, below the application's root: `.selfheal/backups/<path of the database>/<UTC>-run<N>.db`,
/// each complete under its name.
public enum DatabaseBackups {
    static let path = ".selfheal/backups"

    /// The folder that holds the backups of one database, with those above it, outermost first.
    public static func folders(for database: ResourcePath) throws(MachineError) -> [ResourcePath] {
        // A path outside the root gets a place inside.
        let parts = database.text.split(separator: "/").map { $0 == ".." ? "__" : String($0) }
        do {
            let whole = try ResourcePath("\(path)/\(parts.joined(separator: "/"))")
            return whole.lineage.reversed()
        } catch {
            throw .refused(subject: database.text, .leavesRoot)
        }
    }

    /// The backups of a database, the newest first.
    public static func all(of database: ResourcePath, on machine: any Machine) throws(MachineError) -> [ResourcePath] {
        guard let folder = try folders(for: database).last, try machine.target(of: folder)?.kind == .directory else {
            return []
        }
        return try machine.names(in: folder).compactMap(BackupName.init).sorted(by: >)
            .compactMap { try? ResourcePath("\(folder)/\($0.text)") }
    }
}

/// The name of a backup, `20260131T120000.250Z-run12.db`, ordered by when it was made.
public struct BackupName: Comparable, Sendable {
    public let text: String
    private let time: Substring
    private let run: Int64
    private let attempt: Int64

    /// - Returns: `nil` for every other name.
    public init?(_ name: String) {
        guard name.hasSuffix(".db") else { return nil }
        let parts = name.dropLast(3).split(separator: "-", omittingEmptySubsequences: false)
        guard parts.count == 2 || parts.count == 3, parts[1].hasPrefix("run"),
            let run = Self.number(parts[1].dropFirst(3)), let attempt = parts.count == 3 ? Self.number(parts[2]) : 1,
            // `20260131T120000.250Z`
            parts[0].map({ $0.isASCII && $0.isNumber ? "0" : String($0) }).joined() == "00000000T000000.000Z"
        else { return nil }
        text = name
        time = parts[0]
        self.run = run
        self.attempt = attempt
    }

    private static func number(_ text: Substring) -> Int64? {
        text.allSatisfy { $0.isASCII && $0.isNumber } ? Int64(text) : nil
    }

    public static func < (lhs: BackupName, rhs: BackupName) -> Bool {
        (lhs.time, lhs.run, lhs.attempt) < (rhs.time, rhs.run, rhs.attempt)
    }
}

extension Machine {
    /// The newest backup of a database that passes SQLite's full examination; `nil` when there is none.
    /// - Throws: only when the run is to stop, or the folder cannot be looked into. A backup that cannot be read is passed
    ///   over: an older one may be good.
    public func newestVerifiedBackup(of database: ResourcePath) async throws(MachineError) -> ResourcePath? {
        for backup in try DatabaseBackups.all(of: database, on: self) where try await isSound(backup) { return backup }
        return nil
    }

    private func isSound(_ backup: ResourcePath) async throws(MachineError) -> Bool {
        do throws(MachineError) {
            return try await readDatabase(backup) { connection throws(MachineError) in
                try IntegrityReport(examining: connection, .full).isReadable
            }
        } catch .cancelled {
            throw .cancelled
        } catch {
            return false
        }
    }
}
