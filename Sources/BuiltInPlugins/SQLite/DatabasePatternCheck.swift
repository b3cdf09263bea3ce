import HealKit
import HealModel

/// A pattern in the manifest must fit at least one database, or it is probably misspelt.
struct DatabasePatternCheck: Check {
    static let descriptor = DatabaseSchemaCheck.descriptor

    let pattern: DatabasePattern
    let source: SourceLocation

    var subject: String { pattern.text }
    var declaredAt: SourceLocation? { source }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let matches = try pattern.matches(on: machine)
        guard matches.isEmpty else {
            return Observation(confirmations: [
                "\(matches.count) databases fit \(pattern.text): they are looked at in the next run"
            ])
        }
        return Observation(findings: [
            Finding(
                "sqlite.pattern.unmatched", subject: subject, severity: .warning,
                message: "No database fits the pattern \(pattern.text)",
                hint: "nothing is wrong if none has been made yet; otherwise mend the pattern", source: source)
        ])
    }
}
