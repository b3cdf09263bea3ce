/// A `.env` file as one dialect reads it.
public struct DotEnvFile: Sendable, Hashable {
    /// The dialect that read it.
    public let dialect: EnvDialect

    /// What the reader takes from the file, in order. A name may occur more than once; the last one counts.
    public let assignments: [DotEnvAssignment]

    /// What the reader skips or complains about, in the order in which it was met, without giving up on the file.
    public let problems: [DotEnvProblem]

    /// Reads a file's contents as a dialect does.
    ///
    /// Nothing is executed, whatever the file holds. Time and memory are linear in the size of the file, and of what
    /// its substitutions expand to, which is limited.
    ///
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - dialect: The reader to model.
    ///   - environment: The variables that substitutions such as `${NAME}` may use besides the file's own. In the
    ///     python and compose dialects they win over the file's, in the shell they are what the file starts from, and
    ///     node substitutes nothing.
    /// - Returns: What the reader takes from the file.
    /// - Throws: ``DotEnvRefusal`` when the reader gives up on the file.
    public static func parse(
        _ bytes: [UInt8],
        dialect: EnvDialect,
        environment: [String: String] = [:]
    ) throws(DotEnvRefusal) -> DotEnvFile {
        let reading = Reading.of(bytes, dialect: dialect, environment: environment)
        if let refusal = reading.refusal {
            throw DotEnvRefusal(dialect: dialect, problem: refusal)
        }
        return DotEnvFile(dialect: dialect, assignments: reading.assignments, problems: reading.problems)
    }

    /// The assignments that count: for each name the last one.
    public var effective: [String: DotEnvAssignment] {
        Dictionary(assignments.map { ($0.name, $0) }, uniquingKeysWith: { $1 })
    }
}
