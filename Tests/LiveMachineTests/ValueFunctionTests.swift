import HealKit
import HealModel
import Testing

@testable import LiveMachine

/// `selfheal_stored`, `selfheal_loss` and `selfheal_digest`: what a rebuild plans with and what its proof rests on. SQLite
/// itself says what is right: a value is put into a column and looked at.
@Suite struct ValueFunctionTests {
    let sandbox: Sandbox
    let machine: LiveMachine

    init() throws {
        sandbox = try Sandbox()
        machine = try sandbox.machine(mayChange: false)
    }

    private static let affinities = ["integer", "real", "numeric", "text", "blob"]

    /// Values as SQL, of every storage class and at its edges.
    static let values = [
        "NULL", "0", "1", "-1", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
        "9223372036854775807", "(-9223372036854775807 - 1)",
        "0.0", "1.5", "3.0", "0.1", "(1.0 / 3)", "9007199254740992.0", "9007199254740994.0", "1e18",
        "9223372036854774784.0", "9223372036854775807.0", "-9223372036854775808.0", "1e300", "5e-324", "9e999",
        "-9e999",
        "(9e999 - 9e999)",
        "''", "' '", "'1'", "' 1'", "'1 '", "'+1'", "'-1'", "'-0'", "'007'", "'1.0'", "'1.50'", "'1.5'", "'.5'", "'5.'",
        "'1e3'", "'1E3'", "'1e400'", "'0x10'", "'9223372036854775807'", "'9223372036854775808'",
        "'-9223372036854775808'", "'9007199254740993'", "'9007199254740993.0'", "'0.1'", "'3.0'", "'1e300'",
        "'1.0e+18'",
        "'abc'", "'12abc'", "'nan'", "'inf'", "'Inf'", "'1_000'", "'\u{FF11}'", "'\u{0663}'", "char(9) || '1'",
        "'1' || char(10)", "char(0)", "'1' || char(0)", "'1' || char(0) || '2'", "char(0) || '1'",
        "CAST(x'FF31' AS TEXT)", "CAST(x'31FF' AS TEXT)", "CAST(x'ED A0 80' AS TEXT)", "'it''s \"so\"'",
        "x''", "x'00'", "x'31'", "x'FF00'", "zeroblob(9)",
    ].map { $0.replacing("ED A0 80", with: "EDA080") }

    /// Type and every bit of a value, as a text.
    private static func bits(_ value: String) -> String {
        "typeof(\(value)) || ' ' || CASE WHEN typeof(\(value)) IN ('integer', 'real') THEN quote(\(value)) "
            + "ELSE coalesce(hex(\(value)), '') END"
    }

    private func rows(_ statements: [String], _ query: String) async throws -> [[SQLValue]] {
        try await machine.scratchDatabase { connection throws(MachineError) in
            for statement in statements { try connection.execute(statement) }
            return try connection.rows(query)
        }
    }

    private func texts(_ query: String) async throws -> [String] {
        try await rows([], query).flatMap { $0 }.map { if case .text(let text) = $0 { text } else { "\($0)" } }
    }

    // MARK: What a column keeps

    @Test(arguments: values) func storedIsWhatAColumnKeeps(value: String) async throws {
        let columns = Self.affinities.map { "c_\($0) \($0)" }.joined(separator: ", ")
        let terms = Self.affinities.map { affinity in
            "\(Self.bits("c_\(affinity)")), \(Self.bits("selfheal_stored(\(value), '\(affinity)')"))"
        }
        let answer = try await rows(
            [
                "CREATE TABLE t (\(columns))",
                "INSERT INTO t VALUES (\(Self.affinities.map { _ in value }.joined(separator: ", ")))",
            ], "SELECT \(terms.joined(separator: ", ")) FROM t")
        let found = try #require(answer.first)
        for (index, affinity) in Self.affinities.enumerated() {
            #expect(found[2 * index] == found[2 * index + 1], "\(value) as \(affinity)")
        }
    }

    /// The negative zero is the one value that a column changes and the function does not; the digest takes both as the same.
    @Test func negativeZeroIsZero() async throws {
        let answer = try await texts(
            """
            SELECT quote(selfheal_stored(-0.0, 'integer')), quote(selfheal_loss(-0.0, 'integer')),
            (SELECT selfheal_digest(x) FROM (SELECT -0.0 AS x)) = (SELECT selfheal_digest(x) FROM (SELECT 0.0 AS x))
            """)
        #expect(answer == ["0", "0", "\(SQLValue.integer(1))"])
    }

    // MARK: What is lost

