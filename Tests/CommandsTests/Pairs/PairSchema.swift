/// A schema made by chance, as data, so that another one can be made of parts of it.
struct PairSchema {
    struct Column: Equatable {
        var name: String
        var type: String
        var isNotNull = false
        var defaultValue: String?
        var collation: String?
        var isUnique = false
        /// With `?` where the column's name belongs.
        var check: String?
        var generated: String?
        /// `REFERENCES …`, and the column's table if it is its own.
        var reference: String?

        var sql: String { [name.quoted, definition].filter { !$0.isEmpty }.joined(separator: " ") }

        /// What stands behind the name.
        var definition: String {
            var words = [type]
            if isNotNull { words.append("NOT NULL") }
            if let defaultValue { words.append("DEFAULT \(defaultValue)") }
            if let collation { words.append("COLLATE \(collation)") }
            if isUnique { words.append("UNIQUE") }
            if let check { words.append("CHECK (\(check.replacing("?", with: name.quoted)))") }
            if let generated { words.append(generated) }
            if let reference { words.append(reference) }
            return words.filter { !$0.isEmpty }.joined(separator: " ")
        }
    }

    enum Key: Equatable {
        case none
        case rowid(String, isAutoincrement: Bool)
        case single(String)
        case several([String])

        var columns: [String] {
            switch self {
            case .none: []
            case .rowid(let name, _), .single(let name): [name]
            case .several(let names): names
            }
        }
    }

    struct Table {
        var name: String
        var columns: [Column]
        var key: Key = .none
        var isStrict = false
        var hasRowid = true
        /// `UNIQUE (…)` and `CHECK (…)`, with the columns they need.
        var constraints: [(columns: [String], sql: String)] = []

        func column(_ name: String) -> Column? { columns.first { $0.name == name } }

        /// The name under which the rowid can be had, where no column has it.
        var rowidName: String? {
            hasRowid ? ["_rowid_", "rowid", "oid"].first { column($0) == nil } : nil
        }

        /// The column that is the rowid.
        var alias: String? {
            if case .rowid(let name, _) = key { name } else { nil }
        }

        /// What stands behind the name of a column.
        func definition(of column: Column) -> String {
            switch key {
            case .rowid(column.name, let isAutoincrement):
                "INTEGER PRIMARY KEY\(isAutoincrement ? " AUTOINCREMENT" : "")"
            case .single(column.name): column.definition + " PRIMARY KEY"
            default: column.definition
            }
        }

        /// What stands behind all columns.
        var trailers: [String] {
            guard case .several(let names) = key else { return constraints.map(\.sql) }
            return ["PRIMARY KEY (\(names.map(\.quoted).joined(separator: ", ")))"] + constraints.map(\.sql)
        }

        var sql: String {
            let parts = columns.map { "\($0.name.quoted) \(definition(of: $0))" } + trailers
            let options = (isStrict ? ["STRICT"] : []) + (hasRowid ? [] : ["WITHOUT ROWID"])
            return "CREATE TABLE \(name.quoted) (\(parts.joined(separator: ", "))) \(options.joined(separator: ", "))"
        }
    }

    /// An index, view or trigger.
    struct Extra {
        var name: String
        var table: String
        var columns: [String]
        var kind: Kind
        /// The view that an INSTEAD OF trigger is on.
        var view: String?

        enum Kind: Equatable {
            case index(terms: [String], isUnique: Bool, condition: String?)
            /// The query.
            case view(String)
            /// What stands behind the name.
            case trigger(String)
        }

        var sql: String {
            switch kind {
            case .index(let terms, let isUnique, let condition):
                "CREATE \(isUnique ? "UNIQUE " : "")INDEX \(name.quoted) ON \(table.quoted) (\(terms.joined(separator: ", ")))"
                    + (condition.map { " WHERE \($0)" } ?? "")
            case .view(let query): "CREATE VIEW \(name.quoted) AS \(query)"
            case .trigger(let text): "CREATE TRIGGER \(name.quoted) \(text)"
            }
        }
    }

    /// A column that had another name in the old schema.
    struct Rename: Equatable {
        var table: String
        var old: String
        var new: String
    }

    /// What rows that exist get in a column.
    struct Backfill: Equatable {
        var table: String
        var column: String
        /// A constant, as SQL.
        var value: String
    }

    var renames: [Rename] = []
    var backfills: [Backfill] = []
    var tables: [Table] = []
    var extras: [Extra] = []
    /// Columns and options of a full-text table.
    var search: String?
    /// Columns of an R*Tree table.
    var boxes: String?

    func table(_ name: String) -> Table? { tables.first { $0.name == name } }

    var statements: [String] {
        var statements = tables.map(\.sql) + extras.map(\.sql)
        if let search { statements.append("CREATE VIRTUAL TABLE search USING fts5(\(search))") }
        if let boxes { statements.append("CREATE VIRTUAL TABLE boxes USING rtree(\(boxes))") }
        return statements
    }
}

extension String {
    /// In quotes where SQL needs them.
    var quoted: String {
        let isPlain = !isEmpty && allSatisfy { $0.isASCII && ($0.isLetter || $0 == "_") }
        let keywords: Set<String> = ["order", "group", "select", "index", "table", "values"]
        return isPlain && !keywords.contains(lowercased()) ? self : "\"\(replacing("\"", with: "\"\""))\""
    }
}
