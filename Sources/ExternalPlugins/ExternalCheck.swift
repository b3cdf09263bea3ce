import HealKit
import HealModel

/// Asks an external plugin, and believes it only when it answers as the protocol says.
struct ExternalCheck: DelegatingCheck {
    /// Of no check in particular: each plugin describes its own.
    static let descriptor = CheckDescriptor(id: "plugin", title: "plugins", domain: .other, kinds: [])

    var plugin: ExternalPlugin
    private let names = SubjectNames()

    init(plugin: ExternalPlugin) { self.plugin = plugin }

    var descriptor: CheckDescriptor { plugin.description.descriptor }
    var subject: String { plugin.description.name }
    var declaredAt: SourceLocation? { plugin.source }
    var after: [String] { plugin.after }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let memory = plugin.description.reads.map { AnswerMemory(plugin: plugin, reads: $0) }
        let key = try memory?.key(on: machine)
        if let key, let kept = try memory?.recall(key, on: machine) { return kept }
        let began = machine.now
        let redact = plugin.redactor(machine)
        let request = request(action: "check", [])
        let answer = try await call(
            "check", request, timeout: plugin.timeout, isConfined: plugin.description.isConfined, redact, on: machine)
        var observation: Observation
        let reader = AnswerReader(plugin: plugin.description, source: plugin.source, redact: redact, names: names)
        do throws(PluginFault) {
            observation = try reader.observation(answer.answer)
        } catch {
            throw plugin.malfunction(error.reason)
        }
        if let key, let memory {
            try memory.keep(observation, key, also: answer.answer.reads, began: began, on: machine)
        }
        observation.log = answer.log
        return observation
    }

    func heal(_ findings: [Finding.Key], on machine: any ChangingMachine) async throws(MachineError) -> String? {
        try await heal(findings, isRehearsal: false, on: machine)
    }

    func rehearse(_ findings: [Finding.Key], on machine: any Machine) async throws(MachineError) -> String? {
        try await heal(findings, isRehearsal: true, on: machine)
    }

    private func heal(
        _ findings: [Finding.Key], isRehearsal: Bool, on machine: any Machine
    ) async throws(MachineError) -> String? {
        let redact = plugin.redactor(machine)
        let request = request(
            action: "heal",
            [
                (
                    "findings",
                    JSONText.array(
                        findings.map {
                            JSONText.object([
                                ("id", JSONText.string($0.id.rawValue)), ("subject", JSONText.string(names.own($0))),
                            ])
                        })
                ), ("dry_run", isRehearsal ? "true" : "false"),
            ])
        let timeout = Duration.seconds(plugin.description.healTimeout)
        let answer = try await call(
            "heal", request, timeout: timeout, isConfined: isRehearsal && plugin.description.isConfined, redact,
            on: machine)
        let left = answer.leftProcesses ? [ExternalPlugin.leftProcesses] : []
        let reader = AnswerReader(plugin: plugin.description, source: plugin.source, redact: redact, names: names)
        do throws(PluginFault) {
            let told = try reader.healing(answer.answer, of: findings).map { [$0] } ?? []
            return told.isEmpty && left.isEmpty ? nil : (told + left).joined(separator: "; ")
        } catch {
            throw plugin.malfunction(([error.reason] + left).joined(separator: "; "))
        }
    }

    private func request(action: String, _ more: [(String, String)]) -> String {
        JSONText.object(
            [
                ("protocol", "\(PluginDescription.protocolVersion)"), ("action", JSONText.string(action)),
                ("root", JSONText.string(plugin.root)), ("settings", JSONText.value(plugin.settings)),
            ] + more) + "\n"
    }

    private struct Reply {
        var answer: PluginAnswer
        var log: [String]
        var leftProcesses: Bool
    }

    private func call(
        _ action: String, _ request: String, timeout: Duration, isConfined: Bool, _ redact: Redactor,
        on machine: any Machine
    ) async throws(MachineError) -> Reply {
        let raw = try await plugin.run(
            plugin.arguments + [action], input: Array(request.utf8), timeout: timeout, isConfined: isConfined,
            on: machine)
        var faults = raw.status == 0 ? [] : [plugin.ending(raw, redact)]
        if let path = plugin.attempt(raw, redact) {
            let purpose = action == "check" ? "a check, which may only look" : "a dry run, which may change nothing"
            faults.append("it tried to write \(path) in \(purpose)")
        }
        // What a heal has started may have been meant to stay.
        if raw.leftProcesses, action == "check" || !faults.isEmpty { faults.append(ExternalPlugin.leftProcesses) }
        guard faults.isEmpty else { throw plugin.malfunction(faults.joined(separator: "; ")) }
        do throws(PluginFault) {
            return Reply(
                answer: try PluginAnswer(raw.standardOutput), log: plugin.log(raw, redact),
                leftProcesses: raw.leftProcesses)
        } catch {
            throw plugin.malfunction(error.reason)
        }
    }
}
