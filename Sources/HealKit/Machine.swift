import HealModel

/// What there is under a path.
public struct FileStatus: Sendable, Hashable {
    public enum Kind: String, Sendable {
        case regular = "regular file"
        case directory
        case symbolicLink = "symbolic link"
        case fifo = "FIFO"
        case socket
        case characterDevice = "character device"
        case blockDevice = "block device"
        case other = "special file"
    }

    public var kind: Kind
    public var mode: FileMode
    /// Bytes.
    public var size: Int64
    /// Nanoseconds since 1970.
    public var modified: Int64
    /// When its contents or anything of this but its place changed last, in nanoseconds since 1970: nobody can choose it.
    public var changed: Int64
    public var links: UInt64
    public var device: UInt64
    public var inode: UInt64
    /// The number of the user to whom it belongs.
    public var owner: UInt32
    /// Whether it belongs to a user who is neither root nor the one this process runs as.
    public var isForeign: Bool

    public init(
        kind: Kind, mode: FileMode, size: Int64 = 0, modified: Int64 = 0, changed: Int64 = 0,
        links: UInt64 = 1, device: UInt64 = 0, inode: UInt64 = 0, owner: UInt32 = 0, isForeign: Bool = false
    ) {
        self.kind = kind
        self.mode = mode
        self.size = size
        self.modified = modified
        self.changed = changed
        self.links = links
        self.device = device
        self.inode = inode
        self.owner = owner
        self.isForeign = isForeign
    }
}

extension FileStatus {
    /// What tells this file from any other, and from itself after any change, as a supervisor wants it.
    public var identity: String { "\(device):\(inode):\(mode.rawValue & 0o7777):\(owner):\(size):\(changed)" }
}

/// What the process may do with a path.
public enum FileAccess: Sendable { case read, write, execute }

/// A command to run: never through a shell, and with only the environment given here.
public struct CommandRequest: Sendable, Hashable {
    /// An absolute path.
    public var executable: String
    public var arguments: [String]
    public var environment: [String: String]
    public var timeout: Duration
    /// How much of its standard output (and of its standard error) is kept, in bytes.
    public var outputLimit: Int
    /// What it is given on standard input.
    public var input: [UInt8]
    /// How it is watched over; `nil` for a program that is trusted to end with what it started.
    public var supervision: Supervision?

    public init(
        executable: String, arguments: [String], environment: [String: String] = [:],
        timeout: Duration = .seconds(10), outputLimit: Int = 65536, input: [UInt8] = [],
        supervision: Supervision? = nil
    ) {
        self.executable = executable
        self.arguments = arguments
        self.environment = environment
        self.timeout = timeout
        self.outputLimit = outputLimit
        self.input = input
        self.supervision = supervision
    }
}

/// How somebody else's program is watched over: it gets a folder for temporary files of its own, which is removed, and nothing
/// that it started is left running, also not what began a session of its own.
public struct Supervision: Sendable, Hashable {
    /// Whether it is kept from writing anywhere but in its folder for temporary files, to devices, and in `writable`, where the
    /// kernel can do that.
    public var isConfined: Bool
    /// Absolute paths of folders.
    public var writable: [String]
    /// The executable as it was when it was found to be safe: it is not run when it has changed since.
    public var judged: FileStatus?

    public init(isConfined: Bool, writable: [String] = [], judged: FileStatus? = nil) {
        self.isConfined = isConfined
        self.writable = writable
        self.judged = judged
    }
}

public struct CommandAnswer: Sendable, Hashable {
    /// The exit code, or 128 + the signal's number.
    public var status: Int32
    public var standardOutput: [UInt8]
    public var standardError: [UInt8]
    /// Whether a supervised command left processes behind, which were ended.
    public var leftProcesses: Bool
    /// What a confined command tried to write, and could not: the first path below the root, absolute.
    public var triedToWrite: String?

    public init(
        status: Int32, standardOutput: [UInt8], standardError: [UInt8], leftProcesses: Bool = false,
        triedToWrite: String? = nil
    ) {
        self.status = status
        self.standardOutput = standardOutput
        self.standardError = standardError
        self.leftProcesses = leftProcesses
        self.triedToWrite = triedToWrite
    }
}

/// An open database. Valid only inside the closure that received it; used by one thread.
public protocol SQLConnection {
    /// Runs every statement of the text.
    func execute(_ sql: String) throws(MachineError)
    /// The rows of one statement; `arguments` fill its `?` in order.
    func rows(_ sql: String, _ arguments: [SQLValue]) throws(MachineError) -> [[SQLValue]]
    /// The first row of one statement, which is ended there, and `nil` when it has none. For what is asked of data of any size:
    /// nothing more is read than that row needs.
    /// - Throws: `.timedOut` when it works for longer than `limit`.
    func firstRow(_ sql: String, _ arguments: [SQLValue], within limit: Duration) throws(MachineError) -> [SQLValue]?
    /// Compiles every statement of the text without running it.
    func compile(_ sql: String) throws(MachineError)
}

