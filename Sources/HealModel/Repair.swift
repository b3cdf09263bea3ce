/// How a finding is healed: data, not code. Only the engine performs steps.
public struct Repair: Hashable, Sendable, Codable {
    /// In the present: `Adding column 'updated_at' to product_catalog in data.db`.
    public var doing: String
    /// In the past, for the summary: `Added updated_at to product_catalog`.
    public var done: String
    /// How: the SQL, or what was copied where.
    public var detail: String
    public var risk: Risk
    public var steps: [Step]
    /// Findings that must be gone before this one can be healed: an index waits for its column. Where one of them is not
    /// healed in a run, this repair is not performed either.
    public var after: [Finding.Key]

    public init(
        _ doing: String, done: String, detail: String, risk: Risk, steps: [Step], after: [Finding.Key] = []
    ) {
        self.doing = doing
        self.done = done
        self.detail = detail
        self.risk = risk
        self.steps = steps
        self.after = after
    }
}

/// What must come out of statements as it went in: two questions, one asked before them and one after, with the same answer.
public struct Proof: Hashable, Sendable, Codable {
    /// What is compared, for people: `rows of orders (id, total)`.
    public var subject: String
    /// A query that gives one value, before the statements.
    public var before: String
    /// The query that must give the same value after them.
    public var after: String

    public init(_ subject: String, before: String, after: String) {
        self.subject = subject
        self.before = before
        self.after = after
    }
}

/// What a proof gave.
public struct ProofRecord: Hashable, Sendable, Codable {
    public var subject: String
    public var before: String
    public var after: String
    public var holds: Bool

    public init(subject: String, before: String, after: String, holds: Bool) {
        self.subject = subject
        self.before = before
        self.after = after
        self.holds = holds
    }
}

/// One primitive change. The engine performs it through the machine and knows how to take it back.
public enum Step: Hashable, Sendable, Codable {
    /// Makes the directory and those above it that are missing.
    case createDirectory(path: ResourcePath, mode: FileMode)
    /// Makes a file that must not exist yet, with the bytes of `template`.
    case copyTemplate(template: ResourcePath, destination: ResourcePath, mode: FileMode)
    /// Changes permission bits; `previous` is what they were when the plan was made.
    case setMode(path: ResourcePath, mode: FileMode, previous: FileMode)
    /// Adds text to the end of a file that has `length` bytes, all of which stay as they are.
    case appendText(path: ResourcePath, text: String, length: Int64)
    /// Takes text from the end of a file that has `length` bytes before it and nothing after it.
    case removeText(path: ResourcePath, text: String, length: Int64)
    /// Builds a database under a temporary name and puts it at a path where nothing may be yet.
    /// `pragmas` run before the statements and outside any transaction.
    case createDatabase(path: ResourcePath, pragmas: [String], statements: [String])
    /// Statements for a database that exists. All low-risk ones of a database share one transaction, planned again inside it.
    case executeSQL(database: ResourcePath, statements: [String])
    /// Statements that rewrite what is in a database that exists, such as a table with its rows. A verified backup comes before
    /// them, in the same transaction; afterwards every proof must hold, or all of it is rolled back.
    case rewriteDatabase(database: ResourcePath, statements: [String], proofs: [Proof])
    /// Opens a database for writing once, so that SQLite rolls back what a killed writer left in its journal.
    case recoverJournal(database: ResourcePath)
    /// Changes the journal mode that a database's file keeps, outside any transaction and while nobody is in the way; `previous`
    /// is what it was when the plan was made.
    case setJournalMode(database: ResourcePath, mode: JournalMode, previous: JournalMode)
    /// Puts a copy of a backup in the place of a damaged database, which is kept beside it.
    case restoreDatabase(database: ResourcePath, backup: ResourcePath)
    /// Copies what can be read of a damaged database into a new one and puts that in its place; the damaged one is kept
    /// beside it.
    case salvageDatabase(database: ResourcePath)
    /// Ends one of these two that was interrupted when the new database was complete.
    case finishReplacement(database: ResourcePath)
    /// Gives a database the contents of a backup, in one transaction and through SQLite, so that others may have it open.
    /// `expecting` is what the database must still hold, as `SQLConnection.contents` tells it; `nil`: whatever it holds, which is
    /// backed up first in any case.
    case rewindDatabase(database: ResourcePath, backup: ResourcePath, expecting: [String: String]?)
    /// Puts a copy of a backup where a database is missing or damaged; what is there keeps its bytes under another name.
    case placeDatabase(database: ResourcePath, backup: ResourcePath)
    /// Asks an external plugin to heal what it has found. `installs`: it brings software from elsewhere, which is only done
    /// when it was asked for.
    case askPlugin(plugin: String, installs: Bool)
    /// Fills the table of a dataset from what the manifest states. Its rows are not taken back.
    case populate(dataset: String)
    /// Removes a directory that is empty.
    case removeDirectory(path: ResourcePath)
    /// Removes a file that still holds exactly the bytes of `template`.
    case removeFile(path: ResourcePath, template: ResourcePath)
    /// Moves a database, in which nothing was written since these statements made it, to where backups are kept.
    case setAsideDatabase(path: ResourcePath, statements: [String])
}

