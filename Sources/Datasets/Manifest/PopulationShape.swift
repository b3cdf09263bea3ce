import HealModel
import ManifestShape

/// `populate:` as the manifest writes it.
struct PopulateEntry: Sendable {
    var source = PopulationSource.sql("")
    var isAtStart: Bool?

    private struct Sources: Sendable {
        var sql: String?
        var command: CommandSource?
        var plugin: String?
        var http: HTTPSource?
        var llm: LLMSource?
        var isAtStart: Bool?
    }

    static let shape: Shape<PopulateEntry> = Shape.object(
        "Where its rows come from: one of sql, command, plugin, http and llm.", Sources(),
        [
            Field(
                "sql", { $0.sql = $1 }, Shape<String>.name.optional,
                "A SELECT whose rows are written, or statements that write them; :key is the unit's key."),
            Field(
                "command", { $0.command = $1 }, CommandSource.shape.optional,
                "A program that reads the units' rows as JSON lines and answers rows as JSON lines."),
            Field(
                "plugin", { $0.plugin = $1 }, Shape<String>.name.optional,
                "An external plugin with the capability populate."),
            Field("http", { $0.http = $1 }, HTTPSource.shape.optional, "A server that answers JSON."),
            Field("llm", { $0.llm = $1 }, LLMSource.shape.optional, "A language model that finds entities in a text."),
            Field(
                "at_start", { $0.isAtStart = $1 }, Shape.boolean.optional,
                "Whether auto-heal does it too; unless said otherwise, all but http and llm."),
        ]
    ).map { (sources: Sources) throws(ShapeFailure) -> PopulateEntry in
        let given: [PopulationSource?] = [
            sources.sql.map { .sql($0) }, sources.command.map { .command($0) }, sources.plugin.map { .plugin($0) },
            sources.http.map { .http($0) }, sources.llm.map { .llm($0) },
        ]
        let all = given.compactMap { $0 }
        guard all.count == 1, let source = all.first else {
            throw ShapeFailure("give one of 'sql', 'command', 'plugin', 'http' and 'llm'")
        }
        return PopulateEntry(source: source, isAtStart: sources.isAtStart)
    }
}

extension CommandSource {
    static let shape: Shape<CommandSource> = Shape.either(
        short: Shape.list(of: Shape<String>.scalarText).map { (words: [String]) throws(ShapeFailure) -> CommandSource in
            try CommandSource(arguments: words).checked()
        },
        long: Shape.object(
            "A program that makes rows.", CommandSource(arguments: []),
            [
                Field(
                    "run", { $0.arguments = $1 }, .list(of: .scalarText), required: true,
                    "The program and its arguments; no shell reads them."),
                Field(
                    "environment", { $0.environment = $1 }, .list(of: .name),
                    "Variables that it is given beside PATH, HOME, LANG and TMPDIR."),
            ]
        ).map { (source: CommandSource) throws(ShapeFailure) -> CommandSource in try source.checked() })

    private func checked() throws(ShapeFailure) -> CommandSource {
        guard let program = arguments.first, !program.isEmpty else { throw ShapeFailure("no program is named") }
        return self
    }
}

extension HTTPSource {
    static let shape: Shape<HTTPSource> = Shape.object(
        "A server that answers JSON.", HTTPSource(),
        [
            Field(
                "url", { $0.url = $1 }, .name, required: true,
                "Where to ask; {key} is the unit's key, {name} another column of its row."),
            Field("method", { $0.method = $1 }, .choice, "GET or POST; GET."),
            Field("headers", { $0.headers = $1 }, .dictionary(of: .scalarText), "Further headers; no secrets here."),
            Field(
                "token_variable", { $0.tokenVariable = $1 }, Shape<String>.name.optional,
                "The environment variable whose value is sent as a bearer token."),
            Field(
                "body", { $0.body = $1 }, Shape<String>.text.optional,
                "What a POST sends; {key} and {name} as in url, as inside a JSON text."),
            Field(
                "rows", { $0.rows = $1 }, .text, "A JSON pointer to the list of rows in the answer; the answer itself."),
            Field("next", { $0.next = $1 }, Shape<String>.name.optional, "A JSON pointer to the next page's URL."),
            Field("max_pages", { $0.maxPages = $1 }, .integer(1...1_000_000), "At most so many pages; 1000."),
        ]
    ).map { (source: HTTPSource) throws(ShapeFailure) -> HTTPSource in
        guard source.url.hasPrefix("http://") || source.url.hasPrefix("https://") else {
            throw ShapeFailure("'url' begins with http:// or https://")
        }
        if source.body != nil && source.method == .get { throw ShapeFailure("'body' needs 'method: POST'") }
        return source
    }
}

