import ArgumentParser
import Datasets
import HealKit
import HealModel
import LiveMachine

/// What the commands that look at datasets understand beside `DataOptions`.
struct DataViewOptions: ParsableArguments, Sendable {
    @Argument(
        help: ArgumentHelp(
            "Datasets: a name, +name (and all it depends on), name+ (and all that depends on it), tag:…, status:…; * and ? "
                + "stand for any characters. None: all of them.",
            valueName: "selector"))
    var selectors: [String] = []

    @Option(help: ArgumentHelp("How many databases, or datasets, are worked on at once (1 to 256).", valueName: "n"))
    var jobs: Int = 4

    func validate() throws {
        guard (1...256).contains(jobs) else { throw ValidationError("--jobs takes a whole number from 1 to 256") }
    }
}

/// How the datasets of a manifest are, and which of them were chosen.
struct DataView: Sendable {
    let session: DataSession
    let report: ReadinessReport
    /// The names of the datasets that were chosen; `nil` when nothing was said.
    let chosen: Set<String>?

    /// - Parameters:
    ///   - looksAtUnits: for plans.
    ///   - runsPrograms: for alerts.
    init(
        _ options: DataOptions, _ view: DataViewOptions, looksAtUnits: Bool = false, runsPrograms: Bool = false
    ) async throws(DataRefusal) {
        session = try await DataSession(options, mayChange: false, runsPrograms: runsPrograms, needsDatasets: false)
        let selection: DatasetSelection
        do throws(DatasetSelection.Problem) {
            selection = try DatasetSelection(view.selectors, in: session.graph)
        } catch {
            throw DataRefusal(.usage, error.message)
        }
        do throws(MachineError) {
            let options = StatusOptions(jobs: view.jobs, looksAtUnits: looksAtUnits)
            report = try await StatusReader(session.graph, on: session.machine, options).read()
        } catch {
            throw DataRefusal(.critical, error.explanation)
        }
        chosen = selection.isEverything ? nil : selection.names(in: session.graph, report)
    }

    /// 0 when all that were chosen are ready, 1 when a required one of them is not, 2 when only optional ones are not, there are
    /// warnings, or no dataset is declared.
    var exitStatus: ExitStatus {
        let all = report.statuses.filter { chosen?.contains($0.name) ?? true }
        if all.contains(where: { $0.dataset.isRequired && !$0.isReady }) { return .critical }
        return report.statuses.isEmpty || all.contains { !$0.isReady || !$0.warnings.isEmpty } ? .warnings : .ok
    }
}
