/// Reads the text of a CREATE TABLE that SQLite has accepted.
///
/// What it does not know it keeps (`TableDefinition.unknownWords`) instead of failing: a newer SQLite may know more
/// words.
struct TableParser {
    var cursor: SQLCursor
    var text: SQLText { cursor.text }
    var table: TableDefinition
    var columns: [ParsedColumn] = []
    var keys: [ParsedKey] = []
    var checks: [ParsedCheck] = []

    /// A column before it is known which names are columns.
    struct ParsedColumn {
        var definition: ColumnDefinition
        var generated: Range<Int>?
        var isStored = false
    }

    struct ParsedKey {
        var terms: [KeyTerm]
        var conflict: ConflictResolution?
        var isPrimary: Bool
        var isAutoincrement = false
        var owner: SQLName?
    }

    struct ParsedCheck {
        var range: Range<Int>
        var owner: SQLName?
    }

    /// - Returns: `nil` when the text is no CREATE TABLE with columns.
    static func parse(_ sql: String) -> TableDefinition? {
        var parser = TableParser(SQLText(sql), sql: sql)
        return parser.parse()
    }

    private init(_ text: SQLText, sql: String) {
        cursor = SQLCursor(text)
        table = TableDefinition(name: SQLName(""), sql: sql)
    }

    private mutating func parse() -> TableDefinition? {
        guard cursor.take("create") else { return nil }
        _ = cursor.take("temp") || cursor.take("temporary")
        guard cursor.take("table") else { return nil }
        if cursor.areWords("if", "not") { cursor.skip(3) }
        guard let name = cursor.qualifiedName() else { return nil }
        table.name = name
        guard let body = cursor.parenthesised() else { return nil }
        var options = cursor
        cursor = SQLCursor(text, body)
        items()
        options.readOptions(into: &table)
        finish()
        return table
    }

    private mutating func items() {
        var onlyConstraints = false
        while !cursor.isAtEnd {
            if cursor.take(.comma) { continue }
            if onlyConstraints || startsTableConstraint {
                onlyConstraints = true
                tableConstraint()
            } else {
                column()
            }
        }
    }

    private var startsTableConstraint: Bool {
        cursor.isWord("constraint") || cursor.isWord("primary") || cursor.isWord("unique") || cursor.isWord("check")
            || cursor.isWord("foreign")
    }

    private mutating func tableConstraint() {
        if cursor.take("constraint") {
            cursor.skip()
        } else if cursor.take("check"), let range = cursor.parenthesised() {
            checks.append(ParsedCheck(range: range))
            // SQLite reads a conflict clause here and does nothing with it.
            _ = conflict()
        } else if cursor.areWords("foreign", "key") {
            cursor.skip(2)
            let columns = cursor.parenthesised().map(names) ?? []
            if cursor.take("references") { reference(columns, owner: nil) }
        } else if cursor.take("unique"), let range = cursor.parenthesised() {
            keys.append(ParsedKey(terms: terms(range), conflict: conflict(), isPrimary: false))
        } else if cursor.areWords("primary", "key") {
            cursor.skip(2)
            guard let range = cursor.parenthesised() else { return }
            var inside = SQLCursor(text, range)
            let (terms, autoincrement) = keyTerms(&inside)
            keys.append(
                ParsedKey(terms: terms, conflict: conflict(), isPrimary: true, isAutoincrement: autoincrement))
        } else {
            unknown()
        }
    }

    mutating func unknown() {
        guard !cursor.isAtEnd else { return }
        table.unknownWords.append(text.folded(cursor.index))
        cursor.skip()
    }

    // MARK: Parts that columns and tables share

    /// `ON CONFLICT …`, without its default.
    mutating func conflict() -> ConflictResolution? {
        guard cursor.areWords("on", "conflict") else { return nil }
        cursor.skip(2)
        let resolution = cursor.word()
        return resolution == "abort" ? nil : resolution
    }

    private func names(_ range: Range<Int>) -> [SQLName] {
        SQLCursor.parts(of: range, in: text).compactMap { part in
            var cursor = SQLCursor(text, part)
            return cursor.name()
        }
    }

    private func terms(_ range: Range<Int>) -> [KeyTerm] {
        var inside = SQLCursor(text, range)
        return keyTerms(&inside).terms
    }

    private func keyTerms(_ inside: inout SQLCursor) -> (terms: [KeyTerm], isAutoincrement: Bool) {
        var terms: [KeyTerm] = []
        var isAutoincrement = false
        while !inside.isAtEnd {
            if inside.take(.comma) { continue }
            if inside.take("autoincrement") {
                isAutoincrement = true
                continue
            }
            guard let name = inside.name() else {
                inside.skip()
                continue
            }
            var term = KeyTerm(column: name)
            while !inside.isAtEnd, inside.kind != .comma, !inside.isWord("autoincrement") {
                if inside.take("collate") {
                    term.collation = inside.name()?.key
                } else if inside.take("desc") {
                    term.isDescending = true
                } else {
                    inside.skip()
                }
            }
            terms.append(term)
        }
        return (terms, isAutoincrement)
    }

    /// What follows REFERENCES.
    mutating func reference(_ columns: [SQLName], owner: SQLName?) {
        guard let parent = cursor.name() else { return }
        var key = ForeignKey(columns: columns, parent: parent, owner: Owner(column: owner))
        if let range = cursor.parenthesised() { key.parentColumns = names(range) }
        while true {
            if cursor.take("on") {
                let event = cursor.word()
                let action = self.action()
                if event == "delete" { key.onDelete = action }
                if event == "update" { key.onUpdate = action }
            } else if cursor.take("match") {
                let match = cursor.name()?.key
                key.match = match == "simple" ? nil : match
            } else {
                break
            }
        }
        table.foreignKeys.append(key.ordered)
        deferrable()
    }

    private mutating func action() -> String? {
        guard let first = cursor.word() else { return nil }
        switch first {
        case "set": return "set " + (cursor.word() ?? "")
        case "no":
            _ = cursor.take("action")
            return nil
        default: return first
        }
    }

    /// `[NOT] DEFERRABLE [INITIALLY …]`: belongs to the last foreign key, even when other words stand between.
    @discardableResult
    mutating func deferrable() -> Bool {
        let negated = cursor.areWords("not", "deferrable")
        if negated { cursor.skip() }
        guard cursor.take("deferrable") else { return false }
        var isDeferred = false
        if cursor.take("initially") { isDeferred = cursor.word() == "deferred" }
        if !table.foreignKeys.isEmpty {
            table.foreignKeys[table.foreignKeys.count - 1].isDeferred = isDeferred && !negated
        }
        return true
    }
}

extension SQLCursor {
    /// What follows the closing parenthesis of a CREATE TABLE.
    fileprivate mutating func readOptions(into table: inout TableDefinition) {
        while !isAtEnd {
            if take(.comma) || take(.semicolon) { continue }
            if areWords("without", "rowid") {
                skip(2)
                table.isWithoutRowid = true
            } else if take("strict") {
                table.isStrict = true
            } else {
                table.unknownWords.append(text.folded(index))
                skip()
            }
        }
    }
}
