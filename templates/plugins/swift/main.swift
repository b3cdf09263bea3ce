// Answers one question, on standard input and output, as docs/plugins.md says. Standard error is the log.
import Foundation

struct Settings: Codable {
    var file: String
}

struct Finding: Codable {
    struct Repair: Codable {
        var title: String
    }

    var id: String
    var subject: String
    var message: String?
    var repair: Repair?
}

struct Request: Codable {
    var version: Int
    var settings: Settings
    var findings: [Finding]?
    var isRehearsal: Bool?

    enum CodingKeys: String, CodingKey {
        case version = "protocol"
        case settings, findings
        case isRehearsal = "dry_run"
    }
}

struct Outcome: Codable {
    var id: String
    var subject: String
    var outcome = "healed"
    var message: String
}

struct Answer: Codable {
    var `protocol` = 1
    var findings: [Finding]?
    var confirmations: [String]?
    var outcomes: [Outcome]?
}

func fail(_ message: String) -> Never {
    FileHandle.standardError.write(Data((message + "\n").utf8))
    exit(1)
}

let input = FileHandle.standardInput.readDataToEndOfFile()
guard let request = try? JSONDecoder().decode(Request.self, from: input), request.version == 1 else {
    fail("this plugin speaks protocol 1")
}
var answer = Answer()
let file = request.settings.file
switch CommandLine.arguments.dropFirst() {
case ["check"]:
    if FileManager.default.fileExists(atPath: file) {
        answer.findings = []
        answer.confirmations = ["\(file) is there"]
    } else {
        answer.findings = [
            Finding(
                id: "missing", subject: file, message: "\(file) is missing",
                repair: Finding.Repair(title: "Writing \(file)"))
        ]
    }
case ["heal"]:
    let isRehearsal = request.isRehearsal ?? false
    answer.outcomes = try (request.findings ?? []).map { finding in
        if !isRehearsal { try "hello\n".write(toFile: finding.subject, atomically: true, encoding: .utf8) }
        let message = isRehearsal ? "would write \(finding.subject)" : "wrote \(finding.subject)"
        return Outcome(id: finding.id, subject: finding.subject, message: message)
    }
default: fail("usage: \(CommandLine.arguments[0]) check|heal")
}
FileHandle.standardOutput.write(try JSONEncoder().encode(answer))