    /// Nothing is lost where the value comes back from what the column keeps; a text that became a number comes back when
    /// SQLite writes the number so.
    @Test(arguments: values) func lostIsWhatDoesNotComeBack(value: String) async throws {
        let columns = Self.affinities.map { "c_\($0) \($0)" }.joined(separator: ", ")
        let terms = Self.affinities.map { affinity in
            let kept = "c_\(affinity)"
            // A text is compared by its bytes; CAST to INTEGER stops at the largest of 64 bits.
            let comesBack = """
                CASE typeof(v)
                WHEN 'text' THEN typeof(\(kept)) = 'text' AND hex(\(kept)) = hex(v) OR typeof(\(kept)) <> 'text' AND (
                    hex(CAST(\(kept) AS TEXT)) = hex(v)
                    OR \(kept) BETWEEN -9.2e18 AND 9.2e18 AND \(kept) = CAST(\(kept) AS INTEGER)
                        AND hex(CAST(CAST(\(kept) AS INTEGER) AS TEXT)) = hex(v))
                WHEN 'integer' THEN CAST(\(kept) AS INTEGER) = v
                    AND (typeof(\(kept)) <> 'real' OR \(kept) < 9223372036854775807.0)
                WHEN 'real' THEN CAST(\(kept) AS REAL) = v
                ELSE 1 END
                """
            return "(\(comesBack)), selfheal_loss(v, '\(affinity)')"
        }
        let answer = try await rows(
            [
                "CREATE TABLE t (v, \(columns))",
                "INSERT INTO t VALUES (\((["v"] + Self.affinities).map { _ in value }.joined(separator: ", ")))",
            ], "SELECT \(terms.joined(separator: ", ")) FROM t")
        let found = try #require(answer.first)
        for (index, affinity) in Self.affinities.enumerated() {
            let (comesBack, lost) = (found[2 * index], found[2 * index + 1])
            #expect(lost == .integer(comesBack == .integer(1) ? 0 : 1), "\(value) as \(affinity)")
        }
    }

    @Test(arguments: [
        ("'007'", "integer", 1), ("'7'", "integer", 0), ("' 7'", "integer", 1), ("'1e3'", "integer", 1),
        ("'0x10'", "integer", 0), ("''", "integer", 0), ("'abc'", "real", 0), ("'1.0'", "real", 0), ("'1'", "real", 0),
        ("'1.0'", "integer", 1), ("9007199254740993", "real", 1), ("9007199254740992", "real", 0),
        ("9223372036854775807", "real", 1), ("9223372036854775807", "text", 0), ("1.0 / 3", "text", 1),
        ("1.5", "text", 0), ("9e999", "text", 1), ("x'31'", "integer", 0), ("NULL", "text", 0), ("'007'", "blob", 0),
        ("3.0", "integer", 0),
    ]) func someLossesByName(value: String, affinity: String, expected: Int64) async throws {
        #expect(try await rows([], "SELECT selfheal_loss(\(value), '\(affinity)')") == [[.integer(expected)]])
    }

    // MARK: Digests

    private static func digest(_ rows: [String], columns: Int = 2) -> String {
        let names = (1...columns).map { "column\($0)" }.joined(separator: ", ")
        return "(SELECT selfheal_digest(\(names)) FROM (VALUES \(rows.map { "(\($0))" }.joined(separator: ", "))))"
    }

    private func areEqual(_ first: [String], _ second: [String]) async throws -> Bool {
        try await rows([], "SELECT \(Self.digest(first)) = \(Self.digest(second))") == [[.integer(1)]]
    }

    @Test func theOrderOfRowsMakesNoDifference() async throws {
        let rows = Self.values.enumerated().map { "\($0), \($1)" }
        #expect(try await areEqual(rows, rows.reversed()))
        #expect(try await !areEqual(rows, Array(rows.dropLast())))
        #expect(try await !areEqual(rows, rows + [rows[0]]))
    }

