import HealKit
import HealModel
import ManifestShape
import SQLiteSchema

/// The SQLite databases that the application keeps.
public enum SQLitePlugin: Plugin {
    public static let key = "databases"
    public static let checks = [DatabaseSchemaCheck.descriptor]

    public static let shape = Shape.dictionary(of: DatabaseSettings.shape, spread: true)
        .described("SQLite databases by path; `*`, `?` and `[…]` in a path stand for many files with one schema.")

    /// The largest schema file that is read, in bytes.
    static let schemaFileLimit = 16 << 20

    public static func makeChecks(
        _ settings: [Keyed<DatabaseSettings>], context: PluginContext, problems: inout ManifestProblems
    ) async -> [any Check] {
        var databases: [StatedDatabase] = []
        for entry in settings {
            if let database = await StatedDatabase(entry, context, &problems) { databases.append(database) }
        }
        var checks: [any Check] = []
        var misfits: Set<String> = []
        for (database, outcome) in zip(databases, await outcomes(databases, on: context.machine)) {
            switch outcome {
            case .success(.schema(let schema)):
                checks += database.checks(schema, named: databases, on: context.machine, &problems).filter {
                    // What fits two patterns is said once.
                    guard let misfit = ($0 as? DatabaseNameCheck)?.misfit else { return true }
                    return misfits.insert(misfit.path).inserted
                }
            case .success(.faults(let faults)):
                for fault in faults { problems.add(fault.location, fault.message) }
            case .failure(let error):
                problems.add(database.declaration.location, "SQLite could not make the schema: \(error.explanation)")
            }
        }
        return checks
    }

    private typealias Building = Result<SchemaBuilder.Outcome, MachineError>

    /// What SQLite makes of the declarations. One database in memory serves for all of them; a schema file gets its
    /// own, because it may do anything there.
    private static func outcomes(_ databases: [StatedDatabase], on machine: any Machine) async -> [Building] {
        let declarations = databases.map(\.declaration)
        let plain = declarations.indices.filter { declarations[$0].script == nil }
        var outcomes: [Int: Building] = [:]
        for (index, outcome) in zip(plain, await plainOutcomes(plain.map { declarations[$0] }, on: machine)) {
            outcomes[index] = outcome
        }
        for index in declarations.indices where outcomes[index] == nil {
            let declaration = declarations[index]
            do throws(MachineError) {
                let outcome = try await machine.scratchDatabase { connection throws(MachineError) in
                    try SchemaBuilder.build(declaration, on: connection)
                }
                outcomes[index] = .success(outcome)
            } catch {
                outcomes[index] = .failure(error)
            }
        }
        return declarations.indices.map { outcomes[$0] ?? .failure(.cancelled) }
    }

    /// Most runs see the manifest that the run before saw: what SQLite took then is remembered, and it is not asked
    /// again.
    private static func plainOutcomes(_ declarations: [SchemaDeclaration], on machine: any Machine) async -> [Building]
    {
        guard !declarations.isEmpty else { return [] }
        let key = "sqlite.schema/1 \(declarations.fingerprint)"
        let trusted = declarations.compactMap(SchemaBuilder.trusted)
        if trusted.count == declarations.count, machine.remembered(key) == "valid" {
            return trusted.map { .success(.schema($0)) }
        }
        do throws(MachineError) {
            let built = try await machine.scratchDatabase { connection throws(MachineError) in
                var built: [SchemaBuilder.Outcome] = []
                for declaration in declarations {
                    built.append(try SchemaBuilder.build(declaration, on: connection))
                }
                return built
            }
            let schemas = built.compactMap(\.schema)
            // Only what SQLite understood exactly as it is written here.
            if schemas.count == trusted.count, zip(schemas, trusted).allSatisfy({ $0.stored == $1.stored }) {
                machine.remember(key, "valid")
            }
            return built.map { .success($0) }
        } catch {
            return declarations.map { _ in .failure(error) }
        }
    }
}

/// One entry of the manifest, as far as it can be understood without SQLite.
struct StatedDatabase: Sendable {
    enum Place: Sendable, Hashable {
        case path(ResourcePath)
        case pattern(DatabasePattern)
    }

