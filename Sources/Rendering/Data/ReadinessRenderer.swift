import Datasets
import HealModel

/// The output of `selfheal data status`.
public struct ReadinessRenderer: Sendable {
    /// The version of the JSON.
    public static let format = "selfheal-readiness/1"

    public var style: TextStyle

    public init(style: TextStyle = .plain) { self.style = style }

    /// - Parameter shown: the names of the datasets to be listed; the readiness is that of all. `nil` for all.
    public func text(_ report: ReadinessReport, shown: Set<String>? = nil) -> String {
        var writer = TextWriter(style, tags: [.ok, .warning, .error])
        let listed = report.statuses.filter { shown?.contains($0.name) ?? true }
        if !writer.isQuiet {
            writer.heading(DatasetWording.readiness(report))
            if !listed.isEmpty {
                TextTable(
                    rows: [["DATASET", "STATE", "ROWS", "UPDATED (UTC)", "HEALTH"]] + listed.map(Self.cells),
                    rightAligned: [2]
                ).write(to: &writer)
            }
        }
        for status in listed {
            for remark in DatasetWording.remarks(status) {
                writer.item(
                    status.isReady ? .withheld : StateLook(status.state).mark, "\(status.name): \(remark)",
                    detail: writer.isVerbose ? status.dataset.location.description : "")
            }
        }
        let blocking = report.blocking.filter { shown?.contains($0.name) ?? true }
        if !blocking.isEmpty {
            writer.heading("Blocking, and for a person to mend:")
            for one in blocking { writer.item(.failed, DatasetWording.blocking(one)) }
        }
        let verdict = DatasetWording.verdict(report)
        if verdict.tag != .ok || !writer.isQuiet { writer.line(verdict.tag, verdict.words) }
        return writer.text
    }

    private static func cells(_ status: DatasetStatus) -> [String] {
        [
            status.name + (status.dataset.isRequired ? "" : " (optional)"), status.state.rawValue,
            status.rows?.description ?? "-", DatasetWording.updated(status), DatasetWording.health(status.health),
        ]
    }

    /// The same for programs.
    public func json(_ report: ReadinessReport, shown: Set<String>? = nil) -> String {
        JSONValue.members(
            ("format", .string(Self.format)),
            ("looked_at", .string(Timestamp.iso8601(milliseconds: report.time))),
            ("readiness", .optional(report.readiness)),
            ("ready", .number(report.readyCount)),
            ("required", .number(report.requiredCount)),
            ("populated", .number(report.statuses.count(where: \.isPopulated))),
            ("total", .number(report.statuses.count)),
            ("missing", .strings(report.missing)),
            (
                "blocking",
                .array(
                    report.blocking.map {
                        .members(
                            ("name", .string($0.name)), ("reason", .string($0.reason)), ("blocks", .strings($0.blocks)))
                    })
            ),
            (
                "datasets",
                .array(report.statuses.filter { shown?.contains($0.name) ?? true }.map { JSONValue($0) })
            )
        ).text
    }
}

extension JSONValue {
    fileprivate init(_ status: DatasetStatus) {
        let dataset = status.dataset
        self = .members(
            ("name", .string(status.name)),
            ("database", .string(dataset.relation.database.text)),
            ("table", .string(dataset.relation.table)),
            ("state", .string(status.state.rawValue)),
            ("reason", .optional(status.reason)),
            ("required", .bool(dataset.isRequired)),
            ("weight", .decimal(dataset.weight)),
            ("rows", status.rows.map { .number($0.atLeast) } ?? .null),
            ("rows_are_exact", .bool(status.rows?.isExact ?? false)),
            ("is_populated", .bool(status.isPopulated)),
            ("last_updated", .optional(status.lastUpdated.map { Timestamp.iso8601(milliseconds: $0) })),
            ("depends_on", .strings(dataset.parents)),
            ("dependencies_met", .bool(status.areDependenciesMet)),
            ("waits_for", .strings(status.waitsFor)),
            ("health", .optional(status.health?.value)),
            (
                "health_dimensions",
                .object(
                    (status.health?.parts ?? []).map {
                        JSONValue.Member($0.dimension.rawValue, .decimal($0.value))
                    })
            ),
            (
                "units",
                status.units.map {
                    .members(
                        ("done", .number($0.done)), ("pending", .number($0.pending)), ("failed", .number($0.failed)),
                        ("quarantined", .number($0.quarantined)), ("are_counted", .bool($0.isCounted)))
                } ?? .null
            ),
            (
                "checks",
                .array(
                    status.checks.map {
                        .members(
                            ("name", .string($0.check.name)), ("severity", .string($0.check.severity.rawValue)),
                            ("holds", .bool($0.holds)), ("reason", .optional($0.reason)))
                    })
            ),
            ("warnings", .strings(status.warnings)),
            ("tags", .strings(dataset.tags)),
            ("source", .string(dataset.location.description)))
    }
}
