import ArgumentParser
import HealEngine
import HealKit
import HealModel
import Journal
import LiveMachine
import Rendering
import Undoing

/// `selfheal restore`
struct RestoreCommand: AsyncParsableCommand {
    static let tool = "selfheal restore"

    static let configuration = CommandConfiguration(
        commandName: "restore",
        abstract: "Brings a database back to what a backup holds.",
        discussion: """
            The newest backup that is sound, or the one that is named. What the database holds now is backed up first, so that \
            a restore can be taken back by another one. Others may have the database open: it is restored through SQLite, in \
            one transaction. Where it is missing or damaged, a copy is put in its place, and what is there is kept beside it.

            Exit status: 0 it holds what the backup holds; 1 that failed; 64 there is no such backup.
            """)

    @Argument(help: "The database, relative to the root.", completion: .file())
    var database: String

    @Option(help: ArgumentHelp("The backup: a path relative to the root, or the name of one of its backups."))
    var from: String?

    @Flag(help: "List the backups of the database, the newest first.")
    var list = false

    @OptionGroup var options: UndoOptions

    func validate() throws {
        if list, ![nil, .text, .json].contains(options.outputs.format) || !options.outputs.output.isEmpty {
            throw ValidationError("--list takes --format text or json, and no --output")
        }
    }

    func run() async throws {
        let session = options.session
        let (database, from) = (database, from)
        if list { throw ExitCode(session.list(database).rawValue) }
        throw ExitCode(
            await session.perform(tool: Self.tool) { machine, _ in
                let path = try UndoSession.path(database)
                let (backup, notes) = try await UndoSession.backup(from, of: path, on: machine)
                return .checks(
                    [DatabaseRestore(database: path, backup: backup)], maxRisk: .high, undoes: nil,
                    notes: ["Restoring \(path) from \(backup)"] + notes)
            }.rawValue)
    }
}

extension UndoSession {
    static func path(_ text: String) throws(UsageFailure) -> ResourcePath {
        do {
            return try ResourcePath(text)
        } catch {
            throw UsageFailure(message: "\(text): \(error.explanation)")
        }
    }

    /// The backup to restore: the named one, or the newest that is sound.
    static func backup(
        _ name: String?, of database: ResourcePath, on machine: LiveMachine
    ) async throws -> (backup: ResourcePath, notes: [String]) {
        let backups = try DatabaseBackups.all(of: database, on: machine)
        guard let name else {
            let newest = try await DatabaseRestore.newestSound(of: backups, on: machine)
            guard let backup = newest.backup else {
                throw UsageFailure(
                    message: (["there is no sound backup of \(database)"] + newest.notes).joined(separator: "; "))
            }
            return (backup, newest.notes)
        }
        let path = try backups.first { $0.name == name } ?? self.path(name)
        guard path != database else { throw UsageFailure(message: "\(path) is the database itself") }
        guard try machine.target(of: path) != nil else { throw UsageFailure(message: "there is no backup \(path)") }
        return (path, [])
    }

    /// Lists the backups of a database.
    func list(_ database: String) -> ExitCode {
        do {
            let path = try Self.path(database)
            let machine = try LiveMachine(root: try options.location.place().root, mayChange: false)
            let backups = try DatabaseBackups.all(of: path, on: machine).map { backup throws(MachineError) in
                Backup(path: backup, size: try machine.status(of: backup)?.size ?? 0)
            }
            let renderer = BackupListRenderer(style: console.style)
            let isJSON = options.outputs.format == .json
            console.emit(isJSON ? renderer.json(path, backups) : renderer.text(path, backups))
            return .success
        } catch {
            return refuse(error)
        }
    }
}
