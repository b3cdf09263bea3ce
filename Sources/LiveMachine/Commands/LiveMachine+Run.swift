import Glibc
import HealKit
import HealModel
import Subprocess
import Synchronization
import SystemPackage

extension LiveMachine {
    /// Runs a command in the root, without a shell, in a session of its own, with nothing on its standard input, with no
    /// descriptor but 0 to 2, and with exactly the environment of the request. Of each output the first bytes up to the
    /// limit are kept, the rest is read and dropped. When the time is over, or the run is asked to stop, its whole process group gets
    /// SIGTERM, and SIGKILL two seconds later.
    public func run(_ command: CommandRequest) async throws(MachineError) -> CommandAnswer {
        let watch = Watch()
        do {
            let answer = try await withThrowingTaskGroup(of: CommandAnswer?.self) { group in
                group.addTask { try await Self.perform(command, in: root.path, watch) }
                group.addTask {
                    await stop(watch, after: command.timeout)
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

    private static func perform(
        _ command: CommandRequest, in folder: String, _ watch: Watch
    ) async throws -> CommandAnswer {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: grace)
        ]
        var variables: [Environment.Key: String] = [:]
        for (name, value) in command.environment { variables[Environment.Key(stringLiteral: name)] = value }
        let result = try await Subprocess.run(
            .path(FilePath(command.executable)), arguments: Arguments(command.arguments),
            environment: .custom(variables), workingDirectory: FilePath(folder), platformOptions: options,
            input: .none, output: .sequence, error: .sequence
        ) { execution in
            watch.started(execution.processIdentifier.value)
            async let output = collect(execution.standardOutput, limit: command.outputLimit)
            async let errors = collect(execution.standardError, limit: command.outputLimit)
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

    private static func collect(_ output: SubprocessOutputSequence, limit: Int) async throws -> [UInt8] {
        var bytes: [UInt8] = []
        for try await buffer in output {
            let room = limit - bytes.count
            guard room > 0 else { continue }
            buffer.withUnsafeBytes { bytes += $0.prefix(room) }
        }
        return bytes
    }
}
