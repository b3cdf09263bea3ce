import DotEnv
import Testing

@Suite("The shell dialect: expansions")
struct ShellExpansionTests {
    private let environment = ["ENV": "outer", "EMPTY": "", "HOME": "/home/me"]

    @Test(
        "Values",
        arguments: [
            Sample("$ENV-${ENV}-\"$ENV\"-'$ENV'", "outer-outer-outer-$ENV"),
            Sample("$NOPE${NOPE}$", "$"),
            Sample("\"$\"$.$/", "$$.$/"),
            Sample("${NOPE:-a}${EMPTY:-b}${EMPTY-c}${NOPE-d}", "abd"),
            Sample("${ENV:+a}${EMPTY:+b}${EMPTY+c}${NOPE+d}", "ac"),
            Sample("${ENV:?a}${EMPTY?b}${ENV:=c}", "outerouter"),
            Sample("${NOPE:-'a }'\"b }\"\\}}", "a }b }}"),
            Sample("${NOPE:-${NOPE:-$ENV}}", "outer"),
            Sample("\"${NOPE:-a b}\"", "a b"),
            Sample("\"${NOPE-${ENV}}\"", "outer"),
            Sample("$\"a b\"", "a b"),
            Sample("\"$'a'\"", "$'a'"),
            Sample("~", "/home/me"),
            Sample("~/a:~:~/b", "/home/me/a:/home/me:/home/me/b"),
            Sample("a~:'~':\\~:\"~\":b=~", "a~:~:~:~:b=~"),
            Sample("~\"/a\"", "~/a"),
            Sample("${NOPE:-~/a:~}", "/home/me/a:/home/me"),
            Sample("a:\\\n~", "a:/home/me"),
        ])
    func values(sample: Sample) {
        #expect(summary("A=" + sample.text, .shell, environment: environment) == "A=" + sample.expected)
    }

    @Test(
        "What is not modelled is a problem",
        arguments: [
            Sample("`b`", "command-substitution"),
            Sample("\"`b \\` c`\"", "command-substitution"),
            Sample("$(b \"(\" $(c) (d))", "command-substitution"),
            Sample("\"$(b)\"", "command-substitution"),
            Sample("$((1+1))", "unsupported-expansion"),
            Sample("$'a\\'b'", "unsupported-expansion"),
            Sample("${ENV%r}", "unsupported-expansion"),
            Sample("${ENV:1}", "unsupported-expansion"),
            Sample("${ENV[0]}", "unsupported-expansion"),
            Sample("${E\\\nNV}", "unsupported-expansion"),
            Sample("$E\\\nNV", "unsupported-expansion"),
            Sample("~\\\n/", "unsupported-expansion"),
            Sample("\"${NOPE:-a\\b}\"", "unsupported-expansion"),
            Sample("${NOPE:=~}", "unsupported-expansion"),
            Sample("~root", "unsupported-expansion"),
            Sample("~+", "unsupported-expansion"),
            Sample("$$", "special-parameter"),
            Sample("$1", "special-parameter"),
            Sample("\"$@\"", "special-parameter"),
            Sample("${#ENV}", "special-parameter"),
            Sample("${10}", "special-parameter"),
            Sample("$RANDOM", "special-variable"),
            Sample("$SHLVL", "special-variable"),
            Sample("$PWD", "special-variable"),
            Sample("$UID", "special-variable"),
            Sample("${}", "bad-substitution"),
            Sample("${a b}", "bad-substitution"),
            Sample("${ENV", "bad-substitution"),
            Sample("${.}", "bad-substitution"),
        ])
    func problemsOfExpansions(sample: Sample) throws {
        let text = "A=" + sample.text + (sample.text == "${ENV" ? " }" : "") + "\nZ=1"
        let file = try read(text, .shell, environment: environment)
        #expect(file.problems.map(\.reason.rawValue) == [sample.expected])
        #expect(file.problems.first?.variable == "A")
        #expect(file.assignments.map(\.name) == ["Z"])
    }

    @Test("A backslash at the very end is not modelled")
    func lastBackslash() throws {
        #expect(try problems("A=b\\", .shell) == ["1 unsupported-expansion"])
    }

    @Test(
        "Where the end of an expansion is uncertain, the file is refused",
        arguments: [
            Sample("\"${NOPE:-'a'}\"", "unsupported-expansion"),
            Sample("\"${NOPE:-\"a\"}\"", "unsupported-expansion"),
            Sample("\"$${a}\"", "unsupported-expansion"),
            Sample("${NOPE:?no}", "required-variable"),
            Sample("${EMPTY:?}", "required-variable"),
        ])
    func refusals(sample: Sample) {
        #expect(summary("A=" + sample.text, .shell, environment: environment) == "1 " + sample.expected)
    }

    @Test("A variable that needs another one is named")
    func required() throws {
        let refusal = #expect(throws: DotEnvRefusal.self) { try read("A=1\nB=${TOKEN:?secret text}", .shell) }
        #expect(refusal?.problem == DotEnvProblem(line: 2, reason: .requiredVariable, variable: "B"))
    }

    @Test("A default that is assigned is a variable too")
    func assignedDefault() throws {
        #expect(summary("A=${B:=x}${B}", .shell) == "B=x A=xx")
        #expect(summary("A=${B:=x}$$\nC=$B", .shell) == "B=x C=x")
        #expect(summary("B+=${B:=x}", .shell) == "B=x B=xx")
        #expect(summary("export \"${B:=x}-\"\nC=$B", .shell) == "B=x C=x")
    }

    @Test("The file's own variables win over the environment's, and over the shell's")
    func precedence() {
        #expect(summary("ENV=in\nA=$ENV", .shell, environment: environment) == "ENV=in A=in")
        #expect(summary("PWD=/x\nHOME=/y\nA=$PWD~\nB=~", .shell) == "PWD=/x HOME=/y A=/x~ B=/y")
        #expect(summary("A=$PATH", .shell, environment: ["PATH": "/bin"]) == "A=/bin")
    }

    @Test("Nesting and growth are limited")
    func limits() {
        for (open, close) in [("${NOPE:-", "}"), ("$(", ")"), ("\"${NOPE:-", "}\""), ("${NOPE:-\"", "\"}")] {
            let deep = String(repeating: open, count: 60) + "x" + String(repeating: close, count: 60)
            #expect(summary("A=" + deep, .shell).hasPrefix("1 "))
        }
        for line in ["A=$A$A", "A+=$A"] {
            let growing = "A=0123456789abcdef\n" + String(repeating: line + "\n", count: 40)
            #expect(summary(growing, .shell).hasSuffix("expansion-too-large"))
        }
    }
}
