import Datasets
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

/// The column that says which unit a row is of may store a key otherwise than the parent has it.
@Suite("Keys as the dataset's column stores them")
struct KeyColumnTests {
    static let unit = WorkUnit(parent: "p", key: "k", column: "pk", version: "ver")

    private func graph(write: WriteMode = .append, _ source: PopulationSource? = nil) throws -> [Dataset] {
        let own =
            source.map { population($0, unit: Self.unit, batch: 30, write: write) }
            ?? population(unit: Self.unit, batch: 30, write: write)
        return [try dataset("p"), try dataset("c", after: ["p"], own)]
    }

    private func bed(_ parent: String, _ child: String, _ more: String = "") async throws -> Bed {
        try await Bed([
            "app.db": """
            CREATE TABLE p (k \(parent), ver INTEGER DEFAULT 1); CREATE TABLE c (\(child), body); \(more)
            """
        ])
    }

    /// 100 keys of one type each, as SQL of a number.
    static let keys: [(parent: String, value: @Sendable (Int) -> String)] = [
        ("INTEGER PRIMARY KEY", { "\($0)" }), ("TEXT UNIQUE", { "'\($0)'" }), ("REAL UNIQUE", { "\($0).0" }),
        ("REAL UNIQUE", { "\($0).5" }), ("BLOB UNIQUE", { "x'\(100_000 + $0)'" }),
        ("UNIQUE", { "'key \($0)'" }), ("INTEGER UNIQUE", { "\(18_014_398_509_481_984 + 4 * $0)" }),
    ]

    @Test(
        "each unit is done once, whatever the column makes of its key; only what is lost is done again",
        arguments: keys.indices,
        [
            "pk INTEGER", "pk TEXT", "pk REAL", "pk BLOB", "pk NUMERIC", "pk",
            "pk TEXT COLLATE NOCASE UNIQUE", "pk ANY PRIMARY KEY",
        ])
    func matrix(_ index: Int, _ child: String) async throws {
        let (parent, value) = Self.keys[index]
        let bed = try await bed(parent, child)
        func give(_ numbers: ClosedRange<Int>) async throws {
            try await bed.execute(
                "INSERT INTO p (k) VALUES " + numbers.map { "(\(value($0)))" }.joined(separator: ", "))
        }
        try await give(1...100)
        let source = ScriptedSource.echo(column: "pk")
        let datasets = try graph()
        #expect(try await bed.run(datasets, ["c": source])["c"]?.result == .done)
        try await give(101...101)
        let outcome = try await bed.run(datasets, ["c": source])["c"]
        #expect(outcome?.result == .done)
        #expect(outcome?.tried == [])
        #expect(source.units.count == 101)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT body) FROM c") == ["101|101"])
        #expect(try await bed.run(datasets, ["c": source])["c"]?.result == .unneeded)

        // Another version: the old row is found and taken away.
        try await bed.execute("UPDATE p SET ver = 2 WHERE k = \(value(7))")
        _ = try await bed.run(datasets, ["c": source])
        #expect(source.units.count == 102)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT body) FROM c") == ["101|101"])

        let lost = try await bed.rows("SELECT body FROM c WHERE rowid IN (3, 14, 15, 92, 65) ORDER BY body")
        try await bed.execute("DELETE FROM c WHERE rowid IN (3, 14, 15, 92, 65)")
        let again = try await bed.run(datasets, ["c": source])["c"]
        #expect(again?.tried == ["found the rows of 5 units lost"])
        #expect(source.calls.last.map { $0.map { "of \($0)" }.sorted() } == lost)
        #expect(try await bed.rows("SELECT count(*), count(DISTINCT body) FROM c") == ["101|101"])
    }

