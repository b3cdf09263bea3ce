/// Makes schemas and rows by chance: always the same ones for the same seed.
struct PairGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed &* 0x2545_F491_4F6C_DD1D &+ 0x9E37_79B9_7F4A_7C15 }

    private static let tableNames = [
        "users", "order", "Größe", "t-1", "a\"b", "two words", "日本", "index", "it's", "Log_entries",
    ]
    private static let columnNames = [
        "id", "name", "Price", "select", "größe", "a b", "x\"y", "note", "kind", "rowid", "_at", "flag", "it's", "日",
    ]
    private static let types = [
        "", "TEXT", "TEXT", "INTEGER", "INTEGER", "INT", "REAL", "NUMERIC", "BLOB", "VARCHAR(20)", "DECIMAL(10, 2)",
        "DATETIME", "BOOLEAN", "ANY", "FLOATING POINT", "CHARINT", "STRING", "double precision", "UNSIGNED BIG INT",
    ]
    private static let strictTypes = ["INT", "INTEGER", "REAL", "TEXT", "BLOB", "ANY"]

    // MARK: Chance

    private mutating func word() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        range.lowerBound + Int(word() % UInt64(range.count))
    }

    /// True that often of a hundred times.
    mutating func chance(_ percent: Int) -> Bool { number(0...99) < percent }
    mutating func one<Value>(of values: [Value]) -> Value { values[number(0...values.count - 1)] }

    mutating func some<Value>(_ count: Int, of values: [Value]) -> [Value] {
        var values = values
        for index in values.indices.dropLast() { values.swapAt(index, number(index...values.count - 1)) }
        return Array(values.prefix(count))
    }

    // MARK: Schemas

    mutating func schema() -> PairSchema {
        var schema = PairSchema()
        for name in some(number(1...3), of: Self.tableNames) { schema.tables.append(table(name)) }
        if chance(25) { schema.search = searchColumns() }
        if chance(15) { schema.boxes = boxColumns() }
        addReferences(to: &schema)
        addExtras(to: &schema)
        return schema
    }

    /// A schema that shares parts with another one, and has the rest of its own.
    /// - Parameter isStated: whether it is to be stated table by table, which can say what columns were called, and what rows get.
    mutating func schema(sharing old: PairSchema, isStated: Bool) -> PairSchema {
        var schema = PairSchema()
        for table in old.tables where chance(85) {
            guard isStated, let (renamed, rename) = self.renamed(table) else {
                schema.tables.append(self.table(sharing: table))
                continue
            }
            let new = self.table(sharing: renamed)
            schema.tables.append(new)
            let isThere = new.column(rename.new) != nil && new.column(rename.old) == nil
            if isThere { schema.renames.append(rename) }
        }
        let others = Self.tableNames.filter { old.table($0) == nil }
        if schema.tables.isEmpty || chance(30) { schema.tables.append(table(one(of: others))) }
        if !isStated {
            schema.search = chance(70) ? old.search : chance(30) ? searchColumns() : nil
            schema.boxes = chance(70) ? old.boxes : chance(50) ? boxColumns() : nil
        }
        addReferences(to: &schema, where: 12)
        for extra in old.extras where chance(75) {
            if let view = extra.view, !schema.extras.contains(where: { $0.name == view }) { continue }
            guard let table = schema.table(extra.table), extra.columns.allSatisfy({ table.column($0) != nil }) else {
                continue
            }
            schema.extras.append(extra)
        }
        addExtras(to: &schema)
        if isStated { addBackfills(to: &schema, from: old) }
        return schema
    }

    private mutating func boxColumns() -> String {
        one(of: ["id, x0, x1", "id, x0, x1, y0, y1", "id, x0, x1, +note", "id, x0, x1, +note TEXT, +more"])
    }

    /// The table with another name for a column that nothing else of it speaks of.
    private mutating func renamed(_ table: PairSchema.Table) -> (PairSchema.Table, PairSchema.Rename)? {
        let free = table.columns.indices.filter { index in
            let name = table.columns[index].name
            return table.columns[index].generated == nil && !table.key.columns.contains(name)
                && !table.constraints.contains { $0.columns.contains(name) }
                && !table.columns.contains { $0.generated?.contains(name.quoted) == true }
        }
        let names = Self.columnNames.filter { table.column($0) == nil }
        guard chance(40), !table.name.hasPrefix("audit"), !free.isEmpty, !names.isEmpty else { return nil }
        var renamed = table
        let (index, name) = (one(of: free), one(of: names))
        renamed.columns[index].name = name
        return (renamed, PairSchema.Rename(table: table.name, old: table.columns[index].name, new: name))
    }

    /// Values for columns that are new, or must have one now.
    private mutating func addBackfills(to schema: inout PairSchema, from old: PairSchema) {
        for table in schema.tables {
            guard let former = old.table(table.name) else { continue }
            for column in table.columns
            where column.generated == nil && column.reference == nil && !table.key.columns.contains(column.name) {
                let rename = schema.renames.first { $0.table == table.name && $0.new == column.name }
                let before = former.column(rename?.old ?? column.name)
                guard before == nil ? chance(35) : before?.isNotNull == false && column.isNotNull && chance(70) else {
                    continue
                }
                let values =
                    switch table.isStrict ? column.type : "" {
                    case "INT", "INTEGER": ["41"]
                    case "REAL": ["4.5", "4"]
                    case "TEXT": ["'bf'", "'it''s'"]
                    case "BLOB": ["x'bf'"]
                    default: ["41", "'bf'", "4.5", "'007'", "x'bf'"]
                    }
                schema.backfills.append(
                    PairSchema.Backfill(table: table.name, column: column.name, value: one(of: values)))
            }
        }
    }

    private mutating func searchColumns() -> String {
        one(of: ["title, body", "title, body, tokenize = 'porter'", "title, body, tag", "title, prefix = '2 3'"])
    }

    private mutating func table(_ name: String) -> PairSchema.Table {
        var table = PairSchema.Table(name: name, columns: [])
        table.isStrict = chance(20)
        for column in some(number(2...7), of: Self.columnNames) {
            table.columns.append(self.column(column, isStrict: table.isStrict))
        }
        chooseKey(&table)
        addGenerated(to: &table)
        addConstraints(to: &table)
        return table
    }

    private mutating func table(sharing old: PairSchema.Table) -> PairSchema.Table {
        var table = old
        // Triggers write to it.
        if old.name.hasPrefix("audit") { return table }
        if chance(7) { table.isStrict.toggle() }
        table.columns = []
        for column in old.columns {
            let isGenerated = column.generated != nil
            let isLast = column.name == old.columns.last { $0.generated == nil }?.name && table.columns.isEmpty
            if isGenerated || (!isLast && !old.key.columns.contains(column.name) && chance(12)) { continue }
            let stays = chance(75) && table.isStrict == old.isStrict
            // The type often stays where the rest changes, as it does in life.
            let type = chance(60) ? column.type : nil
            table.columns.append(
                stays ? column : self.column(column.name, isStrict: table.isStrict, type: type))
        }
        let others = Self.columnNames.filter { old.column($0) == nil }
        for name in some(number(0...2), of: others) {
            table.columns.append(column(name, isStrict: table.isStrict, isNew: true))
        }
        if chance(10) { table.columns = some(table.columns.count, of: table.columns) }
        if chance(10) { chooseKey(&table) }
        let names = Set(table.columns.map(\.name))
        table.constraints = old.constraints.filter { names.isSuperset(of: $0.columns) && chance(80) }
        for column in old.columns
        where column.generated != nil && chance(70) && !(table.isStrict && column.type != "TEXT") {
            // What generates it may speak of a column that is gone.
            if old.columns.allSatisfy({ $0.generated != nil || names.contains($0.name) }) {
                table.columns.append(column)
            }
        }
        if chance(20) { addGenerated(to: &table) }
        if chance(20) { addConstraints(to: &table) }
        return table
    }

    private mutating func column(
        _ name: String, isStrict: Bool, type: String? = nil, isNew: Bool = false
    ) -> PairSchema.Column {
        let types = isStrict ? Self.strictTypes : Self.types
        var column = PairSchema.Column(
            name: name, type: type.flatMap { types.contains($0) ? $0 : nil } ?? one(of: types))
        if chance(45) { column.defaultValue = defaultValue(isStrict ? column.type : "") }
        column.isNotNull = chance(column.defaultValue == nil ? (isNew ? 5 : 10) : 40)
        if chance(12) { column.collation = one(of: ["NOCASE", "RTRIM"]) }
        if chance(6) { column.isUnique = true }
        if chance(12) {
            column.check = one(of: [
                "? IS NULL OR ? <> 'bad'", "length(?) < 99", "typeof(?) <> 'blob' OR length(?) < 50",
                "? IS NULL OR ? >= -5 OR typeof(?) = 'text'", "? NOT IN ('(', ')', '--', '/*')",
            ])
        }
        return column
    }

    /// - Parameter type: of a STRICT table, whose defaults must fit.
    private mutating func defaultValue(_ type: String) -> String {
        switch type {
        case "INT", "INTEGER": one(of: ["0", "-5", "(abs(-3))", "9223372036854775807"])
        case "REAL": one(of: ["1.5", "0", "(1 / 2.0)"])
        case "TEXT": one(of: ["''", "'x, (y)'", "'it''s'", "CURRENT_DATE", "(upper('ö'))"])
        case "BLOB": one(of: ["x'00'", "(zeroblob(3))"])
        default:
            one(of: [
                "0", "-5", "1.5", "''", "'x, (y)'", "'it''s'", "'--'", "x'00ff'", "TRUE", "CURRENT_DATE",
                "(abs(-3))", "(5 + 1)", "+7", "9223372036854775807", "1e3", "0x1F", "'007'",
            ])
        }
    }

    private mutating func chooseKey(_ table: inout PairSchema.Table) {
        let candidates = table.columns.filter { $0.generated == nil }.map(\.name)
        table.hasRowid = true
        switch number(0...9) {
        case 0...4: table.key = .rowid(candidates[0], isAutoincrement: chance(35))
        case 5, 6:
            table.key = .single(candidates[0])
            table.hasRowid = chance(50)
            // It would be the rowid.
            if let index = table.columns.firstIndex(where: { $0.name == candidates[0] }),
                table.columns[index].type == "INTEGER", table.hasRowid
            {
                table.columns[index].type = "INT"
            }
        case 7 where candidates.count > 1:
            table.key = .several(some(2, of: candidates))
            table.hasRowid = chance(60)
        default: table.key = .none
        }
    }

    private mutating func addGenerated(to table: inout PairSchema.Table) {
        guard chance(25), let free = Self.columnNames.filter({ table.column($0) == nil }).last else { return }
        let source = one(of: table.columns.filter { $0.generated == nil })
        var column = PairSchema.Column(name: free, type: table.isStrict ? "TEXT" : one(of: ["TEXT", "", "INTEGER"]))
        let expression = one(of: [
            "coalesce(\(source.name.quoted), '') || '+'", "'v' || length(\(source.name.quoted))", "'c' || (1 + 1)",
        ])
        column.generated = "AS (\(expression)) \(chance(50) ? "STORED" : "VIRTUAL")"
        table.columns.append(column)
    }

    private mutating func addConstraints(to table: inout PairSchema.Table) {
        let names = table.columns.filter { $0.generated == nil }.map(\.name)
        guard names.count > 1 else { return }
        let pair = some(2, of: names)
        let list = pair.map(\.quoted).joined(separator: ", ")
        if chance(12), !table.constraints.contains(where: { $0.sql.contains("UNIQUE") }) {
            table.constraints.append((pair, "UNIQUE (\(list))"))
        }
        if chance(15), !table.constraints.contains(where: { $0.sql.contains("CHECK") }) {
            let check = "CHECK (\(pair[0].quoted) IS NULL OR \(pair[1].quoted) IS NOT 'never')"
            table.constraints.append((pair, chance(50) ? "CONSTRAINT \"c 1\" \(check)" : check))
        }
    }

    /// Foreign keys: to other tables, to the same, and in circles.
    private mutating func addReferences(
        to schema: inout PairSchema, where percent: Int = 40
    ) {
        let names = Set(schema.tables.map(\.name))
        for table in schema.tables.indices {
            for column in schema.tables[table].columns.indices {
                // What a shared column references may be gone.
                guard let reference = schema.tables[table].columns[column].reference else { continue }
                let parents = schema.tables.filter { parent in
                    parent.key.columns.count == 1
                        && reference.contains("REFERENCES \(parent.name.quoted) (\(parent.key.columns[0].quoted))")
                }
                if parents.isEmpty || names.isEmpty { schema.tables[table].columns[column].reference = nil }
            }
            guard chance(percent) else { continue }
            let parents = schema.tables.filter { $0.key.columns.count == 1 }
            let free = schema.tables[table].columns.indices.filter { index in
                let column = schema.tables[table].columns[index]
                return column.generated == nil && !schema.tables[table].key.columns.contains(column.name)
                    && column.reference == nil
            }
            guard !parents.isEmpty, !free.isEmpty else { continue }
            let parent = one(of: parents)
            let actions = one(of: [
                "", " ON DELETE CASCADE", " ON DELETE SET NULL ON UPDATE CASCADE", " DEFERRABLE INITIALLY DEFERRED",
                " ON UPDATE RESTRICT", " ON DELETE CASCADE DEFERRABLE INITIALLY DEFERRED",
            ])
            let index = one(of: free)
            schema.tables[table].columns[index].reference =
                "REFERENCES \(parent.name.quoted) (\(parent.key.columns[0].quoted))\(actions)"
        }
    }

    private mutating func addExtras(to schema: inout PairSchema) {
        for table in schema.tables {
            let plain = table.columns.map(\.name)
            for _ in 0..<number(0...2) {
                let name = "\(one(of: ["ix", "by", "ünique"]))_\(number(1...9))"
                guard !schema.extras.contains(where: { $0.name == name }) else { continue }
                let columns = some(number(1...min(2, plain.count)), of: plain)
                var terms = columns.map { column in
                    column.quoted + one(of: ["", "", " COLLATE NOCASE"]) + one(of: ["", "", " DESC"])
                }
                if chance(20) { terms[0] = one(of: ["lower(\(columns[0].quoted))", "\(columns[0].quoted) || ''"]) }
                let isUnique = chance(12)
                let condition = chance(25) ? "\(columns[0].quoted) IS NOT NULL" : nil
                schema.extras.append(
                    PairSchema.Extra(
                        name: name, table: table.name, columns: columns,
                        kind: .index(terms: terms, isUnique: isUnique, condition: condition)))
            }
            if chance(25) {
                let name = "view \(number(1...5))"
                guard !schema.extras.contains(where: { $0.name == name }) else { continue }
                let columns = some(min(2, plain.count), of: plain)
                schema.extras.append(
                    PairSchema.Extra(
                        name: name, table: table.name, columns: columns,
                        kind: .view(
                            "SELECT \(columns.map(\.quoted).joined(separator: ", ")) -- as it is\nFROM \(table.name.quoted)"
                        )
                    ))
                let trigger = "instead_\(name.suffix(1))"
                if chance(50), !schema.extras.contains(where: { $0.name == trigger }) {
                    let event = one(of: [("INSERT", "new"), ("DELETE", "old"), ("UPDATE", "new")])
                    schema.extras.append(
                        PairSchema.Extra(
                            name: trigger, table: table.name, columns: columns,
                            kind: .trigger(
                                "INSTEAD OF \(event.0) ON \(name.quoted) BEGIN INSERT INTO audit (what) VALUES "
                                    + "('\(trigger)' || coalesce(\(event.1).\(one(of: columns).quoted), '-')); END"),
                            view: name))
                }
            }
            if chance(25) {
                let name = "on_\(number(1...5))"
                guard !schema.extras.contains(where: { $0.name == name }) else { continue }
                let column = one(of: plain)
                let event = one(of: [
                    ("INSERT", "new"), ("DELETE", "old"), ("UPDATE", "new"), ("UPDATE OF \(column.quoted)", "old"),
                ])
                let target = chance(50) ? "audit" : "audit2"
                schema.extras.append(
                    PairSchema.Extra(
                        name: name, table: table.name, columns: [column],
                        kind: .trigger(
                            "\(one(of: ["AFTER", "BEFORE"])) \(event.0) ON "
                                + "\(table.name.quoted) BEGIN INSERT INTO \(target) (what) VALUES "
                                + "('\(name)' || coalesce(\(event.1).\(column.quoted), '-')); END")))
            }
        }
        for name in ["audit", "audit2"]
        where schema.table(name) == nil && schema.extras.contains(where: { $0.sql.contains("INTO \(name) ") }) {
            schema.tables.append(
                PairSchema.Table(name: name, columns: [PairSchema.Column(name: "what", type: "TEXT")]))
        }
    }
}
