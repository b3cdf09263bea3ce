import HealKit
import HealModel

/// A directory or file that a run made is gone again, and a mode that it changed is back.
struct FileUndo: Check {
    static let descriptor = CheckDescriptor(
        id: "undo.file", title: "files that a run made or changed", domain: .filesystem,
        kinds: [
            FindingKind(
                "undo.file.there", .critical, risk: .low, meaning: "A file is as a run made it.",
                healing: "It is removed, or gets its mode back."),
            FindingKind(
                "undo.file.refused", .critical, risk: nil, meaning: "A file that a run made was changed since.",
                healing: "Remove it yourself if it is not needed."),
            FindingKind(
                "undo.directory.there", .information, risk: .low, meaning: "A directory that a run made is there.",
                healing: "It is removed when nothing is in it."),
        ])

    /// The largest template that was copied, in bytes.
    private static let templateLimit = 16 << 20

    let run: Int64
    let step: Step
    /// Everything that the run made, and that this undo removes.
    let made: Set<ResourcePath>

    var subject: String {
        switch step {
        case .createDirectory(let path, _), .copyTemplate(_, let path, _), .setMode(let path, _, _),
            .appendText(let path, _, _):
            path.text
        default: ""
        }
    }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        switch step {
        case .createDirectory(let path, _): try directory(path, on: machine)
        case .copyTemplate(let template, let path, _): try file(path, template, on: machine)
        case .setMode(let path, let mode, let previous): try self.mode(path, mode, previous, on: machine)
        case .appendText(let path, let text, let length): try appended(path, text, length, on: machine)
        default: Observation()
        }
    }

    private func appended(
        _ path: ResourcePath, _ text: String, _ length: Int64, on machine: any Machine
    ) throws(MachineError) -> Observation {
        guard try machine.status(of: path) != nil else { return Observation(confirmations: ["\(path) is gone"]) }
        let contents = try machine.contents(of: path, limit: Self.templateLimit)
        if contents.count == length { return Observation(confirmations: ["\(path) is as it was"]) }
        guard contents.count == Int(length) + text.utf8.count, contents.dropFirst(Int(length)).elementsEqual(text.utf8)
        else {
            return Observation(
                findings: [
                    Finding(
                        "undo.file.refused", subject: path.text, severity: .critical,
                        message: "\(path) is left as it is: refused: it was changed after run \(run) added to it",
                        hint: "remove what it added yourself if it is not needed")
                ])
        }
        return there(
            "undo.file.there", .critical, "\(path) has what run \(run) added to it",
            Repair(
                "Removing what run \(run) added to \(path)", done: "Removed what run \(run) had added to \(path)",
                detail: "it stood at the end", risk: .low,
                steps: [.removeText(path: path, text: text, length: length)]))
    }

    private func directory(_ path: ResourcePath, on machine: any Machine) throws(MachineError) -> Observation {
        guard try machine.status(of: path)?.kind == .directory else {
            return Observation(confirmations: ["\(path) is gone"])
        }
        let ours = Set(made.compactMap { $0.parent == path ? $0.name : nil })
        let listing = try machine.listing(of: path)
        guard listing.unnamable.isEmpty, ours.isSuperset(of: listing.names) else {
            return Observation(confirmations: ["Directory \(path) stays: other things are in it"])
        }
        return there(
            "undo.directory.there", .information, "Directory \(path), which run \(run) made, is there",
            Repair(
                "Removing directory \(path), if nothing is in it", done: "Removed directory \(path)",
                detail: "it was empty", risk: .low, steps: [.removeDirectory(path: path)]))
    }

    private func file(
        _ path: ResourcePath, _ template: ResourcePath, on machine: any Machine
    ) throws(MachineError) -> Observation {
        guard let status = try machine.status(of: path) else { return Observation(confirmations: ["\(path) is gone"]) }
        guard status.kind == .regular, try machine.target(of: template) != nil,
            try machine.contents(of: path, limit: Self.templateLimit)
                == machine.contents(of: template, limit: Self.templateLimit)
        else {
            return Observation(
                findings: [
                    Finding(
                        "undo.file.refused", subject: path.text, severity: .critical,
                        message: "\(path) is left as it is: refused: it does not hold what \(template) holds",
                        hint: "remove it yourself if it is not needed")
                ])
        }
        return there(
            "undo.file.there", .critical, "\(path) is as run \(run) made it",
            Repair(
                "Removing \(path), which run \(run) made", done: "Removed \(path)",
                detail: "it held what \(template) holds", risk: .low,
                steps: [.removeFile(path: path, template: template)]))
    }

    private func mode(
        _ path: ResourcePath, _ mode: FileMode, _ previous: FileMode, on machine: any Machine
    ) throws(MachineError) -> Observation {
        let status = try machine.status(of: path)
        if status == nil || status?.mode == previous {
            return Observation(confirmations: ["\(path) has its mode back"])
        }
        guard let status, status.mode == mode else {
            return Observation(
                findings: [
                    Finding(
                        "undo.file.refused", subject: path.text, severity: .critical,
                        message: "\(path) is left as it is: refused: its mode was changed since",
                        hint: "change it yourself")
                ])
        }
        return there(
            "undo.file.there", .critical, "\(path) has the mode \(mode) that run \(run) gave it",
            Repair(
                "Giving \(path) its mode \(previous) back", done: "\(path) has its mode \(previous) back",
                detail: "it had \(status.mode)", risk: .low,
                steps: [.setMode(path: path, mode: previous, previous: mode)]))
    }

    private func there(
        _ id: FindingID, _ severity: Severity, _ message: String, _ repair: Repair
    ) -> Observation {
        Observation(findings: [Finding(id, subject: subject, severity: severity, message: message, repair: repair)])
    }
}
