/// Something on a line of a `.env` file that keeps a reader from taking it as it stands.
public struct DotEnvProblem: Sendable, Hashable {
    /// The line, counted from 1.
    public let line: Int

    /// What the reader stumbles over.
    public let reason: DotEnvReason

    /// The variable concerned, where the reader got as far as a proper name. Never part of a value.
    public let variable: String?

    /// Makes a problem.
    public init(line: Int, reason: DotEnvReason, variable: String? = nil) {
        self.line = line
        self.reason = reason
        self.variable = variable
    }
}

extension DotEnvProblem: CustomStringConvertible {
    /// The line, the variable and the reason. Text of the file never appears in it.
    public var description: String {
        if let variable {
            return "line \(line), \(variable): \(reason.text)"
        }
        return "line \(line): \(reason.text)"
    }
}
