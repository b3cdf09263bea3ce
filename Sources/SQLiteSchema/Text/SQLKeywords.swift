/// SQLite's keywords (<https://sqlite.org/lang_keywords.html>), up to the newest version.
enum SQLKeywords {
    /// Words that are never a name without quotes.
    static let reserved: Set<String> = [
        "add", "all", "alter", "and", "as", "autoincrement", "between", "case", "check", "collate", "commit",
        "constraint",
        "create", "default", "deferrable", "delete", "distinct", "drop", "else", "escape", "except", "exists",
        "foreign",
        "from", "group", "having", "in", "index", "insert", "intersect", "into", "is", "isnull", "join", "limit", "not",
        "nothing", "notnull", "null", "on", "or", "order", "primary", "references", "returning", "select", "set",
        "table",
        "then", "to", "transaction", "union", "unique", "update", "using", "values", "when", "where",
    ]

    /// Words that mean something of their own where a value stands, and are a name only in quotes there.
    static let values: Set<String> = ["current_date", "current_time", "current_timestamp", "false", "null", "true"]

    /// Words that SQLite takes for a name where it can. Quoted all the same in what we write, because the next version
    /// may not.
    private static let contextual: Set<String> = [
        "abort", "action", "after", "always", "analyze", "asc", "attach", "before", "begin", "by", "cascade", "cast",
        "column", "conflict", "cross", "current", "database", "deferred", "desc", "detach", "do", "each", "end",
        "exclude",
        "exclusive", "explain", "fail", "filter", "first", "following", "for", "full", "generated", "glob", "groups",
        "if",
        "ignore", "immediate", "indexed", "initially", "inner", "instead", "key", "last", "left", "like", "match",
        "materialized", "natural", "no", "nulls", "of", "offset", "others", "outer", "over", "partition", "plan",
        "pragma",
        "preceding", "query", "raise", "range", "recursive", "regexp", "reindex", "release", "rename", "replace",
        "restrict",
        "right", "rollback", "row", "rows", "savepoint", "temp", "temporary", "ties", "trigger", "unbounded", "vacuum",
        "view", "virtual", "window", "with", "within", "without",
    ]

    /// Words that are quoted where we write them as a name.
    static let all = reserved.union(values).union(contextual)
}
