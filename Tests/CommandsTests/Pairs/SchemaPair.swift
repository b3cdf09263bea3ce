/// An old database and what it is to become.
struct SchemaPair: Sendable {
    let seed: Int
    /// Statements that make the old schema.
    let old: [String]
    /// Statements that put rows into the old database; some of them are refused.
    let rows: [String]
    /// The schema that is stated.
    let new: [String]
    let dropsExtras: Bool
    /// Statements for the new schema, whose effect is compared.
    let writes: [String]
    /// What the manifest says of the new schema table by table, as JSON; `nil` where it names a file with its statements.
    var stated: String?
    var renames: [PairSchema.Rename] = []
    var backfills: [PairSchema.Backfill] = []
    /// The journal mode of the old database, and the one that is stated.
    var journalMode = "delete"
    var statedMode: String?

    /// Made by chance.
    init(seed: Int) {
        self.seed = seed
        var generator = PairGenerator(seed: UInt64(bitPattern: Int64(seed)))
        let old = generator.schema()
        // Now and then two that have nothing to do with each other, except for names.
        let isStated = generator.chance(35)
        var new = generator.chance(8) ? generator.schema() : generator.schema(sharing: old, isStated: isStated)
        if isStated { (new.search, new.boxes) = (nil, nil) }
        self.old = old.statements
        self.new = new.statements
        rows = generator.rows(for: old)
        dropsExtras = generator.chance(60)
        writes = generator.writes(for: new)
        if isStated { stated = new.stated }
        (renames, backfills) = (new.renames, new.backfills)
        if generator.chance(30) { journalMode = "wal" }
        if generator.chance(25) { statedMode = generator.one(of: ["wal", "delete"]) }
    }

    init(old: [String], rows: [String] = [], new: [String], dropsExtras: Bool = false, writes: [String] = []) {
        seed = 0
        (self.old, self.rows, self.new, self.dropsExtras, self.writes) = (old, rows, new, dropsExtras, writes)
    }

    var database: String { "p\(seed).db" }
    var script: String { "p\(seed).sql" }
    var entry: String {
        let pragmas = statedMode.map { ", pragmas: {journal_mode: \($0)}" } ?? ""
        return
            "  \(database): {\(stated ?? "schema: \(script)"), extras: \(dropsExtras ? "drop" : "ignore")\(pragmas)}\n"
    }

    var description: String {
        """
        seed \(seed) (SELFHEAL_SEED=\(seed) SELFHEAL_PAIRS=1 repeats it), extras: \(dropsExtras ? "drop" : "ignore")
        -- journal mode \(journalMode), stated \(statedMode ?? "none"); renames \(renames), backfills \(backfills)
        -- old
        \((old + rows).joined(separator: ";\n"));
        -- new
        \(new.joined(separator: ";\n"));
        """
    }
}

/// The rows of a database, with what tells them apart.
struct DatabaseRows: Equatable {
    struct Table: Equatable {
        var columns: [String]
        var rowids: [Int64]?
        var rows: [[RawDatabase.Value]]
    }

    var tables: [String: Table] = [:]
    /// What AUTOINCREMENT counts.
    var counters: [String: Int64] = [:]

    init(_ database: RawDatabase, _ picture: SchemaPicture) throws {
        for (name, table) in picture.tables {
            let columns = table.columns.keys.sorted()
            let rowid = table.hasRowid ? ["_rowid_", "rowid", "oid"].first { table.columns[$0] == nil } : nil
            let names = (rowid.map { [$0] } ?? []) + columns.map { "\"\($0.replacing("\"", with: "\"\""))\"" }
            let quoted = "\"\(name.replacing("\"", with: "\"\""))\""
            var rows = try database.rows("SELECT \(names.joined(separator: ", ")) FROM \(quoted)").sorted {
                "\($0)" < "\($1)"
            }
            var rowids: [Int64]?
            if rowid != nil {
                rowids = rows.map { $0[0].number }
                rows = rows.map { Array($0.dropFirst()) }
            }
            tables[name] = Table(columns: columns, rowids: rowids, rows: rows)
        }
        if try !database.rows("SELECT 1 FROM sqlite_schema WHERE name = 'sqlite_sequence'").isEmpty {
            for row in try database.rows("SELECT name, seq FROM sqlite_sequence") {
                counters[row[0].string.folded] = row[1].number
            }
        }
    }
}

