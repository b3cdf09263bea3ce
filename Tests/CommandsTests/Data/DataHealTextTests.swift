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
}
