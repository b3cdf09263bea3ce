import Datasets
import ExternalPlugins
import HealModel
import Populating

/// How a run that fills tables ended.
struct DataEnd: Sendable {
    var status: ExitStatus
    /// `nil` when the run was stopped.
    var report: ReadinessReport?
    var outcomes: [DatasetOutcome]
    var blocked: [String]
    /// Its number in the journal.
    var run: Int64?
}

/// Tells whom the manifest names under `readiness.alerts`. That it cannot is a warning, and changes no exit status.
struct DataAlerts: Sendable {
    var session: DataSession
    var console: Console

    /// After a run. One that was stopped on request tells nobody: whoever stopped it knows.
    func send(_ end: DataEnd) async {
        guard let report = end.report else { return }
        await send(
            AlertNotice(
                application: session.manifest.app, tool: console.tool, run: end.run, exitStatus: end.status.rawValue,
                report: report, outcomes: end.outcomes, blocked: end.blocked))
    }

    /// After a look.
    func send(_ report: ReadinessReport, _ status: ExitStatus) async {
        await send(
            AlertNotice(
                application: session.manifest.app, tool: console.tool, exitStatus: status.rawValue, report: report))
    }

    private func send(_ notice: AlertNotice) async {
        let redactor = session.redactor
        let sender = AlertSender(machine: session.machine) { redactor($0) }
        for trouble in await sender.send(notice, by: session.manifest.readiness.alerts) { console.remark(trouble) }
    }
}
