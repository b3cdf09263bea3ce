import GRDB
import HealKit
import HealModel

/// The durable record of runs that changed something, in `.selfheal/journal.db` below the root.
///
/// Nothing is opened or made until something is about to change: a healthy run costs one look at the marker, and a look at the
/// history of a root without a journal makes none. The intent is on the disk before the change, the outcome after it; in
/// between stands the marker, so that the next run sees with one stat(2) that this one was killed.
public struct Journal: Sendable {
    static let folderPath = ".selfheal"
    static let databasePath = ".selfheal/journal.db"
    static let markerPath = ".selfheal/unfinished"
    static let ignorePath = ".selfheal/.gitignore"
    /// How many runs are kept.
    static let runLimit: Int64 = 1000

    private let machine: any ChangingMachine
    private let root: String
    private let runLimit: Int64
    /// How long another process that reads the journal is waited for.
    private let waitLimit: Duration

    /// Opens nothing.
    /// - Parameters:
    ///   - machine: makes the folder and the files; one that may not change anything makes a journal that can only be read.
    ///   - root: the absolute path of the machine's root.
    public init(machine: any ChangingMachine, root: String) {
        self.init(machine: machine, root: root, runLimit: Self.runLimit, waitLimit: .seconds(5))
    }

    init(machine: any ChangingMachine, root: String, runLimit: Int64, waitLimit: Duration) {
        self.machine = machine
        self.root = root
        self.runLimit = runLimit
        self.waitLimit = waitLimit
    }

    // MARK: Writing

    /// Records durably what a run is about to do, and sets the marker.
    /// - Returns: the run's number, never used twice.
    public func begin(_ header: RunHeader, intents: [PlannedRepair]) throws(JournalError) -> Int64 {
        try makeFolder(tidying: true)
        // Killed before their marker was set, which is before they changed anything.
        let run = try insert(header, intents, isBeside: false, ofKilled: "ended before it changed anything")
        let marker = Marker(run: run, tool: header.tool, startedAt: header.startedAt)
        try onMachine { machine, path throws(MachineError) in
            try machine.createFile(try path(Self.markerPath), contents: marker.contents, mode: .privateFile)
        }
        return run
    }

    /// Records what a run is about to do that goes on beside others, with a lock of its own: without a marker, because what it
    /// leaves behind when it is killed is nobody's to tidy up.
    /// - Returns: the run's number.
    public func beginBeside(_ header: RunHeader, intents: [PlannedRepair]) throws(JournalError) -> Int64 {
        try makeFolder()
        return try insert(header, intents, isBeside: true, ofKilled: "it was killed")
    }

    /// Records what became of some of a run's repairs while the run goes on.
    public func update(_ records: [RepairRecord], of run: Int64) throws(JournalError) {
        try write { db in for record in records { try JournalRecord.update(record, of: run, in: db) } }
    }

    /// Makes the folder of these tools, where there is none yet.
    public func prepare() throws(JournalError) { try makeFolder() }

    private func insert(
        _ header: RunHeader, _ intents: [PlannedRepair], isBeside: Bool, ofKilled note: String
    ) throws(JournalError) -> Int64 {
        let limit = runLimit
        return try write { db in
            try db.execute(
                sql: "UPDATE run SET state = 'interrupted', note = ? WHERE state = 'begun' AND is_beside = ?",
                arguments: [note, isBeside])
            let run = try JournalRecord.insert(header, in: db)
            if isBeside { try db.execute(sql: "UPDATE run SET is_beside = 1 WHERE id = ?", arguments: [run]) }
            for (position, intent) in intents.enumerated() {
                try JournalRecord.insert(intent, position: position, of: run, in: db)
            }
            try db.execute(sql: "DELETE FROM run WHERE id <= ?", arguments: [run - limit])
            return run
        }
    }

