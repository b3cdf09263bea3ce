/// What a reader has collected so far; a refusal ends it but keeps what came before.
struct Reading: Equatable {
    var assignments: [DotEnvAssignment] = []
    var problems: [DotEnvProblem] = []
    var refusal: DotEnvProblem?

    /// Reads the bytes as a dialect does.
    static func of(_ bytes: [UInt8], dialect: EnvDialect, environment: [String: String]) -> Reading {
        switch dialect {
        case .node: NodeReader.read(bytes)
        case .python: PythonReader.read(bytes, environment: environment)
        case .compose: ComposeReader.read(bytes, environment: environment)
        case .shell: ShellReader.read(bytes, environment: environment)
        }
    }

    /// Records a variable, and a problem if no environment can hold its value.
    mutating func assign(_ name: String, _ value: [UInt8]?, line: Int) {
        assignments.append(DotEnvAssignment(name: name, bytes: value, line: line))
        if let value, value.contains(0) {
            note(.nulByte, line: line, variable: ProperName.text(Array(name.utf8)[...]))
        }
    }

    /// Records a problem that does not end the reading.
    mutating func note(_ reason: DotEnvReason, line: Int, variable: String? = nil) {
        problems.append(DotEnvProblem(line: line, reason: reason, variable: variable))
    }

    /// Records why the reader gives up.
    mutating func refuse(_ reason: DotEnvReason, line: Int, variable: String? = nil) {
        refusal = DotEnvProblem(line: line, reason: reason, variable: variable)
    }
}
