extension TableParser {
    /// One column: its name, its type, its constraints.
    mutating func column() {
        guard let name = cursor.name() else { return unknown() }
        let start = cursor.index
        let type = self.type()
        var column = ParsedColumn(definition: ColumnDefinition(name: name, definition: "", type: type))
        while !cursor.isAtEnd, cursor.kind != .comma { constraint(of: &column) }
        column.definition.definition = text.oneLine(start..<cursor.index)
        columns.append(column)
    }

    /// Any words, up to one that begins a constraint, and up to two numbers in parentheses.
    private mutating func type() -> SQLExpression {
        let start = cursor.index
        while isTypeWord { cursor.skip() }
        if cursor.index > start, cursor.kind == .leftParenthesis { _ = cursor.parenthesised() }
        return text.folded(start..<cursor.index)
    }

    private var isTypeWord: Bool {
        // At the end of a type these two words are none.
        isTypeWord(at: cursor.index) && (!cursor.areWords("generated", "always") || isTypeWord(at: cursor.index + 2))
    }

    private func isTypeWord(at index: Int) -> Bool {
        guard index < cursor.end else { return false }
        return switch text.tokens[index].kind {
        case .doubleQuoted, .quotedName, .string: true
        case .word: !SQLKeywords.endingType.contains(text.folded(index))
        default: false
        }
    }

    private mutating func constraint(of column: inout ParsedColumn) {
        let name = column.definition.name
        if cursor.take("constraint") {
            cursor.skip()
        } else if cursor.areWords("primary", "key") {
            cursor.skip(2)
            var term = KeyTerm(column: name)
            if cursor.take("desc") { term.isDescending = true } else { _ = cursor.take("asc") }
            let conflict = self.conflict()
            let autoincrement = cursor.take("autoincrement")
            keys.append(
                ParsedKey(
                    terms: [term], conflict: conflict, isPrimary: true, isAutoincrement: autoincrement, owner: name))
        } else if cursor.areWords("not", "null") {
            cursor.skip(2)
            column.definition.isNotNull = true
            column.definition.notNullConflict = conflict()
        } else if cursor.take("null") {
            // Says nothing, and SQLite does nothing with a conflict clause here.
            _ = conflict()
        } else if cursor.take("unique") {
            keys.append(
                ParsedKey(terms: [KeyTerm(column: name)], conflict: conflict(), isPrimary: false, owner: name))
        } else if cursor.take("check"), let range = cursor.parenthesised() {
            checks.append(ParsedCheck(range: range, owner: name))
        } else if cursor.take("default") {
            column.definition.defaultValue = defaultValue()
        } else if cursor.take("collate") {
            let collation = cursor.name()?.key
            column.definition.collation = collation == "binary" ? nil : collation
        } else if cursor.take("references") {
            reference([name], owner: name)
        } else if deferrable() {
            return
        } else if cursor.areWords("generated", "always") {
            cursor.skip(2)
        } else if cursor.take("as"), let range = cursor.parenthesised() {
            column.generated = range
            column.isStored = cursor.take("stored")
            if !column.isStored { _ = cursor.take("virtual") }
        } else {
            unknown()
        }
    }

    private mutating func defaultValue() -> DefaultValue? {
        let start = cursor.index
        if cursor.parenthesised() == nil {
            if cursor.kind == .operator { cursor.skip() }
            cursor.skip()
        }
        return DefaultValue(text, start..<cursor.index)
    }
}

extension SQLKeywords {
    /// Words that end a type, because they begin a constraint.
    fileprivate static let endingType: Set<String> = [
        "as", "check", "collate", "constraint", "default", "deferrable", "not", "null", "primary", "references",
        "unique",
    ]
}

// MARK: The form that all spellings share

extension TableParser {
    mutating func finish() {
        table.columns = columns.map(\.definition)
        let scope = NameScope(table: table.name, columns: Set(columns.map(\.definition.name.key)))
        for (index, column) in columns.enumerated() {
            guard let range = column.generated else { continue }
            table.columns[index].generated = GeneratedValue(
                expression: text.folded(range, in: scope), isStored: column.isStored)
        }
        finishKeys()
        finishNotNull()
        table.checks = checks.map {
            CheckConstraint(expression: text.folded($0.range, in: scope), owner: Owner(column: $0.owner))
        }
        table.foreignKeys = table.foreignKeys.withoutRepetitions()
    }

    private mutating func finishKeys() {
        if let key = keys.first(where: \.isPrimary) {
            var primary = PrimaryKey(
                terms: key.terms.map(ownCollation), conflict: key.conflict, isAutoincrement: key.isAutoincrement)
            // Only the exact word INTEGER makes an alias; DESC behind the column (not behind the columns) prevents it.
            let isDescending = key.owner != nil && key.terms.first?.isDescending == true
            if key.terms.count == 1, !table.isWithoutRowid, !isDescending,
                let column = table.column(key.terms[0].column), column.type.tokens == ["integer"]
            {
                primary.isRowidAlias = true
                primary.terms = [KeyTerm(column: column.name)]
            }
            table.primaryKey = primary
        }
        // UNIQUE on the primary key's columns adds nothing.
        let primaryTerms = table.primaryKey?.terms.map(\.withoutOrder)
        table.uniqueKeys = keys.filter { !$0.isPrimary }
            .map { UniqueKey(terms: $0.terms.map { ownCollation($0).withoutOrder }, conflict: $0.conflict) }
            .filter { $0.conflict != nil || $0.terms != primaryTerms }
            .withoutRepetitions()
    }

    /// Leaves out a collation that the column has anyway.
    private func ownCollation(_ term: KeyTerm) -> KeyTerm {
        var term = term
        let own = table.column(term.column)?.collation ?? "binary"
        if term.collation == own { term.collation = nil }
        return term
    }

    /// Columns of a primary key cannot be NULL where the rowid, WITHOUT ROWID or STRICT say so already.
    private mutating func finishNotNull() {
        guard let key = table.primaryKey else { return }
        for index in table.columns.indices where key.terms.contains(where: { $0.column == table.columns[index].name }) {
            if key.isRowidAlias {
                table.columns[index].isNotNull = false
                table.columns[index].notNullConflict = nil
            } else if table.isWithoutRowid || table.isStrict {
                table.columns[index].isNotNull = true
            }
        }
    }
}

extension KeyTerm {
    /// Whether rows are unique does not depend on the order in which they are kept.
    fileprivate var withoutOrder: KeyTerm {
        var term = self
        term.isDescending = false
        return term
    }
}

extension Array where Element: Hashable {
    fileprivate func withoutRepetitions() -> [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
