import HealKit
import HealModel

/// A directory the application needs must exist, be a directory, have the stated mode, and be writable.
struct RequiredDirectory: Check {
    static let descriptor = CheckDescriptor(
        id: "directory", title: "directories", domain: .filesystem,
        kinds: [
            FindingKind(
                "directory.missing", .critical, risk: .low,
                meaning: "A directory the application needs does not exist; writing into it will fail.",
                healing: "It is created with the stated mode (0755 if none is stated), and so are those above it.",
                blocks: true),
            FindingKind(
                "directory.kind", .critical, risk: nil,
                meaning: "Something that is not a directory stands where the application needs one.",
                healing: "Nothing is removed. Move what is there out of the way and run again.", blocks: true),
            FindingKind(
                "directory.mode", .warning, risk: .medium,
                meaning: "The directory's permission bits are not the stated ones.",
                healing: "They are set to the stated ones; the owner stays."),
            FindingKind(
                "directory.not-writable", .warning, risk: nil,
                meaning: "The user who runs this may not create files in the directory.",
                healing: "Give the user the right, or say 'writable: false' if the application only reads here."),
        ])

    var path: ResourcePath
    var mode: FileMode?
    var writable: Bool
    var source: SourceLocation

    var subject: String { path.text }
    var declaredAt: SourceLocation? { source }
    var provides: [ResourcePath] { [path] }
    var statedModes: [ResourcePath: FileMode] { mode.map { [path: $0] } ?? [:] }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        guard let status = try machine.target(of: path) else {
            if let link = try machine.status(of: path) {
                return Observation(findings: [wrongKind(link.kind, detail: " that leads nowhere")])
            }
            let wanted = mode ?? .directory
            let repair = Repair(
                "Creating directory \(path)/", done: "Created directory \(path)/",
                detail: "mkdir \(path) (mode \(wanted))",
                risk: .low, steps: [.createDirectory(path: path, mode: wanted)])
            return Observation(findings: [
                Finding(
                    "directory.missing", subject: subject, severity: .critical,
                    message: "Directory \(path)/ is missing",
                    source: source, repair: repair)
            ])
        }
        guard status.kind == .directory else { return Observation(findings: [wrongKind(status.kind)]) }
        var findings: [Finding] = []
        if let mode, status.mode != mode {
            let repair = Repair(
                "Setting mode of \(path)/ to \(mode)", done: "Set mode of \(path)/ to \(mode)",
                detail: "chmod \(mode) \(path) (was \(status.mode))", risk: .medium,
                steps: [.setMode(path: path, mode: mode, previous: status.mode)])
            findings.append(
                Finding(
                    "directory.mode", subject: subject, severity: .warning,
                    message: "Directory \(path)/ has mode \(status.mode), expected \(mode)",
                    evidence: [Evidence("expected", "\(mode)"), Evidence("found", "\(status.mode)")], source: source,
                    repair: repair))
        }
        if writable, try !machine.permits(.write, to: path) {
            findings.append(
                Finding(
                    "directory.not-writable", subject: subject, severity: .warning,
                    message: "Directory \(path)/ is not writable for this user",
                    hint: "fix its owner or permissions, or say 'writable: false' in the manifest", source: source))
        }
        return Observation(
            findings: findings, confirmations: findings.isEmpty ? ["Directory \(path)/ already exists"] : [])
    }

    private func wrongKind(_ kind: FileStatus.Kind, detail: String = "") -> Finding {
        Finding(
            "directory.kind", subject: subject, severity: .critical,
            message: "\(path) is a \(kind.rawValue)\(detail), not a directory",
            hint: "move it out of the way; it is never removed by itself", source: source)
    }
}
