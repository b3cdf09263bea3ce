import Datasets
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

@Suite("What was set aside")
struct QuarantineTests {
    let unit = WorkUnit(parent: "docs", key: "id", column: "doc")

    /// A row of unit 3 that does not fit, and unit 5, which no source understands.
    func make() async throws -> (bed: Bed, graph: DatasetGraph, source: ScriptedSource) {
        let bed = try await Bed(["app.db": documents + "CREATE TABLE limits (most);"])
        try await bed.execute(
            """
            CREATE TRIGGER fits BEFORE INSERT ON parts WHEN new.body = 'long' AND NOT EXISTS (SELECT 1 FROM limits)
            BEGIN SELECT RAISE(ABORT, 'too long'); END
            """)
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            if batch.units.contains(where: { $0.key == .integer(5) }) { throw SourceFailure(.parse, "bad") }
            return batch.units.map {
                SourceRow([Cell("doc", $0.key), Cell("body", .text($0.key == .integer(3) ? "long" : "b"))])
            }
        }
        let datasets = [
            try dataset("docs"),
            try dataset("parts", after: ["docs"], population(unit: unit, retry: RetryPolicy(maxAttempts: 1))),
        ]
        _ = try await bed.run(datasets, ["parts": source])
        var problems = ManifestProblems()
        return (bed, try #require(DatasetGraph(datasets, &problems)), source)
    }

    @Test("it is listed with its unit, its class and why")
    func list() async throws {
        let (bed, graph, _) = try await make()
        let items = try await Quarantine(graph, on: bed.machine).items(of: ["parts", "docs"])
        let told = items.map { "\($0.unit.shown) \($0.isUnit) \($0.kind.rawValue) \($0.message)" }.sorted()
        #expect(told == ["3 false constraint too long", "5 true parse bad"])
        #expect(items.first { !$0.isUnit }?.content == "{\"doc\":3,\"body\":\"long\"}")
        #expect(try await bed.rows("SELECT quarantined FROM _selfheal_datasets WHERE dataset = 'parts'") == ["2"])
    }