extension LLMSource {
    static let shape: Shape<LLMSource> = Shape.object(
        "A language model behind a chat API as OpenAI's.", LLMSource(),
        [
            Field("base_url", { $0.baseURL = $1 }, .name, "Before /chat/completions; https://api.openai.com/v1."),
            Field("model", { $0.model = $1 }, .name, required: true, "The model's name."),
            Field(
                "key_variable", { $0.keyVariable = $1 }, Shape<String>.text.map { $0.isEmpty ? nil : $0 },
                "The environment variable that holds the key; OPENAI_API_KEY. Empty: none is sent."),
            Field("prompt", { $0.prompt = $1 }, Shape<String>.name.optional, "What is asked; {text} is the text."),
            Field(
                "text", { $0.textColumns = $1 }, .list(of: .name), required: true,
                "Columns of the unit's row; the first that is not empty is its text."),
            Field("text_limit", { $0.textLimit = $1 }, .integer(1...10_000_000), "How many characters are sent; 2000."),
            Field("max_rows", { $0.maxRows = $1 }, .integer(1...100_000), "At most so many entities of a text; 10."),
            Field("temperature", { $0.temperature = $1 }, .number(0...2), "0."),
            Field(
                "columns", { $0.columns = $1 }, .dictionary(of: .name),
                "The columns that get what is found: {name: entity_name}; entity_id, name, type, description."),
        ]
    ).map { (source: LLMSource) throws(ShapeFailure) -> LLMSource in
        guard source.baseURL.hasPrefix("http://") || source.baseURL.hasPrefix("https://") else {
            throw ShapeFailure("'base_url' begins with http:// or https://")
        }
        if source.textColumns.isEmpty { throw ShapeFailure("'text' names no column") }
        return source
    }
}

extension WorkUnit {
    static let shape: Shape<WorkUnit> = Shape.object(
        "The rows of another dataset, each of which is one piece of work.", WorkUnit(),
        [
            Field("parent", { $0.parent = $1 }, .name, required: true, "The dataset whose rows they are."),
            Field("key", { $0.key = $1 }, .name, required: true, "The column that names a row there; unique."),
            Field(
                "column", { $0.column = $1 }, Shape<String>.name.optional,
                "The column of this dataset that says which unit a row is of; the one of the same name."),
            Field(
                "version", { $0.version = $1 }, Shape<String>.name.optional,
                "A column of the parent that changes with the row; a changed one is done again."),
            Field("columns", { $0.columns = $1 }, .list(of: .name), "What the source is given of the row; all."),
        ])
}

extension RetryPolicy {
    static let shape: Shape<RetryPolicy> = Shape.object(
        "How often failed work is tried again.", RetryPolicy(),
        [
            Field("max_attempts", { $0.maxAttempts = $1 }, .integer(1...1000), "Attempts altogether; 3."),
            Field("delay", { $0.delay = $1 }, .duration, "Before the second attempt; 1s."),
            Field("backoff", { $0.backoff = $1 }, .number(1...100), "What the delay grows by each time; 2."),
            Field("max_delay", { $0.maxDelay = $1 }, .duration, "The longest delay; 60s."),
            Field("jitter", { $0.jitter = $1 }, .choice, "full (waits a random part of the delay) or none; full."),
            Field(
                "on", { $0.classes = Set($1) }, .list(of: retriedClass),
                "The classes of failures that are tried again; all but authentication, configuration, corruption, "
                    + "dependency and constraint."),
        ])

    private static let retriedClass: Shape<FailureClass> = Shape<FailureClass>.choice.map {
        (kind: FailureClass) throws(ShapeFailure) -> FailureClass in
        if kind.isNeverRetried { throw ShapeFailure("'\(kind.rawValue)' is never tried again") }
        return kind
    }
}

extension Concurrency {
    static let shape: Shape<Concurrency> = Shape.object(
        "How many batches are made at once.", Concurrency(),
        [
            Field(
                "pool", { $0.pool = $1 }, Shape<String>.name.optional,
                "Datasets of the same pool share its limit: the lowest that one of them states."),
            Field("limit", { $0.limit = $1 }, .integer(1...1000), "At most so many at once; 1."),
        ])
}