/// What a column of a type makes of values: SQLite's own answer, from a table of one column.
final class TypeOracle {
    private let database: RawDatabase
    private var tables: [String: String] = [:]

    init() throws { database = try RawDatabase() }

    /// What a row that does not name the column gets.
    func value(ofDefault text: String?, type: String, isStrict: Bool) throws -> RawDatabase.Value {
        guard let text else { return .null }
        let name = "d\(tables.count)"
        tables[name] = name
        try database.execute("CREATE TABLE \(name) (v \(type) DEFAULT \(text.asDefault))\(isStrict ? " STRICT" : "")")
        try database.execute("INSERT INTO \(name) DEFAULT VALUES")
        return try database.rows("SELECT v FROM \(name)")[0][0]
    }

    /// `nil` where the column refuses the value.
    func stored(_ value: RawDatabase.Value, type: String, isStrict: Bool) throws -> RawDatabase.Value? {
        let key = "\(type) \(isStrict)"
        if tables[key] == nil {
            let name = "t\(tables.count)"
            try database.execute("CREATE TABLE \(name) (v \(type))\(isStrict ? " STRICT" : "")")
            tables[key] = name
        }
        let name = tables[key] ?? ""
        do { _ = try database.rows("INSERT INTO \(name) VALUES (?)", [value]) } catch { return nil }
        defer { _ = try? database.rows("DELETE FROM \(name)") }
        return try database.rows("SELECT v FROM \(name)")[0][0]
    }
}

extension PairSchema {
    /// What the manifest says of it table by table: keys and values of a mapping in JSON, which is YAML too.
    var stated: String {
        let tables = tables.map { table -> String in
            let columns = table.columns.map { "\($0.name.json): \(table.definition(of: $0).json)" }
            let options = (table.isStrict ? ["strict"] : []) + (table.hasRowid ? [] : ["without_rowid"])
            let indexes = extras.filter { $0.table == table.name }.compactMap { extra -> String? in
                guard case .index(let terms, let isUnique, let condition) = extra.kind else { return nil }
                return "\(extra.name.json): {on: [\(terms.map(\.json).joined(separator: ", "))], unique: \(isUnique)"
                    + (condition.map { ", where: \($0.json)" } ?? "") + "}"
            }
            let renames = renames.filter { $0.table == table.name }.map { "\($0.old.json): \($0.new.json)" }
            let backfills = backfills.filter { $0.table == table.name }.map { "\($0.column.json): \($0.value.json)" }
            return "\(table.name.json): {columns: {\(columns.joined(separator: ", "))}, "
                + "constraints: [\(table.trailers.map(\.json).joined(separator: ", "))], "
                + "options: [\(options.joined(separator: ", "))], indexes: {\(indexes.joined(separator: ", "))}, "
                + "renamed_from: {\(renames.joined(separator: ", "))}, backfill: {\(backfills.joined(separator: ", "))}}"
        }
        let views = extras.compactMap { extra -> String? in
            if case .view(let query) = extra.kind { "\(extra.name.json): \(query.json)" } else { nil }
        }
        let triggers = extras.compactMap { extra -> String? in
            if case .trigger(let text) = extra.kind { "\(extra.name.json): \(text.json)" } else { nil }
        }
        return "tables: {\(tables.joined(separator: ", "))}, views: {\(views.joined(separator: ", "))}, "
            + "triggers: {\(triggers.joined(separator: ", "))}"
    }
}

extension String {
    /// In double quotes, with what they need.
    fileprivate var json: String {
        "\"" + replacing("\\", with: "\\\\").replacing("\"", with: "\\\"").replacing("\n", with: "\\n") + "\""
    }

    /// The pragma leaves out the parentheses of an expression, and constants may stand in them as well, except for names.
    fileprivate var asDefault: String { contains("(") || contains("+ ") || contains("/ ") ? "(\(self))" : self }
}
