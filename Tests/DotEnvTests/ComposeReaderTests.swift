import DotEnv
import Testing

@Suite("The compose dialect")
struct ComposeReaderTests {
    @Test(
        "Values",
        arguments: [
            Sample("A=b #c\n# d\nB=c#d\n", "A=b B=c#d"),
            Sample("export A=1\nexport\u{b}B=2", "A=1 export\u{b}B=2"),
            Sample("export\nA=1", "A=1"),
            Sample("export", "=export"),
            Sample("export ", "1 invalid-name"),
            Sample("exports=1", "exports=1"),
            Sample("A: b\nB:\nC=", "A=b B= C="),
            Sample("ENV\nA\nB=1", "ENV=outer B=1"),
            Sample("A =1\nB\u{a0}=2\nC D=3", "3 space-in-name"),
            Sample("A\tB=1", "A\tB=1"),
            Sample("Ä٣²ǅʰª=1", "Ä٣²ǅʰª=1"),
            Sample("A€=1", "1 invalid-name"),
            Sample("A='x\\'y\\z\\\\'B=\"1\"", "A=x'y\\z\\\\ B=1"),
            Sample("A='x\nB=1", "1 unterminated"),
            Sample("A=\"x\\", "1 unterminated"),
            Sample("A=\"\\a\\b\\c\\f\\n\\r\\t\\v\\\"\\\\\\x\\n\"", "A=\u{7}\u{8}\\c\u{c}\n\r\t\u{b}\"\\\\x\n"),
            Sample("A=\"\\0101\\0377\\0777\\08\\0\\01234\"", "A=A\u{ff}\\777\\8\\S4"),
            Sample("A=\"\\$B$$C\"", "A=$B$C"),
            Sample("A=b\r\nB='c\r\n'\r\n", "A=b B=c\r\n"),
            Sample("A\u{85}=\u{a0}b\u{3000}", "A=b"),
            Sample("A=1\nB", "A=1 =B"),
        ])
    func values(sample: Sample) {
        #expect(summary(sample.text, .compose, environment: ["ENV": "outer"]) == sample.expected)
    }

    @Test(
        "Substitutions",
        arguments: [
            Sample("$ENV-${ENV}-$NOPE-${NOPE}", "outer-outer--"),
            Sample("$$ENV $1 $", "$ENV $1 $"),
            Sample("${NOPE:-a}${EMPTY:-b}${EMPTY-c}${NOPE-d}", "abd"),
            Sample("${ENV:+a}${EMPTY:+b}${EMPTY+c}${NOPE+d}", "ac"),
            Sample("${ENV:?a}${EMPTY?b}", "outer"),
            Sample("${NOPE:-${ENV:-x}y}z", "outeryz"),
            Sample("${NOPE:-{a}}b", "{a}b"),
            Sample("${NOPE:-{}}b}", "{}}b"),
            Sample("${NOPE:-{{a}", "{{a"),
            Sample("'${ENV}'", "'outer'"),
            Sample("${EMPTY:?a}", "1 required-variable"),
            Sample("${NOPE?a}", "1 required-variable"),
            Sample("${}", "1 bad-substitution"),
            Sample("${1}", "1 bad-substitution"),
            Sample("${A", "1 bad-substitution"),
            Sample("${A:", "1 bad-substitution"),
            Sample("${A:-", "1 bad-substitution"),
            Sample("${A:x}", "1 bad-substitution"),
            Sample("${A!x}", "1 bad-substitution"),
            Sample("${ENV:-${}}", "outer"),
            Sample("${NOPE:-${}}", "1 bad-substitution"),
        ])
    func substitutions(sample: Sample) {
        let read = summary("X=:" + sample.text, .compose, environment: ["ENV": "outer", "EMPTY": ""])
        #expect(read == (sample.expected.hasPrefix("1 ") ? sample.expected : "X=:" + sample.expected))
    }

    @Test("A default ends on its line")
    func multiline() {
        #expect(summary("A=\"${NOPE:-a}\n}\"", .compose) == "A=a\n}")
        #expect(summary("A=\"${NOPE:-a\n}\"", .compose) == "1 bad-substitution")
    }

    @Test("The environment wins over the file")
    func precedence() {
        #expect(summary("ENV=inner\nA=$ENV", .compose, environment: ["ENV": "outer"]) == "ENV=inner A=outer")
    }

    @Test("Nesting and growth are limited")
    func limits() {
        let deep = String(repeating: "${NOPE:-", count: 60) + "x" + String(repeating: "}", count: 60)
        #expect(summary("A=" + deep, .compose) == "1 nested-too-deeply")
        let growing = "A=0123456789abcdef\n" + String(repeating: "A=$A$A\n", count: 40)
        #expect(summary(growing, .compose).hasSuffix("expansion-too-large"))
    }

    @Test("A refusal names the line and the variable")
    func refusal() throws {
        let refusal = #expect(throws: DotEnvRefusal.self) { try read("A=1\n\nSECRET_B=${C?no}\n", .compose) }
        let problem = DotEnvProblem(line: 3, reason: .requiredVariable, variable: "SECRET_B")
        #expect(refusal == DotEnvRefusal(dialect: .compose, problem: problem))
    }

    @Test("Bytes that are not UTF-8 pass in values and not in names")
    func rawBytes() throws {
        let file = try DotEnvFile.parse(Array("A=".utf8) + [0xFF], dialect: .compose)
        #expect(file.assignments.first?.bytes == [0xFF])
        #expect(throws: DotEnvRefusal.self) { try DotEnvFile.parse([0xFF, 0x3D], dialect: .compose) }
    }
}
