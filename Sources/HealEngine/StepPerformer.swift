import HealKit
import HealModel

/// What takes one step back.
enum Inverse: Sendable {
    case removeDirectory(ResourcePath)
    case removeFile(ResourcePath, contents: [UInt8])
    case setMode(ResourcePath, FileMode, expecting: FileMode)
    case replaceFile(ResourcePath, contents: [UInt8], expecting: [UInt8])
    case setJournalMode(ResourcePath, JournalMode, expecting: JournalMode)
}

/// Performs the steps of a repair, and takes them back.
struct StepPerformer: Sendable {
    var machine: any ChangingMachine
    var backups: NewBackups
    /// The largest template that is copied, in bytes.
    static let templateLimit = 16 << 20

    /// What performing a repair's steps gave.
    struct Performed: Sendable {
        /// What takes them back, last step first.
        var inverses: [Inverse] = []
        /// What only showed while it was done, for people: how many rows were saved, where the old file is.
        var told: String?
    }

    /// Performs all steps or none.
    func perform(_ planned: PlannedRepair, check: any Check) async throws(MachineError) -> Performed {
        var performed = Performed()
        do throws(MachineError) {
            for step in planned.repair.steps { try await perform(step, of: planned, check: check, &performed) }
        } catch {
            await takeBack(performed.inverses.reversed())
            throw error
        }
        performed.inverses.reverse()
        return performed
    }

    /// - Returns: why something could not be taken back; `nil` when all was.
    @discardableResult
    func takeBack(_ inverses: [Inverse]) async -> String? {
        var trouble: String?
        for inverse in inverses {
            do throws(MachineError) {
                switch inverse {
                case .removeDirectory(let path): try machine.removeDirectory(path)
                case .removeFile(let path, let contents):
                    if try !machine.removeFile(path, ifStill: contents) {
                        trouble = trouble ?? "\(path) was changed by somebody else and was left"
                    }
                case .replaceFile(let path, let contents, let expected):
                    try machine.replaceFile(path, contents: contents, expecting: expected)
                case .setMode(let path, let mode, let expected):
                    try machine.setMode(path, mode, expecting: expected)
                case .setJournalMode(let path, let mode, let expected):
                    try await machine.setJournalMode(of: path, to: mode, expecting: expected)
                }
            } catch {
                trouble = trouble ?? error.explanation
            }
        }
        return trouble
    }

    private func replace(
        _ path: ResourcePath, _ old: [UInt8], by new: [UInt8], _ performed: inout Performed
    ) throws(MachineError) {
        try machine.replaceFile(path, contents: new, expecting: old)
        performed.inverses.append(.replaceFile(path, contents: old, expecting: new))
    }

    private func perform(
        _ step: Step, of planned: PlannedRepair, check: any Check, _ performed: inout Performed
    ) async throws(MachineError) {
        switch step {
        case .createDirectory(let path, let mode):
            for directory in path.lineage.reversed() {
                let wanted = directory == path ? mode : .directory
                if try machine.target(of: directory) == nil, try machine.createDirectory(directory, mode: wanted) {
                    performed.inverses.append(.removeDirectory(directory))
                }
            }
        case .copyTemplate(let template, let destination, let mode):
            let contents = try machine.contents(of: template, limit: Self.templateLimit)
            try machine.createFile(destination, contents: contents, mode: mode)
            performed.inverses.append(.removeFile(destination, contents: contents))
        case .setMode(let path, let mode, let previous):
            try machine.setMode(path, mode, expecting: previous)
            performed.inverses.append(.setMode(path, previous, expecting: mode))
        case .appendText(let path, let text, let length):
            let contents = try machine.contents(of: path, limit: Self.templateLimit)
            guard contents.count == length else { throw .refused(subject: path.text, .changedMeanwhile) }
            try replace(path, contents, by: contents + text.utf8, &performed)
        case .removeText(let path, let text, let length):
            let contents = try machine.contents(of: path, limit: Self.templateLimit)
            let rest = Array(contents.prefix(Int(length)))
            guard contents == rest + text.utf8 else { throw .refused(subject: path.text, .changedMeanwhile) }
            try replace(path, contents, by: rest, &performed)
        case .createDatabase(let path, let pragmas, let statements):
            let database = check as? any DatabaseCheck
            try await machine.createDatabase(path, pragmas: pragmas, statements: statements) {
                connection throws(MachineError) in
                // Verified before it gets its name: there is never a half-made database to take back.
                if let database, try !database.observe(connection).findings.filter({ $0.repair != nil }).isEmpty {
                    throw .refused(subject: path.text, .notHealed)
                }
            }
        case .executeSQL(let path, let statements), .rewriteDatabase(let path, let statements, _):
            // Those of a database check are performed by its transaction.
            try await machine.changeDatabase(path) { connection throws(MachineError) in
                try connection.requireSoundness()
                for statement in statements { try connection.execute(statement) }
            }
        case .recoverJournal(let path):
            try await machine.recoverJournal(of: path)
        case .setJournalMode(let path, let mode, let previous):
            try await machine.setJournalMode(of: path, to: mode, expecting: previous)
            performed.inverses.append(.setJournalMode(path, previous, expecting: mode))
        // None of these three is taken back: the damaged database is kept under another name, and what is in its place was
        // examined before it got there.
        case .restoreDatabase(let path, let backup):
            performed.told = try await machine.restoreDatabase(path, from: backup).explanation
        case .salvageDatabase(let path):
            performed.told = try await machine.salvageDatabase(path).explanation
        case .finishReplacement(let path):
            performed.told = try await machine.finishReplacement(of: path).explanation
        case .rewindDatabase: break  // Performed by `DatabaseRewind`.
        case .placeDatabase(let path, let backup): try await machine.placeDatabase(path, copying: backup)
        case .askPlugin(let name, _), .populate(let name):
            guard let check = check as? any DelegatingCheck else {
                throw .malfunction(subject: name, reason: "there is nobody to ask")
            }
            // Nobody knows how to take back what it does.
            performed.told = try await check.heal(planned.findings, on: machine)
        case .removeDirectory(let path): try machine.removeDirectory(path)
        case .removeFile(let path, let template):
            let contents = try machine.contents(of: template, limit: Self.templateLimit)
            guard try machine.removeFile(path, ifStill: contents) else {
                throw .refused(subject: path.text, .changedMeanwhile)
            }
        case .setAsideDatabase(let path, _):
            let database = check as? any DatabaseCheck
            try await machine.setAsideDatabase(path, to: backups.makePlace(for: path, on: machine)) {
                connection throws(MachineError) in
                // Nothing may have been written since it was looked at.
                if let database, try !database.observe(connection).findings.contains(where: { $0.repair != nil }) {
                    throw .refused(subject: path.text, .changedMeanwhile)
                }
            }
        }
    }
}
