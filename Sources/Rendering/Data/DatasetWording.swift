import Datasets
import HealModel

/// Sentences about how datasets are, for every format.
enum DatasetWording {
    /// `Readiness: 85.7 % (6/7 required datasets are ready)`; says so when there is nothing to count.
    static func readiness(_ report: ReadinessReport) -> String {
        guard let readiness = report.readiness else {
            return report.statuses.isEmpty
                ? "Readiness: none (no dataset is declared)" : "Readiness: none (no dataset is required)"
        }
        return "Readiness: \(Decimals.percent(readiness)) "
            + "(\(report.readyCount)/\(report.requiredCount) required datasets are ready)"
    }

    static func verdict(_ report: ReadinessReport) -> (tag: Tag, words: String) {
        let missing = report.missing
        if !missing.isEmpty {
            let names = Wording.list(missing)
            return (.error, "\(names) \(missing.count == 1 ? "is" : "are") required and not ready")
        }
        let optional = report.statuses.filter { !$0.isReady }.map(\.name)
        if !optional.isEmpty {
            return (.warning, "\(Wording.list(optional)) \(optional.count == 1 ? "is" : "are") not ready, but optional")
        }
        let warned = report.statuses.filter { !$0.warnings.isEmpty }.map(\.name)
        if !warned.isEmpty {
            return (.warning, "All datasets are ready; there are warnings on \(Wording.list(warned))")
        }
        if report.statuses.isEmpty { return (.warning, "No dataset is declared") }
        return (.ok, report.statuses.count == 1 ? "The only dataset is ready" : "All datasets are ready")
    }

    /// `0.83 (volume 1, coverage 0.5)`.
    static func health(_ score: HealthScore?) -> String {
        guard let score else { return "-" }
        let parts = score.parts.map { "\($0.dimension.rawValue) \(hundredths($0.value))" }
        return "\(hundredths(score.value)) (\(parts.joined(separator: ", ")))"
    }

    private static func hundredths(_ value: Double) -> String { Decimals.short((value * 100).rounded(.down) / 100) }

    static func updated(_ status: DatasetStatus) -> String {
        status.lastUpdated.map { Timestamp.readable(milliseconds: $0) } ?? "-"
    }

    /// Why it is not ready, and what else there is to say.
    static func remarks(_ status: DatasetStatus) -> [String] {
        [status.reason].compactMap { $0 } + status.warnings
    }

    static func blocking(_ one: ReadinessReport.Blocking) -> String {
        one.name + ": " + one.reason
            + (one.blocks.isEmpty ? "" : " (it keeps \(Wording.list(one.blocks)) from being ready)")
    }
}
