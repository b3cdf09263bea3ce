import HealModel
import ManifestShape

/// How a dataset gets its rows.
public struct Population: Sendable, Hashable {
    public var source: PopulationSource
    /// What one piece of work is; `nil` when the dataset is made as a whole.
    public var unit: WorkUnit?
    /// How many units are handed to the source at once. At least 1.
    public var batch: Int
    public var write: WriteMode
    /// The columns that tell rows apart for `merge`; empty: the table's primary key.
    public var mergeKey: [String]
    public var retry: RetryPolicy
    /// How long the source may take for one batch (or for the whole dataset, without units).
    public var timeout: Duration
    public var onBadRow: BadRowPolicy
    public var concurrency: Concurrency
    /// Whether `auto-heal` may do it too; otherwise only `selfheal data` does.
    public var isAtStart: Bool
    public var location: SourceLocation

    public init(
        source: PopulationSource, unit: WorkUnit? = nil, batch: Int = 100, write: WriteMode = .append,
        mergeKey: [String] = [], retry: RetryPolicy = RetryPolicy(), timeout: Duration = .seconds(600),
        onBadRow: BadRowPolicy = .quarantine, concurrency: Concurrency = Concurrency(), isAtStart: Bool = true,
        location: SourceLocation
    ) {
        self.source = source
        self.unit = unit
        self.batch = batch
        self.write = write
        self.mergeKey = mergeKey
        self.retry = retry
        self.timeout = timeout
        self.onBadRow = onBadRow
        self.concurrency = concurrency
        self.isAtStart = isAtStart
        self.location = location
    }
}

/// Where rows come from.
public enum PopulationSource: Sendable, Hashable {
    /// A `SELECT` whose rows are written, or statements that write them. With units, `:key` is the unit's key.
    case sql(String)
    /// A program and its arguments, never through a shell: reads the units' rows as JSON lines, answers rows as JSON lines.
    case command(CommandSource)
    /// An external plugin by its name, which has the capability `populate`.
    case plugin(String)
    // In a box: datasets are copied much, and few have one of these.
    indirect case http(HTTPSource)
    indirect case llm(LLMSource)

    /// The name of the variable whose value is sent as a token, and shown nowhere.
    public var secretVariable: String? {
        switch self {
        case .http(let server): server.tokenVariable
        case .llm(let model): model.keyVariable
        case .sql, .command, .plugin: nil
        }
    }

    /// `sql`, `command`, …: the key in the manifest.
    public var kind: String {
        switch self {
        case .sql: "sql"
        case .command: "command"
        case .plugin: "plugin"
        case .http: "http"
        case .llm: "llm"
        }
    }
}

/// A program that makes rows.
public struct CommandSource: Sendable, Hashable {
    /// The program (found on PATH, or a path below the root) and its arguments.
    public var arguments: [String]
    /// The names of variables that it is given beside PATH, HOME, LANG and TMPDIR.
    public var environment: [String]

    public init(arguments: [String], environment: [String] = []) {
        self.arguments = arguments
        self.environment = environment
    }
}

/// A server that answers JSON.
public struct HTTPSource: Sendable, Hashable {
    public enum Method: String, Sendable, Hashable, CaseIterable {
        case get = "GET"
        case post = "POST"
    }

    /// `{key}` in it is the unit's key, percent-encoded; `{name}` any other column of the unit's row.
    public var url: String
    public var method: Method
    public var headers: [Keyed<String>]
    /// The name of the variable whose value is sent as a bearer token.
    public var tokenVariable: String?
    /// What a POST sends; `{key}` as in `url`, as a JSON text's inside.
    public var body: String?
    /// A JSON pointer (RFC 6901) to the list of rows in the answer; empty: the answer itself.
    public var rows: String
    /// A JSON pointer to the URL of the next page, if the answer has one.
    public var next: String?
    /// At most so many pages are asked for.
    public var maxPages: Int

    public init(
        url: String = "", method: Method = .get, headers: [Keyed<String>] = [], tokenVariable: String? = nil,
        body: String? = nil, rows: String = "", next: String? = nil, maxPages: Int = 1000
    ) {
        self.url = url
        self.method = method
        self.headers = headers
        self.tokenVariable = tokenVariable
        self.body = body
        self.rows = rows
        self.next = next
        self.maxPages = maxPages
    }
}

