import HealKit
import HealModel
import ManifestShape

/// A plugin that was found, with what the manifest says of it.
public struct ExternalPlugin: Sendable {
    public var description: PluginDescription
    /// Its folder, absolute; empty when it is a command alone.
    public var folder = ""
    /// An absolute path.
    public var executable: String
    /// Its arguments before `check` or `heal`, or all of them for a Nagios plugin.
    public var arguments: [String] = []
    /// Complete, and as its schema wants them.
    public var settings: ManifestNode
    /// The application's root.
    public var root: String
    /// Where the manifest names it.
    public var source: SourceLocation
    /// The identifiers of the checks that come before its own.
    public var after: [String] = []
    public var timeout: Duration
    /// What must not be shown of what it says; asked for only when it says something.
    public var redactor: @Sendable (any Machine) -> Redactor

    public init(
        description: PluginDescription, executable: String, arguments: [String] = [], settings: ManifestNode,
        root: String,
        source: SourceLocation, after: [String] = [], timeout: Duration? = nil,
        redactor: @escaping @Sendable (any Machine) -> Redactor
    ) {
        self.description = description
        self.executable = executable
        self.arguments = arguments
        self.settings = settings
        self.root = root
        self.source = source
        self.after = after
        self.timeout = timeout ?? .seconds(description.timeout)
        self.redactor = redactor
    }

    /// The check that it stands for.
    public var check: any Check {
        switch description.kind {
        case .selfheal: ExternalCheck(plugin: self)
        case .nagios: NagiosCheck(plugin: self)
        }
    }

    /// A text in which `{name}` stands for a setting.
    func filled(_ text: String) -> String {
        var text = text
        for entry in settings.entries {
            guard let value = entry.value.text else { continue }
            text = text.split(separator: "{\(entry.key)}", omittingEmptySubsequences: false).joined(separator: value)
        }
        return text
    }

    /// What every plugin may see of this process's environment, and what it asks for by name. Never more: variables hold secrets.
    func environment(on machine: any Machine) -> [String: String] {
        let names = ["PATH", "HOME", "LANG", "TMPDIR"] + description.environment
        var environment: [String: String] = [:]
        for name in names { environment[name] = machine.environment[name] }
        return environment
    }

    /// Runs it and takes exit code 0 as the only sign that it worked.
    func run(
        _ arguments: [String], input: [UInt8], timeout: Duration, isConfined: Bool, on machine: any Machine
    ) async throws(MachineError) -> CommandAnswer {
        do throws(MachineError) {
            return try await machine.run(
                CommandRequest(
                    executable: executable, arguments: arguments, environment: environment(on: machine),
                    timeout: timeout, outputLimit: PluginAnswer.sizeLimit + 1, input: input,
                    supervision: Supervision(isConfined: isConfined, writable: description.writes)))
        } catch {
            guard case .timedOut = error else { throw error }
            throw malfunction("no answer within \(timeout.inSeconds); it was ended with all that it had started")
        }
    }

    func malfunction(_ reason: String) -> MachineError {
        .malfunction(subject: "plugin \(description.name)", reason: reason)
    }

    /// How many lines of what it says on standard error are kept, and how long they may be.
    private static let logLines = 50
    private static let logLine = 500

    /// What it said on standard error.
    func log(_ answer: CommandAnswer, _ redact: Redactor) -> [String] {
        let lines = redact(String(decoding: answer.standardError, as: UTF8.self)).split(whereSeparator: \.isNewline)
        return lines.suffix(Self.logLines).map { String($0.prefix(Self.logLine)) }
    }

    /// How it ended, when that was not well.
    func ending(_ answer: CommandAnswer, _ redact: Redactor) -> String {
        let how =
            answer.status > 128
            ? "it was ended by signal \(answer.status - 128)" : "it ended with exit code \(answer.status)"
        return how + (log(answer, redact).last.map { ": \($0)" } ?? "")
    }
}
