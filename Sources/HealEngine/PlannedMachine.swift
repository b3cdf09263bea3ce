import HealKit
import HealModel

/// The machine as it will be once the planned steps are done.
///
/// Checks behind something that is missing look through it, so that a plan is complete before the first change and a dry run
/// prints exactly what a run performs.
struct PlannedMachine: Machine {
    private let base: any Machine
    private var made: [ResourcePath: Made] = [:]

    private enum Made: Sendable {
        case directory(FileMode)
        case file(FileMode, template: ResourcePath)
        case database(statements: [String])
        case mode(FileMode)
    }

    init(_ base: any Machine) { self.base = base }

    /// Takes note of a step. - Returns: whether it can matter to other checks.
    mutating func assume(_ step: Step) -> Bool {
        switch step {
        case .createDirectory(let path, let mode):
            for directory in path.lineage where made[directory] == nil {
                guard (try? base.target(of: directory)) == .some(.none) else { continue }
                made[directory] = .directory(directory == path ? mode : .directory)
            }
        case .copyTemplate(let template, let destination, let mode): made[destination] = .file(mode, template: template)
        case .createDatabase(let path, _, let statements): made[path] = .database(statements: statements)
        case .setMode(let path, let mode, _): made[path] = .mode(mode)
        case .executeSQL, .rewriteDatabase, .recoverJournal, .setJournalMode, .restoreDatabase, .salvageDatabase,
            .finishReplacement, .rewindDatabase, .placeDatabase, .removeDirectory, .removeFile, .setAsideDatabase,
            .askPlugin, .populate, .appendText, .removeText:
            return false
        }
        return true
    }

    var environment: [String: String] { base.environment }
    var now: Int64 { base.now }

    func status(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        switch made[path] {
        case .directory(let mode): return FileStatus(kind: .directory, mode: mode)
        case .file(let mode, let template):
            let size = try base.target(of: template)?.size ?? 0
            return FileStatus(kind: .regular, mode: mode, size: size)
        case .database: return FileStatus(kind: .regular, mode: .privateFile, size: 4096)
        case .mode(let mode):
            var status = try base.status(of: path)
            status?.mode = mode
            return status
        case nil:
            if isBelowMade(path) { return nil }
            return try base.status(of: path)
        }
    }

    func target(of path: ResourcePath) throws(MachineError) -> FileStatus? {
        if made[path] != nil || isBelowMade(path) { return try status(of: path) }
        return try base.target(of: path)
    }

    func permits(_ access: FileAccess, to path: ResourcePath) throws(MachineError) -> Bool {
        guard let entry = made[path] else { return try base.permits(access, to: path) }
        let bit: UInt32 =
            switch access {
            case .read: 0o400
            case .write: 0o200
            case .execute: 0o100
            }
        return switch entry {
        case .directory(let mode), .file(let mode, _), .mode(let mode): mode.rawValue & bit != 0
        case .database: access != .execute
        }
    }

    func contents(of path: ResourcePath, limit: Int) throws(MachineError) -> [UInt8] {
        if case .file(_, let template) = made[path] { return try base.contents(of: template, limit: limit) }
        return try base.contents(of: path, limit: limit)
    }

    func listing(of path: ResourcePath?) throws(MachineError) -> DirectoryListing {
        if let path, case .directory = made[path] { return DirectoryListing() }
        return try base.listing(of: path)
    }

    func executable(named name: String) throws(MachineError) -> (path: String, status: FileStatus)? {
        try base.executable(named: name)
    }

    func run(_ command: CommandRequest) async throws(MachineError) -> CommandAnswer { try await base.run(command) }
    func remembered(_ key: String) -> String? { base.remembered(key) }
    func remember(_ key: String, _ value: String) { base.remember(key, value) }

    func readDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        guard case .database(let statements) = made[path] else { return try await base.readDatabase(path, body) }
        return try await base.scratchDatabase { connection throws(MachineError) in
            for statement in statements { try connection.execute(statement) }
            return try body(connection)
        }
    }

    func scratchDatabase<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value {
        try await base.scratchDatabase(body)
    }

    func abandonedLog(of path: ResourcePath) throws(MachineError) -> Int64? { try base.abandonedLog(of: path) }

    private func isBelowMade(_ path: ResourcePath) -> Bool {
        path.lineage.dropFirst().contains { above in
            if case .directory = made[above] { true } else { false }
        }
    }
}
