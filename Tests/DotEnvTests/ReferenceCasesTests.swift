import DotEnv
import Testing

@Suite("Each dialect reads the reference cases as the real reader does")
struct ReferenceCasesTests {
    @Test("The cases are there")
    func casesAreThere() {
        #expect(ReferenceCase.all.count == 50)
    }

    @Test("Values and errors", arguments: ReferenceCase.all, EnvDialect.allCases)
    func agrees(reference: ReferenceCase, dialect: EnvDialect) throws {
        guard let expected = reference.outcome(dialect) else { return }
        // `$$` is the number of the process: no value can be right, and ours says so.
        if dialect == .shell, reference.name == "double dollar" {
            let file = try read(reference.input, .shell)
            #expect(file.assignments.isEmpty)
            #expect(file.problems.map(\.reason) == [.specialParameter])
            return
        }
        let file: DotEnvFile
        do throws(DotEnvRefusal) {
            file = try DotEnvFile.parse(reference.bytes, dialect: dialect)
        } catch {
            #expect(expected.error == true, "\(error)")
            return
        }
        if expected.error == true {
            #expect(dialect == .shell && !file.problems.isEmpty)
        } else {
            #expect(file.effective.mapValues(\.value) == expected.values)
            // Only the shell's problems stand for errors; an element of an array is none.
            #expect(dialect != .shell || file.problems.allSatisfy { $0.reason == .array })
        }
    }
}

/// Reads a text in a dialect.
func read(
    _ text: String, _ dialect: EnvDialect, environment: [String: String] = [:]
) throws(DotEnvRefusal) -> DotEnvFile {
    try DotEnvFile.parse(Array(text.utf8), dialect: dialect, environment: environment)
}

/// What a dialect makes of a text, in short: `A=1 B` for two variables, the second one without a value, or
/// `2 unterminated` for a refusal on line 2.
func summary(_ text: String, _ dialect: EnvDialect, environment: [String: String] = [:]) -> String {
    do throws(DotEnvRefusal) {
        let file = try read(text, dialect, environment: environment)
        return file.assignments.map { $0.name + ($0.value.map { "=" + $0 } ?? "") }.joined(separator: " ")
    } catch {
        return "\(error.problem.line) \(error.problem.reason.rawValue)"
    }
}

/// The problems that a dialect meets in a text, in short: `2 command`.
func problems(_ text: String, _ dialect: EnvDialect, environment: [String: String] = [:]) throws -> [String] {
    try read(text, dialect, environment: environment).problems.map { "\($0.line) \($0.reason.rawValue)" }
}
