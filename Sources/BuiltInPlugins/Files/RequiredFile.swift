import HealKit
import HealModel

/// A file the application needs must exist, be an ordinary file, be readable, and have the stated mode.
struct RequiredFile: Check {
    static let descriptor = CheckDescriptor(
        id: "file", title: "files", domain: .filesystem,
        kinds: [
            FindingKind(
                "file.missing", .critical, risk: .low,
                meaning: "A file the application needs does not exist.",
                healing:
                    "It is copied from its template (mode 0600 unless another is stated). Without a template, only a person "
                    + "can make it."),
            FindingKind(
                "file.kind", .critical, risk: nil,
                meaning: "Something that is not an ordinary file stands where the application needs one.",
                healing: "Nothing is removed. Move what is there out of the way and run again."),
            FindingKind(
                "file.unreadable", .critical, risk: nil,
                meaning: "The user who runs this may not read the file.",
                healing: "Fix its owner or permissions."),
            FindingKind(
                "file.mode", .warning, risk: .medium,
                meaning: "The file's permission bits are not the stated ones.",
                healing: "They are set to the stated ones; owner and contents stay."),
        ])

    var path: ResourcePath
    var template: ResourcePath?
    var mode: FileMode?
    var source: SourceLocation

    var subject: String { path.text }
    var declaredAt: SourceLocation? { source }
    var provides: [ResourcePath] { [path] }
    var requires: [ResourcePath] { [path.parent, template].compactMap { $0 } }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        guard let status = try machine.target(of: path) else {
            if let link = try machine.status(of: path) {
                return Observation(findings: [wrongKind(link.kind, detail: " that leads nowhere")])
            }
            return Observation(findings: [try missing(on: machine)])
        }
        guard status.kind == .regular else { return Observation(findings: [wrongKind(status.kind)]) }
        var findings: [Finding] = []
        if try !machine.permits(.read, to: path) {
            findings.append(
                Finding(
                    "file.unreadable", subject: subject, severity: .critical,
                    message: "File \(path) may not be read by this user", hint: "fix its owner or permissions",
                    source: source))
        }
        if let mode, status.mode != mode {
            let repair = Repair(
                "Setting mode of \(path) to \(mode)", done: "Set mode of \(path) to \(mode)",
                detail: "chmod \(mode) \(path) (was \(status.mode))", risk: .medium,
                steps: [.setMode(path: path, mode: mode, previous: status.mode)])
            findings.append(
                Finding(
                    "file.mode", subject: subject, severity: .warning,
                    message: "File \(path) has mode \(status.mode), expected \(mode)",
                    evidence: [Evidence("expected", "\(mode)"), Evidence("found", "\(status.mode)")], source: source,
                    repair: repair))
        }
        return Observation(findings: findings, confirmations: findings.isEmpty ? ["File \(path) already exists"] : [])
    }

    private func missing(on machine: any Machine) throws(MachineError) -> Finding {
        var finding = Finding(
            "file.missing", subject: subject, severity: .critical, message: "File \(path) is missing", source: source)
        let origin = try TemplateOrigin(template, on: machine)
        finding.hint = origin.hint(for: path)
        finding.repair = origin.copy(to: path, mode: mode ?? .privateFile)
        return finding
    }

    private func wrongKind(_ kind: FileStatus.Kind, detail: String = "") -> Finding {
        Finding(
            "file.kind", subject: subject, severity: .critical,
            message: "\(path) is a \(kind.rawValue)\(detail), not an ordinary file",
            hint: "move it out of the way; it is never removed by itself", source: source)
    }
}

/// Where a missing file can be copied from.
enum TemplateOrigin: Sendable, Hashable {
    case usable(ResourcePath)
    case unusable(ResourcePath)
    case none

    init(_ template: ResourcePath?, on machine: any Machine) throws(MachineError) {
        guard let template else {
            self = .none
            return
        }
        let usable = try machine.target(of: template)?.kind == .regular
        self = usable ? .usable(template) : .unusable(template)
    }

    func hint(for path: ResourcePath) -> String? {
        switch self {
        case .usable: nil
        case .unusable(let template):
            "its template \(template) is not a file either: restore it, or create \(path) by hand"
        case .none: "create \(path) by hand, or name a template in the manifest"
        }
    }

    func copy(to path: ResourcePath, mode: FileMode) -> Repair? {
        guard case .usable(let template) = self else { return nil }
        return Repair(
            "Creating \(path) from \(template)", done: "Created \(path) from template",
            detail: "Copied \(template) to \(path)", risk: .low,
            steps: (path.parent.map { [.createDirectory(path: $0, mode: .directory)] } ?? [])
                + [.copyTemplate(template: template, destination: path, mode: mode)])
    }
}
