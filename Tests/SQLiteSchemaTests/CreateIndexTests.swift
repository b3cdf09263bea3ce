import HealModel
import Testing

@testable import SQLiteSchema

/// A unique index is only made where no rows are in its way; they are counted and named, not shown.
@Suite struct CreateIndexTests {
    struct Case: Sendable, CustomTestStringConvertible {
        var table: String
        var index: String
        var rows: String
        var obstacle: Obstacle?
        var testDescription: String { "\(table) \(index) \(rows)" }

        init(_ table: String, _ index: String, _ rows: String, _ obstacle: Obstacle? = nil) {
            self.table = table
            self.index = index
            self.rows = rows
            self.obstacle = obstacle
        }
    }

    static let cases = [
        Case("(a, b)", "INDEX i ON t (a)", "(1, 1), (1, 2)"),
        Case("(a, b)", "UNIQUE INDEX i ON t (a)", "(1, 1), (2, 1)"),
        Case("(a, b)", "UNIQUE INDEX i ON t (a)", "(1, 1), (1, 2)", .duplicates(groups: 1, rowids: [1, 2])),
        Case(
            "(a, b)", "UNIQUE INDEX i ON t (a)", "(1, 1), (2, 2), (2, 3), (1, 4), (1, 5)",
            .duplicates(groups: 2, rowids: [1, 5, 2, 3])),
        Case("(a, b)", "UNIQUE INDEX i ON t (a)", "(NULL, 1), (NULL, 2)"),
        Case("(a, b)", "UNIQUE INDEX i ON t (a, b)", "(1, 1), (1, 2)"),
        Case("(a, b)", "UNIQUE INDEX i ON t (a, b DESC)", "(1, 1), (1, 1)", .duplicates(groups: 1, rowids: [1, 2])),
        Case("(a, b)", "UNIQUE INDEX i ON t (a, b)", "(1, NULL), (1, NULL)"),
        Case("(a, b)", "UNIQUE INDEX i ON t (a) WHERE b > 1", "(1, 1), (1, 2)"),
        Case(
            "(a, b)", "UNIQUE INDEX i ON t (a) WHERE b > 0", "(1, 1), (1, 2)", .duplicates(groups: 1, rowids: [1, 2])),
        Case("(a, b)", "UNIQUE INDEX i ON t (lower(a))", "('x', 1), ('X', 2)", .duplicates(groups: 1, rowids: [1, 2])),
        Case(
            "(a, b)", "UNIQUE INDEX i ON t (a COLLATE NOCASE)", "('x', 1), ('X', 2)",
            .duplicates(groups: 1, rowids: [1, 2])),
        Case("(a, b)", "UNIQUE INDEX i ON t (a)", "('x', 1), ('X', 2)"),
        Case(
            "(a COLLATE NOCASE, b)", "UNIQUE INDEX i ON t (a)", "('x', 1), ('X', 2)",
            .duplicates(groups: 1, rowids: [1, 2])),
        Case("(a COLLATE NOCASE, b)", "UNIQUE INDEX i ON t (a COLLATE BINARY)", "('x', 1), ('X', 2)"),
        Case(
            "(a INTEGER, rowid TEXT)", "UNIQUE INDEX i ON t (a)", "(1, 'x'), (1, 'y')",
            .duplicates(groups: 1, rowids: [1, 2])),
        Case(
            "(rowid, _rowid_, oid)", "UNIQUE INDEX i ON t (oid)", "(1, 1, 1), (1, 1, 1)",
            .duplicates(groups: 1, rowids: [])),
        Case(
            "(a PRIMARY KEY, b) WITHOUT ROWID", "UNIQUE INDEX i ON t (b)", "(1, 1), (2, 1)",
            .duplicates(groups: 1, rowids: [])),
        Case(
            "(a, b)", "UNIQUE INDEX i ON t (a)", "(1,0),(1,0),(2,0),(2,0),(3,0),(3,0),(4,0),(4,0)",
            .duplicates(groups: 4, rowids: [1, 2, 3, 4, 5, 6])),
    ]