extension SQLConnection {
    /// For connections to little data: without a limit.
    public func firstRow(
        _ sql: String, _ arguments: [SQLValue], within limit: Duration
    ) throws(MachineError) -> [SQLValue]? {
        try rows(sql, arguments).first
    }

    public func rows(_ sql: String) throws(MachineError) -> [[SQLValue]] { try rows(sql, []) }
}

/// A database inside the transaction that changes it.
public protocol ChangingConnection: SQLConnection {
    /// Reads the whole database and sees whether it is sound: a damaged one is left as it is.
    /// - Throws: `.database(.damaged)`.
    func requireSoundness() throws(MachineError)
    /// Copies the database as it was when the transaction began to a path where nothing may be yet, checks the copy (and so
    /// the database, page by page the same), and gives it its name when it is complete and synced. To be called before the
    /// first change.
    /// - Returns: how large the copy is, in bytes.
    func backUp(to path: ResourcePath) throws(MachineError) -> Int64
    /// The columns of the one statement in the text, if all it does is to read; `nil` for everything else.
    func queryColumns(_ sql: String) throws(MachineError) -> [String]?
    /// Runs every statement of the text, with values for `:name` wherever it stands.
    /// - Returns: how many rows the statements themselves have added, changed and deleted; not what triggers did about that.
    @discardableResult
    func execute(_ sql: String, named values: [String: SQLValue]) throws(MachineError) -> Int
}

/// The looking half of the only door to disk, processes, environment and clock. All paths are below the application's root
/// unless they say otherwise; a symbolic link that leaves the root is an error, not a way out.
public protocol Machine: Sendable {
    /// The environment of this process.
    var environment: [String: String] { get }
    /// Milliseconds since 1970-01-01 UTC.
    var now: Int64 { get }

    /// What is at the path itself; a symbolic link there is not followed. `nil` only when nothing is there.
    func status(of path: ResourcePath) throws(MachineError) -> FileStatus?
    /// What the path leads to: symbolic links that stay below the root are followed. `nil` only when nothing is there.
    func target(of path: ResourcePath) throws(MachineError) -> FileStatus?
    func permits(_ access: FileAccess, to path: ResourcePath) throws(MachineError) -> Bool
    /// What the path leads to, as `target` says it, and whether it is certain that it may be read and written, and files made
    /// beside it. For thousands of files: it costs less than to ask one after the other.
    func access(to path: ResourcePath) throws(MachineError) -> (target: FileStatus, isFull: Bool)?
    /// The bytes of a regular file.
    /// - Throws: `.refused(.tooLarge)` past `limit` bytes, `.refused(.kind)` for anything but a regular file.
    func contents(of path: ResourcePath, limit: Int) throws(MachineError) -> [UInt8]
    /// The first bytes of a regular file, at most `count`.
    func beginning(of path: ResourcePath, count: Int) throws(MachineError) -> [UInt8]
    /// What is in a directory (`nil`: the root).
    func listing(of path: ResourcePath?) throws(MachineError) -> DirectoryListing

    /// Where `name` is found on PATH (or the name itself when it has a slash), with its status; `nil` when nowhere.
    func executable(named name: String) throws(MachineError) -> (path: String, status: FileStatus)?
    func run(_ command: CommandRequest) async throws(MachineError) -> CommandAnswer
    /// Runs a command whose standard output goes to a file instead of the answer, as long as the file takes it. The request's
    /// limit is that of its standard error.
    func run(_ command: CommandRequest, output: any TemporaryFile) async throws(MachineError) -> CommandAnswer
    func temporaryFile() throws(MachineError) -> any TemporaryFile
    /// A remembered answer of an earlier run; kept outside the root.
    func remembered(_ key: String) -> String?
    /// Remembers an answer, unless this machine may not change anything.
    func remember(_ key: String, _ value: String)

    /// Looks into a database that exists, without changing it or anything beside it. Waits for a busy one.
    func readDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value
    /// How many bytes the database's write-ahead log has, when there is one that no process uses; `nil` otherwise.
    func abandonedLog(of path: ResourcePath) throws(MachineError) -> Int64?
    /// An empty database in memory, gone afterwards. It can reach no file, and its statements have a time limit.
    func scratchDatabase<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value
}

extension ChangingMachine {
    public func createDatabase(
        _ path: ResourcePath, pragmas: [String],
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError) {
        try await createDatabase(path, pragmas: pragmas, statements: [], body)
    }
}

extension Machine {
    public func beginning(of path: ResourcePath, count: Int) throws(MachineError) -> [UInt8] {
        Array(try contents(of: path, limit: .max).prefix(count))
    }
    public func abandonedLog(of path: ResourcePath) throws(MachineError) -> Int64? { nil }
    public func access(to path: ResourcePath) throws(MachineError) -> (target: FileStatus, isFull: Bool)? {
        try target(of: path).map { ($0, false) }
    }
}

