/// Rows for schemas made by chance, and statements that use them.
extension PairGenerator {
    /// Statements that put rows into the tables; some of them may be refused.
    mutating func rows(for schema: PairSchema, atMost count: Int = 6) -> [String] {
        var statements: [String] = []
        for table in schema.tables {
            var rowid = number(1...3)
            for _ in 0..<number(0...count) {
                var names: [String] = []
                var values: [String] = []
                if table.alias == nil, let name = table.rowidName, chance(70) {
                    names.append(name)
                    values.append("\(rowid)")
                }
                for column in table.columns where column.generated == nil {
                    if column.name == table.alias {
                        names.append(column.name.quoted)
                        values.append("\(rowid)")
                    } else if column.defaultValue == nil || chance(75) {
                        names.append(column.name.quoted)
                        values.append(value(for: column, isStrict: table.isStrict))
                    }
                }
                // Gaps, and now and then a large one.
                rowid += chance(5) ? 4_000_000_000 : number(1...3)
                guard !names.isEmpty else { continue }
                statements.append(
                    "INSERT INTO \(table.name.quoted) (\(names.joined(separator: ", "))) "
                        + "VALUES (\(values.joined(separator: ", ")))")
            }
        }
        for number in 0..<(schema.boxes == nil ? 0 : number(0...3)) {
            let others = (schema.boxes ?? "").contains("y0") ? [".5", "7"] : []
            let values = ["\(number * 2 + 1)", "\(number).25", "\(number + 9)"] + others
            let names = ["id", "x0", "x1"] + (others.isEmpty ? [] : ["y0", "y1"])
            statements.append(
                "INSERT INTO boxes (\(names.joined(separator: ", "))) VALUES (\(values.joined(separator: ", ")))")
            if (schema.boxes ?? "").contains("note") {
                statements.append("UPDATE boxes SET note = 'n\(number)' WHERE id = \(number * 2 + 1)")
            }
        }
        guard let search = schema.search else { return statements }
        let hasTag = search.contains("tag")
        let hasBody = search.contains("body")
        for number in 0..<number(0...3) {
            let names = ["rowid", "title"] + (hasBody ? ["body"] : []) + (hasTag ? ["tag"] : [])
            let values = ["\(number * 3 + 1)"] + names.dropFirst().map { "'\($0) running \(number)'" }
            statements.append(
                "INSERT INTO search (\(names.joined(separator: ", "))) VALUES (\(values.joined(separator: ", ")))")
        }
        return statements
    }

    mutating func value(for column: PairSchema.Column, isStrict: Bool) -> String {
        if column.reference != nil, chance(95) { return chance(75) ? "NULL" : "\(number(1...4))" }
        if !column.isNotNull, chance(12) { return "NULL" }
        let texts = [
            "'r\(number(1...999))'", "'it''s \"so\"'", "'a' || char(0) || 'b'", "''", "'Ärger'", "'\u{1F600}'",
            "'\(number(1...999)) x'",
        ]
        let integers = ["\(number(-5...999))", "\(number(1...99999))", "9007199254740993"]
        let reals = ["1.5", "0.1", "\(number(1...999)).25", "1e300"]
        let blobs = ["x'00ff\(number(10...99))'", "x''", "zeroblob(9)"]
        let odd = [
            "'007'", "' 1'", "'1e3'", "9223372036854775807", "(-9223372036854775807 - 1)", "9e999", "'0x10'", "3.0",
            "CAST(x'ff41' AS TEXT)", "'12'",
        ]
        if !isStrict, chance(6) { return one(of: odd + texts + integers + reals + blobs) }
        let type = column.type.uppercased()
        if type.contains("INT") || type == "BOOLEAN" { return one(of: integers) }
        if ["REAL", "NUMERIC", "DOUBLE PRECISION"].contains(type) || type.hasPrefix("DECIMAL") {
            return one(of: type == "REAL" ? reals : reals + integers)
        }
        if type == "BLOB" { return one(of: blobs) }
        return one(of: texts)
    }

    /// Statements that use every table of a schema: rows that come, change and go.
    mutating func writes(for schema: PairSchema) -> [String] {
        var statements = rows(for: schema, atMost: 4)
        for table in schema.tables {
            guard let rowid = table.rowidName else { continue }
            let plain = table.columns.filter { $0.generated == nil && $0.name != table.alias }
            if !plain.isEmpty {
                let column = one(of: plain)
                let value = value(for: column, isStrict: table.isStrict)
                statements.append(
                    "UPDATE \(table.name.quoted) SET \(column.name.quoted) = \(value) WHERE \(rowid) % 2 = 0")
            }
            if table.alias != nil { statements.append("INSERT INTO \(table.name.quoted) DEFAULT VALUES") }
            statements.append("DELETE FROM \(table.name.quoted) WHERE \(rowid) % 3 = 0")
        }
        for extra in schema.extras where extra.view != nil {
            guard let view = extra.view?.quoted else { continue }
            let column = extra.columns[0].quoted
            statements.append("INSERT INTO \(view) (\(column)) VALUES ('seen')")
            statements.append("UPDATE \(view) SET \(column) = 'seen'")
            statements.append("DELETE FROM \(view)")
        }
        return statements
    }
}
