import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

/// What can still be read of a damaged database gets into a new one, and the damaged one is kept.
@Suite struct SalvageTests {
    let sandbox: Sandbox
    let machine: LiveMachine
    var file: String { sandbox.path("a.db") }

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine()
    }

    private func salvage() async throws -> ReplacedDatabase { try await machine.salvageDatabase(path("a.db")) }
    private func shell(_ sql: String) async throws -> String {
        try await OtherProcess.sqlite(file, sql).trimmingCharacters(in: .newlines)
    }

    /// The damaged file under its new name is the old one, bit by bit.
    private func salvageKeepingTheOldOne() async throws -> ReplacedDatabase {
        let before = try Data(contentsOf: URL(filePath: file))
        let salvaged = try await salvage()
        #expect(try Data(contentsOf: URL(filePath: sandbox.path(salvaged.kept.text))) == before)
        #expect(try sandbox.names() == ["a.db", salvaged.kept.text])
        #expect(try await shell("PRAGMA integrity_check") == "ok")
        return salvaged
    }

    /// Every row but those on the damaged pages, wherever these are.
    @Test(arguments: [[0], [3], [3, 4], [3, 9, 15], [-1], [0, -1], [0, 7, -1]])
    func rowsAroundDamagedPages(_ damaged: [Int]) async throws {
        try await Databases.plain(file, rows: 2000)
        let leaves = try await Damage.leaves(of: "t", file)
        try #require(leaves.count > 40)
        let pages = damaged.map { leaves[$0 < 0 ? leaves.count + $0 : $0] }
        try Damage.overwrite(file, pages: pages)
        let salvaged = try await salvageKeepingTheOldOne()
        let table = try #require(salvaged.tables.first)
        #expect(salvaged.tables.count == 1 && table.name == "t" && salvaged.lost == [] && table.refused == 0)
        let ids = try await shell("SELECT id FROM t WHERE text = printf('%0100d', id) ORDER BY id")
            .split(separator: "\n").compactMap { Int64($0) }
        #expect(Int64(ids.count) == table.rows)
        let missing = Set(1...2000 as ClosedRange<Int64>).subtracting(ids)
        // About 35 rows are on a page.
        #expect(missing.count >= pages.count && missing.count < pages.count * 45, "\(missing.count)")
        #expect(missing.allSatisfy { id in table.lost.contains { $0.contains(id) } })
        #expect(ids.allSatisfy { id in !table.lost.contains { $0.contains(id) } })
        #expect(table.lost.count == (damaged == [3, 4] ? 1 : pages.count), "\(table.lost)")
    }

    /// Also where only a part of a page is missing, which SQLite takes for zeros: no row has any.
    @Test(arguments: [Int64(1), 500, 4096, 100_000])
    func aTruncatedOne(_ missing: Int64) async throws {
        try await Databases.plain(file, rows: 2000)
        try Damage.truncate(file, by: missing)
        let salvaged = try await salvageKeepingTheOldOne()
        let rows = try #require(salvaged.tables.first).rows
        let least: Int64 = missing == 100_000 ? 900 : 1900
        #expect(rows >= least && rows < 2000)
        let sound = "SELECT count(*), min(id) FROM t WHERE text = printf('%0100d', id)"
        #expect(try await shell(sound) == "\(rows)|1")
    }

    /// Rowids far apart, negative ones, and none that has a name.
    @Test func anyRowids() async throws {
        try await OtherProcess.sqlite(
            file,
            """
            CREATE TABLE t (x TEXT);
            WITH RECURSIVE n (i) AS (SELECT -500 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
            INSERT INTO t (rowid, x) SELECT i * 9000000000000000, printf('%0100d', i) FROM n;
            """)
        let leaves = try await Damage.leaves(of: "t", file)
        try Damage.overwrite(file, pages: [leaves[0], leaves[leaves.count / 2], leaves[leaves.count - 1]])
        let salvaged = try await salvageKeepingTheOldOne()
        let table = try #require(salvaged.tables.first)
        #expect(table.rows > 1001 - 3 * 45 && table.rows < 1001 - 3)
        #expect(table.lost.count == 3 && table.lost.first?.lowerBound == .min && table.lost.last?.upperBound == .max)
        #expect(try await shell("SELECT count(*) FROM t WHERE x <> printf('%0100d', rowid / 9000000000000000)") == "0")
    }

    @Test func oneRowWhoseOverflowPageIsDamaged() async throws {
        try await Databases.plain(file)
        _ = try await shell("UPDATE t SET text = printf('%020000d', 7) WHERE id = 5; INSERT INTO t VALUES (11, 'x')")
        let pages = try await OtherProcess.sqlite(
            file, "SELECT pageno FROM dbstat WHERE pagetype = 'overflow' LIMIT 1 OFFSET 1")
        try Damage.overwrite(file, pages: [try #require(Int(pages.trimmingCharacters(in: .newlines)))], with: 0xFF)
        let table = try #require(try await salvageKeepingTheOldOne().tables.first)
        #expect(table.rows == 10 && table.lost == [5...5])
    }

    @Test func withoutRowidFromBothEnds() async throws {
        try await OtherProcess.sqlite(
            file,
            """
            CREATE TABLE t (a TEXT COLLATE NOCASE, b INT, c, PRIMARY KEY (a DESC, b)) WITHOUT ROWID;
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
            INSERT INTO t SELECT printf('%0100d', i), i, 'c' FROM n;
            """)
        let leaves = try await Damage.leaves(of: "t", file)
        try Damage.overwrite(file, pages: [leaves[10], leaves[20]])
        let table = try #require(try await salvageKeepingTheOldOne().tables.first)
        #expect(table.hasGap && table.lost == [] && table.refused == 0)
        #expect(table.rows > 1000 && table.rows < 2000)
        #expect(
            try await shell("SELECT count(*), max(a) = printf('%0100d', 2000), min(a) = printf('%0100d', 1) FROM t")
                == "\(table.rows)|1|1")
    }

    /// Everything that a database can hold besides rows.
    @Test func theWholeSchema() async throws {
        try await OtherProcess.sqlite(
            file,
            """
            PRAGMA page_size=1024; PRAGMA auto_vacuum=FULL; PRAGMA encoding='UTF-16le'; PRAGMA user_version=7;
            PRAGMA application_id=99;
            CREATE TABLE [a "table"] (id INTEGER PRIMARY KEY AUTOINCREMENT, "of" TEXT, twice AS (id * 2), kept AS (id + 1) STORED);
            INSERT INTO [a "table"] ("of") VALUES ('ü'), ('b'), (CAST(x'ff00' AS TEXT)), (NULL);
            DELETE FROM [a "table"] WHERE id = 4;
            CREATE TABLE rowid (rowid TEXT, _rowid_ INT, oid INT);
            INSERT INTO rowid VALUES ('a', 1, 2), ('b', 3, 4);
            CREATE TABLE strict (x INT, y BLOB, z ANY) STRICT;
            INSERT INTO strict VALUES (1, x'0102', 1.5), (2, NULL, 'text');
            CREATE UNIQUE INDEX one ON strict (x) WHERE x > 0;
            CREATE INDEX two ON strict (lower(z));
            CREATE VIEW v AS SELECT x FROM strict;
            CREATE TRIGGER tr AFTER INSERT ON strict BEGIN UPDATE strict SET y = NULL; END;
            CREATE VIRTUAL TABLE texts USING fts5 (body);
            INSERT INTO texts VALUES ('some words'), ('other words');
            """)
        chmod(file, 0o640)
        let everything =
            "SELECT type, name, sql FROM sqlite_schema ORDER BY name; SELECT *, hex(\"of\"), typeof(\"of\") FROM [a \"table\"]; "
            + "SELECT * FROM rowid; SELECT *, hex(y) FROM strict; SELECT * FROM sqlite_sequence; "
            + "SELECT rowid, body FROM texts WHERE texts MATCH 'words'; PRAGMA page_size; PRAGMA auto_vacuum; "
            + "PRAGMA encoding; PRAGMA user_version; PRAGMA application_id; INSERT INTO texts (texts) VALUES ('integrity-check')"
        let before = try await shell(everything)
        let salvaged = try await salvageKeepingTheOldOne()
        #expect(try await shell(everything) == before)
        #expect(salvaged.lost == [] && salvaged.tables.allSatisfy(\.isComplete))
        #expect(sandbox.mode("a.db") == 0o640)
    }

    @Test func whatItsOwnConstraintsRefuseIsCounted() async throws {
        try await OtherProcess.sqlite(
            file,
            "CREATE TABLE t (id INTEGER PRIMARY KEY, x TEXT, y INT CHECK (y > 0)); CREATE UNIQUE INDEX u ON t (x);")
        try await Damage.breakIndex(
            "u", in: file,
            meanwhile: "PRAGMA ignore_check_constraints=ON; INSERT INTO t VALUES (1, 'a', 1), (2, 'a', -1), (3, 'b', 1)"
        )
        let salvaged = try await salvage()
        #expect(salvaged.lost == ["index u: rows that must differ are equal"])
        #expect(try await shell("SELECT * FROM t") == "1|a|1\n2|a|-1\n3|b|1")
    }

    @Test func aPartOfTheSchemaIsLost() async throws {
        let tables = (1...40).map {
            "CREATE TABLE t\($0) (id INTEGER PRIMARY KEY, \(String(repeating: "x", count: 200)) TEXT);"
                + "INSERT INTO t\($0) VALUES (1, 'a'), (2, 'b');"
        }
        try await OtherProcess.sqlite(file, tables.joined())
        let leaves = try await Damage.leaves(of: "sqlite_schema", file)
        try Damage.overwrite(file, pages: [leaves[leaves.count - 1]])
        let salvaged = try await salvageKeepingTheOldOne()
        #expect(salvaged.lost.first?.hasPrefix("part of the schema") == true)
        #expect(salvaged.tables.count > 5 && salvaged.tables.count < 40 && salvaged.tables.allSatisfy { $0.rows == 2 })
    }

    @Test func inWALModeWithALog() async throws {
        try await Databases.plain(file, rows: 500)
        try await Databases.killedLogWriter(file)
        let leaves = try await Damage.leaves(of: "t", file)
        try await Databases.killedLogWriter(sandbox.path("other.db"))
        try Damage.overwrite(file, pages: [leaves[2]])
        let names = try sandbox.names().filter { $0.hasPrefix("a.db") }
        try #require(names.contains("a.db-wal") == true || names == ["a.db"])
        let before = try Data(contentsOf: URL(filePath: file))
        let salvaged = try await salvage()
        #expect(try Data(contentsOf: URL(filePath: sandbox.path(salvaged.kept.text))) == before)
        #expect(salvaged.tables.map(\.name) == ["t", "late"] && salvaged.tables[1].rows == 3)
        #expect(
            try await shell("SELECT count(*) FROM late; PRAGMA journal_mode; PRAGMA integrity_check") == "3\nwal\nok")
    }

    // MARK: Where nothing is done

    private func refused(_ expected: MachineError, _ context: String = "") async throws {
        let before = try sandbox.listing()
        #expect(await asyncFailure { try await salvage() } == expected, "\(context)")
        #expect(try sandbox.listing() == before, "\(context)")
    }

    @Test func nothingToRead() async throws {
        try await Databases.plain(file, rows: 500)
        let root = try await shell("SELECT rootpage FROM sqlite_schema")
        try Damage.overwrite(file, pages: [try #require(Int(root))])
        try await refused(.refused(subject: "a.db", .nothingReadable))
        try sandbox.write("a.db", String(repeating: "no database ", count: 100))
        try await refused(.database(subject: "a.db", .notADatabase))
        try sandbox.write("a.db", "")
        try await refused(.database(subject: "a.db", .empty))
    }

    @Test func linksHaveTwoSides() async throws {
        try await Databases.plain(file)
        link(file, sandbox.path("b.db"))
        try await refused(.refused(subject: "a.db", .hardLinked))
        unlink(file)
        try sandbox.link("a.db", to: "b.db")
        try await refused(.refused(subject: "a.db", .symbolicLink))
    }

    @Test func aHotJournalComesFirst() async throws {
        try await Databases.plain(file, rows: 500)
        try await Databases.killedWriter(file)
        try await refused(.database(subject: "a.db", .hotJournal))
    }

    @Test func aReadOnlyRun() async throws {
        try await Databases.plain(file)
        let looking = try sandbox.machine(mayChange: false)
        let before = try sandbox.listing()
        let refusal = MachineError.refused(subject: "a.db", .readOnlyRun)
        #expect(await asyncFailure { try await looking.salvageDatabase(path("a.db")) } == refusal)
        #expect(await asyncFailure { try await looking.restoreDatabase(path("a.db"), from: path("b.db")) } == refusal)
        #expect(await asyncFailure { try await looking.finishReplacement(of: path("a.db")) } == refusal)
        #expect(try sandbox.listing() == before)
    }

    @Test(arguments: [false, true])
    func somebodyUsesIt(_ usesWAL: Bool) async throws {
        try await Databases.plain(file, rows: 500, pragmas: usesWAL ? "PRAGMA journal_mode=WAL;" : "")
        let use = usesWAL ? "SELECT count(*) FROM t" : "BEGIN; SELECT count(*) FROM t"
        try await OtherProcess.python(Databases.holder(use), file) { () async throws -> Void in
            let before = try sandbox.listing()
            guard case .database("a.db", .busy) = await asyncFailure({ try await salvage() }) else {
                Issue.record("not busy")
                return
            }
            #expect(try sandbox.listing() == before)
        }
    }

    @Test func wordsForPeople() {
        var table = SalvagedTable("orders")
        table.rows = 1
        #expect(table.explanation == "orders: 1 row")
        table.rows = 120
        table.lost = [.min ... -5, 41...60, 70...70, 90 ... .max]
        table.refused = 2
        #expect(
            table.explanation
                == "orders: 120 rows, nothing could be read of the rowids up to -5, 41 to 60, 70, from 90 on, "
                + "2 could be read but break the table's constraints")
    }

    @Test(
        arguments: [
            (Int64.min ... .max, 0), (0 ... .max, 3_037_000_499), (1...4, 2), (100...10_000, 1000), (5...6, 5),
            (0...1, 0),
            (-10_000 ... -100, -1000), (Int64.min...0, -3_037_000_499),
        ] as [(ClosedRange<Int64>, Int64)])
    func halfWay(_ range: ClosedRange<Int64>, _ expected: Int64) {
        let middle = RangeSalvage.middle(of: range)
        #expect(abs(middle - expected) <= max(1, abs(expected) / 100_000), "\(middle)")
        #expect(range.contains(middle) && middle < range.upperBound)
    }
}
