import Foundation
import HealKit
import HealModel

/// Why an answer cannot be used, in words.
struct PluginFault: Error, Hashable {
    var reason: String
}

/// What a plugin answers to `check` or `heal`. Unknown members are ignored.
struct PluginAnswer: Decodable, Sendable {
    struct Repair: Decodable, Sendable {
        var title: String?
        var done: String?
        var detail: String?
        var risk: String?
        var install: Bool?
    }

    struct Finding: Decodable, Sendable {
        var id: String
        var subject: String?
        var severity: String?
        var message: String
        var evidence: [String: Text]?
        var hint: String?
        var repair: Repair?
        var retry: Bool?
    }

    struct Inputs: Decodable, Sendable {
        var files: [String]?
        var environment: [String]?
    }

    struct Outcome: Decodable, Sendable {
        var id: String
        var subject: String?
        var outcome: String
        var message: String?
    }

    struct Measured: Decodable, Sendable {
        var label: String
        var value: Text
        var unit: String?
        var warning: Text?
        var critical: Text?
        var minimum: Text?
        var maximum: Text?
    }

    /// A text, for which a number or a boolean may stand.
    struct Text: Decodable, Sendable {
        var text: String

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let value = try? container.decode(String.self) {
                text = value
            } else if let value = try? container.decode(Bool.self) {
                text = value ? "true" : "false"
            } else if let value = try? container.decode(Int64.self) {
                text = "\(value)"
            } else {
                text = "\(try container.decode(Double.self))"
            }
        }
    }

    var `protocol`: Int?
    var findings: [Finding]?
    var confirmations: [String]?
    var skipped: String?
    /// Whether all of it may be otherwise in a while.
    var retry: Bool?
    var reads: Inputs?
    var measurements: [Measured]?
    var outcomes: [Outcome]?

    /// The largest answer that is read, in bytes.
    static let sizeLimit = 1 << 20
    /// More findings than anybody reads.
    static let findingLimit = 1000

    init(_ bytes: [UInt8]) throws(PluginFault) {
        guard bytes.count <= Self.sizeLimit else {
            throw PluginFault(reason: "its answer is larger than \(Self.sizeLimit >> 20) MiB")
        }
        guard bytes.contains(where: { $0 > 0x20 }) else { throw PluginFault(reason: "it did not answer") }
        guard String(validating: bytes, as: UTF8.self) != nil else {
            throw PluginFault(reason: "its answer is not UTF-8")
        }
        let answer: PluginAnswer
        do {
            answer = try JSONDecoder().decode(PluginAnswer.self, from: Data(bytes))
        } catch let error as DecodingError {
            throw PluginFault(reason: Self.explanation(error))
        } catch {
            throw PluginFault(reason: "its answer is not JSON")
        }
        guard let version = answer.protocol else {
            throw PluginFault(reason: "its answer does not say which protocol it speaks")
        }
        guard version == PluginDescription.protocolVersion else {
            throw PluginFault(
                reason: "it answers in protocol \(version); this program speaks \(PluginDescription.protocolVersion)")
        }
        guard (answer.findings?.count ?? 0) <= Self.findingLimit else {
            throw PluginFault(reason: "it answers with more than \(Self.findingLimit) findings")
        }
        self = answer
    }

    /// Names members, never values.
    private static func explanation(_ error: DecodingError) -> String {
        let place = { (path: [any CodingKey]) -> String in
            path.map { $0.intValue.map { "[\($0)]" } ?? ".\($0.stringValue)" }.joined()
        }
        switch error {
        case .keyNotFound(let key, let context):
            return "its answer lacks '\(key.stringValue)' at '\(place(context.codingPath))'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context):
            return "its answer has a value of the wrong type at '\(place(context.codingPath))'"
        case .dataCorrupted(let context) where !context.codingPath.isEmpty:
            return "its answer has a value that cannot be read at '\(place(context.codingPath))'"
        default: return "its answer is not one JSON object"
        }
    }
}

/// An answer to `check` as what the engine takes.
struct AnswerReader {
    var plugin: PluginDescription
    var source: SourceLocation
    var redact: Redactor
    var names: SubjectNames