    /// Records what became of a run, and takes the marker away.
    public func finish(
        _ run: Int64, records: [RepairRecord], changes: [DatabaseChange] = [], exitStatus: Int32,
        durationMicroseconds: Int64
    ) throws(JournalError) {
        try write { db in
            for record in records { try JournalRecord.update(record, of: run, in: db) }
            for (position, change) in changes.enumerated() {
                try JournalRecord.insert(change, position: position, of: run, in: db)
            }
            try db.execute(
                sql: "UPDATE run SET state = 'finished', exit_status = ?, duration_us = ? WHERE id = ?",
                arguments: [exitStatus, durationMicroseconds, run])
        }
        try removeMarker(of: run)
    }

    /// Closes the record of a run that was killed, once it was tidied up after it.
    public func markInterrupted(_ run: Int64, note: String) throws(JournalError) {
        if try exists(Self.databasePath) {
            try write { db in
                try db.execute(
                    sql: "UPDATE run SET state = 'interrupted', note = ? WHERE id = ? AND state = 'begun'",
                    arguments: [note, run])
            }
        }
        try removeMarker(of: run)
    }

    // MARK: Reading

    /// The runs that were killed, or could not tidy up after a step that failed. Costs one stat(2) when there is none.
    ///
    /// When the machine may not change anything and the killed run left the journal in a state that must be rolled back first,
    /// what the marker says is returned: without its repairs.
    public func unfinished() throws(JournalError) -> [JournalRun] {
        guard let marker = try marker() else { return [] }
        guard try exists(Self.databasePath) else { return [marker.run(nil)] }
        do throws(JournalError) {
            let begun = try read(JournalRecord.begun, [])
            if !begun.isEmpty { return begun }
            // Its marker could not be removed, and maybe more than that.
            if let run = try run(marker.number), run.repairs.contains(where: \.hasFailed) { return [run] }
            // Killed between its outcome and the removal of its marker. One that only looks leaves it there.
            try? removeMarker(of: marker.number)
            return []
        } catch .database(.hotJournal) {
            guard mayRecover() else { return [marker.run(nil)] }
            return try write { db in try JournalRecord.runs(in: db, JournalRecord.begun, []) }
        }
    }

    /// The last runs, newest first, with their repairs. Empty when there is no journal.
    public func runs(limit: Int) throws(JournalError) -> [JournalRun] {
        guard try exists(Self.databasePath) else { return [] }
        return try read("ORDER BY id DESC LIMIT ?", [limit])
    }

    /// One run; `nil` when the journal does not hold it.
    public func run(_ id: Int64) throws(JournalError) -> JournalRun? {
        guard try exists(Self.databasePath) else { return nil }
        return try read("WHERE id = ?", [id]).first
    }
}

// MARK: - The folder and its files

extension Journal {
    /// - Parameter isTidying: for the one that has the run's lock; beside it, a file may be in the making.
    private func makeFolder(tidying isTidying: Bool = false) throws(JournalError) {
        try onMachine { machine, path throws(MachineError) in
            let folder = try path(Self.folderPath)
            if try machine.status(of: folder)?.kind != .directory {
                _ = try machine.createDirectory(folder, mode: FileMode(rawValue: 0o700))
                // A link to a directory counts as one for the machine, and is none for us.
                guard try machine.status(of: folder)?.kind == .directory else {
                    throw .refused(subject: folder.text, .symbolicLink)
                }
            }
            let files: [(String, String)] = [
                // What these tools note here is nobody's source code.
                (Self.ignorePath, "*\n"),
                // Made by us rather than by SQLite, for its mode.
                (Self.databasePath, ""),
            ]
            for name in isTidying ? files.map(\.0) + [Self.markerPath] : [] {
                // Of a run that was killed in here.
                _ = try machine.removeLeftovers(beside: path(name))
            }
            for (name, contents) in files { try Self.make(path(name), contents, on: machine) }
        }
    }

