import Datasets
import HealKit
import HealModel
import Synchronization
import Testing

@testable import Populating

/// What programs, servers and SQLite say may hold what steers a terminal.
@Suite("Texts that could do harm")
struct HarmfulTextTests {
    static let evil = "a\u{1B}[31mb\u{9B}2Jc\u{202E}d\u{2066}e\u{7F}f\u{08}g\n[OK] h\ti"
    static let shown = #"a\u{1B}[31mb\u{9B}2Jc\u{202E}d\u{2066}e\u{7F}f\u{8}g [OK] h i"#

    enum Speaker: String, CaseIterable { case source, trigger, statement, column }

    @Test("failures hold none of it, nor do the ledger, the quarantine and the events", arguments: Speaker.allCases)
    func escaped(_ speaker: Speaker) async throws {
        let bed = try await Bed([
            "app.db": """
            CREATE TABLE docs (id INTEGER PRIMARY KEY); INSERT INTO docs VALUES (1);
            CREATE TABLE parts (doc, body);
            """
        ])
        if speaker == .trigger || speaker == .statement {
            try await bed.execute(
                "CREATE TRIGGER t BEFORE INSERT ON parts BEGIN SELECT RAISE(ABORT, '\(Self.evil)'); END")
        }
        let unit = WorkUnit(parent: "docs", key: "id", column: "doc")
        let population = population(
            speaker == .statement
                ? .sql("INSERT INTO parts VALUES (:key, 1)") : .command(CommandSource(arguments: ["script"])),
            unit: unit, retry: RetryPolicy(maxAttempts: 2))
        let source = ScriptedSource { _, _ throws(SourceFailure) in
            if speaker == .source { throw SourceFailure(.parse, Self.evil) }
            return [SourceRow([Cell(speaker == .column ? Self.evil : "body", .integer(1))])]
        }
        let sources: [String: any RowSource] = speaker == .statement ? [:] : ["parts": source]
        let datasets = [try dataset("docs"), try dataset("parts", after: ["docs"], population)]
        let outcome = try #require(try await bed.run(datasets, sources)["parts"])
        var texts = try await bed.rows("SELECT message FROM _selfheal_quarantine")
        #expect(texts.count == 1)
        texts += try await bed.rows("SELECT message FROM _selfheal_units WHERE message IS NOT NULL")
        if let failure = outcome.failure, speaker != .trigger, speaker != .column { texts.append(failure.message) }
        for event in bed.events.withLock({ $0 }) {
            if case .retries(_, _, _, _, let failure, _) = event { texts.append(failure.message) }
        }
        #expect(texts.allSatisfy { $0.contains(Self.shown) }, "\(texts)")
    }

    @Test("a secret is found before it is shown otherwise")
    func secret() async throws {
        let bed = try await Bed(["app.db": "CREATE TABLE parts (body)"])
        let source = ScriptedSource { _, _ throws(SourceFailure) in throw SourceFailure(.parse, "it said s\te\u{1B}c") }
        let own = try dataset("parts", population(retry: RetryPolicy(maxAttempts: 1)))
        let outcome = try await bed.run(
            [own], ["parts": source], redact: { $0.replacing("s\te\u{1B}c", with: "[redacted]") })["parts"]
        #expect(outcome?.failure?.message == "it said [redacted]")
    }
}