    @Test("a whole number that a REAL column rounds is found as it was rounded")
    func rounded() async throws {
        let bed = try await bed("INTEGER PRIMARY KEY", "pk REAL", "INSERT INTO p (k) VALUES (9007199254740993), (1)")
        let source = ScriptedSource.echo(column: "pk")
        let datasets = try graph()
        _ = try await bed.run(datasets, ["c": source])
        try await bed.execute("UPDATE p SET ver = 2")
        _ = try await bed.run(datasets, ["c": source])
        #expect(try await bed.rows("SELECT count(*) FROM c") == ["2"])
    }

    @Test(
        "keys that the column makes one of are a fault: rows of one unit would go for another's",
        arguments: [
            ("UNIQUE", "pk TEXT", "(1), ('1')"), ("TEXT UNIQUE", "pk INTEGER", "('7'), ('007')"),
            ("TEXT UNIQUE", "pk REAL", "('7'), ('7.0')"), ("REAL UNIQUE", "pk TEXT", "(0.1 + 0.2), (0.3)"),
            ("INTEGER UNIQUE", "pk REAL", "(9007199254740993), (9007199254740992)"),
        ])
    func mixedUp(_ parent: String, _ child: String, _ rows: String) async throws {
        let bed = try await bed(parent, child, "INSERT INTO p (k) VALUES \(rows)")
        let source = ScriptedSource.echo(column: "pk")
        let datasets = try graph()
        _ = try await bed.run(datasets, ["c": source])
        let before = try await bed.rows("SELECT rowid, body FROM c")
        try await bed.execute("UPDATE p SET ver = 2 WHERE rowid = 1")
        let outcome = try await bed.run(datasets, ["c": source])["c"]
        #expect(outcome?.failure?.kind == .configuration)
        #expect(
            outcome?.failure?.message == "the column 'pk' of 'c' does not keep keys of units apart: 2 are stored alike")
        #expect(try await bed.rows("SELECT rowid, body FROM c") == before)
        #expect(source.units.count == 2)
    }

    static let unkept = SourceFailure(
        .configuration, "the column 'pk' of 'c' does not keep the unit's key as it was written (a trigger changes it)")

    static let changing = [
        "CREATE TRIGGER change AFTER INSERT ON c BEGIN UPDATE c SET pk = 'x' || new.pk WHERE rowid = new.rowid; END",
        "CREATE TRIGGER change AFTER INSERT ON c BEGIN UPDATE c SET pk = NULL WHERE rowid = new.rowid; END",
        // Onto other units' keys.
        "CREATE TRIGGER change AFTER INSERT ON c BEGIN UPDATE c SET pk = new.pk + 2 WHERE rowid = new.rowid; END",
    ]

    @Test("a trigger that changes the key is a fault before anything is kept", arguments: changing, WriteMode.allCases)
    func trigger(_ trigger: String, _ write: WriteMode) async throws {
        let isMerge = write == .merge
        let bed = try await bed(
            "INTEGER PRIMARY KEY", isMerge ? "pk UNIQUE" : "pk",
            "INSERT INTO p (k) VALUES (1), (2), (3), (4); \(trigger)")
        let sources: [(PopulationSource?, [String: any RowSource])] = [
            (nil, ["c": ScriptedSource.echo(column: "pk")]), (.sql("SELECT :key AS pk, 'b' AS body"), [:]),
        ]
        for (source, scripted) in sources {
            let own =
                source.map {
                    population($0, unit: Self.unit, write: write, mergeKey: isMerge ? ["pk"] : [])
                } ?? population(unit: Self.unit, write: write, mergeKey: isMerge ? ["pk"] : [])
            let outcome = try await bed.run([try dataset("p"), try dataset("c", after: ["p"], own)], scripted)["c"]
            #expect(outcome?.result == .failed)
            #expect(outcome?.failure?.kind == .configuration && outcome?.failure?.message == Self.unkept.message)
            #expect(try await bed.rows("SELECT * FROM c") == [])
        }
    }

    @Test("triggers that leave the key alone are no fault")
    func harmlessTrigger() async throws {
        let bed = try await bed(
            "INTEGER PRIMARY KEY", "pk TEXT",
            """
            INSERT INTO p (k) VALUES (1), (2);
            CREATE TRIGGER change AFTER INSERT ON c BEGIN UPDATE c SET body = upper(body) WHERE rowid = new.rowid; END
            """)
        let outcome = try await bed.run(try graph(), ["c": ScriptedSource.echo(column: "pk")])["c"]
        #expect(outcome?.result == .done)
        #expect(try await bed.rows("SELECT pk, body FROM c") == ["1|OF 1", "2|OF 2"])
    }

    @Test("--force does not put rows in place of others either, when a trigger changes their keys", arguments: changing)
    func force(_ trigger: String) async throws {
        let bed = try await bed(
            "INTEGER PRIMARY KEY", "pk",
            "INSERT INTO p (k) VALUES (1), (2), (3); INSERT INTO c VALUES (9, 'old'); \(trigger)")
        var problems = ManifestProblems()
        let graph = try #require(DatasetGraph(try graph(), &problems))
        let run = PopulationRun(graph, bed.tools(["c": ScriptedSource.echo(column: "pk")]))
        let outcome = await run.replace(["c"]).first
        #expect(outcome?.failure?.kind == .configuration && outcome?.failure?.message == Self.unkept.message)
        #expect(try await bed.rows("SELECT * FROM c") == ["9|old"])
    }

    @Test(
        "rows that may be those of units that seem lost are never there twice: nothing is done then",
        arguments: [
            // Changed by hand, all or some, onto keys of nobody or of other units.
            ("UPDATE c SET pk = 'x' || pk", 10, 10), ("UPDATE c SET pk = 'x' || pk WHERE rowid < 4", 3, 3),
            ("UPDATE c SET pk = NULL WHERE rowid = 1", 1, 1), ("UPDATE c SET pk = (rowid + 1) / 2", 5, 5),
            // Some of the units are really lost, but which?
            ("DELETE FROM c WHERE rowid < 4; UPDATE c SET pk = 'x' || pk WHERE rowid < 6", 5, 2),
            ("DELETE FROM c WHERE rowid < 3; INSERT INTO c VALUES (NULL, 'of mine')", 2, 1),
        ])
    func unclear(_ change: String, _ units: Int, _ rows: Int) async throws {
        let bed = try await bed(
            "INTEGER PRIMARY KEY", "pk",
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 10) INSERT INTO p (k) SELECT i FROM n"
        )
        let source = ScriptedSource.echo(column: "pk")
        let datasets = try graph()
        _ = try await bed.run(datasets, ["c": source])
        try await bed.execute(change + "; INSERT INTO p (k) VALUES (11)")
        let before = try await bed.rows("SELECT * FROM c ORDER BY rowid")
        for _ in 1...2 {
            let outcome = try await bed.run(datasets, ["c": source])["c"]
            #expect(outcome?.result == .failed)
            #expect(outcome?.failure?.kind == .configuration)
            #expect(
                outcome?.failure?.message.hasPrefix(
                    "the rows of \(CountWords.units(units)) are not found in 'c' by 'pk', and \(CountWords.rows(rows)) there may be theirs"
                ) == true)
            #expect(try await bed.rows("SELECT * FROM c ORDER BY rowid") == before)
        }
        #expect(source.units.count == 10)
    }

    @Test("a SELECT that gives another key than the unit's is given the unit's")
    func selected() async throws {
        let bed = try await bed("TEXT PRIMARY KEY", "pk TEXT", "INSERT INTO p (k) VALUES ('A'), ('B')")
        let datasets = try graph(.sql("SELECT lower(:key) AS pk, 'b' AS body"))
        #expect(try await bed.run(datasets)["c"]?.result == .done)
        try await bed.execute("INSERT INTO p (k) VALUES ('C')")
        #expect(try await bed.run(datasets)["c"]?.result == .done)
        #expect(try await bed.rows("SELECT pk FROM c ORDER BY pk") == ["A", "B", "C"])
    }
}

extension WriteMode {
    fileprivate static var allCases: [WriteMode] { [.append, .merge, .replace] }
}
