import HealKit
import HealModel
import SQLiteSchema

/// A database file must be there, be whole, and hold the tables, columns, indexes, views and triggers that the manifest
/// names.
///
/// What the manifest does not name is left alone. What is missing is added, and what is there and defined differently is
/// rebuilt with all its rows, in one transaction for each database; rows in the way are named, and nothing is done then.
struct DatabaseSchemaCheck: DatabaseCheck {
    let database: ResourcePath
    let stated: StatedSchema

    var schema: DesiredSchema { stated.schema }
    var extras: ExtrasPolicy { stated.extras }
    var source: SourceLocation { stated.source }
    var places: DeclaredPlaces { stated.places }
    var care: DatabaseCare { stated.care }
    var subject: String { database.text }
    var provides: [ResourcePath] { [database] }
    var requires: [ResourcePath] { [database.parent].compactMap { $0 } }
    var pattern: String? { stated.pattern }
    var declaredAt: SourceLocation? { source }

    func look(on machine: any Machine) async throws(MachineError) -> Observation {
        let file = try DatabaseFile(self, on: machine)
        if file.isGone { return .gone }
        if let fault = file.fault { return Observation(findings: [fault]) }
        let sight: Sight
        do throws(MachineError) {
            sight = try await see(on: machine)
        } catch {
            if pattern != nil, case .database(_, .missing) = error { return .gone }
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
        let first = try stated.memory.outcome(reading: connection)
        return try examined(connection, first.found) { () throws(MachineError) in
            guard !first.renames.isEmpty else { return try examine(connection, first) }
            let renamed = try first.found.renaming(first.renames, on: connection)
            return try examine(connection, renamed.schema, first.renames, renamed.refusals)
        }
    }

    /// What one look at the open database gives.
    struct Sight: Sendable {
        var observation: Observation
        var found: StoredSchema
    }

    /// Looks into the database. Where columns are to be renamed, a copy of the schema in memory tells what it will be, and the
    /// rows are looked at after that.
    private func see(on machine: any Machine) async throws(MachineError) -> Sight {
        let first = try await machine.readDatabase(database) { connection throws(MachineError) in
            let first = try stated.memory.outcome(reading: connection)
            guard first.renames.isEmpty else { return Sight(observation: Observation(), found: first.found) }
            let observation = try examined(connection, first.found) { () throws(MachineError) in
                try examine(connection, first)
            }
            return Sight(observation: observation, found: first.found)
        }
        let renames = schema.renames(in: first.found)
        guard !renames.isEmpty else { return first }
        let renamed = try await machine.scratchDatabase { connection throws(MachineError) in
            try first.found.renaming(renames, copiedInto: connection)
        }
        let observation = try await machine.readDatabase(database) { connection throws(MachineError) in
            try examined(connection, first.found) { () throws(MachineError) in
                try examine(connection, renamed.schema, renames, renamed.refusals)
            }
        }
        return Sight(observation: observation, found: first.found)
    }

    private func examine(
        _ connection: any SQLConnection, _ outcome: ComparisonMemory.Outcome
    ) throws(MachineError) -> Observation {
        try examine(connection, SchemaComparison(desired: schema, found: outcome.found), outcome.differences)
    }

    private func examine(
        _ connection: any SQLConnection, _ found: StoredSchema, _ renames: [ColumnRename],
        _ refusals: [ColumnRename: String]
    ) throws(MachineError) -> Observation {
        let comparison = SchemaComparison(desired: schema, found: found)
        let differences = renames.map(SchemaDifference.columnRenamed) + comparison.differences()
        return try examine(connection, comparison, differences, renames, refusals)
    }

    private func examine(
        _ connection: any SQLConnection, _ comparison: SchemaComparison, _ known: [SchemaDifference],
        _ renames: [ColumnRename] = [], _ refusals: [ColumnRename: String] = [:]
    ) throws(MachineError) -> Observation {
        var differences = known
        differences += try comparison.differencesOfPragmas(connection)
        if extras != .ignore {
            differences += try comparison.extras(connection).map(SchemaDifference.extra)
        }
        guard !differences.isEmpty else { return Observation(confirmations: confirmations(without: [])) }
        let owner = differences.first(where: \.isForeignOwner)
        var planner = ChangePlanner(
            desired: schema, found: comparison.found, connection: connection, renames: renames, refusals: refusals,
            dropsExtras: extras == .drop)
        let changes = try planner.plan(differences)
        let findings = zip(changes, FindingWriter(database: database, places: places).findings(for: changes))
            .map { change, finding in
                guard owner != nil, change.difference.isForeignOwner == false else { return finding }
                return finding.withoutRepair(
                    hint: "nothing is changed in a database that belongs to another application")
            }
        return Observation(
            findings: findings, confirmations: confirmations(without: Set(differences.compactMap(\.tableName))))
    }

    private func confirmations(without faulty: Set<SQLName>) -> [String] {
        // One of many: nobody reads a line for each of their tables.
        if pattern != nil { return faulty.isEmpty ? ["\(database) is as stated"] : [] }
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
        // Findings that share a repair are healed at once.
        var repairs: [Repair] = []
        for repair in changing.compactMap({ findings[$0].repair }) where !repairs.contains(repair) {
            repairs.append(repair)
        }
        let changes = repairs.map(\.statements)
        let refusals = try await machine.scratchDatabase { connection throws(MachineError) in
            var rehearsal = try Rehearsal(copying: sight.found, into: connection)
            return try rehearsal.perform(changes)
        }
        var observation = sight.observation
        for (repair, refusal) in zip(repairs, refusals) where !refusal.isEmpty {
            for index in changing where findings[index].repair == repair {
                observation.findings[index] = findings[index].refused(because: refusal)
            }
        }
        return observation
    }
}

/// What the manifest states of one database, or of all that fit a pattern: made once, and shared by the checks of them.
final class StatedSchema: Sendable {
    let memory: ComparisonMemory
    let extras: ExtrasPolicy
    let source: SourceLocation
    let places: DeclaredPlaces
    let care: DatabaseCare
    /// `nil` for a database that is named by its path.
    let pattern: String?

    var schema: DesiredSchema { memory.desired }

    init(
        _ schema: DesiredSchema, extras: ExtrasPolicy, source: SourceLocation, places: DeclaredPlaces,
        care: DatabaseCare, pattern: String?
    ) {
        memory = ComparisonMemory(schema)
        self.extras = extras
        self.source = source
        self.places = places
        self.care = care
        self.pattern = pattern
    }
}

extension Observation {
    /// Of a database that fitted a pattern when the files were listed: what fits nothing is nobody's loss.
    fileprivate static let gone = Observation(skipped: "it was removed meanwhile")
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
            switch step {
            case .executeSQL(_, let statements), .rewriteDatabase(_, let statements, _): statements
            default: []
            }
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
        case .columnRenamed(let rename): rename.table
        case .columnDiffers(let table, _, _), .tableDiffers(let table, _): table
        case .indexMissing(let index), .indexDiffers(let index, _): index.table
        case .triggerMissing(let code), .triggerDiffers(let code, _): code.table
        case .nameTaken(let name, _, _): name
        default: nil
        }
    }
}
