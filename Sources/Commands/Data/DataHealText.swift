import Datasets
import HealKit
import HealModel
import Populating
import Rendering

/// What `selfheal data heal` prints while it works: a line for each step, or events as lines of JSON.
final class DataEventWriter: Sendable {
    private let isJSON: Bool
    private let progress: DataProgress

    init(console: Console, isJSON: Bool) {
        self.isJSON = isJSON
        // Lines of JSON say themselves how far it is.
        progress = DataProgress(isJSON ? .nothing : DataProgress.Mode(console)) { console.emit($0) }
    }

    func write(_ event: PopulationEvent) {
        let line = isJSON ? SafeText.json(event.jsonLine) : DataHealText.line(event).map(SafeText.line)
        progress.note(event, saying: line.map { $0 + "\n" })
    }

    func end(
        _ plan: PopulationPlan, _ outcomes: [DatasetOutcome], _ report: ReadinessReport?, target: Double?,
        isStopped: Bool, status: ExitStatus
    ) {
        let text =
            isJSON
            ? DataHealText.blockedLines(plan) + DataHealText.unhealedLines(outcomes, report)
                + DataHealText.summary(report, target: target, isStopped: isStopped, status: status).text + "\n"
            : DataHealText.summary(plan, outcomes, report, target: target, isStopped: isStopped)
        progress.end()
        progress.say(text)
    }
}

/// The words of `selfheal data heal`.
enum DataHealText {
    /// 0, 1 or 2: everything, something that the application needs, something else is not ready.
    /// - Parameter chosen: the names of those that are asked for; `nil`: all.
    static func status(_ report: ReadinessReport, of chosen: Set<String>? = nil) -> ExitStatus {
        let all = report.statuses.filter { chosen?.contains($0.name) ?? true }
        if all.contains(where: { !$0.isReady && $0.dataset.isRequired }) { return .critical }
        return all.contains { !$0.isReady || !$0.warnings.isEmpty } ? .warnings : .ok
    }

    /// - Returns: `nil` for what is not worth a line.
    static func line(_ event: PopulationEvent) -> String? {
        switch event {
        case .begins(let name, let total):
            "[HEALING] \(name)" + (total.map { $0 == 1 ? "" : ": \($0) units" } ?? "")
        case .advances: nil
        case .retries(let name, let attempt, let most, _, let failure, let delay):
            "[WARNING] \(name): \(failure.message); attempt \(attempt) of \(most) in \(delay.inSeconds)"
        case .halves(let name, let units, let failure):
            "[WARNING] \(name): \(failure.message); trying the halves of \(units) units"
        case .slows(let name, let concurrency, _): "[WARNING] \(name): \(concurrency) at once from now on"
        case .needs(let name, let parent): "[HEALING] \(parent) first: \(name) depends on it"
        case .opens(let name, let origin, let failures, let failure, let pause):
            failure.kind == .authentication
                ? "[WARNING] \(name): \(origin) does not let us in and is not asked again in this run"
                : "[WARNING] \(name): \(failures) \(failures == 1 ? "failure" : "failures in a row") of \(origin), which is "
                    + (pause.map { "asked again in \($0.inSeconds)" } ?? "not asked again in this run")
        case .closes(let name, let origin): "[HEALING] \(name): \(origin) answers again"
        case .ends(let outcome): line(outcome)
        }
    }

    private static func line(_ outcome: DatasetOutcome) -> String? {
        let progress = outcome.progress
        let did =
            "\(CountWords.rows(progress.rows)) of \(CountWords.units(progress.finished - progress.failedUnits)) in "
            + progress.elapsed.inSeconds
        let failed = progress.failedUnits == 0 ? "" : ", \(CountWords.units(progress.failedUnits)) failed"
        let why = ([outcome.failure?.message].compactMap { $0 } + outcome.tried).joined(separator: "; ")
        let reason = why.isEmpty ? "" : "; \(why)"
        return switch outcome.result {
        case .unneeded: nil
        case .done: "[OK] \(outcome.dataset): \(did)\(reason)"
        case .incomplete: "[ERROR] \(outcome.dataset): \(did)\(failed)\(reason)"
        case .failed: "[ERROR] \(outcome.dataset)\(reason.replacing("; ", with: ": ", maxReplacements: 1))"
        case .interrupted: "[WARNING] \(outcome.dataset): stopped on request after \(did)"
        case .notStarted: "[WARNING] \(outcome.dataset): not begun\(reason)"
        }
    }

