import HealKit
import HealModel
import SQLiteSchema

/// What can be said of a database's file before it is opened.
struct DatabaseFile {
    /// Why it cannot be looked into.
    private(set) var fault: Finding?
    /// Why nothing may be changed in it.
    private(set) var warnings: [Finding] = []
    /// One of many that fit a pattern, and was removed since they were listed.
    private(set) var isGone = false

    init(_ check: DatabaseSchemaCheck, on machine: any Machine) throws(MachineError) {
        let path = check.database
        guard let (status, isFull) = try machine.access(to: path) else {
            if let link = try machine.status(of: path) {
                fault = check.wrongKind("a \(link.kind.rawValue) that leads nowhere", of: path)
            } else if check.pattern != nil {
                isGone = true
            } else {
                // Never an empty database where one that was damaged is being replaced.
                fault = try check.interruptedReplacement(nil, on: machine)
                if fault == nil { fault = try check.missing(on: machine) }
            }
            return
        }
        guard status.kind == .regular else {
            fault = check.wrongKind(status.kind == .other ? "a special file" : "a \(status.kind.rawValue)", of: path)
            return
        }
        if isFull, status.links == 1 { return }
        if try !machine.permits(.read, to: path) {
            fault = check.finding(
                "sqlite.file.permission", "\(path) may not be read by this user", hint: "fix its owner or permissions")
            return
        }
        if status.links > 1 {
            fault = try check.interruptedReplacement(status, on: machine)
            if fault != nil { return }
            warnings.append(
                check.finding(
                    "sqlite.file.hard-linked",
                    "\(path) has \(status.links) names (hard links); under another one SQLite would not find "
                        + "its journal",
                    hint: "keep one name and remove the others"))
        }
        if try !machine.permits(.write, to: path) {
            warnings.append(
                check.finding(
                    "sqlite.file.read-only", "\(path) may not be written by this user",
                    hint: "fix its owner or permissions, if the application writes to it"))
        } else if let directory = path.parent, try !machine.permits(.write, to: directory) {
            warnings.append(
                check.finding(
                    "sqlite.file.read-only",
                    "\(path) cannot be changed by this user: SQLite keeps its journal in \(directory)/, which "
                        + "may not be written",
                    hint: "fix the directory's owner or permissions, if the application writes to the database"))
        }
    }
}

extension DatabaseSchemaCheck {
    func finding(
        _ id: FindingID, _ message: String, evidence: [Evidence] = [], hint: String? = nil, repair: Repair? = nil
    ) -> Finding {
        let severity = Self.descriptor.kind(id)?.severity ?? .critical
        return Finding(
            id, subject: subject, severity: severity, message: message, evidence: evidence, hint: hint, source: source,
            repair: repair)
    }

    func wrongKind(_ what: String, of path: ResourcePath) -> Finding {
        finding(
            "sqlite.file.kind",
            path == database ? "\(path) is \(what), not a database" : "\(path), where \(database) belongs, is \(what)",
            hint: "move it out of the way; it is never removed by itself")
    }

    private static let corruptionHint =
        "restore a backup, or state in the manifest what is to be done: on_corrupt: restore, or salvage"

    /// The whole database is made, complete, or not at all.
    func missing(on machine: any Machine) throws(MachineError) -> Finding {
        var steps: [Step] = []
        for directory in database.lineage.dropFirst() {
            guard let status = try machine.target(of: directory) else { continue }
            guard status.kind == .directory else { return wrongKind("a \(status.kind.rawValue)", of: directory) }
            break
        }
        if let parent = database.parent, try machine.target(of: parent) == nil {
            steps.append(.createDirectory(path: parent, mode: .directory))
        }
        let pragmas = PersistentPragma.allCases.compactMap { pragma in
            schema.pragmas.first { $0.name == pragma.rawValue }?.statement
        }
        steps.append(.createDatabase(path: database, pragmas: pragmas, statements: schema.statements))
        let tables = schema.tableNames.map(\.text.printable)
        let repair = Repair(
            "Creating database \(database)", done: "Created database \(database)",
            detail: tables.isEmpty
                ? "Created empty \(database.name)" : "Created \(database.name) with \(tables.joined(separator: ", "))",
            risk: .low, steps: steps)
        return finding("sqlite.file.missing", "Database \(database) is missing", repair: repair)
    }

    /// What it means when the database could not be looked into.
    /// - Throws: the error itself, when it says nothing of the database: a lock, a full disk, a request to stop.
    func finding(for error: MachineError, on machine: any Machine) throws(MachineError) -> Finding {
        guard case .database(_, let fault) = error else { throw error }
        let explanation = "\(database) \(fault.explanation)"
        switch fault {
        case .missing: return try missing(on: machine)
        case .empty:
            return finding(
                "sqlite.file.empty", explanation,
                hint: "if nothing was in it, remove it and run again; if there was, restore a backup "
                    + "(on_corrupt: restore does so)")
        case .notADatabase:
            return finding(
                "sqlite.file.not-a-database", explanation,
                hint: "restore a backup (on_corrupt: restore does so), or move it out of the way")
        case .truncated(let expected, let actual):
            return finding(
                "sqlite.file.truncated", explanation,
                evidence: [Evidence("expected", "\(expected) bytes"), Evidence("found", "\(actual) bytes")],
                hint: Self.corruptionHint)
        case .damaged: return finding("sqlite.file.damaged", explanation, hint: Self.corruptionHint)
        case .newerFormat: return finding("sqlite.file.newer-format", explanation, hint: "use a newer SQLite")
        case .permission:
            return finding(
                "sqlite.file.permission", explanation, hint: "fix the owner or permissions of the file or its directory"
            )
        case .hotJournal:
            let repair = Repair(
                "Rolling back an unfinished transaction in \(database.name)",
                done: "Rolled back an unfinished transaction in \(database.name)",
                detail: "SQLite rolled back what a killed process left in \(database.name)", risk: .low,
                steps: [.recoverJournal(database: database)])
            return finding("sqlite.file.journal", explanation, repair: repair)
        case .busy, .readOnly, .diskFull, .io, .sql: throw error
        }
    }
}
