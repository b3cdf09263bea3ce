import HealModel

/// The text of `selfheal undo` and `selfheal restore`: what was taken back and in which way, and what was refused.
public struct UndoRenderer: ReportRenderer {
    public var style: TextStyle

    public init(style: TextStyle = .plain) { self.style = style }

    public func render(_ report: Report) -> String {
        var writer = TextWriter(style, tags: [.error])
        let index = ReportIndex(report)
        let dry = report.mode != .heal
        if let headline = report.notes.first {
            writer.heading(headline + (dry ? " (dry run: nothing is changed)" : ""))
        }
        for note in report.notes.dropFirst() { writer.line(.info, note) }
        for record in report.repairs {
            writer.item(record)
            writer.aboutRepair(record)
        }
        for plan in dry ? report.plan?.performed ?? [] : [] {
            writer.item(.planned, plan.repair.doing, detail: plan.repair.detail)
            if writer.isVerbose { writer.continuation(Wording.steps(plan.repair)) }
        }
        let planned = Set((report.plan?.repairs ?? []).flatMap(\.findings))
        var refused = 0
        for entry in index.entries {
            writer.state(entry.check)
            if entry.records.isEmpty, !entry.check.findings.contains(where: { planned.contains($0.key) }) {
                for confirmation in entry.check.confirmations { writer.item(.done, confirmation) }
            }
            for finding in entry.check.findings where finding.repair == nil {
                writer.finding(finding, withheld: nil)
                refused += 1
            }
        }
        for change in report.databases {
            guard let backup = change.backup else { continue }
            writer.line(.info, "What \(change.database) held before this is in \(backup.path)")
        }
        writer.faults(report)
        let failed = report.repairs.count { Wording.failure($0) != nil }
        let done = report.repairs.count { $0.outcome == .applied }
        writer.plain(
            dry
                ? "Total: \(report.plan?.performed.count ?? 0) planned, \(refused) refused"
                : "Total: \(done) done, \(refused) refused, \(failed) failed")
        writer.aboutOutcome(report)
        return writer.text
    }
}

/// The output of `selfheal restore --list`.
public struct BackupListRenderer: Sendable {
    /// The version of the JSON.
    public static let format = "selfheal-backups/1"

    public var style: TextStyle

    public init(style: TextStyle = .plain) { self.style = style }

    /// One backup a line, in the order given.
    public func text(_ database: ResourcePath, _ backups: [Backup]) -> String {
        var writer = TextWriter(style, tags: [])
        if backups.isEmpty { writer.plain("There is no backup of \(database)") }
        for backup in backups { writer.plain("\(backup.path)  \(Wording.size(backup.size))") }
        return writer.text
    }

    public func json(_ database: ResourcePath, _ backups: [Backup]) -> String {
        let list = backups.map { backup in
            JSONValue.members(("path", .string(backup.path.text)), ("size", .integer(backup.size)))
        }
        return JSONValue.members(
            ("format", .string(Self.format)), ("database", .string(database.text)), ("backups", .array(list))
        ).text
    }
}

extension Wording {
    /// `512 bytes`, `12.3 MB`.
    static func size(_ bytes: Int64) -> String {
        switch bytes {
        case ..<10_000: count(Int(bytes), "byte")
        case ..<1_000_000: "\(bytes / 1_000) kB"
        case ..<1_000_000_000: "\(bytes / 1_000_000).\(bytes / 100_000 % 10) MB"
        default: "\(bytes / 1_000_000_000).\(bytes / 100_000_000 % 10) GB"
        }
    }
}
