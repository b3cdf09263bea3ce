/// What a database looks like to SQLite's pragmas, and what its texts say when spelling is left aside.
struct SchemaPicture: Equatable {
    struct Column: Equatable {
        var type: String
        var isNotNull: Bool
        var defaultValue: String
        /// Place in the primary key, or 0.
        var key: Int64
        /// 0, or how it is generated.
        var hidden: Int64
    }

    struct Table: Equatable {
        var columns: [String: Column] = [:]
        /// What stands behind DEFAULT, as it stands there; the columns hold the folded text.
        var defaults: [String: String] = [:]
        var isStrict: Bool
        var hasRowid: Bool
        var isVirtual: Bool
        /// Of its text, by column and constraint, sorted: an added column stands last.
        var parts: [String] = []
        /// Foreign keys and automatic indexes as the pragmas tell them, sorted.
        var facts: [String] = []

        static func == (a: Table, b: Table) -> Bool {
            a.columns == b.columns && a.isStrict == b.isStrict && a.hasRowid == b.hasRowid && a.isVirtual == b.isVirtual
                && a.parts == b.parts && a.facts == b.facts
        }
    }

    var tables: [String: Table] = [:]
    /// Texts of indexes, views and triggers.
    var code: [String: String] = [:]

    init(_ database: RawDatabase) throws {
        let list = try database.rows("SELECT name, type, wr, strict FROM pragma_table_list WHERE schema = 'main'")
        for row in list where !row[0].string.hasPrefix("sqlite_") && ["table", "virtual"].contains(row[1].string) {
            tables[row[0].string.folded] = try Self.table(database, row)
        }
        let objects = try database.rows("SELECT type, name, sql FROM sqlite_schema WHERE sql IS NOT NULL")
        for row in objects where row[0].string != "table" {
            code["\(row[0].string) \(row[1].string.folded)"] = SpellingFold.words(of: row[2].string).joined(
                separator: " ")
        }
    }

    private static func table(_ database: RawDatabase, _ row: [RawDatabase.Value]) throws -> Table {
        let name = row[0]
        var table = Table(
            isStrict: row[3].number == 1, hasRowid: row[2].number == 0, isVirtual: row[1].string == "virtual")
        for column in try database.rows(
            "SELECT name, type, \"notnull\", dflt_value, pk, hidden FROM pragma_table_xinfo(?)", [name])
        {
            // Of a virtual table these are its own business.
            if table.isVirtual, column[5].number == 1 { continue }
            let key = column[0].string.folded
            if column[3] != .null { table.defaults[key] = column[3].string }
            table.columns[key] = Column(
                type: column[1].string.folded, isNotNull: column[2].number == 1,
                defaultValue: SpellingFold.words(of: column[3].string).joined(separator: " "), key: column[4].number,
                hidden: column[5].number)
        }
        let sql = try database.rows("SELECT sql FROM sqlite_schema WHERE type = 'table' AND name = ?", [name])
        table.parts = SpellingFold.parts(of: sql[0][0].string).map { part in
            guard part.hasSuffix("primary key") else { return part }
            // A key is unique anyway, and in a table without rowids never NULL.
            let part = part.replacing(" unique", with: "")
            return table.hasRowid ? part : part.replacing(" not null", with: "")
        }.sorted()
        let keys = Set(table.parts.filter { $0.hasPrefix("primary key ") }.map { $0.dropFirst("primary key ".count) })
        table.parts.removeAll { $0.hasPrefix("unique ") && keys.contains($0.dropFirst("unique ".count)) }
        var references: [Int64: [String]] = [:]
        for key in try database.rows("SELECT * FROM pragma_foreign_key_list(?) ORDER BY id, seq", [name]) {
            references[key[0].number, default: []].append(
                key.dropFirst(2).map { $0.string.folded }.joined(separator: " "))
        }
        table.facts = references.values.map { "key " + $0.joined(separator: ", ") }
        for index in try database.rows("SELECT name, \"unique\", origin, partial FROM pragma_index_list(?)", [name]) {
            // Automatic indexes have numbers for names.
            let label = index[2].string == "c" ? index[0].string.folded : "automatic"
            let columns = try database.rows("SELECT name, \"desc\", coll, key FROM pragma_index_xinfo(?)", [index[0]])
                .filter { $0[3].number == 1 }.map { $0.map(\.string).joined(separator: " ").folded }
            table.facts.append(
                "index \(label) \(index[1]) \(index[2]) \(index[3]): \(columns.joined(separator: ", "))")
        }
        table.facts.sort()
        return table
    }

