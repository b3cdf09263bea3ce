import Foundation
import HealKit
import Testing

@testable import LiveMachine

/// What a supervisor says, and what is made of it when it can say nothing any more.
@Suite struct SupervisorReportTests {
    @Test(
        "A report counts when it has its end",
        arguments: [
            ("", nil), ("done 0\n", "0"), ("done x\n", nil), ("left\n", nil), ("left\ndone 0\n", "0 left"),
            ("folder /t/selfheal-plugin-x\ntime\ndone 143\n", "143 time"), ("tried /a b\ndone 1\n", "1 /a b"),
            ("junk\ndone 0\n", nil),
            ("failed it did not go\ndone 71\n", "71 it did not go"),
        ] as [(String, String?)])
    func reading(text: String, meaning: String?) {
        let report = SupervisorReport(text)
        let told = report.map { report in
            ([
                "\(report.status)", report.leftProcesses ? "left" : nil, report.isOverTime ? "time" : nil,
                report.triedToWrite, report.failure,
            ] as [String?]).compactMap { $0 }.joined(separator: " ")
        }
        #expect(told == meaning)
    }

    /// A supervisor that is killed leaves its plugin's processes to this one.
    @Test("Orphans are ended, and commands of our own are not") func orphans() async throws {
        let sandbox = try Sandbox()
        let mark = "4246.\(Int.random(in: 1_000_000...9_999_999))"
        try sandbox.write(
            "killed",
            "#!/bin/sh\nsetsid sleep \(mark) & setsid sh -c 'sleep \(mark) & sleep \(mark)' &\nsleep 0.3; kill -9 $$\n")
        #expect(chmod(sandbox.path("killed"), 0o755) == 0)
        let machine = try LiveMachine(root: sandbox.root.path, mayChange: false, supervisor: sandbox.path("killed"))
        async let other = machine.run(CommandRequest(executable: "/bin/sh", arguments: ["-c", "sleep 1; echo fine"]))
        let request = CommandRequest(
            executable: "/bin/true", arguments: [], timeout: .seconds(20), supervision: Supervision(isConfined: true))
        let error = await asyncFailure { try await machine.run(request) }
        guard case .malfunction(_, let reason) = error else {
            Issue.record("\(String(describing: error))")
            return
        }
        #expect(reason.contains("what watches over it was ended"))
        #expect(try await other.standardOutput == Array("fine\n".utf8))
        let left = try await machine.run(
            CommandRequest(executable: "/bin/sh", arguments: ["-c", "/usr/bin/pgrep -f '^slee[p] \(mark)'"]))
        #expect(left.standardOutput.isEmpty)
    }
}
