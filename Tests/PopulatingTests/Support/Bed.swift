import Datasets
import Foundation
import HealKit
import HealModel
import LiveMachine
import ManifestShape
import Synchronization
import Testing

@testable import Populating

/// A root with databases, and a world in which time does not pass by itself.
final class Bed: Sendable {
    let root: String
    let machine: LiveMachine
    let clock = TestClock()
    let events = Mutex<[PopulationEvent]>([])
    let interruption = Interruption()

    /// - Parameter databases: their SQL, by name.
    init(_ databases: [String: String] = [:]) async throws {
        let folder = URL.temporaryDirectory.appending(path: "populating-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        root = folder.path
        machine = try LiveMachine(
            root: root, waitLimit: .milliseconds(300), mayChange: true, environment: ["PATH": "/usr/bin:/bin"],
            cacheFolder: root + "/cache", interruption: interruption)
        for (name, sql) in databases { try await make(name, sql) }
    }

    deinit { try? FileManager.default.removeItem(atPath: root) }

    func make(_ name: String, _ sql: String) async throws {
        try await machine.createDatabase(try ResourcePath(name), pragmas: [], statements: [sql]) { _ in }
    }

    func execute(_ sql: String, in name: String = "app.db") async throws {
        try await machine.changeDatabase(try ResourcePath(name)) { connection throws(MachineError) in
            try connection.execute(sql)
        }
    }

    /// The rows of a query, each as its values with `|` between.
    func rows(_ sql: String, in name: String = "app.db") async throws -> [String] {
        try await machine.readDatabase(try ResourcePath(name)) { connection throws(MachineError) in
            try connection.rows(sql).map { row in row.map(\.shown).joined(separator: "|") }
        }
    }

    func tools(
        random: Double = 0.5, redact: @escaping @Sendable (String) -> String = { $0 },
        machine: (any ChangingMachine)? = nil, _ sources: [String: any RowSource] = [:]
    ) -> PopulationTools {
        let isRaised: @Sendable () -> Bool = { [interruption] in interruption.isRaised }
        return PopulationTools(
            machine: machine ?? self.machine, clock: clock, random: { random }, isStopped: isRaised, redact: redact,
            observe: { [weak self] event in self?.events.withLock { $0.append(event) } },
            makeSource: { dataset, source throws(SourceFailure) in
                if let own = sources[dataset.name] { return own }
                return try PopulationTools.builtInSource(dataset, source)
            })
    }

    func run(
        _ datasets: [Dataset], _ sources: [String: any RowSource] = [:], names: Set<String>? = nil,
        options: PopulationOptions = PopulationOptions(), random: Double = 0.5,
        redact: @escaping @Sendable (String) -> String = { $0 }, machine: (any ChangingMachine)? = nil
    ) async throws -> [String: DatasetOutcome] {
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(datasets, &problems))
        let run = PopulationRun(graph, tools(random: random, redact: redact, machine: machine, sources), options)
        let outcomes = await run.perform(names ?? Set(graph.names))
        return Dictionary(uniqueKeysWithValues: outcomes.map { ($0.dataset, $0) })
    }
}

extension Bed {
    /// Whether anything was left alone because it failed again and again.
    var hasOpenedCircuit: Bool {
        events.withLock { events in
            events.contains { event in
                if case .opens = event { return true }
                return false
            }
        }
    }
}

extension SQLValue {
    var shown: String {
        switch self {
        case .null: "NULL"
        case .integer(let value): "\(value)"
        case .real(let value): "\(value)"
        case .text(let value): value
        case .blob(let value): "x" + value.map { String($0, radix: 16) }.joined()
        }
    }
}

/// Moves only when somebody waits.
final class TestClock: PopulationClock {
    private let state = Mutex<(now: Duration, waits: [Duration])>((.zero, []))

    var now: Duration { state.withLock { $0.now } }
    var waits: [Duration] { state.withLock { $0.waits } }

    func sleep(for duration: Duration, unless isStopped: @Sendable () -> Bool) async {
        state.withLock { state in
            state.now += duration
            state.waits.append(duration)
        }
        await Task.yield()
    }
}

/// A source that does what a test says, and remembers what it was asked.
final class ScriptedSource: RowSource {
    typealias Script = @Sendable (UnitBatch, Int) throws(SourceFailure) -> [SourceRow]

    let origin: String
    private let script: Script
    private let state = Mutex<[[String]]>([])

    init(origin: String = "script", _ script: @escaping Script) {
        self.origin = origin
        self.script = script
    }

    /// The keys of each batch it was given, in order.
    var calls: [[String]] { state.withLock { $0 } }
    /// The keys it was given, each as often as it was.
    var units: [String] { calls.flatMap { $0 }.sorted() }

    func rows(
        for batch: UnitBatch, to sink: any RowSink, in context: SourceContext
    ) async throws(SourceFailure) {
        let number = state.withLock { calls -> Int in
            calls.append(batch.units.map(\.key.shown))
            return calls.count
        }
        for row in try script(batch, number) { try sink.take(row) }
    }

    /// One row for each unit: its key, and a text made of it.
    static func echo(column: String = "doc", origin: String = "script") -> ScriptedSource {
        ScriptedSource(origin: origin) { batch, _ throws(SourceFailure) in
            batch.units.map { SourceRow([Cell(column, $0.key), Cell("body", .text("of \($0.key.shown)"))]) }
        }
    }
}

func relation(_ table: String, in database: String = "app.db") throws -> Relation {
    Relation(database: try ResourcePath(database), table: table)
}

let here = SourceLocation(file: "schemas.yaml", line: 1, column: 1)

/// A dataset, `docs` from nowhere by default.
func dataset(
    _ name: String, after parents: [String] = [], table: String? = nil, in database: String = "app.db",
    minimum: Int = 1, _ population: Population? = nil
) throws -> Dataset {
    Dataset(
        name: name, relation: try relation(table ?? name, in: database),
        dependsOn: parents.map { Located($0, here) }, volume: VolumeExpectation(minimumRows: minimum),
        populate: population, location: here)
}

/// A program's rows; tests give another source in its place.
func population(
    _ source: PopulationSource = .command(CommandSource(arguments: ["script"])), unit: WorkUnit? = nil,
    batch: Int = 100, write: WriteMode = .append, mergeKey: [String] = [], retry: RetryPolicy = RetryPolicy(),
    timeout: Duration = .seconds(60), onBadRow: BadRowPolicy = .quarantine, concurrency: Concurrency = Concurrency()
) -> Population {
    Population(
        source: source, unit: unit, batch: batch, write: write, mergeKey: mergeKey, retry: retry, timeout: timeout,
        onBadRow: onBadRow, concurrency: concurrency, location: here)
}
