@testable import SQLiteSchema

/// A schema made by chance: always the same one for the same seed.
struct RandomSchema {
    struct Table {
        var name: String
        var columns: [(name: String, definition: String)]
        var constraints: [String]
        var options: String
        /// How many of the columns no old table lacks.
        var fixed: Int

        var sql: String {
            let parts = columns.map { "\($0.name) \($0.definition)" } + constraints
            return "CREATE TABLE \(name) (\(parts.joined(separator: ", ")))\(options)"
        }
    }

    var tables: [Table] = []
    var indexes: [(table: String, columns: [String], sql: String)] = []
    /// Views and triggers.
    var code: [(table: String, sql: String)] = []

    var statements: [String] { tables.map(\.sql) + indexes.map(\.sql) + code.map(\.sql) }

    private static let names = [
        "id", "name", "Price", "created_at", "\"order\"", "\"a b\"", "größe", "kind", "note", "flag",
    ]
    private static let definitions = [
        "", "TEXT", "INTEGER", "REAL NOT NULL DEFAULT 0", "VARCHAR(20) DEFAULT 'x, (y)'", "TEXT NOT NULL DEFAULT ''",
        "BOOLEAN DEFAULT TRUE", "DECIMAL(10, 2)", "TEXT COLLATE NOCASE", "BLOB DEFAULT x'00'", "INT DEFAULT (-5)",
        "TEXT DEFAULT \"word\"", "INTEGER CHECK (COLUMN IS NULL OR COLUMN >= 0)", "TEXT REFERENCES t0",
        "DATETIME DEFAULT NULL",
    ]

    /// What ALTER TABLE cannot add, or not always.
    private static let difficult = [
        "TEXT NOT NULL", "TEXT UNIQUE", "DATETIME DEFAULT CURRENT_TIMESTAMP", "INT DEFAULT (abs(-3))",
        "INT DEFAULT 1 REFERENCES t0",
        "INT CHECK (COLUMN IS NOT NULL)", "INT AS (1 + 1) STORED", "INT AS (1 + 1)",
    ]

    init(_ generator: inout some RandomNumberGenerator, isAdditive: Bool) {
        for number in 0..<Int.random(in: 1...4, using: &generator) {
            let names = Self.names.shuffled(using: &generator).prefix(Int.random(in: 2...8, using: &generator))
            let pool = Self.definitions + (isAdditive ? [] : Self.difficult)
            var columns = names.map { name in
                let definition = pool.randomElement(using: &generator) ?? ""
                return (
                    name: name,
                    definition: definition.split(separator: "COLUMN", omittingEmptySubsequences: false).joined(
                        separator: name)
                )
            }
            var table = Table(name: "t\(number)", columns: [], constraints: [], options: "", fixed: 1)
            switch Int.random(in: 0..<4, using: &generator) {
            case 0: columns[0].definition = "INTEGER PRIMARY KEY"
            case 1:
                columns[0].definition = "TEXT NOT NULL"
                table.constraints.append("PRIMARY KEY (\(columns[0].name))")
                table.options = " WITHOUT ROWID"
            case 2:
                columns[0].definition = "TEXT UNIQUE"
                table.constraints.append("CHECK (length(\(columns[0].name)) < 99)")
            default: columns[0].definition = "INTEGER PRIMARY KEY AUTOINCREMENT"
            }
            table.columns = columns
            tables.append(table)
            for index in 0..<Int.random(in: 0...2, using: &generator) {
                let chosen = columns.map(\.name).shuffled(using: &generator).prefix(
                    Int.random(in: 1...2, using: &generator))
                let order = ["", " DESC", " COLLATE NOCASE"].randomElement(using: &generator) ?? ""
                let condition = Bool.random(using: &generator) ? " WHERE \(columns[0].name) IS NOT NULL" : ""
                let name = "i_\(table.name)_\(index)"
                indexes.append(
                    (
                        table.name, Array(chosen),
                        "CREATE INDEX \(name) ON \(table.name) (\(chosen.joined(separator: order + ", "))\(order))\(condition)"
                    ))
            }
            if Bool.random(using: &generator) {
                code.append(
                    (
                        table.name,
                        "CREATE VIEW v_\(table.name) AS SELECT \(columns[0].name) AS x FROM \(table.name) -- as it is"
                    ))
            }
            if Bool.random(using: &generator) {
                code.append(
                    (
                        table.name,
                        "CREATE TRIGGER g_\(table.name) AFTER DELETE ON \(table.name) BEGIN SELECT old.\(columns[0].name); END"
                    ))
            }
        }
    }

    /// The same as it may have been once: without some of its columns, tables, indexes, views and triggers.
    func older(_ generator: inout some RandomNumberGenerator) -> RandomSchema {
        var old = self
        old.tables = tables.filter { $0.name == "t0" || Int.random(in: 0..<4, using: &generator) > 0 }
        for index in old.tables.indices {
            let table = old.tables[index]
            old.tables[index].columns = table.columns.enumerated().filter { position, _ in
                position < table.fixed || Int.random(in: 0..<3, using: &generator) > 0
            }.map(\.element)
        }
        let columns = Dictionary(uniqueKeysWithValues: old.tables.map { ($0.name, Set($0.columns.map(\.name))) })
        old.indexes = indexes.filter { entry in
            columns[entry.table]?.isSuperset(of: entry.columns) == true && Bool.random(using: &generator)
        }
        old.code = code.filter { columns[$0.table] != nil && Bool.random(using: &generator) }
        return old
    }

    /// Statements that put rows into the tables.
    func rows(_ generator: inout some RandomNumberGenerator) -> [String] {
        tables.flatMap { table in
            (0..<Int.random(in: 0...3, using: &generator)).map { row in
                let isNumber = table.columns[0].definition.hasPrefix("INTEGER")
                return
                    "INSERT INTO \(table.name) (\(table.columns[0].name)) VALUES (\(isNumber ? "\(row + 1)" : "'r\(row)'"))"
            }
        }
    }

    /// The same statements in another spelling: case, quotes, white space and comments.
    static func respelled(_ sql: String, _ generator: inout some RandomNumberGenerator) -> String {
        let text = SQLText(sql)
        let names = Set(Self.names + (0..<4).map { "t\($0)" })
        var result = ""
        for index in text.tokens.indices {
            let gap =
                index == 0 ? "" : [" ", "\n", "\t ", " /* c */ ", " -- d\n"].randomElement(using: &generator) ?? " "
            let touches = index > 0 && text.tokens[index].start > text.tokens[index - 1].end
            // Between a function and its parenthesis, too, white space means nothing.
            result += touches || Bool.random(using: &generator) ? gap : ""
            var word = text.source(index)
            if text.tokens[index].kind == .word {
                word = String(
                    word.map { Bool.random(using: &generator) && $0.isASCII ? Character($0.uppercased()) : $0 })
                if names.contains(text.source(index)) {
                    let name = text.name(index)
                    word = [word, "\"\(name)\"", "[\(name)]", "`\(name)`"].randomElement(using: &generator) ?? word
                }
            }
            result += word
        }
        return result
    }
}