    /// Nobody has a lock yet: another run may make the same file, or take what we have begun for what a killed one left.
    private static func make(
        _ path: ResourcePath, _ contents: String, on machine: any ChangingMachine
    ) throws(MachineError) {
        var attempts = 0
        while try machine.status(of: path) == nil {
            attempts += 1
            do throws(MachineError) {
                try machine.createFile(path, contents: Array(contents.utf8), mode: .privateFile)
            } catch {
                if try machine.status(of: path) == nil, attempts == 5 { throw error }
            }
        }
    }

    private func marker() throws(JournalError) -> Marker? {
        try onMachine { machine, path throws(MachineError) in
            let marker = try path(Self.markerPath)
            guard let status = try machine.status(of: marker) else { return nil }
            guard status.kind == .regular else {
                throw .refused(subject: marker.text, .kind(status.kind, wanted: .regular))
            }
            return Marker(contents: try machine.contents(of: marker, limit: 4096))
        }
    }

    /// Takes the marker away if it is that of the run.
    private func removeMarker(of run: Int64) throws(JournalError) {
        guard let marker = try marker(), marker.number == run || marker.number == 0 else { return }
        try onMachine { machine, path throws(MachineError) in
            // In one call: whatever was moved aside first, nobody would look for after a kill.
            try machine.removeOwnFile(try path(Self.markerPath))
        }
    }

    private func exists(_ name: String) throws(JournalError) -> Bool {
        try onMachine { machine, path throws(MachineError) in
            guard let status = try machine.status(of: path(name)) else { return false }
            guard status.kind == .regular else {
                throw .refused(subject: name, .kind(status.kind, wanted: .regular))
            }
            return true
        }
    }

    /// Whether this journal may be written: asked of the machine without changing anything.
    private func mayRecover() -> Bool {
        do throws(JournalError) {
            return try onMachine { machine, path throws(MachineError) in
                try !machine.createDirectory(path(Self.folderPath), mode: FileMode(rawValue: 0o700))
            }
        } catch { return false }
    }

    private typealias PathMaker = (String) throws(MachineError) -> ResourcePath

    private func onMachine<Value>(
        _ body: (any ChangingMachine, PathMaker) throws(MachineError) -> Value
    ) throws(JournalError) -> Value {
        do throws(MachineError) {
            return try body(machine) { name throws(MachineError) in
                do { return try ResourcePath(name) } catch {
                    // The names are constants above.
                    throw MachineError.refused(subject: name, .leavesRoot)
                }
            }
        } catch {
            throw .machine(error)
        }
    }
}

// MARK: - The database

extension Journal {
    private func write<Value>(_ body: (Database) throws -> Value) throws(JournalError) -> Value {
        do {
            guard try exists(Self.databasePath) else { throw JournalError.database(.missing) }
            let queue = try queue(readonly: false)
            defer { try? queue.close() }
            try JournalSchema.prepare(queue)
            return try queue.write(body)
        } catch {
            throw JournalError(error, waited: waitLimit)
        }
    }

    /// The runs that a `tail` after `FROM run` selects.
    private func read(_ tail: String, _ arguments: StatementArguments) throws(JournalError) -> [JournalRun] {
        do {
            let queue = try queue(readonly: true)
            defer { try? queue.close() }
            // Its first run was killed before it had written anything.
            guard try JournalSchema.check(queue) != .new else { return [] }
            return try queue.read { db in try JournalRecord.runs(in: db, tail, arguments) }
        } catch {
            throw JournalError(error, waited: waitLimit)
        }
    }

    private func queue(readonly: Bool) throws -> DatabaseQueue {
        var configuration = Configuration()
        configuration.readonly = readonly
        configuration.label = "journal"
        configuration.busyMode = .timeout(waitLimit / .seconds(1))
        if !readonly {
            configuration.prepareDatabase { db in
                // With FULL a power cut can take back what was reported as written.
                try db.execute(sql: "PRAGMA synchronous = EXTRA")
            }
        }
        return try DatabaseQueue(path: root + "/" + Self.databasePath, configuration: configuration)
    }
}
