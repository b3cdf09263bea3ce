import HealModel

/// Where the backups of a database lie: `.selfheal/backups/<path of the database>/<UTC time>Z-run<N>.db`, each complete
/// under its name.
public enum DatabaseBackups {
    /// The folder of one database's backups; `nil` when its path cannot be one below the root (`../data.db`).
    public static func folder(of database: ResourcePath) -> ResourcePath? {
        let path = database.isAbsolute ? String(database.text.dropFirst()) : database.text
        return try? ResourcePath(".selfheal/backups/\(path)")
    }

    /// Whether a file's name is a backup's: `20260131T235959.123Z-run7.db`.
    public static func isBackup(_ name: String) -> Bool {
        let parts = name.split(separator: "-", maxSplits: 1, omittingEmptySubsequences: false)
        guard parts.count == 2, parts[0].utf8.count == 20, parts[0].hasSuffix("Z"), parts[1].hasPrefix("run"),
            parts[1].hasSuffix(".db")
        else { return false }
        let run = parts[1].dropFirst(3).dropLast(3)
        return !run.isEmpty && run.allSatisfy { $0.isASCII && $0.isNumber }
            && parts[0].utf8.allSatisfy { ($0 >= 0x30 && $0 <= 0x39) || $0 == 0x54 || $0 == 0x2E || $0 == 0x5A }
    }
}

extension Machine {
    /// The newest backup of a database that passes SQLite's full examination; `nil` when there is none.
    /// - Throws: only when the run is to stop, or the folder cannot be looked into. A backup that cannot be read is passed
    ///   over: an older one may be good.
    public func newestVerifiedBackup(of database: ResourcePath) async throws(MachineError) -> ResourcePath? {
        guard let folder = DatabaseBackups.folder(of: database), try target(of: folder)?.kind == .directory else {
            return nil
        }
        // The time stands first in the name: the names' order is the order of time.
        for name in try names(in: folder).filter(DatabaseBackups.isBackup).sorted(by: >) {
            guard let backup = try? ResourcePath("\(folder.text)/\(name)") else { continue }
            if try await isSound(backup) { return backup }
        }
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
