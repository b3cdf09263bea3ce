/// What the text of a CREATE INDEX says.
public struct IndexDefinition: Hashable, Sendable {
    public internal(set) var name: SQLName
    public internal(set) var table: SQLName
    public internal(set) var isUnique: Bool
    public internal(set) var terms: [IndexTerm]
    /// What stands behind WHERE.
    public internal(set) var predicate: SQLExpression?
    /// The text as SQLite keeps it.
    public internal(set) var sql: String

    public static func == (lhs: IndexDefinition, rhs: IndexDefinition) -> Bool {
        lhs.name == rhs.name && lhs.table == rhs.table && lhs.isUnique == rhs.isUnique && lhs.terms == rhs.terms
            && lhs.predicate == rhs.predicate
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(name) }

    /// Reads a text that SQLite has accepted.
    /// - Parameter table: the indexed table, if it is known: it tells columns from texts in double quotes.
    public static func parse(_ sql: String, on table: TableDefinition?) -> IndexDefinition? {
        let text = SQLText(sql)
        var cursor = SQLCursor(text)
        guard cursor.take("create") else { return nil }
        let isUnique = cursor.take("unique")
        guard cursor.take("index") else { return nil }
        if cursor.areWords("if", "not") { cursor.skip(3) }
        guard let name = cursor.qualifiedName(), cursor.take("on"), let tableName = cursor.name(),
            let list = cursor.parenthesised()
        else { return nil }
        let scope = NameScope(table: tableName, columns: table?.columnKeys)
        let terms = SQLCursor.parts(of: list, in: text).map {
            IndexTerm.parse($0, in: text, scope: scope, table: table)
        }
        var predicate: SQLExpression?
        if cursor.take("where") { predicate = text.folded(cursor.index..<cursor.end, in: scope) }
        return IndexDefinition(
            name: name, table: tableName, isUnique: isUnique, terms: terms, predicate: predicate, sql: sql)
    }

    /// Which of the columns it speaks of.
    func mentions(of columns: [SQLName]) -> [SQLName] {
        columns.filter { column in
            terms.contains { !$0.expression.mentions(of: [column]).isEmpty }
                || predicate.map { !$0.mentions(of: [column]).isEmpty } == true
        }
    }
}

/// One term of an index: a column or an expression.
public struct IndexTerm: Hashable, Sendable {
    public internal(set) var expression: SQLExpression
    /// In lower case; `nil` where it is the column's own.
    public internal(set) var collation: String?
    public internal(set) var isDescending: Bool
    /// The term is one name or text in quotes: a misspelt column becomes a constant there.
    var isQuotedAlone: Bool

    public static func == (lhs: IndexTerm, rhs: IndexTerm) -> Bool {
        lhs.expression == rhs.expression && lhs.collation == rhs.collation && lhs.isDescending == rhs.isDescending
    }

    public func hash(into hasher: inout Hasher) { hasher.combine(expression) }

    static func parse(
        _ range: Range<Int>, in text: SQLText, scope: NameScope, table: TableDefinition?
    ) -> IndexTerm {
        var end = range.upperBound
        var isDescending = false
        var collation: String?
        if end - range.lowerBound > 1, text.isWord(end - 1, "asc") || text.isWord(end - 1, "desc") {
            isDescending = text.isWord(end - 1, "desc")
            end -= 1
        }
        if end - range.lowerBound > 2, text.isWord(end - 2, "collate") {
            collation = text.name(end - 1).asciiLowercased
            end -= 2
        }
        let bare = text.withoutParentheses(range.lowerBound..<end)
        var term = IndexTerm(
            expression: text.folded(bare, in: scope), collation: collation, isDescending: isDescending,
            isQuotedAlone: false)
        if bare.count == 1 {
            let kind = text.tokens[bare.lowerBound].kind
            term.isQuotedAlone = kind == .doubleQuoted || kind == .string
            // A text alone is taken for a name here, if there is such a column.
            let key = text.name(bare.lowerBound).asciiLowercased
            if kind == .string, scope.isName(key) {
                let name = text.foldedName(bare.lowerBound)
                term.expression = SQLExpression(tokens: [name], source: term.expression.source)
            }
            let own = table?.column(SQLName(key))?.collation ?? "binary"
            if term.collation == own { term.collation = nil }
        } else if term.collation == "binary" {
            term.collation = nil
        }
        return term
    }

    /// The column, when it is one.
    public func column(of table: TableDefinition) -> ColumnDefinition? {
        guard expression.tokens.count == 1 else { return nil }
        return table.columns.first { $0.name.folded == expression.tokens[0] }
    }
}
