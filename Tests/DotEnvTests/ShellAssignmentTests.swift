import DotEnv
import Testing

@Suite("The shell dialect: lines, words and assignments")
struct ShellAssignmentTests {
    @Test(
        "Values",
        arguments: [
            Sample("A=1 B=2;C=3 # c\n;", "2 syntax"),
            Sample("A=1 B=$A C=\nD=4", "A=1 B=1 C= D=4"),
            Sample("A=b\\\nc\nB=1", "A=bc B=1"),
            Sample("A\\\nB=1", "AB=1"),
            Sample("\\\nA=1", "A=1"),
            Sample("A=a'b c'\"d e\"\\ f\\$", "A=ab cd e f$"),
            Sample("A=\"\\a\\$\\`\\\"\\\\\\\nb\"", "A=\\a$`\"\\b"),
            Sample("A=b#c #d\\\nB=1", "A=b#c B=1"),
            Sample("A=1\nA+=2\nA+='3'\nB+=4", "A=1 A=12 A=123 B=4"),
            Sample("A==b", "A==b"),
            Sample("A=b\r\n", "A=b\r"),
            Sample("export A=1 B=2\nexport C ENV", "A=1 B=2 ENV=outer"),
            Sample("A=1\nexport A", "A=1"),
            Sample("A=1\nexport A=2 B=$A", "A=1 A=2 B=1"),
            Sample("export \"A=$ENV c\" 'B=~[*' C", "A=outer c B=~[*"),
            Sample("export A+=x ENV+=y", "A=x ENV=outery"),
            Sample("A=*[x]?{a,b}!%@^", "A=*[x]?{a,b}!%@^"),
            Sample("A='x\ny'\nB=2", "A=x\ny B=2"),
            Sample("A=\u{a0}é", "A=\u{a0}é"),
            Sample("A=b\u{0}c\u{0}", "A=bc"),
            Sample("", ""),
            Sample(" \t", ""),
        ])
    func values(sample: Sample) {
        #expect(summary(sample.text, .shell, environment: ["ENV": "outer"]) == sample.expected)
    }

    @Test(
        "What would be run, opened or kept from the application is a problem, and the next line is read",
        arguments: [
            Sample("A = b", "command"),
            Sample("A=b c", "command"),
            Sample("A=1 export B=2", "command"),
            Sample("export -p A=1", "command"),
            Sample("source other", "command"),
            Sample("\"A\"=b", "command"),
            Sample("A[0 b", "command"),
            Sample("A[0]b", "command"),
            Sample("\r", "command"),
            Sample("A=1 &", "operator"),
            Sample("A=1 && B=2", "operator"),
            Sample("A=1 ||\n\n#c\nB=2", "operator"),
            Sample("A=x|y", "operator"),
            Sample("A=x|&y", "operator"),
            Sample("A=x>f", "redirection"),
            Sample("A=x >>f", "redirection"),
            Sample("A=x >|f", "redirection"),
            Sample("A=x &>f", "redirection"),
            Sample(">f", "redirection"),
            Sample("A=<x", "redirection"),
            Sample("A=x <&0", "redirection"),
            Sample("A=x <<<y", "redirection"),
            Sample("A=(1 2)", "array"),
            Sample("A+=('(' \n2)", "array"),
            Sample("A[0]=1", "array"),
            Sample("A[0]+=1", "array"),
            Sample("UID=1", "readonly-variable"),
            Sample("RANDOM=1", "special-variable"),
            Sample("export A-B=1", "invalid-name"),
            Sample("export 1", "invalid-name"),
            Sample("export $A", "unsupported-expansion"),
            Sample("export A={1,2}", "unsupported-expansion"),
            Sample("export A={1..2}", "unsupported-expansion"),
        ])
    func problemsOfCommands(sample: Sample) throws {
        let file = try read(sample.text + "\nZ=1", .shell)
        #expect(Set(file.problems.map(\.reason.rawValue)) == [sample.expected])
        #expect(file.problems.first?.line == 1)
        #expect(file.assignments.map(\.name) == ["Z"])
    }

    @Test(
        "What makes the rest uncertain is a refusal",
        arguments: [
            Sample("A=(1", "unterminated"),
            Sample("A='b", "unterminated"),
            Sample("A=\"b", "unterminated"),
            Sample("A=`b", "unterminated"),
            Sample("A=$'b\\'", "unterminated"),
            Sample("A=$(b", "unterminated"),
            Sample("A=${b", "unterminated"),
            Sample("A=b(c)", "syntax"),
            Sample("A=b)", "syntax"),
            Sample("A=<key>", "syntax"),
            Sample("A=1 >", "syntax"),
            Sample("A=1 > #c", "syntax"),
            Sample("A=1;;", "syntax"),
            Sample("& A=1", "syntax"),
            Sample("A=1 &&", "syntax"),
            Sample("A=1 | ;", "syntax"),
            Sample("(A=1)", "compound-command"),
            Sample("f() { :; }", "compound-command"),
            Sample("if true; then", "compound-command"),
            Sample("! A=1", "compound-command"),
            Sample("A=1 <<E", "compound-command"),
            Sample("A=<(b)", "command-substitution"),
            Sample("A=$[1]", "unsupported-expansion"),
        ])
    func refusals(sample: Sample) {
        #expect(summary("Z=1\n" + sample.text, .shell) == "2 " + sample.expected)
    }

    @Test("A read-only variable loses the rest of its line")
    func readonly() throws {
        let text = "A=1;UID=2;B=3\nC=4"
        #expect(summary(text, .shell) == "A=1 C=4")
        #expect(try read(text, .shell).problems == [DotEnvProblem(line: 1, reason: .readonlyVariable, variable: "UID")])
        #expect(summary("export A=1 UID=2 B=3\nC=4", .shell) == "A=1 C=4")
    }

    @Test("An array stays one")
    func arrays() throws {
        #expect(try problems("A=(1)x\nA=2\nB=3", .shell) == ["1 array", "2 array"])
    }

    @Test("Variables of a command that is left out are not known afterwards")
    func forgotten() throws {
        #expect(try problems("A=1\nA=2 &\nB=$A", .shell) == ["2 operator", "3 unknown-variable"])
        #expect(try problems("A=1\nA=2 $B\nB=$A", .shell) == ["2 command", "3 unknown-variable"])
        #expect(summary("A=1\nA=2 b\nB=$A", .shell) == "A=1 B=1")
        #expect(summary("A=1\nA=2 &\nA=3\nB=$A", .shell) == "A=1 A=3 B=3")
        #expect(summary("ENV=2 &\nexport ENV", .shell, environment: ["ENV": "x"]).isEmpty)
    }

    @Test("NUL bytes are dropped and named")
    func nul() throws {
        #expect(try problems("B=1\nA=b\u{0}c", .shell) == ["2 nul-byte"])
    }
}
