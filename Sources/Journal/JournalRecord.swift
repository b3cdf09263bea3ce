import Foundation
import GRDB
import HealModel

/// Between rows of the journal and values.
enum JournalRecord {
    // MARK: Writing

    static func insert(_ header: RunHeader, in db: Database) throws -> Int64 {
        try db.execute(
            sql: """
                INSERT INTO run (tool, tool_version, app, mode, manifest, plan_hash, started_at, pid, undoes, state)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'begun')
                """,
            arguments: [
                header.tool, header.toolVersion, header.app, header.mode.rawValue, header.manifest, header.planHash,
                header.startedAt, header.pid, header.undoes,
            ])
        return db.lastInsertedRowID
    }

    static func insert(_ intent: PlannedRepair, position: Int, of run: Int64, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO repair (run, position, finding, subject, doing, done, detail, risk, steps, "also", awaits)
                VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT DO NOTHING
                """,
            arguments: [
                run, position, intent.finding.id.rawValue, intent.finding.subject, intent.repair.doing,
                intent.repair.done, intent.repair.detail, intent.repair.risk.rawValue,
                try json(intent.repair.steps.map(\.shown)), try json(intent.also), try json(intent.repair.after),
            ])
    }

    /// Writes the outcome of a repair. One that was not planned (the plan is made again inside a transaction) comes last.
    static func update(_ record: RepairRecord, of run: Int64, in db: Database) throws {
        try db.execute(
            sql: """
                INSERT INTO repair (
                    run, position, finding, subject, doing, done, detail, risk, steps, outcome, reason, "before", "after",
                    duration_us, "also", awaits, proofs)
                SELECT ?1, coalesce(max(position) + 1, 0), ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15,
                    ?16
                FROM repair WHERE run = ?1
                ON CONFLICT (run, finding, subject) DO UPDATE SET
                    doing = excluded.doing, done = excluded.done, detail = excluded.detail, risk = excluded.risk,
                    steps = excluded.steps, outcome = excluded.outcome, reason = excluded.reason,
                    "before" = excluded."before", "after" = excluded."after", duration_us = excluded.duration_us,
                    "also" = excluded."also", awaits = excluded.awaits, proofs = excluded.proofs
                """,
            arguments: [
                run, record.finding.id.rawValue, record.finding.subject, record.repair.doing, record.repair.done,
                record.repair.detail, record.repair.risk.rawValue, try json(record.repair.steps.map(\.shown)),
                record.outcome.rawValue, record.reason, record.before, record.after, record.durationMicroseconds,
                try json(record.also), try json(record.repair.after), try json(record.proofs),
            ])
    }

    static func insert(_ change: DatabaseChange, position: Int, of run: Int64, in db: Database) throws {
        try db.execute(
            sql: "INSERT INTO database_change (run, position, database, backup, change) VALUES (?, ?, ?, ?, ?)",
            arguments: [run, position, change.database.text, change.backup?.path.text, try json(change)])
    }

    private static func json(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }

    private static func value<Value: Decodable>(_ json: String, of run: Int64) throws -> Value {
        do {
            return try JSONDecoder().decode(Value.self, from: Data(json.utf8))
        } catch {
            throw JournalError.unreadable(run: run)
        }
    }

    // MARK: Reading

    /// The runs that have not ended, but for those beside others: they may be at work.
    static let begun = "WHERE state = 'begun' AND NOT is_beside ORDER BY id"

    /// - Parameter tail: what comes after `FROM run`.
    static func runs(in db: Database, _ tail: String, _ arguments: StatementArguments) throws -> [JournalRun] {
        // A journal that is only read may still be of an older version.
        let knowsBeside = try db.columns(in: "run").contains { $0.name == "is_beside" }
        let tail = knowsBeside ? tail : tail.replacing("AND NOT is_beside ", with: "")
        return try Row.fetchAll(db, sql: "SELECT * FROM run \(tail)", arguments: arguments).map { row in
            let id: Int64 = row["id"]
            guard let mode = RunMode(rawValue: row["mode"]), let state = JournalRun.State(rawValue: row["state"]) else {
                throw JournalError.unreadable(run: id)
            }
            let header = RunHeader(
                tool: row["tool"], toolVersion: row["tool_version"], app: row["app"], mode: mode,
                manifest: row["manifest"], planHash: row["plan_hash"], startedAt: row["started_at"], pid: row["pid"],
                undoes: row.hasColumn("undoes") ? row["undoes"] : nil)
            let repairs = try Row.fetchAll(
                db, sql: "SELECT * FROM repair WHERE run = ? ORDER BY position", arguments: [id])
            let changes =
                try hasChanges(db)
                ? String.fetchAll(
                    db, sql: "SELECT change FROM database_change WHERE run = ? ORDER BY position", arguments: [id]) : []
            return JournalRun(
                id: id, header: header, state: state, exitStatus: row["exit_status"],
                durationMicroseconds: row["duration_us"], note: row["note"],
                repairs: try repairs.map { try repair($0, of: id) },
                changes: try changes.map { try value($0, of: id) })
        }
    }

    /// A journal that is only read may still be of an older version.
    private static func hasChanges(_ db: Database) throws -> Bool { try db.tableExists("database_change") }

    private static func repair(_ row: Row, of run: Int64) throws -> JournalRepair {
        let outcome: String? = row["outcome"]
        guard let risk = Risk(rawValue: row["risk"]),
            outcome == nil || outcome.flatMap(Outcome.init) != nil
        else { throw JournalError.unreadable(run: run) }
        // Of an older version that is only read.
        let lists = row.hasColumn("also")
        return JournalRepair(
            finding: Finding.Key(id: FindingID(rawValue: row["finding"]), subject: row["subject"]),
            also: lists ? try value(row["also"], of: run) : [],
            repair: Repair(
                row["doing"], done: row["done"], detail: row["detail"], risk: risk,
                steps: try value(row["steps"], of: run), after: lists ? try value(row["awaits"], of: run) : []),
            outcome: outcome.flatMap(Outcome.init), reason: row["reason"], before: row["before"],
            after: row["after"], durationMicroseconds: row["duration_us"],
            proofs: lists ? try value(row["proofs"], of: run) : [])
    }
}