    static func summary(
        _ plan: PopulationPlan, _ outcomes: [DatasetOutcome], _ report: ReadinessReport?, target: Double?,
        isStopped: Bool
    ) -> String {
        var lines: [String] = []
        for blocked in plan.blocked { lines.append(SafeText.line("[ERROR] \(blocked.name): \(words(blocked))")) }
        for status in unhealed(outcomes, report) {
            let level = status.dataset.isRequired ? "ERROR" : "WARNING"
            lines.append(SafeText.line("[\(level)] \(status.name): \(words(status))"))
        }
        if isStopped {
            lines.append("[WARNING] stopped on request; what is done stays done")
        } else if plan.isEmpty && plan.blocked.isEmpty {
            lines.append("[OK] there is nothing to do")
        }
        if let report, let readiness = report.readiness {
            let share = Int((readiness * 100).rounded(.down))
            lines.append(
                "[INFO] " + (target.map { "wanted \($0), " } ?? "")
                    + "readiness \(share) % (\(report.readyCount)/\(report.requiredCount))"
                    + (report.missing.isEmpty ? "" : "; not ready: \(report.missing.joined(separator: ", "))"))
        }
        return lines.map { $0 + "\n" }.joined()
    }

    static func summary(
        _ report: ReadinessReport?, target: Double?, isStopped: Bool, status: ExitStatus
    ) -> JSONContent {
        .object([
            .init("event", .text("finished")), .init("stopped", .boolean(isStopped)),
            .init("target", target.map { .real($0) } ?? .null),
            .init("readiness", report?.readiness.map { .real($0) } ?? .null),
            .init("ready", report.map { .integer(Int64($0.readyCount)) } ?? .null),
            .init("required", report.map { .integer(Int64($0.requiredCount)) } ?? .null),
            .init("not_ready", .array(report?.missing.map { .text($0) } ?? [])),
            .init("exit_status", .integer(Int64(status.rawValue))),
        ])
    }

    // MARK: What is not ready although all went well

    /// Of those that were blocked, failed or not begun, the reason is told already; and whoever waits needs none of his own.
    private static func unhealed(_ outcomes: [DatasetOutcome], _ report: ReadinessReport?) -> [DatasetStatus] {
        outcomes.filter { $0.result == .done }.compactMap { report?[$0.dataset] }.filter {
            !$0.isReady && $0.state != .waiting
        }
    }

    private static func words(_ status: DatasetStatus) -> String {
        let why = status.reason ?? "it is \(status.state.rawValue)"
        return switch status.state {
        case .invalid:
            "\(why); its new rows are kept: mend what they are made from, or the check, and have them made again "
                + "('selfheal data heal \(status.name)\(needsForce(status) ? " --force" : "")')"
        case .stale: "\(why); its new rows are no newer: mend what they are made from"
        default: why
        }
    }

    private static func needsForce(_ status: DatasetStatus) -> Bool {
        status.dataset.populate?.write != .replace || status.dataset.populate?.unit != nil
    }

    /// Datasets whose work went well, and that are not ready all the same.
    static func unhealedLines(_ outcomes: [DatasetOutcome], _ report: ReadinessReport?) -> String {
        unhealed(outcomes, report).map { status in
            JSONContent.object([
                .init("event", .text("not_ready")), .init("dataset", .text(status.name)),
                .init("state", .text(status.state.rawValue)),
                .init("reason", status.reason.map { .text($0) } ?? .null),
            ]).text + "\n"
        }.joined()
    }

    // MARK: Plans

    static func text(_ plan: PopulationPlan) -> String {
        var lines = plan.datasets.map { planned in
            "[PLAN] \(planned.name)" + (planned.units.map { ": \(CountWords.units($0))" } ?? "")
                + (planned.explanation.map { " (\($0))" } ?? "")
        }
        lines += plan.blocked.map { "[ERROR] \($0.name): \(words($0))" }
        if lines.isEmpty { lines = ["[OK] there is nothing to do"] }
        return lines.map { SafeText.line($0) + "\n" }.joined()
    }

    static func json(_ plan: PopulationPlan) -> String {
        let lines =
            plan.datasets.map { planned -> JSONContent in
                .object([
                    .init("event", .text("planned")), .init("dataset", .text(planned.name)),
                    .init("group", .integer(Int64(planned.group))),
                    .init("units", planned.units.map { .integer(Int64($0)) } ?? .null),
                    .init("reason", planned.explanation.map { .text($0) } ?? .null),
                ])
            }
        return lines.map { $0.text + "\n" }.joined() + blockedLines(plan)
    }

    /// Those that are not populated, and why.
    static func blockedLines(_ plan: PopulationPlan) -> String {
        plan.blocked.map { blocked in
            let content = JSONContent.object([
                .init("event", .text("blocked")), .init("dataset", .text(blocked.name)),
                .init("reason", .text(blocked.reason)),
                .init("class", blocked.kind.map { .text($0.rawValue) } ?? .null),
            ])
            return SafeText.json(content.text) + "\n"
        }.joined()
    }

    private static func words(_ blocked: BlockedDataset) -> String {
        blocked.reason + (blocked.kind.map { " (\($0.rawValue))" } ?? "")
    }
}
