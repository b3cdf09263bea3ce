import HealKit
import HealModel

/// Where a killed run may have left temporary files: beside what it was making.
struct Leftovers: Sendable {
    var machine: any ChangingMachine

    /// Removes them.
    /// - Returns: the names of the files that were removed, and what could not be done.
    func remove(after run: InterruptedRun) -> (removed: [String], troubles: [String]) {
        remove(after: run.intents.flatMap(\.repair.steps))
    }

    /// The same after steps that failed: a removal in the middle of one may have failed too.
    func remove(after steps: [Step]) -> (removed: [String], troubles: [String]) {
        var removed: [String] = []
        var troubles: [String] = []
        var paths = Set(steps.compactMap(\.createdFile))
        for database in Set(steps.compactMap(\.changedDatabase)).sorted() {
            do throws(MachineError) {
                paths.formUnion(try unfinishedBackups(of: database))
            } catch {
                troubles.append("the backups of \(database) could not be looked through: \(error.explanation)")
            }
        }
        for path in paths.sorted() {
            do throws(MachineError) {
                removed += try machine.removeLeftovers(beside: path)
            } catch {
                troubles.append("a leftover beside \(path) could not be removed: \(error.explanation)")
            }
        }
        return (removed, troubles)
    }

    /// The backups that were being written: their names hold a time that the run's record does not.
    private func unfinishedBackups(of database: ResourcePath) throws(MachineError) -> [ResourcePath] {
        guard let folder = try DatabaseBackups.folders(for: database).last,
            try machine.status(of: folder)?.kind == .directory
        else { return [] }
        return try machine.names(in: folder).compactMap { name in
            // `.20260131T120000.250Z-run12.db.selfheal-4711-0`
            guard name.hasPrefix("."), let end = name.firstRange(of: ".db.selfheal-")?.lowerBound else { return nil }
            return try? ResourcePath("\(folder)/\(name[..<end].dropFirst()).db")
        }
    }
}

extension Step {
    /// The file that the step makes through a temporary one, if it does.
    fileprivate var createdFile: ResourcePath? {
        switch self {
        case .copyTemplate(_, let path, _), .createDatabase(let path, _, _), .restoreDatabase(let path, _),
            .salvageDatabase(let path), .placeDatabase(let path, _), .appendText(let path, _, _),
            .removeText(let path, _, _):
            path
        case .createDirectory, .setMode, .executeSQL, .rewriteDatabase, .recoverJournal, .setJournalMode,
            .finishReplacement, .rewindDatabase, .removeDirectory, .removeFile, .setAsideDatabase, .askPlugin,
            .populate:
            nil
        }
    }

    /// The database that a backup may have been made of.
    fileprivate var changedDatabase: ResourcePath? {
        switch self {
        case .executeSQL(let path, _), .rewriteDatabase(let path, _, _), .rewindDatabase(let path, _, _): path
        case .createDirectory, .copyTemplate, .setMode, .createDatabase, .recoverJournal, .setJournalMode,
            .restoreDatabase, .salvageDatabase, .finishReplacement, .placeDatabase, .removeDirectory, .removeFile,
            .setAsideDatabase, .askPlugin, .populate, .appendText, .removeText:
            nil
        }
    }
}
