import DotEnv
import Testing

@Suite("The node dialect")
struct NodeReaderTests {
    @Test(
        "Values",
        arguments: [
            Sample("A=1\n\n  # c\nB=2", "A=1 B=2"),
            Sample("A='it''s'", "A=it''s"),
            Sample("A=\"a\\\"b\"", "A=a\\\"b"),
            Sample("A=\"a\\\" b\nB=\"c\"", "A=\"a\\\" b B=c"),
            Sample("A=\"x\\\" # y\nB=1", "A=x\\ B=1"),
            Sample("A=\"x\\\" y\nB=1", "A=\"x\\\" y B=1"),
            Sample("A=\"x\\\"\nB=\"y\\\" z\n", "A=x\\ B=\"y\\\" z"),
            Sample("A=`a\nb`\nB=1", "A=a\nb B=1"),
            Sample("A=\n'b'", "A=b"),
            Sample("A\n=b", "A=b"),
            Sample("A:\nb", "A=b"),
            Sample("A:b", ""),
            Sample("export\nA=b", "A=b"),
            Sample("export = b", "export=b"),
            Sample("exportA=b", "exportA=b"),
            Sample("export A B=c", ""),
            Sample("A=\"a\\nb\\rc\\t\"", "A=a\nb\rc\\t"),
            Sample("A=\"b\\n\" c", "A=\"b\n\" c"),
            Sample("A=b\rB=c\r", "A=b B=c"),
            Sample("A=\"x\ry\"", "A=x\ny"),
            Sample("A=b \u{a0}\u{3000}\t#c", "A=b"),
            Sample("A=\"b\"\u{2028}B=c", "A=b B=c"),
            Sample("A=b\u{2028}'c'\u{2028}d", "A=b\u{2028}c\u{2028}d"),
            Sample("A='b\u{2028}'c\u{2028}`d`", "A='b\u{2028}'c\u{2028}d"),
            Sample("A='b c'\u{2028}d'", "A=b c"),
            Sample("A=x\u{2028}'b'\u{2028}'c'y", "A=x\u{2028}b\u{2028}'c'y"),
            Sample("A=1 #c\u{2029}B=2", "A=1 B=2"),
            Sample("__proto__=1\nA=2", "A=2"),
            Sample("A=\n#c\n\nB=2", "A= B=2"),
            Sample("", ""),
        ])
    func values(sample: Sample) {
        #expect(summary(sample.text, .node) == sample.expected)
    }

    @Test("What is skipped is a problem, comments are not")
    func problemsOfSkippedLines() throws {
        #expect(try problems("# c\nfoo bar\n\nA=1\n;x\n", .node) == ["2 not-an-assignment", "5 not-an-assignment"])
    }

    @Test("Lines are those of the file, whatever its line ends")
    func lines() throws {
        let file = try read("A=1\r\nB='x\r\ny'\r\n\r\nC=3\rD=4\r\nE=5", .node)
        #expect(file.assignments.map(\.line) == [1, 2, 5, 5, 6])
    }

    @Test("Bytes that are not UTF-8 become U+FFFD")
    func repairs() throws {
        let file = try DotEnvFile.parse(Array("A=".utf8) + [0xFF, 0x41], dialect: .node)
        #expect(file.assignments.first?.value == "\u{FFFD}A")
        #expect(file.assignments.first?.bytes == Array("\u{FFFD}A".utf8))
    }

    @Test("A NUL byte in a value is a problem")
    func nul() throws {
        #expect(try problems("\nA=b\u{0}", .node) == ["2 nul-byte"])
    }
}
