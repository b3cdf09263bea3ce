extension Step {
    /// The step as it is shown and recorded. The rows that a schema file puts into a new database are the application's, and
    /// nobody else's business: of such statements only the first word is left.
    public var shown: Step {
        guard case .createDatabase(let path, let pragmas, let statements) = self else { return self }
        return .createDatabase(path: path, pragmas: pragmas, statements: statements.map(Self.withoutRows))
    }

    private static func withoutRows(_ statement: String) -> String {
        let word = statement.prefix { $0.isASCII && $0.isLetter }
        let filling: Set<String> = ["INSERT", "REPLACE", "UPDATE", "DELETE", "WITH"]
        return filling.contains(word.uppercased()) ? "\(word) …" : statement
    }
}
