import Crypto
import HealKit
import HealModel

/// Keeps good answers for as long as nothing that they depend on has changed: the plugin, its settings, and the files and
/// variables that it says it reads, in `plugin.yaml` or in its answer. An answer with findings is never kept: who mends
/// something wants to see it gone, whatever the plugin forgot to name.
struct AnswerMemory {
    var plugin: ExternalPlugin
    var reads: PluginDescription.Inputs

    /// Names all that is known before the plugin is asked. A digest, because variables and settings may hold secrets.
    func key(on machine: any Machine) throws(MachineError) -> String {
        var own = try ResourcePathOrNil(plugin.executable).fingerprint(on: machine)
        if !plugin.folder.isEmpty {
            own += try " " + ResourcePathOrNil(plugin.folder + "/plugin.yaml").fingerprint(on: machine)
            for name in neighbours(on: machine) { own += try " " + ResourcePathOrNil(name).fingerprint(on: machine) }
        }
        var parts = [
            plugin.root, plugin.description.name, plugin.description.version, plugin.executable, own,
            JSONText.value(plugin.settings),
        ]
        parts += reads.environment.sorted().map { machine.environment[$0].map { "=" + $0 } ?? "-" }
        for file in reads.files { parts.append(try fingerprint(plugin.filled(file), on: machine)) }
        return "plugin " + Self.digest(parts)
    }

    /// What lies beside the executable belongs to it, as a rule. The executable itself is asked about anyway.
    private func neighbours(on machine: any Machine) -> [String] {
        guard let slash = plugin.executable.lastIndex(of: "/") else { return [] }
        let folder = String(plugin.executable[..<slash])
        guard let path = try? ResourcePath(folder, outsideRoot: true) else { return [] }
        return ((try? machine.names(in: path)) ?? []).prefix(20).map { folder + "/" + $0 }.filter {
            $0 != plugin.executable
        }
    }

    func recall(_ key: String, on machine: any Machine) throws(MachineError) -> Observation? {
        guard let text = machine.remembered(key) else { return nil }
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        guard let first = lines.first, let count = Int(first), count >= 0, lines.count >= 2 + 2 * count else {
            return nil
        }
        for index in 0..<count {
            let (input, state) = (lines[1 + 2 * index], lines[2 + 2 * index])
            guard try self.state(of: input, on: machine) == state else { return nil }
        }
        return Observation(confirmations: lines.dropFirst(1 + 2 * count).filter { !$0.isEmpty })
    }

    /// - Parameter began: when the plugin was asked, in milliseconds: what has changed since may not have been seen by it.
    func keep(
        _ observation: Observation, _ key: String, also inputs: PluginAnswer.Inputs?, began: Int64,
        on machine: any Machine
    ) throws(MachineError) {
        guard observation.findings.isEmpty, observation.skipped == nil, observation.measurements.isEmpty else { return }
        // Asked again, because the inputs may have changed while the plugin looked.
        guard try self.key(on: machine) == key else { return }
        for file in reads.files where try isYoung(plugin.filled(file), began, on: machine) { return }
        let dynamic =
            (inputs?.files ?? []).map { "file " + $0 } + (inputs?.environment ?? []).map { "variable " + $0 }
        var lines = ["\(dynamic.count)"]
        for input in dynamic {
            guard !input.contains("\n") else { return }
            if input.hasPrefix("file "), try isYoung(String(input.dropFirst(5)), began, on: machine) { return }
            lines += [input, try state(of: input, on: machine)]
        }
        lines += observation.confirmations.map { $0.split(whereSeparator: \.isNewline).joined(separator: " ") }
        machine.remember(key, lines.joined(separator: "\n") + "\n")
    }

    private func state(of input: String, on machine: any Machine) throws(MachineError) -> String {
        if input.hasPrefix("file ") { return try fingerprint(String(input.dropFirst(5)), on: machine) }
        return Self.digest([machine.environment[String(input.dropFirst(9))].map { "=" + $0 } ?? "-"])
    }

    private func fingerprint(_ path: String, on machine: any Machine) throws(MachineError) -> String {
        try ResourcePathOrNil(path).fingerprint(on: machine)
    }

    /// File systems note times in steps of some milliseconds: a second change within one step would not be noticed.
    private static let step: Int64 = 20

    private func isYoung(_ path: String, _ began: Int64, on machine: any Machine) throws(MachineError) -> Bool {
        let place = ResourcePathOrNil(path)
        if let status = try place.status(on: machine) { return status.newest / 1_000_000 >= began - Self.step }
        // It may have gone while the plugin looked: then a folder above it has changed.
        for parent in place.path?.lineage.dropFirst() ?? [] {
            guard let status = try ResourcePathOrNil(parent.text).status(on: machine) else { continue }
            return status.newest / 1_000_000 >= began - Self.step
        }
        guard let root = try ResourcePathOrNil(plugin.root).status(on: machine) else { return false }
        return root.newest / 1_000_000 >= began - Self.step
    }

    private static func digest(_ parts: [String]) -> String {
        var hash = SHA256()
        for part in parts {
            hash.update(data: Array("\(part.utf8.count) ".utf8))
            hash.update(data: Array(part.utf8))
        }
        let digits = Array("0123456789abcdef".utf8)
        return String(
            decoding: hash.finalize().flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }
}

/// A path that a plugin names: below the root or absolute. What cannot be a path counts as missing.
private struct ResourcePathOrNil {
    var path: ResourcePath?

    init(_ text: String) { path = try? ResourcePath(text, outsideRoot: true) }

    func status(on machine: any Machine) throws(MachineError) -> FileStatus? {
        guard let path else { return nil }
        do throws(MachineError) {
            return try machine.target(of: path)
        } catch {
            // Where something on the way may not be looked at, or is no folder, the plugin sees no more than we do.
            if error == .cancelled { throw error }
            return nil
        }
    }

    func fingerprint(on machine: any Machine) throws(MachineError) -> String {
        guard let status = try status(on: machine) else { return "-" }
        return "\(status.kind.rawValue) \(status.modified) \(status.identity)"
    }
}

extension FileStatus {
    /// Its last change, whether somebody has given it another time since or not.
    fileprivate var newest: Int64 { max(modified, changed) }
}
