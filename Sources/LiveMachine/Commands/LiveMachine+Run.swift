import CSelfHeal
import Glibc
import HealKit
import HealModel
import Subprocess
import Synchronization
import SystemPackage

extension LiveMachine {
    /// Runs a command in the root, without a shell, in a session of its own, with no descriptor but 0 to 2, and with exactly the environment of the request. Of each output the first bytes up to the
    /// limit are kept, the rest is read and dropped. When the time is over, or the run is asked to stop, its whole process group gets
    /// SIGTERM, and SIGKILL two seconds later. A supervised one is run by this program's own executable, which sees to it that
    /// nothing is left of it.
    public func run(_ command: CommandRequest) async throws(MachineError) -> CommandAnswer {
        try await run(command, to: nil)
    }

    /// The same, with the whole standard output in a file. A command whose output finds no room any more is ended.
    public func run(
        _ command: CommandRequest, output: any TemporaryFile
    ) async throws(MachineError) -> CommandAnswer {
        try await run(command, to: output)
    }

    private func run(
        _ command: CommandRequest, to file: (any TemporaryFile)?
    ) async throws(MachineError) -> CommandAnswer {
        let watch = Watch()
        // The supervisor keeps the time itself; this is for when it cannot.
        let timeout = command.supervision == nil ? command.timeout : command.timeout + .seconds(5)
        do {
            let answer = try await withThrowingTaskGroup(of: CommandAnswer?.self) { group in
                group.addTask { try await perform(command, watch, file) }
                group.addTask {
                    await stop(watch, after: timeout)
                    return nil
                }
                defer { group.cancelAll() }
                while let result = try await group.next() {
                    if let result { return result }
                }
                throw CancellationError()
            }
            if watch.reason == nil, !Task.isCancelled { return answer }
            throw CancellationError()
        } catch {
            // Who ignored SIGTERM and outlived the leader of the group.
            if let leader = watch.leader { _ = kill(-leader, SIGKILL) }
            throw failure(error, of: command, watch.reason)
        }
    }

    /// Why a command was stopped.
    private enum Reason { case time, request }

    /// What the two tasks of a command know: the leader of its process group, and why it was stopped.
    private final class Watch: Sendable {
        private let state = Mutex<(leader: Int32?, reason: Reason?)>((nil, nil))
        var leader: Int32? { state.withLock { $0.leader } }
        var reason: Reason? { state.withLock { $0.reason } }
        func started(_ leader: Int32) { state.withLock { $0.leader = leader } }
        func stopped(_ reason: Reason) { state.withLock { $0.reason = reason } }
    }

    /// Stops the command when the time is over or somebody asks to stop. Returns early, by cancellation, when it ended before.
    /// Its output is read on meanwhile: a program that tidies up may say so.
    private func stop(_ watch: Watch, after timeout: Duration) async {
        let end = ContinuousClock.now + timeout
        do {
            while true {
                let left = end - .now
                if interruption.isRaised || left <= .zero { break }
                try await Task.sleep(for: min(left, .milliseconds(50)))
            }
            watch.stopped(interruption.isRaised ? .request : .time)
            while watch.leader == nil { try await Task.sleep(for: .milliseconds(5)) }
            if let leader = watch.leader {
                _ = kill(-leader, SIGTERM)
                try await Task.sleep(for: Self.grace)
                _ = kill(-leader, SIGKILL)
            }
        } catch {
            // It has ended.
        }
    }

    /// What a command has between SIGTERM and SIGKILL.
    private static let grace = Duration.seconds(2)

    private func failure(_ error: any Error, of command: CommandRequest, _ reason: Reason?) -> MachineError {
        if let error = error as? MachineError { return error }
        switch reason {
        case .time: return .timedOut(subject: command.executable, after: command.timeout)
        case .request: return .cancelled
        case nil:
            if error is CancellationError || Task.isCancelled { return .cancelled }
            let code = (error as? SubprocessError)?.underlyingError?.rawValue
            // The library says "no such file" whatever the system said.
            if faccessat(AT_FDCWD, command.executable, X_OK, AT_EACCESS) != 0 {
                return .failed("run", command.executable)
            }
            return .failed("run", command.executable, code ?? ENOEXEC)
        }
    }

    private func perform(
        _ command: CommandRequest, _ watch: Watch, _ file: (any TemporaryFile)?
    ) async throws -> CommandAnswer {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: Self.grace)
        ]
        var variables: [Environment.Key: String] = [:]
        for (name, value) in command.environment { variables[Environment.Key(stringLiteral: name)] = value }
        let (executable, arguments) = invocation(of: command)
        // Through a file in memory: nobody has to write while it runs, and it may close its input whenever it likes.
        let number =
            command.input.isEmpty
            ? Glibc.open("/dev/null", O_RDONLY | O_CLOEXEC)
            : selfheal_memory_file(command.input, Int64(command.input.count))
        guard number >= 0 else { throw MachineError.failed("make the input of", command.executable) }
        let input = FileDescriptor(rawValue: number)
        defer { try? input.close() }
        let result = try await Subprocess.run(
            .path(FilePath(executable)), arguments: arguments,
            environment: .custom(variables), workingDirectory: FilePath(root.path), platformOptions: options,
            input: .fileDescriptor(input, closeAfterSpawningProcess: false), output: .sequence, error: .sequence
        ) { execution in
            watch.started(execution.processIdentifier.value)
            async let output = Self.collect(execution.standardOutput, limit: command.outputLimit, in: file)
            async let errors = Self.collect(execution.standardError, limit: command.outputLimit)
            return try await (output, errors)
        }
        var answer = CommandAnswer(
            status: 0, standardOutput: result.closureResult.0, standardError: result.closureResult.1)
        switch result.terminationStatus {
        case .exited(let code): answer.status = code
        case .signaled(let signal):
            answer.status = 128 + signal
            // A supervisor ends by a signal only to tell something; a plugin's own signal is an exit code of its.
            guard command.supervision != nil else { break }
            if signal == SIGALRM { watch.stopped(.time) }
            answer.leftProcesses = signal == SIGUSR1
        }
        return answer
    }

    private func invocation(of command: CommandRequest) -> (executable: String, Arguments) {
        guard let supervision = command.supervision else { return (command.executable, Arguments(command.arguments)) }
        let milliseconds =
            command.timeout.components.seconds * 1000
            + command.timeout.components.attoseconds / 1_000_000_000_000_000
        let words =
            ["\(milliseconds)", supervision.isConfined ? "confined" : "free", "\(supervision.writable.count)"]
            + supervision.writable + [command.executable] + command.arguments
        return (supervisor, Arguments(executablePathOverride: Self.supervisorName, remainingValues: words))
    }

    /// The name by which this program's executable is asked to be a supervisor.
    public static let supervisorName = "selfheal-supervisor"

    private static func collect(
        _ output: SubprocessOutputSequence, limit: Int, in file: (any TemporaryFile)? = nil
    ) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in output {
            if let file {
                try file.append(buffer.withUnsafeBytes { Array($0) })
                continue
            }
            let room = limit - bytes.count
            guard room > 0 else { continue }
            buffer.withUnsafeBytes { bytes += $0.prefix(room) }
        }
        return bytes
    }
}
