import HealModel
import ManifestShape

/// What stands under `readiness:` in the manifest.
public struct ReadinessSettings: Sendable, Hashable {
    /// Who is told when the data is not as it should be, in the order of the manifest.
    public var alerts: [ReadinessAlert]

    public init(alerts: [ReadinessAlert] = []) { self.alerts = alerts }
}

/// Somebody who is told when the data is not as it should be.
public struct ReadinessAlert: Sendable, Hashable {
    public enum Occasion: Sendable, Hashable {
        /// A run that fills tables ended with one of its datasets not well.
        case failure
        /// The readiness is less than this.
        case below(Double)
    }

    public enum Recipient: Sendable, Hashable {
        /// A program that reads one JSON object.
        case command(CommandSource)
        case webhook(Webhook)
    }

    /// A server that is sent one JSON object.
    public struct Webhook: Sendable, Hashable {
        /// Often a secret by itself: only `host` may be shown.
        public var url: String
        /// The name of the variable whose value is sent as a bearer token.
        public var tokenVariable: String?

        public init(url: String = "", tokenVariable: String? = nil) {
            self.url = url
            self.tokenVariable = tokenVariable
        }

        /// The server's name, and its port if one is given: what of the URL may be shown.
        public var host: String { String(rest.prefix { !"/?#".contains($0) }) }

        private var rest: Substring {
            ["https://", "http://"].lazy.filter(url.hasPrefix).first.map { url.dropFirst($0.count) } ?? ""
        }
    }

    public var occasion: Occasion
    public var recipient: Recipient
    public var location: SourceLocation

    public init(_ occasion: Occasion, _ recipient: Recipient, location: SourceLocation) {
        self.occasion = occasion
        self.recipient = recipient
        self.location = location
    }

    /// Where a program is named; `nil` for one that runs none.
    public var programLocation: SourceLocation? {
        if case .command = recipient { location } else { nil }
    }
}

extension ReadinessSettings {
    /// What stands under `readiness:` in the manifest.
    public static let shape: Shape<ReadinessSettings> = Shape.object(
        "What is done about how ready the data is.", ReadinessSettings(),
        [Field("alerts", { $0.alerts = $1 }, .list(of: alert), "Who is told when the data is not as it should be.")])

    private enum Occasion: String, Sendable, CaseIterable { case failure, below }

    private struct AlertEntry: Sendable {
        var occasion = Occasion.failure
        var threshold: Double?
        var command: CommandSource?
        var webhook: ReadinessAlert.Webhook?
    }

    private static let alert: Shape<ReadinessAlert> = Shape.object(
        "Somebody who is told.", AlertEntry(),
        [
            Field(
                "on", { $0.occasion = $1 }, Shape<Occasion>.choice, required: true,
                "failure: a run ended with a dataset that is not well; below: the readiness is less than 'below'."),
            Field("below", { $0.threshold = $1 }, Shape.number(0...1).optional, "A readiness above 0, at most 1."),
            Field(
                "command", { $0.command = $1 },
                CommandSource.shape.described("A program that reads one JSON object from its standard input.").optional,
                "A program and its arguments, never through a shell; it gets 10 seconds."),
            Field("webhook", { $0.webhook = $1 }, webhook.optional, "A server that is sent the object by POST."),
        ]
    ).located.map { (entry: Located<AlertEntry>) throws(ShapeFailure) -> ReadinessAlert in
        let value = entry.value
        let occasion: ReadinessAlert.Occasion
        switch (value.occasion, value.threshold) {
        case (.failure, nil): occasion = .failure
        case (.failure, _?): throw ShapeFailure("'below' needs 'on: below'")
        case (.below, let threshold?) where threshold > 0: occasion = .below(threshold)
        case (.below, _?): throw ShapeFailure("no readiness is below 0")
        case (.below, nil): throw ShapeFailure("'on: below' needs 'below', a readiness above 0, at most 1")
        }
        switch (value.command, value.webhook) {
        case (let command?, nil): return ReadinessAlert(occasion, .command(command), location: entry.location)
        case (nil, let webhook?): return ReadinessAlert(occasion, .webhook(webhook), location: entry.location)
        default: throw ShapeFailure("give either 'command' or 'webhook'")
        }
    }

    private static let webhook: Shape<ReadinessAlert.Webhook> = Shape.object(
        "A server that is sent one JSON object.", ReadinessAlert.Webhook(),
        [
            Field("url", { $0.url = $1 }, .name, required: true, "Where it is sent; http or https."),
            Field(
                "token_variable", { $0.tokenVariable = $1 }, Shape<String>.name.optional,
                "The environment variable whose value is sent as a bearer token."),
        ]
    ).map { (webhook: ReadinessAlert.Webhook) throws(ShapeFailure) -> ReadinessAlert.Webhook in
        // What is wrong is said without the URL, which may hold a secret.
        guard !webhook.host.isEmpty else {
            throw ShapeFailure("'url' begins with http:// or https:// and the name of a server")
        }
        if webhook.host.contains("@") {
            throw ShapeFailure("'url' holds a user's name; give a token in the variable that 'token_variable' names")
        }
        let isPlain = webhook.url.unicodeScalars.allSatisfy { $0.value > 0x20 && $0.value < 0x7F }
        guard isPlain else { throw ShapeFailure("'url' holds a character that stands in no URL") }
        return webhook
    }
}
