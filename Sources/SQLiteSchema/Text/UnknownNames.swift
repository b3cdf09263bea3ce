extension SQLText {
    /// A name in double quotes that is no column, so that SQLite would take it for a text.
    func unknownName(_ range: Range<Int>, in scope: NameScope) -> String? {
        range.first { index in
            tokens[index].kind == .doubleQuoted && folded(index, in: scope).hasPrefix("'")
        }.map(name)
    }

    /// The same, looked for in the expressions of a column's definition or a constraint: behind CHECK and AS.
    func unknownNameInExpressions(_ scope: NameScope) -> String? {
        for index in tokens.indices where isWord(index, "check") || isWord(index, "as") {
            guard kind(index + 1) == .leftParenthesis else { continue }
            if let name = unknownName(index + 1..<min(closing(index + 1), tokens.count), in: scope) { return name }
        }
        return nil
    }
}