/// What a run does about one finding.
public struct PlannedRepair: Hashable, Sendable, Codable {
    public var finding: Finding.Key
    /// Other findings that the same repair heals: several columns of one table that is rebuilt once.
    public var also: [Finding.Key]
    public var repair: Repair
    /// `nil` when the run performs it; otherwise why it does not.
    public var withheld: String?

    public init(finding: Finding.Key, also: [Finding.Key] = [], repair: Repair, withheld: String? = nil) {
        self.finding = finding
        self.also = also
        self.repair = repair
        self.withheld = withheld
    }

    /// Every finding that it heals.
    public var findings: [Finding.Key] { [finding] + also }
}

/// The ordered repairs of a run.
public struct Plan: Hashable, Sendable, Codable {
    public var repairs: [PlannedRepair]
    /// SHA-256 in hexadecimal over the repairs that the run performs: two runs with the same hash do the same.
    public var hash: String

    public init(repairs: [PlannedRepair], hash: String) {
        self.repairs = repairs
        self.hash = hash
    }

    public var performed: [PlannedRepair] { repairs.filter { $0.withheld == nil } }
}

/// What became of a repair.
public enum Outcome: String, Sendable, Codable {
    /// Performed, and the check that found the fault finds it no longer.
    case applied
    /// Another process had done it when we came to it: nothing was left to do.
    case unneeded
    /// Not performed, because it must not be.
    case refused
    /// Could not be performed; what it had begun was taken back.
    case failed
    /// Performed, did not heal the fault, and was taken back.
    case undone
    /// Its turn never came: what it needs failed, or the run was stopped. Only in the journal.
    case notStarted = "not_started"
}

/// The record of one repair of a run.
public struct RepairRecord: Hashable, Sendable, Codable {
    public var finding: Finding.Key
    /// Other findings that the same repair heals.
    public var also: [Finding.Key]
    public var repair: Repair
    public var outcome: Outcome
    /// Why, for everything but `applied`.
    public var reason: String?
    /// What was there before and after, in words or SQL; for the journal and the report.
    public var before: String
    public var after: String
    public var durationMicroseconds: Int64
    /// What was compared before and after, where rows were rewritten.
    public var proofs: [ProofRecord]

    public init(
        finding: Finding.Key, also: [Finding.Key] = [], repair: Repair, outcome: Outcome, reason: String? = nil,
        before: String = "", after: String = "", durationMicroseconds: Int64 = 0, proofs: [ProofRecord] = []
    ) {
        self.finding = finding
        self.also = also
        self.repair = repair
        self.outcome = outcome
        self.reason = reason
        self.before = before
        self.after = after
        self.durationMicroseconds = durationMicroseconds
        self.proofs = proofs
    }

    /// Every finding that it is about.
    public var findings: [Finding.Key] { [finding] + also }
}
