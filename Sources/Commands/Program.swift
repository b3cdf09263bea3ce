import ArgumentParser
import CSelfHeal
import Glibc
import HealModel
import LiveMachine
import Rendering

/// The programs in this package. One binary holds all of them and acts by the name it is called with.
public enum Program: String, CaseIterable, Sendable {
    case validateStartup = "validate-startup"
    case autoHeal = "auto-heal"
    case selfheal = "selfheal"

    /// The version that every program prints.
    public static let version = "0.1.0"

    /// Set when this process is asked to stop.
    @TaskLocal static var interruption = Interruption()

    /// Runs the program that the process was called as, or `program` when its name says nothing.
    ///
    /// Synchronous on purpose: an asynchronous `main` ends the first thread (`dispatch_main` calls `pthread_exit`), and in a
    /// static binary the unwinder then sorts the frames of all code once, which takes longer than a whole healthy check.
    public static func run(as program: Program) -> Never {
        if CommandLine.arguments.first == LiveMachine.supervisorName {
            exit(selfheal_supervise(CommandLine.argc, CommandLine.unsafeArgv))
        }
        // Before anything can be written: no message of ours may land in a database that got descriptor 2.
        let interruption = ProcessSetup.prepare()
        let name = CommandLine.arguments.first?.split(separator: "/").last.map(String.init)
        let called = name.flatMap(Program.init(rawValue:)) ?? program
        let arguments = Array(CommandLine.arguments.dropFirst())
        if let fault = unreadableArgument() {
            let console = refusalConsole(of: called, arguments) ?? Console()
            exit(console.refuse(.usage, [fault]).rawValue)
        }
        let command: any AsyncParsableCommand.Type =
            switch called {
            case .validateStartup: ValidateStartupCommand.self
            case .autoHeal: AutoHealCommand.self
            case .selfheal: SelfHealCommand.self
            }
        Task {
            if let request = PlainCommandLine.request(of: called, arguments) {
                let status = await $interruption.withValue(interruption) { await request.perform() }
                exit(status.rawValue)
            }
            let end = await $interruption.withValue(interruption) { await perform(command, arguments) }
            // An exit status needs none of what makes messages out of errors.
            if let status = end as? ExitCode { exit(status.rawValue) }
            if let end, let status = refusal(of: called, command, end, arguments) { exit(status.rawValue) }
            if called != .selfheal, let end, arguments.first?.hasPrefix("--generate-completion-script") == true,
                command.exitCode(for: end) == .success
            {
                print(CompletionScript.withoutHelpCommand(command.fullMessage(for: end)))
                exit(0)
            }
            command.exit(withError: end)
        }
        while true { pause() }
    }

    /// A command line that is wrong, said in the format that was asked for.
    /// - Returns: `nil` where it is not wrong (help is asked for in this way, too), or text was asked for.
    private static func refusal(
        of program: Program, _ command: any AsyncParsableCommand.Type, _ error: any Error, _ arguments: [String]
    ) -> ExitCode? {
        guard command.exitCode(for: error) == .validationFailure,
            let console = refusalConsole(of: program, arguments)
        else { return nil }
        return console.refuse(.usage, [command.message(for: error)])
    }

    /// Says in the format that was asked for that a command line is wrong; `nil` where that is text.
    private static func refusalConsole(of program: Program, _ arguments: [String]) -> Console? {
        guard let format = spokenFormat(arguments), format != .text else { return nil }
        // Of the other commands, no format but this one is ever understood.
        let tools = [validateStartup.rawValue, autoHeal.rawValue, "plan"]
        let name = program == .selfheal ? arguments.first { tools.contains($0) } : program.rawValue
        guard name != nil || format == .json else { return nil }
        let tool = name == "plan" ? PlanCommand.tool : name ?? program.rawValue
        return Console(format: format, tool: tool)
    }

    /// Swift reads arguments as UTF-8 and mends what is none: it would then be the path of another file.
    private static func unreadableArgument() -> String? {
        for index in 1..<max(1, Int(CommandLine.argc)) {
            guard let argument = CommandLine.unsafeArgv[index], String(validatingCString: argument) == nil else {
                continue
            }
            let shown = UnnamableName.show(Array(UnsafeRawBufferPointer(start: argument, count: strlen(argument))))
            return "the argument '\(shown)' is not UTF-8; a file or folder with such a name must be renamed"
        }
        return nil
    }

    /// What standard output would hold, as far as a command line that is wrong tells. The last one counts.
    private static func spokenFormat(_ arguments: [String]) -> OutputFormat? {
        var format: OutputFormat?
        for (argument, next) in zip(arguments, arguments.dropFirst() + [""]) {
            if argument == "--format" {
                format = OutputFormat(rawValue: next)
            } else if argument.hasPrefix("--format=") {
                format = OutputFormat(rawValue: String(argument.dropFirst(9)))
            } else if argument == "--output", next.hasSuffix("=-") {
                format = OutputFormat(rawValue: String(next.dropLast(2))) ?? format
            }
        }
        return format
    }

    /// - Returns: how it ended, as an error that holds the exit status; `nil` when it ended well.
    private static func perform(_ type: any AsyncParsableCommand.Type, _ arguments: [String]) async -> (any Error)? {
        do {
            var command = try PlainCommandLine.command(below: type, arguments) ?? type.parseAsRoot(arguments)
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
            return nil
        } catch {
            return error
        }
    }
}
