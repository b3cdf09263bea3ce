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

        var sql: String {
            var words = [name.quoted, type]
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

        var sql: String {
            var parts = columns.map { column in
                switch key {
                case .rowid(column.name, let isAutoincrement):
                    "\(column.name.quoted) INTEGER PRIMARY KEY\(isAutoincrement ? " AUTOINCREMENT" : "")"
                case .single(column.name): column.sql + " PRIMARY KEY"
                default: column.sql
                }
            }
            if case .several(let names) = key {
                parts.append("PRIMARY KEY (\(names.map(\.quoted).joined(separator: ", ")))")
            }
            parts += constraints.map(\.sql)
            let options = (isStrict ? ["STRICT"] : []) + (hasRowid ? [] : ["WITHOUT ROWID"])
            return "CREATE TABLE \(name.quoted) (\(parts.joined(separator: ", "))) \(options.joined(separator: ", "))"
        }
    }

    /// An index, view or trigger.
    struct Extra {
        var name: String
        var table: String
        var columns: [String]
        var sql: String
    }

    var tables: [Table] = []
    var extras: [Extra] = []
    /// Columns and options of a full-text table.
    var search: String?

    func table(_ name: String) -> Table? { tables.first { $0.name == name } }

    var statements: [String] {
        var statements = tables.map(\.sql) + extras.map(\.sql)
        if let search { statements.append("CREATE VIRTUAL TABLE search USING fts5(\(search))") }
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