    /// Rows with values in each other's places, texts that run into each other, what is nearly nothing, pairs that would
    /// cancel out: no two of these have the same digest.
    static let different: [[String]] = [
        ["'ab', 'c'"], ["'a', 'bc'"], ["'abc', ''"], ["'', 'abc'"], ["'abc', NULL"], ["NULL, 'abc'"], ["'abc', x''"],
        ["x'616263', ''"], ["NULL, NULL"], ["'', ''"], ["x'', x''"], ["'', x''"], ["x'', ''"], ["NULL, ''"],
        ["'', NULL"],
        ["0, 0"], ["0, 0.0"], ["0.0, 0"], ["0, '0'"], ["0, x'30'"], ["0, NULL"], ["0, ''"], ["1, 1"], ["1, 1.0"],
        ["1, '1'"], ["1, x'31'"], ["1, -1"], ["-1, 1"], ["1, 9e999"], ["1, -9e999"],
        ["1, 9007199254740992"], ["1, 9007199254740993"], ["1, 9007199254740992.0"], ["1, 9223372036854775807"],
        ["1, 9223372036854775807.0"], ["1, (-9223372036854775807 - 1)"], ["1, 0.1"], ["1, 0.1 + 2e-17"],
        ["1, 'a'"], ["1, 'a' || char(0)"], ["1, char(0) || 'a'"], ["1, char(0)"], ["1, char(0, 0)"], ["1, x'00'"],
        ["1, x'0000'"], ["1, CAST(x'FF' AS TEXT)"], ["1, CAST(x'FE' AS TEXT)"], ["1, x'FF'"],
        ["1, 'A'"], ["1, 'a '"], ["1, '\u{E9}'"], ["1, 'e\u{301}'"],
        ["1, '1234567'"], ["1, '12345678'"], ["1, '123456789'"], ["1, '12345678' || char(0)"],
        ["1, '1234567812345678'"], ["1, '1234567812345679'"], ["1, zeroblob(8)"], ["1, zeroblob(16)"],
        ["1, zeroblob(7)"],
        // As the digest reads a text: eight bytes at a time, then how many are left, then the next value's type.
        ["'12345678', CAST(x'0000000000000000' || x'0300000000000000' || '87654321' AS TEXT)"],
        ["CAST('12345678' || x'0000000000000000' || x'0300000000000000' AS TEXT), '87654321'"],
        ["x'3132333435363738', x'000000000000000004000000000000003837363534333231'"],
        ["x'313233343536373800000000000000000400000000000000', x'3837363534333231'"],
        ["1, 'a'", "2, 'b'"], ["1, 'b'", "2, 'a'"], ["1, 'a'", "1, 'b'"], ["2, 'a'", "2, 'b'"],
        ["1, 'a'", "1, 'a'"], ["2, 'b'", "2, 'b'"], ["1, 'a'", "1, 'a'", "1, 'a'"], ["1, 2", "2, 1"], ["1, 1", "2, 2"],
        ["1, NULL", "NULL, 1"], ["1, 1", "NULL, NULL"], ["1, 3", "2, 2"], ["1, 2", "2, 3"],
    ]

    @Test func differentRowsHaveDifferentDigests() async throws {
        let list = Self.different
        let digests = try await texts("SELECT \(list.map { Self.digest($0) }.joined(separator: ", "))")
        var first: [String: Int] = [:]
        for (index, digest) in digests.enumerated() {
            // The checksum alone, without the counts beside it.
            let checksum = String(digest.suffix(32))
            if let other = first.updateValue(index, forKey: checksum) {
                #expect(Bool(false), "\(list[other]) and \(list[index]) have the checksum \(checksum)")
            }
        }
        #expect(first.count == list.count)
    }

    @Test func everySingleValueIsTold() async throws {
        // What is no number is NULL, which is there already.
        let list = Self.values.filter { $0 != "(9e999 - 9e999)" }
        let terms = list.map { "(SELECT selfheal_digest(x) FROM (SELECT \($0) AS x))" }
        let digests = try await texts("SELECT \(terms.joined(separator: ", "))")
        #expect(Set(digests.map { $0.suffix(32) }).count == list.count)
    }

    @Test func whatADigestSays() async throws {
        let answer = try await texts(
            """
            SELECT substr(selfheal_digest(a, b), 1, instr(selfheal_digest(a, b), 'checksum') - 1)
            FROM (SELECT 1 AS a, 'x' AS b UNION ALL SELECT 2.5, NULL UNION ALL SELECT NULL, x'00')
            UNION ALL SELECT selfheal_digest(1) FROM sqlite_schema WHERE 0
            UNION ALL SELECT substr(selfheal_digest(), 1, 13) FROM (VALUES (1), (2))
            """)
        #expect(answer == ["rows 3; types 1/1/0/0/1 0/0/1/1/1; ", "rows 0", "rows 2; types"])
    }

    /// What is written with them could be read by nobody else, and a schema made to harm may not call them.
    @Test func schemasCannotUseThem() async throws {
        for function in ["selfheal_stored(a, 'text')", "selfheal_loss(a, 'text')"] {
            let failure = await asyncFailure {
                _ = try await rows(
                    ["CREATE TABLE t (a, b AS (\(function)))", "INSERT INTO t (a) VALUES (1)"], "SELECT * FROM t")
            }
            guard case .database(_, .sql(_, let message, _)) = failure else {
                #expect(Bool(false), "\(function): \(String(describing: failure))")
                continue
            }
            #expect(message.contains("unsafe use of"), "\(message)")
        }
    }
}
