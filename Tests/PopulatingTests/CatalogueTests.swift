import Datasets
import Foundation
import HealKit
import HealModel
import Synchronization
import Testing

@testable import Populating

/// An error that is injected, and what must come of it.
struct InjectedError: Sendable, CustomTestStringConvertible {
    enum Expectation: String, Sendable {
        /// In the end everything that can be there is there, each row once.
        case recovered = "recovered"
        /// The same, but for the one unit or row that is itself at fault: it is noted or set aside.
        case isolated = "recovered; only the one at fault is not done"
        /// The source does nothing for anybody: that is seen after some units, nothing is lost, and the next run does it.
        case givenUp = "stopped after 20 units; nothing lost, the next run does it"
        /// Nothing can be done in this run: said at once, nothing lost, and the next run does it.
        case stopped = "stopped at once; nothing lost, the next run does it"
    }

    var name: String
    var kind: FailureClass
    var expectation: Expectation
    /// The dataset's own settings.
    var population: Population
    /// What is run before, on `app.db`.
    var setUp = ""
    /// What the program does; without it, `source` gives the rows.
    var program: FaultyMachine.Program?
    var source: (@Sendable () -> ScriptedSource)?
    var faults: @Sendable (FaultyMachine) -> Void = { _ in }

    var testDescription: String { name }
}

private let unit = WorkUnit(parent: "docs", key: "id", column: "doc")
private let ids = 1...20

private func own(batch: Int = 5, onBadRow: BadRowPolicy = .quarantine) -> Population {
    population(unit: unit, batch: batch, onBadRow: onBadRow)
}

/// What a program answers that does its work.
private func answer(_ command: CommandRequest) -> CommandAnswer {
    let lines = String(decoding: command.input, as: UTF8.self).split(separator: "\n")
    let rows = lines.compactMap { (try? JSONReader.read(String($0)))?["id"]?.text }
    return CommandAnswer(
        status: 0, standardOutput: Array(rows.map { "{\"doc\":\($0),\"body\":\"b\"}\n" }.joined().utf8),
        standardError: [])
}

private func holds(_ command: CommandRequest, _ id: Int) -> Bool {
    String(decoding: command.input, as: UTF8.self).contains("\"id\":\(id),")
}

private let noAnswer = CommandAnswer(status: 0, standardOutput: [], standardError: [])

/// Fails a few times, and then works.
private func exits(
    _ code: Int32, times: Int = 2, _ kind: FailureClass, _ what: String,
    expecting: InjectedError.Expectation = .recovered
) -> InjectedError {
    InjectedError(name: "exit code \(code): \(what)", kind: kind, expectation: expecting, population: own()) {
        command, number throws(MachineError) in
        var failed = noAnswer
        failed.status = code
        // A program that fails after it has written must not have written anything.
        failed.standardOutput = answer(command).standardOutput
        return number <= times ? failed : answer(command)
    }
}

/// Never works.
private func refuses(_ code: Int32, _ kind: FailureClass, _ what: String) -> InjectedError {
    InjectedError(name: "exit code \(code): \(what)", kind: kind, expectation: .stopped, population: own()) {
        _, _ throws(MachineError) in
        var failed = noAnswer
        failed.status = code
        return failed
    }
}

/// Works for all units but one.
private func poison(
    _ name: String, _ kind: FailureClass,
    _ bad: @escaping @Sendable (CommandRequest) throws(MachineError) -> CommandAnswer
) -> InjectedError {
    InjectedError(name: name, kind: kind, expectation: .isolated, population: own(batch: 20)) {
        command, _ throws(MachineError) in
        holds(command, 11) ? try bad(command) : answer(command)
    }
}

/// SQL works for all units but one, because of what that one holds.
private func statement(_ name: String, _ expression: String, _ setUp: String) -> InjectedError {
    InjectedError(
        name: "one unit: SQL meets \(name)", kind: .constraint, expectation: .isolated,
        population: population(.sql("SELECT :key AS doc, \(expression) AS body"), unit: unit, batch: 20), setUp: setUp)
}

private func says(_ text: String) -> CommandAnswer {
    CommandAnswer(status: 0, standardOutput: Array(text.utf8), standardError: [])
}

