import Datasets
import HealModel

/// What those are told who want to know when the data is not as it should be: names, classes and numbers, and no message, which
/// may hold what somebody else's program said.
public struct AlertNotice: Sendable {
    /// As the manifest names it.
    public var application: String?
    public var tool: String
    /// Its number in the journal; `nil` when it has none.
    public var run: Int64?
    public var exitStatus: Int32
    public var report: ReadinessReport
    /// What became of the datasets that were worked on; empty when it was only looked.
    public var outcomes: [DatasetOutcome]
    /// Datasets that were wanted, and that nothing could be done about.
    public var blocked: [String]

    public init(
        application: String?, tool: String, run: Int64? = nil, exitStatus: Int32, report: ReadinessReport,
        outcomes: [DatasetOutcome] = [], blocked: [String] = []
    ) {
        self.application = application
        self.tool = tool
        self.run = run
        self.exitStatus = exitStatus
        self.report = report
        self.outcomes = outcomes
        self.blocked = blocked
    }

    /// Whether a dataset of the run is not well: its work failed, or was not begun, or it is not ready afterwards.
    public var hasFailed: Bool {
        outcomes.contains { !$0.isGood || report[$0.dataset]?.isReady == false } || !blocked.isEmpty
    }

    public func isDue(_ occasion: ReadinessAlert.Occasion) -> Bool {
        switch occasion {
        case .failure: hasFailed
        // Where no dataset is required there is no readiness, and nothing is below it.
        case .below(let threshold): report.readiness.map { $0 < threshold } ?? false
        }
    }

    /// One object. Members are added in later versions, and none is taken away.
    public func content(for occasion: ReadinessAlert.Occasion, redact: (String) -> String) -> JSONContent {
        var members: [JSONContent.Member] = [.init("format", .text("selfheal-alert/1"))]
        switch occasion {
        case .failure: members += [.init("alert", .text("failure")), .init("threshold", .null)]
        case .below(let threshold): members += [.init("alert", .text("below")), .init("threshold", .real(threshold))]
        }
        let failures = Dictionary(
            outcomes.compactMap { outcome in outcome.failure.map { (outcome.dataset, $0.kind) } },
            uniquingKeysWith: { _, last in last })
        let failed = Set(outcomes.filter { !$0.isGood }.map(\.dataset))
        let notReady = report.statuses.filter { !$0.isReady || failed.contains($0.name) }
        members += [
            .init("application", application.map { .text(redact($0)) } ?? .null), .init("tool", .text(tool)),
            .init("run", run.map { .integer($0) } ?? .null), .init("exit_status", .integer(Int64(exitStatus))),
            .init("readiness", report.readiness.map { .real($0) } ?? .null),
            .init("ready", .integer(Int64(report.readyCount))),
            .init("required", .integer(Int64(report.requiredCount))),
            .init(
                "not_ready",
                .array(
                    notReady.map { status in
                        .object([
                            .init("dataset", .text(redact(status.name))), .init("state", .text(status.state.rawValue)),
                            .init("required", .boolean(status.dataset.isRequired)),
                            .init("class", failures[status.name].map { .text($0.rawValue) } ?? .null),
                        ])
                    })),
        ]
        return .object(members)
    }
}
