import Datasets
import HealManifest
import HealModel
import ManifestShape
import Testing

@Suite struct ReadinessShapeTests {
    private func settings(_ text: String) -> (settings: ReadinessSettings?, problems: [String]) {
        var problems = ManifestProblems()
        let document = ManifestDocument.read(
            path: "schemas.yaml", sections: [ManifestSection("readiness", ReadinessSettings.shape.schema)],
            source: MemorySource(text: text + "\nversion: 1\n"), environment: [:], &problems)
        let settings = document?.decode(ReadinessSettings.shape, at: "readiness", &problems)
        return (settings, problems.sorted.all.map(\.description))
    }

    @Test func everyKey() throws {
        let (found, problems) = settings(
            """
            readiness:
              alerts:
                - {on: failure, command: [bin/tell, --all]}
                - on: below
                  below: 0.9
                  command: {run: [bin/page], environment: [PAGER_KEY]}
                - {on: failure, webhook: {url: "https://example.org:8443/hooks/x?y", token_variable: HOOK_TOKEN}}
            """)
        #expect(problems == [])
        let alerts = try #require(found).alerts
        #expect(alerts.map(\.occasion) == [.failure, .below(0.9), .failure])
        #expect(
            alerts.map(\.recipient) == [
                .command(CommandSource(arguments: ["bin/tell", "--all"])),
                .command(CommandSource(arguments: ["bin/page"], environment: ["PAGER_KEY"])),
                .webhook(.init(url: "https://example.org:8443/hooks/x?y", tokenVariable: "HOOK_TOKEN")),
            ])
        #expect(alerts.map(\.location.description) == ["schemas.yaml:3:7", "schemas.yaml:4:7", "schemas.yaml:7:7"])
        #expect(alerts.map { $0.programLocation?.line } == [3, 4, nil])
    }

    @Test(
        "What is wrong is said with its place, and no URL with it",
        arguments: [
            ("{command: [x]}", "3:7: the key 'on' is missing"),
            ("{on: sometimes, command: [x]}", "3:12: expected one of failure, below"),
            ("{on: failure}", "3:7: give either 'command' or 'webhook'"),
            (
                "{on: failure, command: [x], webhook: {url: 'http://h/'}}", "3:7: give either 'command' or 'webhook'"
            ),
            ("{on: failure, below: 0.5, command: [x]}", "3:7: 'below' needs 'on: below'"),
            ("{on: below, command: [x]}", "3:7: 'on: below' needs 'below', a readiness above 0, at most 1"),
            ("{on: below, below: 0, command: [x]}", "3:7: no readiness is below 0"),
            ("{on: below, below: 1.5, command: [x]}", "3:26: "),
            ("{on: below, below: -1, command: [x]}", "3:26: "),
            ("{on: below, below: abc, command: [x]}", "3:26: "),
            ("{on: failure, command: []}", "3:30: no program is named"),
            ("{on: failure, webhook: {url: 'ftp://h/secret'}}", "3:30: 'url' begins with http:// or https://"),
            ("{on: failure, webhook: {url: 'https:///secret'}}", "3:30: 'url' begins with http:// or https://"),
            ("{on: failure, webhook: {url: 'https://u:secret@h/'}}", "3:30: 'url' holds a user's name"),
            ("{on: failure, webhook: {url: 'https://h/a secret'}}", "3:30: 'url' holds a character"),
            ("{on: failure, comand: [x]}", "3:21: unknown key 'comand'; did you mean 'command'?"),
        ])
    func faults(_ alert: String, _ expected: String) {
        let (found, problems) = settings("readiness:\n  alerts:\n    - \(alert)")
        #expect(found == nil)
        #expect(problems.contains { $0.hasPrefix("schemas.yaml:" + expected) }, "\(problems)")
        #expect(!problems.contains { $0.contains("secret") })
    }

    @Test(arguments: [
        ("https://hooks.example.org/T0/secret", "hooks.example.org"), ("http://h:1?secret", "h:1"),
        ("http://h#secret", "h"), ("h/secret", ""),
    ])
    func whatMayBeShown(_ url: String, _ host: String) {
        #expect(ReadinessAlert.Webhook(url: url).host == host)
    }
}
