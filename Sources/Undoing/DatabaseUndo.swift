import HealKit
import HealModel
import SQLiteSchema

/// A database is as it was before a run.
///
/// While it holds exactly what the run left, its backup is copied back. Otherwise what the run changed is taken back step by
/// step, so that what was written since stays; and nothing is done where that would lose something.
struct DatabaseUndo: DatabaseCheck {
    static let descriptor = CheckDescriptor(
        id: "undo.database", title: "databases that a run changed", domain: .databases,
        kinds: [
            FindingKind(
                "undo.database.changed", .critical, risk: .medium,
                meaning: "A database is as a run left it.",
                healing: "What the run changed is taken back, from its backup or step by step."),
            FindingKind(
                "undo.database.refused", .critical, risk: nil,
                meaning: "What a run changed in a database cannot be taken back without losing something.",
                healing: "Save or remove what is in the way, or restore the backup with 'selfheal restore'."),
        ])

    let run: Int64
    let change: DatabaseChange
    let performed: [String]

    var subject: String { change.database.text }
    var database: ResourcePath { change.database }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let renames = InversePlan.renames(in: performed)
        let sight = try await machine.readDatabase(database) { connection throws(MachineError) in
            (found: try StoredSchema(reading: connection), isLeft: try isAsLeft(connection))
        }
        // Nothing was written since the run: the backup is what was there before.
        var trouble: String?
        if sight.isLeft, let backup = change.backup {
            trouble = try await fault(of: backup.path, on: machine)
            if trouble == nil { return Observation(findings: [rewinding(to: backup.path)]) }
        }
        let renamed =
            renames.isEmpty
            ? sight.found
            : try await machine.scratchDatabase { connection throws(MachineError) in
                try sight.found.renaming(renames, copiedInto: connection).schema
            }
        let plan = try await machine.readDatabase(database) { connection throws(MachineError) in
            try InversePlan(of: change, performed: performed, renamed: renamed, on: connection)
        }
        var observation = observation(plan, trouble)
        guard observation.findings.contains(where: { $0.repair != nil }) else { return observation }
        let refusals = try await machine.scratchDatabase { connection throws(MachineError) in
            var rehearsal = try Rehearsal(copying: sight.found, into: connection)
            return try rehearsal.perform([plan.first + plan.second]).flatMap { $0 }
        }
        if !refusals.isEmpty { observation.findings = [refused(refusals, trouble)] }
        return observation
    }

    func observe(_ connection: any SQLConnection) throws(MachineError) -> Observation {
        let found = try StoredSchema(reading: connection)
        let renames = InversePlan.renames(in: performed)
        let renamed = renames.isEmpty ? found : try found.renaming(renames, on: connection).schema
        return observation(
            try InversePlan(of: change, performed: performed, renamed: renamed, on: connection), nil)
    }

    // MARK: What is there

    /// Whether every table holds what it held when the run ended.
    private func isAsLeft(_ connection: any SQLConnection) throws(MachineError) -> Bool {
        guard change.backup != nil, let contents = change.contentsAfter,
            try connection.schemaRows() == change.schemaAfter, try connection.schemaNumbers() == change.numbersAfter
        else { return false }
        return try connection.contents() == contents
    }

    /// Why a backup cannot be used; `nil` when it is there, is sound, and is of this database before the run.
    private func fault(of backup: ResourcePath, on machine: any Machine) async throws(MachineError) -> String? {
        do throws(MachineError) {
            return try await machine.readDatabase(backup) { connection throws(MachineError) -> String? in
                guard try connection.isSound() else { return "the backup \(backup) is damaged" }
                let isRight =
                    (rows: try connection.schemaRows(), numbers: try connection.schemaNumbers())
                    == (change.schemaBefore, change.numbersBefore)
                return isRight ? nil : "the backup \(backup) is not what the run has made"
            }
        } catch .cancelled {
            throw .cancelled
        } catch {
            return "the backup cannot be used: \(error.explanation)"
        }
    }

    // MARK: What is to be done

    private func rewinding(to backup: ResourcePath) -> Finding {
        let steps: [Step] = [
            .rewindDatabase(database: database, backup: backup, expecting: change.contentsAfter)
        ]
        return Finding(
            "undo.database.changed", subject: subject, severity: .critical,
            message: "\(database) is exactly as run \(run) left it",
            repair: Repair(
                "Taking back what run \(run) changed in \(database)", done: "\(database) is as before run \(run)",
                detail: "from the backup \(backup)", risk: .medium, steps: steps))
    }

    private func observation(_ plan: InversePlan, _ trouble: String?) -> Observation {
        if plan.isTakenBack {
            return Observation(confirmations: ["\(database) is as before run \(run)"])
        }
        if !plan.refusals.isEmpty { return Observation(findings: [refused(plan.refusals, trouble)]) }
        var steps: [Step] = []
        if !plan.first.isEmpty { steps.append(.executeSQL(database: database, statements: plan.first)) }
        if !plan.second.isEmpty {
            steps.append(.rewriteDatabase(database: database, statements: plan.second, proofs: plan.proofs))
        }
        let repair = Repair(
            "Taking back what run \(run) changed in \(database)", done: "\(database) is as before run \(run)",
            detail: "by inverse steps, with every row that was written since", risk: .medium, steps: steps)
        return Observation(
            findings: [
                Finding(
                    "undo.database.changed", subject: subject, severity: .critical,
                    message: "\(database) is as run \(run) left it" + (trouble.map { "; \($0)" } ?? ""), repair: repair)
            ])
    }

    private func refused(_ reasons: [String], _ trouble: String?) -> Finding {
        let all = ([trouble].compactMap { $0 } + reasons).joined(separator: "; ")
        let hint =
            change.backup.map {
                "'selfheal restore \(database) --from \($0.path)' brings the state before the run back, without what was "
                    + "written since"
            } ?? "change what is in the way, and undo again"
        return Finding(
            "undo.database.refused", subject: subject, severity: .critical,
            message: "\(database) is left as it is: refused: \(all)", hint: hint)
    }
}

extension SQLConnection {
    /// Whether SQLite's full examination finds no fault in pages and indexes. Rows that break a constraint were there before,
    /// or only seem to: SQLite 3.40 looks for the columns of tables without rowids in the wrong places.
    func isSound() throws(MachineError) -> Bool {
        let report = try IntegrityReport(examining: self, .full)
        return report.isReadable && report.indexes.isEmpty
    }
}
