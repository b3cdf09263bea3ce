import HealKit
import HealModel
import ManifestShape

/// Tries a plugin as the protocol wants it: what an author needs to know before anybody else runs it.
///
/// It works in a root of its own, which may be changed; only what the plugin must not do to a root counts against it.
public struct PluginTrial: Sendable {
    /// What came of one thing that was tried.
    public struct Result: Sendable, Hashable {
        public enum Verdict: String, Sendable, Hashable, Codable {
            case passed, failed, skipped
        }

        /// What the protocol asks for, as a sentence.
        public var rule: String
        public var verdict: Verdict
        /// Why.
        public var detail: String?
    }

    private let plugin: ExternalPlugin
    private let machine: any ChangingMachine
    private var results: [Result] = []

    /// - Parameter machine: of the root in which it is tried.
    public init(_ plugin: ExternalPlugin, on machine: any ChangingMachine) {
        var plugin = plugin
        // An answer that is kept would prove nothing.
        plugin.description.reads = nil
        self.plugin = plugin
        self.machine = machine
    }

    public static func run(_ plugin: ExternalPlugin, on machine: any ChangingMachine) async -> [Result] {
        var trial = PluginTrial(plugin, on: machine)
        await trial.perform()
        return trial.results
    }

    private var check: ExternalCheck { ExternalCheck(plugin: plugin) }

    private mutating func perform() async {
        guard plugin.description.kind == .selfheal else {
            await tryNagios()
            return
        }
        let before = RootPicture(machine)
        guard let first = await look("check answers in protocol 1, in time, and says what it found") else { return }
        note("every finding is declared in plugin.yaml", undeclared(first))
        await tryRequest(
            "what it does not know in a request is passed over",
            Self.request(plugin, version: 1, more: [("not_known_yet", "{\"a\":[1]}")])
        ) { answer in
            answer.status == 0 ? nil : "it ended with exit code \(answer.status)"
        }
        let mustFail = { (answer: CommandAnswer) -> String? in
            answer.status != 0 ? nil : "it ended with exit code 0, as if that were an answer"
        }
        await tryRequest(
            "a protocol that it does not speak is no success", Self.request(plugin, version: 999, more: []), mustFail)
        await tryRequest("a request that is no JSON is no success", "{", mustFail)
        await tryCommand("an action that it does not know is no success", "dance", mustFail)
        await tryUnconfined(before)
        if let second = await look("check answers again") {
            let isSame = Set(first.findings.map(\.key)) == Set(second.findings.map(\.key))
            note(
                "check finds the same twice",
                isSame ? nil : "what it finds differs although nothing has changed")
            await tryHeal(second)
        }
    }

    private mutating func note(_ rule: String, _ fault: String?) {
        results.append(Result(rule: rule, verdict: fault == nil ? .passed : .failed, detail: fault))
    }

    private mutating func look(_ rule: String) async -> Observation? {
        do throws(MachineError) {
            let observation = try await check.look(on: machine)
            note(rule, nil)
            return observation
        } catch {
            note(rule, error.explanation)
            return nil
        }
    }

    private func undeclared(_ observation: Observation) -> String? {
        let missing = Set(observation.findings.map(\.id)).filter { plugin.description.descriptor.kind($0) == nil }
        return missing.isEmpty ? nil : "not declared: \(missing.sorted().map(\.rawValue).joined(separator: ", "))"
    }

    // MARK: Requests

    private static func request(_ plugin: ExternalPlugin, version: Int, more: [(String, String)]) -> String {
        JSONText.object(
            [
                ("protocol", "\(version)"), ("action", JSONText.string("check")),
                ("root", JSONText.string(plugin.root)),
                ("settings", JSONText.value(plugin.settings)),
            ] + more)
    }

    private mutating func tryRequest(
        _ rule: String, _ request: String, _ fault: (CommandAnswer) -> String?
    ) async {
        await trying(rule, ["check"], request, isConfined: true, fault)
    }

    private mutating func tryCommand(_ rule: String, _ action: String, _ fault: (CommandAnswer) -> String?) async {
        await trying(rule, [action], Self.request(plugin, version: 1, more: []), isConfined: true, fault)
    }

