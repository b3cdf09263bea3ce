import Datasets
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

@Suite("Rows that refer to rows of their own table")
struct OwnReferenceTests {
    static let table = "CREATE TABLE tree (id INTEGER PRIMARY KEY, up INTEGER REFERENCES tree (id))"

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        /// `id` and `up` of each row, in the order given.
        var rows: [(Int64, Int64?)]
        /// Those that stay out.
        var bad: [Int64]
        var testDescription: String { name }
    }

    static let cases = [
        Case(name: "parents first", rows: [(1, nil), (2, 1), (3, 2)], bad: []),
        Case(name: "children first", rows: [(3, 2), (2, 1), (1, nil)], bad: []),
        Case(name: "to itself", rows: [(1, 1), (2, 1)], bad: []),
        Case(name: "in a circle", rows: [(1, 2), (2, 3), (3, 1)], bad: []),
        Case(name: "to what was there before", rows: [(1, 50), (2, 1)], bad: []),
        Case(name: "to nothing", rows: [(1, nil), (2, 99), (3, 1)], bad: [2]),
        Case(
            name: "to what refers to nothing, parents first", rows: [(1, 99), (2, 1), (3, 2), (4, nil)], bad: [1, 2, 3]),
        Case(
            name: "to what refers to nothing, children first", rows: [(3, 2), (2, 1), (1, 99), (4, nil)],
            bad: [1, 2, 3]),
        Case(
            name: "in more layers than are worth it", rows: chain(of: 100), bad: Array(1001...1100)),
    ]

    /// A row that refers to none, and as many, each to the one before; the first one refers to nothing.
    private static func chain(of length: Int64) -> [(Int64, Int64?)] {
        var rows: [(Int64, Int64?)] = [(0, nil)]
        for id in 1001...1000 + length { rows.append((id, id == 1001 ? 99_999 : id - 1)) }
        return rows
    }

    enum Way: String, CaseIterable, Sendable { case program, sqlWhole, units, sqlUnits }

    private func run(_ one: Case, _ way: Way, _ policy: BadRowPolicy = .quarantine) async throws -> (
        Bed, DatasetOutcome
    ) {
        let bed = try await Bed([
            "app.db": """
            \(Self.table); INSERT INTO tree VALUES (50, NULL), (60, 61);
            CREATE TABLE docs (id INTEGER PRIMARY KEY); INSERT INTO docs VALUES (1);
            CREATE TABLE given (n INTEGER PRIMARY KEY, id, up);
            """
        ])
        for (id, up) in one.rows {
            try await bed.execute("INSERT INTO given (id, up) VALUES (\(id), \(up.map(String.init) ?? "NULL"))")
        }
        let rows = one.rows
        let source = ScriptedSource { _, _ throws(SourceFailure) in
            rows.map { SourceRow([Cell("id", .integer($0.0)), Cell("up", $0.1.map { .integer($0) } ?? .null)]) }
        }
        let unit = WorkUnit(parent: "docs", key: "id", column: nil)
        let sql = PopulationSource.sql("SELECT id, up FROM given ORDER BY n")
        // A column of the same name would be taken for the unit's.
        try await bed.execute("ALTER TABLE docs RENAME COLUMN id TO doc")
        var own = unit
        own.key = "doc"
        let population =
            switch way {
            case .program: population(onBadRow: policy)
            case .sqlWhole: population(sql, onBadRow: policy)
            case .units: population(unit: own, onBadRow: policy)
            case .sqlUnits: population(sql, unit: own, onBadRow: policy)
            }
        let outcome = try await bed.run(
            [try dataset("docs"), try dataset("tree", after: ["docs"], minimum: 3, population)], ["tree": source],
            names: ["tree"])["tree"]
        return (bed, try #require(outcome))
    }

    @Test(
        "each is written if what it refers to is there in the end, whatever their order", arguments: cases, Way.allCases
    )
    func written(_ one: Case, _ way: Way) async throws {
        let (bed, outcome) = try await run(one, way)
        let good = one.rows.map(\.0).filter { !one.bad.contains($0) }.sorted()
        #expect(
            try await bed.rows("SELECT id FROM tree WHERE id NOT IN (50, 60) ORDER BY id") == good.map(String.init),
            "\(outcome)")
        #expect(outcome.progress.rows == good.count)
        #expect(outcome.progress.quarantinedRows == one.bad.count)
        let aside = try await bed.rows("SELECT content ->> 'id', message FROM _selfheal_quarantine ORDER BY 1")
        #expect(aside == one.bad.sorted().map { "\($0)|up: there is no such row in 'tree'" })
        // What others did wrong before is theirs.
        #expect(try await bed.rows("SELECT rowid FROM pragma_foreign_key_check") == ["60"])
    }

    @Test("a bad one fails its unit where the manifest says so", arguments: [Way.program, .units])
    func fails(_ way: Way) async throws {
        let (bed, outcome) = try await run(Self.cases[5], way, .fail)
        #expect(outcome.failure?.message == "up: there is no such row in 'tree'")
        #expect(try await bed.rows("SELECT id FROM tree") == ["50", "60"])
    }

    @Test("a row that was set aside is written once what it refers to is there")
    func replay() async throws {
        let (bed, _) = try await run(Self.cases[5], .program)
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph([try dataset("tree", population())], &problems))
        let quarantine = Quarantine(graph, on: bed.machine)
        let item = try #require(try await quarantine.items(of: ["tree"]).first)
        #expect(try await quarantine.replay(item) == .refused("up: there is no such row in 'tree'"))
        try await bed.execute("INSERT INTO tree VALUES (99, NULL)")
        let again = try #require(try await quarantine.items(of: ["tree"]).first)
        #expect(try await quarantine.replay(again) == .written)
        #expect(try await bed.rows("SELECT up FROM tree WHERE id = 2") == ["99"])
    }
}
