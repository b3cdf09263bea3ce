import HealKit
import HealModel

/// Runs a monitoring plugin as Nagios does, and takes its exit code: 0 well, 1 warning, 2 critical, anything else: it could not
/// look. See the Monitoring Plugins Development Guidelines.
///
/// It is not confined as our own plugins are: some keep state in folders of their own, and some need privileges of their files.
struct NagiosCheck: Check {
    static let descriptor = CheckDescriptor(id: "nagios", title: "monitoring plugins", domain: .other, kinds: [])

    var plugin: ExternalPlugin

    var descriptor: CheckDescriptor { plugin.description.descriptor }
    var subject: String { plugin.description.name }
    var declaredAt: SourceLocation? { plugin.source }
    var after: [String] { plugin.after }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let redact = plugin.redactor(machine)
        let arguments = plugin.arguments + plugin.description.arguments.map(plugin.filled)
        let answer = try await plugin.run(
            arguments, input: [], timeout: plugin.timeout, isConfined: false, on: machine)
        if answer.leftProcesses { throw plugin.malfunction(ExternalPlugin.leftProcesses) }
        let output = NagiosOutput(redact(String(decoding: answer.standardOutput, as: UTF8.self)))
        let message = output.message.isEmpty ? "it said nothing" : output.message
        let log = output.details + plugin.log(answer, redact)
        switch answer.status {
        case 0:
            let confirmation = "\(plugin.description.name): \(message)"
            return Observation(confirmations: [confirmation], measurements: output.measurements, log: log)
        case 1, 2:
            let severity: Severity = answer.status == 1 ? .warning : .critical
            let id = FindingID(rawValue: "\(plugin.description.name).\(severity.rawValue)")
            return Observation(
                findings: [
                    Finding(id, subject: subject, severity: severity, message: message, source: plugin.source)
                ],
                measurements: output.measurements, log: log)
        case 3: throw plugin.malfunction(message)
        default: throw plugin.malfunction(plugin.ending(answer, redact))
        }
    }
}

/// What a monitoring plugin prints: a line, perhaps further lines, and performance data after a `|` in each of the two.
struct NagiosOutput: Hashable {
    var message: String
    var details: [String] = []
    var measurements: [Measurement] = []

    init(_ text: String) {
        let lines = text.split(separator: "\n", omittingEmptySubsequences: false)
        let first = (lines.first ?? "").split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
        message = Self.trimmed(first.first ?? "")
        if first.count == 2 { measurements += Self.measurements(first[1]) }
        var isData = false
        for line in lines.dropFirst() {
            guard !isData else {
                measurements += Self.measurements(line)
                continue
            }
            let parts = line.split(separator: "|", maxSplits: 1, omittingEmptySubsequences: false)
            let detail = Self.trimmed(parts.first ?? "")
            if !detail.isEmpty { details.append(detail) }
            if parts.count == 2 {
                measurements += Self.measurements(parts[1])
                isData = true
            }
        }
    }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// `'label'=value[unit];[warning];[critical];[minimum];[maximum]`, separated by blanks. What has another form is passed over.
    private static func measurements(_ text: Substring) -> [Measurement] {
        var found: [Measurement] = []
        var rest = text
        while true {
            rest = rest.drop { $0.isWhitespace }
            guard !rest.isEmpty else { return found }
            var label = ""
            if rest.first == "'" {
                rest.removeFirst()
                while let character = rest.popFirst() {
                    if character == "'" {
                        // Two of them stand for one.
                        guard rest.first == "'" else { break }
                        rest.removeFirst()
                    }
                    label.append(character)
                }
            } else {
                label = String(rest.prefix { $0 != "=" && !$0.isWhitespace })
                rest = rest.dropFirst(label.count)
            }
            let isGood = rest.first == "=" && !label.isEmpty
            let data = rest.prefix { !$0.isWhitespace }
            rest = rest.dropFirst(data.count)
            if isGood, let measurement = measurement(label, data.dropFirst()) { found.append(measurement) }
        }
    }

    private static func measurement(_ label: String, _ data: Substring) -> Measurement? {
        let fields = data.split(separator: ";", omittingEmptySubsequences: false)
        guard let first = fields.first else { return nil }
        let value = first.prefix { $0.isNumber || "+-.,".contains($0) }
        // `U`: it could not be found out.
        guard !value.isEmpty, value.contains(where: \.isNumber) else { return nil }
        let field = { (index: Int) -> String? in
            fields.indices.contains(index) && !fields[index].isEmpty ? String(fields[index]) : nil
        }
        return Measurement(
            label, value: value.split(separator: ",", omittingEmptySubsequences: false).joined(separator: "."),
            unit: String(first.dropFirst(value.count)), warning: field(1), critical: field(2), minimum: field(3),
            maximum: field(4))
    }
}
