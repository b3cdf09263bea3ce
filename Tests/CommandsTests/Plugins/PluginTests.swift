import Foundation
import Testing

/// Plugins that keep to the protocol, through the programs.
@Suite struct PluginTests {
    /// Wants `wanted.txt` below the root and writes it; what else it does is up to `heal`.
    private static func script(
        heal: String = "touch wanted.txt", outcome: String = "healed", repair: String = #"{"title":"Writing it"}"#
    ) -> String {
        #"""
        request=$(cat)
        if [[ $1 == heal ]]; then
          message=wrote
          if [[ $request == *'"dry_run":true'* ]]; then message=would-write; else \#(heal); fi
          echo '{"protocol":1,"outcomes":[{"id":"missing","subject":"wanted.txt","outcome":"\#(outcome)","message":"'$message'"}]}'
        elif [[ -e wanted.txt ]]; then
          echo '{"protocol":1,"findings":[],"confirmations":["it is there"]}'
        else
          echo '{"protocol":1,"findings":[{"id":"missing","subject":"wanted.txt","message":"it is missing","repair":\#(repair)}]}'
        fi
        """#
    }

    private static func sandbox(_ script: String, _ more: String = "") throws -> Sandbox {
        let sandbox = try Sandbox()
        try sandbox.plugin("wants", more, script, capabilities: "check, heal")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {wants: {}}\n")
        return sandbox
    }

    @Test("What a plugin finds is healed by it, and believed when it finds it no more") func heals() async throws {
        let sandbox = try Self.sandbox(Self.script())
        let before = try sandbox.listing()
        let validation = try await sandbox.validate()
        #expect(validation.status == 1 && validation.output.contains("its risk is medium"), "\(validation.all)")
        let dry = try await sandbox.heal("--dry-run")
        #expect(dry.status == 1 && dry.output.contains("wants would do: would-write"), "\(dry.all)")
        #expect(try sandbox.listing() == before)
        let healing = try await sandbox.heal()
        #expect(healing.status == 0 && healing.output.contains("Writing it"), "\(healing.all)")
        #expect(sandbox.exists("wanted.txt"))
        let after = try sandbox.listing()
        let again = try await sandbox.heal()
        #expect(again.status == 0 && !again.output.contains("Writing it"))
        #expect(try sandbox.listing() == after)
        let history = try await sandbox.tool("selfheal", ["history", "1", "--format", "json"])
        #expect(history.output.contains("wants.missing"), "\(history.output)")
        let undo = try await sandbox.tool("selfheal", ["undo"])
        #expect(undo.status == 64 && undo.errors.contains("no run that could be taken back"), "\(undo.all)")
    }

    @Test(
        "A heal that was none is said to have failed",
        arguments: [
            (":", "healed", "its check still finds the fault"), ("touch wanted.txt", "failed", "wrote"),
            ("exit 5", "healed", "it ended with exit code 5"),
            ("echo '{\"protocol\":1}'; exit 0", "healed", "does not say what became of"),
        ])
    func lies(heal: String, outcome: String, reason: String) async throws {
        let sandbox = try Self.sandbox(Self.script(heal: heal, outcome: outcome))
        let answer = try await sandbox.heal()
        #expect(answer.status == (sandbox.exists("wanted.txt") ? 0 : 1), "\(answer.all)")
        #expect(answer.output.contains(reason), "\(answer.all)")
    }

    @Test("A dry run that writes all the same is kept from it") func writingRehearsal() async throws {
        let sandbox = try Self.sandbox(
            "set -e\n" + Self.script().replacingOccurrences(of: "message=would-write", with: "touch w"))
        let answer = try await sandbox.heal("--dry-run")
        #expect(answer.output.contains("could not say what it would do"), "\(answer.all)")
        #expect(!sandbox.exists("w"))
    }

    @Test("Software is installed only when that is asked for") func installs() async throws {
        let sandbox = try Self.sandbox(Self.script(repair: #"{"title":"Installing it","install":true}"#))
        let without = try await sandbox.heal()
        #expect(without.status == 1 && without.output.contains("only done with --install"), "\(without.all)")
        #expect(!sandbox.exists("wanted.txt"))
        let with = try await sandbox.heal("--install")
        #expect(with.status == 0 && sandbox.exists("wanted.txt"), "\(with.all)")
    }

    @Test(
        "The risk that a plugin states is kept to, and is never below medium",
        arguments: [("low", 0 as Int32), ("medium", 0), ("high", 1), ("critical", 1)])
    func risk(_ risk: String, status: Int32) async throws {
        let sandbox = try Self.sandbox(Self.script(repair: #"{"risk":"\#(risk)"}"#))
        #expect(try await sandbox.heal("--max-risk", "low").status == 1)
        #expect(try await sandbox.heal().status == status)
        if status == 1 { #expect(try await sandbox.heal("--max-risk", "high").status == (risk == "high" ? 0 : 1)) }
    }

    @Test("A plugin is asked to heal what it has named, also where the name is not shown") func redactedSubjects()
        async throws
    {
        let script = #"""
            request=$(cat)
            if [[ $1 == heal ]]; then
              for name in canary-one.pem canary-two.pem; do
                [[ $request == *"\"subject\":\"$name\""* ]] && touch $name
                o+='{"id":"missing","subject":"'$name'","outcome":"healed"},'
              done
              echo '{"protocol":1,"outcomes":['${o%,}']}'
            else
              for name in canary-one.pem canary-two.pem; do
                [[ -e $name ]] || f+='{"id":"missing","subject":"'$name'","message":"no '$name'","repair":{"title":"Making keys"}},'
              done
              echo '{"protocol":1,"findings":['${f%,}']}'
            fi
            """#
        let sandbox = try Self.sandbox(script)
        try sandbox.write(
            "schemas.yaml",
            "version: 1\nplugins: {wants: {private_key: canary-one.pem, credentials: {second: canary-two.pem}}}\n")
        let answer = try await sandbox.heal()
        #expect(answer.status == 0, "\(answer.all)")
        #expect(sandbox.exists("canary-one.pem") && sandbox.exists("canary-two.pem"))
        #expect(!answer.all.contains("canary"))
    }

    @Test("Whoever started the run may have ignored SIGCHLD") func ignoredChildren() async throws {
        let sandbox = try Self.sandbox(Self.script())
        let answer = try await sandbox.shell("trap '' CHLD; \"$BIN/auto-heal\"")
        #expect(answer.status == 0, "\(answer.all)")
    }

    @Test("--only, --skip, --fs-only and policy.severity know what plugins find") func selection() async throws {
        let sandbox = try Self.sandbox(Self.script(), "domain: filesystem\nfindings: {missing: {severity: warning}}\n")
        #expect(try await sandbox.validate("--only", "wants.missing").status == 2)
        #expect(try await sandbox.validate("--skip", "wants").status == 2)
        #expect(try await sandbox.heal("--db-only").status == 2)
        #expect(!sandbox.exists("wanted.txt"))
        let unknown = try await sandbox.validate("--only", "wants.mising")
        #expect(unknown.status == 64 && unknown.errors.contains("did you mean 'wants.missing'?"), "\(unknown.all)")
        try sandbox.write(
            "schemas.yaml", "version: 1\nplugins: {wants: {}}\npolicy: {severity: {wants.missing: critical}}\n")
        #expect(try await sandbox.validate().status == 1)
        #expect(try await sandbox.heal("--fs-only").status == 0)
    }

    @Test("What comes after directories waits for them") func after() async throws {
        let sandbox = try Self.sandbox(Self.script(), "after: [directories]\n")
        try sandbox.write("made", "a file in the way")
        try sandbox.write("schemas.yaml", "version: 1\ndirectories: [made]\nplugins: {wants: {}}\n")
        let answer = try await sandbox.validate("--format", "json")
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        #expect(checks.last?["status"] as? String == "blocked", "\(answer.output)")
        #expect(checks.last?["blockedBy"] as? [String] == ["made"])
        try sandbox.plugin("wants", "after: [nowhere]\n", Self.script(), capabilities: "check, heal")
        let wrong = try await sandbox.validate()
        #expect(wrong.status == 78 && wrong.errors.contains("wants to come after 'nowhere'"), "\(wrong.all)")
    }

    @Test("A plugin is given its settings, the root, and hardly anything else") func request() async throws {
        let sandbox = try Sandbox()
        try sandbox.plugin(
            "tells",
            """
            environment: [WANTED]
            settings:
              type: object
              properties:
                text: {type: string}
                list: {type: array, items: {type: integer}}
                left: {type: number, default: 0.5}

            """,
            #"""
            request=$(cat); export -n request
            said=$(printf '%s' "$request$(env | grep -v -e '^_=' -e ^__LLVM -e ^SHLVL= -e ^PWD= -e ^TMPDIR= | sort | cut -d= -f1 | tr '\n' ' ')" | sed 's/\\/\\\\/g; s/"/\\"/g')
            [[ -d $TMPDIR && $TMPDIR == */selfheal-plugin-* && -w $TMPDIR ]] && touch $TMPDIR/x || said=no-temporary-folder
            echo '{"protocol":1,"findings":[],"confirmations":["'"$said"'"]}'
            """#)
        try sandbox.write(
            "schemas.yaml",
            "version: 1\nplugins:\n  tells: {text: no, list: [1, 2], more: {a: null, b: 1.5, c: true}}\n")
        let answer = try await sandbox.tool(
            "validate-startup", ["--format", "json"], environment: ["WANTED": "1", "UNWANTED": "1", "LANG": "C"])
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        let said = try #require((checks.first?["confirmations"] as? [String])?.first, "\(answer.all)")
        let expected =
            #"{"protocol":1,"action":"check","root":"\#(sandbox.root)","settings":{"text":"no","list":[1,2],"#
            + #""more":{"a":null,"b":1.5,"c":true},"left":0.5}}"#
        #expect(said.hasPrefix(expected), "\(said)")
        #expect(said.hasSuffix("}GIT_OPTIONAL_LOCKS HOME LANG PATH PYTHONDONTWRITEBYTECODE WANTED "), "\(said)")
    }

    @Test("--plugin-path is looked at after the folder beside the manifest") func pluginPath() async throws {
        let sandbox = try Self.sandbox(Self.script())
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {wants: {}, other: {}}\n")
        let elsewhere = try Sandbox()
        let fine = #"echo '{"protocol":1,"findings":[],"confirmations":["elsewhere"]}'"#
        try elsewhere.plugin("other", "", fine)
        try elsewhere.plugin("wants", "", fine)
        let without = try await sandbox.validate()
        #expect(without.status == 78 && without.errors.contains("there is no plugin 'other'"), "\(without.all)")
        let with = try await sandbox.validate("--plugin-path", elsewhere.path("plugins"))
        #expect(with.status == 1 && with.output.contains("elsewhere") && with.output.contains("it is missing"))
        #expect(try await sandbox.validate("--plugin-path", "nowhere").status == 64)
    }

    @Test("What plugins measure is in the report", arguments: ["json"]) func measures(format: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.plugin(
            "measures", "",
            #"echo '{"protocol":1,"findings":[],"measurements":[{"label":"free","value":7.5,"unit":"%","minimum":0}]}'"#
        )
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {measures: {}}\n")
        let answer = try await sandbox.validate("--format", format)
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        let measured = try #require((checks.first?["measurements"] as? [[String: any Sendable]])?.first)
        #expect(measured["label"] as? String == "free" && measured["value"] as? String == "7.5")
        #expect(measured["minimum"] as? String == "0" && measured["maximum"] is NSNull)
    }
}
