import DotEnv
import Testing

@Suite("The writer")
struct DotEnvWriterTests {
    private func appended(_ value: String, to text: String = "") throws(NotPortable) -> String {
        let bytes = try DotEnvWriter.appending(variables: [(name: "NEW", value: value)], to: Array(text.utf8))
        return String(decoding: bytes, as: UTF8.self)
    }

    @Test(
        "Forms",
        arguments: [
            Sample("", "NEW="),
            Sample("aZ09_./:@%+=,-", "NEW=aZ09_./:@%+=,-"),
            Sample("a b", "NEW='a b'"),
            Sample("#", "NEW='#'"),
            Sample("$a\\b\"`", "NEW='$a\\b\"`'"),
            Sample("é", "NEW='é'"),
            Sample("a\nb", "NEW='a\nb'"),
            Sample("it's", "NEW=\"it's\""),
            Sample("it's\n}{", "NEW=\"it's\n}{\""),
        ])
    func forms(sample: Sample) throws {
        #expect(try appended(sample.text) == sample.expected + "\n")
    }

    @Test(
        "Values that no form protects",
        arguments: ["'$", "'\\", "'\"", "'`", "${a}", "a\\", "a\\\\b", "a\rb", "a\u{0}b", "\u{0}"])
    func notPortable(value: String) {
        #expect(throws: NotPortable(variable: "NEW", reason: .value)) { try appended(value) }
    }

    @Test(
        "What is there stays, and the line end is the file's",
        arguments: [
            Sample("", "NEW=1\n"),
            Sample("A=b", "A=b\nNEW=1\n"),
            Sample("# é \u{1}\nA = 'b' \n\n", "# é \u{1}\nA = 'b' \n\nNEW=1\n"),
            Sample("A=b\r\nB=c\r\n", "A=b\r\nB=c\r\nNEW=1\r\n"),
            Sample("A=b\r\nB=c", "A=b\r\nB=c\r\nNEW=1\r\n"),
            Sample("A=b\r\nB=c\r", "A=b\r\nB=c\r\nNEW=1\r\n"),
            Sample("A=b\r\nB=c\n", "A=b\r\nB=c\nNEW=1\n"),
            Sample("A=b\n; not for compose\n", "A=b\n; not for compose\nNEW=1\n"),
            Sample("export A", "export A\nNEW=1\n"),
        ])
    func surroundings(sample: Sample) throws {
        #expect(try appended("1", to: sample.text) == sample.expected)
    }

    @Test("Odd bytes stay")
    func oddBytes() throws {
        let odd: [UInt8] = [0x23, 0xFF, 0x00, 0x0A, 0x41, 0x3D, 0xC3]
        let written = try DotEnvWriter.appending(variables: [(name: "B", value: "x")], to: odd)
        #expect(written == odd + Array("\nB=x\n".utf8))
    }

    @Test("Several variables, none")
    func several() throws {
        let written = try DotEnvWriter.appending(
            variables: [(name: "A", value: "1"), (name: "B", value: "x y")], to: Array("Z=0\n".utf8))
        #expect(String(decoding: written, as: UTF8.self) == "Z=0\nA=1\nB='x y'\n")
        #expect(try DotEnvWriter.appending(variables: [], to: Array("Z".utf8)) == Array("Z".utf8))
    }

    @Test(
        "Names that some dialect does not take",
        arguments: [
            ("", NotPortable.Reason.name), ("1A", .name), ("A-B", .name), ("A.B", .name), ("Ä", .name), ("A B", .name),
            ("A\n", .name), ("UID", .reservedName), ("RANDOM", .reservedName), ("_", .reservedName),
            ("__proto__", .reservedName),
        ])
    func names(name: String, reason: NotPortable.Reason) {
        #expect(throws: NotPortable(variable: name, reason: reason)) {
            try DotEnvWriter.appending(variables: [(name: name, value: "1")], to: [])
        }
    }

    @Test("A file that swallows what follows is not extended")
    func swallows() {
        // Python takes the quote for one that the next line ends; the shell goes on after the backslash.
        let quote = NotPortable(variable: "NEW", reason: .file([.python]))
        #expect(throws: quote) { try appended("x y", to: "A='it # old\n") }
        let backslash = NotPortable(variable: "NEW", reason: .file([.shell]))
        #expect(throws: backslash) { try appended("1", to: "A=b\\") }
    }

    @Test("The environment decides whether a dialect reads the file")
    func environment() throws {
        let file = Array("A=${B:?no}\n".utf8)
        for environment in [[:], ["B": "1"]] {
            let written = try DotEnvWriter.appending(
                variables: [(name: "C", value: "1")], to: file, environment: environment)
            #expect(written == file + Array("C=1\n".utf8))
        }
    }
}
