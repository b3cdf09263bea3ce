import Datasets
import HealKit
import HealModel
import ManifestShape
import Testing

@testable import Populating

/// A statement that fails can leave a part of it behind, or end the transaction, or leave rows out without a word. Whatever it does, a
/// row is in the table once or not at all, and the ledger says the same.
@Suite("Statements that fail part-way")
struct PartialStatementTests {
    /// What a table does with the row that it does not want.
    enum Refusal: String, CaseIterable, CustomTestStringConvertible {
        case beforeAbort, afterAbort, beforeFail, afterFail, beforeRollback, afterRollback, beforeIgnore, afterIgnore
        case nestedFail, nestedRollback
        case columnAbort, columnFail, columnRollback, columnIgnore

        var testDescription: String { rawValue }

        private var action: String {
            let action = ["Abort", "Fail", "Rollback", "Ignore"].first { rawValue.hasSuffix($0) } ?? ""
            return action == "Ignore" ? "RAISE(IGNORE)" : "RAISE(\(action.uppercased()), 'not wanted')"
        }

        var schema: String {
            let time = rawValue.hasPrefix("before") ? "BEFORE" : "AFTER"
            switch self {
            case .columnAbort, .columnFail, .columnRollback, .columnIgnore:
                return
                    "CREATE TABLE parts (doc, n, body, mark NOT NULL ON CONFLICT \(rawValue.dropFirst(6).uppercased()));"
            case .nestedFail, .nestedRollback:
                return """
                    CREATE TABLE parts (doc, n, body, mark); CREATE TABLE log (body);
                    CREATE TRIGGER outside AFTER INSERT ON parts BEGIN INSERT INTO log VALUES (new.body); END;
                    CREATE TRIGGER inside AFTER INSERT ON log WHEN new.body = 'bad' BEGIN SELECT \(action); END;
                    """
            default:
                return """
                    CREATE TABLE parts (doc, n, body, mark);
                    CREATE TRIGGER t \(time) INSERT ON parts WHEN new.body = 'bad' BEGIN SELECT \(action); END;
                    """
            }
        }
    }

    enum Source: String, CaseIterable, CustomTestStringConvertible {
        case select, selectUnits, statements, statementUnits, command, commandUnits, rows

        var testDescription: String { rawValue }

        var isByUnit: Bool { self == .rows || rawValue.hasSuffix("Units") }
        var isStatement: Bool { self == .statements || self == .statementUnits }

        var population: PopulationSource {
            let columns = "doc, n, body, mark"
            switch self {
            case .select: return .sql("SELECT \(columns) FROM made ORDER BY n")
            case .selectUnits: return .sql("SELECT \(columns) FROM made WHERE doc = :key ORDER BY n")
            case .statements: return .sql("INSERT INTO parts SELECT \(columns) FROM made ORDER BY n")
            case .statementUnits:
                return .sql("INSERT INTO parts SELECT \(columns) FROM made WHERE doc = :key ORDER BY n")
            case .command, .commandUnits, .rows: return .command(CommandSource(arguments: ["make"]))
            }
        }
    }

    /// A program that answers with what it is to make of each unit it is given; of all, when it is given none.
    private static let program: FaultyMachine.Program = { command, _ throws(MachineError) in
        let input = String(decoding: command.input, as: UTF8.self).split(separator: "\n")
        let units = input.compactMap { line in (1...3).first { line == "{\"id\":\($0)}" } }
        let lines = (input.isEmpty ? [1, 2, 3] : units).flatMap(lines)
        return CommandAnswer(status: 0, standardOutput: Array(lines.map { $0 + "\n" }.joined().utf8), standardError: [])
    }

    private static let made: [(doc: Int, n: Int, body: String)] = [
        (1, 1, "a"), (2, 2, "b"), (2, 3, "bad"), (2, 4, "d"), (3, 5, "e"),
    ]

    private static func lines(_ unit: Int) -> [String] {
        made.filter { $0.doc == unit }.map { row in
            "{\"doc\":\(row.doc),\"n\":\(row.n),\"body\":\"\(row.body)\",\"mark\":\(row.body == "bad" ? "null" : "1")}"
        }
    }

    private static let documents =
        "CREATE TABLE docs (id INTEGER PRIMARY KEY); INSERT INTO docs VALUES (1), (2), (3);"
        + "CREATE TABLE made (doc, n, body, mark);"
        + made.map { row in
            "INSERT INTO made VALUES (\(row.doc), \(row.n), '\(row.body)', \(row.body == "bad" ? "NULL" : "1"));"
        }.joined()

    /// What there must be in the end.
    struct Expected: Equatable {
        var rows: [String]
        var aside: [String]
        var ledger: [String]
        var result: DatasetOutcome.Result