/// A language model behind the chat API that OpenAI defined and others speak: finds entities in a unit's text.
public struct LLMSource: Sendable, Hashable {
    /// `https://api.openai.com/v1`: `/chat/completions` is added.
    public var baseURL: String
    public var model: String
    /// The name of the variable that holds the key; `nil` for servers that want none.
    public var keyVariable: String?
    /// What is asked; `{text}` is the unit's text.
    public var prompt: String?
    /// The columns of the unit's row that are joined to its text; the first one that is not empty is used.
    public var textColumns: [String]
    /// How much of the text is sent, in characters.
    public var textLimit: Int
    /// At most so many rows are taken from one answer.
    public var maxRows: Int
    public var temperature: Double
    /// The names that the answer's fields get as columns: `{name: entity_name, type: entity_type}`.
    public var columns: [Keyed<String>]

    public init(
        baseURL: String = "https://api.openai.com/v1", model: String = "", keyVariable: String? = "OPENAI_API_KEY",
        prompt: String? = nil, textColumns: [String] = [], textLimit: Int = 2000, maxRows: Int = 10,
        temperature: Double = 0, columns: [Keyed<String>] = []
    ) {
        self.baseURL = baseURL
        self.model = model
        self.keyVariable = keyVariable
        self.prompt = prompt
        self.textColumns = textColumns
        self.textLimit = textLimit
        self.maxRows = maxRows
        self.temperature = temperature
        self.columns = columns
    }
}

/// What one piece of work is: a row of a parent dataset.
public struct WorkUnit: Sendable, Hashable {
    /// The dataset whose rows are the units; one of those it depends on.
    public var parent: String
    /// The column of the parent's table that names a unit; unique there.
    public var key: String
    /// The column of this dataset's table that says which unit a row comes from; `nil`: that of the same name, if there is one.
    public var column: String?
    /// A column of the parent's table that changes with the row: a unit is done again when it does.
    public var version: String?
    /// The columns of the parent's row that the source is given; empty: all.
    public var columns: [String]

    public init(
        parent: String = "", key: String = "", column: String? = nil, version: String? = nil, columns: [String] = []
    ) {
        self.parent = parent
        self.key = key
        self.column = column
        self.version = version
        self.columns = columns
    }
}

/// How rows meet those that are there.
public enum WriteMode: String, Sendable, Hashable, CaseIterable {
    /// Rows are added. A unit that is done again first loses the rows it had.
    case append
    /// A row with the same key is changed.
    case merge
    /// Without units, the rows take the place of all that were there, in one transaction; with units, of those of the unit.
    case replace
}

/// What becomes of a row that does not fit.
public enum BadRowPolicy: String, Sendable, Hashable, CaseIterable {
    /// It is set aside with its reason, to be looked at, and the others are written.
    case quarantine
    /// It is counted, and the others are written.
    case skip
    /// Its unit fails, and nothing of it is written.
    case fail
}

/// How often, and how long apart, work is tried again.
public struct RetryPolicy: Sendable, Hashable {
    public enum Jitter: String, Sendable, Hashable, CaseIterable {
        /// Waits a random part of the delay, so that many who failed together do not come back together.
        case full
        case none
    }

    /// Attempts altogether, the first included. At least 1.
    public var maxAttempts: Int
    /// Before the second attempt.
    public var delay: Duration
    /// What the delay is multiplied with each time. At least 1.
    public var backoff: Double
    public var maxDelay: Duration
    public var jitter: Jitter
    /// Which failures are tried again; those that `FailureClass.isNeverRetried` names never are.
    public var classes: Set<FailureClass>

    public init(
        maxAttempts: Int = 3, delay: Duration = .seconds(1), backoff: Double = 2, maxDelay: Duration = .seconds(60),
        jitter: Jitter = .full, classes: Set<FailureClass> = FailureClass.retried
    ) {
        self.maxAttempts = maxAttempts
        self.delay = delay
        self.backoff = backoff
        self.maxDelay = maxDelay
        self.jitter = jitter
        self.classes = classes
    }
}

/// How much happens at once.
public struct Concurrency: Sendable, Hashable {
    /// Datasets that name the same pool share its limit: a server that bears four requests, whoever asks.
    public var pool: String?
    /// How many batches are with the source at once. At least 1.
    public var limit: Int

    public init(pool: String? = nil, limit: Int = 1) {
        self.pool = pool
        self.limit = limit
    }
}

extension Population {
    /// Whether a row stays that of the unit that its column names: merged rows may go over to another one, unless that is a part of the key.
    package func keepsUnits(by column: String, primaryKey: [String]) -> Bool {
        guard write == .merge else { return true }
        let name = column.asciiLowercased
        return (mergeKey.isEmpty ? primaryKey : mergeKey).contains { $0.asciiLowercased == name }
    }
}