    @Test("a row that still does not fit stays; one that fits is written, and a unit is done with the next run")
    func replay() async throws {
        let (bed, graph, source) = try await make()
        let quarantine = Quarantine(graph, on: bed.machine)
        let row = try #require(try await quarantine.items(of: ["parts"]).first { !$0.isUnit })
        #expect(try await quarantine.replay(row) == .refused("too long"))
        let still = try await quarantine.items(of: ["parts"])
        #expect(still.count == 2)
        try await bed.execute("INSERT INTO limits VALUES (1)")
        var answers: [Quarantine.Replay] = []
        for item in still.sorted(by: { !$0.isUnit && $1.isUnit }) { answers.append(try await quarantine.replay(item)) }
        #expect(answers == [.written, .pending])
        #expect(try await quarantine.items(of: ["parts"]) == [])
        #expect(try await bed.rows("SELECT doc, body FROM parts WHERE doc = 3") == ["3|long"])
        #expect(try await bed.rows("SELECT row_count FROM _selfheal_units WHERE unit = 3") == ["1"])
        await #expect(throws: SourceFailure.self) { try await quarantine.replay(row) }
        let good = ScriptedSource.echo()
        _ = try await bed.run(graph.order, ["parts": good])
        #expect(good.calls == [["5"]])
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT doc) FROM parts") == ["20|20"])
        _ = source
    }

    static let stored: [(String, String)] = [
        ("NULL", "null"), ("0", "0"), ("9007199254740993", "9007199254740993"),
        ("-9223372036854775807 - 1", "-9223372036854775808"), ("1.0", "1.0"), ("-0.0", "-0.0"), ("0.1", "0.1"),
        ("5e-324", "5e-324"), ("1.7976931348623157e308", "1.7976931348623157e+308"), ("1e16", "1e+16"),
        ("9e999", #"{"real":"Infinity"}"#), ("-9e999", #"{"real":"-Infinity"}"#), ("''", #""""#),
        ("'00ff'", #""00ff""#), ("'a' || char(0) || 'b'", #""a\u0000b""#),
        ("'{\"blob\":\"00\"}'", #""{\"blob\":\"00\"}""#),
        ("x''", #"{"blob":""}"#), ("x'00ff10'", #"{"blob":"00ff10"}"#), ("x'41'", #"{"blob":"41"}"#),
    ]

    @Test("a row comes back with its values as they were", arguments: stored, ["sql", "source"])
    func roundTrip(_ value: (sql: String, kept: String), _ kind: String) async throws {
        let bed = try await Bed([
            "app.db": """
            CREATE TABLE docs (id INTEGER PRIMARY KEY, value);
            CREATE TABLE parts (doc INTEGER, value, CHECK (doc < 0));
            CREATE TABLE more (doc INTEGER, value);
            INSERT INTO docs VALUES (1, \(value.sql));
            """
        ])
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            batch.units.map { SourceRow([Cell("doc", $0.key), Cell("value", $0["value"] ?? .text("lost"))]) }
        }
        let way: PopulationSource = kind == "sql" ? .sql("SELECT :key AS doc, :value AS value") : .plugin("x")
        let datasets = [
            try dataset("docs"),
            try dataset("parts", after: ["docs"], population(way, unit: unit)),
        ]
        _ = try await bed.run(datasets, ["parts": source])
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(datasets, &problems))
        let quarantine = Quarantine(graph, on: bed.machine)
        let item = try #require(try await quarantine.items(of: ["parts"]).first)
        #expect(item.content == #"{"doc":1,"value":"# + value.kept + "}")
        #expect(try await quarantine.replay(item) == .refused("CHECK constraint failed: doc < 0"))
        try await bed.execute("DROP TABLE parts; ALTER TABLE more RENAME TO parts")
        let again = try #require(try await quarantine.items(of: ["parts"]).first)
        #expect(try await quarantine.replay(again) == .written)
        let same = try await bed.rows(
            """
            SELECT typeof(p.value) = typeof(d.value), p.value IS d.value, hex(p.value) = hex(d.value),
              length(CAST(p.value AS BLOB)) IS length(CAST(d.value AS BLOB)), quote(p.value) = quote(d.value)
            FROM parts p, docs d
            """)
        #expect(same == ["1|1|1|1|1"])
    }

    @Test("what was set aside before blobs were told apart comes back as it is kept; what is no row is refused")
    func earlier() async throws {
        let (bed, graph, _) = try await make()
        let quarantine = Quarantine(graph, on: bed.machine)
        let row = try #require(try await quarantine.items(of: ["parts"]).first { !$0.isUnit })
        for wrong in [
            "{", "[]", #"{"doc":3,"body":{"blob":"0"}}"#, #"{"doc":3,"body":{"blob":"0g"}}"#, #"{"doc":3,"body":[1]}"#,
            #"{"doc":3,"body":{"text":"a"}}"#, #"{"doc":3,"body":{"real":"1"}}"#,
        ] {
            var item = row
            item.content = wrong
            await #expect(throws: SourceFailure(.parse, "what is kept of '\(row.name)' is no row"), "\(wrong)") {
                try await quarantine.replay(item)
            }
        }
        var old = row
        old.content = #"{"doc":3,"body":"00ff"}"#
        #expect(try await quarantine.replay(old) == .written)
        #expect(try await bed.rows("SELECT typeof(body), body FROM parts WHERE doc = 3") == ["text|00ff"])
    }

    @Test("a row of a unit that was not asked for is set aside once, and not written while there is no such unit")
    func foreignUnit() async throws {
        let bed = try await Bed(["app.db": documents])
        var versioned = unit
        versioned.version = "changed"
        let source = ScriptedSource { batch, _ throws(SourceFailure) in
            batch.units.map { SourceRow([Cell("doc", $0.key)]) } + [SourceRow([Cell("doc", .integer(999))])]
        }
        let datasets = [
            try dataset("docs"), try dataset("parts", after: ["docs"], population(unit: versioned, batch: 7)),
        ]
        for version in 2...4 {
            let outcome = try await bed.run(datasets, ["parts": source])["parts"]
            #expect(outcome?.result == .done)
            #expect(outcome?.progress.quarantinedRows == (version == 2 ? 1 : 0))
            #expect(try await bed.rows("SELECT unit, content FROM _selfheal_quarantine") == ["999|{\"doc\":999}"])
            try await bed.execute("UPDATE docs SET changed = \(version)")
        }
        #expect(try await bed.rows("SELECT quarantined FROM _selfheal_datasets WHERE dataset = 'parts'") == ["1"])
        var problems = ManifestProblems()
        let quarantine = Quarantine(try #require(DatasetGraph(datasets, &problems)), on: bed.machine)
        let item = try #require(try await quarantine.items(of: ["parts"]).first)
        #expect(try await quarantine.replay(item) == .refused("it names a unit that 'docs' does not have"))
        #expect(try await quarantine.items(of: ["parts"]) == [item])
        #expect(try await bed.rows("SELECT count(*) FROM parts WHERE doc = 999") == ["0"])
        try await bed.execute("INSERT INTO docs VALUES (999, 'new', 4)")
        #expect(try await quarantine.replay(item) == .written)
        #expect(try await bed.rows("SELECT count(*) FROM parts WHERE doc = 999") == ["1"])
    }

    @Test("what is given up is gone, and its unit counts as done")
    func discard() async throws {
        let (bed, graph, source) = try await make()
        let quarantine = Quarantine(graph, on: bed.machine)
        for item in try await quarantine.items(of: ["parts"]) { try await quarantine.discard(item) }
        #expect(try await quarantine.items(of: ["parts"]) == [])
        #expect(
            try await bed.rows("SELECT done, failed, quarantined FROM _selfheal_datasets WHERE dataset = 'parts'")
                == ["20|0|0"])
        let calls = source.calls.count
        _ = try await bed.run(graph.order, ["parts": source])
        #expect(source.calls.count == calls)
    }
}
