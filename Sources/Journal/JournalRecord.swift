import Foundation
import GRDB
import HealModel

/// Between rows of the journal and values.
enum JournalRecord {
    // MARK: Writing

    static func insert(_ header: RunHeader, in db: Database) throws -> Int64 {
        try db.execute(
            sql: """
                INSERT INTO run (tool, tool_version, app, mode, manifest, plan_hash, started_at, pid, state)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, 'begun')
                """,
            arguments: [
                header.tool, header.toolVersion, header.app, header.mode.rawValue, header.manifest, header.planHash,
                header.startedAt, header.pid,
            ])
        return db.lastInsertedRowID
    }

    static func insert(_ intent: PlannedRepair, position: Int, of run: Int64, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO repair (run, position, finding, subject, doing, done, detail, risk, steps)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """,
            arguments: [
                run, position, intent.finding.id.rawValue, intent.finding.subject, intent.repair.doing,
                intent.repair.done, intent.repair.detail, intent.repair.risk.rawValue,
                try json(intent.repair.steps),
            ])
    }

    /// Writes the outcome of a repair. One that was not planned (the plan is made again inside a transaction) comes last.
    static func update(_ record: RepairRecord, of run: Int64, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO repair (
                    run, position, finding, subject, doing, done, detail, risk, steps, outcome, reason, "before", "after",
                    duration_us)
                SELECT ?1, coalesce(max(position) + 1, 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13
                FROM repair WHERE run = ?1
                ON CONFLICT (run, finding, subject) DO UPDATE SET
                    doing = excluded.doing, done = excluded.done, detail = excluded.detail, risk = excluded.risk,
                    steps = excluded.steps, outcome = excluded.outcome, reason = excluded.reason,
                    "before" = excluded."before", "after" = excluded."after", duration_us = excluded.duration_us
                """,
            arguments: [
                run, record.finding.id.rawValue, record.finding.subject, record.repair.doing, record.repair.done,
                record.repair.detail, record.repair.risk.rawValue, try json(record.repair.steps),
                record.outcome.rawValue, record.reason, record.before, record.after, record.durationMicroseconds,
            ])
    }

    private static func json(_ steps: [Step]) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(steps), as: UTF8.self)
    }

    // MARK: Reading

    /// - Parameter tail: what comes after `FROM run`.
    static func runs(in db: Database, _ tail: String, _ arguments: StatementArguments) throws -> [JournalRun] {
        try Row.fetchAll(db, sql: "SELECT * FROM run \(tail)", arguments: arguments).map { row in
            let id: Int64 = row["id"]
            guard let mode = RunMode(rawValue: row["mode"]), let state = JournalRun.State(rawValue: row["state"]) else {
                throw JournalError.unreadable(run: id)
            }
            let header = RunHeader(
                tool: row["tool"], toolVersion: row["tool_version"], app: row["app"], mode: mode,
                manifest: row["manifest"], planHash: row["plan_hash"], startedAt: row["started_at"], pid: row["pid"])
            let repairs = try Row.fetchAll(
                db, sql: "SELECT * FROM repair WHERE run = ? ORDER BY position", arguments: [id])
            return JournalRun(
                id: id, header: header, state: state, exitStatus: row["exit_status"],
                durationMicroseconds: row["duration_us"], note: row["note"],
                repairs: try repairs.map { try repair($0, of: id) })
        }
    }

    private static func repair(_ row: Row, of run: Int64) throws -> JournalRepair {
        let steps: String = row["steps"]
        let outcome: String? = row["outcome"]
        guard let risk = Risk(rawValue: row["risk"]),
            let decoded = try? JSONDecoder().decode([Step].self, from: Data(steps.utf8)),
            outcome == nil || outcome.flatMap(Outcome.init) != nil
        else { throw JournalError.unreadable(run: run) }
        return JournalRepair(
            finding: Finding.Key(id: FindingID(rawValue: row["finding"]), subject: row["subject"]),
            repair: Repair(row["doing"], done: row["done"], detail: row["detail"], risk: risk, steps: decoded),
            outcome: outcome.flatMap(Outcome.init), reason: row["reason"], before: row["before"],
            after: row["after"], durationMicroseconds: row["duration_us"])
    }
}
