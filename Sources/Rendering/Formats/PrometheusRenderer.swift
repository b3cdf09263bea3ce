import HealModel

/// A report as metrics in Prometheus' text format, for node_exporter's textfile collector.
///
/// Labels have few values: the application, the tool, the group of checks, and states. What is wrong by name is in the other
/// formats.
public struct PrometheusRenderer: ReportRenderer {
    public init() {}

    public func render(_ report: Report) -> String {
        let app = report.app ?? report.root.split(separator: "/").last.map(String.init) ?? ""
        let common = [Label("app", app), Label("tool", report.tool)]
        var page = Page()
        let verdict: String =
            switch ExitStatus(rawValue: report.exitStatus) {
            case .ok: "ok"
            case .warnings: "warnings"
            case .critical, .usage, .configuration, nil: "critical"
            }
        page.status(verdict, common)
        page.exitStatus(report.exitStatus, common)
        page.family(
            "selfheal_checks", "Checks of the last run by group and status.",
            ReportIndex(report).groups.flatMap { group in
                Status.allCases.map { status in
                    (
                        common + [Label("group", group.title), Label("status", status.rawValue)],
                        String(group.entries.count { $0.check.status == status })
                    )
                }
            })
        let findings = report.checks.flatMap(\.findings)
        page.family(
            "selfheal_findings", "Findings that remain after the last run, by severity.",
            Severity.allCases.reversed().map { severity in
                (
                    common + [Label("severity", severity.rawValue)],
                    String(findings.count { $0.severity == severity })
                )
            })
        page.family(
            "selfheal_repairs", "Repairs of the last run by outcome.",
            [Outcome.applied, .unneeded, .refused, .failed, .undone].map { outcome in
                (
                    common + [Label("outcome", outcome.rawValue)],
                    String(report.repairs.count { $0.outcome == outcome })
                )
            })
        page.family(
            "selfheal_faults", "Faults of the last run itself.", [(common, String(report.faults.count))])
        page.family(
            "selfheal_run_duration_seconds", "How long the last run took.",
            [(common, Decimals.seconds(microseconds: report.durationMicroseconds, digits: 6))])
        page.family(
            "selfheal_run_timestamp_seconds", "When the last run began, in seconds since 1970-01-01 UTC.",
            [(common, Decimals.seconds(microseconds: report.startedAt * 1_000, digits: 3))])
        page.family(
            "selfheal_info", "The version and mode of the last run; always 1.",
            [(common + [Label("version", report.toolVersion), Label("mode", report.mode.rawValue)], "1")])
        return page.text
    }

    /// The run's own failure, so that metrics that went stale are not the only sign of it.
    public func render(_ refusal: Refusal) -> String {
        var page = Page()
        let tool = [Label("tool", refusal.tool)]
        page.status("critical", tool)
        page.exitStatus(refusal.status.rawValue, tool)
        return page.text
    }

    private struct Label {
        var name: String
        var value: String
        init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    private struct Page {
        private(set) var text = ""

        mutating func status(_ verdict: String, _ common: [Label]) {
            family(
                "selfheal_status", "The verdict of the last run: 1 for the state that holds.",
                ["ok", "warnings", "critical"].map { (common + [Label("status", $0)], $0 == verdict ? "1" : "0") })
        }

        mutating func exitStatus(_ status: Int32, _ common: [Label]) {
            family(
                "selfheal_exit_status",
                "The exit status of the last run: 0 ok, 1 critical, 2 warnings, 64 or 78 nothing was looked at.",
                [(common, String(status))])
        }

        mutating func family(_ name: String, _ help: String, _ samples: [([Label], String)]) {
            guard !samples.isEmpty else { return }
            text += "# HELP \(name) \(help)\n# TYPE \(name) gauge\n"
            for (labels, value) in samples {
                let pairs = labels.map { "\($0.name)=\"\(Self.escaped($0.value))\"" }.joined(separator: ",")
                text += "\(name){\(pairs)} \(value)\n"
            }
        }

        private static func escaped(_ text: String) -> String {
            SafeText.line(text).replacing("\\", with: "\\\\").replacing("\"", with: "\\\"")
                .replacing("\n", with: "\\n")
        }
    }
}
