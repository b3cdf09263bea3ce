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
            return try await withThrowingTaskGroup(of: CommandAnswer?.self) { group in
                group.addTask { try await Self.perform(command, in: root.path, watch) }
                group.addTask {
                    watch.stopped(await outlast(command.timeout))
                    return nil
                }
                defer { group.cancelAll() }
                while let answer = try await group.next() {
                    if let answer, watch.reason == nil, !Task.isCancelled { return answer }
                    // Cancelling the first task is what sends the signals.
                    group.cancelAll()
                }
                throw CancellationError()
            }
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
        func stopped(_ reason: Reason?) { state.withLock { $0.reason = reason } }
    }

    /// Waits until the time is over or somebody asks to stop. - Returns: `nil` when the command ended before.
    private func outlast(_ timeout: Duration) async -> Reason? {
        let end = ContinuousClock.now + timeout
        while true {
            let left = end - .now
            if interruption.isRaised { return .request }
            if left <= .zero { return .time }
            do { try await Task.sleep(for: min(left, .milliseconds(50))) } catch { return nil }
        }
    }

    private func failure(_ error: any Error, of command: CommandRequest, _ reason: Reason?) -> MachineError {
        switch reason {
        case .time: return .timedOut(subject: command.executable, after: command.timeout)
        case .request: return .cancelled
        case nil:
            if error is CancellationError || Task.isCancelled { return .cancelled }
            let code = (error as? SubprocessError)?.underlyingError?.rawValue
            return .failed("run", command.executable, code ?? ENOEXEC)
        }
    }

    private static func perform(
        _ command: CommandRequest, in folder: String, _ watch: Watch
    ) async throws -> CommandAnswer {
        var options = PlatformOptions()
        options.createSession = true
        options.teardownSequence = [
            .send(signal: .terminate, toProcessGroup: true, allowedDurationToNextStep: .seconds(2))
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
