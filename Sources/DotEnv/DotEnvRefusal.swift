/// A dialect's reader gives up on the file: its application gets none of the variables, or only those of earlier lines.
public struct DotEnvRefusal: Error, Sendable, Hashable {
    /// The dialect whose reader refuses the file.
    public let dialect: EnvDialect

    /// Where and why.
    public let problem: DotEnvProblem

    /// Makes a refusal.
    public init(dialect: EnvDialect, problem: DotEnvProblem) {
        self.dialect = dialect
        self.problem = problem
    }
}

extension DotEnvRefusal: CustomStringConvertible {
    /// The dialect, the line and the reason. Text of the file never appears in it.
    public var description: String {
        "\(dialect.rawValue) refuses the file: \(problem)"
    }
}
