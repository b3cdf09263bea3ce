import Foundation
import Testing

/// Who is told when the data is not as it should be.
@Suite struct DataAlertTests {
    private static let canary = "canary-7fJ2kQx9"

    /// `good` is filled, `bad` fails and says a secret; two scripts are told.
    private func sandbox(_ alerts: String, bad: String = "echo \"$SHOP_TOKEN\" >&2; exit 69") async throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.write(
            "schemas.yaml",
            """
            version: 1
            app: shop
            datasets:
              good:
                relation: {database: app.db, table: good}
                populate: {sql: "SELECT 1 AS x"}
              bad:
                relation: {database: app.db, table: bad}
                retry: {max_attempts: 1}
                populate: {command: {run: [/bin/sh, bad.sh], environment: [SHOP_TOKEN]}}
            readiness:
              alerts:
            \(alerts.split(separator: "\n").map { "    " + $0 }.joined(separator: "\n"))

            """)
        try sandbox.write("bad.sh", bad)
        try sandbox.write("tell.sh", "cat > told-$1.json; env > env-$1.txt")
        _ = try await sandbox.sqlite("app.db", "CREATE TABLE good(x INTEGER); CREATE TABLE bad(x INTEGER)")
        return sandbox
    }

    private func selfheal(_ sandbox: Sandbox, _ arguments: String...) async throws -> Answer {
        try await sandbox.tool(
            "selfheal", ["data"] + arguments, environment: ["SHOP_TOKEN": Self.canary, "OTHER": "other-variable"])
    }

    private static let both = """
        - {on: failure, command: [/bin/sh, tell.sh, failure]}
        - {on: below, below: 0.9, command: {run: [/bin/sh, tell.sh, below], environment: [OTHER]}}
        """

    @Test func aRunThatFails() async throws {
        let sandbox = try await sandbox(Self.both)
        let answer = try await selfheal(sandbox, "heal")
        #expect(answer.status == 1 && answer.errors.isEmpty, "\(answer.all)")
        for (name, threshold) in [("failure", nil), ("below", 0.9)] {
            let told = try sandbox.read("told-\(name).json")
            #expect(told.hasSuffix("}\n") && told.count { $0 == "\n" } == 1)
            let object = try Sandbox.json(told)
            #expect(object["format"] as? String == "selfheal-alert/1" && object["alert"] as? String == name)
            #expect(object["application"] as? String == "shop" && object["run"] as? Int == 1, "\(told)")
            #expect(object["tool"] as? String == "selfheal data heal" && object["exit_status"] as? Int == 1)
            #expect(object["readiness"] as? Double == 0.5 && object["threshold"] as? Double == threshold, "\(told)")
            let notReady = try #require(object["not_ready"] as? [[String: any Sendable]])
            #expect(notReady.count == 1 && notReady[0]["dataset"] as? String == "bad", "\(told)")
            #expect(notReady[0]["class"] as? String == "connection" && notReady[0]["state"] as? String == "empty")
        }
        let names = try ["failure", "below"].map { name in
            try sandbox.read("env-\(name).txt").split(separator: "\n").compactMap { $0.split(separator: "=").first }
                // Where coverage is measured, the programs of ours that stand between bring this.
                .filter { !$0.hasPrefix("__LLVM_PROFILE") }
        }
        let usual: Set<Substring> = ["PATH", "HOME", "LANG", "TMPDIR", "PWD", "SHLVL", "_", "OLDPWD"]
        #expect(Set(names[0]).subtracting(usual).isEmpty, "\(names[0])")
        #expect(Set(names[1]).subtracting(usual) == ["OTHER"], "\(names[1])")
        #expect(answer.output.contains("bad"))
        let places = try sandbox.listing().mapValues {
            Data(base64Encoded: String($0.split(separator: " ").last ?? "")) ?? Data()
        }
        for (name, bytes) in places { #expect(bytes.range(of: Data(Self.canary.utf8)) == nil, "\(name)") }
        #expect(!answer.all.contains(Self.canary), "\(answer.all)")
    }

    @Test func aRunThatGoesWellTellsNobody() async throws {
        let sandbox = try await sandbox(Self.both, bad: "echo '{\"x\":1}'")
        let answer = try await selfheal(sandbox, "heal")
        #expect(answer.status == 0, "\(answer.all)")
        #expect(!sandbox.exists("told-failure.json") && !sandbox.exists("told-below.json"))
    }

    @Test("A look tells of a low readiness when asked to, and of nothing else", arguments: [true, false])
    func status(isAsked: Bool) async throws {
        let sandbox = try await sandbox(Self.both)
        let answer =
            isAsked ? try await selfheal(sandbox, "status", "--alert") : try await selfheal(sandbox, "status")
        #expect(answer.status == 1 && answer.errors.isEmpty, "\(answer.all)")
        #expect(!sandbox.exists("told-failure.json") && sandbox.exists("told-below.json") == isAsked)
        if isAsked {
            let object = try Sandbox.json(try sandbox.read("told-below.json"))
            #expect(object["readiness"] as? Double == 0 && object["run"] is NSNull, "\(object)")
            #expect(object["tool"] as? String == "selfheal data status")
        }
    }

    @Test(
        "An alert that fails is a warning, and the exit status stays",
        arguments: [
            ("[/bin/sh, -c, 'echo $0 >&2; exit 3', \(canary)]", "it ended with exit status 3", 0),
            ("[no-such-program, \(canary)]", "no such program", 0),
            ("[/bin/sh, -c, 'sleep 60', \(canary)]", "no answer within 10 s", 10),
            ("[/bin/sh, -c, 'setsid sleep 60 & exit 0', \(canary)]", "left processes running", 0),
        ])
    func fails(_ command: String, _ reason: String, _ seconds: Int) async throws {
        let sandbox = try await sandbox("- {on: below, below: 1, command: \(command)}")
        let start = ContinuousClock.now
        let answer = try await selfheal(sandbox, "status", "--alert")
        #expect(answer.status == 1, "\(answer.all)")
        #expect(answer.errors.hasPrefix("[WARNING] the alert '") && answer.errors.contains(reason), "\(answer.errors)")
        #expect(!answer.all.contains(Self.canary))
        #expect(start.duration(to: .now) < .seconds(seconds + 15))
    }

    @Test func aWebhookThatCannotBeReachedIsAWarningAndNothingOfItsURLIsShown() async throws {
        // The port of the discard service: nobody listens there.
        let sandbox = try await sandbox("- {on: failure, webhook: {url: 'http://127.0.0.1:9/\(Self.canary)'}}")
        let answer = try await selfheal(sandbox, "heal")
        #expect(answer.status == 1 && answer.errors.contains("the alert '127.0.0.1:9'"), "\(answer.all)")
        #expect(answer.errors.contains("nothing takes connections there"), "\(answer.all)")
        #expect(!answer.all.contains(Self.canary))
    }

    @Test("No program is run that others could have written into the manifest") func othersMayWrite() async throws {
        let sandbox = try await sandbox(Self.both)
        // Without a program among the datasets, it is the alert's that counts.
        let text = try sandbox.read("schemas.yaml")
        try sandbox.write(
            "schemas.yaml",
            text.replacing(
                "populate: {command: {run: [/bin/sh, bad.sh], environment: [SHOP_TOKEN]}}",
                with: "populate: {sql: SELECT 1}"))
        #expect(chmod(sandbox.path("schemas.yaml"), 0o666) == 0)
        let answer = try await selfheal(sandbox, "status", "--alert")
        #expect(
            answer.status == 78 && answer.errors.contains("neither the alert '/bin/sh' nor another program is run: "),
            "\(answer.all)")
        #expect(answer.errors.contains("schemas.yaml:13:7:"), "\(answer.errors)")
        #expect(!sandbox.exists("told-below.json"))
    }
}
