import HealKit
import HealModel

/// One pass inside the transaction of a database: look, change what is still wrong, look again.
struct DatabasePass {
    private let transaction: DatabaseTransaction
    private let connection: any ChangingConnection
    private let wanted: Set<Finding.Key>
    private let attempt: Int

    private(set) var records: [RepairRecord] = []
    private(set) var change: DatabaseChange
    /// What was performed, and found again afterwards.
    private(set) var unhealed: [Finding.Key] = []
    /// Answers of proofs that were given since the last change, by their query.
    private var answers: [String: String] = [:]
    /// Rows that reference a row that does not exist, by the two tables; `nil` where SQLite cannot say.
    private var orphans: [[SQLValue]: Int64]?

    init(
        _ transaction: DatabaseTransaction, _ connection: any ChangingConnection, wanted: Set<Finding.Key>, attempt: Int
    ) {
        self.transaction = transaction
        self.connection = connection
        self.wanted = wanted
        self.attempt = attempt
        change = DatabaseChange(database: transaction.check.database)
    }

    var hasChanged: Bool { records.contains { $0.outcome == .applied } }

    mutating func run() throws(MachineError) {
        let findings = try transaction.check.observe(connection).findings
        let groups = groups(of: findings)
        guard !groups.isEmpty else { return }
        if groups.contains(where: { $0.repair.risk > .low }) {
            change.backup = try backUp()
            orphans = try countOrphans()
            change.orphansBefore = orphans?.values.reduce(0, +)
        } else {
            try connection.requireSoundness()
        }
        change.schemaBefore = try connection.schemaRows()
        change.numbersBefore = try connection.schemaNumbers()

        var open = Set(findings.map(\.key))
        for group in groups {
            let record = try perform(group, open)
            if record.outcome == .applied { open.subtract(record.findings) }
            records.append(record)
        }
        guard hasChanged else { return }
        try lookAgain()
        change.schemaAfter = try connection.schemaRows()
        change.numbersAfter = try connection.schemaNumbers()
        if change.backup != nil { change.contentsAfter = try connection.contents(answers) }
        change.orphansAfter = change.backup == nil ? nil : orphans?.values.reduce(0, +)
    }

    /// Findings that one repair heals.
    private struct Group {
        var finding: Finding
        var also: [Finding.Key] = []
        var repair: Repair
    }

    private func groups(of findings: [Finding]) -> [Group] {
        var groups: [Group] = []
        var positions: [Repair: Int] = [:]
        for finding in findings where wanted.contains(finding.key) {
            guard let repair = finding.repair, repair.risk <= transaction.maxRisk else { continue }
            if let position = positions[repair] {
                groups[position].also.append(finding.key)
            } else {
                positions[repair] = groups.count
                groups.append(Group(finding: finding, repair: repair))
            }
        }
        return groups
    }

    // MARK: One repair

    private mutating func perform(_ group: Group, _ open: Set<Finding.Key>) throws(MachineError) -> RepairRecord {
        let repair = group.repair
        var record = RepairRecord(
            finding: group.finding.key, also: group.also, repair: repair, outcome: .applied,
            before: group.finding.message, after: repair.done)
        if let awaited = repair.after.first(where: open.contains) {
            record.end(.refused, "it waits for \(awaited.subject)")
            return record
        }
        let start = ContinuousClock.now
        transaction.observer.begins(repair)
        // A savepoint each: one that SQLite refuses does not cost the others.
        try connection.execute("SAVEPOINT selfheal")
        do throws(MachineError) {
            for step in repair.steps {
                try perform(step, &record)
                guard record.outcome == .applied else { break }
            }
            if record.outcome != .applied { try takeBack() }
        } catch {
            guard case .database(_, .sql) = error else { throw error }
            try takeBack()
            record.end(.failed, error.explanation)
        }
        try connection.execute("RELEASE selfheal")
        record.durationMicroseconds = start.microsecondsSince
        transaction.observer.ends(repair, outcome: record.outcome)
        return record
    }

    private mutating func takeBack() throws(MachineError) {
        answers = [:]
        try connection.execute("ROLLBACK TO selfheal")
    }

    private mutating func perform(_ step: Step, _ record: inout RepairRecord) throws(MachineError) {
        switch step {
        case .executeSQL(_, let statements):
            answers = [:]
            for statement in statements { try connection.execute(statement) }
        case .rewriteDatabase(_, let statements, let proofs):
            var before: [String] = []
            for proof in proofs { before.append(try connection.answer(proof.before)) }
            answers = [:]
            for statement in statements { try connection.execute(statement) }
            for (proof, expected) in zip(proofs, before) {
                let found = try connection.answer(proof.after)
                answers[proof.after] = found
                record.proofs.append(
                    ProofRecord(subject: proof.subject, before: expected, after: found, holds: expected == found))
            }
            if let broken = record.proofs.first(where: { !$0.holds }) {
                record.end(.undone, "\(broken.subject): \(broken.before) before, \(broken.after) after")
                return
            }
            try requireNoMoreOrphans(&record)
        default: break  // Performed outside of the transaction.
        }
    }

    private mutating func requireNoMoreOrphans(_ record: inout RepairRecord) throws(MachineError) {
        guard let before = orphans, let after = try countOrphans() else { return }
        let more = after.filter { $0.value > before[$0.key] ?? 0 }
        let total = (before: before.values.reduce(0, +), after: after.values.reduce(0, +))
        record.proofs.append(
            ProofRecord(
                subject: "rows that reference a missing row", before: "\(total.before)", after: "\(total.after)",
                holds: more.isEmpty))
        if more.isEmpty {
            orphans = after
        } else {
            record.end(.undone, "\(total.after - total.before) more rows would reference a row that does not exist")
        }
    }

    // MARK: Before and after

    /// A backup of what is there, complete and checked before the first change.
    private func backUp() throws(MachineError) -> Backup {
        let path = try transaction.backups.makePlace(
            for: change.database, attempt: attempt, on: transaction.machine)
        return Backup(path: path, size: try connection.backUp(to: path))
    }

    /// Looks again: what was performed must be gone.
    private mutating func lookAgain() throws(MachineError) {
        let applied = Set(records.filter { $0.outcome == .applied }.flatMap(\.findings))
        unhealed = try transaction.check.observe(connection).findings.map(\.key).filter(applied.contains)
        if !unhealed.isEmpty { throw .refused(subject: change.database.text, .notHealed) }
    }

    private func countOrphans() throws(MachineError) -> [[SQLValue]: Int64]? {
        do throws(MachineError) {
            let rows = try connection.rows(
                #"SELECT "table", parent, count(*) FROM pragma_foreign_key_check GROUP BY 1, 2"#)
            return Dictionary(rows.map { (Array($0.prefix(2)), $0.last?.integer ?? 0) }, uniquingKeysWith: +)
        } catch {
            // A foreign key that leads to no key: SQLite does not check such ones at all.
            guard case .database(_, .sql) = error else { throw error }
            return nil
        }
    }
}

extension RepairRecord {
    fileprivate mutating func end(_ outcome: Outcome, _ reason: String) {
        self.outcome = outcome
        self.reason = reason
        after = ""
    }
}

extension SQLConnection {
    /// The one value of a query, as text.
    fileprivate func answer(_ query: String) throws(MachineError) -> String {
        switch try rows(query).first?.first {
        case .text(let text): text
        case .integer(let number): String(number)
        case .real(let number): String(number)
        case .blob(let bytes): "\(bytes.count) bytes"
        case .null, nil: "nothing"
        }
    }
}