        init(_ refusal: Refusal, _ source: Source, _ policy: BadRowPolicy) {
            let leavesOut = refusal == .beforeIgnore || (refusal == .columnIgnore && source.isStatement)
            let isByUnit = source.isByUnit
            result = .done
            aside = []
            if refusal == .afterIgnore {
                rows = ["1", "2", "3", "4", "5"]
                ledger = isByUnit ? ["1|done|1", "2|done|3", "3|done|1"] : ["|done|5"]
            } else if leavesOut || (!source.isStatement && policy != .fail) {
                rows = ["1", "2", "4", "5"]
                ledger = isByUnit ? ["1|done|1", "2|done|2", "3|done|1"] : ["|done|4"]
                if !leavesOut, policy == .quarantine { aside = [isByUnit ? "2|constraint" : "|constraint"] }
            } else if isByUnit {
                // Of rows, nobody knows which: the whole unit is set aside.
                let setsAside = policy == .quarantine
                rows = ["1", "5"]
                ledger = ["1|done|1", "2|\(setsAside ? "quarantined" : "failed")|0", "3|done|1"]
                if setsAside { aside = ["2|constraint"] }
                result = .incomplete
            } else {
                rows = []
                ledger = ["|failed|0"]
                result = .failed
            }
        }
    }

    private func look(_ bed: Bed, _ result: DatasetOutcome.Result) async throws -> Expected {
        var found = Expected(.afterIgnore, .select, .fail)
        found.rows = try await bed.rows("SELECT n FROM parts ORDER BY n")
        found.aside = try await bed.rows("SELECT unit, class FROM _selfheal_quarantine")
        found.ledger = try await bed.rows("SELECT unit, state, row_count FROM _selfheal_units ORDER BY unit")
        found.result = result
        return found
    }

