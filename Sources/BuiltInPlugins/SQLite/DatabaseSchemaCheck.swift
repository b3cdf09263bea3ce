import HealKit
import HealModel
import SQLiteSchema

/// A database file must be there, be whole, and hold the tables, columns, indexes, views and triggers that the manifest
/// names.
///
/// What the manifest does not name is left alone. What is missing is added in one transaction with everything else that
/// is missing in this database; what is there and defined differently is named, and never changed here.
struct DatabaseSchemaCheck: DatabaseCheck {
    let database: ResourcePath
    let schema: DesiredSchema
    let extras: ExtrasPolicy
    let source: SourceLocation
    let places: DeclaredPlaces
    let care: DatabaseCare

    var subject: String { database.text }
    var provides: [ResourcePath] { [database] }
    var requires: [ResourcePath] { [database.parent].compactMap { $0 } }
    var declaredAt: SourceLocation? { source }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let file = try DatabaseFile(self, on: machine)
        if let fault = file.fault { return Observation(findings: [fault]) }
        let sight: Sight
        do throws(MachineError) {
            sight = try await machine.readDatabase(database) { connection throws(MachineError) in
                try examinedSight(connection)
            }
        } catch {
            let fault = try finding(for: error, on: machine)
            return Observation(findings: [try await treated(fault, warnings: file.warnings, on: machine)])
        }
        var observation = try await rehearsed(sight, on: machine)
        if !file.warnings.isEmpty {
            observation.findings = observation.findings.map {
                $0.withoutRepair(hint: "mend the file first: see the warnings")
            }
            observation.findings += file.warnings
        }
        if let log = try leftLog(on: machine) { observation.findings.append(log) }
        return observation
    }

    func observe(_ connection: any SQLConnection) throws(MachineError) -> Observation {
        try examinedSight(connection).observation
    }

    /// What one look at the open database gives.
    struct Sight: Sendable {
        var observation: Observation
        var found: StoredSchema
    }

    func examine(_ connection: any SQLConnection) throws(MachineError) -> Sight {
        let found = try StoredSchema(reading: connection)
        let comparison = SchemaComparison(desired: schema, found: found)
        var differences = comparison.differences()
        differences += try comparison.differencesOfPragmas(connection)
        if extras != .ignore {
            differences += try comparison.extras(connection).map(SchemaDifference.extra)
        }
        guard !differences.isEmpty else {
            return Sight(observation: Observation(confirmations: confirmations(without: [])), found: found)
        }
        let owner = differences.first(where: \.isForeignOwner)
        var planner = ChangePlanner(desired: schema, found: found, connection: connection)
        let writer = FindingWriter(database: database, places: places)
        let findings = try planner.plan(differences).map { change in
            let finding = writer.finding(for: change)
            guard owner != nil, change.difference.isForeignOwner == false else { return finding }
            return finding.withoutRepair(hint: "nothing is changed in a database that belongs to another application")
        }
        return Sight(
            observation: Observation(
                findings: findings, confirmations: confirmations(without: Set(differences.compactMap(\.tableName)))),
            found: found)
    }

    private func confirmations(without faulty: Set<SQLName>) -> [String] {
        let tables = schema.tableNames.filter { !faulty.contains($0) }
        if schema.tableNames.isEmpty && faulty.isEmpty { return ["\(database) is a database"] }
        return tables.map { "\(database).\($0.text.printable) schema valid" }
    }

    /// Takes back what must not be done because something that works now would not work afterwards. Costs nothing while
    /// there is nothing to do.
    private func rehearsed(_ sight: Sight, on machine: any Machine) async throws(MachineError) -> Observation {
        let findings = sight.observation.findings
        let changing = findings.indices.filter { findings[$0].repair != nil }
        guard !changing.isEmpty else { return sight.observation }
        let changes = changing.map { findings[$0].repair?.statements ?? [] }
        let refusals = try await machine.scratchDatabase { connection throws(MachineError) in
            var rehearsal = try Rehearsal(copying: sight.found, into: connection)
            return try rehearsal.perform(changes)
        }
        var observation = sight.observation
        for (index, refusal) in zip(changing, refusals) where !refusal.isEmpty {
            observation.findings[index] = findings[index].refused(because: refusal)
        }
        return observation
    }
}

extension Finding {
    /// The same where a person has to act first.
    fileprivate func withoutRepair(hint: String) -> Finding {
        guard repair != nil else { return self }
        var finding = self
        finding.repair = nil
        finding.hint = hint
        return finding
    }

    fileprivate func refused(because reasons: [String]) -> Finding {
        let reasons = reasons.map(\.printable).joined(separator: "; ")
        var finding = withoutRepair(hint: "change what stops working first, or state it in the manifest as it is to be")
        finding.message += "; nothing is done about it, because \(reasons)"
        return finding
    }
}

extension Repair {
    /// The statements that it runs in the database's transaction.
    fileprivate var statements: [String] {
        steps.flatMap { step -> [String] in
            if case .executeSQL(_, let statements) = step { statements } else { [] }
        }
    }
}

extension SchemaDifference {
    /// Whoever owns the database, it is not this version of this application.
    var isForeignOwner: Bool {
        switch self {
        case .newerApplication, .foreignApplication: true
        default: false
        }
    }

    /// The stated table that is not as it should be.
    var tableName: SQLName? {
        switch self {
        case .tableMissing(let table, _): table.name
        case .virtualTableMissing(let code), .virtualTableDiffers(let code, _): code.name
        case .columnMissing(let missing): missing.table
        case .columnDiffers(let table, _, _), .tableDiffers(let table, _): table
        case .indexMissing(let index), .indexDiffers(let index, _): index.table
        case .triggerMissing(let code), .triggerDiffers(let code, _): code.table
        case .nameTaken(let name, _, _): name
        default: nil
        }
    }
}
