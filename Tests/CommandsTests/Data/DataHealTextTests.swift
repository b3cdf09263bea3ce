import Datasets
import Populating
import Testing

@testable import Commands

@Suite struct DataHealTextTests {
    @Test(
        "Why a source is not asked again",
        arguments: [
            (FailureClass.authentication, 1, "api.example.com does not let us in and is not asked again in this run"),
            (.connection, 5, "5 failures in a row of api.example.com, which is not asked again in this run"),
            (.connection, 1, "1 failure of api.example.com, which is not asked again in this run"),
        ])
    func opens(_ kind: FailureClass, _ failures: Int, _ words: String) {
        let event = PopulationEvent.opens(
            dataset: "chunks", origin: "api.example.com", failures: failures, SourceFailure(kind, "answered"))
        #expect(DataHealText.line(event) == "[WARNING] chunks: " + words)
    }
}
