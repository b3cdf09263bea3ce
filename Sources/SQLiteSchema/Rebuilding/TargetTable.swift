/// What a table is to be: what the manifest states, and behind it what the table has and the manifest does not name.
struct TargetTable {
    /// As it will be read back.
    let definition: TableDefinition
    /// What stands behind the name in its CREATE TABLE.
    let body: String
    /// Columns that the manifest does not name.
    let carried: [ColumnDefinition]

    /// - Parameter dropping: columns that are not carried along.
    /// - Returns: `nil` when the texts cannot be put together.
    init?(_ desired: TableDefinition, keeping current: TableDefinition, dropping: Set<SQLName> = []) {
        carried = current.columns.filter { desired.column($0.name) == nil && !dropping.contains($0.name) }
        let text = SQLText(desired.sql)
        guard let open = text.tokens.firstIndex(where: { $0.kind == .leftParenthesis }) else { return nil }
        let close = text.closing(open)
        guard close < text.tokens.count else { return nil }
        if carried.isEmpty {
            body = text.written(open..<text.tokens.count)
        } else {
            let parts = SQLCursor.parts(of: open + 1..<close, in: text)
            let constraints = parts.firstIndex { text.startsConstraint($0.lowerBound) } ?? parts.endIndex
            let pieces =
                parts[..<constraints].map { text.oneLine($0) } + carried.map(\.text)
                + parts[constraints...].map { text.oneLine($0) }
                + Self.constraints(of: current, carrying: carried, beside: desired)
            body = "(\n    \(pieces.joined(separator: ",\n    "))\n)" + text.options(after: close)
        }
        guard let parsed = TableParser.parse("CREATE TABLE \(desired.name.alwaysQuoted) \(body)") else { return nil }
        definition = parsed
    }

    /// The constraints that concern carried columns, behind all columns.
    private static func constraints(
        of current: TableDefinition, carrying carried: [ColumnDefinition], beside desired: TableDefinition
    ) -> [String] {
        let names = Set(carried.map(\.name))
        var texts: [String] = []
        if let key = current.primaryKey, desired.primaryKey == nil,
            key.terms.contains(where: { names.contains($0.column) })
        {
            texts.append(key.constraint)
        }
        texts += current.uniqueKeys.filter { key in key.terms.contains { names.contains($0.column) } }.map(\.text)
        texts += current.checks.filter { !$0.expression.mentions(of: names).isEmpty }.map(\.text)
        texts += current.foreignKeys.filter { key in key.columns.contains(where: names.contains) }.map(\.text)
        return texts
    }
}

extension SQLText {
    /// Whether a constraint of the table begins here, and no column.
    func startsConstraint(_ index: Int) -> Bool {
        let words: [StaticString] = ["constraint", "primary", "unique", "check", "foreign"]
        return words.contains { isWord(index, $0) }
    }

    /// What stands behind the closing parenthesis of a CREATE TABLE, without a semicolon.
    fileprivate func options(after close: Int) -> String {
        var end = tokens.count
        while end > close + 1, tokens[end - 1].kind == .semicolon { end -= 1 }
        return end > close + 1 ? " " + oneLine(close + 1..<end) : ""
    }
}

extension ColumnDefinition {
    /// The column as it is written among others, without constraints that its table keeps.
    fileprivate var text: String {
        var text = name.quoted
        if !type.source.isEmpty { text += " " + type.source }
        if let collation { text += " COLLATE \(SQLName(collation).quoted)" }
        if let notNullText { text += " " + notNullText }
        if let defaultValue { text += " DEFAULT " + defaultValue.source }
        if let generated { text += " " + generated.text }
        return text
    }
}

extension PrimaryKey {
    /// As it is written behind the columns.
    fileprivate var constraint: String {
        let list = terms.map(\.text).joined(separator: ", ") + (isAutoincrement ? " AUTOINCREMENT" : "")
        return "PRIMARY KEY (\(list))" + (conflict.map { " ON CONFLICT \($0.uppercased())" } ?? "")
    }
}