    func observation(_ answer: PluginAnswer) throws(PluginFault) -> Observation {
        guard answer.findings != nil || answer.confirmations != nil || answer.skipped != nil else {
            throw PluginFault(reason: "its answer has no findings, not even an empty list of them")
        }
        var findings: [Finding] = []
        var awaited: Set<Finding.Key> = []
        for finding in answer.findings ?? [] {
            let made = try self.finding(finding)
            findings.append(made)
            // What is said of a finding goes before what is said of the whole.
            if finding.retry ?? answer.retry ?? false { awaited.insert(made.key) }
        }
        return Observation(
            findings: findings, confirmations: (answer.confirmations ?? []).map { redact($0) },
            skipped: redact(answer.skipped),
            measurements: (answer.measurements ?? []).map { measured in
                Measurement(
                    redact(measured.label), value: redact(measured.value.text), unit: redact(measured.unit ?? ""),
                    warning: redact(measured.warning?.text), critical: redact(measured.critical?.text),
                    minimum: redact(measured.minimum?.text), maximum: redact(measured.maximum?.text))
            }, awaited: awaited)
    }

    private func finding(_ finding: PluginAnswer.Finding) throws(PluginFault) -> Finding {
        let id = try identifier(finding.id)
        let kind = plugin.descriptor.kind(id)
        var severity = kind?.severity ?? .critical
        if let text = finding.severity {
            guard let stated = Severity(rawValue: text) else {
                throw PluginFault(
                    reason: "it gives \(id) a severity that is none of information, warning, critical")
            }
            severity = stated
        }
        let message = redact(finding.message)
        return Finding(
            id, subject: names.shown(finding.subject ?? plugin.name, id, redact), severity: severity, message: message,
            evidence: (finding.evidence ?? [:]).sorted { $0.key < $1.key }.map {
                Evidence(redact($0.key), redact($0.value.text))
            },
            hint: redact(finding.hint), source: source,
            repair: try finding.repair.map { value throws(PluginFault) in try repair(value, message, kind) })
    }

    /// Never below medium: what a plugin does is its own business, and nobody can take it back.
    private func repair(
        _ repair: PluginAnswer.Repair, _ message: String, _ kind: FindingKind?
    ) throws(PluginFault) -> HealModel.Repair {
        guard plugin.capabilities.contains(.heal) else {
            throw PluginFault(reason: "it offers a repair, and its description does not say that it can heal")
        }
        var risk = kind?.risk ?? .medium
        if let text = repair.risk {
            guard let stated = Risk(rawValue: text) else {
                throw PluginFault(reason: "it offers a repair with a risk that is none of low, medium, high, critical")
            }
            risk = stated
        }
        let title = redact(repair.title ?? "Asking the plugin \(plugin.name) to heal: \(message)")
        return HealModel.Repair(
            title, done: redact(repair.done ?? title), detail: redact(repair.detail ?? "by the plugin \(plugin.name)"),
            risk: max(risk, .medium), steps: [.askPlugin(plugin: plugin.name, installs: repair.install ?? false)])
    }

    private func identifier(_ text: String) throws(PluginFault) -> FindingID {
        let code = text.hasPrefix(plugin.name + ".") ? String(text.dropFirst(plugin.name.count + 1)) : text
        guard PluginDescription.isCode(code), redact(code) == code else {
            throw PluginFault(reason: "it names a finding in a way that no identifier has")
        }
        return FindingID(rawValue: "\(plugin.name).\(code)")
    }

    /// What healing came to: what was done, in words.
    /// - Throws: when one of the findings could not be healed.
    func healing(_ answer: PluginAnswer, of findings: [Finding.Key]) throws(PluginFault) -> String? {
        var told: [String] = []
        for key in findings {
            var outcome: PluginAnswer.Outcome?
            for candidate in answer.outcomes ?? [] where outcome == nil {
                let isMeant = candidate.subject ?? plugin.name == names.own(key)
                if try identifier(candidate.id) == key.id, isMeant { outcome = candidate }
            }
            guard let outcome else {
                throw PluginFault(reason: "it does not say what became of \(key.id) on \(key.subject)")
            }
            let message = redact(outcome.message)
            guard outcome.outcome == "healed" else {
                throw PluginFault(reason: message ?? "it could not heal \(key.subject)")
            }
            if let message, !told.contains(message) { told.append(message) }
        }
        return told.isEmpty ? nil : told.joined(separator: "; ")
    }
}
