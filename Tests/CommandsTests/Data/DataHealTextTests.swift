import Datasets
import Populating
import Testing

@testable import Commands

@Suite struct DataHealTextTests {
    @Test(
        "Why a source is not asked again, or not now",
        arguments: [
            (.authentication, 1, nil, "api.example.com does not let us in and is not asked again in this run"),
            (.connection, 5, nil, "5 failures in a row of api.example.com, which is not asked again in this run"),
            (.connection, 1, nil, "1 failure of api.example.com, which is not asked again in this run"),
            (.timeout, 5, .seconds(16), "5 failures in a row of api.example.com, which is asked again in 16 s"),
        ] as [(FailureClass, Int, Duration?, String)])
    func opens(_ kind: FailureClass, _ failures: Int, _ pause: Duration?, _ words: String) {
        let event = PopulationEvent.opens(
            dataset: "chunks", origin: "api.example.com", failures: failures, SourceFailure(kind, "answered"),
            after: pause)
        #expect(DataHealText.line(event) == "[WARNING] chunks: " + words)
    }

    @Test("A source that is well again") func closes() {
        let event = PopulationEvent.closes(dataset: "chunks", origin: "api.example.com")
        #expect(DataHealText.line(event) == "[HEALING] chunks: api.example.com answers again")
        #expect(event.jsonLine == #"{"event":"closes","dataset":"chunks","origin":"api.example.com"}"#)
    }

    @Test(
        "What became of a dataset, with one or more of everything",
        arguments: [
            (1, 1, 0, "[OK] c: 1 row of 1 unit in 0.1 s"), (2, 3, 0, "[OK] c: 2 rows of 3 units in 0.1 s"),
            (1, 2, 1, "[ERROR] c: 1 row of 1 unit in 0.1 s, 1 unit failed; answered"),
            (0, 5, 2, "[ERROR] c: 0 rows of 3 units in 0.1 s, 2 units failed; answered"),
        ])
    func ends(_ rows: Int, _ units: Int, _ failed: Int, _ words: String) {
        var progress = Progress(total: units)
        progress.rows = rows
        progress.finished = units
        progress.failedUnits = failed
        progress.elapsed = .milliseconds(100)
        let failure = failed > 0 ? SourceFailure(.unknown, "answered") : nil
        let outcome = DatasetOutcome("c", failed > 0 ? .incomplete : .done, progress: progress, failure: failure)
        #expect(DataHealText.line(.ends(outcome)) == words)
    }

    @Test("Where nothing failed, nothing is said to have failed")
    func short() {
        var progress = Progress(total: 1)
        progress.finished = 1
        progress.elapsed = .milliseconds(100)
        let outcome = DatasetOutcome(
            "c", .incomplete, progress: progress, failure: SourceFailure(.constraint, "it has too few rows"))
        #expect(DataHealText.line(.ends(outcome)) == "[ERROR] c: 0 rows of 1 unit in 0.1 s; it has too few rows")
    }
}
