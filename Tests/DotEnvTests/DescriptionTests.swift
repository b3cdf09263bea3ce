import DotEnv
import Testing

@Suite("Texts and codes")
struct DescriptionTests {
    @Test("Every reason has a text and a code of its own")
    func reasons() {
        #expect(Set(DotEnvReason.allCases.map(\.text)).count == DotEnvReason.allCases.count)
        for reason in DotEnvReason.allCases {
            #expect(reason.rawValue.allSatisfy { $0.isLetter || $0.isNumber || $0 == "-" })
        }
    }

    @Test("Dialects are named as in the manifest")
    func dialects() {
        #expect(EnvDialect.allCases.map(\.rawValue) == ["node", "python", "compose", "shell"])
    }

    @Test("Assignments")
    func assignments() {
        let variable = DotEnvAssignment(name: "A", value: "x", line: 3)
        #expect("\(variable) \([variable])" == "A (line 3) [A (line 3)]")
        #expect("\(DotEnvAssignment(name: "A", value: nil, line: 3))" == "a name without a value (line 3)")
        #expect(DotEnvAssignment(name: "A", bytes: [0xFF], line: 1).value == "\u{FFFD}")
    }

    @Test("Problems and refusals")
    func problems() {
        let problem = DotEnvProblem(line: 2, reason: .command, variable: "A")
        #expect("\(problem)" == "line 2, A: a command would be run")
        let refusal = DotEnvRefusal(dialect: .shell, problem: DotEnvProblem(line: 4, reason: .syntax))
        #expect("\(refusal)" == "shell refuses the file: line 4: a syntax error")
    }

    @Test(
        "Why a variable cannot be written",
        arguments: [
            (NotPortable.Reason.name, "A: not a name that all readers of .env files accept"),
            (.reservedName, "A: a name that some readers of .env files keep for themselves"),
            (.value, "A: no way of writing the value is read alike by node, python, compose and shell"),
            (
                .file([.python, .shell]),
                "A: what stands in the file would make python, shell misread it once the variable is added"
            ),
        ])
    func notPortable(reason: NotPortable.Reason, text: String) {
        #expect("\(NotPortable(variable: "A", reason: reason))" == text)
    }
}
