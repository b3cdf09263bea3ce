import CSelfHeal
import Glibc
import HealKit
import HealModel
import Subprocess
import Synchronization
import SystemPackage

extension LiveMachine {
    /// Runs a command in the root, without a shell, in a session of its own, with no descriptor but 0 to 2, and with exactly the
    /// environment of the request. Of each output the first bytes up to the limit are kept, the rest is read and dropped. When the
    /// time is over, or the run is asked to stop, its whole process group gets SIGTERM, and SIGKILL two seconds later. A supervised
    /// one is run by this program's own executable, which sees to it that nothing is left of it.
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
        _ command: CommandRequest, to output: (any TemporaryFile)?
    ) async throws(MachineError) -> CommandAnswer {
        let input = try CommandInput(command)
        guard let supervision = command.supervision else {
            let start = Start(
                executable: command.executable, arguments: Arguments(command.arguments), input: input, output: output)
            return try await run(command, start, timeout: command.timeout)
        }
        orphans.expect()
        defer { orphans.expectNoMore() }
        let start = Start(
            executable: supervisor, arguments: supervisorArguments(command, supervision), input: input, output: output)
        var answer: CommandAnswer?
        var failure: MachineError?
        do throws(MachineError) {
            // The supervisor keeps the time itself; this is for when it cannot.
            answer = try await run(command, start, timeout: command.timeout + .seconds(5))
        } catch {
            failure = error
        }
        let told = input.added
        guard let report = SupervisorReport(told) else {
            orphans.end()
            if let folder = SupervisorReport.temporaryFolder(in: told) { selfheal_remove_folder(folder) }
            throw failure
                ?? .malfunction(
                    subject: command.executable,
                    reason:
                        "what watches over it was ended, by it or by somebody else; all that it had started was ended")
        }
        if let failure { throw failure }
        if report.isOverTime { throw .timedOut(subject: command.executable, after: command.timeout) }
        if let reason = report.failure { throw .malfunction(subject: command.executable, reason: reason) }
        return CommandAnswer(
            status: report.status, standardOutput: answer?.standardOutput ?? [],
            standardError: answer?.standardError ?? [], leftProcesses: report.leftProcesses,
            triedToWrite: report.triedToWrite)
    }

    /// What is really started for a command.
    private struct Start: Sendable {
        var executable: String
        var arguments: Arguments
        var input: CommandInput
        /// What gets all of its standard output.
        var output: (any TemporaryFile)?
    }

    private func run(
        _ command: CommandRequest, _ start: Start, timeout: Duration
    ) async throws(MachineError) -> CommandAnswer {
        let watch = Watch()
        defer { if let leader = watch.leader { orphans.ended(leader) } }
        do {
            let answer = try await withThrowingTaskGroup(of: CommandAnswer?.self) { group in
                group.addTask { try await perform(command, start, watch) }
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

    private func perform(_ command: CommandRequest, _ start: Start, _ watch: Watch) async throws -> CommandAnswer {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: Self.grace)
        ]
        var variables: [Environment.Key: String] = [:]
        for (name, value) in command.environment { variables[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .path(FilePath(start.executable)), arguments: start.arguments,
            environment: .custom(variables), workingDirectory: FilePath(root.path), platformOptions: options,
            input: .fileDescriptor(start.input.descriptor, closeAfterSpawningProcess: false), output: .sequence,
            error: .sequence
        ) { execution in
            watch.started(execution.processIdentifier.value)
            orphans.started(execution.processIdentifier.value)
            async let output = Self.collect(execution.standardOutput, limit: command.outputLimit, in: start.output)
            async let errors = Self.collect(execution.standardError, limit: command.outputLimit)
            return try await (output, errors)
        }
        let status: Int32 =
            switch result.terminationStatus {
            case .exited(let code): code
            case .signaled(let signal): 128 + signal
            }
        return CommandAnswer(
            status: status, standardOutput: result.closureResult.0, standardError: result.closureResult.1)
    }

    private func supervisorArguments(_ command: CommandRequest, _ supervision: Supervision) -> Arguments {
        let milliseconds =
            command.timeout.components.seconds * 1000
            + command.timeout.components.attoseconds / 1_000_000_000_000_000
        let words = [
            "\(milliseconds)", supervision.isConfined ? "confined" : "free", supervision.judged?.identity ?? "-",
            "\(supervision.writable.count)",
        ]
        return Arguments(
            executablePathOverride: Self.supervisorName,
            remainingValues: words + supervision.writable + [command.executable] + command.arguments)
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
