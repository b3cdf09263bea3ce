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
    /// The executable as it was when it was found to be safe: nothing else is run in its place.
    public var judged: FileStatus?
    /// What must still be nobody else's when it is run, besides the executable.
    var guarded: [String] = []
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
        var filled = ""
        var rest = text[...]
        while let open = rest.firstIndex(of: "{") {
            filled += rest[..<open]
            rest = rest[open...]
            let close = rest.firstIndex(of: "}") ?? rest.endIndex
            let name = rest[..<close].dropFirst()
            if close < rest.endIndex, let value = settings.entries.first(where: { $0.key == name })?.value.text {
                filled += value
                rest = rest[rest.index(after: close)...]
            } else {
                filled += "{"
                rest = rest.dropFirst()
            }
        }
        return filled + rest
    }

    /// Keeps interpreters and git from writing beside what they read, which a check must not, and a heal need not.
    private static let habits = ["PYTHONDONTWRITEBYTECODE": "1", "GIT_OPTIONAL_LOCKS": "0"]

    /// What every plugin may see of this process's environment, and what it asks for by name. Never more: variables hold secrets.
    func environment(on machine: any Machine) -> [String: String] {
        let names = ["PATH", "HOME", "LANG", "TMPDIR"] + description.environment
        var environment = Self.habits
        for name in names where machine.environment[name] != nil { environment[name] = machine.environment[name] }
        return environment
    }

    /// Runs it, if it is still as safe as it was when it was found.
    func run(
        _ arguments: [String], input: [UInt8], timeout: Duration, isConfined: Bool, on machine: any Machine
    ) async throws(MachineError) -> CommandAnswer {
        let safety = PluginSafety(machine)
        do throws(PluginSearch.Refusal) {
            for path in guarded + [executable] { try safety.require(path) }
        } catch {
            throw malfunction("it is not run: \(error.reason)")
        }
        do throws(MachineError) {
            return try await machine.run(
                CommandRequest(
                    executable: executable, arguments: arguments, environment: environment(on: machine),
                    timeout: timeout, outputLimit: PluginAnswer.sizeLimit + 1, input: input,
                    supervision: Supervision(isConfined: isConfined, writable: description.writes, judged: judged)))
        } catch {
            switch error {
            case .timedOut:
                throw malfunction("no answer within \(timeout.inSeconds); it was ended with all that it had started")
            case .malfunction(_, let reason): throw malfunction(reason)
            default: throw error
            }
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

    /// Said of a plugin of which something was still running.
    static let leftProcesses = "it left processes running when it ended; they were ended too"

    /// What it tried to write without being allowed to, as it stands in the root.
    func attempt(_ answer: CommandAnswer, _ redact: Redactor) -> String? {
        guard let path = answer.triedToWrite else { return nil }
        let place = path.hasPrefix(root + "/") ? String(path.dropFirst(root.count + 1)) : path
        return redact(place) as String
    }

    /// How it ended, when that was not well.
    func ending(_ answer: CommandAnswer, _ redact: Redactor) -> String {
        let how =
            answer.status > 128
            ? "it was ended by signal \(answer.status - 128)" : "it ended with exit code \(answer.status)"
        return how + (log(answer, redact).last.map { ": \($0)" } ?? "")
    }
}
