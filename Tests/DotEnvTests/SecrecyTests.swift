import DotEnv
import Testing

@Suite("Values never appear in what is printed")
struct SecrecyTests {
    private let canary = "c4n4ryS3cret"

    private var texts: [String] {
        let values = [
            "X", "\"X", "'X", "`X", "$(X)", "${X", "${X:?X}", "X y", "X|y", "X>y", "<X>", "a\nX\nb", "${B:?X}",
            "\"a\nX\"X",
            "$X$$", "(X", "X)", "X;", "\u{0}X", "{\"a\": \"X\"}", "'X' X", "\\X\\",
        ]
        return values.map { "A=" + $0.replacing("X", with: canary) + "\nB=1\n" }
    }

    @Test("Not in refusals, problems, notes and assignments")
    func descriptions() {
        for text in texts {
            for dialect in EnvDialect.allCases {
                do throws(DotEnvRefusal) {
                    let file = try read(text, dialect)
                    #expect(!file.problems.map(\.description).joined().contains(canary))
                    #expect(!"\(file.problems)".contains(canary))
                    #expect(!"\(file)".contains(canary))
                    var dumped = ""
                    dump(file.assignments, to: &dumped)
                    #expect(!dumped.contains(canary))
                } catch {
                    #expect(!"\(error) \(String(reflecting: error))".contains(canary))
                }
            }
            for note in DotEnvFile.portability(of: Array(text.utf8)) {
                #expect(!"\(note) \(String(reflecting: note))".contains(canary))
            }
        }
    }

    @Test("Not in what the writer throws")
    func writer() {
        for value in ["'$" + canary, canary + "\r", "${\(canary)}"] {
            let error = #expect(throws: NotPortable.self) {
                try DotEnvWriter.appending(variables: [(name: "A", value: value)], to: [])
            }
            #expect(error.map { !"\($0) \(String(reflecting: $0))".contains(canary) } == true)
        }
    }
}
