import Foundation
import Testing

@Suite struct CasesPageTests {
    /// With `SELFHEAL_UPDATE_GOLDENS` set, the page is written instead, and the test fails: it has compared nothing.
    @Test func isWhatTheCasesSay() throws {
        let text = CasesPage.text(FixtureCase.all)
        let page = URL(filePath: Sandbox.package + "/docs/sqlite-cases.md")
        if ProcessInfo.processInfo.environment["SELFHEAL_UPDATE_GOLDENS"] != nil {
            try Data(text.utf8).write(to: page)
            Testing.Issue.record("docs/sqlite-cases.md was written, not compared")
            return
        }
        #expect(try String(contentsOf: page, encoding: .utf8) == text, "SELFHEAL_UPDATE_GOLDENS=1 writes it anew")
    }

    @Test func everyCaseIsOnIt() {
        #expect(FixtureCase.all.count >= 150)
        #expect(Set(FixtureCase.all.map(\.expectation.group)) == Set(CasesPage.groups))
    }

    @Test(arguments: FixtureCase.all) func speaksOfKnownTools(test: FixtureCase) {
        let peers = test.expectation.peers ?? [:]
        #expect(Set(peers.keys).isSubset(of: FixtureCase.peers))
        let words: Set = ["keeps", "loses", "breaks", "fills", "refuses", "ignores", "n/a"]
        #expect(Set(peers.values).isSubset(of: words))
        // What is refused says why, and what is told is told.
        let needsWords = [.refused, .named].contains(test.expectation.outcome)
        #expect(!needsWords || test.expectation.says?.isEmpty == false)
    }
}
