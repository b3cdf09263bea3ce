import HealModel

// Where a schema file states the things that findings are about.

extension SchemaDeclaration {
    /// The place of a table, view, trigger or index (`[name]`), or of a column or index of a table (`[table, name]`).
    /// Reads the file's text each time: it is asked only where something is wrong.
    public func scriptLocation(of names: [SQLName]) -> SourceLocation? {
        guard let script, let last = names.last else { return nil }
        var table: SourceLocation?
        for statement in SQLScript(script.text).statements where statement.firstWord == "create" {
            let text = SQLText(statement.text)
            guard let made = text.createdName else { continue }
            let file = script.location.file
            let start = SourceLocation(file: file, line: statement.line, column: statement.column)
            if made.name == last, made.isTable == (names.count == 1) || !made.isTable { return start }
            guard names.count == 2, made.isTable, made.name == names[0] else { continue }
            let column = text.tokens.indices.dropFirst(made.index + 1).first { SQLName(text.name($0)) == last }
            table = column.map { statement.location(ofByte: text.tokens[$0].start, file: file) } ?? start
        }
        return table
    }
}

extension SQLText {
    /// What a CREATE statement makes: its name, where that stands, and whether it is a table.
    var createdName: (name: SQLName, index: Int, isTable: Bool)? {
        var index = 1
        let adjectives: [StaticString] = ["temp", "temporary", "unique", "virtual"]
        while adjectives.contains(where: { isWord(index, $0) }) { index += 1 }
        let isTable = isWord(index, "table")
        index += isWord(index + 1, "if") ? 4 : 1
        // A name may be qualified by its database's.
        if tokens.indices.contains(index + 2), bytes[tokens[index + 1].start] == UInt8(ascii: ".") { index += 2 }
        guard tokens.indices.contains(index) else { return nil }
        return (SQLName(name(index)), index, isTable)
    }
}