/// The machine fails a few times.
private func machine(
    _ name: String, _ kind: FailureClass, _ call: FaultyMachine.Call, _ numbers: ClosedRange<Int>,
    _ error: MachineError, batch: Int = 5,
    expecting: InjectedError.Expectation = .recovered
) -> InjectedError {
    InjectedError(
        name: name, kind: kind, expectation: expecting, population: own(batch: batch),
        program: { command, _ throws(MachineError) in answer(command) }, faults: { $0.fail(call, numbers, error) })
}

private func system(_ errno: Int32, _ meaning: String) -> MachineError {
    .system(operation: "run", subject: "script", errno: errno, meaning: meaning)
}

private func database(_ fault: MachineError.DatabaseFault) -> MachineError {
    .database(subject: "app.db", fault)
}

private func sql(_ code: Int32) -> MachineError { database(.sql(code: code, message: "…", offset: nil)) }

/// A source that says itself what went wrong, as those over HTTP do.
private func says(
    _ name: String, _ failure: SourceFailure, times: Int = 2, expecting: InjectedError.Expectation = .recovered
) -> InjectedError {
    InjectedError(
        name: name, kind: failure.kind, expectation: expecting, population: own(),
        source: {
            ScriptedSource { batch, call throws(SourceFailure) in
                if call <= times { throw failure }
                return batch.units.map { SourceRow([Cell("doc", $0.key), Cell("body", .text("b"))]) }
            }
        })
}

/// One row does not fit.
private func badRow(_ name: String, _ setUp: String, _ row: String) -> InjectedError {
    InjectedError(
        name: "a row: \(name)", kind: .constraint, expectation: .isolated, population: own(), setUp: setUp,
        program: { command, _ throws(MachineError) in
            guard holds(command, 11) else { return answer(command) }
            let good = String(decoding: answer(command).standardOutput, as: UTF8.self)
            let kept = good.split(separator: "\n").filter { !$0.contains("\"doc\":11,") }
            return says((kept + [Substring(row)]).map { $0 + "\n" }.joined())
        })
}

