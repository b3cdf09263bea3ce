import Foundation
import Testing

/// What keeps a plugin, and what surrounds it, as it was when it was found to be safe; and what is said when that fails.
@Suite struct PluginGuardTests {
    private static let good = #"echo '{"protocol":1,"findings":[],"confirmations":["fine"]}'"#

    private static func check(_ answer: Answer, _ name: String) throws -> [String: any Sendable] {
        let checks = try #require(
            try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]], "\(answer.all)")
        return try #require(
            checks.first { $0["id"] as? String == name || $0["subject"] as? String == name }, "\(checks)")
    }

    @Test(
        "What is changed between the look and the run is not run",
        arguments: [
            ("echo '# more' >>$P/bin/second", "has changed since it was looked at"),
            ("cp $P/bin/second $P/x; mv $P/x $P/bin/second", "has changed since it was looked at"),
            ("touch -r $P $P/bin/second", "has changed since it was looked at"),
            ("chmod g+w $P/bin/second", "may be written by its group"), ("chmod o+w $P", "may be written by its group"),
            ("chmod o+w $P/bin", "may be written by its group"), ("rm $P/bin/second", "does not exist"),
            ("chmod o+w $P/plugin.yaml", "may be written by its group"), (":", ""),
        ])
    func changedMeanwhile(deed: String, reason: String) async throws {
        let sandbox = try Sandbox()
        let script = deed.replacingOccurrences(of: "$P", with: sandbox.path("plugins/second"))
        try sandbox.plugin("first", "confined: false\n", "\(script); \(Self.good)")
        try sandbox.plugin("second", "after: [first]\n", "touch \(sandbox.path("../ran")) 2>/dev/null; \(Self.good)")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {first: {}, second: {}}\n")
        let answer = try await sandbox.validate("--format", "json")
        #expect(try Self.check(answer, "first")["status"] as? String == "ok", "\(answer.all)")
        let check = try Self.check(answer, "second")
        #expect(check["status"] as? String == (reason.isEmpty ? "ok" : "unknown"), "\(check)")
        #expect(reason.isEmpty || (check["reason"] as? String ?? "").contains(reason), "\(check)")
    }

    @Test("The pin of an executable holds until it is run") func pinned() async throws {
        let sandbox = try Sandbox()
        let program = sandbox.path("plugins/second/bin/second")
        try sandbox.plugin("first", "confined: false\n", "echo 'exit 0' >\(program); \(Self.good)")
        try sandbox.plugin("second", "after: [first]\n", Self.good)
        let digest = try await sandbox.shell("sha256sum <\(program) | cut -c 1-64 | tr -d '\\n'").output
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {first: {}, second: {sha256: \(digest)}}\n")
        let answer = try await sandbox.validate("--format", "json")
        #expect((try Self.check(answer, "second")["reason"] as? String ?? "").contains("has changed"), "\(answer.all)")
    }

    @Test("Where there can be no folder for temporary files, a plugin is not run") func temporaryFolder() async throws {
        let sandbox = try Sandbox()
        try sandbox.plugin("plain", "", Self.good)
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {plain: {}}\n")
        let answer = try await sandbox.tool(
            "validate-startup", ["--format", "json"], environment: ["TMPDIR": sandbox.path("nowhere")])
        let check = try Self.check(answer, "plain")
        #expect(answer.status == 1 && check["status"] as? String == "unknown", "\(answer.all)")
        let reason =
            "no folder for temporary files could be made in \(sandbox.path("nowhere")): No such file or directory"
        #expect((check["reason"] as? String ?? "").contains(reason), "\(check)")
    }

    @Test("Folders that not even their owner may open are removed, and one below the root may be written")
    func leavings()
        async throws
    {
        let sandbox = try Sandbox()
        let deed = "mkdir -p $TMPDIR/a/b; echo x >$TMPDIR/a/b/c; chmod 0 $TMPDIR/a/b $TMPDIR/a"
        try sandbox.plugin("leaves", "", "\(deed); [[ $(stat -c %a $TMPDIR/a) == 0 ]] && \(Self.good)")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {leaves: {}}\n")
        // Root may open everything.
        let answer = try await sandbox.shell(
            """
            mkdir -m 777 temporary; export TMPDIR=$PWD/temporary HOME=/nowhere XDG_CACHE_HOME=
            (($(id -u))) || other='setpriv --reuid 65534 --regid 65534 --clear-groups'
            $other "$BIN/validate-startup"; status=$?
            ls temporary; exit $status
            """)
        #expect(answer.status == 0 && answer.output.hasSuffix("passed\n"), "\(answer.all)")
    }

    @Test("A monitoring plugin that leaves processes behind is called by that") func nagiosLeavings() async throws {
        let sandbox = try Sandbox()
        let mark = "4243.\(Int.random(in: 1_000_000...9_999_999))"
        try sandbox.write(
            "schemas.yaml",
            "version: 1\nplugins: {load: {kind: nagios, command: [/bin/sh, -c, \"setsid sleep \(mark) & echo fine\"]}}\n"
        )
        let answer = try await sandbox.validate("--format", "json")
        let check = try Self.check(answer, "load")
        #expect(check["status"] as? String == "unknown", "\(check)")
        #expect((check["reason"] as? String ?? "").contains("it left processes running"), "\(check)")
        #expect(try await sandbox.shell("pgrep -f '^slee[p] \(mark)'").output.isEmpty)
    }

    @Test(
        "A plugin that is not confined and kills what watches over it is unknown, and nothing of it is left",
        arguments: [
            "kill -9 $PPID", "kill -STOP $PPID; sleep $MARK", "kill -USR1 $PPID; sleep 0.2",
            "kill -ALRM $PPID; sleep 0.2",
            "kill -9 $PPID 0", "env -i setsid bash -c \"kill -9 $PPID; exec sleep $MARK\"; sleep $MARK",
        ])
    func killedSupervisor(_ deed: String) async throws {
        let sandbox = try Sandbox()
        let mark = "4244.\(Int.random(in: 1_000_000...9_999_999))"
        let script = "setsid sleep $MARK & (setsid sh -c 'sleep $MARK & sleep $MARK' &) ; \(deed); \(Self.good)"
        try sandbox.plugin(
            "fights", "timeout: 1\nconfined: false\n", script.replacingOccurrences(of: "$MARK", with: mark))
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {fights: {}}\n")
        let start = ContinuousClock.now
        let answer = try await sandbox.validate("--format", "json")
        #expect(.now - start < .seconds(12))
        let check = try Self.check(answer, "fights")
        #expect(answer.status == 1 && check["status"] as? String == "unknown", "\(answer.all)")
        let reason = check["reason"] as? String ?? ""
        #expect(
            reason.contains(deed.contains("STOP") ? "no answer within 1 s" : "what watches over it was ended"),
            "\(reason)")
        #expect(try await sandbox.shell("pgrep -f '^slee[p] \(mark)'").output.isEmpty)
        #expect(try await sandbox.shell("ls -d ${TMPDIR:-/tmp}/selfheal-plugin-*; :").output.isEmpty)
    }

    private static func healing(_ deed: String) -> String {
        #"""
        request=$(cat)
        if [[ $1 == heal && $request != *'"dry_run":true'* ]]; then
          touch wanted; \#(deed)
        elif [[ -e wanted ]]; then
          echo '{"protocol":1,"findings":[]}'; exit
        elif [[ $1 == check ]]; then
          echo '{"protocol":1,"findings":[{"id":"missing","message":"it is missing","repair":{}}]}'; exit
        fi
        echo '{"protocol":1,"outcomes":[{"id":"missing","outcome":"healed","message":"wrote it"}]}'
        """#
    }

    @Test(
        "What a heal did besides is said",
        arguments: [
            ("setsid sleep $MARK &", "it left processes running when it ended; they were ended too"),
            ("echo oh no >&2; exit 4", "it ended with exit code 4: oh no"),
            ("setsid sleep $MARK & exit 4", "it ended with exit code 4; it left processes running"),
            ("setsid sleep $MARK & kill -9 $PPID", "what watches over it was ended"),
        ])
    func heals(deed: String, reason: String) async throws {
        let sandbox = try Sandbox()
        let mark = "4245.\(Int.random(in: 1_000_000...9_999_999))"
        try sandbox.plugin(
            "wants", "", Self.healing(deed.replacingOccurrences(of: "$MARK", with: mark)), capabilities: "check, heal")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {wants: {}}\n")
        let answer = try await sandbox.heal("--format", "json")
        #expect(answer.output.contains(reason), "\(answer.all)")
        #expect(try await sandbox.shell("pgrep -f '^slee[p] \(mark)'").output.isEmpty)
    }

    @Test("A plugin's interpreter is asked not to write beside what it reads") func habits() async throws {
        let sandbox = try Sandbox()
        try sandbox.plugin(
            "tells", "",
            #"echo '{"protocol":1,"findings":[],"confirmations":["'$PYTHONDONTWRITEBYTECODE$GIT_OPTIONAL_LOCKS'"]}'"#)
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {tells: {}}\n")
        let answer = try await sandbox.validate("--format", "json")
        #expect(try Self.check(answer, "tells")["confirmations"] as? [String] == ["10"], "\(answer.all)")
    }
}
