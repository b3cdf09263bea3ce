/// A view, trigger or virtual table: text that is compared by its tokens.
public struct CodeDefinition: Hashable, Sendable {
    public internal(set) var name: SQLName
    /// The table or view that a trigger belongs to.
    public internal(set) var table: SQLName?
    /// What stands behind the name.
    public internal(set) var body: SQLExpression
    /// The text as SQLite keeps it.
    public internal(set) var sql: String

    public static func == (lhs: CodeDefinition, rhs: CodeDefinition) -> Bool {
        lhs.name == rhs.name && lhs.body == rhs.body
    }

    public func hash(into hasher: inout Hasher) {
        hasher.combine(name)
        hasher.combine(body)
    }

    /// Reads the text of a CREATE VIEW, CREATE TRIGGER or CREATE VIRTUAL TABLE that SQLite has accepted.
    public static func parse(_ sql: String) -> CodeDefinition? {
        let text = SQLText(sql)
        var cursor = SQLCursor(text)
        guard cursor.take("create") else { return nil }
        _ = cursor.take("temp") || cursor.take("temporary")
        let isTrigger = cursor.isWord("trigger")
        if cursor.take("virtual") {
            guard cursor.take("table") else { return nil }
        } else {
            guard cursor.take("view") || cursor.take("trigger") else { return nil }
        }
        if cursor.areWords("if", "not") { cursor.skip(3) }
        guard let name = cursor.qualifiedName() else { return nil }
        var end = cursor.end
        while end > cursor.index, text.kind(end - 1) == .semicolon { end -= 1 }
        let body = text.folded(cursor.index..<end)
        guard isTrigger else { return CodeDefinition(name: name, body: body, sql: sql) }
        var definition = CodeDefinition(name: name, body: body.asTrigger, sql: sql)
        while !cursor.isAtEnd, !cursor.take("on") { cursor.skip() }
        definition.table = cursor.qualifiedName()
        return definition
    }
}

extension SQLExpression {
    /// BEFORE is what a trigger is when nothing is said, and FOR EACH ROW what it always is.
    fileprivate var asTrigger: SQLExpression {
        var tokens = tokens
        let first = tokens.first ?? ""
        if first == "delete" || first == "insert" || first == "update" { tokens.insert("before", at: 0) }
        let head = tokens.firstIndex(of: "begin") ?? tokens.endIndex
        if let each = tokens[..<head].firstIndex(of: "each"), each > 0, tokens[each - 1] == "for", each + 1 < head {
            tokens.removeSubrange(each - 1...each + 1)
        }
        return SQLExpression(tokens: tokens, source: source)
    }
}
