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
        do throws(PluginFault) {
            return try AnswerReader(
                plugin: plugin.description, source: plugin.source, redact: redact, names: names
            )
            .healing(answer.answer, of: findings)
        } catch {
            throw plugin.malfunction(error.reason)
        }
    }

    private func request(action: String, _ more: [(String, String)]) -> String {
        JSONText.object(
            [
                ("protocol", "\(PluginDescription.protocolVersion)"), ("action", JSONText.string(action)),
                ("root", JSONText.string(plugin.root)), ("settings", JSONText.value(plugin.settings)),
            ] + more) + "\n"
    }

    private func call(
        _ action: String, _ request: String, timeout: Duration, isConfined: Bool, _ redact: Redactor,
        on machine: any Machine
    ) async throws(MachineError) -> (answer: PluginAnswer, log: [String]) {
        let raw = try await plugin.run(
            plugin.arguments + [action], input: Array(request.utf8), timeout: timeout, isConfined: isConfined,
            on: machine)
        if raw.leftProcesses && action == "check" {
            throw plugin.malfunction("it left processes running when it ended; they were ended too")
        }
        guard raw.status == 0 || raw.leftProcesses else { throw plugin.malfunction(plugin.ending(raw, redact)) }
        do throws(PluginFault) {
            return (try PluginAnswer(raw.standardOutput), plugin.log(raw, redact))
        } catch {
            throw plugin.malfunction(error.reason)
        }
    }
}
