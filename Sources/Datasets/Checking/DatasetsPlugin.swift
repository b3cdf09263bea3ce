import HealKit
import HealModel
import ManifestShape

/// Tables that the application needs filled.
public enum DatasetsPlugin: Plugin {
    public static let key = "datasets"
    public static let checks = [RequiredDataset.descriptor]
    public static let shape = Dataset.shape

    public static func makeChecks(
        _ settings: [Dataset], context: PluginContext, problems: inout ManifestProblems
    ) async -> [any Check] {
        guard let graph = DatasetGraph(settings, &problems) else { return [] }
        refuseSharedFiles(settings, on: context.machine, &problems)
        for problem in await syntaxProblems(settings, on: context.machine) { problems.add(problem) }
        let survey = DatasetSurvey(graph)
        return settings.map { RequiredDataset(dataset: $0, survey: survey) }
    }

    /// A database that has two names, through a link: SQLite looks for the journal beside the name it is opened by, and nobody would see
    /// that two datasets are of one table.
    private static func refuseSharedFiles(
        _ datasets: [Dataset], on machine: any Machine, _ problems: inout ManifestProblems
    ) {
        var seen: Set<ResourcePath> = []
        var files: [[UInt64]: Dataset] = [:]
        var last: ResourcePath?
        for dataset in datasets {
            let database = dataset.relation.database
            // Mostly all are in one.
            guard database != last, seen.insert(database).inserted else { continue }
            last = database
            // What cannot be looked at here shows when it is looked at.
            guard let status = try? machine.target(of: database), status.kind == .regular, status.inode != 0 else {
                continue
            }
            guard let first = files.updateValue(dataset, forKey: [status.device, status.inode]) else { continue }
            problems.add(
                dataset.location,
                "'\(database)' and '\(first.relation.database)' are one file; first at \(first.location)")
        }
    }

    /// The queries that are no queries. That tables and columns are missing is no fault of the manifest: they may come.
    private static func syntaxProblems(_ datasets: [Dataset], on machine: any Machine) async -> [ManifestProblem] {
        var queries: [(sql: String, location: SourceLocation)] = []
        for dataset in datasets {
            if case .query(let sql) = dataset.freshness?.source { queries.append((sql, dataset.location)) }
            for check in dataset.checks { if case .sql(let sql) = check.rule { queries.append((sql, check.location)) } }
        }
        guard !queries.isEmpty else { return [] }
        do throws(MachineError) {
            return try await machine.scratchDatabase { [queries] connection throws(MachineError) in
                var problems: [ManifestProblem] = []
                for query in queries {
                    do throws(MachineError) {
                        // Of a view, SQLite looks at the grammar alone.
                        try connection.compile("CREATE TEMP VIEW query AS \(query.sql)")
                    } catch .database(_, .sql(_, let message, _)) {
                        problems.append(ManifestProblem(query.location, "this is no query: \(message)"))
                    } catch {
                        throw error
                    }
                }
                return problems
            }
        } catch {
            // Then it shows when it is looked at.
            return []
        }
    }
}