let catalogue: [InjectedError] = [
    exits(1, .unknown, "something went wrong"),
    exits(2, .unknown, "something went wrong"),
    exits(69, .connection, "a service is not there"),
    exits(68, .connection, "a host is not known"),
    exits(75, .connection, "try again later"),
    exits(71, .resource, "the system has run out of something"),
    exits(73, .resource, "a file cannot be made"),
    exits(74, .resource, "input or output failed"),
    exits(65, .parse, "the data are wrong"),
    exits(76, .parse, "the protocol is wrong"),
    exits(137, .resource, "SIGKILL, out of memory"),
    exits(139, .unknown, "SIGSEGV"),
    exits(143, .unknown, "SIGTERM"),
    refuses(64, .configuration, "wrong usage"),
    refuses(78, .configuration, "wrongly configured"),
    refuses(126, .configuration, "may not be run"),
    refuses(127, .configuration, "is not there"),
    refuses(77, .authentication, "not permitted"),
    refuses(67, .authentication, "user not known"),
    refuses(66, .dependency, "what it needs is not there, and its parents are well"),
    InjectedError(
        name: "it leaves processes behind", kind: .unknown, expectation: .recovered, population: own(),
        program: { command, number throws(MachineError) in
            var left = answer(command)
            left.leftProcesses = number == 1
            return left
        }),
    InjectedError(
        name: "it does not end in time", kind: .timeout, expectation: .recovered, population: own(),
        program: { command, number throws(MachineError) in
            if number <= 2 { throw .timedOut(subject: "script", after: command.timeout) }
            return answer(command)
        }),
    InjectedError(
        name: "half a line", kind: .parse, expectation: .recovered, population: own(),
        program: { command, number throws(MachineError) in
            number > 1 ? answer(command) : says("{\"doc\":1,\"body\":\"b\"}\n{\"doc\":2,\"bo")
        }),
    InjectedError(
        name: "junk instead of JSON", kind: .parse, expectation: .recovered, population: own(),
        program: { command, number throws(MachineError) in
            number > 1 ? answer(command) : says("Traceback (most recent call last):\n")
        }),
    InjectedError(
        name: "JSON that is no object", kind: .parse, expectation: .recovered, population: own(),
        program: { command, number throws(MachineError) in number > 1 ? answer(command) : says("[1, 2]\n") }),
    InjectedError(
        name: "bytes that are not UTF-8", kind: .parse, expectation: .recovered, population: own(),
        program: { command, number throws(MachineError) in
            number > 1
                ? answer(command)
                : CommandAnswer(status: 0, standardOutput: [0x7B, 0x22, 0xFF, 0x22, 0x7D], standardError: [])
        }),
    poison("one unit: exit code 1 whenever it is there", .unknown) { _ in
        CommandAnswer(status: 1, standardOutput: [], standardError: [])
    },
    poison("one unit: a crash", .unknown) { _ in CommandAnswer(status: 139, standardOutput: [], standardError: []) },
    poison("one unit: out of memory", .resource) { _ in
        CommandAnswer(status: 137, standardOutput: [], standardError: [])
    },
    poison("one unit: never ends", .timeout) { command throws(MachineError) in
        throw .timedOut(subject: "script", after: command.timeout)
    },
    poison("one unit: junk", .parse) { _ in says("?") },
    exits(1, times: .max, .unknown, "whatever it is given", expecting: .givenUp),
    statement(
        "malformed JSON", "json_extract(:body, '$.v')", "UPDATE docs SET body = iif(id = 11, '{', '{\"v\": 1}');"),
    statement(
        "a number that is too large", "abs(CAST(:body AS INTEGER))",
        "UPDATE docs SET body = iif(id = 11, -9223372036854775807 - 1, id);"),
    statement("a value that is too big", "zeroblob(:body)", "UPDATE docs SET body = iif(id = 11, 1000000001, id);"),
    machine("no memory to start a program", .resource, .run, 1...2, system(12, "Cannot allocate memory")),
    machine("no process to be had", .resource, .run, 1...2, system(11, "Resource temporarily unavailable")),
    machine("no descriptors left", .resource, .run, 1...2, system(24, "Too many open files")),
    machine("no room for what it says", .resource, .temporaryFile, 1...2, system(28, "No space left on device")),
    machine(
        "the program may not be run", .configuration, .run, 1...100, system(13, "Permission denied"),
        expecting: .stopped),
    machine("the program is not there", .configuration, .run, 1...100, system(2, "No such file"), expecting: .stopped),
    machine(
        "the database is locked when rows are written", .lock, .change, 3...4, database(.busy(waited: .seconds(30)))),
    machine("the database is locked when work begins", .lock, .change, 1...2, database(.busy(waited: .seconds(30)))),
    machine("the database is locked when it is looked at", .lock, .read, 1...2, database(.busy(waited: .seconds(30)))),
    machine(
        "the database is locked when units are looked for", .lock, .read, 6...7, database(.busy(waited: .seconds(30)))),
    machine(
        "the database stays locked", .lock, .change, 3...100, database(.busy(waited: .seconds(30))), expecting: .stopped
    ),
    machine(
        "the disk stays full when rows are written", .resource, .change, 3...100, database(.diskFull), batch: 1,
        expecting: .stopped),
    machine("the disk is full when rows are written", .resource, .change, 3...4, database(.diskFull)),
    machine("input or output fails when rows are written", .resource, .change, 3...4, database(.io("disk I/O error"))),
    machine("SQLite has no memory", .resource, .change, 3...4, sql(7)),
    machine("somebody changes the schema meanwhile", .lock, .change, 3...4, sql(17)),
    machine("the log's index is being built", .lock, .change, 3...4, sql(15)),
    machine("the statements take too long", .timeout, .change, 3...4, .timedOut(subject: "app.db", after: .seconds(1))),
    machine("a killed writer's journal is in the way", .lock, .read, 3...3, database(.hotJournal)),
    machine(
        "a page is damaged", .corruption, .change, 3...100, database(.damaged("page 7")), expecting: .stopped),
    machine("the file is no database", .corruption, .change, 3...100, database(.notADatabase), expecting: .stopped),
    machine(
        "the database may not be written", .configuration, .change, 3...100, database(.readOnly), expecting: .stopped),
    says("429 without a time", SourceFailure(.rateLimit, "too many requests")),
    says("429 with Retry-After", SourceFailure(.rateLimit, "too many requests", retryAfter: .seconds(5))),
    says("the connection is refused", SourceFailure(.connection, "connection refused")),
    says("the connection is reset", SourceFailure(.connection, "connection reset")),
    says("503 with Retry-After", SourceFailure(.connection, "unavailable", retryAfter: .seconds(9))),
    says("no answer in time", SourceFailure(.timeout, "no answer within 60 s")),
    says("an answer that is none", SourceFailure(.parse, "not JSON")),
    says("401", SourceFailure(.authentication, "not let in"), times: 1, expecting: .stopped),
    says("404 for the model", SourceFailure(.configuration, "no such model"), times: 1, expecting: .stopped),
    badRow("NOT NULL", "CREATE TABLE parts (doc NOT NULL, body TEXT NOT NULL);", "{\"doc\":11,\"body\":null}"),
    badRow("CHECK", "CREATE TABLE parts (doc, body CHECK (body <> 'x'));", "{\"doc\":11,\"body\":\"x\"}"),
    badRow(
        "UNIQUE", "CREATE TABLE parts (doc, body, n UNIQUE); INSERT INTO parts VALUES (0, 'b', 7);",
        "{\"doc\":11,\"body\":\"x\",\"n\":7}"),
    badRow(
        "another type in a STRICT table", "CREATE TABLE parts (doc INT, body TEXT, n INT) STRICT;",
        "{\"doc\":11,\"n\":\"many\"}"),
    badRow(
        "a reference to nothing",
        "CREATE TABLE other (id INTEGER PRIMARY KEY); CREATE TABLE parts (doc, body, o REFERENCES other);",
        "{\"doc\":11,\"body\":\"x\",\"o\":5}"),
    badRow(
        "a reference to nothing in its own table",
        "CREATE TABLE parts (doc, body, id INTEGER PRIMARY KEY, up REFERENCES parts (id));",
        "{\"doc\":11,\"body\":\"x\",\"up\":999}"),
    badRow("an unknown column", "CREATE TABLE parts (doc, body);", "{\"doc\":11,\"nothing\":1}"),
    badRow("a unit that was not asked for", "CREATE TABLE parts (doc, body);", "{\"doc\":99,\"body\":\"x\"}"),
    badRow(
        "a trigger that refuses",
        """
        CREATE TABLE parts (doc, body); CREATE TRIGGER t BEFORE INSERT ON parts WHEN new.body = 'x'
        BEGIN SELECT RAISE(ABORT, 'no'); END;
        """, "{\"doc\":11,\"body\":\"x\"}"),
    InjectedError(
        name: "a trigger that rolls everything back for one unit", kind: .constraint, expectation: .isolated,
        population: own(),
        setUp: """
            CREATE TABLE parts (doc, body); CREATE TRIGGER t BEFORE INSERT ON parts WHEN new.doc = 11
            BEGIN SELECT RAISE(ROLLBACK, 'no'); END;
            """, program: { command, _ throws(MachineError) in answer(command) }),
    InjectedError(
        name: "units that a killed run had begun", kind: .unknown, expectation: .recovered, population: own(),
        setUp: LedgerTables.statements.joined(separator: ";\n")
            + """
            ; INSERT INTO _selfheal_datasets (dataset) VALUES ('parts');
            INSERT INTO _selfheal_units (dataset, unit, state, changed_at) SELECT 'parts', id, 'running', 0 FROM docs;
            """, program: { command, _ throws(MachineError) in answer(command) }),
    InjectedError(
        name: "rows that are gone although they were written", kind: .unknown, expectation: .recovered,
        population: own(),
        setUp: LedgerTables.statements.joined(separator: ";\n")
            + """
            ; INSERT INTO _selfheal_datasets (dataset, done, rows_written) VALUES ('parts', 20, 20);
            INSERT INTO _selfheal_units (dataset, unit, state, row_count, changed_at)
            SELECT 'parts', id, 'done', 1, 0 FROM docs;
            """, program: { command, _ throws(MachineError) in answer(command) }),
]

