import Datasets
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

/// Keys are what SQLite's BINARY collation tells apart: neither Unicode's equivalences nor a column's own collation make two of them one.
@Suite("Keys of units")
struct KeyTests {
    static let composed = "char(99, 97, 102, 233)"
    static let decomposed = "char(99, 97, 102, 101, 769)"

    func graph(_ unit: WorkUnit = WorkUnit(parent: "p", key: "k", column: "pk"), write: WriteMode = .append) throws
        -> [Dataset]
    {
        [try dataset("p"), try dataset("c", after: ["p"], population(unit: unit, batch: 3, write: write))]
    }

    func units(_ bed: Bed, _ datasets: [Dataset]) async throws -> [UnitProgress?] {
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(datasets, &problems))
        var all: [UnitProgress?] = []
        for looks in [true, false] {
            let report = try await StatusReader(graph, on: bed.machine, StatusOptions(looksAtUnits: looks)).read()
            all.append(report["c"]?.units)
        }
        return all
    }

    @Test(
        "each key is a unit, whatever takes it for another's",
        arguments: [
            ("k TEXT PRIMARY KEY", "(\(composed), 1), (\(decomposed), 2), ('cafe', 3), ('d', 4)", 4),
            ("k TEXT COLLATE NOCASE", "('a', 1), ('A', 2), ('b', 3), ('B', 4)", 4),
            ("k TEXT COLLATE NOCASE NOT NULL", "('a', 1), ('A', 2), ('b', 3), ('B', 4)", 4),
            ("k TEXT COLLATE RTRIM", "('a', 1), ('a ', 2), ('a  ', 3)", 3),
            ("k PRIMARY KEY", "(1, 1), ('1', 2), (x'31', 3), (1.5, 4), ('', 5), (x'', 6), ('1.0', 7)", 7),
            ("k REAL PRIMARY KEY", "(1, 1), (2.5, 2), (9007199254740993, 3), (1e300, 4)", 4),
            ("k TEXT PRIMARY KEY", "('a' || char(0) || 'b', 1), ('a' || char(0) || 'c', 2), ('a', 3)", 3),
        ])
    func distinct(_ column: String, _ rows: String, _ count: Int) async throws {
        for index in ["", "CREATE INDEX i ON p (k);"] {
            let bed = try await Bed([
                "app.db":
                    "CREATE TABLE p (\(column), v); CREATE TABLE c (pk, body); \(index) INSERT INTO p VALUES \(rows);"
            ])
            let source = ScriptedSource { batch, _ throws(SourceFailure) in
                batch.units.map { SourceRow([Cell("pk", $0.key), Cell("body", $0["v"] ?? .null)]) }
            }
            let datasets = try graph()
            let outcome = try await bed.run(datasets, ["c": source])["c"]
            #expect(outcome?.result == .done)
            // Each has the row of its own.
            #expect(
                try await bed.rows(
                    """
                    SELECT count(*), sum(EXISTS (SELECT 1 FROM p WHERE p.v = c.body AND p.k COLLATE BINARY = c.pk)),
                      count(DISTINCT body) FROM c
                    """) == ["\(count)|\(count)|\(count)"])
            #expect(try await bed.run(datasets, ["c": source])["c"]?.result == .unneeded)
            for progress in try await units(bed, datasets) {
                #expect(progress?.done == count && progress?.isComplete == true)
            }
        }
    }

    @Test(
        "no key is passed over where a page ends between two that the column takes for one", arguments: [true, false])
    func pages(_ isIndexed: Bool) async throws {
        let bed = try await Bed([
            "app.db": """
            CREATE TABLE p (k TEXT COLLATE NOCASE NOT NULL); CREATE TABLE c (pk TEXT, body);
            \(isIndexed ? "CREATE INDEX i ON p (k);" : "")
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3500)
            INSERT INTO p SELECT printf(form, i) FROM n, (SELECT 'k%05d' AS form UNION ALL SELECT 'K%05d' UNION ALL SELECT 'a');
            """
        ])
        try await bed.execute("DELETE FROM p WHERE k = 'a' AND rowid > (SELECT min(rowid) FROM p WHERE k = 'a')")
        let source = ScriptedSource.echo(column: "pk")
        let datasets = [
            try dataset("p"),
            try dataset(
                "c", after: ["p"], population(unit: WorkUnit(parent: "p", key: "k", column: "pk"), batch: 2000)),
        ]
        let outcome = try await bed.run(datasets, ["c": source])["c"]
        #expect(outcome?.result == .done)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT pk) FROM c") == ["7001|7001"])
    }

    @Test("a unit that is done again loses its own rows alone", arguments: [WriteMode.append, .replace])
    func ownRows(_ write: WriteMode) async throws {
        let bed = try await Bed([
            "app.db": """
            CREATE TABLE p (k TEXT PRIMARY KEY, ver); CREATE TABLE c (pk TEXT COLLATE NOCASE, body);
            INSERT INTO p VALUES ('a', 1), ('A', 1), (\(Self.composed), \(Self.composed)), (\(Self.decomposed), 1);
            """
        ])
        let source = ScriptedSource.echo(column: "pk")
        let datasets = try graph(
            WorkUnit(parent: "p", key: "k", column: "pk", version: "ver"), write: write)
        _ = try await bed.run(datasets, ["c": source])
        try await bed.execute(
            "UPDATE p SET ver = 2 WHERE k = 'a'; UPDATE p SET ver = \(Self.decomposed) WHERE k = \(Self.composed)")
        let before = source.units.count
        _ = try await bed.run(datasets, ["c": source])
        #expect(source.units.count == before + 2, "another version is another text, however equivalent")
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT pk COLLATE BINARY) FROM c") == ["4|4"])
    }

    @Test("what a program makes of a key is understood where only one can be meant")
    func namedByPrograms() throws {
        let batch = UnitBatch(
            units: [.text("caf\u{e9}"), .integer(7), .real(2), .text("x"), .text("X"), .text("1"), .integer(1)].map {
                Unit(key: $0)
            }, unitColumn: "pk")
        let keys = UnitKeys(batch)
        func named(_ value: SQLValue) -> SQLValue? {
            if case .known(let key) = keys.unit(of: SourceRow([Cell("pk", value)]), "pk") { key } else { nil }
        }
        #expect(named(.text("7")) == .integer(7))
        #expect(named(.integer(2)) == .real(2))
        #expect(named(.text("X")) == .text("X"))
        #expect(named(.text("1")) == .text("1"))
        #expect(named(.integer(1)) == .integer(1))
        // A program that brings Unicode into another form.
        #expect(named(.text("cafe\u{301}")) == .text("caf\u{e9}"))
        #expect(named(.text("cafe")) == nil)
        let both = UnitKeys(
            UnitBatch(units: [Unit(key: .text("caf\u{e9}")), Unit(key: .text("cafe\u{301}"))], unitColumn: "pk"))
        for text in ["caf\u{e9}", "cafe\u{301}"] {
            guard case .known(let key) = both.unit(of: SourceRow([Cell("pk", .text(text))]), "pk") else {
                Issue.record("\(text) is a key")
                continue
            }
            #expect(key == .text(text))
        }
    }

    @Test("a number that a program writes in another way is the key that is this number, if no other is")
    func numbers() async throws {
        let keys = UnitKeys(
            UnitBatch(
                units: [.real(1), .real(2.5), .integer(1000), .real(3), .text("3.00"), .text("x"), .text("07")].map {
                    Unit(key: $0)
                }, unitColumn: "pk"))
        func named(_ value: SQLValue) -> SQLValue? {
            if case .known(let key) = keys.unit(of: SourceRow([Cell("pk", value)]), "pk") { key } else { nil }
        }
        #expect(named(.integer(1)) == .real(1))
        for text in ["1", "1.0", "1.00", "1e0"] { #expect(named(.text(text)) == .real(1), "\(text)") }
        #expect(named(.text("2.50")) == .real(2.5))
        #expect(named(.text("1e3")) == .integer(1000))
        #expect(named(.text("1000.0")) == .integer(1000))
        #expect(named(.text("3.00")) == .text("3.00"))
        #expect(named(.text("3.0")) == .real(3))
        // Two units are this number.
        #expect(named(.text("3")) == nil)
        // Texts are no numbers.
        #expect(named(.text("7")) == nil)
        #expect(named(.integer(7)) == nil)
        #expect(named(.text("nan")) == nil)
        #expect(named(.text("0x1")) == nil)
        #expect(named(.text(" 1")) == nil)

        let bed = try await Bed([
            "app.db":
                "CREATE TABLE p (k REAL PRIMARY KEY); CREATE TABLE c (pk REAL, body); INSERT INTO p VALUES (1), (2), (2.5)"
        ])
        let source = ScriptedSource { batch, call throws(SourceFailure) in
            batch.units.map { unit in
                let number = if case .real(let number) = unit.key { number } else { Double.nan }
                let whole = Int64(exactly: number)
                let text = whole.map { "\($0)" } ?? "\(number)"
                return SourceRow([Cell("pk", call == 1 ? whole.map { .integer($0) } ?? unit.key : .text(text))])
            }
        }
        let datasets = try graph()
        let outcome = try await bed.run(datasets, ["c": source])["c"]
        #expect(outcome?.result == .done)
        #expect(outcome?.progress.rows == 3)
        try await bed.execute("INSERT INTO p VALUES (4), (4.5)")
        #expect(try await bed.run(datasets, ["c": source])["c"]?.progress.rows == 2)
        #expect(try await bed.rows("SELECT pk FROM c ORDER BY pk") == ["1.0", "2.0", "2.5", "4.0", "4.5"])
    }
}
