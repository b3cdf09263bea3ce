import DotEnv
import Testing

@Suite("The python dialect")
struct PythonReaderTests {
    @Test(
        "Values",
        arguments: [
            Sample("A=b # c\n#d\nB='x # y' # z", "A=b B=x # y"),
            Sample("export A=1\nexport\tB\n export=2", "A=1 B export=2"),
            Sample("'A B'=1\n''=2\n'C=3", "A B=1"),
            Sample("export # c\nA=1", "A=1"),
            Sample("export =1\nA=1", "A=1"),
            Sample("=1\nA=1", "A=1"),
            Sample("A='a\\'b\\\\c\\n'", "A=a'b\\c\\n"),
            Sample("A=\"a\\a\\b\\f\\n\\r\\t\\v\\\\\\'\\\"\\x\"", "A=a\u{7}\u{8}\u{c}\n\r\t\u{b}\\'\"\\x"),
            Sample("A=\"b\nB=1", "B=1"),
            Sample("A=\"b\\\"\nB=1", "B=1"),
            Sample("A='b' c\nB=1", "B=1"),
            Sample("A B\nC=1", "C=1"),
            Sample("A=b\u{1c}\u{85}# c\nB=1", "A=b B=1"),
            Sample("A=#b", "A=#b"),
            Sample("A = \u{b} b \n", "A=b"),
            Sample("A=b\rB=c", "A=b B=c"),
            Sample("A='x\r\ny'", "A=x\ny"),
            Sample("A#b\nC=1", "A C=1"),
            Sample("\u{feff}A=1\n\u{feff}B=2", "A=1 \u{feff}B=2"),
        ])
    func values(sample: Sample) {
        #expect(summary(sample.text, .python) == sample.expected)
    }

    @Test(
        "Substitutions",
        arguments: [
            Sample("A=1\nB=${A}${A}$A", "A=1 B=11$A"),
            Sample("A=\nB=${A:-x}${C:-y}${C:-}", "A= B=y"),
            Sample("A\nB=${A:-x}", "A B="),
            Sample("A=${ENV}", "A=outer"),
            Sample("ENV=inner\nA=${ENV}", "ENV=inner A=outer"),
            Sample("A=${", "A=${"),
            Sample("A=${x", "A=${x"),
            Sample("A=${x:", "A=${x:"),
            Sample("A=${x:-", "A=${x:-"),
            Sample("A=${x:+y}${}", "A=${x:+y}"),
            Sample("A='${ENV}'\nB=\"$\"", "A=outer B=$"),
            Sample("A=${${ENV}", "A="),
            Sample("A=${a:b}${a:-${b}", "A=${a:b}${b"),
        ])
    func substitutions(sample: Sample) {
        #expect(summary(sample.text, .python, environment: ["ENV": "outer"]) == sample.expected)
    }

    @Test("Names that only look alike are different variables")
    func unicodeNames() {
        #expect(summary("A=${\u{e9}}", .python, environment: ["e\u{301}": "x"]) == "A=")
    }

    @Test("A file that is not UTF-8 is refused with its line")
    func notUTF8() throws {
        let bytes = Array("A=é\n\nB=".utf8) + [0xC3, 0x28]
        let refusal = #expect(throws: DotEnvRefusal.self) { try DotEnvFile.parse(bytes, dialect: .python) }
        #expect(refusal?.problem == DotEnvProblem(line: 3, reason: .invalidUTF8))
    }

    @Test("What is skipped is a problem")
    func skipped() throws {
        let text = "A='b' c\n\n=x\nB=\"c\n"
        #expect(try problems(text, .python) == ["1 text-after-value", "3 not-an-assignment", "4 unterminated"])
    }

    @Test("Values that grow without bound are refused")
    func growth() {
        let text = "A=0123456789abcdef\n" + String(repeating: "A=${A}${A}\n", count: 40)
        #expect(summary(text, .python).hasSuffix("expansion-too-large"))
    }
}