@Suite("The catalogue of injected errors")
struct CatalogueTests {
    struct Told: Sendable {
        var outcome: DatasetOutcome
        var isRecovered: Bool
        var row: String
    }

    /// One error, in a place of its own.
    static func inject(_ error: InjectedError) async throws -> Told {
        let tables = error.setUp.contains("TABLE parts") ? "" : "CREATE TABLE parts (doc INTEGER NOT NULL, body TEXT);"
        let bed = try await Bed([
            "app.db": """
            CREATE TABLE docs (id INTEGER PRIMARY KEY, body TEXT);
            WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20)
            INSERT INTO docs SELECT i, 'text ' || i FROM n;
            \(tables)
            \(error.setUp)
            """
        ])
        let faulty = FaultyMachine(bed.machine, program: error.program)
        error.faults(faulty)
        let source = error.source?()
        let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], error.population)]
        let sources = source.map { ["parts": $0 as any RowSource] } ?? [:]
        let outcome = try #require(try await bed.run(datasets, sources, names: ["parts"], machine: faulty)["parts"])
        let rows = try await bed.rows("SELECT doc, count(*) FROM parts WHERE doc BETWEEN 1 AND 20 GROUP BY doc")
        let ledger = try await bed.rows(
            "SELECT count(*) FROM _selfheal_units WHERE dataset = 'parts' AND state IN ('failed', 'quarantined')")
        let aside = try await bed.rows("SELECT count(*) FROM _selfheal_quarantine WHERE dataset = 'parts'")
        let noted = (Int(ledger[0]) ?? 0) + (Int(aside[0]) ?? 0)
        let isRecovered: Bool
        switch error.expectation {
        case .recovered:
            isRecovered = outcome.result == .done && rows == ids.map { "\($0)|1" }
        case .isolated:
            isRecovered =
                rows == ids.filter { $0 != 11 }.map { "\($0)|1" } && noted > 0
                && (outcome.result == .incomplete || outcome.progress.quarantinedRows == 1)
        case .stopped, .givenUp:
            // Without the error, everything is made up for.
            let again = ScriptedSource.echo()
            let second = try await bed.run(datasets, ["parts": again], names: ["parts"])["parts"]
            let after = try await bed.rows("SELECT doc, count(*) FROM parts GROUP BY doc")
            isRecovered =
                outcome.failure?.kind == error.kind && [.failed, .incomplete].contains(outcome.result)
                && (error.expectation == .givenUp || faulty.inputs.count <= 1) && second?.result == .done
                && after == ids.map { "\($0)|1" }
        }
        let tried = outcome.tried.isEmpty ? "—" : outcome.tried.joined(separator: "; ")
        let row = "| \(error.name) | `\(error.kind.rawValue)` | \(error.expectation.rawValue) | \(tried) |"
        return Told(outcome: outcome, isRecovered: isRecovered, row: row)
    }

    @Test("each error comes to the end that the catalogue says", arguments: catalogue)
    func outcome(_ error: InjectedError) async throws {
        let told = try await Self.inject(error)
        #expect(told.isRecovered, "\(told.outcome)")
    }

    @Test(
        "at least 40 errors, and of those that can be recovered from, at least 95 % are; the documentation has each one's outcome"
    )
    func rate() async throws {
        #expect(Set(catalogue.map(\.name)).count == catalogue.count)
        #expect(catalogue.count >= 40)
        var rows: [String] = []
        var recovered = 0
        let recoverable = catalogue.count { ![.stopped, .givenUp].contains($0.expectation) }
        for error in catalogue {
            let told = try await Self.inject(error)
            rows.append(told.row)
            if ![.stopped, .givenUp].contains(error.expectation), told.isRecovered { recovered += 1 }
        }
        #expect(recoverable >= 40)
        #expect(Double(recovered) >= 0.95 * Double(recoverable))
        let file = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "../../docs/recovery.md")
        var text = try String(contentsOf: file, encoding: .utf8)
        let table = "\n" + rows.joined(separator: "\n") + "\n"
        let summary = """
            \(catalogue.count) errors. \(recoverable) of them call for recovery, and \(recovered) recover. The other \
            \(catalogue.count - recoverable) are for people to mend or last longer than a run: they are stopped at once or given up, nothing is
            lost, and a later run does the rest. Of all that is injected, \(100 * recovered / catalogue.count) % recover by themselves.

            """
        let start = try #require(text.range(of: "<!-- catalogue -->\n"))
        let end = try #require(text.range(of: "<!-- end -->"))
        let wanted = summary + "\n| error | class | outcome | what was tried |\n|---|---|---|---|" + table
        if ProcessInfo.processInfo.environment["SELFHEAL_WRITE_DOCS"] != nil {
            text.replaceSubrange(start.upperBound..<end.lowerBound, with: wanted)
            try text.write(to: file, atomically: true, encoding: .utf8)
        } else {
            #expect(
                text[start.upperBound..<end.lowerBound] == wanted,
                "SELFHEAL_WRITE_DOCS=1 swift test --filter CatalogueTests writes docs/recovery.md")
        }
    }
}
