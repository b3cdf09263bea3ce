import HealKit
import HealModel

/// What is done about a damaged database, when the manifest asks for more than a report.
extension DatabaseSchemaCheck {
    /// The finding with a repair, as far as the manifest asks for one and there is one.
    /// - Parameter warnings: why nothing may be changed in the file.
    func treated(
        _ finding: Finding, warnings: [Finding], on machine: any Machine
    ) async throws(MachineError) -> Finding {
        guard Self.corruption.contains(finding.id) else { return finding }
        var finding = finding
        switch care.onCorrupt {
        case .report: return finding
        case .restore:
            guard let backup = try await machine.newestVerifiedBackup(of: database) else {
                finding.message += "; there is no good backup of it to restore"
                return finding
            }
            finding.repair = restoring(from: backup)
        case .salvage:
            guard Self.salvageable.contains(finding.id) else {
                finding.message += "; there is nothing in it to salvage"
                return finding
            }
            finding.repair = salvaging
        }
        if !warnings.isEmpty {
            finding.repair = nil
            finding.hint = "mend the file first: see the warnings"
        } else if try machine.status(of: database)?.kind == .symbolicLink {
            finding.repair = nil
            finding.hint = "nothing is replaced through a symbolic link: name in the manifest what it leads to"
        } else {
            finding.hint = "auto-heal --max-risk high does it; the damaged file is kept beside the new one"
        }
        return finding
    }

    private static let salvageable: Set<FindingID> = ["sqlite.file.truncated", "sqlite.file.damaged"]
    private static let corruption = salvageable.union(["sqlite.file.empty", "sqlite.file.not-a-database"])

    private func restoring(from backup: ResourcePath) -> Repair {
        Repair(
            "Restoring \(database) from backup \(backup.name)", done: "Restored \(database) from backup \(backup.name)",
            detail: "Copied \(backup) to \(database); the damaged database is kept beside it", risk: .high,
            steps: [.restoreDatabase(database: database, backup: backup)])
    }

    private var salvaging: Repair {
        Repair(
            "Salvaging what can be read of \(database)", done: "Salvaged what could be read of \(database)",
            detail: "Copied what can be read of \(database) into a new one; the damaged database is kept beside it",
            risk: .high, steps: [.salvageDatabase(database: database)])
    }

    /// A replacement that was interrupted half way. What ends it is of low risk: the new database is complete, and whoever
    /// began had leave to replace the old one.
    func interruptedReplacement(_ status: FileStatus?, on machine: any Machine) throws(MachineError) -> Finding? {
        guard let replacement = try machine.interruptedReplacement(of: database) else { return nil }
        let kept = database.sibling(named: replacement.kept(of: database.name))
        if let status {
            // Whatever else has the name belongs to somebody else.
            guard let old = try machine.status(of: kept), old.inode == status.inode, old.device == status.device else {
                return nil
            }
        }
        let new = replacement.replacement(of: database.name)
        return finding(
            "sqlite.file.replacement",
            "\(database) was being replaced by \(new) when the run that did so was interrupted",
            repair: Repair(
                "Putting \(new) in the place of \(database)", done: "Put \(new) in the place of \(database)",
                detail: "The damaged database is kept as \(kept)", risk: .low,
                steps: [.finishReplacement(database: database)]))
    }

    /// A write-ahead log that nobody uses. Worth knowing, because people who see it beside a database remove it.
    func leftLog(on machine: any Machine) throws(MachineError) -> Finding? {
        guard let size = try machine.abandonedLog(of: database) else { return nil }
        return finding(
            "sqlite.file.log",
            "\(database) has a write-ahead log of \(size) bytes that a process left behind when it was killed; what is in "
                + "it counts",
            hint: "leave \(database.name)-wal where it is: SQLite moves it into the database by itself")
    }
}
