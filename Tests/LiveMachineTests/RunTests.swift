import Foundation
import HealKit
import Testing

@testable import LiveMachine

@Suite struct RunTests {
    let sandbox: Sandbox
    let machine: LiveMachine

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine()
    }

    private func shell(
        _ script: String, environment: [String: String] = [:], timeout: Duration = .seconds(20), limit: Int = 65536
    ) -> CommandRequest {
        CommandRequest(
            executable: "/bin/sh", arguments: ["-c", script], environment: environment, timeout: timeout,
            outputLimit: limit)
    }

    @Test func outputsAndStatus() async throws {
        let answer = try await machine.run(shell("printf 'one\\0two'; echo bad >&2; exit 3"))
        #expect(answer.status == 3)
        #expect(answer.standardOutput == Array("one\0two".utf8))
        #expect(answer.standardError == Array("bad\n".utf8))
        #expect(try await machine.run(shell("kill -9 $$")).status == 137)
    }

    @Test func theEnvironmentIsExactlyWhatWasGiven() async throws {
        let request = CommandRequest(
            executable: "/usr/bin/env", arguments: [], environment: ["A": "1 = ü\n2", "PATH": "/nowhere"])
        let answer = try await machine.run(request)
        let lines = String(decoding: answer.standardOutput, as: UTF8.self).split(separator: "\n").sorted()
        #expect(lines == ["2", "A=1 = ü", "PATH=/nowhere"])
        let nothing = try await machine.run(CommandRequest(executable: "/usr/bin/env", arguments: []))
        #expect(nothing.standardOutput.isEmpty)
    }

    @Test func nothingIsInherited() async throws {
        let kept = open(sandbox.root.path, O_RDONLY)
        defer { close(kept) }
        // Descriptors 0 to 2, and the one of the listing itself.
        let answer = try await machine.run(shell("/bin/ls /proc/self/fd; /usr/bin/readlink /proc/self/fd/0; pwd"))
        let lines = String(decoding: answer.standardOutput, as: UTF8.self).split(separator: "\n")
        #expect(lines == ["0", "1", "2", "3", "/dev/null", "\(sandbox.root.path)"].map { Substring($0) })
    }

    @Test func signalsAreAsAProgramExpectsThem() async throws {
        // Ignored signals stay ignored through exec, unless somebody resets them.
        signal(SIGPIPE, SIG_IGN)
        let answer = try await machine.run(shell("/bin/grep -E 'Sig(Ign|Blk)' /proc/self/status"))
        let masks = String(decoding: answer.standardOutput, as: UTF8.self).split(separator: "\n").compactMap {
            $0.split(separator: "\t").last.flatMap { UInt64($0, radix: 16) }.map { $0 & 0x7FFF_FFFF }
        }
        #expect(masks == [0, 0])
    }

    @Test func argumentsAreNotForAShell() async throws {
        let request = CommandRequest(executable: "/bin/echo", arguments: ["$HOME; `id` \"x\" ", "", "*"])
        #expect(try await machine.run(request).standardOutput == Array("$HOME; `id` \"x\"   *\n".utf8))
    }

    @Test func ofALongOutputTheBeginningIsKept() async throws {
        let answer = try await machine.run(
            shell("i=0; while [ $i -lt 20000 ]; do echo 0123456789; echo 98 >&2; i=$((i+1)); done", limit: 25))
        #expect(answer.status == 0)
        #expect(String(decoding: answer.standardOutput, as: UTF8.self) == "0123456789\n0123456789\n012")
        #expect(answer.standardError.count == 25)
        #expect(try await machine.run(shell("echo x", limit: 0)).standardOutput.isEmpty)
    }

    @Test func whatTakesTooLongIsStopped() async throws {
        let request = shell(
            "trap 'echo end > ended; exit' TERM; while :; do sleep 0.05; done", timeout: .milliseconds(300))
        #expect(
            await asyncFailure { try await machine.run(request) }
                == .timedOut(subject: "/bin/sh", after: request.timeout))
        // It had the time to tidy up.
        #expect(try sandbox.names() == ["ended"])
    }

    @Test func whoIgnoresTheSignalIsKilledWithAllItsChildren() async throws {
        let script = """
            trap '' TERM
            (trap '' TERM; echo $$ > /dev/null; exec sleep 61.5) &
            echo $! > child
            while :; do sleep 0.05; done
            """
        let start = ContinuousClock.now
        let error = await asyncFailure { try await machine.run(shell(script, timeout: .milliseconds(300))) }
        #expect(error == .timedOut(subject: "/bin/sh", after: .milliseconds(300)))
        #expect(ContinuousClock.now - start > .milliseconds(2200))
        let child = try #require(Int32(try sandbox.read("child").trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(try await ends(child))
    }

    /// Its leader ends at once on SIGTERM, its child does not.
    @Test func whoOutlivesTheLeaderIsKilledToo() async throws {
        let script = "(trap '' TERM; exec sleep 62.5) & echo $! > child; sleep 60"
        let error = await asyncFailure { try await machine.run(shell(script, timeout: .milliseconds(300))) }
        #expect(error == .timedOut(subject: "/bin/sh", after: .milliseconds(300)))
        let child = try #require(Int32(try sandbox.read("child").trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(try await ends(child))
    }

    private func ends(_ pid: Int32) async throws -> Bool {
        for _ in 0..<100 {
            // A zombie that nobody waits for has ended.
            let status = (try? String(contentsOfFile: "/proc/\(pid)/stat", encoding: .utf8)) ?? ") Z"
            if kill(pid, 0) != 0 || status.contains(") Z") { return true }
            try await Task.sleep(for: .milliseconds(20))
        }
        return false
    }

    /// A daemon that keeps the output open does not keep the run.
    @Test func aChildThatStaysDoesNotHoldTheAnswer() async throws {
        // The time limit is below the daemon's life: an answer that waited for it would be an error.
        let answer = try await machine.run(
            shell("echo hello; sleep 600 & echo $! > child; exit 0", timeout: .seconds(300)))
        #expect(answer.standardOutput == Array("hello\n".utf8))
        let child = try #require(Int32(try sandbox.read("child").trimmingCharacters(in: .whitespacesAndNewlines)))
        kill(child, SIGKILL)
    }

    @Test func aRequestToStopStopsTheCommand() async throws {
        let interruption = Interruption()
        let machine = try sandbox.machine(interruption: interruption)
        async let error = asyncFailure { try await machine.run(shell("sleep 30")) }
        try await Task.sleep(for: .milliseconds(200))
        interruption.raise()
        #expect(await error == .cancelled)
        let task = Task { await asyncFailure { try await self.machine.run(shell("sleep 30")) } }
        try await Task.sleep(for: .milliseconds(200))
        task.cancel()
        #expect(await task.value == .cancelled)
    }

    @Test func whatCannotBeStarted() async throws {
        try sandbox.write("text", "hello")
        let missing = CommandRequest(executable: sandbox.path("missing"), arguments: [])
        #expect(await asyncFailure { try await machine.run(missing) }?.number == ENOENT)
        let text = CommandRequest(executable: sandbox.path("text"), arguments: [])
        #expect(await asyncFailure { try await machine.run(text) }?.number == EACCES)
    }
}
