import Datasets
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

/// Rows without a key, and keys that several rows have: whoever looks says the same of them.
@Suite("Rows that are no units")
struct KeyFaultTests {
    static let nobody = "2 rows of 'p' have no 'k', so nothing can be made of them"
    static let twice =
        "2 values of 'k' in 'p' are there more than once: units cannot be told apart, and nothing is made"

    private func datasets(_ isElsewhere: Bool) throws -> [Dataset] {
        [
            try dataset("p", in: isElsewhere ? "p.db" : "app.db"),
            try dataset("c", after: ["p"], population(unit: WorkUnit(parent: "p", key: "k", column: "pk"))),
        ]
    }

    private func bed(_ column: String, _ rows: String, _ isElsewhere: Bool) async throws -> Bed {
        let p = "CREATE TABLE p (\(column), v); INSERT INTO p (k, v) VALUES \(rows);"
        let c = "CREATE TABLE c (pk, body);"
        return try await Bed(isElsewhere ? ["p.db": p, "app.db": c] : ["app.db": p + c])
    }

    /// The state, the reason and what keeps it from being populated, by all who look.
    private func told(_ bed: Bed, _ datasets: [Dataset]) async throws -> Set<[String?]> {
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(datasets, &problems))
        var told: Set<[String?]> = []
        for looks in [false, true] {
            let report = try await StatusReader(graph, on: bed.machine, StatusOptions(looksAtUnits: looks)).read()
            let plan = PlanMaker(graph, report).plan()
            let status = try #require(report["c"])
            let finding = try await finding(bed, datasets)
            #expect(finding?.id.rawValue == (status.isReady ? nil : "dataset.\(status.state.rawValue)"))
            told.insert([
                status.state.rawValue, status.reason, plan.isEmpty ? "nothing" : "populated",
                plan.blocked.first?.name,
            ])
            if status.state == .invalid {
                #expect(finding?.message.hasSuffix(status.reason ?? "?") == true)
                #expect(report.blocking.map(\.name) == ["c"])
                #expect(plan.blocked.first?.reason.hasPrefix(status.reason ?? "?") == true)
                #expect(finding?.hint?.contains("'p'") == true)
            }
        }
        return told
    }

    private func finding(_ bed: Bed, _ datasets: [Dataset]) async throws -> Finding? {
        var problems = ManifestProblems()
        let checks = await DatasetsPlugin.makeChecks(
            datasets, context: PluginContext(machine: bed.machine), problems: &problems)
        let check = try #require(checks.first { $0.subject == "c" })
        return try await check.look(on: bed.machine).findings.first { $0.severity == .critical }
    }

    @Test(
        "rows without a key are no units: the others are done, and then it is said",
        arguments: ["k", "k TEXT UNIQUE", "k COLLATE NOCASE"], [false, true])
    func keyless(_ column: String, _ isElsewhere: Bool) async throws {
        let bed = try await bed(column, "('a', 1), (NULL, 2), ('b', 3), (NULL, 4)", isElsewhere)
        let datasets = try datasets(isElsewhere)
        let source = ScriptedSource.echo(column: "pk")
        let outcome = try await bed.run(datasets, ["c": source])["c"]
        #expect(outcome?.result == .incomplete)
        #expect(outcome?.failure?.message == Self.nobody)
        #expect(source.units == ["a", "b"])
        #expect(try await told(bed, datasets) == [["invalid", Self.nobody, "nothing", "c"]])

        // New units are still done.
        let table = isElsewhere ? "p.db" : "app.db"
        try await bed.execute("INSERT INTO p VALUES ('c', 5)", in: table)
        #expect(try await told(bed, datasets).allSatisfy { $0[0] == "incomplete" && $0[2] == "populated" })
        _ = try await bed.run(datasets, ["c": source])
        #expect(source.units == ["a", "b", "c"])
        #expect(try await told(bed, datasets) == [["invalid", Self.nobody, "nothing", "c"]])

        try await bed.execute("DELETE FROM p WHERE k IS NULL", in: table)
        #expect(try await told(bed, datasets) == [["ready", nil, "nothing", nil]])
    }

    @Test(
        "of units that several rows have, nothing is made until that is mended",
        arguments: ["k", "k TEXT NOT NULL", "k COLLATE NOCASE"], [false, true])
    func repeated(_ column: String, _ isElsewhere: Bool) async throws {
        let bed = try await bed(column, "('a', 1), ('a', 2), ('b', 3), ('c', 4), ('c', 5), ('c', 6)", isElsewhere)
        let datasets = try datasets(isElsewhere)
        let source = ScriptedSource.echo(column: "pk")
        if isElsewhere {
            // Whoever looks at units elsewhere goes by what is counted.
            #expect(try await told(bed, datasets).map { $0[0] } == ["invalid"])
        } else {
            #expect(try await told(bed, datasets) == [["invalid", Self.twice, "nothing", "c"]])
        }
        let outcome = try await bed.run(datasets, ["c": source])["c"]
        #expect(outcome?.result == .failed)
        #expect(outcome?.failure?.message == Self.twice)
        #expect(source.calls == [])
        #expect(try await told(bed, datasets) == [["invalid", Self.twice, "nothing", "c"]])

        let table = isElsewhere ? "p.db" : "app.db"
        try await bed.execute("DELETE FROM p WHERE v IN (2, 5, 6)", in: table)
        #expect(try await bed.run(datasets, ["c": source])["c"]?.result == .done)
        #expect(try await told(bed, datasets) == [["ready", nil, "nothing", nil]])
        // One that comes when all was done.
        try await bed.execute("INSERT INTO p VALUES ('b', 7), ('a', 8)", in: table)
        #expect(try await told(bed, datasets) == [["invalid", Self.twice, "nothing", "c"]])
    }

    @Test("numbers that are the same are the same key, however they are stored; other types are others")
    func types() async throws {
        let bed = try await bed("k", "(1, 1), (1.0, 2), ('1', 3), (x'31', 4), ('A', 5), ('a', 6)", false)
        let reason =
            "1 value of 'k' in 'p' is there more than once: units cannot be told apart, and nothing is made"
        #expect(try await told(bed, try datasets(false)) == [["invalid", reason, "nothing", "c"]])
    }

    @Test(
        "force does not begin what it cannot bring to an end",
        arguments: ["(NULL, 2), (NULL, 3)", "('a', 2), ('a', 3), ('b', 4), ('b', 5)"])
    func force(_ rows: String) async throws {
        let bed = try await bed("k", "('x', 1), " + rows, false)
        try await bed.execute("INSERT INTO c VALUES ('old', 'old')")
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(try datasets(false), &problems))
        let source = ScriptedSource.echo(column: "pk")
        let outcome = await PopulationRun(graph, bed.tools(["c": source])).replace(["c"]).first
        #expect(outcome?.result == .failed)
        #expect([Self.nobody, Self.twice].contains(outcome?.failure?.message ?? ""))
        #expect(source.calls == [])
        #expect(try await bed.rows("SELECT pk FROM c") == ["old"])
    }

    @Test("a column that is unique and never empty by its schema is not looked at, and rows set aside count once")
    func setAside() async throws {
        let bed = try await bed("k TEXT NOT NULL UNIQUE", "('a', 1), ('b', 2), ('c', 3)", false)
        let datasets = try datasets(false)
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            if batch.units.contains(where: { $0.key == .text("b") }) { throw SourceFailure(.parse, "bad") }
            return batch.units.map { SourceRow([Cell("pk", $0.key)]) }
        }
        _ = try await bed.run(datasets, ["c": source])
        #expect(try await told(bed, datasets) == [["ready", nil, "nothing", nil]])
        try await bed.execute("INSERT INTO p VALUES ('d', 4)")
        #expect(try await told(bed, datasets).allSatisfy { $0[0] == "incomplete" && $0[2] == "populated" })
    }
}