    let place: Place
    let location: SourceLocation
    let declaration: SchemaDeclaration
    let extras: ExtrasPolicy
    let care: DatabaseCare

    /// - Returns: `nil` after adding what is wrong to `problems`.
    init?(_ entry: Keyed<DatabaseSettings>, _ context: PluginContext, _ problems: inout ManifestProblems) async {
        let settings = entry.value
        let before = problems.all.count
        location = entry.location
        extras = settings.extras
        care = settings.care
        var place: Place?
        do throws(ShapeFailure) {
            place =
                DatabasePattern.isPattern(entry.key)
                ? .pattern(try DatabasePattern(entry.key, outsideRoot: settings.outsideRoot))
                : .path(try PathText(text: entry.key, outsideRoot: settings.outsideRoot).resolved())
        } catch {
            problems.add(entry.location, error.message)
        }
        var script: SourcedText?
        if let file = settings.schemaFile {
            if settings.tables != nil {
                problems.add(
                    file.location, "'schema' and 'tables' cannot stand together: one of them says what is expected")
            } else {
                script = Self.script(file, context, &problems)
            }
        }
        var pragmas: [StatedPragma] = []
        for entry in settings.pragmas {
            do throws(StatedPragma.Fault) {
                pragmas.append(try StatedPragma(name: entry.key, value: entry.value.value))
            } catch {
                problems.add(entry.location, error.message)
            }
        }
        declaration = settings.declaration(at: entry.location, script: script, pragmas: pragmas)
        guard let place, problems.all.count == before else { return nil }
        self.place = place
    }

    private static func script(
        _ file: Located<ResourcePath>, _ context: PluginContext, _ problems: inout ManifestProblems
    ) -> SourcedText? {
        let machine = context.machine
        do throws(MachineError) {
            guard try machine.target(of: file.value) != nil else {
                problems.add(file.location, "the schema file \(file.value) does not exist")
                return nil
            }
            var bytes = try machine.contents(of: file.value, limit: SQLitePlugin.schemaFileLimit)[...]
            if bytes.starts(with: [0xEF, 0xBB, 0xBF]) { bytes = bytes.dropFirst(3) }
            let text = String(decoding: bytes, as: UTF8.self)
            // Where bytes were no UTF-8, other ones stand in the text now.
            guard text.utf8.elementsEqual(bytes), !bytes.contains(0) else {
                problems.add(file.location, "the schema file \(file.value) is not a UTF-8 text")
                return nil
            }
            return SourcedText(text, SourceLocation(file: context.name(of: file.value), line: 1, column: 1))
        } catch {
            problems.add(file.location, "the schema file cannot be read: \(error.explanation)")
            return nil
        }
    }

    /// One check for each file. What is named by its path is not matched by a pattern.
    func checks(
        _ schema: DesiredSchema, named others: [StatedDatabase], on machine: any Machine,
        _ problems: inout ManifestProblems
    ) -> [any Check] {
        let pattern: String? = if case .pattern(let pattern) = place { pattern.text } else { nil }
        let stated = StatedSchema(
            schema, extras: extras, source: location, places: DeclaredPlaces(declaration), care: care, pattern: pattern)
        let check = { (path: ResourcePath) in DatabaseSchemaCheck(database: path, stated: stated) }
        switch place {
        case .path(let path): return [check(path)]
        case .pattern(let pattern):
            let named = Set(others.map(\.place))
            do throws(MachineError) {
                let matches = try pattern.matches(on: machine)
                let paths = matches.paths.filter { !named.contains(.path($0)) }
                if paths.isEmpty, matches.misfits.isEmpty {
                    return [DatabasePatternCheck(pattern: pattern, source: location)]
                }
                let misfits = matches.misfits.map {
                    DatabaseNameCheck(misfit: $0, pattern: pattern.text, source: location)
                }
                return paths.map(check) + misfits
            } catch {
                problems.add(location, "the pattern cannot be followed: \(error.explanation)")
                return []
            }
        }
    }
}