    /// Where this one lacks something that the other has, in words. What is there besides, as it was before, is only looked at
    /// when `exactly`.
    func lacks(of fresh: SchemaPicture, exactly: Bool, old: SchemaPicture) -> [String] {
        var differences: [String] = []
        for (name, expected) in fresh.tables {
            guard let table = tables[name] else {
                differences.append("no table \(name)")
                continue
            }
            if exactly {
                if table != expected { differences.append("table \(name):\n    \(table)\nexpected\n    \(expected)") }
                continue
            }
            // A primary key with a column that stays although it is not named stays too, where no other is stated.
            let kept = (old.tables[name]?.columns ?? [:]).filter { $0.value.key > 0 && expected.columns[$0.key] == nil }
            for (column, definition) in expected.columns {
                var found = table.columns[column]
                if !kept.isEmpty, definition.key == 0 { found?.key = 0 }
                if found == definition { continue }
                differences.append(
                    "column \(name).\(column): \(String(describing: table.columns[column])), expected \(definition)")
            }
            for part in expected.parts where !table.parts.contains(part) {
                differences.append("table \(name) lacks \(part): \(table.parts)")
            }
            for fact in expected.facts where !table.facts.contains(fact) {
                differences.append("table \(name) lacks \(fact): \(table.facts)")
            }
            if table.isStrict != expected.isStrict || table.isVirtual != expected.isVirtual {
                differences.append("options of \(name)")
            }
        }
        for (name, text) in fresh.code where code[name] != text {
            differences.append("\(name): \(code[name] ?? "none"), expected \(text)")
        }
        if exactly {
            for name in tables.keys where fresh.tables[name] == nil { differences.append("table \(name) is left") }
            for name in code.keys where fresh.code[name] == nil { differences.append("\(name) is left") }
        }
        return differences
    }
}

extension String {
    /// SQLite's names differ in more than the case of ASCII letters.
    var folded: String { String(map { $0.isASCII ? Character($0.lowercased()) : $0 }) }
}

/// Leaves the spelling of SQL aside: white space, comments, the case of words, quotes of names. Knows as much of SQL as the
/// generated schemas need.
enum SpellingFold {
    static func words(of sql: String) -> [String] {
        var words: [String] = []
        var rest = Array(sql)[...]
        while let first = rest.first {
            let isComment = rest.starts(with: "--")
            if first.isWhitespace {
                rest.removeFirst()
            } else if isComment {
                rest = rest.drop { !$0.isNewline }
            } else if rest.starts(with: "/*") {
                rest = rest.dropFirst(2)
                while !rest.isEmpty && !rest.starts(with: "*/") { rest.removeFirst() }
                rest = rest.dropFirst(2)
            } else if ["'", "\"", "`", "["].contains(first) {
                let last: Character = first == "[" ? "]" : first
                var word = ""
                rest.removeFirst()
                while let next = rest.popFirst() {
                    if next == last {
                        guard rest.first == last, first != "[" else { break }
                        rest.removeFirst()
                    }
                    word.append(next)
                }
                words.append(first == "'" ? "'\(word)'" : word.folded)
            } else if first.isLetter || first.isNumber || first == "_" {
                let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" || $0 == "." }
                rest = rest.dropFirst(word.count)
                words.append(String(word).folded)
            } else {
                words.append(String(rest.removeFirst()))
            }
        }
        return words
    }

    /// The columns and constraints of a CREATE TABLE, and what stands behind them.
    static func parts(of sql: String) -> [String] {
        var parts: [String] = []
        var part: [String] = []
        var depth = 0
        var hasBegun = false
        for word in words(of: sql) {
            if word == "(" { depth += 1 }
            if word == ")" { depth -= 1 }
            if !hasBegun {
                hasBegun = word == "("
            } else if word == "," && depth == 1 || word == ")" && depth == 0 {
                parts += pieces(of: part)
                part = []
            } else {
                part.append(word)
            }
        }
        // The order of options says nothing.
        return parts.filter { !$0.isEmpty } + part.filter { $0 != "," }.sorted()
    }

    /// A column or constraint without its CHECKs, and these: ADD COLUMN takes along those of the table that need the column.
    /// Their names say nothing to SQLite.
    private static func pieces(of part: [String]) -> [String] {
        var rest: [String] = []
        var checks: [String] = []
        var words = part[...]
        while let word = words.popFirst() {
            guard word == "check", words.first == "(" else {
                rest.append(word)
                continue
            }
            var depth = 0
            var check = [word]
            repeat {
                let next = words.removeFirst()
                depth += next == "(" ? 1 : next == ")" ? -1 : 0
                check.append(next)
            } while depth > 0 && !words.isEmpty
            checks.append(check.joined(separator: " "))
            if rest.dropLast().last == "constraint" { rest.removeLast(2) }
        }
        return [rest.joined(separator: " ")] + checks
    }
}