/// The changing half. Only the engine holds one.
public protocol ChangingMachine: Machine {
    /// Makes one directory. - Returns: false when a directory was there already.
    func createDirectory(_ path: ResourcePath, mode: FileMode) throws(MachineError) -> Bool
    /// Makes a file that must not exist: complete, synced and under its name, or not at all.
    func createFile(_ path: ResourcePath, contents: [UInt8], mode: FileMode) throws(MachineError)
    func setMode(_ path: ResourcePath, _ mode: FileMode, expecting previous: FileMode) throws(MachineError)
    /// Gives a regular file other contents, complete or not at all; its mode and owner stay. What it holds must be exactly
    /// `previous`, and it must have no other name and not be a link.
    func replaceFile(_ path: ResourcePath, contents: [UInt8], expecting previous: [UInt8]) throws(MachineError)
    /// Removes a directory that is empty.
    func removeDirectory(_ path: ResourcePath) throws(MachineError)
    /// Removes a file if it still holds exactly these bytes. - Returns: whether it did.
    func removeFile(_ path: ResourcePath, ifStill contents: [UInt8]) throws(MachineError) -> Bool
    /// Removes a file that these tools have made for themselves: below `.selfheal`, and nowhere else.
    func removeOwnFile(_ path: ResourcePath) throws(MachineError)
    /// Removes temporary files that a killed run left beside `path`. - Returns: their names.
    func removeLeftovers(beside path: ResourcePath) throws(MachineError) -> [String]

    /// Builds a database under a temporary name and puts it, complete and synced, at a path where nothing may be yet.
    /// - Parameters:
    ///   - pragmas: run first, outside any transaction.
    ///   - statements: make it what it is to be.
    ///   - body: runs in their transaction; when it throws, there is no database.
    func createDatabase(
        _ path: ResourcePath, pragmas: [String], statements: [String],
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError)
    /// One `BEGIN IMMEDIATE` transaction on a database that exists: committed when the body returns, rolled back when it throws.
    func changeDatabase<Value: Sendable>(
        _ path: ResourcePath, _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value
    /// The same; the statements may take so long in all.
    /// - Throws: `.timedOut` after that, and everything is rolled back.
    func changeDatabase<Value: Sendable>(
        _ path: ResourcePath, timeLimit: Duration?,
        _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value
    /// Opens the database for writing once, so that SQLite rolls back what a killed writer left.
    func recoverJournal(of path: ResourcePath) async throws(MachineError)
    /// Changes the journal mode that the database's file keeps, and reads it back. Waits for nobody.
    /// - Throws: `.refused(.inUse)` while somebody else is in the way, `.refused(.changedMeanwhile)` when it is another one than
    ///   `previous`.
    func setJournalMode(
        of path: ResourcePath, to mode: JournalMode, expecting previous: JournalMode
    ) async throws(MachineError)
    /// Puts a verified copy of `backup` in the place of a damaged database, which is kept under a name of its own with what
    /// SQLite keeps beside it. Waits for others to let go of it.
    func restoreDatabase(
        _ path: ResourcePath, from backup: ResourcePath
    ) async throws(MachineError) -> ReplacedDatabase
    /// Copies what can be read of a damaged database into a new one, examines that, and puts it in its place as above.
    func salvageDatabase(_ path: ResourcePath) async throws(MachineError) -> ReplacedDatabase
    /// Ends a replacement that was interrupted: the new database gets its name.
    func finishReplacement(of path: ResourcePath) async throws(MachineError) -> ReplacedDatabase
    /// Brings a database to the contents of a copy of it: in one transaction, under SQLite's own locks, whoever else has it open.
    ///
    /// The body runs in a transaction of its own before that, sees the database as it is, and may back it up or refuse. What was
    /// written by others between the two makes the body run again.
    /// - Throws: `.database(.damaged)` when the copy is not sound.
    func rewindDatabase<Value: Sendable>(
        _ path: ResourcePath, to copy: ResourcePath,
        _ body: @escaping @Sendable (any ChangingConnection) throws(MachineError) -> Value
    ) async throws(MachineError) -> Value
    /// Puts a copy of a backup where a database is missing or damaged. What is there, with its journals, gets the ending
    /// `.damaged-<UTC>` first, and keeps its bytes.
    func placeDatabase(_ path: ResourcePath, copying backup: ResourcePath) async throws(MachineError)
    /// Moves a database to a path below `.selfheal` where nothing may be yet, if the body, which sees it while nobody else can
    /// write, does not throw.
    func setAsideDatabase(
        _ path: ResourcePath, to place: ResourcePath,
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async throws(MachineError)
}
