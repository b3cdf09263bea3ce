import Testing

/// Monitoring plugins run as they are.
@Suite struct NagiosTests {
    @Test(
        "The exit code is the verdict, and the line the message",
        arguments: [
            (0, "ok", 0 as Int32), (1, "warning", 2), (2, "critical", 1), (3, "unknown", 1), (4, "unknown", 1),
            (127, "unknown", 1),
        ])
    func exitCodes(code: Int, status: String, exit: Int32) async throws {
        let sandbox = try Sandbox()
        let script = "echo 'DISK 1 GB free | /=7MB;5:;@3:4;0;10'; echo more; exit \(code)"
        try sandbox.write(
            "schemas.yaml", "version: 1\nplugins:\n  disk: {kind: nagios, command: [/bin/sh, -c, \"\(script)\"]}\n")
        let answer = try await sandbox.validate("--format", "json")
        #expect(answer.status == exit, "\(answer.all)")
        let checks = try #require(try Sandbox.json(answer.output)["checks"] as? [[String: any Sendable]])
        let check = try #require(checks.first)
        #expect(check["status"] as? String == status)
        if code < 4 { #expect(answer.output.contains("DISK 1 GB free")) }
        guard code < 3 else { return }
        let measured = try #require((check["measurements"] as? [[String: any Sendable]])?.first)
        #expect(measured["label"] as? String == "/" && measured["unit"] as? String == "MB")
        #expect(measured["warning"] as? String == "5:" && measured["critical"] as? String == "@3:4")
        #expect(check["log"] as? [String] == ["more"])
    }

    @Test("A plugin's folder may stand for one, with arguments from settings") func folder() async throws {
        let sandbox = try Sandbox()
        try sandbox.plugin(
            "says",
            "kind: nagios\narguments: [\"-w\", \"{level}%\"]\nsettings: {type: object, properties: {level: {type: integer}}}\n",
            "echo \"args $*\"")
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {says: {level: 5}}\n")
        let answer = try await sandbox.validate()
        #expect(answer.status == 0 && answer.output.contains("says: args -w 5%"), "\(answer.all)")
    }

    @Test(
        "A command that cannot be one is a fault of the manifest",
        arguments: [
            ("{kind: nagios}", "needs a 'command'"), ("{kind: nagios, command: [check_disk]}", "an absolute path"),
            ("{kind: nagios, command: [/nowhere]}", "/nowhere does not exist"),
            ("{kind: nagios, command: [/etc]}", "/etc is not a file"),
            ("{kind: nagios, command: [/bin/sh], warn: 1}", "has no settings"),
        ])
    func faults(entry: String, message: String) async throws {
        let sandbox = try Sandbox()
        try sandbox.write("schemas.yaml", "version: 1\nplugins: {load: \(entry)}\n")
        let answer = try await sandbox.validate()
        #expect(answer.status == 78 && answer.errors.contains(message), "\(answer.all)")
    }
}
