import Datasets
import HealKit
import HealModel
import LiveMachine
import Synchronization
import Testing

@testable import Populating

@Suite struct AlertTests {
    private static let canary = "canary-7fJ2kQ"

    private func notice(
        _ states: [String: DatasetState], _ outcomes: [DatasetOutcome] = [], blocked: [String] = [],
        optional: Set<String> = []
    ) throws -> AlertNotice {
        let statuses = try states.sorted { $0.key < $1.key }.map { name, state in
            var one = try dataset(name)
            one.isRequired = !optional.contains(name)
            return DatasetStatus(dataset: one, state: state, reason: "it said \(Self.canary)")
        }
        let report = ReadinessReport(statuses: statuses, blocking: [], time: 0)
        return AlertNotice(
            application: "shop \(Self.canary)", tool: "selfheal data heal", run: 12, exitStatus: 1, report: report,
            outcomes: outcomes, blocked: blocked)
    }

    @Test(
        "When it is time",
        arguments: [
            (
                ["a": DatasetState.ready, "b": .ready], [:] as [String: DatasetOutcome.Result], [] as [String], false,
                false
            ),
            (["a": .ready, "b": .empty], [:], [], false, true),
            (["a": .ready, "b": .empty], ["a": .done], [], false, true),
            (["a": .ready, "b": .empty], ["b": .done], [], true, true),
            (["a": .ready, "b": .ready], ["b": .incomplete], [], true, false),
            (["a": .ready, "b": .ready], ["b": .notStarted], [], true, false),
            (["a": .ready, "b": .ready], ["b": .unneeded], [], false, false),
            (["a": .ready, "b": .empty], [:], ["b"], true, true),
        ])
    func due(
        _ states: [String: DatasetState], _ results: [String: DatasetOutcome.Result], _ blocked: [String],
        _ failure: Bool, _ below: Bool
    ) throws {
        let notice = try notice(states, results.map { DatasetOutcome($0.key, $0.value) }, blocked: blocked)
        #expect(notice.isDue(.failure) == failure)
        #expect(notice.isDue(.below(0.9)) == below)
        #expect(!notice.isDue(.below(0.5)), "half is not below a half")
    }

    @Test func withoutRequiredDatasetsNothingIsBelow() throws {
        #expect(try !notice(["a": .empty], optional: ["a"]).isDue(.below(1)))
    }

    @Test("Names and classes, and no message") func content() throws {
        let failure = SourceFailure(.timeout, "said \(Self.canary)")
        let notice = try notice(
            ["a": .ready, "b": .empty, "c": .waiting],
            [DatasetOutcome("b", .failed, failure: failure, tried: [Self.canary])], optional: ["c"])
        let text = notice.content(for: .below(0.9)) { $0.replacing(Self.canary, with: "[redacted]") }.text
        #expect(
            text == """
                {"format":"selfheal-alert/1","alert":"below","threshold":0.9,"application":"shop [redacted]",\
                "tool":"selfheal data heal","run":12,"exit_status":1,"readiness":0.5,"ready":1,"required":2,\
                "not_ready":[{"dataset":"b","state":"empty","required":true,"class":"timeout"},\
                {"dataset":"c","state":"waiting","required":false,"class":null}]}
                """)
    }

    /// Remembers what it was given.
    private final class Poster: WebhookPoster {
        let posts = Mutex<[(json: String, url: String, token: String?)]>([])
        let failure: SourceFailure?
        init(_ failure: SourceFailure? = nil) { self.failure = failure }

        func post(_ json: String, to url: String, token: String?, within limit: Duration) async throws(SourceFailure) {
            posts.withLock { $0.append((json, url, token)) }
            if let failure { throw failure }
        }
    }

    private func send(_ alerts: [ReadinessAlert], _ poster: Poster) async throws -> [String] {
        let machine = try LiveMachine(root: "/tmp", mayChange: false, environment: ["HOOK": "token-\(Self.canary)"])
        let sender = AlertSender(machine: machine, poster: poster) {
            $0.replacing(Self.canary, with: "[redacted]")
        }
        return await sender.send(try notice(["a": .empty], [DatasetOutcome("a", .failed)]), by: alerts)
    }

    private func hook(_ occasion: ReadinessAlert.Occasion = .failure, token: String? = nil) -> ReadinessAlert {
        ReadinessAlert(
            occasion, .webhook(.init(url: "https://example.org/\(Self.canary)", tokenVariable: token)), location: here)
    }

    @Test func aWebhookGetsTheObjectAndItsToken() async throws {
        let poster = Poster()
        #expect(try await send([hook(token: "HOOK"), hook(.below(0.5))], poster) == [])
        let posts = poster.posts.withLock { $0.sorted { ($0.token ?? "") > ($1.token ?? "") } }
        #expect(posts.map(\.token) == ["token-\(Self.canary)", nil])
        #expect(posts.allSatisfy { $0.url == "https://example.org/\(Self.canary)" && !$0.json.contains(Self.canary) })
        #expect(posts.first?.json.contains(#""alert":"failure""#) == true)
        #expect(posts.last?.json.contains(#""alert":"below","threshold":0.5"#) == true)
    }

    @Test(
        "Through curl, and any answer but success is a trouble of which only the server is said",
        .timeLimit(.minutes(1)))
    func realServer() async throws {
        let machine = try LiveMachine(
            root: "/tmp", mayChange: false,
            environment: ["HOOK": "token-\(Self.canary)", "PATH": "/usr/bin:/bin"])
        try await withServer([.json("{}"), .answer(500, body: Self.canary), .answer(404, body: "")]) { server in
            let alert = ReadinessAlert(
                .failure, .webhook(.init(url: "\(server.url)/\(Self.canary)", tokenVariable: "HOOK")), location: here)
            var said: [[String]] = []
            for _ in 0..<3 {
                said.append(
                    await AlertSender(machine: machine) { $0 }
                        .send(try notice(["a": .empty], [DatasetOutcome("a", .failed)]), by: [alert]))
            }
            #expect(said[0] == [])
            for (trouble, status) in zip(said.dropFirst(), [500, 404]) {
                #expect(
                    trouble.count == 1 && trouble[0].hasSuffix("127.0.0.1:\(server.port): answered \(status)"),
                    "\(trouble)")
                #expect(!trouble.joined().contains(Self.canary))
            }
            let requests = server.requests
            #expect(requests.map(\.method) == ["POST", "POST", "POST"])
            #expect(requests[0].headers["authorization"] == "Bearer token-\(Self.canary)")
            #expect(requests[0].body.contains(#""format":"selfheal-alert/1""#))
        }
    }

    @Test("What could not be sent is said in the order of the manifest, without secrets") func troubles() async throws {
        let failing = Poster(SourceFailure(.connection, "no \(Self.canary)"))
        #expect(
            try await send([hook(token: "NO_SUCH"), hook()], failing) == [
                "the alert 'example.org' (schemas.yaml:1:1) was not sent: the environment variable 'NO_SUCH' is not set",
                "the alert 'example.org' (schemas.yaml:1:1) was not sent: no [redacted]",
            ])
        #expect(failing.posts.withLock { $0.count } == 1)
        let missing = ReadinessAlert(
            .failure, .command(CommandSource(arguments: ["no-such-program-x", Self.canary])), location: here)
        let said = try await send([missing], Poster())
        #expect(said.count == 1 && said[0].contains("'no-such-program-x'") && said[0].contains("no such program"))
        #expect(!said[0].contains(Self.canary))
    }
}