    private mutating func trying(
        _ rule: String, _ arguments: [String], _ input: String, isConfined: Bool, _ fault: (CommandAnswer) -> String?
    ) async {
        do throws(MachineError) {
            let answer = try await plugin.run(
                plugin.arguments + arguments, input: Array(input.utf8), timeout: plugin.timeout,
                isConfined: isConfined, on: machine)
            note(rule, fault(answer))
        } catch {
            note(rule, error.explanation)
        }
    }

    /// Its check is kept from writing; that it does not even try is seen without that.
    private mutating func tryUnconfined(_ before: RootPicture) async {
        let rule = "check changes nothing in the root"
        do throws(MachineError) {
            let answer = try await plugin.run(
                plugin.arguments + ["check"], input: Array(Self.request(plugin, version: 1, more: []).utf8),
                timeout: plugin.timeout, isConfined: false, on: machine)
            note(
                "check leaves no process behind",
                answer.leftProcesses ? "it left processes running when it ended" : nil)
            note(rule, RootPicture(machine).difference(from: before))
        } catch {
            note(rule, error.explanation)
        }
    }

    // MARK: Healing

    private mutating func tryHeal(_ observation: Observation) async {
        let rules = [
            "a dry run of heal says what it would do and changes nothing", "heal says what became of each finding",
            "what was healed is found no more",
        ]
        let findings = observation.findings.filter { $0.repair != nil }.map(\.key)
        guard plugin.description.capabilities.contains(.heal), !findings.isEmpty else {
            let why =
                plugin.description.capabilities.contains(.heal)
                ? "nothing was found that it heals; give it a root in which something is wrong (--in DIR)"
                : "it does not heal"
            results += rules.map { Result(rule: $0, verdict: .skipped, detail: why) }
            return
        }
        let before = RootPicture(machine)
        do throws(MachineError) {
            let told = try await check.rehearse(findings, on: machine)
            note(
                rules[0],
                told == nil ? "it does not say what it would do" : RootPicture(machine).difference(from: before))
        } catch {
            note(rules[0], error.explanation)
        }
        do throws(MachineError) {
            _ = try await check.heal(findings, on: machine)
            note(rules[1], nil)
        } catch {
            note(rules[1], error.explanation)
        }
        do throws(MachineError) {
            let left = Set(try await check.look(on: machine).findings.map(\.key)).intersection(findings)
            note(
                rules[2],
                left.isEmpty ? nil : "still found: \(left.map(\.id.rawValue).sorted().joined(separator: ", "))")
        } catch {
            note(rules[2], error.explanation)
        }
    }

    // MARK: Nagios

    private mutating func tryNagios() async {
        let before = RootPicture(machine)
        let rule = "it ends with exit code 0 to 3 and says a line"
        do throws(MachineError) {
            let observation = try await NagiosCheck(plugin: plugin).look(on: machine)
            note(rule, observation.findings.isEmpty && observation.confirmations.isEmpty ? "it said nothing" : nil)
        } catch {
            note(rule, error.explanation)
        }
        note("it changes nothing in the root", RootPicture(machine).difference(from: before))
    }
}

/// What is below a root: enough to see whether anything was changed.
struct RootPicture: Hashable {
    private var entries: [String: String] = [:]

    /// More than any root that a plugin is tried in.
    private static let limit = 20_000

    init(_ machine: any Machine) { add(nil, machine) }

    private mutating func add(_ folder: ResourcePath?, _ machine: any Machine) {
        for name in (try? machine.names(in: folder)) ?? [] where entries.count < Self.limit {
            guard let path = try? ResourcePath(folder.map { "\($0)/\(name)" } ?? name),
                let status = (try? machine.status(of: path)) ?? nil
            else { continue }
            entries[path.text] = "\(status.kind.rawValue) \(status.mode) \(status.size) \(status.modified)"
            if status.kind == .directory { add(path, machine) }
        }
    }

    /// The first thing that is not as it was.
    func difference(from old: RootPicture) -> String? {
        if let made = entries.keys.filter({ old.entries[$0] == nil }).min() { return "it made \(made)" }
        if let gone = old.entries.keys.filter({ entries[$0] == nil }).min() { return "it removed \(gone)" }
        return entries.keys.filter { entries[$0] != old.entries[$0] }.min().map { "it changed \($0)" }
    }
}
