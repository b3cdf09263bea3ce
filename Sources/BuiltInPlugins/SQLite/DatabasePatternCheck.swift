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
        let matches = try pattern.matches(on: machine).paths
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

/// A file that fits a pattern and has a name that nothing can say: it is never looked at, and must not pass as a database that is
/// as stated.
struct DatabaseNameCheck: Check {
    static let descriptor = DatabaseSchemaCheck.descriptor

    let misfit: DatabasePattern.Misfit
    let pattern: String?
    let source: SourceLocation

    var subject: String { misfit.path }
    var declaredAt: SourceLocation? { source }

    /// What the pattern met is all there is to see: another look would have to go through the whole directory again.
    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        Observation(findings: [
            Finding(
                "sqlite.file.name", subject: subject, severity: .critical,
                message: "\(subject) fits the pattern \(pattern ?? "") and cannot be looked at: \(misfit.reason)",
                hint: "rename it, or move it away if it is no database of the application", source: source)
        ])
    }
}
