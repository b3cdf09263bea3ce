import DotEnv
import Testing

@Suite("The portability lint")
struct PortabilityTests {
    private func notes(_ text: String, environment: [String: String] = [:]) -> [String] {
        DotEnvFile.portability(of: Array(text.utf8), environment: environment).map(\.description)
    }

    @Test(
        "Lines that all dialects read alike have no note",
        arguments: [
            "", "# c\n\nA=b\nB='c d'\nC=\"it's\"\n", "export A=b\n", "A=\nB=''\n", "A=b # c\n", "A='x\ny'\nB=2",
            "   A=b",
        ])
    func silent(text: String) {
        #expect(notes(text).isEmpty)
    }

    @Test(
        "Who agrees with whom",
        arguments: [
            Sample("A=b c", "line 1, A: node, python and compose read it alike; shell refuses it"),
            Sample("A=\"x\\ty\"", "line 1, A: node and shell read it alike; python and compose read another value"),
            Sample(
                "A=\"\\t$B\"",
                "line 1, A: node reads one value; python reads another value; compose reads another value; "
                    + "shell reads another value"),
            Sample("A: b", "line 1, A: node and compose read it alike; python ignores it; shell refuses it"),
            Sample("A[0]=1", "line 1: python and compose read it alike; node and shell ignore it"),
            Sample("A=b\r\n", "line 1, A: node, python and compose read it alike; shell reads another value"),
            Sample("A='${B}'", "line 1, A: node, compose and shell read it alike; python reads another value"),
            Sample(
                "A=`b`", "line 1, A: python and compose read it alike; node reads another value; shell refuses it"),
        ])
    func agreement(sample: Sample) {
        #expect(notes(sample.text) == [sample.expected])
    }

    @Test("A name alone is not named: it may be a line of a secret")
    func nameAlone() {
        let expected = "line 1: node and compose ignore it; python takes the name without a value; shell refuses it"
        #expect(notes("QUJDREVG\n") == [expected])
    }

    @Test("Names that differ between dialects have a note each")
    func differentNames() {
        let expected = [
            "line 1: only python reads it; node and shell ignore it; compose refuses it",
            "line 1, A: only shell reads it; node and python ignore it; compose refuses it",
        ]
        #expect(notes("A+=1") == expected)
    }

    @Test("A refusal is one note, and the lines after it are compared without the dialect")
    func afterRefusal() {
        let found = DotEnvFile.portability(of: Array("A=1\n'B=2\nC=3\nD=4 5\n".utf8))
        #expect(found.map(\.line) == [2])
        #expect(found.first?.groups.last?.dialects == [.compose, .shell])
        #expect(found.first?.groups.last?.reading == .refused)
    }

    @Test("A line without a variable")
    func unnamed() {
        #expect(notes("A=1\n; B\nC=1") == ["line 2: node and python ignore it; compose and shell refuse it"])
    }

    @Test("Several variables on a line are several notes, lines come in order")
    func order() {
        let found = DotEnvFile.portability(of: Array("A=1 B=2\nC=`d`\nexport E\n".utf8), environment: ["E": "x"])
        #expect(found.map(\.line) == [1, 1, 2, 3])
        #expect(found.map(\.variable) == ["A", "B", "C", "E"])
    }

    @Test("The environment counts")
    func environment() {
        #expect(notes("A=${B}", environment: ["B": "${B}"]).isEmpty)
        #expect(notes("A=${B}", environment: ["B": "x"]).count == 1)
    }

    @Test("A NUL byte is dropped by the shell only")
    func nul() {
        #expect(notes("A=b\u{0}c").count == 1)
    }
}
