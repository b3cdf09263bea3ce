import Foundation
import Testing

/// Plugins that do what no plugin should: each is `unknown` with the reason, within its time, and nothing of it is left.
@Suite struct HostilePluginTests {
    struct Hostile: Sendable, CustomTestStringConvertible {
        var name: String
        var script: String
        /// Part of the reason; `nil` when its answer is good all the same.
        var reason: String?
        var testDescription: String { name }
    }

    private static let good = #"echo '{"protocol":1,"findings":[],"confirmations":["fine"]}'"#

    static let all: [Hostile] = [
        Hostile(name: "hangs", script: "sleep $MARK", reason: "no answer within 1 s"),
        Hostile(
            name: "forks, hangs and ignores SIGTERM", script: "trap '' TERM; setsid sleep $MARK & sleep $MARK",
            reason: "no answer within 1 s"),
        Hostile(
            name: "answers and hangs", script: "\(good); sleep $MARK", reason: "no answer within 1 s"),
        Hostile(
            name: "prints 100 MB", script: "head -c 100000000 /dev/zero | tr '\\0' x",
            reason: "its answer is larger than 1 MiB"),
        Hostile(
            name: "prints for ever", script: "exec yes", reason: "no answer within 1 s"),
        Hostile(name: "fills standard error", script: "head -c 5000000 /dev/zero >&2; \(good)", reason: nil),
        Hostile(name: "prints junk", script: "echo no json", reason: "its answer is not one JSON object"),
        Hostile(name: "prints a list", script: "echo '[]'", reason: "wrong type"),
        Hostile(name: "prints two objects", script: "\(good); \(good)", reason: "its answer is not one JSON object"),
        Hostile(
            name: "prints what is nested too deeply", script: "head -c 200000 /dev/zero | tr '\\0' '['",
            reason: "its answer is not one JSON object"),
        Hostile(name: "prints no UTF-8", script: "printf '\\377\\376'", reason: "its answer is not UTF-8"),
        Hostile(name: "prints nothing", script: ":", reason: "it did not answer"),
        Hostile(name: "closes standard output", script: "exec >&-; sleep 0.1", reason: "it did not answer"),
        Hostile(
            name: "exits 3", script: "echo 'oh no' >&2; \(good); exit 3", reason: "it ended with exit code 3: oh no"),
        Hostile(name: "dies by a signal", script: "\(good); kill -SEGV $$", reason: "it was ended by signal 11"),
        Hostile(
            name: "dies as if it were the supervisor", script: "kill -ALRM $$", reason: "it was ended by signal 14"),
        Hostile(
            name: "answers another protocol", script: #"echo '{"protocol":2,"findings":[]}'"#,
            reason: "it answers in protocol 2"),
        Hostile(
            name: "answers without a protocol", script: #"echo '{"findings":[]}'"#,
            reason: "does not say which protocol"),
        Hostile(name: "answers with nothing in it", script: #"echo '{"protocol":1}'"#, reason: "no findings"),
        Hostile(
            name: "knows another severity",
            script: #"echo '{"protocol":1,"findings":[{"id":"x","severity":"fatal","message":"m"}]}'"#,
            reason: "a severity that is none of"),
        Hostile(
            name: "names a finding badly", script: #"echo '{"protocol":1,"findings":[{"id":"../x","message":"m"}]}'"#,
            reason: "no identifier"),
        Hostile(
            name: "offers what it cannot",
            script: #"echo '{"protocol":1,"findings":[{"id":"x","message":"m","repair":{}}]}'"#,
            reason: "does not say that it can heal"),
        Hostile(
            name: "writes to the root", script: "set -e; echo x > written; \(good)",
            reason: "written: Permission denied"),
        Hostile(
            name: "removes from the root", script: "rm schemas.yaml || exit 9; \(good)",
            reason: "it ended with exit code 9"),
        Hostile(
            name: "writes in silence", script: "{ echo x > written; } 2>/dev/null; mkdir made 2>/dev/null; \(good)",
            reason: "it tried to write written in a check, which may only look"),
        Hostile(
            name: "writes where nothing is", script: "echo x 2>/dev/null >no/such/folder; \(good)",
            reason: "it tried to write no/such/folder in a check"),
        Hostile(
            name: "changes a mode in silence", script: "chmod 600 schemas.yaml 2>/dev/null; \(good)",
            reason: "it tried to write schemas.yaml in a check"),
        Hostile(
            name: "changes a time in silence", script: "touch -c schemas.yaml 2>/dev/null; \(good)",
            reason: "it tried to write schemas.yaml in a check"),
        Hostile(
            name: "writes through a link", script: "ln -s $PWD/new $TMPDIR/l; echo x 2>/dev/null >$TMPDIR/l; \(good)",
            reason: "it tried to write new in a check"),
        Hostile(
            name: "has a child that writes", script: "(sleep 0.1; echo x >late) 2>/dev/null & \(good)",
            reason: "it tried to write late in a check"),
        Hostile(
            name: "has threads that write",
            script:
                "python3 -c 'import threading as t; a=t.Thread(target=open, args=(\"w\",\"w\")); a.start(); a.join()' 2>/dev/null; \(good)",
            reason: "it tried to write w in a check"),
        Hostile(
            name: "writes and leaves a child behind", script: "setsid sleep $MARK & echo x 2>/dev/null >w; \(good)",
            reason: "it tried to write w in a check, which may only look; it left processes running"),
        Hostile(
            name: "writes where it may",
            script: """
                set -e
                cd $TMPDIR; echo x >a; mkdir b; mv a b; ln -s a b/l; chmod 640 b/a; touch -d 2001-01-01 b/a; cp -p b/a c; rm -r b
                echo x >/dev/null; echo x >/dev/stderr; sh -c 'echo x >/proc/self/fd/2'
                \(good)
                """, reason: nil),
        Hostile(name: "makes what is there", script: "mkdir -p plugins/hostile $TMPDIR/a/b && \(good)", reason: nil),
        Hostile(
            name: "asks whether processes are there",
            script: "kill -0 1 && kill -0 $PPID && kill -0 $$ && ! kill -0 99999999 2>/dev/null && \(good)", reason: nil
        ),
        Hostile(
            name: "leaves what nobody may open", script: "mkdir -p $TMPDIR/a/b; chmod 0 $TMPDIR/a/b $TMPDIR/a; \(good)",
            reason: nil),
        Hostile(
            name: "kills its parent", script: "kill -9 $PPID; setsid sleep $MARK & \(good)",
            reason: "it left processes running"),
        Hostile(name: "stops its parent", script: "kill -STOP $PPID 2>/dev/null; \(good)", reason: nil),
        Hostile(name: "signals its parent", script: "kill -USR1 $PPID; kill -ALRM $PPID; \(good)", reason: nil),
        Hostile(
            name: "leaves a child behind", script: "setsid sleep $MARK & \(good)", reason: "it left processes running"),
        Hostile(
            name: "leaves a daemon behind",
            script: "(setsid sh -c 'trap \"\" TERM HUP; sleep '$MARK' >/dev/null 2>&1 <&-' & ) & \(good)",
            reason: "it left processes running"),
        Hostile(name: "does not read", script: "exec <&-; \(good)", reason: nil),
        Hostile(name: "stops itself", script: "kill -STOP $$", reason: "no answer within 1 s"),
    ]

    @Test(arguments: all) func isHeldInCheck(_ hostile: Hostile) async throws {
        let sandbox = try Sandbox()
        // A duration that no other process has names what belongs to this test.
        let mark = "4242.\(Int.random(in: 1_000_000...9_999_999))"
        let script = hostile.script.replacingOccurrences(of: "$MARK", with: mark)
        try sandbox.plugin("hostile", "timeout: 1\n", script)
        // More than a pipe holds.
        let filling = String(repeating: "x", count: 100_000)
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {hostile: {filling: \(filling)}}\n")
        let before = try sandbox.listing()
        let start = ContinuousClock.now
        let answer = try await sandbox.validate("--check-only", "--format", "json")
        #expect(.now - start < .seconds(20))
        try #require(answer.output.first == "{", "\(answer.status) \(answer.all)")
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        let check = try #require(checks.first)
        if let reason = hostile.reason {
            #expect(answer.status == 1)
            #expect(check["status"] as? String == "unknown")
            #expect((check["reason"] as? String ?? "").contains(reason), "\(check)")
            #expect((check["reason"] as? String ?? "").hasPrefix("plugin hostile: "))
        } else {
            #expect(answer.status == 0, "\(answer.all.prefix(2000))")
            #expect(check["confirmations"] as? [String] == ["fine"])
        }
        #expect(try sandbox.listing() == before)
        let left = try await sandbox.shell(
            "pgrep -f -- 'slee[p] \(mark)'; ls -d ${TMPDIR:-/tmp}/selfheal-plugin-*")
        #expect(left.output.isEmpty, "\(left.output)")
    }

    @Test("What a manifest does not mind makes no unknown critical") func severityOfUnknown() async throws {
        let sandbox = try Sandbox()
        try sandbox.plugin("odd", "", "exit 7")
        try sandbox.write(
            "schemas.yaml", "version: 1\nplugins: {odd: {}}\npolicy: {severity: {odd.unknown: warning}}\n")
        let answer = try await sandbox.validate()
        #expect(answer.status == 2, "\(answer.all)")
    }

    @Test("A run that is stopped ends its plugins") func stopped() async throws {
        let sandbox = try Sandbox()
        let mark = "4242.\(Int.random(in: 1_000_000...9_999_999))"
        try sandbox.plugin("slow", "timeout: 100\n", "setsid sleep \(mark) & sleep \(mark)")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {slow: {}}\n")
        for signal in ["TERM", "KILL"] {
            let script = """
                "$BIN/validate-startup" & pid=$!
                until pgrep -f 'slee[p] \(mark)' >/dev/null; do sleep 0.05; done
                kill -\(signal) $pid; wait $pid
                for i in $(seq 60); do pgrep -f -- '^sleep \(mark)' >/dev/null || exit 0; sleep 0.1; done
                echo "still there"; exit 1
                """
            let answer = try await sandbox.shell(script)
            #expect(answer.status == 0, "\(signal): \(answer.all)")
        }
    }
}

extension Sandbox {
    /// Makes a plugin in the language of the shell, without anything that a hurried author forgets.
    func plugin(_ name: String, _ more: String, _ script: String, capabilities: String = "check") throws {
        try write(
            "plugins/\(name)/plugin.yaml",
            "name: \(name)\nversion: 1.0\nprotocols: [1]\ncapabilities: [\(capabilities)]\n\(more)")
        try write("plugins/\(name)/bin/\(name)", "#!/bin/bash\n\(script)\n")
        for path in ["plugins", "plugins/\(name)", "plugins/\(name)/bin", "plugins/\(name)/bin/\(name)"] {
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: self.path(path))
        }
    }
}