    @Test(
        "each row is there once or not at all, and the ledger says the same",
        arguments: Refusal.allCases.flatMap { refusal in Source.allCases.map { (refusal, $0) } })
    func table(_ refusal: Refusal, _ source: Source) async throws {
        for policy in BadRowPolicy.allCases {
            let bed = try await Bed(["app.db": Self.documents + refusal.schema])
            let machine = FaultyMachine(bed.machine, program: Self.program)
            let unit = source.isByUnit ? WorkUnit(parent: "docs", key: "id", column: "doc") : nil
            let own = population(
                source.population, unit: unit, retry: RetryPolicy(maxAttempts: 1), onBadRow: policy)
            let script = ScriptedSource { batch, _ throws(SourceFailure) in
                batch.units.flatMap { Self.lines(Int($0.key.integer ?? 0)) }.compactMap { text in
                    (try? JSONReader.read(text)).flatMap { SourceRow($0) }
                }
            }
            let sources: [String: any RowSource] = source == .rows ? ["parts": script] : [:]
            let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], own)]
            let outcome = try #require(try await bed.run(datasets, sources, machine: machine)["parts"])
            let expected = Expected(refusal, source, policy)
            #expect(try await look(bed, outcome.result) == expected, "\(policy): \(outcome)")
            let counters = "SELECT rows_written, quarantined FROM _selfheal_datasets WHERE dataset = 'parts'"
            #expect(try await bed.rows(counters) == ["\(expected.rows.count)|\(expected.aside.count)"])
            if outcome.result != .done {
                let words = refusal.rawValue.hasPrefix("column") ? "NOT NULL constraint failed" : "not wanted"
                #expect(outcome.failure?.message.contains(words) == true, "\(outcome)")
            }
            if refusal == .nestedFail || refusal == .nestedRollback {
                #expect(try await bed.rows("SELECT count(*) FROM log") == ["\(expected.rows.count)"])
            }
            // Nothing comes twice.
            _ = try await bed.run(datasets, sources, machine: machine)
            #expect(try await look(bed, expected.result) == expected)
        }
    }

    @Test(
        "a row that would change one that is there leaves it as it was",
        arguments: ["FAIL", "ROLLBACK", "ABORT", "IGNORE"], [Source.select, .command])
    func merged(_ action: String, _ source: Source) async throws {
        let raise = action == "IGNORE" ? "RAISE(IGNORE)" : "RAISE(\(action), 'no')"
        let bed = try await Bed([
            "app.db": Self.documents + """
                CREATE TABLE parts (doc, n INTEGER PRIMARY KEY, body, mark); INSERT INTO parts VALUES (9, 3, 'old', 9);
                CREATE TRIGGER t \(action == "IGNORE" ? "BEFORE" : "AFTER") UPDATE ON parts WHEN new.body = 'bad'
                BEGIN SELECT \(raise); END;
                """
        ])
        let datasets = [
            try dataset("docs"),
            try dataset("parts", after: ["docs"], minimum: 5, population(source.population, write: .merge)),
        ]
        let outcome = try #require(
            try await bed.run(datasets, machine: FaultyMachine(bed.machine, program: Self.program))["parts"])
        #expect(outcome.result == .done, "\(outcome)")
        #expect(
            try await bed.rows("SELECT doc, n, body FROM parts ORDER BY n")
                == ["1|1|a", "2|2|b", "9|3|old", "2|4|d", "3|5|e"])
        #expect(
            try await bed.rows("SELECT unit, row_count FROM _selfheal_units") == ["|4"])
        #expect(
            try await bed.rows("SELECT count(*) FROM _selfheal_quarantine") == [action == "IGNORE" ? "0" : "1"])
    }

    @Test(
        "where row after row ends the transaction, that is given up after a while, and nothing stays",
        arguments: Source.allCases)
    func tooMany(_ source: Source) async throws {
        let bed = try await Bed([
            "app.db": Self.documents + """
                CREATE TABLE parts (doc, n, body, mark);
                CREATE TRIGGER t AFTER INSERT ON parts WHEN new.n > 10 BEGIN SELECT RAISE(ROLLBACK, 'no more'); END;
                WITH RECURSIVE i (i) AS (SELECT 11 UNION ALL SELECT i + 1 FROM i WHERE i < 60)
                INSERT INTO made SELECT 3, i, 'x', 1 FROM i;
                """
        ])
        guard !source.rawValue.hasPrefix("command") else { return }
        let unit = source.isByUnit ? WorkUnit(parent: "docs", key: "id", column: "doc") : nil
        let own = population(source.population, unit: unit, retry: RetryPolicy(maxAttempts: 1))
        let script = ScriptedSource { batch, _ throws(SourceFailure) in
            batch.units.flatMap { unit -> [SourceRow] in
                let first = SourceRow([Cell("doc", unit.key), Cell("n", .integer(unit.key.integer ?? 0))])
                guard unit.key == .integer(3) else { return [first] }
                return [first] + (11...60).map { SourceRow([Cell("doc", unit.key), Cell("n", .integer($0))]) }
            }
        }
        let sources: [String: any RowSource] = source == .rows ? ["parts": script] : [:]
        let outcome = try #require(
            try await bed.run([try dataset("docs"), try dataset("parts", after: ["docs"], own)], sources)["parts"])
        #expect(outcome.failure?.kind == .constraint)
        #expect(outcome.failure?.message.contains("no more") == true, "\(outcome)")
        #expect(try await bed.rows("SELECT count(*) FROM parts WHERE n > 10 OR doc = 3") == ["0"])
        let done = try await bed.rows("SELECT count(*) FROM _selfheal_units WHERE state = 'done'")
        #expect(done == [source.isByUnit ? "2" : "0"])
    }

    @Test(
        "a row that was set aside and fails again part-way stays set aside, and is not in the table",
        arguments: ["FAIL", "ROLLBACK", "IGNORE"])
    func replay(_ action: String) async throws {
        let bed = try await Bed([
            "app.db": Self.documents + "CREATE TABLE parts (doc, n, body, mark NOT NULL);"
        ])
        let datasets = [
            try dataset("docs"), try dataset("parts", after: ["docs"], population(Source.command.population)),
        ]
        _ = try await bed.run(datasets, machine: FaultyMachine(bed.machine, program: Self.program))
        let raise = action == "IGNORE" ? "RAISE(IGNORE)" : "RAISE(\(action), 'no')"
        try await bed.execute(
            """
            DROP TABLE parts; CREATE TABLE parts (doc, n, body, mark);
            CREATE TRIGGER t \(action == "IGNORE" ? "BEFORE" : "AFTER") INSERT ON parts BEGIN SELECT \(raise); END
            """)
        var problems = ManifestProblems()
        let quarantine = Quarantine(try #require(DatasetGraph(datasets, &problems)), on: bed.machine)
        let items = try await quarantine.items(of: ["parts"])
        #expect(items.count == 1)
        for item in items {
            do throws(SourceFailure) {
                let became = try await quarantine.replay(item)
                if case .refused = became {} else { Issue.record("\(became)") }
            } catch {
                #expect(error.kind == .constraint)
            }
        }
        #expect(try await bed.rows("SELECT count(*) FROM parts") == ["0"])
        #expect(try await bed.rows("SELECT count(*) FROM _selfheal_quarantine") == ["1"])
        #expect(try await bed.rows("SELECT row_count FROM _selfheal_units") == ["4"])
    }
}