    @Test(arguments: cases) func rowsInTheWay(example: Case) throws {
        let connection = try database("CREATE TABLE t \(example.table); INSERT INTO t VALUES \(example.rows)")
        let schema = try desired("CREATE TABLE t \(example.table); CREATE \(example.index)")
        let changes = try plan(schema, connection)
        let expected: [Obstacle] = example.obstacle.map { [$0] } ?? []
        #expect(changes.map(\.obstacles) == [expected])
        // SQLite agrees.
        let sql = schema.stored.objects[1].sql
        if example.obstacle == nil {
            try connection.execute(sql)
            #expect(
                SchemaComparison(desired: schema, found: try StoredSchema(reading: connection)).differences().isEmpty)
        } else {
            #expect(throws: (any Error).self) { try connection.execute(sql) }
        }
    }

    @Test func theMessageNamesAFewRows() {
        #expect(
            Obstacle.duplicates(groups: 1, rowids: [3, 9]).explanation
                == "1 group of rows share the same values (rowids 3, 9)")
        #expect(
            Obstacle.duplicates(groups: 40, rowids: [1, 2, 3, 4, 5, 6]).explanation
                == "40 groups of rows share the same values (rowids 1, 2, 3, 4, 5, 6, …)")
        #expect(Obstacle.duplicates(groups: 2, rowids: []).explanation == "2 groups of rows share the same values")
    }

    @Test func aColumnThatIsAddedCounts() throws {
        let connection = try database("CREATE TABLE t (a); INSERT INTO t VALUES (1), (2)")
        let same = try desired(
            "CREATE TABLE t (a, b DEFAULT 5, c TEXT); CREATE UNIQUE INDEX i ON t (b); CREATE UNIQUE INDEX j ON t (c); CREATE UNIQUE INDEX k ON t (a, b)"
        )
        #expect(
            try plan(same, connection).map(\.obstacles) == [[], [], [.duplicates(groups: 1, rowids: [1, 2])], [], []])
    }

    @Test func anIndexOnWhatIsNoTableWaits() throws {
        let connection = try database(
            "CREATE VIEW t AS SELECT 1 AS a; CREATE TRIGGER g INSTEAD OF INSERT ON t BEGIN SELECT 1; END")
        let changes = try plan(try desired("CREATE TABLE t (a); CREATE INDEX i ON t (a)"), connection)
        #expect(changes.map(\.obstacles) == [[.nameTaken], [.waits(for: "the table t")]])
    }

    @Test func theRepairsOfEverythingElse() throws {
        let connection = try database(
            "CREATE TABLE b (x); CREATE INDEX ib ON b (x DESC); CREATE VIEW w AS SELECT 2; CREATE TRIGGER h AFTER DELETE ON b BEGIN SELECT 1; END"
        )
        let schema = try desired(
            """
            CREATE TABLE a (x); CREATE INDEX ia ON a (x); CREATE TABLE b (x INT); CREATE INDEX ib ON b (x);
            CREATE VIEW v AS SELECT 1; CREATE VIEW w AS SELECT 1; CREATE VIRTUAL TABLE f USING fts5(x);
            CREATE TRIGGER g AFTER INSERT ON a BEGIN SELECT 1; END; CREATE TRIGGER h AFTER INSERT ON b BEGIN SELECT 1; END
            """)
        let changes = try plan(schema, connection)
        #expect(
            changes.map { "\($0.difference.short): \($0.statements.count) \($0.obstacles)" } == [
                "table missing a: 2 []", "virtual table missing f: 1 []",
                "column differs b.x: type: 8 []", "index differs ib: 8 []",
                "view missing v: 1 []", "view differs w: 2 []", "trigger missing g: 1 []", "trigger differs h: 8 []",
            ])
        try perform(changes, connection)
        #expect(try plan(schema, connection).isEmpty)
    }

    @Test func aTriggerOnSomethingThatIsNotThereWaits() throws {
        let trigger = "CREATE TRIGGER g AFTER INSERT ON t BEGIN SELECT 1; END"
        let object = SchemaObject(kind: .trigger, name: "g", table: "t", sql: trigger)
        let changes = try plan(DesiredSchema(StoredSchema([object])), try database())
        #expect(changes.map(\.obstacles) == [[.waits(for: "the table or view t")]])
    }

    @Test(arguments: [
        Obstacle.primaryKey, .unique, .tableConstraint("UNIQUE (a)"), .circular, .typeInStrictTable("X"),
        .typeInStrictTable(""),
        .notNullWithoutDefault, .defaultNotConstant, .storedGenerated, .checkFails(rows: 1), .checkFails(rows: 2),
        .notNullFails(rows: 1), .notNullFails(rows: 2), .referencesWithDefault, .defaultOfWrongType("INT"),
        .backfillFiresTriggers([SQLName("g")]), .renameRefused("x"), .definedDifferently, .contentsOfModule,
        .rows(1, rowids: [1], phrase: "have no a"), .rows(2, rowids: [], phrase: "have no a"),
        .orphans(rows: 1), .orphans(rows: 2),
        .duplicates(groups: 1, rowids: []), .waits(for: "x"), .nameTaken, .inUse("x"),
        .referenced(by: [SQLName("a"), SQLName("b")]), .defaultStoredOtherwise, .foreignOwner,
        .notAutomatic,
    ])
    func everyObstacleHasASentence(obstacle: Obstacle) {
        #expect(!obstacle.explanation.isEmpty && obstacle.explanation.last != ".")
    }
}
