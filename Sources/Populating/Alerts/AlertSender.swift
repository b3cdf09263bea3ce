import Datasets
import HealKit
import HealModel

/// Sends a text to a server.
public protocol WebhookPoster: Sendable {
    /// POSTs JSON and takes any answer of success.
    /// - Parameter token: sent as a bearer token, and nowhere else.
    /// - Throws: a failure whose message holds neither the URL's path nor the token.
    func post(
        _ json: String, to url: String, token: String?, within limit: Duration
    ) async throws(SourceFailure)
}

/// Tells those who want to know that the data is not as it should be.
public struct AlertSender: Sendable {
    private let machine: any Machine
    private let poster: any WebhookPoster
    private let redact: @Sendable (String) -> String
    private let limit: Duration

    /// How long one of them may take.
    public static let limit = Duration.seconds(10)

    /// - Parameters:
    ///   - poster: sends to servers; `nil`: curl does.
    ///   - redact: takes secrets out of texts.
    public init(
        machine: any Machine, poster: (any WebhookPoster)? = nil, limit: Duration = AlertSender.limit,
        redact: @escaping @Sendable (String) -> String
    ) {
        self.machine = machine
        self.poster = poster ?? WebhookClient(machine: machine)
        self.limit = limit
        self.redact = redact
    }

    /// Sends all that are due, at the same time.
    /// - Returns: which could not be sent, and why, in the order of the manifest.
    public func send(_ notice: AlertNotice, by alerts: [ReadinessAlert]) async -> [String] {
        await withTaskGroup(of: (Int, String?).self) { group in
            for (index, alert) in alerts.enumerated() where notice.isDue(alert.occasion) {
                group.addTask { (index, await trouble(sending: notice, by: alert)) }
            }
            var troubles: [(Int, String)] = []
            for await case (let index, let trouble?) in group { troubles.append((index, trouble)) }
            return troubles.sorted { $0.0 < $1.0 }.map(\.1)
        }
    }

    private func trouble(sending notice: AlertNotice, by alert: ReadinessAlert) async -> String? {
        let text = notice.content(for: alert.occasion, redact: redact).text
        let name: String
        do throws(SourceFailure) {
            switch alert.recipient {
            case .command(let command):
                // Its arguments may hold secrets.
                name = command.arguments.first ?? ""
                try await run(command, text)
            case .webhook(let webhook):
                name = webhook.host
                let token = webhook.tokenVariable.flatMap { machine.environment[$0] }
                if let variable = webhook.tokenVariable, token?.isEmpty ?? true {
                    throw SourceFailure(.configuration, "the environment variable '\(variable)' is not set")
                }
                try await poster.post(text, to: webhook.url, token: token, within: limit)
            }
            return nil
        } catch {
            return redact("the alert '\(name)' (\(alert.location)) was not sent: \(error.message)")
        }
    }

    private func run(_ command: CommandSource, _ text: String) async throws(SourceFailure) {
        let answer: CommandAnswer
        do throws(MachineError) {
            let found = try machine.program(named: command.arguments.first ?? "")
            var environment: [String: String] = [:]
            for variable in ["PATH", "HOME", "LANG", "TMPDIR"] + command.environment {
                environment[variable] = machine.environment[variable]
            }
            answer = try await machine.run(
                CommandRequest(
                    executable: found, arguments: Array(command.arguments.dropFirst()), environment: environment,
                    timeout: limit, input: Array((text + "\n").utf8), supervision: Supervision(isConfined: false)))
        } catch {
            throw SourceFailure(error)
        }
        // What it said stays untold: nobody knows what it holds.
        if answer.leftProcesses {
            throw SourceFailure(.unknown, "it left processes running when it ended; they were ended too")
        }
        guard answer.status == 0 else { throw SourceFailure(.unknown, "it ended with exit status \(answer.status)") }
    }
}
