import Foundation
import HealKit
import HealModel
import Testing

@testable import LiveMachine

@Suite struct SQLConnectionTests {
    let sandbox: Sandbox
    let machine: LiveMachine

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine(mayChange: false)
    }

    private func scratch<Value: Sendable>(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Value
    ) async throws -> Value {
        try await machine.scratchDatabase(body)
    }

    private func problem(
        _ body: @escaping @Sendable (any SQLConnection) throws(MachineError) -> Void
    ) async -> (code: Int32, message: String, offset: Int?)? {
        guard
            case .database("scratch database", .sql(let code, let message, let offset)) = await asyncFailure({
                try await scratch(body)
            })
        else { return nil }
        return (code, message, offset)
    }

    @Test(.timeLimit(.minutes(1))) func firstRowReadsNoFurther() async throws {
        let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n"
        let found = try await scratch { connection throws(MachineError) in
            [
                try connection.firstRow(endless + " WHERE i > ?", [.integer(5)], within: .seconds(5)),
                try connection.firstRow("SELECT 1 WHERE 0", [], within: .seconds(5)),
            ]
        }
        #expect(found == [[.integer(6)], nil])
    }

    /// The limit is that of one statement: the next has its own.
    @Test(.timeLimit(.minutes(1))) func firstRowEndsInTime() async throws {
        let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        let found = try await scratch { connection throws(MachineError) in
            for _ in 0..<2 {
                do throws(MachineError) {
                    _ = try connection.firstRow(endless, [], within: .milliseconds(50))
                    return false
                } catch .timedOut(_, let after) {
                    guard after == .milliseconds(50) else { return false }
                }
                guard try connection.rows("SELECT 1") == [[.integer(1)]] else { return false }
            }
            return true
        }
        #expect(found)
    }

    @Test func everyValueComesBackAsItWent() async throws {
        let values: [SQLValue] = [
            .null, .integer(.min), .integer(.max), .real(0.1), .real(-.infinity), .text(""), .text("ü\0🙂\n"), .blob([]),
            .blob([0, 255]),
        ]
        let rows = try await scratch { connection throws(MachineError) in
            try connection.execute("CREATE TABLE t (a, b, c, d, e, f, g, h, i)")
            _ = try connection.rows("INSERT INTO t VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", values)
            return try connection.rows("SELECT *, typeof(h) FROM t")
        }
        #expect(rows == [values + [.text("blob")]])
    }

    @Test func aStatementIsUsedAgainWithOtherArguments() async throws {
        let answers = try await scratch { connection throws(MachineError) in
            try connection.execute("CREATE TABLE a (x); CREATE TABLE b (x, y)")
            var answers: [[[SQLValue]]] = []
            for name in ["a", "b", "c"] {
                answers.append(try connection.rows("SELECT count(*) FROM pragma_table_info(?)", [.text(name)]))
            }
            // After a change of the schema as well.
            try connection.execute("ALTER TABLE a ADD COLUMN y")
            answers.append(try connection.rows("SELECT count(*) FROM pragma_table_info(?)", [.text("a")]))
            for number in 0..<100 { _ = try connection.rows("SELECT \(number)") }
            return answers
        }
        #expect(answers == [[[.integer(1)]], [[.integer(2)]], [[.integer(0)]], [[.integer(2)]]])
    }

    @Test func severalStatementsWithCommentsBetween() async throws {
        let names = try await scratch { connection throws(MachineError) in
            try connection.execute(
                """
                -- first
                CREATE TABLE a (x); /* second */ ;;
                CREATE TABLE b (x); -- last
                """)
            try connection.execute("")
            try connection.execute(" -- nothing")
            return try connection.rows("SELECT name FROM sqlite_schema ORDER BY 1")
        }
        #expect(names == [[.text("a")], [.text("b")]])
    }

    @Test func compilingRunsNothing() async throws {
        let rows = try await scratch { connection throws(MachineError) in
            try connection.execute("CREATE TABLE t (x)")
            try connection.compile("INSERT INTO t VALUES (1); DELETE FROM t; SELECT x FROM t")
            return try connection.rows("SELECT count(*) FROM t")
        }
        #expect(rows == [[.integer(0)]])
    }

    @Test func anErrorHasItsPlaceInTheWholeText() async throws {
        let first = "CREATE TABLE a (ü);\n"
        let text = first + "CREATE TABLE b (x, , y)"
        for compile in [false, true] {
            let problem = await problem { connection throws(MachineError) in
                if compile { try connection.compile(text) } else { try connection.execute(text) }
            }
            #expect(problem?.message == "near \",\": syntax error")
            #expect(problem?.offset == (first + "CREATE TABLE b (x, ").utf8.count)
        }
        let missing = await problem { connection throws(MachineError) in
            try connection.compile("SELECT missing FROM sqlite_schema")
        }
        #expect(missing?.message == "no such column: missing")
        #expect(missing?.offset == 7)
    }

    @Test func messagesHoldNoValuesNorTheWholeText() async throws {
        let unique = await problem { connection throws(MachineError) in
            try connection.execute(
                "CREATE TABLE t (x UNIQUE); INSERT INTO t VALUES ('s3cret'); INSERT INTO t VALUES ('s3cret')")
        }
        #expect(unique?.message == "UNIQUE constraint failed: t.x")
        #expect(unique?.code == 2067)
        let long = await problem { connection throws(MachineError) in
            try connection.execute("SELECT 'open " + String(repeating: "secret ", count: 1000))
        }
        #expect(try #require(long).message.count <= 201)
    }

    @Test func whatRowsTakes() async throws {
        let two = await problem { connection throws(MachineError) in _ = try connection.rows("SELECT 1; SELECT 2") }
        #expect(two?.message == "there is more than one statement in the SQL text")
        let none = await problem { connection throws(MachineError) in _ = try connection.rows("-- nothing") }
        #expect(none?.message == "there is no statement in the SQL text")
        let few = await problem { connection throws(MachineError) in _ = try connection.rows("SELECT ?, ?", [.null]) }
        #expect(few?.message.contains("arguments") == true)
        let nul = await problem { connection throws(MachineError) in try connection.execute("SELECT 1;\0 DROP TABLE t")
        }
        #expect(nul?.message == "the SQL text holds a NUL character")
        #expect(nul?.offset == 9)
        let tail = try await scratch { connection throws(MachineError) in
            try connection.rows("SELECT 1; -- that is all")
        }
        #expect(tail == [[.integer(1)]])
    }

    @Test func doubleQuotedTextIsAccepted() async throws {
        let rows = try await scratch { connection throws(MachineError) in
            try connection.execute("CREATE TABLE t (x CHECK (x <> \"y\")); ALTER TABLE t RENAME TO u")
            return try connection.rows("SELECT name FROM sqlite_schema WHERE name = \"u\"")
        }
        #expect(rows == [[.text("u")]])
    }

    // MARK: The scratch database

    @Test func scriptsWithTheirOwnTransactions() async throws {
        let rows = try await scratch { connection throws(MachineError) in
            try connection.execute(
                "PRAGMA foreign_keys=ON; PRAGMA journal_mode=WAL; BEGIN TRANSACTION; CREATE TABLE t (x); COMMIT; BEGIN; CREATE TABLE u (x)"
            )
            return try connection.rows("SELECT count(*) FROM sqlite_schema")
        }
        // The last one is left open: the database is gone anyway.
        #expect(rows == [[.integer(2)]])
    }

    @Test(arguments: [
        "ATTACH '/tmp/selfheal-escape.db' AS e", "VACUUM INTO '/tmp/selfheal-escape.db'", "DETACH main",
        "PRAGMA temp_store_directory='/tmp'", "SELECT load_extension('x')",
        "SELECT writefile('/tmp/selfheal-escape.db', 'x')",
        "SELECT readfile('/etc/passwd')", "CREATE VIRTUAL TABLE v USING csv(filename='/etc/passwd')",
    ])
    func itReachesNoFile(_ sql: String) async throws {
        #expect(await problem { connection throws(MachineError) in try connection.execute(sql) } != nil)
        #expect(!FileManager.default.fileExists(atPath: "/tmp/selfheal-escape.db"))
    }

    @Test func eachOneIsEmpty() async throws {
        for _ in 0..<2 {
            let rows = try await scratch { connection throws(MachineError) in
                let rows = try connection.rows("SELECT count(*) FROM sqlite_schema")
                try connection.execute("CREATE TABLE t (x); CREATE TEMP TABLE u (x)")
                return rows
            }
            #expect(rows == [[.integer(0)]])
        }
    }

    @Test func itsStatementsHaveATimeLimit() async throws {
        let endless = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n"
        let error = failure {
            try machine.scratch(timeLimit: .milliseconds(100)) { connection throws(MachineError) in
                try connection.execute(endless)
            }
        }
        #expect(error == .timedOut(subject: "scratch database", after: .milliseconds(100)))
        let interruption = Interruption()
        interruption.raise()
        let stopped = try sandbox.machine(interruption: interruption)
        #expect(
            await asyncFailure {
                try await stopped.scratchDatabase { connection throws(MachineError) in try connection.execute(endless) }
            } == .cancelled)
    }

    @Test func itsSizeIsBounded() async throws {
        let large = await asyncFailure {
            try await scratch { connection throws(MachineError) in
                try connection.execute(
                    """
                    CREATE TABLE t (x);
                    WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 1000)
                    INSERT INTO t SELECT zeroblob(1000000) FROM n
                    """)
            }
        }
        #expect(large == .database(subject: "scratch database", .diskFull))
        #expect(
            await problem { connection throws(MachineError) in _ = try connection.rows("SELECT zeroblob(100000000)") }
                != nil)
    }
}
