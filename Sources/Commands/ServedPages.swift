import Foundation
import HealModel
import Rendering
import Serving

/// What `selfheal serve` answers: the last look in three forms.
enum ServedPages {
    static let paths: Set<String> = ["/", "/healthz", "/metrics"]

    static func page(_ path: String, _ look: Look) -> Page {
        switch path {
        case "/healthz": health(look)
        case "/metrics":
            Page(type: "text/plain; version=0.0.4; charset=utf-8", body: text(look, .prometheus))
        default: Page(type: "text/html; charset=utf-8", body: text(look, .html))
        }
    }

    private static func text(_ look: Look, _ format: OutputFormat) -> String {
        let renderer = format.renderer(layout: .validation, style: .plain, explanations: Explanation.all)
        return switch look {
        case .report(let report): renderer.render(report)
        case .refusal(let refusal): renderer.render(refusal)
        }
    }

    private struct Health: Encodable {
        var status: String
        var exitStatus: Int32
        var app: String?
        var checks: Int
        /// The resources of what is critical.
        var critical: [String]
        var warnings: [String]
        /// Why nothing was looked at.
        var errors: [String]
        var checkedAt: String?
        var durationMicroseconds: Int64?
    }

    /// 200 where the application can run, also with warnings; else 503.
    private static func health(_ look: Look) -> Page {
        var health = Health(
            status: "\(look.status)", exitStatus: look.status.rawValue, checks: 0, critical: [], warnings: [],
            errors: [])
        switch look {
        case .report(let report):
            let subjects = { (severity: Severity) in
                report.checks.filter { $0.severity == severity }.map(\.subject)
            }
            health.app = report.app
            health.checks = report.checks.count
            health.critical = subjects(.critical)
            health.warnings = subjects(.warning)
            health.errors = report.faults
            health.checkedAt = Timestamp.iso8601(milliseconds: report.startedAt)
            health.durationMicroseconds = report.durationMicroseconds
        case .refusal(let refusal): health.errors = refusal.faults.map(\.text)
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let body = (try? encoder.encode(health)).map { String(decoding: $0, as: UTF8.self) + "\n" } ?? "{}\n"
        let isWell = look.status == .ok || look.status == .warnings
        return Page(status: isWell ? 200 : 503, type: "application/json", body: body)
    }
}
